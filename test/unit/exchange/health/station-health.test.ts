// The report when a part of the station says what it should not: it is still made.
import { expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import { StationHealth, type StationHealthDeps } from '../../../../src/exchange/health/station-health.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'
import { never } from '../../../fixtures/store/temporary-store.ts'

const nobody: ReadonlyMap<string, number> = new Map()

/** What the report reads of each part, of a station that has nothing to do. */
const parts = {
  records: new MemoryRecordStore(),
  space: { report: () => ({ freeBytes: 9, reservedBytes: 0, watermarkBytes: 1, open: true, ballast: true }) },
  token: {
    describe: async () => ({
      ...{ state: 'ready', detail: '', label: 't', serial: '1', scheme: null, pinCountLow: false, pinFinalTry: false },
      certificate: Uint8Array.of(0x30, 0x80, 1, 2, 3),
    }),
  },
  sealer: { trouble: undefined },
  courier: { inFlight: () => nobody },
  switchboard: { connected: () => nobody },
  directory: {
    version: 0,
    current: undefined,
    isForked: () => false,
    isExpired: () => false,
    station: async () => undefined,
  },
  counts: {},
  deliveries: {
    depths: async () => ({
      ...{ stations: [], oldestByUrgency: {}, overdue: { count: 0, station: null, oldestAt: null } },
      sealing: { waybills: 0, receipts: 0, oldestAt: null },
    }),
  },
  trend: { days: undefined, conditions: () => [] },
  chain: [],
  sources: () => [],
  clock: new TestClock(),
} as unknown as StationHealthDeps

it('is made for a token whose certificate does not read', async () => {
  const health = new StationHealth({ station: 'one', generation: 1, version: 'test' }, parts)
  const { token, conditions } = await health.report(never)
  expect(token.certificateExpires).toBeNull()
  expect(token.certificateSha256).toMatch(/^[0-9a-f]{64}$/)
  expect(conditions.map(({ code }) => code)).toEqual(['DIRECTORY_MISSING'])
})
