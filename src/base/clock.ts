// Time as an argument: services take a Clock, tests turn it. A running station's is exchange/time/trusted-clock.ts.
import type { StateError } from './errors.ts'

export interface Clock {
  /** Wall time in milliseconds since 1970 (UTC). May jump. */
  now(): number
  /** Milliseconds that only ever grow; for durations. */
  monotonic(): number
  /** Why `now` may be wrong by more than minutes: then nothing may end for good because of the time. Ask it before `now`. */
  readonly doubt: StateError | undefined
}

/** The machine's clock, believed as it is. */
export const systemClock: Clock = { now: () => Date.now(), monotonic: () => performance.now(), doubt: undefined }

/** A clock that stands still until it is told to move. */
export class TestClock implements Clock {
  /** Set by a test. */
  doubt: StateError | undefined
  #nowMs: number
  #monotonicMs = 0

  constructor(startMs = Date.UTC(2026, 10, 21)) {
    this.#nowMs = startMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  /** Lets `ms` milliseconds pass on both clocks. */
  advance(ms: number): void {
    this.#nowMs += ms
    this.#monotonicMs += ms
  }

  /** Sets the wall clock only, as an administrator or NTP would. */
  jump(nowMs: number): void {
    this.#nowMs = nowMs
  }
}
