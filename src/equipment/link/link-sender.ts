// The sending half of a link: control first, then urgent, then bulk, as long as the flight has room. Neighbours:
// framed-link.ts opens and closes it, credits.ts and control-queue.ts hold what waits, wire.ts takes the frames.
import type { Clock } from '../../base/clock.ts'
import { asTramError } from '../../base/errors.ts'
import { ControlQueue } from './control-queue.ts'
import { frameCost, SendLane, type WaitingFrame } from './credits.ts'
import { assertDataFits, dataPayloadBytes, encodeDataFrame } from './data-frame.ts'
import { Flight } from './flight.ts'
import { frameHeaderBytes, framesOf, laneNumbers } from './frames.ts'
import type { ControlMessage, DataLane } from './peer-link.ts'
import { LinkMessage } from './schema/messages.ts'
import type { BudgetShare } from './station-budget.ts'
import type { Wire } from './wire.ts'

/** Data frames that may wait for credit on one lane of one link. */
const maxWaitingFrames = 4096

export interface LinkSenderParts {
  peerId: string
  wire: Wire
  share: BudgetShare
  clock: Clock
  /** The wire refused: the link is over. */
  onBroken(detail: string, cause: unknown): void
}

export class LinkSender {
  readonly #parts: LinkSenderParts
  readonly #control: ControlQueue
  readonly #lanes: Record<DataLane, SendLane>
  readonly #laneUsed: Record<DataLane, boolean> = { urgent: false, bulk: false }
  readonly #flight: Flight
  #isOpen = false
  #isBroken = false
  #pumping = false

  constructor(parts: LinkSenderParts) {
    this.#parts = parts
    this.#flight = new Flight(parts.clock.monotonic())
    this.#control = new ControlQueue(parts.peerId)
    this.#lanes = {
      urgent: new SendLane(parts.peerId, maxWaitingFrames),
      bulk: new SendLane(parts.peerId, maxWaitingFrames),
    }
  }

  /** The link is open: what is queued may go. */
  open(): void {
    this.#isOpen = true
  }

  /** The link is gone: everything that waits fails with `error`. */
  stop(error: unknown): void {
    this.#isOpen = false
    this.#isBroken = true
    this.#control.clear()
    this.#parts.share.sending(false)
    this.#lanes.urgent.failAll(error)
    this.#lanes.bulk.failAll(error)
  }

  /** For how long the peer has read nothing of what is in flight, in milliseconds. */
  get stalledMs(): number {
    return this.#flight.stalledMs(this.#parts.clock.monotonic())
  }

  /** Sends a message of the link itself: neither counted in the flight nor queued. Returns whether the wire took it. */
  own(message: LinkMessage): boolean {
    if (this.#isBroken) return false
    try {
      for (const frame of framesOf('control', LinkMessage.encode(message))) this.#parts.wire.send(frame)
      return true
    } catch (error) {
      this.#broken(error)
      return false
    }
  }

  /** @throws TramError OVERLOADED */
  control(message: ControlMessage): void {
    this.#control.add(framesOf('control', LinkMessage.encode(message)))
    this.#pump()
  }

  /** PeerLink.sendData of an open link. */
  async data(lane: DataLane, transfer: number, offset: number, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
    assertDataFits(transfer, offset, bytes.byteLength)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const payloadBytes = dataPayloadBytes(transfer, offset, bytes.byteLength)
    const waiting: WaitingFrame = {
      cost: frameCost(payloadBytes),
      wireBytes: frameHeaderBytes + payloadBytes,
      encode: () => encodeDataFrame(lane, transfer, offset, bytes),
      sent: resolve,
      failed: reject,
    }
    this.#lanes[lane].add(waiting)
    this.#pump()
    const onAbort = (): void => {
      // A frame that already went out has resolved; the abort comes too late for it.
      if (!this.#lanes[lane].remove(waiting)) return
      reject(signal.reason)
      // A smaller frame behind the aborted one may fit the credit that there is.
      this.#pump()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  /**
   * The peer gives credit, attacker-controlled.
   * @throws TramError LINK_PROTOCOL_VIOLATION
   */
  grant(lane: DataLane, bytes: number): void {
    this.#lanes[lane].grant(bytes)
    this.#pump()
  }

  /** The peer's reader has so many bytes more, attacker-controlled. Returns false when that cannot be. */
  arrived(bytes: number): boolean {
    if (!this.#flight.arrived(bytes, this.#parts.clock.monotonic())) return false
    this.#pump()
    return true
  }

  /** Gives the credit of lanes back that were not used since the last call. */
  yieldIdle(): void {
    for (const lane of ['urgent', 'bulk'] as const) {
      const bytes = this.#laneUsed[lane] ? 0 : this.#lanes[lane].yieldIdle()
      this.#laneUsed[lane] = false
      if (bytes > 0) this.own({ yield: { lane: laneNumbers[lane], bytes } })
    }
  }

  /** Hands all queued control to the wire, whatever is in flight: the link is about to be closed. */
  flushControl(): void {
    try {
      for (let frame = this.#control.take(); frame !== undefined; frame = this.#control.take())
        this.#parts.wire.send(frame)
    } catch (error) {
      this.#broken(error)
    }
  }

  #broken(error: unknown): void {
    this.#isBroken = true
    this.#parts.onBroken(asTramError(error).message, error)
  }

  /** Sends what may go now. */
  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    try {
      while (this.#isOpen && this.#sendNext());
      this.#parts.share.sending(this.#isOpen && this.#flight.bytes > 0)
    } catch (error) {
      this.#broken(error)
    } finally {
      this.#pumping = false
    }
  }

  #sendNext(): boolean {
    const limitBytes = this.#parts.share.flightBytes(this.#flight.limitBytes)
    const hasRoom = (wireBytes: number): boolean =>
      this.#flight.bytes === 0 || this.#flight.bytes + wireBytes <= limitBytes
    const control = this.#control.peek()
    if (control !== undefined) {
      if (!hasRoom(control.byteLength)) return false
      this.#control.take()
      this.#toWire(control)
      return true
    }
    for (const lane of ['urgent', 'bulk'] as const) {
      const waiting = this.#lanes[lane].peek()
      if (waiting === undefined) continue
      if (!hasRoom(waiting.wireBytes)) return false
      this.#lanes[lane].take(waiting)
      this.#laneUsed[lane] = true
      try {
        this.#toWire(waiting.encode())
      } catch (error) {
        waiting.failed(error)
        throw error
      }
      waiting.sent()
      return true
    }
    return false
  }

  #toWire(frame: Uint8Array): void {
    this.#flight.sent(frame.byteLength, this.#parts.clock.monotonic())
    this.#parts.wire.send(frame)
  }
}
