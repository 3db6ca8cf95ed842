// What a recipient answers to an offer, other than that it wants the bytes: it has them already, has stored them, not now, never.
// Part of station-courier.ts; all of it is attacker-controlled, and none of it closes a delivery: only a receipt does.
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { PeerLog } from '../../base/peer-log.ts'
import { equalBytes } from '../../document/der.ts'
import type { ControlMessage } from '../../equipment/link/peer-link.ts'
import type { Temporary } from '../../equipment/link/schema/messages.ts'
import { DeliveryState } from '../schema/records.ts'
import type { DeliveryNotes } from './delivery-notes.ts'
import type { Flight, Flights } from './flights.ts'
import type { Outbox } from './outbox.ts'
import { isReOffer, type ReOffers } from './re-offers.ts'
import { type RetrySchedule, retryMs } from './retry-schedule.ts'
import type { StaleSeals } from './stale-seals.ts'

export interface OfferAnswersDeps {
  outbox: Outbox
  stale: StaleSeals
  flights: Flights
  retries: RetrySchedule
  again: ReOffers
  notes: DeliveryNotes
  clock: Clock
  logger: Logger
  peerLog: PeerLog
  /** Offers the flight's delivery again after a while. */
  retryLater: (flight: Flight, afterMs: number) => void
  /** There is room for another offer. */
  wake: () => void
  /** Aborts when the courier stops. */
  signal: AbortSignal
}

export class OfferAnswers {
  readonly #id: string
  readonly #deps: OfferAnswersDeps

  /** `id`: the recipient station. */
  constructor(id: string, deps: OfferAnswersDeps) {
    this.#id = id
    this.#deps = deps
  }

  /** Returns whether the message was such an answer. One to an offer that is not under way says nothing. */
  heard(message: ControlMessage): boolean {
    if (message.known != null) this.#stored(message.known.transfer)
    else if (message.stored != null) this.#stored(message.stored.transfer)
    else if (message.temporary != null) this.#temporary(message.temporary)
    else if (message.reject != null) this.#rejected(message.reject.transfer, message.reject.code, message.reject.detail)
    else return false
    return true
  }

  #stored(transfer: number): void {
    const flight = this.#deps.flights.get(transfer)
    if (flight === undefined) return
    this.#deps.logger.debug({ step: 'stored-heard', document: flight.docId }, 'the recipient has stored it')
    this.#deps.flights.end(flight)
    this.#deps.again.settled(flight.queued)
    this.#deps.retries.expectReceipt()
    const told = { offeredAt: flight.offeredAt, storedAt: this.#deps.clock.now() }
    this.#deps.notes.add(flight.queued.waybill, { state: DeliveryState.AWAITING_RECEIPT, ...told })
    this.#deps.wake()
  }

  #temporary({ transfer, code, retryAfterMs, reseal }: Temporary): void {
    const flight = this.#deps.flights.get(transfer)
    if (flight === undefined) return
    this.#log('warn', flight, { detail: code.slice(0, 64), reseal }, 'not now')
    this.#deps.flights.end(flight)
    if (reseal) {
      this.#reseal(flight, code).catch((error: unknown) => {
        if (this.#deps.signal.aborted) return
        this.#deps.logger.error(logFields(asTramError(error)), 'could not queue for a new seal')
        // The recipient will ask for it again.
        this.#deps.retryLater(flight, retryMs.failed)
      })
      return
    }
    this.#deps.retryLater(flight, retryAfterMs)
    this.#deps.notes.add(flight.queued.waybill, { lastTrouble: code.slice(0, 64), offeredAt: flight.offeredAt })
  }

  /** The recipient finds the seal's certificate expired or its generation closed (attacker-controlled). */
  async #reseal(flight: Flight, code: string): Promise<void> {
    const { outbox, stale } = this.#deps
    const { queued, seal } = flight
    if (await stale.wouldDiffer(seal, this.#deps.signal)) {
      if (isReOffer(queued)) this.#deps.again.later(queued, retryMs.resealed)
      return outbox.reseal(queued.waybill, this.#id)
    }
    // Another recipient may have asked for it before: then there is a new seal to offer.
    const current = (await outbox.waybill(queued.waybill))?.seal?.cmsDigest
    const isSame = current === undefined || equalBytes(current, seal.cmsDigest)
    this.#deps.retryLater(flight, isSame ? retryMs.sameSeal : 0)
    this.#deps.notes.add(flight.queued.waybill, { lastTrouble: code.slice(0, 64), offeredAt: flight.offeredAt })
  }

  #rejected(transfer: number, code: string, detail: string): void {
    const flight = this.#deps.flights.get(transfer)
    if (flight === undefined) return
    const fields = { reason: code.slice(0, 64), detail: detail.slice(0, 500) }
    this.#log('error', flight, fields, 'the recipient cannot believe this offer; trying again later')
    this.#deps.flights.end(flight)
    if (isReOffer(flight.queued)) this.#deps.again.refused(flight.queued, retryMs.rejected)
    else this.#deps.retryLater(flight, retryMs.rejected)
  }

  #log(level: 'warn' | 'error', { docId }: Flight, fields: object, message: string): void {
    const trouble = new TramError('DELIVERY_TEMPORARY', { station: this.#id, detail: message })
    this.#deps.peerLog.write(level, this.#id, { ...logFields(trouble), document: docId, ...fields }, message)
  }
}
