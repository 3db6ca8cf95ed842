// Credits: how much packet data a peer may have on its way to us, and how senders wait for it. libp2p's own
// back-pressure does not hold, so these numbers are what bounds memory. Neighbours: framed-link.ts counts, flight.ts
// bounds what lies in the socket, station-budget.ts shares the memory of the station between the links.
//
// Protocol. Nothing is granted in advance: after the hellos each side sends Credit for both lanes, and again when bytes
// are released: of a window above four frames a quarter at a time, or when the sender has less than half of it. A frame costs its
// payload + 256 (a flood of tiny frames is not free). A receiver's window of a lane (credit not used + bytes not
// released) begins with one to four frames and doubles each time the sender has used it up: urgent to 1 MiB, bulk to
// min(4 MB, (250 ms + round trip) × measured rate of release, but not less than four frames); both as far as the
// station's budget goes. A sender gives the credit of an idle lane back (Yield), all but one frame. All of it begins anew
// with the next stream. A peer that sends without credit, or yields what it does not have, is cut.
import { TramError } from '../../base/errors.ts'
import { type DataLane, maxFrameBytes } from './peer-link.ts'
import type { BudgetShare } from './station-budget.ts'

/** What a data frame with this payload costs, in bytes of credit: the payload and our bookkeeping for it. */
export const frameCost = (payloadBytes: number): number => payloadBytes + 256

/** What the largest frame costs: the least window with which a lane moves at all. */
export const fullFrameCost = frameCost(maxFrameBytes)

/** The bounds of a lane's window, in bytes of credit. */
export const windowLimits = {
  least: fullFrameCost,
  early: 4 * fullFrameCost,
  urgent: 1024 * 1024,
  bulk: 4_000_000,
} as const

/** How much time's worth of a peer's measured rate its bulk window holds, besides what the line itself does. */
const bulkWindowMs = 250
/** The longest round trip that a window is made for: a peer that answers late must not have a larger one for it. */
const maxRoundTripMs = 2000
/** How long a rate is measured before it counts. */
const rateSpanMs = 100

/** One data frame that waits for credit. */
export interface WaitingFrame {
  cost: number
  wireBytes: number
  /** The frame for the wire; made when it goes, so that what waits is not kept twice. */
  encode(): Uint8Array
  /** Called when the frame was handed to the connection. */
  sent(): void
  /** Called when it never will be. */
  failed(error: unknown): void
}

/** Sender's side of one lane: the credit we have and the frames that wait for it, first come first served. */
export class SendLane {
  readonly #peerId: string
  readonly #maxWaiting: number
  #creditBytes = 0
  // A Set keeps insertion order and lets an aborted sender leave from the middle.
  readonly #waiting = new Set<WaitingFrame>()

  constructor(peerId: string, maxWaiting: number) {
    this.#peerId = peerId
    this.#maxWaiting = maxWaiting
  }

  get creditBytes(): number {
    return this.#creditBytes
  }

  get waitingCount(): number {
    return this.#waiting.size
  }

  /** @throws TramError OVERLOADED when too many frames wait already */
  add(frame: WaitingFrame): void {
    if (this.#waiting.size >= this.#maxWaiting)
      throw new TramError('OVERLOADED', { detail: `${this.#waiting.size} frames wait for credit of ${this.#peerId}` })
    this.#waiting.add(frame)
  }

  /** Takes a frame that was aborted out of the queue. Returns whether it was still there. */
  remove(frame: WaitingFrame): boolean {
    return this.#waiting.delete(frame)
  }

  /** The frame that goes next, if there is credit for it. A small frame never overtakes a large one. */
  peek(): WaitingFrame | undefined {
    const { value: first } = this.#waiting.values().next()
    return first !== undefined && first.cost <= this.#creditBytes ? first : undefined
  }

  /** Takes the frame of `peek` out and pays for it. */
  take(frame: WaitingFrame): void {
    this.#waiting.delete(frame)
    this.#creditBytes -= frame.cost
  }

  /**
   * The peer gives us credit, attacker-controlled.
   * @throws TramError LINK_PROTOCOL_VIOLATION when it gives more than any lane may have
   */
  grant(bytes: number): void {
    if (bytes === 0 || this.#creditBytes + bytes > windowLimits.bulk + fullFrameCost)
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: this.#peerId, detail: `a grant of ${bytes} bytes` })
    this.#creditBytes += bytes
  }

  /** Gives up all credit but for one frame, when nothing waits. Returns the bytes to yield. */
  yieldIdle(): number {
    const bytes = this.#creditBytes - windowLimits.least
    if (this.#waiting.size > 0 || bytes <= 0) return 0
    this.#creditBytes = windowLimits.least
    return bytes
  }

  /** Fails everything that waits. */
  failAll(error: unknown): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const frame of waiting) frame.failed(error)
  }
}

/** Receiver's side of one lane: what the peer may still send, and what it sent that is not released. */
export class ReceiveLane {
  readonly #peerId: string
  readonly #lane: DataLane
  readonly #share: BudgetShare
  #closed = false
  #promisedBytes = 0
  #heldBytes = 0
  #wantedBytes: number = windowLimits.early
  #receivedSinceGrowth = 0
  #rateBytesPerMs: number | undefined
  #roundTripMs = 0
  #releasedInSpan = 0
  #spanStartMs: number

