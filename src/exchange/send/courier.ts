// The courier: takes sealed waybills to their recipient stations. One StationCourier a station with anything to send;
// receipts come back here, are verified and close the delivery. Outbox above it on the way, links below.
import { asTramError, TramError, type Verdict } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { logFields } from '../../base/logger.ts'
import { equalBytes } from '../../document/der.ts'
import { hex } from '../../document/document-id.ts'
import { parseReceipt, type Receipt } from '../../document/receipt.ts'
import { parseWaybill } from '../../document/waybill.ts'
import type { ControlMessage, PeerLink } from '../../equipment/link/peer-link.ts'
import type { SealedReceipt } from '../../equipment/link/schema/messages.ts'
import { PeerLoad } from '../receive/peer-load.ts'
import type { SealChecker } from '../receive/seal-checker.ts'
import type { DeliveryRecord } from '../schema/records.ts'
import { DeliveryState } from '../schema/records.ts'
import type { MissingQuestion } from './re-offers.ts'
import { StationCourier, type StationCourierDeps } from './station-courier.ts'

export interface CourierDeps extends StationCourierDeps {
  seals: SealChecker
}

/** Receipts that are being looked at: as many as one batch of a recipient may bring. An ordinary one is 5 KB. */
const receiptBounds = { countPerPeer: 4096, bytesPerPeer: 8 * 1024 * 1024, bytes: 64 * 1024 * 1024 }
/** How often the queues are looked at unasked: what a failed commit left behind is found again without a restart. */
const lookMs = 60_000
/** What is told of the agencies that a recipient refused: up to 4096, with 500 characters each. */
const maxRefusalChars = 500

export class Courier implements Service {
  readonly name = 'courier'
  readonly #deps: CourierDeps
  readonly #stations = new Map<string, StationCourier>()
  readonly #receipts = new PeerLoad(receiptBounds)
  #running = false
  #timer: NodeJS.Timeout | undefined

