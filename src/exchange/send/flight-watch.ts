// What stands still although its link is up: offers that a recipient neither answers nor takes a byte of, and deliveries past
// their notAfter. Part of station-courier.ts, which asks with each turn of its loop.

import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { logFields } from '../../base/logger.ts'
import type { PeerLog } from '../../base/peer-log.ts'
import type { DeliveryExpiry } from './delivery-expiry.ts'
import type { Flight, Flights } from './flights.ts'
import { isReOffer } from './re-offers.ts'
import { retryMs } from './retry-schedule.ts'

/** How often it is looked for. */
const lookMs = 60_000
/** A flight that has not moved for so long is given up: its place is for other documents. */
const silenceMs = 600_000

export interface FlightWatchDeps {
  flights: Flights
  expiry: DeliveryExpiry
  clock: Clock
  peerLog: PeerLog
  /** Ends a flight from our side, and tells the recipient. */
  cancel(flight: Flight, code: string): void
  retryLater(flight: Flight, afterMs: number): void
}

export class FlightWatch {
  readonly #station: string
  readonly #deps: FlightWatchDeps
  #dueMs = 0
  /** How often in a row offers were given up because nothing came of them. */
  #silences = 0

  /** @param station the recipient */
  constructor(station: string, deps: FlightWatchDeps) {
    this.#station = station
    this.#deps = deps
  }

  /** The recipient has receipted something: it is not one that only stalls. */
  receipted(): void {
    this.#silences = 0
  }

  /** Looks, when that is due. What was given up is offered again later and later, up to an hour. */
  async look(): Promise<void> {
    const { clock, flights, expiry, peerLog } = this.#deps
    const nowMs = clock.monotonic()
    if (nowMs < this.#dueMs) return
    this.#dueMs = nowMs + lookMs
    const silent = flights.all.filter(({ movedMs }) => nowMs - movedMs >= silenceMs)
    for (const flight of silent) {
      this.#deps.cancel(flight, 'DELIVERY_TEMPORARY')
      this.#deps.retryLater(flight, retryMs.failed * 2 ** Math.min(this.#silences, 6))
    }
    if (silent.length > 0) {
      this.#silences += 1
      const message = 'offered, and nothing came of it'
      const trouble = new TramError('DELIVERY_TEMPORARY', { station: this.#station, detail: message })
      const fields = { ...logFields(trouble), document: silent[0]?.docId, flights: silent.length }
      peerLog.write('warn', this.#station, fields, message)
    }
    for (const flight of flights.all) {
      // What was receipted in time does not expire afterwards.
      if (isReOffer(flight.queued)) continue
      if (await expiry.hasExpired(flight.queued.waybill, flight.waybill)) this.#deps.cancel(flight, 'DELIVERY_EXPIRED')
    }
    await expiry.expireHeads()
  }
}
