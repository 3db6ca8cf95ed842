// What is published where, and how exactly.
import { expect, it } from 'vitest'
import { metricNames } from '../../../../src/exchange/health/metrics.ts'
import { splitState, topicOf } from '../../../../src/surface/health/state-topics.ts'

it('every metric is in one topic', () => {
  const { state, details } = splitState(Object.fromEntries(metricNames.map((name, index) => [name, index])))
  expect([...Object.keys(state), ...Object.keys(details)].sort()).toEqual(metricNames.toSorted())
  for (const name of Object.keys(state)) expect(topicOf(name)).toBe('state')
  for (const name of Object.keys(details)) expect(topicOf(name)).toBe('details')
})

it('numbers keep the digits that mean something, and what is none stays away', () => {
  const { state, details } = splitState({
    uptime_seconds: 12_345.678,
    oldest_undelivered_seconds: 12.345678,
    station_cpu_ratio: 0.0123456,
    certificate_days: 364.98765,
    token_sign_p50_seconds: 0.012345,
    box_disk_free_bytes: 123_456_789_012,
    queue_depth: Number.NaN,
    ups_input_volts: Number.POSITIVE_INFINITY,
  })
  expect(state).toEqual({ uptime_seconds: 12_346, oldest_undelivered_seconds: 12.345678, station_cpu_ratio: 0.012 })
  expect(details).toEqual({
    certificate_days: 364.988,
    token_sign_p50_seconds: 0.012345,
    box_disk_free_bytes: 123_456_789_012,
  })
})
