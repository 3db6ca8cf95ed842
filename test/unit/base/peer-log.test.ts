// What peers do is logged once a minute for each of them, and counted.
import { expect, it } from 'vitest'
import { Allowance } from '../../../src/base/allowance.ts'
import { TestClock } from '../../../src/base/clock.ts'
import { createLogger } from '../../../src/base/logger.ts'
import { PeerLog } from '../../../src/base/peer-log.ts'

it('writes one line a peer, code and message a minute, with the number of those left out', () => {
  const lines: Record<string, unknown>[] = []
  const clock = new TestClock()
  const logger = createLogger('info', { write: (text: string) => void lines.push(JSON.parse(text)) })
  const log = new PeerLog({ logger, clock })
  for (let at = 0; at < 1000; at++) log.write('warn', 'a', { code: 'OVERLOADED', at }, 'too much')
  log.write('warn', 'b', { code: 'OVERLOADED' }, 'too much')
  log.write('warn', 'a', { code: 'SEAL_INVALID' }, 'too much')
  expect(lines.map(({ peer, code, at }) => [peer, code, at])).toEqual([
    ['a', 'OVERLOADED', 0],
    ['b', 'OVERLOADED', undefined],
    ['a', 'SEAL_INVALID', undefined],
  ])
  clock.advance(59_999)
  log.write('warn', 'a', { code: 'OVERLOADED' }, 'too much')
  expect(lines).toHaveLength(3)
  clock.advance(1)
  log.write('warn', 'a', { code: 'OVERLOADED' }, 'too much')
  expect(lines[3]).toMatchObject({ peer: 'a', omitted: 1000 })
})

it('remembers a bounded number of names', () => {
  const allowance = new Allowance(1, new TestClock())
  for (let at = 0; at < 5000; at++) expect(allowance.take(`peer ${at}`)).toBe(0)
  expect(allowance.size).toBe(1024)
  expect(allowance.isUsedUp('peer 4999')).toBe(true)
  expect(allowance.isUsedUp('peer 0')).toBe(false)
})
