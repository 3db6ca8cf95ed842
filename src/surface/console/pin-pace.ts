// How often a PIN may be entered on the console: each entry that did not succeed makes the next one wait longer. Kept by the
// program, not by a session, so that pulling the plug changes nothing. The last word has the guard in the signer, which
// latches on disk; this keeps a finger on the keyboard from using up the token's attempts.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'

const firstWaitMs = 5_000
const longestWaitMs = 15 * 60_000

export class PinPace {
  readonly #clock: Pick<Clock, 'monotonic'>
  #failures = 0
  #allowedAtMs = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** @throws TramError PIN_TOO_SOON */
  assertAllowed(): void {
    const waitMs = this.#allowedAtMs - this.#clock.monotonic()
    if (waitMs > 0) throw new TramError('PIN_TOO_SOON', { seconds: Math.ceil(waitMs / 1000) })
  }

  /** A PIN is about to be tried. It counts as failed until it has succeeded: a plug that is pulled meanwhile gains nothing. */
  tried(): void {
    this.#failures += 1
    // 5 s, 10 s, 20 s, … ; the power is bounded before it is taken.
    const waitMs = Math.min(firstWaitMs * 2 ** Math.min(this.#failures - 1, 10), longestWaitMs)
    this.#allowedAtMs = this.#clock.monotonic() + waitMs
  }

  succeeded(): void {
    this.#failures = 0
    this.#allowedAtMs = 0
  }
}
