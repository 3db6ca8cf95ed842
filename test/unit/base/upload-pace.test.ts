import { describe, expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { UploadPace } from '../../../src/base/upload-pace.ts'

const limits = { idleMs: 60_000, minBytesPerSecond: 1024 }

/** Bytes that a sender gets through who sends `bytes` after every `everyMs`, until it is given up or has sent `maxBytes`. */
async function sentWith(bytes: number, everyMs: number, maxBytes: number, firstBytes = 0): Promise<number> {
  const clock = new TestClock()
  const pace = new UploadPace(limits, clock)
  if (firstBytes > 0) pace.came(firstBytes)
  for (let sent = 0; ; sent += bytes) {
    if (sent >= maxBytes) return sent
    try {
      const next = pace.wait(Promise.resolve())
      clock.advance(everyMs)
      await next
      pace.came(bytes)
    } catch (error) {
      expect(error).toMatchObject({ code: 'PACKET_TOO_SLOW', data: { minBytesPerSecond: 1024, seconds: 60 } })
      return sent
    }
  }
}

describe('the pace of an upload', () => {
  it('lets 600 MiB pass at any rate above the pace, and with stalls shorter than the patience', async () => {
    const size = 600 * 1024 * 1024
    expect(await sentWith(64 * 1024, 59_000, size)).toBeGreaterThanOrEqual(size)
    expect(await sentWith(8 * 1024, 100, size)).toBeGreaterThanOrEqual(size)
  })

  it('gives up who moves, but only just, within twice the patience', async () => {
    expect(await sentWith(1, 59_000, 1000)).toBe(1)
    expect(await sentWith(1000, 1000, 10_000_000)).toBeLessThan(3_000_000)
    expect(await sentWith(1, 500, 1000)).toBeLessThan(130)
  })

  it('does not let a burst buy silence', async () => {
    expect(await sentWith(1, 59_000, 1000, 500 * 1024 * 1024)).toBe(1)
  })

  it('counts only the time in which it waits', async () => {
    const clock = new TestClock()
    const pace = new UploadPace(limits, clock)
    for (let round = 0; round < 10; round++) {
      await pace.wait(Promise.resolve())
      pace.came(1)
      clock.advance(50_000) // a slow disk of ours
    }
    expect(clock.monotonic()).toBe(500_000)
  })

  it('ends a wait for what never comes, and passes on what breaks it', async () => {
    const pace = new UploadPace({ idleMs: 20, minBytesPerSecond: 1 }, new TestClock())
    await expect(pace.wait(Promise.reject(new Error('torn')))).rejects.toThrow('torn')
    await expect(pace.wait(Promise.withResolvers<void>().promise)).rejects.toMatchObject({ code: 'PACKET_TOO_SLOW' })
  })
})
