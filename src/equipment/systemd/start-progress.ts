// Keeps systemd from ending a start that takes long, as one that puts a damaged store together again, and says what it is at.
// station.ts tells it of each part; systemd's own TimeoutStartSec holds for a start that hangs.
import type { Notify } from './notify.ts'

const everyMs = 10_000
const grantedMs = 30_000
/** A part that needs longer will not come to an end. */
const longestPartMs = 30 * 60_000

export class StartProgress {
  readonly #notify: Notify
  readonly #everyMs: number
  readonly #longestPartMs: number
  #timer: NodeJS.Timeout | undefined

  /** Times are for tests: how often more time is asked for, and how long for one part. */
  constructor(notify: Notify, times: { everyMs?: number; longestPartMs?: number } = {}) {
    this.#notify = notify
    this.#everyMs = times.everyMs ?? everyMs
    this.#longestPartMs = times.longestPartMs ?? longestPartMs
  }

  /** `part` begins to start. */
  starting(part: string): void {
    clearInterval(this.#timer)
    const sinceMs = performance.now()
    this.#timer = setInterval(() => {
      if (performance.now() - sinceMs > this.#longestPartMs) clearInterval(this.#timer)
      else this.#notify.tell({ extendTimeoutMs: grantedMs, status: `đang khởi động / starting: ${part}` })
    }, this.#everyMs)
  }

  /** The start is over, well or not. */
  end(): void {
    clearInterval(this.#timer)
  }
}
