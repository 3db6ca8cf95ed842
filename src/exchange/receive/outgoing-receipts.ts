// Receipts of ours: sealed in batches, pushed to the sender's station when it is connected, repeated when it asks again, and
// done when it has acknowledged. Beside reception, which decides what they say; the sealer calls.
import { setTimeout as delay } from 'node:timers/promises'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { equalBytes } from '../../document/der.ts'
import { hex } from '../../document/document-id.ts'
import { parseReceipt } from '../../document/receipt.ts'
import { Seal } from '../../document/schema/seal.ts'
import { parseWaybill } from '../../document/waybill.ts'
import type { PeerLink } from '../../equipment/link/peer-link.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { InboundRecord, type SealReference, WaybillRecord } from '../schema/records.ts'
import type { Sealable, Sealer } from '../send/sealer.ts'
import type { StaleSeals } from '../send/stale-seals.ts'

/** Where receipts go: the live link to a station (switchboard.ts). */
export interface AnswerLinks {
  answerLink(station: string): PeerLink | undefined
}

export interface OutgoingReceiptsDeps {
  records: RecordStore
  sealer: Sealer
  answers: AnswerLinks
  stale: StaleSeals
  logger: Logger
}

/**
 * Acknowledgements of so long are noted together. Nothing is promised of them and nobody waits: one that a crash takes was as good as
 * lost on the way. Written as they came, they were a third of a recipient's syncs.
 */
export const ackNoteMs = 500

export class OutgoingReceipts implements Sealable {
  readonly #deps: OutgoingReceiptsDeps
  readonly #lock = new KeyedLock()
  /** Records between load and released, so that sealing thousands reads each once. */
  readonly #loaded = new Map<string, InboundRecord>()
  /** Resolves when the acknowledgements that came meanwhile are to be noted. */
  #noting: Promise<void> | undefined

  constructor(deps: OutgoingReceiptsDeps) {
    this.#deps = deps
    deps.sealer.register('receipt', this)
  }

  async load(ids: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const values = await this.#deps.records.getMany(ids.map((id) => key('inbound', id)))
    this.#loaded.clear()
    return values.map((value, at) => {
      if (value === undefined) return undefined
      const record = InboundRecord.decode(value)
      this.#loaded.set(ids[at] ?? '', record)
      return record.receipt
    })
  }

  operations(): number {
    return 1
  }

  async sealed(id: string, seal: SealReference): Promise<RecordOperation[]> {
    const record = this.#loaded.get(id)
    if (record === undefined) throw new TramError('INTERNAL', { detail: `receipt of ${id} was sealed but not loaded` })
    return [{ type: 'put', key: key('inbound', id), value: InboundRecord.encode({ ...record, receiptSeal: seal }) }]
  }

  released(id: string, seal: SealReference, cms: Uint8Array): void {
    const record = this.#loaded.get(id)
    this.#loaded.delete(id)
    if (record !== undefined) void this.#push(id, record.receipt, seal, cms)
  }

  /** The sender asks again: tells it the receipt, or lets it wait for the token. */
  async repeat(link: PeerLink, waybillDigest: string, record: InboundRecord): Promise<void> {
    if (record.receiptSeal == null) {
      this.#deps.sealer.wake()
      return
    }
    const { stale } = this.#deps
    // Nobody has believed it, or the sender would not ask.
    if (stale.isFromFuture(record.receiptSeal) || (await stale.isOutdated(record.receiptSeal))) {
      return this.#reseal(waybillDigest, record.receiptSeal)
    }
    const cms = await this.#deps.records.get(key('cms', hex(record.receiptSeal.cmsDigest)))
    if (cms === undefined) {
      throw new TramError('STORE_DAMAGED', { place: `cms of the receipt for ${waybillDigest}`, detail: 'missing' })
    }
    send(link, record.receipt, record.receiptSeal, cms)
  }

  /** Queues the same receipt for a new seal; once, however often it is asked for before it has it. */
  async #reseal(waybillDigest: string, stale: SealReference): Promise<void> {
    const { records, sealer } = this.#deps
    await this.#lock.run(waybillDigest, async () => {
      const value = await records.get(key('inbound', waybillDigest))
      const record = value === undefined ? undefined : InboundRecord.decode(value)
      if (record?.receiptSeal == null || !equalBytes(record.receiptSeal.cmsDigest, stale.cmsDigest)) return
      const { receiptSeal: _, ...unsealed } = record
      await records.commit([
        { type: 'put', key: key('inbound', waybillDigest), value: InboundRecord.encode(unsealed) },
        sealer.queue('receipt', waybillDigest),
      ])
    })
    sealer.wake()
  }

  /**
   * `station` says that it has the receipt (attacker-controlled). Never receipted itself; a repeated one, an unknown one or
   * one of another station than the receipt is for changes nothing.
   */
  async acknowledged(waybillDigest: string, station: string): Promise<void> {
    const { records, logger } = this.#deps
    // Judged as it comes: a receipt that is sealed only later is not what it speaks of.
    if ((await this.#unacknowledged(waybillDigest, station)) === undefined) return
    logger.debug({ step: 'ack-heard', waybill: waybillDigest }, 'the sender has the receipt')
    await this.#untilNoted()
    await this.#lock.run(waybillDigest, async () => {
      const record = await this.#unacknowledged(waybillDigest, station)
      if (record === undefined) return
      const acknowledged = InboundRecord.encode({ ...record, acknowledged: true })
      await records.commit([{ type: 'put', key: key('inbound', waybillDigest), value: acknowledged }])
      logger.debug({ step: 'acknowledged', waybill: waybillDigest }, 'acknowledgement is durable')
    })
  }

  /** The record whose sealed receipt is for `station` and not acknowledged yet. */
  async #unacknowledged(waybillDigest: string, station: string): Promise<InboundRecord | undefined> {
    const value = await this.#deps.records.get(key('inbound', waybillDigest))
    if (value === undefined) return undefined
    const record = InboundRecord.decode(value)
    if (record.receiptSeal == null || record.acknowledged) return undefined
    return parseReceipt(record.receipt).senderStation === station ? record : undefined
  }

  #untilNoted(): Promise<void> {
    this.#noting ??= delay(ackNoteMs, undefined, { ref: false }).finally(() => {
      this.#noting = undefined
    })
    return this.#noting
  }

  async #push(id: string, receipt: Uint8Array, seal: SealReference, cms: Uint8Array): Promise<void> {
    this.#deps.logger.debug({ step: 'receipt-sealed', waybill: id }, 'receipt is sealed')
    try {
      const value = await this.#deps.records.get(key('waybill', id))
      if (value === undefined) throw new TramError('STORE_DAMAGED', { place: `waybill ${id}`, detail: 'missing' })
      const link = this.#deps.answers.answerLink(parseWaybill(WaybillRecord.decode(value).waybill).station)
      // No link: the sender offers again when it is back, and is answered with this receipt then.
      if (link === undefined) return
      send(link, receipt, seal, cms)
      this.#deps.logger.debug({ step: 'receipt-sent', waybill: id }, 'receipt is on its way')
    } catch (error) {
      const trouble = asTramError(error)
      if (trouble.code !== 'LINK_CLOSED')
        this.#deps.logger.error({ ...logFields(trouble), waybill: id }, 'receipt not sent yet')
    }
  }
}

function send(link: PeerLink, receipt: Uint8Array, seal: SealReference, cms: Uint8Array): void {
  const bytes = Seal.encode({ cms: Buffer.from(cms), leafIndex: seal.leafIndex, path: seal.path })
  link.send({ receipt: { receipt: Buffer.from(receipt), seal: bytes } })
}
