// How long to leave a peer alone: counts failed dials, and links that it closed at once before it answered anything.
// Part of station-courier.ts.
import type { Clock } from '../../base/clock.ts'
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { jittered } from './retry-schedule.ts'

const backOffMs = { first: 500, longest: 60_000 }
/** A link that ends sooner, without an answer, counts as a failed attempt to reach the peer. */
const shortLinkMs = 10_000

export class PeerPatience {
  readonly #clock: Clock
  readonly #logger: Logger
  /** Consecutive ones. */
  #failures = 0
  #openedMs = 0
  #hasAnswered = false
  /** When the peer may be dialled again, by the monotonic clock. */
  #dueMs = 0

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock
    this.#logger = logger
  }

  opened(): void {
    this.#openedMs = this.#clock.monotonic()
    this.#hasAnswered = false
  }

  answered(): void {
    this.#hasAnswered = true
    this.#failures = 0
  }

  /** The link is gone. */
  closed(): void {
    const wasGood = this.#hasAnswered || this.#clock.monotonic() - this.#openedMs >= shortLinkMs
    if (wasGood) this.#failures = 0
    this.#dueMs = this.#clock.monotonic() + (wasGood ? 0 : this.#failed())
  }

  /**
   * Runs `dial` when its time has come. Documents that queue wake the courier, and must neither dial a dead peer each nor
   * lengthen its back-off.
   * @param dial throws when the peer cannot be reached
   * @returns after how many ms to come back
   */
  async whenDue(dial: () => Promise<void>): Promise<number> {
    const leftMs = this.#dueMs - this.#clock.monotonic()
    if (leftMs > 0) return leftMs
    this.#dueMs = Number.POSITIVE_INFINITY
    let waitMs = 0
    try {
      await dial()
    } catch (error) {
      waitMs = this.#failed()
      const trouble = asTramError(error)
      if (this.#failures === 1) this.#logger.warn(logFields(trouble), 'station is not reachable')
      else this.#logger.debug(logFields(trouble), 'station is still not reachable')
    } finally {
      // A new directory may have come meanwhile: then the next attempt is due at once.
      if (this.#dueMs === Number.POSITIVE_INFINITY) this.#dueMs = this.#clock.monotonic() + waitMs
    }
    return Math.max(0, this.#dueMs - this.#clock.monotonic())
  }

  /** A dial failed. Returns after how many ms the next one may be tried, jittered. */
  #failed(): number {
    this.#failures += 1
    return jittered(Math.min(backOffMs.first * 2 ** Math.min(this.#failures - 1, 20), backOffMs.longest))
  }

  /** Nothing counts any more: there is a new directory. */
  forget(): void {
    this.#failures = 0
    this.#dueMs = 0
  }
}
