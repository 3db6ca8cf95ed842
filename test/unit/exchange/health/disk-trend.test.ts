// The forecast of a full disk, over restarts and clocks that step, and its two conditions.
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { key } from '../../../../src/equipment/store/namespaces.ts'
import { DiskTrend, daysLeft } from '../../../../src/exchange/health/disk-trend.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'
import { MemorySpace } from '../../../contract/memory-space.ts'

const quarterMs = 15 * 60_000
const dayMs = 86_400_000
const logger = createLogger('silent')
let clock: TestClock
let space: MemorySpace
let records: MemoryRecordStore
let trend: DiskTrend

beforeEach(async () => {
  clock = new TestClock()
  space = new MemorySpace(1e12)
  records = new MemoryRecordStore()
  trend = new DiskTrend({ records, space, clock, logger })
  await trend.start()
})
afterEach(() => trend.stop())

/** Lets hours pass in which the free space falls by so much a day. */
async function hours(count: number, bytesADay: number): Promise<void> {
  for (let quarter = 0; quarter < count * 4; quarter += 1) {
    clock.advance(quarterMs)
    space.freeBytes -= (bytesADay * quarterMs) / dayMs
    await trend.sample()
  }
}

const codes = (): string[] => trend.conditions().map(({ code }) => code)

it('says nothing before six hours, nor of a disk that does not fill', async () => {
  await hours(5, 1e11)
  expect(trend.days).toBeUndefined()
  await hours(30, 0)
  expect(trend.days).toBeUndefined()
})

it('finds the day on which the disk is full', async () => {
  await hours(12, 2e10)
  expect(trend.days).toBeCloseTo(49.5, 3)
  expect(codes()).toEqual([])
})

it('warns, alarms, and takes both back when there is room again, a quarter above the mark', async () => {
  await hours(24, 1e11)
  expect([trend.days, codes()]).toEqual([expect.closeTo(9, 3), ['DISK_FILLING']])
  await hours(24 * 6.1, 1e11)
  expect([trend.days, codes()]).toEqual([expect.closeTo(2.9, 1), ['DISK_FULL_SOON']])
  // Just above the mark is no way out.
  space.freeBytes += 5e10
  await hours(0.25, 1e11)
  expect([trend.days, codes()]).toEqual([expect.closeTo(3.5, 0), ['DISK_FULL_SOON']])
  space.freeBytes = 1e12
  await hours(25, 1e10)
  expect(codes()).toEqual([])
})

it('counts down to the watermark, not to the last byte', () => {
  const samples = [0, 1, 2].map((day) => ({ atMs: day * dayMs, freeBytes: 100 - 10 * day }))
  expect(daysLeft(samples, 50)).toBeCloseTo(3, 9)
  expect(daysLeft(samples, 90)).toBe(0)
})

it('goes on where the last run was', async () => {
  await hours(12, 1e11)
  const before = trend.days
  const next = new DiskTrend({ records, space, clock, logger })
  clock.advance(quarterMs)
  await next.start()
  await next.stop()
  expect(before).toBeCloseTo(9.5, 3)
  expect(next.days).toBeCloseTo(9.5, 0)
})

it('forgets samples of a future that was none, and takes none while the time is in doubt', async () => {
  await hours(12, 1e11)
  clock.jump(clock.now() - 30 * dayMs)
  await trend.sample()
  expect(trend.days).toBeUndefined()
})

it('starts on a record of another format', async () => {
  await records.commit([{ type: 'put', key: key('meta', 'disk-trend'), value: Buffer.alloc(33, 255) }])
  const next = new DiskTrend({ records, space, clock, logger })
  await next.start()
  await next.stop()
  expect(next.days).toBeUndefined()
})
