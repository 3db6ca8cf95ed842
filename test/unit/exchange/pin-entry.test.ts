// A PIN that was entered is an act, whatever came of it; the PIN is not in it, and repeats do not fill the log.
import { expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { TramError } from '../../../src/base/errors.ts'
import { AuditLog } from '../../../src/exchange/evidence/audit-log.ts'
import { PinEntry } from '../../../src/exchange/evidence/pin-entry.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { never, silent } from '../../fixtures/store/temporary-store.ts'

it('tells of success and failure once a minute, and not of what the token has not seen', async () => {
  const clock = new TestClock()
  const audit = new AuditLog(new MemoryRecordStore(), clock, silent)
  await audit.start()
  let answer: TramError | undefined
  const enterPin = async (): Promise<void> => {
    if (answer !== undefined) throw answer
  }
  const entry = new PinEntry('h41', { token: { enterPin }, audit, clock })
  const acts = async () => {
    const found: string[] = []
    for await (const { act, subject, detail } of audit.entries(0)) found.push(`${act} ${subject} ${detail}`)
    return found
  }
  const enter = async (outcome: TramError | undefined) => {
    answer = outcome
    const entering = entry.enter('135790', never)
    if (outcome === undefined) await entering
    else await expect(entering).rejects.toBe(outcome)
  }
  const latched = new TramError('TOKEN_PIN_LATCHED', { token: 'h41', reason: 'wrong' })
  await enter(new TramError('SIGNER_UNREACHABLE', { detail: 'down' }))
  await enter(new TramError('OVERLOADED', { detail: 'busy' }))
  expect(await acts()).toEqual([])
  for (let n = 0; n < 5; n++) await enter(latched)
  expect(await acts()).toEqual(['pin-entered h41 TOKEN_PIN_LATCHED'])
  await enter(new TramError('TOKEN_ABSENT', { token: 'h41' }))
  clock.advance(60_000)
  await enter(new TramError('TOKEN_ABSENT', { token: 'h41' }))
  await enter(undefined)
  await enter(latched)
  expect((await acts()).map((one) => one.split(' ')[2])).toEqual([
    'TOKEN_PIN_LATCHED',
    'TOKEN_ABSENT',
    'TOKEN_ABSENT',
    'accepted',
    'TOKEN_PIN_LATCHED',
  ])
  expect(JSON.stringify(await acts())).not.toContain('135790')
  await audit.stop()
})
