// How slow a body may come before it is given up: each byte buys its sender a little patience, waiting spends it. Bodies of
// surface/vxp and surface/rest are read with it, so that a trickle cannot hold a place and reserved disk for days.
import type { Clock } from './clock.ts'
import { TramError } from './errors.ts'

/** 600 MiB at this pace take a week: only who trickles on purpose, or by a broken line, falls behind. */
export const defaultMinBytesPerSecond = 1024

export interface PaceLimits {
  /** Patience at the beginning, and the most that can be gathered: the longest time without a byte. */
  idleMs: number
  /** Average below which patience runs out. */
  minBytesPerSecond: number
}

/**
 * The patience with one body. It is spent only in `wait`: a slow disk of ours is not the sender's fault. What came faster
 * than the pace counts for no more than `idleMs`, or a burst would buy days of silence.
 */
export class UploadPace {
  readonly #limits: PaceLimits
  readonly #clock: Pick<Clock, 'monotonic'>
  #patienceMs: number
  #bytes = 0

  constructor(limits: PaceLimits, clock: Pick<Clock, 'monotonic'>) {
    this.#limits = limits
    this.#clock = clock
    this.#patienceMs = limits.idleMs
  }

  /**
   * Waits for what the sender has to do next.
   * @throws TramError PACKET_TOO_SLOW when the patience is, or comes to, its end; else what `next` throws
   */
  async wait<Value>(next: Promise<Value>): Promise<Value> {
    const { promise: atEnd, reject } = Promise.withResolvers<never>()
    const sinceMs = this.#clock.monotonic()
    const timer = setTimeout(() => reject(this.#tooSlow()), this.#patienceMs)
    try {
      return await Promise.race([next, atEnd])
    } finally {
      clearTimeout(timer)
      this.#patienceMs -= this.#clock.monotonic() - sinceMs
    }
  }

  /** So many bytes came. @throws TramError PACKET_TOO_SLOW when they came too late */
  came(bytes: number): void {
    this.#bytes += bytes
    const { idleMs, minBytesPerSecond } = this.#limits
    this.#patienceMs = Math.min(idleMs, this.#patienceMs + (bytes / minBytesPerSecond) * 1000)
    if (this.#patienceMs <= 0) throw this.#tooSlow()
  }

  #tooSlow(): TramError {
    const { idleMs, minBytesPerSecond } = this.#limits
    return new TramError('PACKET_TOO_SLOW', { bytes: this.#bytes, minBytesPerSecond, seconds: idleMs / 1000 })
  }
}
