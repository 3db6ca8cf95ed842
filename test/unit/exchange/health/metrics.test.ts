// The table of metrics: names that every reader understands, and a value for each from a station that has everything.
import { expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import type { BoxReadings } from '../../../../src/equipment/host/box-readings.ts'
import type { UpsState } from '../../../../src/equipment/serial/ups.ts'
import { boxMetrics } from '../../../../src/exchange/health/box-metrics.ts'
import { metricNames, metrics } from '../../../../src/exchange/health/metrics.ts'
import type { HealthReport } from '../../../../src/exchange/health/station-health.ts'
import { StationState } from '../../../../src/exchange/health/station-state.ts'
import type { Tally } from '../../../../src/exchange/health/tally.ts'
import { TimedToken } from '../../../../src/exchange/health/timed-token.ts'
import { upsMetrics } from '../../../../src/exchange/health/ups-metrics.ts'

const clock = new TestClock()
const now = clock.now()
const report = {
  now,
  readySince: now - 90_000,
  overall: 'degraded',
  token: { state: 'ready', pinCountLow: true, pinFinalTry: false, certificateExpires: now + 86_400_000 },
  sealing: { waybills: 2, receipts: 3 },
  queues: [{ depth: 4 }, { depth: 5 }],
  oldestByUrgency: { hoaToc: now - 60_000, thuongKhan: null, khan: null, thuong: now - 120_000 },
  overdue: { count: 1 },
  peers: { connected: 6, known: 7 },
  directory: { version: 8, expires: now + 2 * 86_400_000 },
  disk: { freeBytes: 9, reservedBytes: 1, watermarkBytes: 2, ballast: true, open: false, fullInDays: 3.5 },
  store: { state: 'ok' },
  conditions: [{ code: 'CLOCK_UNTRUSTED', severity: 'critical' }],
} as unknown as HealthReport
const tally = { count: () => 1, sealedLeaves: 2, lastAt: () => now } as unknown as Tally

const state = (readings: BoxReadings, ups?: UpsState, told = report): StationState => {
  const token = new TimedToken(
    { sign: async () => new Uint8Array(1) } as unknown as ConstructorParameters<typeof TimedToken>[0],
    clock,
  )
  return new StationState({
    report: async () => told,
    ...{ tally, token },
    syncMs: () => 12.3456789,
    readings: async () => readings,
    ups: () => ups,
    eventsWaiting: () => 0,
  })
}

it('names are those of Prometheus, and counters end in _total', () => {
  for (const [name, { kind }] of Object.entries(metrics)) {
    expect(name).toMatch(/^[a-z][a-z0-9_]*$/)
    expect([name, name.endsWith('_total')]).toEqual([name, kind === 'counter'])
  }
})

it('every reading has one name', () => {
  const readings = Object.values(boxMetrics).map(({ reading }) => reading)
  expect(new Set(readings).size).toBe(readings.length)
})

it('a station fills in every metric that it has', async () => {
  const values = await state({}).values()
  const missing = metricNames.filter((name) => values[name] === undefined)
  // Nothing was signed yet, and there is no box.
  expect(missing.filter((name) => !(name in boxMetrics || name in upsMetrics))).toEqual([
    'token_sign_p50_seconds',
    'token_sign_p95_seconds',
  ])
  expect(values).toMatchObject({
    status: 1,
    uptime_seconds: 90,
    queue_depth: 9,
    oldest_undelivered_seconds: 120,
    oldest_undelivered_hoa_toc_seconds: 60,
    oldest_undelivered_khan_seconds: 0,
    clock_trusted: 0,
    certificate_days: 1,
    directory_days: 2,
    disk_full_days: 3.5,
    intake_open: 0,
    store_sync_p95_seconds: 0.012346,
    last_seal_timestamp_seconds: now / 1000,
  })
  expect(Object.keys(values)).toEqual(metricNames.filter((name) => values[name] !== undefined))
})

it('what only the store knows is absent while it does not read, and not nothing', async () => {
  const failed: HealthReport = { ...report, queues: [], store: { state: 'failed', detail: 'x' } }
  const [before, values] = [await state({}).values(), await state({}, undefined, failed).values()]
  expect(Object.keys(before).filter((name) => !(name in values))).toEqual([
    'queue_depth',
    'oldest_undelivered_seconds',
    'oldest_undelivered_hoa_toc_seconds',
    'oldest_undelivered_thuong_khan_seconds',
    'oldest_undelivered_khan_seconds',
    'oldest_undelivered_thuong_seconds',
    'deadline_breaches',
    'waybills_unsealed',
    'receipts_owed',
    'peers_known',
  ])
  expect(values.store_ok).toBe(0)
})

it('what the box cannot tell is absent, and what is no number never gets out', async () => {
  const readings = { temperatureCelsius: 61.5, undervoltage: false, clockErrorMs: 250, memoryTotalBytes: Number.NaN }
  const values = await state(readings).values()
  expect(Object.entries(values).filter(([name]) => name in boxMetrics)).toEqual([
    ['box_temperature_celsius', 61.5],
    ['box_undervoltage', 0],
    ['box_clock_error_seconds', 0.25],
  ])
})

it('a UPS that is silent has one number, and what it does not know none', async () => {
  const upsOf = async (ups: UpsState): Promise<object> =>
    Object.fromEntries(Object.entries(await state({}, ups).values()).filter(([name]) => name in upsMetrics))
  expect(await upsOf('unknown')).toEqual({})
  expect(await upsOf('silent')).toEqual({ ups_present: 0 })
  const flags = { onMains: true, batteryLow: false, bypass: false, fault: false }
  const unknown = { inputVolt: null, outputVolt: null, batteryVolt: null, frequencyHz: null, temperatureC: null }
  expect(await upsOf({ ...flags, ...unknown, loadPercent: 37, at: 0 })).toEqual({
    ups_present: 1,
    ups_on_mains: 1,
    ups_battery_low: 0,
    ups_fault: 0,
    ups_bypass: 0,
    ups_load_ratio: 0.37,
  })
})
