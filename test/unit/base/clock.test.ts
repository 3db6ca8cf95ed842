// The clocks: the test clock stands still until told, and a jump of the wall clock leaves durations alone.
import { describe, expect, it } from 'vitest'
import { systemClock, TestClock } from '../../../src/base/clock.ts'

describe('TestClock', () => {
  it('stands still', () => {
    const clock = new TestClock(1000)
    expect([clock.now(), clock.now(), clock.monotonic(), clock.monotonic()]).toEqual([1000, 1000, 0, 0])
  })

  it('advances both clocks', () => {
    const clock = new TestClock(1000)
    clock.advance(250)
    clock.advance(50)
    expect([clock.now(), clock.monotonic()]).toEqual([1300, 300])
  })

  it('jumps the wall clock only, backwards too', () => {
    const clock = new TestClock(1000)
    clock.advance(10)
    clock.jump(400)
    expect([clock.now(), clock.monotonic()]).toEqual([400, 10])
  })

  it('starts at the same time in every test', () => {
    expect(new TestClock().now()).toBe(new TestClock().now())
  })
})

describe('systemClock', () => {
  it('is the machine’s', () => {
    const before = Date.now()
    const now = systemClock.now()
    expect(now).toBeGreaterThanOrEqual(before)
    expect(now).toBeLessThanOrEqual(Date.now())
  })

  it('never runs durations backwards', () => {
    const readings = Array.from({ length: 1000 }, () => systemClock.monotonic())
    expect(readings.every((reading, index) => reading >= (readings[index - 1] ?? 0))).toBe(true)
  })
})