  /** `nowMs` is monotonic, here and below. */
  constructor(peerId: string, lane: DataLane, share: BudgetShare, nowMs: number) {
    this.#peerId = peerId
    this.#lane = lane
    this.#share = share
    this.#spanStartMs = nowMs
  }

  /** Credit that the peer has not used. */
  get promisedBytes(): number {
    return this.#promisedBytes
  }

  /** Bytes here that are neither durable nor refused yet. */
  get heldBytes(): number {
    return this.#heldBytes
  }

  /**
   * How long the peer's answers take, attacker-controlled. Without it a window of 250 ms empties on a line of 300 ms before
   * the next grant is there; the rate measured is then the window's own, and it never grows.
   */
  measured(roundTripMs: number): void {
    this.#roundTripMs = Math.min(roundTripMs, maxRoundTripMs)
  }

  /** The grant to begin with. */
  open(): number {
    return this.#regrant()
  }

  /**
   * A frame came in, attacker-controlled.
   * @throws TramError LINK_PROTOCOL_VIOLATION when there was no credit for it
   */
  receive(cost: number): void {
    if (cost > this.#promisedBytes)
      throw new TramError('LINK_PROTOCOL_VIOLATION', {
        peer: this.#peerId,
        detail: `a frame of ${cost} bytes on the ${this.#lane} lane with a credit of ${this.#promisedBytes}`,
      })
    this.#promisedBytes -= cost
    this.#heldBytes += cost
    this.#receivedSinceGrowth += cost
    if (this.#receivedSinceGrowth < this.#wantedBytes) return
    this.#receivedSinceGrowth = 0
    this.#wantedBytes = Math.min(2 * this.#wantedBytes, windowLimits[this.#lane])
  }

  /** A frame became durable or was refused. Returns the credit to give to the peer now (0: none). */
  release(cost: number, nowMs: number): number {
    this.#heldBytes -= cost
    this.#releasedInSpan += cost
    const spanMs = nowMs - this.#spanStartMs
    if (spanMs >= rateSpanMs) {
      const rate = this.#releasedInSpan / spanMs
      this.#rateBytesPerMs = this.#rateBytesPerMs === undefined ? rate : (this.#rateBytesPerMs + rate) / 2
      this.#releasedInSpan = 0
      this.#spanStartMs = nowMs
    }
    return this.#regrant()
  }

  /**
   * The peer gives idle credit back, attacker-controlled.
   * @throws TramError LINK_PROTOCOL_VIOLATION when it gives more than it has
   */
  takeBack(bytes: number): void {
    if (bytes > this.#promisedBytes)
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: this.#peerId, detail: `a yield of ${bytes} bytes` })
    this.#promisedBytes -= bytes
    this.#wantedBytes = windowLimits.early
    this.#receivedSinceGrowth = 0
    this.#share.hold(this.#lane, this.#aboveLeast())
    this.#share.rest(this.#lane)
  }

  /** The link is gone: nothing more is promised; what is held counts until it is released. */
  close(): void {
    this.#closed = true
    this.#promisedBytes = 0
    this.#share.hold(this.#lane, this.#aboveLeast())
    this.#share.rest(this.#lane)
  }

  #windowLimit(): number {
    if (this.#lane === 'urgent') return Math.min(this.#wantedBytes, windowLimits.urgent)
    const rateBytes = Math.ceil((this.#rateBytesPerMs ?? 0) * (bulkWindowMs + this.#roundTripMs))
    return Math.min(this.#wantedBytes, Math.max(windowLimits.early, rateBytes))
  }

  #aboveLeast(): number {
    return Math.max(0, this.#promisedBytes + this.#heldBytes - windowLimits.least)
  }

  #regrant(): number {
    if (this.#closed) {
      this.#share.hold(this.#lane, this.#aboveLeast())
      return 0
    }
    const wanted = this.#windowLimit() - windowLimits.least
    const allowed = windowLimits.least + this.#share.allow(this.#lane, Math.max(0, wanted))
    const grant = Math.max(0, allowed - this.#promisedBytes - this.#heldBytes)
    // Each grant is a message, which costs either station as much as a frame of data: no crumbs while the peer has half of
    // its window to go on with, unless that is but a few frames.
    if (allowed > windowLimits.early && grant < allowed / 4 && this.#promisedBytes >= allowed / 2) {
      this.#share.hold(this.#lane, this.#aboveLeast())
      return 0
    }
    this.#promisedBytes += grant
    this.#share.hold(this.#lane, this.#aboveLeast())
    return grant
  }
}
