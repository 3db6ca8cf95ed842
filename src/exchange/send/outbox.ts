// Deliveries of our own waybills: opened at intake, queued when sealed, closed by a receipt. The courier walks its queues.
// Long because: every change of a delivery's state stands in one place, under one lock.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { hex } from '../../document/document-id.ts'
import { Outcome, parseReceipt } from '../../document/receipt.ts'
import type { Waybill } from '../../document/waybill.ts'
import { key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import { smallPacketBytes } from '../../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { keepDirectory } from '../directory/directory-versions.ts'
import type { AuditAct, AuditLog } from '../evidence/audit-log.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { DeliveryRecord, DeliveryState, type SealReference, WaybillRecord } from '../schema/records.ts'
import type { Sequence } from '../sequence.ts'
import type { Sealable, Sealer } from './sealer.ts'

/**
 * Queues of a station, most urgent first: rank (hỏa tốc, thượng khẩn, khẩn, thường), and small before large within it, each
 * with its own cursor, so that a large packet never holds up a small one.
 */
export const queueRanks = ['0s', '0b', '1s', '1b', '2s', '2b', '3s', '3b'] as const
export type QueueRank = (typeof queueRanks)[number]

/** Where a waybill queues. Priority 3 and 4 are both hỏa tốc; a timed one leaves at once too, its hour is for the reader. */
export function queueRank(waybill: Pick<Waybill, 'priority' | 'packetSize'>): QueueRank {
  const size = waybill.packetSize <= smallPacketBytes ? 's' : 'b'
  const rank = waybill.priority >= 3 ? '0' : waybill.priority === 2 ? '1' : waybill.priority === 1 ? '2' : '3'
  return `${rank}${size}`
}

const forgottenAtOnce = 500

/** Where a delivery stands among those that `station` has receipted. */
export function closedKey(station: string, closedAtMs: number, waybill: string): string {
  return key('closed', station, sequencePart(closedAtMs), waybill)
}

export interface QueuedDelivery {
  key: string
  /** Hex digest of the waybill. */
  waybill: string
}

/** A verified receipt, its seal and the CMS that the seal refers to. */
export interface ReceiptEvidence {
  receipt: Uint8Array
  seal: SealReference
  cms: Uint8Array
}

/** What is told of a delivery on its way. */
export type DeliveryProgress = Partial<Pick<DeliveryRecord, 'state' | 'offeredAt' | 'storedAt' | 'lastTrouble'>>

export interface CloseOutcome {
  agencies: readonly string[]
  /** What the recipient station says of the agencies for which it does not take the document; empty when it is for all. */
  refusals: readonly string[]
}

export class Outbox implements Sealable {
  readonly #records: RecordStore
  readonly #audit: AuditLog
  readonly #clock: Clock
  readonly #sequence: Sequence
  readonly #sealer: Sealer
  readonly #queued = new Set<(station: string, rank: QueueRank | undefined) => void>()
  /** Changes of one delivery wait for each other: a late `stored` must not reopen what a receipt has closed. */
  readonly #lock = new KeyedLock()
  /** Records between load and sealed, so that sealing thousands reads each once. */
  readonly #loaded = new Map<string, WaybillRecord>()
  /** Locks of the deliveries that are sealed anew, from the reading of their state to the commit that changes it. */
  #sealing: (() => void)[] = []

  constructor(deps: { records: RecordStore; audit: AuditLog; clock: Clock; sequence: Sequence; sealer: Sealer }) {
    this.#records = deps.records
    this.#audit = deps.audit
    this.#clock = deps.clock
    this.#sequence = deps.sequence
    this.#sealer = deps.sealer
    this.#sealer.register('waybill', this)
  }

  /** Calls `listener` with a station whenever something was queued for it; without a rank it may be in any. */
  onQueued(listener: (station: string, rank: QueueRank | undefined) => void): void {
    this.#queued.add(listener)
  }

  /**
   * The operations that open one waybill's deliveries and queue it for sealing. Commit them in the same synchronous step.
   * @param deliveries agencies of the waybill by recipient station
   */
  open(input: {
    bytes: Uint8Array
    digest: string
    docId: string
    rank: QueueRank
    deliveries: ReadonlyMap<string, readonly string[]>
  }): RecordOperation[] {
    const stations = [...input.deliveries.keys()]
    const waybill = WaybillRecord.encode({
      waybill: Buffer.from(input.bytes),
      docId: input.docId,
      stations,
      queueRank: input.rank,
    })
    const openedAt = this.#clock.now()
    const operations: RecordOperation[] = [{ type: 'put', key: key('waybill', input.digest), value: waybill }]
    for (const [station, agencies] of input.deliveries) {
      const record = DeliveryRecord.encode({
        state: DeliveryState.SEALING,
        docId: input.docId,
        agencies: [...agencies],
        openedAt,
      })
      operations.push({ type: 'put', key: key('delivery', input.digest, station), value: record })
    }
    operations.push(this.#sealer.queue('waybill', input.digest))
    return operations
  }

  async load(ids: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    // The batch before is over, one way or the other.
    this.#endSealing()
    const values = await this.#records.getMany(ids.map((id) => key('waybill', id)))
    this.#loaded.clear()
    return values.map((value, at) => {
      if (value === undefined) return undefined
      const record = WaybillRecord.decode(value)
      this.#loaded.set(ids[at] ?? '', record)
      return record.waybill
    })
  }

  operations(id: string): number {
    return 1 + 2 * (this.#loaded.get(id)?.stations.length ?? 0)
  }

  async sealed(id: string, seal: SealReference): Promise<RecordOperation[]> {
    const record = this.#loaded.get(id)
    if (record === undefined) throw new TramError('INTERNAL', { detail: `waybill ${id} was sealed but not loaded` })
    // Nobody knows yet of a waybill without a seal. One that had one may get its receipt, or expire, just now.
    if (record.seal != null)
      for (const station of record.stations) this.#sealing.push(await this.#lock.hold(`${id}/${station}`))
    const keys = record.stations.map((station) => key('delivery', id, station))
    const deliveries = await this.#records.getMany(keys)
    const operations: RecordOperation[] = [
      { type: 'put', key: key('waybill', id), value: WaybillRecord.encode({ ...record, seal }) },
    ]
    deliveries.forEach((value, at) => {
      const delivery = value === undefined ? undefined : DeliveryRecord.decode(value)
      // Anything but SEALING was sealed before: this is a re-seal, and closed deliveries stay closed.
      if (delivery?.state !== DeliveryState.SEALING) return
      const place = [record.stations[at] ?? '', record.queueRank, sequencePart(this.#sequence.next())] as const
      const queueKey = key('queue', ...place)
      const sending = DeliveryRecord.encode({ ...delivery, state: DeliveryState.SENDING, queueKey })
      operations.push(
        { type: 'put', key: queueKey, value: Buffer.from(id) },
        { type: 'put', key: keys[at] ?? '', value: sending },
      )
    })
    return operations
  }

  released(id: string): void {
    this.#endSealing()
    const record = this.#loaded.get(id)
    this.#loaded.delete(id)
    const rank = queueRanks.find((name) => name === record?.queueRank)
    for (const station of record?.stations ?? []) this.wake(station, rank)
  }

  #endSealing(): void {
    for (const end of this.#sealing.splice(0)) end()
  }

  /** Tells the courier that something waits for a station. */
  wake(station: string, rank?: QueueRank): void {
    for (const listener of this.#queued) listener(station, rank)
  }

  /** Stations with anything queued, for the courier's start. */
  stationsWaiting(): Promise<string[]> {
    return this.#stationsIn('queue')
  }

  /** The stations in a namespace whose keys begin with one. */
  async #stationsIn(namespace: 'queue' | 'closed'): Promise<string[]> {
    const stations: string[] = []
    let { from, to } = range(namespace)
    for (;;) {
      let next: string | undefined
      for await (const [name] of this.#records.range({ from, to, limit: 1 })) next = name.split(':')[1]
      if (next === undefined) return stations
      stations.push(next)
      from = range(namespace, next).to
    }
  }

  /** The next deliveries of a queue, from `cursor` (a key, exclusive) on. */
  async queued(station: string, rank: QueueRank, cursor: string | undefined, limit: number): Promise<QueuedDelivery[]> {
    const whole = range('queue', station, rank)
    const from = cursor === undefined ? whole.from : `${cursor}\0`
    const found: QueuedDelivery[] = []
    for await (const [name, value] of this.#records.range({ ...whole, from, limit })) {
      found.push({ key: name, waybill: Buffer.from(value).toString('utf8') })
    }
    return found
  }

  /**
   * The next deliveries that a station has receipted as stored, in the order of time, from `cursor` (a key, exclusive) or
   * `sinceMs` on and before `untilMs`.
   */
  async receipted(
    station: string,
    sinceMs: number,
    untilMs: number,
    cursor: string | undefined,
    limit: number,
  ): Promise<QueuedDelivery[]> {
    const from = cursor === undefined ? key('closed', station, sequencePart(sinceMs)) : `${cursor}\0`
    const found: QueuedDelivery[] = []
    for await (const [name] of this.#records.range({
      from,
      to: key('closed', station, sequencePart(untilMs)),
      limit,
    })) {
      found.push({ key: name, waybill: name.slice(name.lastIndexOf(':') + 1) })
    }
    return found
  }

  /** What was receipted before `beforeMs` is offered to nobody again. */
  async forgetReceipted(beforeMs: number): Promise<void> {
    for (const station of await this.#stationsIn('closed')) {
      for (;;) {
        const old = await this.receipted(station, 0, beforeMs, undefined, forgottenAtOnce)
        if (old.length === 0) break
        await this.#records.commit(old.map(({ key: name }) => ({ type: 'delete', key: name })))
      }
    }
  }

  /** Runs `work` while nothing else changes this delivery. */
  exclusively<Result>(waybill: string, station: string, work: () => Promise<Result>): Promise<Result> {
    return this.#lock.run(`${waybill}/${station}`, work)
  }

  async delivery(waybill: string, station: string): Promise<DeliveryRecord | undefined> {
    const value = await this.#records.get(key('delivery', waybill, station))
    return value === undefined ? undefined : DeliveryRecord.decode(value)
  }

  async waybill(digest: string): Promise<WaybillRecord | undefined> {
    const value = await this.#records.get(key('waybill', digest))
    return value === undefined ? undefined : WaybillRecord.decode(value)
  }

  /** The recipient said `stored`: kept for those who ask, nothing depends on it. */
  noteProgress(waybill: string, station: string, change: DeliveryProgress): Promise<void> {
    return this.#lock.run(`${waybill}/${station}`, () => this.#noteProgress(waybill, station, change))
  }

  async #noteProgress(waybill: string, station: string, change: DeliveryProgress): Promise<void> {
    const record = await this.delivery(waybill, station)
    if (record === undefined || record.state === DeliveryState.CLOSED || record.state === DeliveryState.EXPIRED) return
    // A late answer to an old offer: the delivery waits for a new seal, and must be queued again when it has it.
    const state = record.state === DeliveryState.SEALING ? record.state : (change.state ?? record.state)
    const value = DeliveryRecord.encode({ ...record, ...change, state })
    await this.#records.commit([{ type: 'put', key: key('delivery', waybill, station), value }])
  }

  /**
   * Closes a delivery with its verified receipt; durable when it resolves. Does nothing if it is closed already.
   * @param progress what was told of the delivery and is not in its record
   */
  close(
    waybill: string,
    station: string,
    evidence: ReceiptEvidence,
    progress: DeliveryProgress,
  ): Promise<CloseOutcome | undefined> {
    return this.#lock.run(`${waybill}/${station}`, () => this.#close(waybill, station, evidence, progress))
  }

  async #close(
    waybill: string,
    station: string,
    evidence: ReceiptEvidence,
    progress: DeliveryProgress,
  ): Promise<CloseOutcome | undefined> {
    const record = await this.delivery(waybill, station)
    if (record === undefined || record.state === DeliveryState.CLOSED) return undefined
    const { verdicts } = parseReceipt(evidence.receipt)
    const refused = verdicts.filter((verdict) => verdict.outcome === Outcome.REFUSED)
    const closedAt = this.#clock.now()
    const closed = DeliveryRecord.encode({
      ...record,
      state: DeliveryState.CLOSED,
      queueKey: '',
      offeredAt: record.offeredAt || (progress.offeredAt ?? 0),
      storedAt: record.storedAt || (progress.storedAt ?? 0),
      lastTrouble: record.lastTrouble || (progress.lastTrouble ?? ''),
      closedAt,
      receipt: Buffer.from(evidence.receipt),
      receiptSeal: evidence.seal,
    })
    const operations: RecordOperation[] = [
      { type: 'put', key: key('delivery', waybill, station), value: closed },
      { type: 'put', key: key('cms', hex(evidence.seal.cmsDigest)), value: evidence.cms },
      ...keepDirectory(evidence.seal.directoryVersion),
    ]
    // Only what was stored there can be missing there one day.
    if (refused.length < verdicts.length)
      operations.push({ type: 'put', key: closedKey(station, closedAt, waybill), value: new Uint8Array(0) })
    if (record.queueKey !== '') operations.push({ type: 'delete', key: record.queueKey })
    const act: AuditAct = refused.length > 0 ? 'refused-by-recipient' : 'delivered'
    await this.#audit.commit(operations, [{ act, subject: record.docId, detail: station }])
    return {
      agencies: record.agencies,
      refusals: refused.map(({ agency, code, detail }) => `${agency}: ${code} ${detail}`),
    }
  }

  /** Ends a delivery whose waybill is past its notAfter. */
  expire(waybill: string, station: string): Promise<void> {
    return this.#lock.run(`${waybill}/${station}`, () => this.#expire(waybill, station))
  }

  async #expire(waybill: string, station: string): Promise<void> {
    const record = await this.delivery(waybill, station)
    if (record === undefined || record.state === DeliveryState.CLOSED || record.state === DeliveryState.EXPIRED) return
    const value = DeliveryRecord.encode({
      ...record,
      state: DeliveryState.EXPIRED,
      queueKey: '',
      closedAt: this.#clock.now(),
    })
    const operations: RecordOperation[] = [{ type: 'put', key: key('delivery', waybill, station), value }]
    if (record.queueKey !== '') operations.push({ type: 'delete', key: record.queueKey })
    await this.#audit.commit(operations, [{ act: 'expired', subject: record.docId, detail: station }])
  }

  /** Queues the same waybill for a new seal, because the recipient found our certificate expired. */
  reseal(waybill: string, station: string): Promise<void> {
    return this.#lock.run(`${waybill}/${station}`, () => this.#reseal(waybill, station))
  }

  async #reseal(waybill: string, station: string): Promise<void> {
    const record = await this.delivery(waybill, station)
    if (record?.state === DeliveryState.CLOSED) {
      // Offered again after its recipient's loss: it stays closed, only the seal is made anew.
      await this.#records.commit([this.#sealer.queue('waybill', waybill)])
      this.#sealer.wake()
      return
    }
    if (record?.state !== DeliveryState.SENDING && record?.state !== DeliveryState.AWAITING_RECEIPT) return
    const value = DeliveryRecord.encode({ ...record, state: DeliveryState.SEALING, queueKey: '' })
    const operations: RecordOperation[] = [{ type: 'put', key: key('delivery', waybill, station), value }]
    if (record.queueKey !== '') operations.push({ type: 'delete', key: record.queueKey })
    operations.push(this.#sealer.queue('waybill', waybill))
    await this.#records.commit(operations)
    this.#sealer.wake()
  }
}
