// When a station's deliveries are to be tried again: each with its own due time, up to a bound; past it the whole queue is
// walked again. Part of station-courier.ts, without its links.
import type { Clock } from '../../base/clock.ts'
import type { QueuedDelivery, QueueRank } from './outbox.ts'

const maxRetries = 1024
const boundsMs = { least: 1_000, most: 3_600_000 }

/** After how long the courier comes back, when nobody told it. */
export const retryMs = {
  /** To what failed here. */
  failed: 60_000,
  /** To what the recipient cannot believe. */
  rejected: 300_000,
  missedReceipt: 15_000,
  /** To what is offered again and waits for a new seal. */
  resealed: 5_000,
  /** A recipient asks for a new seal that would be no other: its clock or its directory is wrong, or ours. */
  sameSeal: 600_000,
}

export interface Retry {
  queued: QueuedDelivery
  rank: QueueRank
  dueMs: number
}

/** ± 25 %, so that stations that lost the same peer do not come back in step. */
export const jittered = (ms: number): number => ms * (0.75 + Math.random() * 0.5)

export class RetrySchedule {
  readonly #clock: Clock
  readonly #retries = new Map<string, Retry>()
  #rewindDueMs = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Tries a delivery again after `afterMs`, give or take. */
  add(queued: QueuedDelivery, rank: QueueRank, afterMs: number): void {
    const dueMs = this.#clock.monotonic() + jittered(Math.min(Math.max(afterMs, boundsMs.least), boundsMs.most))
    if (this.#retries.size < maxRetries) this.#retries.set(queued.key, { queued, rank, dueMs })
    else this.#rewindDueMs = Math.min(this.#rewindDueMs, dueMs)
  }

  /** A receipt is owed: should it get lost on a link that stays up, the queue is walked again in an hour or so. */
  expectReceipt(): void {
    this.walkAgain(boundsMs.most)
  }

  /** The whole queue is walked again after `afterMs`, give or take, or sooner. */
  walkAgain(afterMs: number): void {
    this.#rewindDueMs = Math.min(this.#rewindDueMs, this.#clock.monotonic() + jittered(afterMs))
  }

  /** Deliveries that are due now. They stay until `drop`. */
  due(): Retry[] {
    const now = this.#clock.monotonic()
    return [...this.#retries.values()].filter((retry) => retry.dueMs <= now)
  }

  drop(retry: Retry): void {
    this.#retries.delete(retry.queued.key)
  }

  /** Whether the whole queue is to be walked again now; asks once. */
  takeRewind(): boolean {
    if (this.#rewindDueMs > this.#clock.monotonic()) return false
    this.#rewindDueMs = Number.POSITIVE_INFINITY
    return true
  }

  /**
   * Milliseconds until anything more is due; undefined when nothing ever is. What is due already and still here waits for room, and
   * whoever makes room tells: counted as due in 0 ms, it would be asked for again and again.
   */
  untilDue(): number | undefined {
    const now = this.#clock.monotonic()
    let dueMs = this.#rewindDueMs
    for (const retry of this.#retries.values()) if (retry.dueMs > now && retry.dueMs < dueMs) dueMs = retry.dueMs
    return dueMs === Number.POSITIVE_INFINITY ? undefined : Math.max(0, dueMs - now)
  }

  /** A new link: everything open is offered anyway. */
  clear(): void {
    this.#retries.clear()
    this.#rewindDueMs = Number.POSITIVE_INFINITY
  }
}
