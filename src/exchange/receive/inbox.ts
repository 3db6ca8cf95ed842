// What arrived for our agencies: one item for each (document, agency), listed until the backend says `done`.
// Reception adds items in its own commit; the desk lists, opens and marks them.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { isWithin, key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { PacketStore } from '../../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import {
  type Backend,
  type InboxItem,
  type ItemMark,
  type ListQuery,
  maxCountedItems,
  type PacketKindName,
} from '../desk.ts'
import type { Directory } from '../directory/directory.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { ItemRecord } from '../schema/records.ts'
import { maxPageItems } from '../send/sent-register.ts'
import type { Sequence } from '../sequence.ts'
import type { Statuses } from '../statuses.ts'

const marks: readonly ItemMark[] = ['initial', 'processing', 'done', 'fail']

const kindOf = (record: ItemRecord): PacketKindName => (record.isStatus ? 'status' : 'document')

export class Inbox {
  readonly #records: RecordStore
  readonly #packets: PacketStore
  readonly #directory: Directory
  readonly #statuses: Statuses
  readonly #audit: AuditLog
  readonly #sequence: Sequence
  readonly #clock: Clock
  readonly #lock = new KeyedLock()

  constructor(deps: {
    records: RecordStore
    packets: PacketStore
    directory: Directory
    statuses: Statuses
    audit: AuditLog
    sequence: Sequence
    clock: Clock
  }) {
    this.#records = deps.records
    this.#packets = deps.packets
    this.#directory = deps.directory
    this.#statuses = deps.statuses
    this.#audit = deps.audit
    this.#sequence = deps.sequence
    this.#clock = deps.clock
  }

  /** The operations that list a new (or re-sent) item. Commit them in the same synchronous step. */
  put(record: Omit<ItemRecord, 'inboxKey'>): RecordOperation[] {
    const inboxKey = key('inbox', record.to, kindOf({ ...record, inboxKey: '' }), sequencePart(this.#sequence.next()))
    return [
      { type: 'put', key: key('item', record.itemId), value: ItemRecord.encode({ ...record, inboxKey }) },
      { type: 'put', key: inboxKey, value: Buffer.from(record.itemId) },
    ]
  }

  /** An item, whoever it is for; undefined when there is none. */
  async find(itemId: string): Promise<ItemRecord | undefined> {
    const value = /^[0-9a-f]{32}$/.test(itemId) ? await this.#records.get(key('item', itemId)) : undefined
    return value === undefined ? undefined : ItemRecord.decode(value)
  }

  /** Runs `work` while nobody changes these items: a decision that lists one anew must not cross a backend's mark. */
  whileUnchanged<Result>(itemIds: readonly string[], work: () => Promise<Result>): Promise<Result> {
    const [first, ...rest] = [...new Set(itemIds)].sort()
    if (first === undefined) return work()
    return this.#lock.run(first, () => this.whileUnchanged(rest, work))
  }

  /**
   * Changes an item under its lock. `operations` may add to the same commit.
   * @returns the changed record, undefined when there is no such item or `change` returns undefined
   */
  change(itemId: string, change: (record: ItemRecord) => ItemRecord | undefined): Promise<ItemRecord | undefined> {
    return this.#lock.run(itemId, async () => {
      const record = await this.find(itemId)
      const changed = record === undefined ? undefined : change(record)
      if (record === undefined || changed === undefined) return undefined
      const operations: RecordOperation[] = [
        { type: 'put', key: key('item', itemId), value: ItemRecord.encode(changed) },
      ]
      if (record.inboxKey !== '' && changed.inboxKey === '') operations.push({ type: 'delete', key: record.inboxKey })
      const acts =
        record.mark === changed.mark ? [] : [{ act: 'marked' as const, subject: itemId, detail: changed.mark }]
      await this.#audit.commit(operations, acts)
      return changed
    })
  }

