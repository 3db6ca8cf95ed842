// What the watch tells of a report that changes: each beginning and end once, over restarts, flaps and a store that fails.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import { renderCondition, type StateCode } from '../../../../src/base/conditions/catalogue.ts'
import { TramError } from '../../../../src/base/errors.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { AuditLog } from '../../../../src/exchange/evidence/audit-log.ts'
import { ConditionWatch } from '../../../../src/exchange/health/condition-watch.ts'
import type { HealthEvent } from '../../../../src/exchange/health/event-outbox.ts'
import type { HealthReport } from '../../../../src/exchange/health/station-health.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'

const lines: string[] = []
const logger = createLogger('warn', { write: (line) => void lines.push(line) })
let clock: TestClock
let records: MemoryRecordStore
let audit: AuditLog
let watch: ConditionWatch
let now: [code: StateCode, subject: string, data: Record<string, string | number>][]
let told: HealthEvent[]
let failure: Error | undefined
let store: HealthReport['store']['state']
let reports: number
let starts: number

beforeEach(async () => {
  clock = new TestClock()
  records = new MemoryRecordStore()
  audit = new AuditLog(records, clock, logger)
  await audit.start()
  ;[now, told, failure, store, reports, starts, lines.length] = [[], [], undefined, 'ok', 0, 0, 0]
  watch = await started()
  // What a start is full of is behind us.
  await look(60_000)
  told = []
})
afterEach(() => watch.stop())

const report = async (): Promise<HealthReport> => {
  reports += 1
  const conditions = now.map(([code, subject, data]) => ({ ...renderCondition(code, data), subject, data }))
  return { now: clock.now(), conditions, store: { state: store } } as unknown as HealthReport
}

async function started(): Promise<ConditionWatch> {
  const made = new ConditionWatch({
    report,
    tell: async (events) => {
      if (failure !== undefined) throw failure
      starts += events.filter(({ code }) => code === 'STATION_STARTED').length
      told.push(...events.filter(({ code }) => code !== 'STATION_STARTED'))
    },
    ...{ records, audit, clock, logger, version: '1' },
  })
  await made.start()
  return made
}

/** Lets time pass, then one look. */
async function look(passMs = 10_000): Promise<void> {
  clock.advance(passMs)
  const before = reports
  watch.wake()
  while (reports === before) await delay(1)
  // What a look does after its report: telling and noting.
  for (let turn = 0; turn < 20; turn += 1) await delay(0)
}

const changes = (): string[] => told.map(({ code, change, data }) => `${code} ${change} ${data.station ?? ''}`.trim())
const acts = async (): Promise<string[]> => {
  const found: string[] = []
  for await (const { act, subject, detail } of audit.entries()) found.push(`${act} ${subject} ${detail}`.trim())
  return found
}

describe('a condition', () => {
  it('is told when it begins and when it has ended, once each, in both languages', async () => {
    now = [['DISK_FULL', '', { neededBytes: 1, freeBytes: 0 }]]
    await look()
    now = [['DISK_FULL', '', { neededBytes: 99, freeBytes: 0 }]]
    await look()
    now = []
    await look(20_000)
    await look()
    expect(changes()).toEqual(['DISK_FULL raised', 'DISK_FULL cleared'])
    expect(told[0]).toMatchObject({ severity: 'critical', data: { neededBytes: 1 }, timeMs: clock.now() - 40_000 })
    expect([told[0]?.textVi, told[0]?.textEn]).toEqual([
      expect.stringContaining('Không đủ'),
      expect.stringContaining('space'),
    ])
    expect(await acts()).toEqual(['condition-raised DISK_FULL', 'condition-cleared DISK_FULL'])
  })

  it('that is gone for a moment has not ended', async () => {
    for (let turn = 0; turn < 6; turn += 1) {
      now = turn % 2 === 0 ? [['DIRECTORY_MISSING', '', {}]] : []
      await look()
    }
    expect(changes()).toEqual(['DIRECTORY_MISSING raised'])
  })

  it('is one for each station that it is about', async () => {
    now = [
      ['PEER_UNREACHABLE', 'one', { station: 'one', detail: '' }],
      ['PEER_UNREACHABLE', 'two', { station: 'two', detail: '' }],
    ]
    await look()
    now = now.slice(1)
    await look(20_000)
    expect(changes()).toEqual([
      'PEER_UNREACHABLE raised one',
      'PEER_UNREACHABLE raised two',
      'PEER_UNREACHABLE cleared one',
    ])
  })

  it('that only the store knows of has not ended while it does not read', async () => {
    now = [['PEER_UNREACHABLE', 'one', { station: 'one', detail: '' }]]
    await look()
    ;[now, store] = [[['STORE_DAMAGED', '', { place: 'x', detail: 'y' }]], 'failed']
    await look(20_000)
    await look(20_000)
    expect(changes()).toEqual(['PEER_UNREACHABLE raised one', 'STORE_DAMAGED raised'])
    ;[now, store] = [[], 'ok']
    await look(20_000)
    expect(changes().slice(2)).toEqual(['PEER_UNREACHABLE cleared one', 'STORE_DAMAGED cleared'])
  })

  it('that ended while the station was off is told to have ended', async () => {
    now = [['DIRECTORY_MISSING', '', {}]]
    await look()
    await watch.stop()
    now = []
    watch = await started()
    await look(20_000)
    expect(changes()).toEqual(['DIRECTORY_MISSING raised', 'DIRECTORY_MISSING cleared'])
  })

  it('that still holds after a restart is not told again', async () => {
    now = [['DIRECTORY_MISSING', '', {}]]
    await look()
    await watch.stop()
    watch = await started()
    await look(60_000)
    expect(changes()).toEqual(['DIRECTORY_MISSING raised'])
    expect(starts).toBe(2)
  })
})

