// The receiving half of a link: credit of what comes in, its release, and telling the sender what has arrived.
// Neighbours: framed-link.ts brings the frames, credits.ts keeps the windows, flight.ts is what the sender makes of it.
import type { Clock } from '../../base/clock.ts'
import { ReceiveLane } from './credits.ts'
import { laneNumbers } from './frames.ts'
import type { DataLane } from './peer-link.ts'
import type { LinkMessage } from './schema/messages.ts'
import type { BudgetShare } from './station-budget.ts'

/** Arrivals are told of at the latest after so many bytes, else at the end of the event loop's turn. */
const arrivedStepBytes = 64 * 1024

export interface LinkReceiverParts {
  peerId: string
  share: BudgetShare
  clock: Clock
  /** Sends a message of the link itself. */
  own(message: LinkMessage): void
}

export class LinkReceiver {
  readonly #parts: LinkReceiverParts
  readonly #lanes: Record<DataLane, ReceiveLane>
  #arrivedBytes = 0
  #arrivedScheduled = false
  #roundTripMs = Number.POSITIVE_INFINITY
  #stopped = false

  constructor(parts: LinkReceiverParts) {
    this.#parts = parts
    const nowMs = parts.clock.monotonic()
    this.#lanes = {
      urgent: new ReceiveLane(parts.peerId, 'urgent', parts.share, nowMs),
      bulk: new ReceiveLane(parts.peerId, 'bulk', parts.share, nowMs),
    }
  }

  /** Gives the first credit. */
  open(): void {
    for (const lane of ['urgent', 'bulk'] as const) this.#credit(lane, this.#lanes[lane].open())
  }

  /** How long an answer of the peer took, attacker-controlled. The shortest one counts: the line's, without its queues. */
  measured(roundTripMs: number): void {
    this.#roundTripMs = Math.min(this.#roundTripMs, roundTripMs)
    this.#lanes.bulk.measured(this.#roundTripMs)
  }

  /** The link is gone. What it still holds counts until it is released: reconnecting must not buy memory. */
  stop(): void {
    this.#stopped = true
    this.#lanes.urgent.close()
    this.#lanes.bulk.close()
    this.#endShareWhenEmpty()
  }

  /**
   * A data frame came in, attacker-controlled. Returns what releases its credit; calling it again does nothing.
   * @throws TramError LINK_PROTOCOL_VIOLATION when there was no credit for it
   */
  data(lane: DataLane, cost: number): () => void {
    this.#lanes[lane].receive(cost)
    let released = false
    return () => {
      if (released) return
      released = true
      const credit = this.#lanes[lane].release(cost, this.#parts.clock.monotonic())
      if (this.#stopped) this.#endShareWhenEmpty()
      else this.#credit(lane, credit)
    }
  }

  /**
   * The peer gives idle credit back, attacker-controlled.
   * @throws TramError LINK_PROTOCOL_VIOLATION when it gives more than it has
   */
  takeBack(lane: DataLane, bytes: number): void {
    this.#lanes[lane].takeBack(bytes)
  }

  /** Counts a frame that the reader has, and tells the sender soon. */
  arrived(wireBytes: number): void {
    this.#arrivedBytes += wireBytes
    if (this.#arrivedBytes >= arrivedStepBytes) this.#tellArrived()
    else if (!this.#arrivedScheduled) {
      this.#arrivedScheduled = true
      // One Arrived a turn of the event loop: small frames are told of together, and no sender waits for a remainder.
      setImmediate(() => {
        this.#arrivedScheduled = false
        this.#tellArrived()
      })
    }
  }

  #tellArrived(): void {
    if (this.#arrivedBytes === 0 || this.#stopped) return
    const bytes = this.#arrivedBytes
    this.#arrivedBytes = 0
    this.#parts.own({ arrived: { bytes } })
  }

  #credit(lane: DataLane, bytes: number): void {
    if (bytes > 0) this.#parts.own({ credit: { lane: laneNumbers[lane], bytes } })
  }

  #endShareWhenEmpty(): void {
    if (this.#lanes.urgent.heldBytes + this.#lanes.bulk.heldBytes === 0) this.#parts.share.end()
  }
}
