// The courier of one recipient station: connects, offers what is queued in order of urgency, sends chunks on demand, and
// retries with jittered back-off. Holds no state that matters: after a crash or a cut everything open is offered again.
import type { Clock } from '../base/clock.ts'
import { asTramError, TramError } from '../base/errors.ts'
import { type Logger, logFields } from '../base/logger.ts'
import { hex } from '../document/document-id.ts'
import { Seal } from '../document/schema/seal.ts'
import { parseWaybill, type Waybill } from '../document/waybill.ts'
import type { ControlMessage, DataLane, PeerLink } from '../equipment/link/peer-link.ts'
import type { Temporary } from '../equipment/link/schema/messages.ts'
import { key } from '../equipment/store/namespaces.ts'
import { type PacketStore, smallPacketBytes } from '../equipment/store/packet-store.ts'
import type { RecordStore } from '../equipment/store/record-store.ts'
import { type Outbox, type QueuedDelivery, type QueueRank, queueRanks } from './outbox.ts'
import { type DeliveryRecord, DeliveryState } from './schema/records.ts'
import { WakeSignal } from './wake-signal.ts'

/** Offers without an answer, by size of packet: enough to keep the line full, few enough to bound memory. */
const window = { small: 256, large: 4 }
/** Bytes of one data message: half a frame, so that a packet-store piece gives two equal ones. */
const dataBytes = 32 * 1024
const backOffMs = { first: 500, longest: 60_000 }
const retryBoundsMs = { least: 1_000, most: 3_600_000 }
const rejectedRetryMs = 300_000
/** Deliveries with a retry of their own; past it the whole queue is walked again at the next due time. */
const maxRetries = 1024

/** Who reaches stations (switchboard.ts). */
export interface Connector {
  connect(station: string, signal: AbortSignal): Promise<PeerLink>
}

export interface StationCourierDeps {
  records: RecordStore
  outbox: Outbox
  packets: PacketStore
  connector: Connector
  clock: Clock
  logger: Logger
}

/** One offer under way on the present link. */
interface Flight {
  queued: QueuedDelivery
  rank: QueueRank
  docId: string
  waybill: Waybill
  offeredAt: number
  storedAt: number
  cancel: AbortController
  /** False once the recipient has answered for good: no longer counts in the window. */
  open: boolean
}

export class StationCourier {
  readonly #id: string
  readonly #deps: StationCourierDeps
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #wake = new WakeSignal()
  readonly #flights = new Map<number, Flight>()
  readonly #byWaybill = new Map<string, number>()
  readonly #cursors = new Map<QueueRank, string>()
  readonly #retries = new Map<string, { queued: QueuedDelivery; rank: QueueRank; dueMs: number }>()
  #rewindDueMs = Number.POSITIVE_INFINITY
  #link: PeerLink | undefined
  #transfer = 0
  #failures = 0
  #loop: Promise<void> = Promise.resolve()

  constructor(id: string, deps: StationCourierDeps) {
    this.#id = id
    this.#deps = deps
    this.#logger = deps.logger.child({ station: id })
  }

