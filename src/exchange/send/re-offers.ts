// What one recipient station may have lost: its receipted deliveries since a time, walked once and offered again. Part of
// station-courier.ts, which makes the offers; missing-questions.ts at the recipient asks.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { type Outbox, type QueuedDelivery, type QueueRank, queueRanks } from './outbox.ts'

/** Of one walk, at the same time: it leaves most of the windows to what is new. */
const maxOutstanding = 64
/** A walk costs as much as all that was sent in weeks: nobody has it begun anew more often. */
export const walkIntervalMs = 5 * 60_000
/** An offer that the recipient cannot believe so many times is given up. */
const maxRefusals = 3

/** What a recipient asked (attacker-controlled). */
export interface MissingQuestion {
  sinceMs: number
  recovery: number
  /** Answered from this version of the directory on, in which its former generation is closed: none of it closes a delivery after that. */
  directoryVersion: number
}

/** How a walk ended. */
export interface WalkOutcome {
  recovery: number
  offered: number
  /** Of these, packets that are no longer here, or that the recipient did not believe. */
  unavailable: number
}

/** A delivery to offer again. */
export interface ReOffer {
  queued: QueuedDelivery
  rank: QueueRank
}

interface Outstanding extends ReOffer {
  /** By the monotonic clock; infinite while it is under way. */
  dueMs: number
  refusals: number
}

interface Walk extends WalkOutcome, MissingQuestion {
  untilMs: number
  cursor: string | undefined
  isRead: boolean
  outstanding: Map<string, Outstanding>
}

/** Whether a delivery is offered again, and not for the first time. */
export const isReOffer = ({ key }: QueuedDelivery): boolean => key.startsWith('closed:')

/** Whether trying again cannot help: what was to be offered is no longer here, or damaged. */
export const isGone = ({ code }: TramError): boolean =>
  code === 'PACKET_MISSING' || code === 'PACKET_DAMAGED' || code === 'STORE_DAMAGED'

export class ReOffers {
  readonly #station: string
  readonly #outbox: Outbox
  readonly #clock: Clock
  readonly #directoryVersion: () => number
  readonly #onDone: (outcome: WalkOutcome) => void
  #walk: Walk | undefined
  #last: WalkOutcome | undefined
  /** Asked while its turn had not come. */
  #next: MissingQuestion | undefined
  #nextDueMs = 0

  /** @param onDone told when all that was asked for has been offered and answered; may be told the same twice */
  constructor(
    station: string,
    deps: { outbox: Outbox; clock: Clock; directoryVersion?: () => number },
    onDone: (outcome: WalkOutcome) => void,
  ) {
    this.#station = station
    this.#outbox = deps.outbox
    this.#clock = deps.clock
    this.#directoryVersion = deps.directoryVersion ?? (() => Number.POSITIVE_INFINITY)
    this.#onDone = onDone
  }

