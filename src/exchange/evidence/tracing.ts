// The way of one document with its times, on either side: what `tram trace` and the REST API show. Nothing is stored here.
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { DeliveryStateName, PacketKindName } from '../desk.ts'
import type { Inbox } from '../receive/inbox.ts'
import { type Addressee, type DocumentRecord, InboundRecord, type ItemRecord } from '../schema/records.ts'
import type { Outbox } from '../send/outbox.ts'
import { deliveryOutcome, type SentRegister } from '../send/sent-register.ts'
import type { Statuses } from '../statuses.ts'

/** One step that was reached, in the words of the design. Times in ms since 1970. */
export interface TraceStep {
  step: string
  at: number
  /** Station or agency that it concerns, '' for the whole document. */
  where: string
  detail: string
}

export interface DocumentTrace {
  docId: string
  /** `sent` by an agency of ours, or `received` for one. */
  direction: 'sent' | 'received'
  kind: PacketKindName
  from: string
  to: string[]
  sizeBytes: number
  /** Hex SHA-256 of the packet. */
  digest: string
  states: { agency: string; station: string; state: DeliveryStateName | 'received' }[]
  steps: TraceStep[]
}

export class Tracing {
  readonly #records: RecordStore
  readonly #sent: SentRegister
  readonly #outbox: Outbox
  readonly #inbox: Inbox
  readonly #statuses: Statuses

  constructor(deps: { records: RecordStore; sent: SentRegister; outbox: Outbox; inbox: Inbox; statuses: Statuses }) {
    this.#records = deps.records
    this.#sent = deps.sent
    this.#outbox = deps.outbox
    this.#inbox = deps.inbox
    this.#statuses = deps.statuses
  }

  /** The trace of a document that we sent (DocId) or received (item id); undefined when there is neither. */
  async trace(id: string): Promise<DocumentTrace | undefined> {
    const document = await this.#sent.document(id)
    if (document !== undefined) return this.#sentTrace(document)
    const item = await this.#inbox.find(id)
    return item === undefined ? undefined : this.#receivedTrace(item)
  }

  async #sentTrace(document: DocumentRecord): Promise<DocumentTrace> {
    const steps: TraceStep[] = [
      { step: 'accepted', at: document.acceptedAt, where: document.senderAgency, detail: document.systemid },
    ]
    const states: DocumentTrace['states'] = []
    const seen = new Set<string>()
    for (const addressee of document.addressees) {
      const state = await this.#addDelivery(addressee, steps, seen)
      states.push({ agency: addressee.agency, station: addressee.station, state })
    }
    if (!document.isStatus) {
      for (const { code, description, from, receivedAt } of await this.#statuses.history(document.reference)) {
        steps.push({ step: `status ${code}`, at: receivedAt, where: from, detail: description })
      }
    }
    return {
      docId: document.docId,
      direction: 'sent',
      kind: document.isStatus ? 'status' : 'document',
      from: document.senderAgency,
      to: document.addressees.map(({ agency }) => agency),
      sizeBytes: document.packetSize,
      digest: Buffer.from(document.packetDigest).toString('hex'),
      states,
      steps: inOrder(steps),
    }
  }

  async #addDelivery(addressee: Addressee, steps: TraceStep[], seen: Set<string>): Promise<DeliveryStateName> {
    const { waybill, station } = addressee
    const delivery = await this.#outbox.delivery(waybill, station)
    if (delivery === undefined) return 'expired'
    const outcome = deliveryOutcome(delivery, addressee.agency)
    if (seen.has(`${waybill}/${station}`)) return outcome.state
    seen.add(`${waybill}/${station}`)
    if (!seen.has(waybill)) {
      seen.add(waybill)
      const sealedAt = (await this.#outbox.waybill(waybill))?.seal?.sealedAt ?? 0
      steps.push({ step: 'sealed', at: sealedAt, where: '', detail: waybill })
    }
    steps.push({ step: 'offered', at: delivery.offeredAt, where: station, detail: delivery.lastTrouble })
    steps.push({ step: 'stored', at: delivery.storedAt, where: station, detail: '' })
    const detail = outcome.refusal === null ? '' : `${outcome.refusal.code}: ${outcome.refusal.detail}`
    const end = delivery.receipt.byteLength > 0 ? 'receipt' : 'expired'
    steps.push({ step: end, at: delivery.closedAt, where: station, detail })
    return outcome.state
  }

  async #receivedTrace(item: ItemRecord): Promise<DocumentTrace> {
    const value = await this.#records.get(key('inbound', item.waybill))
    const inbound = value === undefined ? undefined : InboundRecord.decode(value)
    const steps: TraceStep[] = [
      { step: 'stored', at: item.receivedAt, where: item.to, detail: item.waybill },
      { step: 'receipt sealed', at: inbound?.receiptSeal?.sealedAt ?? 0, where: '', detail: '' },
      { step: 'fetched', at: item.fetchedAt, where: item.to, detail: '' },
    ]
    if (item.mark !== 'initial') steps.push({ step: item.mark, at: item.updatedAt, where: item.to, detail: '' })
    for (const status of item.reference === '' ? [] : await this.#statuses.history(item.reference)) {
      steps.push({
        step: `status ${status.code}`,
        at: status.receivedAt,
        where: status.from,
        detail: status.description,
      })
    }
    return {
      docId: item.docId,
      direction: 'received',
      kind: item.isStatus ? 'status' : 'document',
      from: item.from,
      to: [item.to],
      sizeBytes: item.packetSize,
      digest: Buffer.from(item.packetDigest).toString('hex'),
      states: [{ agency: item.to, station: '', state: 'received' }],
      steps: inOrder(steps),
    }
  }
}

/** Steps that were reached, by time; a stable sort keeps the order of the way among equals. */
const inOrder = (steps: TraceStep[]): TraceStep[] => steps.filter(({ at }) => at > 0).sort((a, b) => a.at - b.at)
