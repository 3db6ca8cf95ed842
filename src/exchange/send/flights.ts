// The offers under way on one link: by transfer number and by waybill, and how much room the windows leave.
// Part of station-courier.ts.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import type { Waybill } from '../../document/waybill.ts'
import type { SealReference } from '../schema/records.ts'
import type { QueuedDelivery, QueueRank } from './outbox.ts'

/** Offers without an answer, by size of packet: enough to keep the line full, few enough to bound memory. */
const window = { small: 256, large: 4 }

export interface Flight {
  transfer: number
  queued: QueuedDelivery
  rank: QueueRank
  docId: string
  waybill: Waybill
  /** As it was offered. */
  seal: SealReference
  /** ms since 1970 */
  offeredAt: number
  /** When it was offered, wanted, or a piece of it was last taken, by the monotonic clock. */
  movedMs: number
  /** The recipient has asked for its bytes: once a flight, so that nobody has us read a packet many times at once. */
  isWanted: boolean
  /** While its bytes are being sent; aborted when the flight ends first, whatever the reason. */
  cancel: AbortController | undefined
}

export class Flights {
  readonly #clock: Clock
  readonly #byTransfer = new Map<number, Flight>()
  readonly #byWaybill = new Map<string, Flight>()
  #lastTransfer = 0
  #large = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#byTransfer.size
  }

  get all(): readonly Flight[] {
    return [...this.#byTransfer.values()]
  }

  /** Offers that may still be made in a queue of this rank. */
  room(rank: QueueRank): number {
    return isLarge(rank) ? window.large - this.#large : window.small - (this.#byTransfer.size - this.#large)
  }

  /** Begins a flight with the next transfer number. */
  begin(flight: Omit<Flight, 'transfer' | 'isWanted' | 'movedMs' | 'cancel'>): Flight {
    this.#lastTransfer = (this.#lastTransfer + 1) % 2 ** 31
    const begun: Flight = {
      ...flight,
      transfer: this.#lastTransfer,
      isWanted: false,
      movedMs: this.#clock.monotonic(),
      cancel: undefined,
    }
    this.#byTransfer.set(begun.transfer, begun)
    this.#byWaybill.set(flight.queued.waybill, begun)
    if (isLarge(flight.rank)) this.#large += 1
    return begun
  }

  /** The recipient has done something about a flight. */
  moved(flight: Flight): void {
    flight.movedMs = this.#clock.monotonic()
  }

  /** Its bytes are about to be sent. Returns what says that they are wanted no longer. */
  beginSending(flight: Flight): AbortSignal {
    const cancel = new AbortController()
    flight.isWanted = true
    flight.cancel = cancel
    return cancel.signal
  }

  get(transfer: number): Flight | undefined {
    return this.#byTransfer.get(transfer)
  }

  ofWaybill(waybill: string): Flight | undefined {
    return this.#byWaybill.get(waybill)
  }

  /** Ends a flight; what is still being sent for it stops. */
  end(flight: Flight): void {
    if (this.#byTransfer.get(flight.transfer) !== flight) return
    this.#byTransfer.delete(flight.transfer)
    this.#byWaybill.delete(flight.queued.waybill)
    if (isLarge(flight.rank)) this.#large -= 1
    flight.cancel?.abort(new TramError('LINK_CLOSED', { peer: flight.docId, detail: 'transfer ended' }))
  }

  endAll(): void {
    for (const flight of [...this.#byTransfer.values()]) this.end(flight)
  }
}

const isLarge = (rank: QueueRank): boolean => rank.endsWith('b')