  /**
   * The recipient asks. A question that is being answered goes on where it stands, one that was answered is answered with the
   * same words; another one waits for its turn.
   * @throws TramError LINK_PROTOCOL_VIOLATION for numbers that are no times
   */
  ask(question: MissingQuestion): void {
    const { sinceMs, recovery } = question
    if (!Number.isSafeInteger(sinceMs) || !Number.isSafeInteger(recovery) || sinceMs < 0)
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: this.#station, detail: `asks since ${sinceMs}` })
    if (this.#walk?.recovery === recovery) return
    if (this.#last?.recovery === recovery && this.#walk === undefined) this.#onDone(this.#last)
    else this.#next = question
  }

  /** What to offer now; undefined when nothing is due. The same one until `offered` takes it. */
  async next(): Promise<ReOffer | undefined> {
    const now = this.#clock.monotonic()
    if (this.#walk === undefined) this.#begin(now)
    const walk = this.#walk
    if (walk === undefined) return undefined
    for (const outstanding of walk.outstanding.values()) if (outstanding.dueMs <= now) return outstanding
    if (walk.isRead || walk.outstanding.size >= maxOutstanding) return undefined
    const [queued] = await this.#outbox.receipted(this.#station, walk.sinceMs, walk.untilMs, walk.cursor, 1)
    if (walk !== this.#walk) return undefined
    if (queued === undefined) {
      walk.isRead = true
      this.#endIfThrough(walk)
      return undefined
    }
    const record = await this.#outbox.waybill(queued.waybill)
    const rank = queueRanks.find((name) => name === record?.queueRank) ?? '3b'
    if (walk !== this.#walk) return undefined
    walk.cursor = queued.key
    walk.offered += 1
    const outstanding: Outstanding = { queued, rank, dueMs: now, refusals: 0 }
    walk.outstanding.set(queued.key, outstanding)
    return outstanding
  }

  /** It is on its way. */
  offered({ queued }: ReOffer): void {
    const outstanding = this.#walk?.outstanding.get(queued.key)
    if (outstanding !== undefined) outstanding.dueMs = Number.POSITIVE_INFINITY
  }

  /** The recipient has it. */
  settled(queued: QueuedDelivery): void {
    this.#drop(queued)
  }

  /** It cannot be offered: the recipient is told how many such there were. */
  unavailable(queued: QueuedDelivery): void {
    if (this.#walk?.outstanding.has(queued.key)) this.#walk.unavailable += 1
    this.#drop(queued)
  }

  /** Offers it again after `afterMs`. */
  later(queued: QueuedDelivery, afterMs: number): void {
    const outstanding = this.#walk?.outstanding.get(queued.key)
    if (outstanding !== undefined) outstanding.dueMs = this.#clock.monotonic() + Math.max(1_000, afterMs)
  }

  /** The recipient does not believe it: a few times more, then it is unavailable. */
  refused(queued: QueuedDelivery, afterMs: number): void {
    const outstanding = this.#walk?.outstanding.get(queued.key)
    if (outstanding === undefined) return
    outstanding.refusals += 1
    if (outstanding.refusals >= maxRefusals) this.unavailable(queued)
    else this.later(queued, afterMs)
  }

  /** The link is gone or new: what was under way is due again. */
  linkChanged(): void {
    for (const outstanding of this.#walk?.outstanding.values() ?? []) outstanding.dueMs = 0
  }

  /** Milliseconds until something may be offered; 0 = now, undefined = nothing is left. */
  untilDue(): number | undefined {
    const now = this.#clock.monotonic()
    const walk = this.#walk
    if (walk === undefined) return this.#isNextWaiting() ? undefined : Math.max(0, this.#nextDueMs - now)
    if (!walk.isRead && walk.outstanding.size < maxOutstanding) return 0
    const due = Math.min(...[...walk.outstanding.values()].map(({ dueMs }) => dueMs))
    return due === Number.POSITIVE_INFINITY ? undefined : Math.max(0, due - now)
  }

  /** Nothing was asked, or the directory that it needs is not here yet; the courier is woken by every new one. */
  #isNextWaiting(): boolean {
    return this.#next === undefined || this.#next.directoryVersion > this.#directoryVersion()
  }

  #begin(now: number): void {
    if (this.#next === undefined || this.#isNextWaiting() || now < this.#nextDueMs) return
    const untilMs = this.#clock.now() + 1
    this.#walk = {
      ...{ ...this.#next, untilMs, cursor: undefined, isRead: false },
      ...{ offered: 0, unavailable: 0, outstanding: new Map() },
    }
    this.#next = undefined
    this.#nextDueMs = now + walkIntervalMs
  }

  #drop(queued: QueuedDelivery): void {
    const walk = this.#walk
    if (walk?.outstanding.delete(queued.key)) this.#endIfThrough(walk)
  }

  #endIfThrough(walk: Walk): void {
    if (!walk.isRead || walk.outstanding.size > 0 || this.#walk !== walk) return
    this.#walk = undefined
    const { recovery, offered, unavailable } = walk
    this.#last = { recovery, offered, unavailable }
    this.#onDone(this.#last)
  }
}
