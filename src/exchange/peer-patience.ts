// How long to leave a peer alone: counts failed dials, and links that it closed at once before it answered anything.
// Part of station-courier.ts.
import type { Clock } from '../base/clock.ts'
import { jittered } from './retry-schedule.ts'

const backOffMs = { first: 500, longest: 60_000 }
/** A link that ends sooner, without an answer, counts as a failed attempt to reach the peer. */
const shortLinkMs = 10_000

export class PeerPatience {
  readonly #clock: Clock
  #failures = 0
  #openedMs = 0
  #hasAnswered = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Consecutive failures so far. */
  get failures(): number {
    return this.#failures
  }

  opened(): void {
    this.#openedMs = this.#clock.monotonic()
    this.#hasAnswered = false
  }

  answered(): void {
    this.#hasAnswered = true
    this.#failures = 0
  }

  /** The link is gone. Returns after how many ms the peer may be dialled again. */
  closed(): number {
    if (this.#hasAnswered || this.#clock.monotonic() - this.#openedMs >= shortLinkMs) {
      this.#failures = 0
      return 0
    }
    return this.failed()
  }

  /** A dial failed. Returns after how many ms the next one may be tried, jittered. */
  failed(): number {
    this.#failures += 1
    return jittered(Math.min(backOffMs.first * 2 ** Math.min(this.#failures - 1, 20), backOffMs.longest))
  }

  /** Nothing counts any more: there is a new directory. */
  forget(): void {
    this.#failures = 0
  }
}
