// When a delivery ends because its time is over: by the sender's clock, and only while that clock is trusted.
// Part of station-courier.ts.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { parseWaybill, type Waybill } from '../../document/waybill.ts'
import { type Outbox, queueRanks } from './outbox.ts'

export interface DeliveryExpiryDeps {
  outbox: Outbox
  clock: Clock
  logger: Logger
}

export class DeliveryExpiry {
  readonly #station: string
  readonly #deps: DeliveryExpiryDeps

  /** @param station the recipient */
  constructor(station: string, deps: DeliveryExpiryDeps) {
    this.#station = station
    this.#deps = deps
  }

  /** Ends what has waited past its notAfter while nobody answered. Queues are in order of sealing, so the oldest come first. */
  async expireHeads(): Promise<void> {
    const { outbox } = this.#deps
    for (const rank of queueRanks) {
      for (const { waybill } of await outbox.queued(this.#station, rank, undefined, 64)) {
        const record = await outbox.waybill(waybill)
        if (record === undefined || !(await this.hasExpired(waybill, parseWaybill(record.waybill)))) break
      }
    }
  }

  /** Whether a delivery is past its notAfter; then it is ended. Never while the time is in doubt. */
  async hasExpired(waybill: string, { notAfter }: Pick<Waybill, 'notAfter'>): Promise<boolean> {
    const { outbox, clock, logger } = this.#deps
    if (clock.doubt !== undefined || clock.now() < notAfter) return false
    const document = (await outbox.waybill(waybill))?.docId ?? ''
    await outbox.expire(waybill, this.#station)
    logger.error(logFields(new TramError('DELIVERY_EXPIRED', { document, station: this.#station })), 'delivery expired')
    return true
  }
}