it('tells what could not be told once it can, and says so in the log once', async () => {
  failure = new TramError('STORE_FAILED', { detail: 'no' })
  now = [['DIRECTORY_MISSING', '', {}]]
  watch.happened('DELIVERY_EXPIRED', { document: 'a', station: 'two' })
  await look()
  await look()
  expect(told).toEqual([])
  expect(lines.filter((line) => line.includes('not told'))).toHaveLength(1)
  failure = undefined
  await look()
  expect(changes()).toEqual(['DELIVERY_EXPIRED happened two', 'DIRECTORY_MISSING raised'])
})

it('tells again what it could not note: twice is better than never', async () => {
  records.failure = new TramError('STORE_FAILED', { detail: 'no' })
  now = [['DIRECTORY_MISSING', '', {}]]
  await look()
  records.failure = undefined
  // The audit log reads its head again after a failed commit.
  await delay(10)
  await look()
  await look()
  expect(new Set(changes())).toEqual(new Set(['DIRECTORY_MISSING raised']))
  expect(told.length).toBeGreaterThan(1)
  expect(await acts()).toEqual(['condition-raised DIRECTORY_MISSING'])
})

it('does not tell what it cannot note without end', async () => {
  records.failure = new TramError('STORE_FAILED', { detail: 'no' })
  now = [['DIRECTORY_MISSING', '', {}]]
  for (let looks = 0; looks < 140; looks += 1) await look(1)
  expect(told).toHaveLength(120)
})

it('does not flood: beyond 120 changes in an hour it tells the rest later, if it still holds', async () => {
  const about = (count: number): typeof now =>
    Array.from({ length: count }, (_, at) => ['PEER_UNREACHABLE', `s${at}`, { station: `s${at}`, detail: '' }])
  now = about(300)
  await look()
  expect(told).toHaveLength(120)
  now = about(150)
  await look(1_800_000)
  // 60 more: the ends that nobody was told the beginning of are none.
  expect(told).toHaveLength(150)
  expect(changes().filter((change) => change.includes('cleared'))).toEqual([])
})

it('keeps what happened within a bound, and says how many more', async () => {
  failure = new TramError('STORE_FAILED', { detail: 'no' })
  for (let count = 0; count < 500; count += 1)
    watch.happened('DELIVERY_EXPIRED', { document: `${count}`, station: 'one' })
  await look()
  failure = undefined
  await look()
  expect(told).toHaveLength(50)
  expect(told.at(-1)?.data).toEqual({ document: '49', station: 'one', more: 450 })
})

it('shares one report among all who ask at a time, and one that is seconds old', async () => {
  await look()
  const before = reports
  await Promise.all([watch.current(), watch.current()])
  expect(reports).toBe(before)
  clock.advance(6_000)
  await Promise.all([watch.current(), watch.current()])
  expect(reports).toBe(before + 1)
})

it('of a station that has just started, tells only what lasts: a token that is still being opened is not absent', async () => {
  await watch.stop()
  now = [['TOKEN_ABSENT', '', { token: 'one' }]]
  watch = await started()
  await look()
  now = []
  await look()
  now = [['DIRECTORY_MISSING', '', {}]]
  await look()
  expect(told).toEqual([])
  await look()
  await look()
  expect(changes()).toEqual(['DIRECTORY_MISSING raised'])
})

it('does not take up records of another version', async () => {
  await watch.stop()
  await records.commit([
    {
      type: 'put',
      key: 'alarm:NEVER_HEARD_OF:-',
      value: Buffer.from('{"code":"NEVER_HEARD_OF","subject":"","data":{}}'),
    },
    { type: 'put', key: 'alarm:DISK_FULL:-', value: Buffer.from('no json') },
  ])
  watch = await started()
  await look(60_000)
  expect(told).toEqual([])
})
