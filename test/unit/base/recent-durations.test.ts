// Quantiles of the last durations.
import { expect, it } from 'vitest'
import { RecentDurations } from '../../../src/base/recent-durations.ts'

it('knows nothing before anything was noted', () => {
  expect(new RecentDurations().quantile(0.5)).toBeUndefined()
})

it('takes the nearest rank', () => {
  const durations = new RecentDurations()
  for (let ms = 100; ms >= 1; ms -= 1) durations.note(ms)
  expect([0, 0.5, 0.95, 1].map((share) => durations.quantile(share))).toEqual([1, 50, 95, 100])
})

it('forgets what is old', () => {
  const durations = new RecentDurations()
  durations.note(10_000)
  for (let count = 0; count < 256; count += 1) durations.note(1)
  expect(durations.quantile(1)).toBe(1)
})