  /** Offers that wait for the recipient's answer. */
  get inFlight(): number {
    return this.#byWaybill.size
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TramError('LINK_CLOSED', { peer: this.#id, detail: 'the station stops' }))
    this.#dropFlights()
    await this.#loop
  }

  wake(): void {
    this.#wake.wake()
  }

  linkOpened(link: PeerLink): void {
    this.#link = link
    this.#failures = 0
    this.#beginAnew()
  }

  linkClosed(link: PeerLink): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#beginAnew()
  }

  /** When a waybill was offered and stored on this link, 0 = not. */
  times(waybill: string): { offeredAt: number; storedAt: number } {
    const flight = this.#flights.get(this.#byWaybill.get(waybill) ?? -1)
    return { offeredAt: flight?.offeredAt ?? 0, storedAt: flight?.storedAt ?? 0 }
  }

  /** The delivery is closed. */
  settled(waybill: string): void {
    const transfer = this.#byWaybill.get(waybill)
    if (transfer !== undefined) this.#end(transfer)
    this.#wake.wake()
  }

  /** Its receipt could not be accepted (yet): offer again later, to be told the receipt again. */
  retry(delivery: DeliveryRecord, waybill: string): void {
    const rank = queueRanks.find((name) => delivery.queueKey.startsWith(`${key('queue', this.#id, name)}:`))
    if (rank !== undefined) this.#retryLater({ key: delivery.queueKey, waybill }, rank, backOffMs.longest)
  }

  /** An answer of the recipient (attacker-controlled). Returns whether it was one. */
  message(link: PeerLink, message: ControlMessage): boolean {
    if (link !== this.#link) return message.offer == null
    if (message.want != null) this.#send(link, message.want.transfer, message.want.firstChunk)
    else if (message.known != null) this.#stored(message.known.transfer)
    else if (message.stored != null) this.#stored(message.stored.transfer)
    else if (message.temporary != null) this.#temporary(message.temporary)
    else if (message.reject != null) this.#rejected(message.reject.transfer, message.reject.code, message.reject.detail)
    else return false
    return true
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs: number | undefined
      try {
        if (await this.#hasWork())
          waitMs = this.#link === undefined ? await this.#connect() : await this.#offerMore(this.#link)
        else waitMs = this.#untilDue()
      } catch (error) {
        if (signal.aborted) return
        const trouble = asTramError(error)
        if (trouble.code !== 'LINK_CLOSED') this.#logger.error(logFields(trouble), 'the courier will try again')
        waitMs = backOffMs.longest
      }
      await this.#wake.wait(signal, waitMs)
    }
  }

  async #hasWork(): Promise<boolean> {
    this.#rewindIfDue()
    if (this.#dueRetries().length > 0) return true
    for (const rank of queueRanks) {
      if ((await this.#deps.outbox.queued(this.#id, rank, this.#cursors.get(rank), 1)).length > 0) return true
    }
    return false
  }

  /** Tries to reach the station. Returns after how long to try again. */
  async #connect(): Promise<number> {
    try {
      const link = await this.#deps.connector.connect(this.#id, this.#stopping.signal)
      if (this.#link === undefined && !link.closed.aborted) this.linkOpened(link)
      return 0
    } catch (error) {
      const trouble = asTramError(error)
      this.#failures += 1
      if (this.#failures === 1) this.#logger.warn(logFields(trouble), 'station is not reachable')
      else this.#logger.debug(logFields(trouble), 'station is still not reachable')
      return jittered(Math.min(backOffMs.first * 2 ** Math.min(this.#failures - 1, 20), backOffMs.longest))
    }
  }

  /** Offers until the windows are full or the queues are through. Returns how long until a retry is due. */
  async #offerMore(link: PeerLink): Promise<number | undefined> {
    for (const retry of this.#dueRetries()) {
      this.#retries.delete(retry.queued.key)
      await this.#offer(link, retry.queued, retry.rank)
    }
    for (const rank of queueRanks) {
      while (link === this.#link && this.#room(rank) > 0) {
        const batch = await this.#deps.outbox.queued(
          this.#id,
          rank,
          this.#cursors.get(rank),
          Math.min(this.#room(rank), 64),
        )
        if (batch.length === 0) break
        for (const queued of batch) {
          if (link !== this.#link) return 0
          await this.#offer(link, queued, rank)
          this.#cursors.set(rank, queued.key)
        }
      }
    }
    return this.#untilDue()
  }

  async #offer(link: PeerLink, queued: QueuedDelivery, rank: QueueRank): Promise<void> {
    if (this.#byWaybill.has(queued.waybill)) return
    const { outbox, records, clock } = this.#deps
    const [delivery, record] = await Promise.all([
      outbox.delivery(queued.waybill, this.#id),
      outbox.waybill(queued.waybill),
    ])
    if (delivery === undefined || record?.seal == null || delivery.state === DeliveryState.CLOSED) return
    const waybill = parseWaybill(record.waybill)
    if (clock.now() >= waybill.notAfter) {
      await outbox.expire(queued.waybill, this.#id)
      this.#logger.error({ code: 'DELIVERY_REFUSED', document: delivery.docId }, 'delivery expired')
      return
    }
    const cms = await records.get(key('cms', hex(record.seal.cmsDigest)))
    if (cms === undefined)
      throw new TramError('STORE_DAMAGED', { place: `cms of ${queued.waybill}`, detail: 'missing' })
    if (link !== this.#link) return
    this.#transfer = (this.#transfer + 1) % 2 ** 31
    const transfer = this.#transfer
    const { docId } = delivery
    const offeredAt = clock.now()
    const cancel = new AbortController()
    this.#flights.set(transfer, { queued, rank, docId, waybill, offeredAt, storedAt: 0, cancel, open: true })
    this.#byWaybill.set(queued.waybill, transfer)
    this.#logger.debug({ step: 'offering', document: docId }, 'offering')
    const seal = Seal.encode({ cms: Buffer.from(cms), leafIndex: record.seal.leafIndex, path: record.seal.path })
    link.send({ offer: { transfer, waybill: record.waybill, seal, agencies: delivery.agencies } })
  }

  #send(link: PeerLink, transfer: number, firstChunk: number): void {
    const flight = this.#flights.get(transfer)
    if (flight === undefined) return
    if (firstChunk > flight.waybill.chunkDigests.length) {
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: link.peerId, detail: `wants chunk ${firstChunk}` })
    }
    this.#logger.debug({ step: 'sending', document: flight.docId, firstChunk }, 'sending chunks')
    void this.#pump(link, transfer, flight, firstChunk * flight.waybill.chunkSize)
  }

  async #pump(link: PeerLink, transfer: number, flight: Flight, start: number): Promise<void> {
    const lane: DataLane =
      flight.rank.startsWith('0') || flight.waybill.packetSize <= smallPacketBytes ? 'urgent' : 'bulk'
    try {
      let offset = start
      if (offset < flight.waybill.packetSize) {
        for await (const piece of this.#deps.packets.read(flight.waybill.packetDigest, offset)) {
          for (let at = 0; at < piece.byteLength; at += dataBytes) {
            const bytes = piece.subarray(at, at + dataBytes)
            await link.sendData(lane, transfer, offset, bytes, flight.cancel.signal)
            offset += bytes.byteLength
          }
        }
      }
      this.#logger.debug({ step: 'ending', document: flight.docId }, 'all chunks are sent')
      link.send({ end: { transfer } })
    } catch (error) {
      if (flight.cancel.signal.aborted || link.closed.aborted) return
      const trouble = asTramError(error)
      this.#logger.error({ ...logFields(trouble), document: flight.docId }, 'the packet could not be sent')
      this.#end(transfer)
      this.#retryLater(flight.queued, flight.rank, backOffMs.longest)
      link.send({ cancel: { transfer, code: trouble.code } })
    }
  }

  #stored(transfer: number): void {
    const flight = this.#flights.get(transfer)
    if (flight === undefined || !flight.open) return
    flight.storedAt = this.#deps.clock.now()
    flight.open = false
    this.#logger.debug({ step: 'stored-heard', document: flight.docId }, 'the recipient has stored it')
    const change = { state: DeliveryState.AWAITING_RECEIPT, offeredAt: flight.offeredAt, storedAt: flight.storedAt }
    this.#flights.delete(transfer)
    this.#byWaybill.delete(flight.queued.waybill)
    this.#deps.outbox.noteProgress(flight.queued.waybill, this.#id, change).catch((error: unknown) => {
      this.#logger.warn(logFields(asTramError(error)), 'progress was not noted; the receipt will tell')
    })
    this.#wake.wake()
  }

  #temporary({ transfer, code, retryAfterMs, reseal }: Temporary): void {
    const flight = this.#flights.get(transfer)
    if (flight === undefined) return
    this.#logger.warn(
      { code: 'DELIVERY_TEMPORARY', document: flight.docId, detail: code.slice(0, 64), reseal },
      'not now',
    )
    this.#end(transfer)
    if (reseal) {
      this.#deps.outbox.reseal(flight.queued.waybill, this.#id).catch((error: unknown) => {
        this.#logger.error(logFields(asTramError(error)), 'could not queue for a new seal')
      })
      return
    }
    this.#retryLater(flight.queued, flight.rank, retryAfterMs)
    const change = { lastTrouble: code.slice(0, 64), offeredAt: flight.offeredAt }
    this.#deps.outbox.noteProgress(flight.queued.waybill, this.#id, change).catch((error: unknown) => {
      this.#logger.warn(logFields(asTramError(error)), 'progress was not noted')
    })
  }

  #rejected(transfer: number, code: string, detail: string): void {
    const flight = this.#flights.get(transfer)
    if (flight === undefined) return
    const fields = {
      code: 'DELIVERY_TEMPORARY',
      document: flight.docId,
      reason: code.slice(0, 64),
      detail: detail.slice(0, 500),
    }
    this.#logger.error(fields, 'the recipient cannot believe this offer; trying again later')
    this.#end(transfer)
    this.#retryLater(flight.queued, flight.rank, rejectedRetryMs)
  }

  #retryLater(queued: QueuedDelivery, rank: QueueRank, afterMs: number): void {
    const dueMs =
      this.#deps.clock.monotonic() + jittered(Math.min(Math.max(afterMs, retryBoundsMs.least), retryBoundsMs.most))
    if (this.#retries.size < maxRetries) this.#retries.set(queued.key, { queued, rank, dueMs })
    else this.#rewindDueMs = Math.min(this.#rewindDueMs, dueMs)
    this.#wake.wake()
  }

  #dueRetries() {
    const now = this.#deps.clock.monotonic()
    return [...this.#retries.values()].filter((retry) => retry.dueMs <= now)
  }

  #rewindIfDue(): void {
    if (this.#rewindDueMs > this.#deps.clock.monotonic()) return
    this.#rewindDueMs = Number.POSITIVE_INFINITY
    this.#cursors.clear()
  }

  #untilDue(): number | undefined {
    const due = Math.min(this.#rewindDueMs, ...[...this.#retries.values()].map((retry) => retry.dueMs))
    return due === Number.POSITIVE_INFINITY ? undefined : Math.max(0, due - this.#deps.clock.monotonic())
  }

  #room(rank: QueueRank): number {
    const large = rank.endsWith('b')
    let used = 0
    for (const flight of this.#flights.values()) if (flight.open && flight.rank.endsWith('b') === large) used += 1
    return (large ? window.large : window.small) - used
  }

  #end(transfer: number): void {
    const flight = this.#flights.get(transfer)
    if (flight === undefined) return
    flight.cancel.abort(new TramError('LINK_CLOSED', { peer: this.#id, detail: 'transfer ended' }))
    this.#flights.delete(transfer)
    if (this.#byWaybill.get(flight.queued.waybill) === transfer) this.#byWaybill.delete(flight.queued.waybill)
  }

  /** What was offered on another link counts for nothing: all that is open is waiting again. */
  #beginAnew(): void {
    this.#dropFlights()
    this.#cursors.clear()
    this.#wake.wake()
  }

  #dropFlights(): void {
    for (const transfer of [...this.#flights.keys()]) this.#end(transfer)
  }
}

/** ± 25 %, so that stations that lost the same peer do not come back in step. */
const jittered = (ms: number): number => ms * (0.75 + Math.random() * 0.5)