  /** See Desk.listReceived. */
  async list(query: ListQuery): Promise<InboxItem[]> {
    const pageSize = Math.min(query.pageSize, maxPageItems)
    const after = query.after ?? null
    let skip = after === null ? (query.pageIndex - 1) * pageSize : 0
    const isAnyTime = query.fromMs === null && query.toMs === null
    const page: InboxItem[] = []
    for await (const itemId of this.#open(await this.#codes(query.backend), query.kind, after)) {
      // Without times to look at, what is skipped need not be read.
      if (isAnyTime && skip-- > 0) continue
      const record = await this.find(itemId)
      if (record === undefined) continue
      if (query.fromMs !== null && record.receivedAt < query.fromMs) continue
      if (query.toMs !== null && record.receivedAt >= query.toMs) continue
      if (!isAnyTime && skip-- > 0) continue
      page.push(await this.#toItem(record))
      if (page.length >= pageSize) break
    }
    return page
  }

  /** See Desk.countReceived. */
  async count(backend: Backend, kind: PacketKindName): Promise<number> {
    let count = 0
    for (const code of await this.#codes(backend)) {
      const limit = maxCountedItems - count
      if (limit > 0) for await (const _ of this.#records.range({ ...range('inbox', code, kind), limit })) count += 1
    }
    return count
  }

  /** One item, without touching it. @throws TramError DOCUMENT_UNKNOWN (also when it is another backend's) */
  async item(backend: Backend, itemId: string): Promise<InboxItem> {
    return this.#toItem(await this.#own(backend, itemId))
  }

  /** See Desk.openItem. */
  async openItem(backend: Backend, itemId: string): Promise<{ item: InboxItem; bytes: AsyncIterable<Uint8Array> }> {
    const record = await this.#own(backend, itemId)
    if ((await this.#packets.size(record.packetDigest)) === undefined) {
      throw new TramError('PACKET_MISSING', { digest: Buffer.from(record.packetDigest).toString('hex') })
    }
    if (record.fetchedAt === 0) {
      await this.change(itemId, (current) => ({ ...current, fetchedAt: this.#clock.now() }))
    }
    return { item: await this.#toItem(record), bytes: this.#packets.read(record.packetDigest) }
  }

  /** See Desk.markItem. `done` takes the item off the list; `fail` keeps it there and counts. */
  async mark(backend: Backend, itemId: string, mark: Exclude<ItemMark, 'initial'>): Promise<void> {
    await this.#own(backend, itemId)
    await this.change(itemId, (record) => {
      // Backends repeat themselves, and a late `processing` must not bring back what is done.
      if (record.mark === 'done' || (record.mark === mark && mark !== 'fail')) return undefined
      return {
        ...record,
        mark,
        updatedAt: this.#clock.now(),
        failures: record.failures + (mark === 'fail' ? 1 : 0),
        inboxKey: mark === 'done' ? '' : record.inboxKey,
      }
    })
  }

  async #toItem(record: ItemRecord): Promise<InboxItem> {
    // Derived, not stored: a recall may come before the document, after it, or while the backend marks it.
    const recalled = record.reference !== '' && (await this.#statuses.isRecalled(record.reference, record.from))
    return {
      itemId: record.itemId,
      docId: record.docId,
      kind: kindOf(record),
      from: record.from,
      to: record.to,
      receivedAt: record.receivedAt,
      updatedAt: record.updatedAt,
      mark: marks.find((mark) => mark === record.mark) ?? 'initial',
      failures: record.failures,
      sizeBytes: record.packetSize,
      digest: record.packetDigest,
      resend: record.resend,
      recalled,
      cursor: record.inboxKey,
    }
  }

  async #own(backend: Backend, itemId: string): Promise<ItemRecord> {
    const record = await this.find(itemId)
    // Another backend's item is as unknown as none: its existence is nobody else's business.
    if (record === undefined || !(await this.#codes(backend)).has(record.to)) {
      throw new TramError('DOCUMENT_UNKNOWN', { document: itemId.slice(0, 64) })
    }
    return record
  }

  async #codes(backend: Backend): Promise<Set<string>> {
    const codes = new Set<string>()
    for (const code of backend.agencies) {
      for (const name of await this.#directory.codesOf(code)) codes.add(name)
    }
    return codes
  }

  /** Ids of open items in order, one agency after the other. @param after a cursor, attacker-controlled */
  async *#open(codes: ReadonlySet<string>, kind: PacketKindName, after: string | null): AsyncGenerator<string> {
    const all = [...codes]
    const at = after === null ? 0 : all.findIndex((code) => isWithin(range('inbox', code, kind), after))
    if (at < 0) throw new TramError('REQUEST_INVALID', { field: 'after', detail: 'is no place in this list' })
    for (const [index, code] of all.slice(at).entries()) {
      const whole = range('inbox', code, kind)
      const from = index === 0 && after !== null ? `${after}\0` : whole.from
      for await (const [, value] of this.#records.range({ ...whole, from })) yield Buffer.from(value).toString('utf8')
    }
  }
}
