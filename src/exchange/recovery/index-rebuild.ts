// After damage: puts back what leads to our own documents, deliveries and items, as far as their records still exist, and finds
// those that cannot be delivered any more. What commits at once can still be lost in part. Called by recovery.ts.
// Long because: each kind of record has its own few rules, and they are told together.
import { hex } from '../../document/document-id.ts'
import { Outcome, parseReceipt } from '../../document/receipt.ts'
import { key, type Namespace, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { PacketStore } from '../../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { PacketOwners } from '../packet-owners.ts'
import type { Inbox } from '../receive/inbox.ts'
import { putArriving } from '../receive/incoming-parts.ts'
import type { References } from '../references.ts'
import {
  type Addressee,
  DeliveryRecord,
  DeliveryState,
  DocumentRecord,
  InboundRecord,
  InboundState,
  ItemRecord,
  type SealReference,
} from '../schema/records.ts'
import { closedKey, type Outbox } from '../send/outbox.ts'
import type { Sealer } from '../send/sealer.ts'
import type { Sequence } from '../sequence.ts'

/** Ids that are looked for among what waits for the token, at a time: the memory that the pass takes. */
const maxCandidates = 4096

export interface IndexRebuildDeps {
  records: RecordStore
  packets: PacketStore
  outbox: Outbox
  inbox: Inbox
  owners: PacketOwners
  references: References
  sealer: Sealer
  sequence: Sequence
}

type LeafKind = 'waybill' | 'receipt'

export class IndexRebuild {
  readonly #deps: IndexRebuildDeps
  readonly #unsealed = { waybill: new Set<string>(), receipt: new Set<string>() }

  constructor(deps: IndexRebuildDeps) {
    this.#deps = deps
  }

  /**
   * Goes through all records once, in bounded pieces, while the station works.
   * @param onLost told of each document that cannot be delivered any more; sent again by its backend, it is accepted anew
   * @throws TramError STORE_*; the signal's reason
   */
  async run(onLost: (docId: string) => Promise<void>, signal: AbortSignal): Promise<void> {
    for await (const value of this.#values('document', signal)) {
      const document = DocumentRecord.decode(value)
      await this.#mendDocument(document)
      if (!(await this.#mendDeliveries(document))) await onLost(document.docId)
    }
    for await (const [name, value] of this.#entries('delivery', signal)) {
      const [, waybill = '', station = ''] = name.split(':')
      await this.#mendDelivery(waybill, station, DeliveryRecord.decode(value))
    }
    for await (const [name, value] of this.#entries('inbound', signal))
      await this.#mendInbound(name.slice('inbound:'.length), InboundRecord.decode(value))
    for await (const value of this.#values('item', signal)) await this.#mendItem(ItemRecord.decode(value))
    await this.#queueUnsealed('waybill')
    await this.#queueUnsealed('receipt')
    await this.#dropStrays(signal)
    this.#deps.sealer.wake()
  }

  /** Whether everything is here that a document's open deliveries need. */
  async isWhole(docId: string): Promise<boolean> {
    const value = await this.#deps.records.get(key('document', docId))
    if (value === undefined) return false
    const document = DocumentRecord.decode(value)
    const hasPacket = await this.#deps.packets.has(document.packetDigest)
    for (const { waybill, station } of document.addressees) {
      const delivery = await this.#deps.outbox.delivery(waybill, station)
      if (delivery === undefined) return false
      if (isOpen(delivery) && (!hasPacket || (await this.#deps.outbox.waybill(waybill)) === undefined)) return false
    }
    return true
  }

  async #mendDocument({ docId, senderAgency, isStatus, acceptedAt, reference, packetDigest }: DocumentRecord) {
    const { references, owners, packets } = this.#deps
    const kind = isStatus ? 'status' : 'document'
    const operations: RecordOperation[] = [
      { type: 'put', key: key('sent', senderAgency, kind, sequencePart(acceptedAt), docId), value: new Uint8Array(0) },
    ]
    if (!isStatus) operations.push(references.putDocument(reference, docId))
    if (await packets.has(packetDigest)) operations.push(owners.add(packetDigest, `document-${docId}`))
    await this.#putMissing(operations)
  }

  /** Opens deliveries again that are gone although their waybill is here. Returns whether all can be delivered. */
  async #mendDeliveries(document: DocumentRecord): Promise<boolean> {
    const { outbox, records } = this.#deps
    let isWhole = true
    const hasPacket = await this.#deps.packets.has(document.packetDigest)
    for (const [waybill, station, agencies] of deliveriesOf(document.addressees)) {
      await outbox.exclusively(waybill, station, async () => {
        const delivery = await outbox.delivery(waybill, station)
        if (delivery !== undefined && !isOpen(delivery)) return
        const hasWaybill = (await outbox.waybill(waybill)) !== undefined
        if (!hasWaybill || !hasPacket) isWhole = false
        const name = key('delivery', waybill, station)
        // Without waybill it can never be offered, and would keep the same submission from a new one.
        if (!hasWaybill && delivery !== undefined) await records.commit([{ type: 'delete', key: name }])
        if (!hasWaybill || delivery !== undefined) return
        // Whether it was receipted is not known any more: offered again, it is answered with the receipt.
        const { docId, acceptedAt } = document
        const opened = { state: DeliveryState.SEALING, docId, agencies, openedAt: acceptedAt }
        await records.commit([{ type: 'put', key: name, value: DeliveryRecord.encode(opened) }])
      })
    }
    return isWhole
  }

  async #mendDelivery(waybill: string, station: string, seen: DeliveryRecord): Promise<void> {
    const { outbox, records, sequence } = this.#deps
    if (seen.state === DeliveryState.SEALING) return this.#candidate('waybill', waybill)
    await outbox.exclusively(waybill, station, async () => {
      const delivery = await outbox.delivery(waybill, station)
      if (delivery?.state === DeliveryState.CLOSED) {
        const isStored = parseReceipt(delivery.receipt).verdicts.some(({ outcome }) => outcome === Outcome.STORED)
        const name = closedKey(station, delivery.closedAt, waybill)
        if (isStored) await this.#putMissing([{ type: 'put', key: name, value: new Uint8Array(0) }])
        return
      }
      if (delivery === undefined || !isOpen(delivery) || delivery.state === DeliveryState.SEALING) return
      const record = await outbox.waybill(waybill)
      if (record !== undefined && !(await this.#hasSeal(record.seal))) await this.#candidate('waybill', waybill)
      if (delivery.queueKey !== '' && (await records.get(delivery.queueKey)) !== undefined) return
      if (record === undefined) return
      const queueKey = key('queue', station, record.queueRank, sequencePart(sequence.next()))
      const value = DeliveryRecord.encode({ ...delivery, queueKey })
      await records.commit([
        { type: 'put', key: queueKey, value: Buffer.from(waybill) },
        { type: 'put', key: key('delivery', waybill, station), value },
      ])
      outbox.wake(station)
    })
  }

  async #mendInbound(waybill: string, { state, receiptSeal, offeredAt }: InboundRecord): Promise<void> {
    if (state === InboundState.DECIDED && !(await this.#hasSeal(receiptSeal))) await this.#candidate('receipt', waybill)
    if (state === InboundState.RECEIVING) await this.#putMissing([putArriving(waybill, offeredAt)])
  }

  async #mendItem({ itemId, isStatus, reference, packetDigest }: ItemRecord): Promise<void> {
    const { inbox, owners, packets, references } = this.#deps
    const operations: RecordOperation[] = []
    if (!isStatus && reference !== '') operations.push(references.putItem(reference, itemId))
    if (await packets.has(packetDigest)) operations.push(owners.add(packetDigest, `item-${itemId}`))
    await inbox.whileUnchanged([itemId], async () => {
      const item = await inbox.find(itemId)
      if (item !== undefined && item.inboxKey !== '')
        operations.push({ type: 'put', key: item.inboxKey, value: Buffer.from(itemId) })
      await this.#putMissing(operations)
    })
  }

  /** Whether a seal of ours is there, with its CMS; what is not is sealed anew. */
  async #hasSeal(seal: SealReference | null | undefined): Promise<boolean> {
    return seal != null && (await this.#deps.records.get(key('cms', hex(seal.cmsDigest)))) !== undefined
  }

  /** Entries of queues and inboxes whose delivery or item is gone, or stands elsewhere. */
  async #dropStrays(signal: AbortSignal): Promise<void> {
    const { records, outbox, inbox } = this.#deps
    for await (const [name, value] of this.#entries('queue', signal)) {
      const waybill = Buffer.from(value).toString('utf8')
      const station = name.split(':')[1] ?? ''
      await outbox.exclusively(waybill, station, async () => {
        if ((await outbox.delivery(waybill, station))?.queueKey !== name)
          await records.commit([{ type: 'delete', key: name }])
      })
    }
    for await (const [name, value] of this.#entries('inbox', signal)) {
      const itemId = Buffer.from(value).toString('utf8')
      await inbox.whileUnchanged([itemId], async () => {
        if ((await inbox.find(itemId))?.inboxKey !== name) await records.commit([{ type: 'delete', key: name }])
      })
    }
  }

  async #candidate(kind: LeafKind, id: string): Promise<void> {
    this.#unsealed[kind].add(id)
    if (this.#unsealed[kind].size >= maxCandidates) await this.#queueUnsealed(kind)
  }

  /** Queues those for the token that do not wait for it already. One that is sealed meanwhile costs a leaf, no more. */
  async #queueUnsealed(kind: LeafKind): Promise<void> {
    const { records, sealer } = this.#deps
    const missing = this.#unsealed[kind]
    for await (const [, value] of records.range(range('toseal', kind)))
      missing.delete(Buffer.from(value).toString('utf8'))
    const ids = [...missing]
    missing.clear()
    if (ids.length > 0) await records.commit(ids.map((id) => sealer.queue(kind, id)))
  }

  async #putMissing(operations: readonly RecordOperation[]): Promise<void> {
    const { records } = this.#deps
    const found = await records.getMany(operations.map(({ key: name }) => name))
    const missing = operations.filter((_, at) => found[at] === undefined)
    if (missing.length > 0) await records.commit(missing)
  }

  async *#entries(namespace: Namespace, signal: AbortSignal): AsyncGenerator<[string, Uint8Array]> {
    for await (const entry of this.#deps.records.range(range(namespace))) {
      signal.throwIfAborted()
      yield entry
    }
  }

  async *#values(namespace: Namespace, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    for await (const [, value] of this.#entries(namespace, signal)) yield value
  }
}

const isOpen = ({ state }: DeliveryRecord): boolean => state !== DeliveryState.CLOSED && state !== DeliveryState.EXPIRED

/** Waybill, station and agencies of each delivery that a document's addressees stand for now. */
function deliveriesOf(addressees: readonly Addressee[]): [waybill: string, station: string, agencies: string[]][] {
  const found = new Map<string, [string, string, string[]]>()
  for (const { waybill, station, agency } of addressees) {
    const name = `${waybill}/${station}`
    const delivery = found.get(name) ?? [waybill, station, []]
    delivery[2].push(agency)
    found.set(name, delivery)
  }
  return [...found.values()]
}
