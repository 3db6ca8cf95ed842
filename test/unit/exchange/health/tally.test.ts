// Counts of acts that reached the disk, and when the last of each was, also before this run.
import { expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import { TramError } from '../../../../src/base/errors.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { AuditLog } from '../../../../src/exchange/evidence/audit-log.ts'
import { Tally } from '../../../../src/exchange/health/tally.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'

const logger = createLogger('silent')

it('counts what was committed, and remembers over a restart when', async () => {
  const clock = new TestClock()
  const records = new MemoryRecordStore()
  const audit = new AuditLog(records, clock, logger)
  await audit.start()
  const tally = new Tally(audit, logger)
  await tally.start()
  expect([tally.count('sealed'), tally.lastAt('sealed')]).toEqual([0, undefined])
  await audit.commit([], [{ act: 'sealed', subject: 'one/1/0', detail: '17' }])
  const sealedAt = clock.now()
  clock.advance(5_000)
  await audit.commit(
    [],
    [
      { act: 'delivered', subject: 'a' },
      { act: 'delivered', subject: 'b' },
    ],
  )
  records.failure = new TramError('STORE_FAILED', { detail: 'no' })
  await expect(audit.commit([], [{ act: 'delivered', subject: 'c' }])).rejects.toThrow()
  expect([tally.count('sealed'), tally.sealedLeaves, tally.count('delivered')]).toEqual([1, 17, 2])
  await audit.stop()
  records.failure = undefined

  const next = new AuditLog(records, clock, logger)
  await next.start()
  const later = new Tally(next, logger)
  await later.start()
  expect([later.count('delivered'), later.lastAt('sealed'), later.lastAt('delivered')]).toEqual([
    0,
    sealedAt,
    clock.now(),
  ])
})
