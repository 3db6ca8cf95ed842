// What other stations said of the time. Each is remembered against our monotonic clock, so that it still compares when our
// own wall clock was set. Attacker-controlled throughout: a majority can confirm or dispute our time, and nothing else.
// Part of trusted-clock.ts.

const maxWitnesses = 1024
const maxAgeMs = 6 * 3_600_000
/** Fewer stations than this can confirm the time but not dispute it. */
const fewestToDispute = 3
/** Until the year 5138, as in waybills. */
const isTime = (ms: number): boolean => Number.isSafeInteger(ms) && ms > 0 && ms < 1e14

/** `divided`: no majority, or one that is too small to dispute. */
export type WitnessVerdict = 'agree' | 'disagree' | 'divided' | 'nobody'

export class ClockWitnesses {
  /** The last word of each station, the oldest first. */
  readonly #said = new Map<string, { aheadMs: number; heardMs: number }>()

  /** Notes what a station said (ms since 1970) when our monotonic clock was at `atMs`. What is no time is not noted. */
  heard(station: string, clockMs: number, atMs: number): void {
    if (!isTime(clockMs)) return
    this.#said.delete(station)
    this.#said.set(station, { aheadMs: clockMs - atMs, heardMs: atMs })
    if (this.#said.size > maxWitnesses) this.#said.delete(this.#said.keys().next().value ?? '')
  }

  /** What the majority of the stations heard in the last hours says of our wall clock, give or take `toleranceMs`. */
  verdict(wallMs: number, atMs: number, toleranceMs: number): WitnessVerdict {
    let heard = 0
    let agreeing = 0
    for (const { aheadMs, heardMs } of this.#said.values()) {
      if (atMs - heardMs > maxAgeMs) continue
      heard += 1
      if (Math.abs(aheadMs + atMs - wallMs) <= toleranceMs) agreeing += 1
    }
    if (heard === 0) return 'nobody'
    if (agreeing * 2 > heard) return 'agree'
    return heard >= fewestToDispute && agreeing * 2 < heard ? 'disagree' : 'divided'
  }

  clear(): void {
    this.#said.clear()
  }
}