  constructor(deps: CourierDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#running = true
    this.#deps.outbox.onQueued((station, rank) => this.#station(station)?.wake(rank))
    await this.wakeAll()
    this.#timer = setInterval(() => {
      this.wakeAll().catch((error: unknown) => this.#deps.logger.warn(logFields(asTramError(error)), 'queues not read'))
    }, lookMs)
  }

  /** What waited for another directory, or for the right time, waits no longer: everything open is offered again. */
  async retryAll(): Promise<void> {
    for (const station of this.#stations.values()) station.retryAll()
    await this.wakeAll()
  }

  /** Every station with something queued is tried now. */
  async wakeAll(): Promise<void> {
    for (const station of await this.#deps.outbox.stationsWaiting()) this.#station(station)?.wake()
  }

  async stop(): Promise<void> {
    this.#running = false
    clearInterval(this.#timer)
    await Promise.all([...this.#stations.values()].map((station) => station.stop()))
  }

  /** A link to `station` is up: everything that is open for it is offered (again). */
  linkOpened(station: string, link: PeerLink): void {
    this.#stations.get(station)?.linkOpened(link)
  }

  linkClosed(station: string, link: PeerLink): void {
    this.#stations.get(station)?.linkClosed(link)
  }

  /** An answer from a recipient. Returns whether the message was one for the courier. */
  message(station: string, link: PeerLink, message: ControlMessage): boolean {
    if (message.receipt != null) {
      this.#receiptHeard(station, link, message.receipt)
      return true
    }
    return this.#stations.get(station)?.message(link, message) ?? isAnswer(message)
  }

  /** `station` asks for what it has receipted and lost (attacker-controlled). Throws as `ReOffers.ask`. */
  missing(station: string, question: MissingQuestion): void {
    this.#station(station)?.missing(question)
  }

  /** Bytes of receipts that are held while they are looked at, of all stations. */
  get heldBytes(): number {
    return this.#receipts.bytes
  }

  /** Deliveries under way by station, for health and `tram queue`. */
  inFlight(): ReadonlyMap<string, number> {
    return new Map([...this.#stations].map(([id, station]) => [id, station.inFlight]))
  }

  #station(id: string): StationCourier | undefined {
    if (!this.#running) return undefined
    const known = this.#stations.get(id)
    if (known !== undefined) return known
    const station = new StationCourier(id, this.#deps)
    this.#stations.set(id, station)
    station.start()
    return station
  }

  /** What finds no room is not looked at; it is told again when its delivery is offered again. */
  #receiptHeard(station: string, link: PeerLink, sealed: SealedReceipt): void {
    const release = this.#receipts.take(link, sealed.receipt.byteLength + sealed.seal.byteLength)
    if (release === undefined) {
      this.#deps.peerLog.write('warn', station, { code: 'OVERLOADED' }, 'too many receipts at once')
      this.#stations.get(station)?.receiptMissed()
      return
    }
    void this.#receipt(station, link, sealed).finally(release)
  }

  async #receipt(station: string, link: PeerLink, sealed: SealedReceipt): Promise<void> {
    const { logger, peerLog } = this.#deps
    try {
      const receipt = parseReceipt(sealed.receipt)
      const waybill = hex(receipt.waybillDigest)
      const delivery = await this.#deps.outbox.delivery(waybill, station)
      if (delivery === undefined) {
        peerLog.write('warn', station, { code: 'RECEIPT_INVALID', waybill }, 'a receipt for nothing that we sent there')
        return
      }
      logger.debug({ step: 'receipt-heard', document: delivery.docId, station }, 'receipt arrived')
      if (delivery.state !== DeliveryState.CLOSED) {
        const verdict = await this.#close(station, waybill, delivery, receipt, sealed)
        if (!verdict.ok) {
          peerLog.write('error', station, { ...logFields(verdict.reason), waybill }, 'receipt not accepted')
          this.#stations.get(station)?.retry(delivery, waybill)
          return
        }
      }
      logger.debug({ step: 'acknowledging', document: delivery.docId, station }, 'acknowledging the receipt')
      link.send({ ack: { waybillDigest: receipt.waybillDigest } })
      this.#stations.get(station)?.settled(waybill)
    } catch (error) {
      const trouble = asTramError(error)
      // A closed link is no news; anything else is, and the delivery stays open and is offered again.
      if (trouble.code === 'LINK_CLOSED') return
      peerLog.write('error', station, logFields(trouble), 'a receipt could not be taken')
      this.#station(station)?.receiptMissed()
    }
  }

  /** A sender accepts only a receipt sealed by the station that it addressed, naming waybill, packet and its agencies. */
  async #close(
    station: string,
    waybill: string,
    delivery: DeliveryRecord,
    receipt: Receipt,
    sealed: SealedReceipt,
  ): Promise<Verdict<void>> {
    const { outbox, seals, logger } = this.#deps
    const own = await outbox.waybill(waybill)
    if (own === undefined) return wrong('its waybill is not ours')
    if (receipt.station !== station) return wrong(`it speaks for ${receipt.station}`)
    const { station: sender, packetDigest } = parseWaybill(own.waybill)
    if (receipt.senderStation !== sender) return wrong(`it answers ${receipt.senderStation}`)
    if (!equalBytes(receipt.packetDigest, packetDigest)) return wrong('it is about another packet')
    const missing = delivery.agencies.filter((code) => !receipt.verdicts.some((verdict) => verdict.agency === code))
    if (missing.length > 0) return wrong(`no verdict for ${missing.join(', ')}`)
    const checked = await seals.check('receipt', sealed.receipt, sealed.seal)
    if (!checked.ok) return { ok: false, reason: checked.reason }
    if (checked.value.station !== station) return wrong(`it is sealed by ${checked.value.station}`)
    const progress = this.#stations.get(station)?.takeProgress(waybill) ?? {}
    logger.debug({ step: 'closing', document: delivery.docId, station }, 'receipt verified')
    const { reference, cms } = checked.value
    const closing = { receipt: sealed.receipt, seal: reference, cms }
    const outcome = await outbox.close(waybill, station, closing, progress)
    if (outcome === undefined) return { ok: true, value: undefined }
    const refused = outcome.refusals.length > 0
    logger.info({ step: 'closed', document: delivery.docId, station, refused }, 'receipt is durable')
    if (refused) {
      const detail = outcome.refusals.join('; ').slice(0, maxRefusalChars)
      logger.error(
        logFields(new TramError('DELIVERY_REFUSED', { station, document: delivery.docId, detail })),
        'refused',
      )
    }
    return { ok: true, value: undefined }
  }
}

const wrong = (detail: string): Verdict<void> => ({ ok: false, reason: new TramError('RECEIPT_INVALID', { detail }) })

/** Answers to offers of a courier that is gone (the station was stopping): nothing to do, and not reception's. */
function isAnswer(message: ControlMessage): boolean {
  return (
    message.want != null ||
    message.known != null ||
    message.stored != null ||
    message.temporary != null ||
    message.reject != null
  )
}
