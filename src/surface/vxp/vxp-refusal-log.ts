// Logs refused credentials without letting whoever sends them fill the log. Beside vxp-server.ts.
import type { Clock } from '../../base/clock.ts'
import type { TramError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'

const linesPerPeriod = 10
const periodMs = 10_000

/** A line for each of the first refusals of a period, then only their number. */
export class RefusalLog {
  readonly #logger: Logger
  readonly #clock: Clock
  #periodStartMs = Number.NEGATIVE_INFINITY
  #count = 0

  constructor(logger: Logger, clock: Clock) {
    this.#logger = logger
    this.#clock = clock
  }

  note(error: TramError, operation: string): void {
    const nowMs = this.#clock.monotonic()
    if (nowMs - this.#periodStartMs >= periodMs) {
      const hidden = this.#count - linesPerPeriod
      if (hidden > 0) this.#logger.warn({ count: hidden }, 'vxp: further requests with bad credentials')
      this.#periodStartMs = nowMs
      this.#count = 0
    }
    this.#count++
    if (this.#count <= linesPerPeriod)
      this.#logger.warn({ code: error.code, ...error.data, operation }, 'vxp: bad credentials')
  }
}
