// A token whose signatures are timed and whose failures are counted, for the health figures. Between sealer and token.
import type { Clock } from '../../base/clock.ts'
import { RecentDurations } from '../../base/recent-durations.ts'
import type { Token, TokenDescription } from '../../equipment/token/token.ts'

export class TimedToken implements Token {
  readonly #token: Token
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #durations = new RecentDurations()
  #failures = 0

  constructor(token: Token, clock: Pick<Clock, 'monotonic'>) {
    this.#token = token
    this.#clock = clock
  }

  /** Signatures that failed since the start. */
  get failures(): number {
    return this.#failures
  }

  /** As RecentDurations.quantile, of signatures that were made. */
  signMs(share: number): number | undefined {
    return this.#durations.quantile(share)
  }

  describe(signal: AbortSignal): Promise<TokenDescription> {
    return this.#token.describe(signal)
  }

  async sign(digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const startMs = this.#clock.monotonic()
    try {
      const signature = await this.#token.sign(digest, signal)
      this.#durations.note(this.#clock.monotonic() - startMs)
      return signature
    } catch (error) {
      // A station that stops gives its signature up: nothing failed.
      if (!signal.aborted) this.#failures += 1
      throw error
    }
  }

  enterPin(pin: string, signal: AbortSignal): Promise<void> {
    return this.#token.enterPin(pin, signal)
  }
}
