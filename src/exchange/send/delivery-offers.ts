// What may be offered to a recipient station: a delivery with its sealed waybill, read and judged before each offer.
// Part of station-courier.ts; the outbox keeps the records.

import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { hex } from '../../document/document-id.ts'
import { Seal } from '../../document/schema/seal.ts'
import { parseWaybill, type Waybill } from '../../document/waybill.ts'
import type { Offer } from '../../equipment/link/schema/messages.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import { DeliveryState, type SealReference } from '../schema/records.ts'
import { DeliveryExpiry } from './delivery-expiry.ts'
import type { Outbox, QueuedDelivery } from './outbox.ts'
import { isReOffer } from './re-offers.ts'
import type { StaleSeals } from './stale-seals.ts'

export interface LoadedOffer {
  docId: string
  waybill: Waybill
  sealReference: SealReference
  message: Omit<Offer, 'transfer'>
}

export interface DeliveryOffersDeps {
  records: RecordStore
  outbox: Outbox
  stale: StaleSeals
  clock: Clock
  logger: Logger
}

export class DeliveryOffers {
  readonly #station: string
  readonly #deps: DeliveryOffersDeps
  readonly expiry: DeliveryExpiry

  constructor(station: string, deps: DeliveryOffersDeps) {
    this.#station = station
    this.#deps = deps
    this.expiry = new DeliveryExpiry(station, deps)
  }

  /**
   * What to offer for a queued delivery; undefined when it is closed, unsealed or expired by now.
   * @throws TramError STORE_DAMAGED, STORE_FAILED
   */
  async load(queued: QueuedDelivery): Promise<LoadedOffer | undefined> {
    const { outbox, records } = this.#deps
    const [delivery, record] = await Promise.all([
      outbox.delivery(queued.waybill, this.#station),
      outbox.waybill(queued.waybill),
    ])
    const isAgain = isReOffer(queued)
    if (delivery === undefined || record?.seal == null) return undefined
    if ((delivery.state === DeliveryState.CLOSED) !== isAgain) return undefined
    const waybill = parseWaybill(record.waybill)
    // What was receipted in time does not expire afterwards.
    if (!isAgain && (await this.expiry.hasExpired(queued.waybill, waybill))) return undefined
    if (!isAgain && this.#deps.stale.isFromFuture(record.seal)) {
      await outbox.reseal(queued.waybill, this.#station)
      return undefined
    }
    const cms = await records.get(key('cms', hex(record.seal.cmsDigest)))
    if (cms === undefined)
      throw new TramError('STORE_DAMAGED', { place: `cms of ${queued.waybill}`, detail: 'missing' })
    const seal = Seal.encode({ cms: Buffer.from(cms), leafIndex: record.seal.leafIndex, path: record.seal.path })
    const sealReference = record.seal
    return {
      docId: delivery.docId,
      waybill,
      sealReference,
      message: { waybill: record.waybill, seal, agencies: delivery.agencies },
    }
  }
}
