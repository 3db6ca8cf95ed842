// What became of the documents that we sent: the sender's view for backends and people, put together from documents, deliveries
// and processing statuses. Read by the desk; nothing is stored here.
import { TramError } from '../../base/errors.ts'
import { inboxItemId } from '../../document/document-id.ts'
import { Outcome, parseReceipt } from '../../document/receipt.ts'
import { isWithin, key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { DeliveryStateName, ListQuery, SentItem } from '../desk.ts'
import type { Directory } from '../directory/directory.ts'
import { type Addressee, type DeliveryRecord, DeliveryState, DocumentRecord } from '../schema/records.ts'
import type { Statuses } from '../statuses.ts'
import type { Outbox } from './outbox.ts'

/** The longest page that is put together for one answer. */
export const maxPageItems = 1000

/** The state of a delivery for one agency; a receipt has a verdict for each. */
export function deliveryOutcome(
  delivery: DeliveryRecord,
  agency: string,
): { state: DeliveryStateName; refusal: SentItem['refusal']; deliveredAt: number | null } {
  const open = (state: DeliveryStateName) => ({ state, refusal: null, deliveredAt: null })
  switch (delivery.state) {
    case DeliveryState.SEALING:
      return open('sealing')
    case DeliveryState.SENDING:
      return open('sending')
    case DeliveryState.AWAITING_RECEIPT:
      return open('stored')
    case DeliveryState.EXPIRED:
      return open('expired')
    case DeliveryState.CLOSED: {
      const { verdicts, decided } = parseReceipt(delivery.receipt)
      const verdict = verdicts.find((entry) => entry.agency === agency)
      if (verdict?.outcome === Outcome.STORED) return { state: 'delivered', refusal: null, deliveredAt: decided }
      const refusal = { code: verdict?.code ?? '', detail: verdict?.detail ?? '' }
      return { state: 'refused', refusal, deliveredAt: null }
    }
  }
}

export class SentRegister {
  readonly #station: string
  readonly #records: RecordStore
  readonly #outbox: Outbox
  readonly #statuses: Statuses
  readonly #directory: Directory

  constructor(
    options: { station: string },
    deps: { records: RecordStore; outbox: Outbox; statuses: Statuses; directory: Directory },
  ) {
    this.#station = options.station
    this.#records = deps.records
    this.#outbox = deps.outbox
    this.#statuses = deps.statuses
    this.#directory = deps.directory
  }

  /** A document of ours, or undefined. */
  async document(docId: string): Promise<DocumentRecord | undefined> {
    const value = await this.#records.get(key('document', docId))
    return value === undefined ? undefined : DocumentRecord.decode(value)
  }

  /** See Desk.listSent. */
  async list(query: ListQuery & { docId: string | null }): Promise<SentItem[]> {
    const agencies = new Set<string>()
    for (const code of query.backend.agencies) {
      for (const name of await this.#directory.codesOf(code)) agencies.add(name)
    }
    const pageSize = Math.min(query.pageSize, maxPageItems)
    const after = query.after == null ? null : placeOf(query.after)
    let toSkip = after === null ? (query.pageIndex - 1) * pageSize : 0
    const page: SentItem[] = []
    for await (const { name, document } of this.#documents(query, agencies, after?.name ?? null)) {
      const seen = name === after?.name ? after.addressees : Math.min(toSkip, document.addressees.length)
      toSkip = Math.max(0, toSkip - seen)
      for (const [at, addressee] of document.addressees.entries()) {
        if (at < seen) continue
        if (page.length >= pageSize) return page
        page.push(await this.#item(document, addressee, `${name}#${at + 1}`))
      }
    }
    return page
  }

  /** One (document, recipient agency) pair with its delivery and the furthest processing status. */
  async #item(document: DocumentRecord, addressee: Addressee, cursor: string): Promise<SentItem> {
    const delivery = await this.#outbox.delivery(addressee.waybill, addressee.station)
    const outcome =
      delivery === undefined
        ? { state: 'expired' as const, refusal: null, deliveredAt: null }
        : deliveryOutcome(delivery, addressee.agency)
    return {
      docId: document.docId,
      itemId: inboxItemId(this.#station, document.senderAgency, document.packetDigest, addressee.agency),
      kind: document.isStatus ? 'status' : 'document',
      title: document.title,
      notation: document.notation,
      from: document.senderAgency,
      to: addressee.agency,
      ...outcome,
      processing: document.isStatus ? null : await this.#statuses.current(document.reference, addressee.agency),
      sentAt: document.acceptedAt,
      cursor,
    }
  }

  /**
   * Newest first; one agency after the other, since each has its own index.
   * @param after key of the first document to yield, null = from the newest
   */
  async *#documents(
    query: ListQuery & { docId: string | null },
    agencies: ReadonlySet<string>,
    after: string | null,
  ): AsyncGenerator<{ name: string; document: DocumentRecord }> {
    if (query.docId !== null) {
      const document = await this.document(query.docId)
      if (document === undefined || !agencies.has(document.senderAgency)) return
      const time = sequencePart(document.acceptedAt)
      yield { name: key('sent', document.senderAgency, query.kind, time, document.docId), document }
      return
    }
    const all = [...agencies]
    const at = after === null ? 0 : all.findIndex((agency) => isWithin(range('sent', agency, query.kind), after))
    if (at < 0) throw new TramError('REQUEST_INVALID', { field: 'after', detail: 'is no place in this list' })
    for (const [index, agency] of all.slice(at).entries()) {
      const whole = range('sent', agency, query.kind)
      const from = query.fromMs === null ? whole.from : key('sent', agency, query.kind, sequencePart(query.fromMs))
      let to = query.toMs === null ? whole.to : key('sent', agency, query.kind, sequencePart(query.toMs))
      if (index === 0 && after !== null && isWithin({ from: whole.from, to }, after)) to = `${after}\0`
      for await (const [name] of this.#records.range({ from, to, reverse: true })) {
        const document = await this.document(name.slice(name.lastIndexOf(':') + 1))
        if (document !== undefined) yield { name, document }
      }
    }
  }
}

/** What a cursor of this list means. Attacker-controlled. */
function placeOf(cursor: string): { name: string; addressees: number } {
  const at = cursor.lastIndexOf('#')
  const addressees = Number(cursor.slice(at + 1))
  if (at < 0 || !/^\d{1,6}$/.test(cursor.slice(at + 1)))
    throw new TramError('REQUEST_INVALID', { field: 'after', detail: 'is no place in this list' })
  return { name: cursor.slice(0, at), addressees }
}
