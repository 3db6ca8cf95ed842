// The courier of one recipient station: connects, offers what is queued in order of urgency, sends chunks on demand, and
// retries with jittered back-off. Holds no state that matters: after a crash or a cut everything open is offered again.
// Long because: one state machine; its parts (flights, answers, retries, pump) have files of their own, the rest shares its fields.
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { PeerLog } from '../../base/peer-log.ts'
import type { ControlMessage, PeerLink } from '../../equipment/link/peer-link.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { PacketStore } from '../../equipment/store/packet-store.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { DeliveryRecord } from '../schema/records.ts'
import { WakeSignal } from '../wake-signal.ts'
import type { Connector } from './connector.ts'
import { DeliveryNotes } from './delivery-notes.ts'
import { DeliveryOffers } from './delivery-offers.ts'
import { FlightWatch } from './flight-watch.ts'
import { type Flight, Flights } from './flights.ts'
import { OfferAnswers } from './offer-answers.ts'
import { type DeliveryProgress, type Outbox, type QueuedDelivery, type QueueRank, queueRanks } from './outbox.ts'
import { pumpPacket } from './packet-pump.ts'
import { PeerPatience } from './peer-patience.ts'
import { isGone, isReOffer, type MissingQuestion, ReOffers } from './re-offers.ts'
import { RetrySchedule, retryMs } from './retry-schedule.ts'
import type { StaleSeals } from './stale-seals.ts'

export interface StationCourierDeps {
  /** The version of the directory in use. */
  directoryVersion?: () => number
  records: RecordStore
  outbox: Outbox
  packets: PacketStore
  connector: Connector
  stale: StaleSeals
  clock: Clock
  logger: Logger
  peerLog: PeerLog
}

export class StationCourier {
  readonly #id: string
  readonly #deps: StationCourierDeps
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  readonly #wake = new WakeSignal()
  readonly #flights: Flights
  readonly #watch: FlightWatch
  readonly #answers: OfferAnswers
  /** How far each queue was walked. A new map for each walk: one that was given up must not push the next one on. */
  #cursors = new Map<QueueRank, string>()
  /** Queues that were walked to their end, and of which nothing was heard since. */
  readonly #quiet = new Set<QueueRank>()
  readonly #offers: DeliveryOffers
  readonly #retries: RetrySchedule
  readonly #again: ReOffers
  #link: PeerLink | undefined
  readonly #patience: PeerPatience
  readonly #notes: DeliveryNotes
  #loop: Promise<void> = Promise.resolve()

  constructor(id: string, deps: StationCourierDeps) {
    this.#id = id
    this.#deps = deps
    this.#logger = deps.logger.child({ station: id })
    this.#flights = new Flights(deps.clock)
    this.#offers = new DeliveryOffers(id, { ...deps, logger: this.#logger })
    this.#retries = new RetrySchedule(deps.clock)
    this.#patience = new PeerPatience({ ...deps, logger: this.#logger })
    this.#notes = new DeliveryNotes(id, deps.outbox, this.#logger)
    this.#again = new ReOffers(id, deps, (missingDone) => this.#tell(this.#link, { missingDone }))
    const ways = { cancel: this.#cancel, retryLater: this.#retryLater }
    this.#watch = new FlightWatch(id, { ...deps, ...ways, flights: this.#flights, expiry: this.#offers.expiry })
    this.#answers = new OfferAnswers(id, {
      ...deps,
      ...ways,
      logger: this.#logger,
      flights: this.#flights,
      retries: this.#retries,
      again: this.#again,
      notes: this.#notes,
      wake: () => this.#wake.wake(),
      signal: this.#stopping.signal,
    })
  }

  /** Offers that wait for the recipient's answer. */
  get inFlight(): number {
    return this.#flights.size
  }

  start(): void {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort(new TramError('LINK_CLOSED', { peer: this.#id, detail: 'the station stops' }))
    this.#flights.endAll()
    this.#notes.stop()
    await this.#loop
  }

  /** Something was queued: in this rank, or who knows where. */
  wake(rank?: QueueRank): void {
    if (rank === undefined) this.#quiet.clear()
    else this.#quiet.delete(rank)
    this.#wake.wake()
  }

  /** The station has lost what it receipted, and asks for it (attacker-controlled). Throws as `ReOffers.ask`. */
  missing(question: MissingQuestion): void {
    this.#again.ask(question)
    this.#wake.wake()
  }

  /** Nothing waits for its time any more: all that is open and not under way is offered now. */
  retryAll(): void {
    this.#patience.forget()
    this.#retries.clear()
    this.#walkAnew()
  }

  linkOpened(link: PeerLink): void {
    // Told twice of a link that we dialled: by the network, and as the answer to the dial.
    if (this.#link === link) return
    this.#link = link
    this.#patience.opened()
    this.#beginAnew()
  }

  linkClosed(link: PeerLink): void {
    if (this.#link !== link) return
    this.#link = undefined
    this.#patience.closed()
    this.#beginAnew()
  }

  /** What is known of a delivery and not in its record yet; it is the caller's to write from now on. */
  takeProgress(waybill: string): DeliveryProgress {
    return { offeredAt: this.#flights.ofWaybill(waybill)?.offeredAt ?? 0, ...this.#notes.take(waybill) }
  }

  /** The delivery is closed. */
  settled(waybill: string): void {
    this.#watch.receipted()
    const flight = this.#flights.ofWaybill(waybill)
    if (flight !== undefined) {
      this.#flights.end(flight)
      this.#again.settled(flight.queued)
    }
    this.#wake.wake()
  }

  /** Its receipt could not be accepted (yet): offer again later, to be told the receipt again. */
  retry(delivery: DeliveryRecord, waybill: string): void {
    const rank = queueRanks.find((name) => delivery.queueKey.startsWith(`${key('queue', this.#id, name)}:`))
    if (rank !== undefined) this.#schedule({ key: delivery.queueKey, waybill }, rank, retryMs.failed)
    this.#wake.wake()
  }

  /** A receipt came and could not be kept (a full disk, say): what is open is offered again, to be told it again. */
  receiptMissed(): void {
    this.#retries.walkAgain(retryMs.missedReceipt)
    this.#wake.wake()
  }

  /** An answer of the recipient (attacker-controlled). Returns whether it was one. */
  message(link: PeerLink, message: ControlMessage): boolean {
    if (link !== this.#link) return message.offer == null
    this.#patience.answered()
    if (message.want != null) this.#send(link, message.want.transfer, message.want.firstChunk)
    else return this.#answers.heard(message)
    return true
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs: number | undefined
      try {
        await this.#watch.look()
        if (this.#retries.takeRewind()) this.#walkAnew()
        if (this.#link === undefined && !(await this.#hasWork())) waitMs = this.#untilDue()
        else if (this.#link !== undefined) waitMs = await this.#offerMore(this.#link)
        else waitMs = await this.#patience.whenDue(() => this.#connect())
      } catch (error) {
        if (signal.aborted) return
        this.#quiet.clear()
        const trouble = asTramError(error)
        if (trouble.code !== 'LINK_CLOSED') this.#logger.error(logFields(trouble), 'the courier will try again')
        waitMs = retryMs.failed
      }
      await this.#wake.wait(signal, waitMs)
    }
  }

  async #hasWork(): Promise<boolean> {
    if (this.#retries.due().length > 0 || this.#again.untilDue() === 0) return true
    for (const rank of queueRanks) {
      if ((await this.#deps.outbox.queued(this.#id, rank, this.#cursors.get(rank), 1)).length > 0) return true
    }
    return false
  }

  async #connect(): Promise<void> {
    const link = await this.#deps.connector.connect(this.#id, this.#stopping.signal)
    if (this.#link === undefined && !link.closed.aborted) this.linkOpened(link)
  }

  /** Offers until the windows are full or the queues are through. Returns how long until a retry is due. */
  async #offerMore(link: PeerLink): Promise<number | undefined> {
    const cursors = this.#cursors
    for (const retry of this.#retries.due()) {
      // What finds no room stays due: an answer wakes this loop.
      if (this.#flights.room(retry.rank) <= 0) continue
      this.#retries.drop(retry)
      await this.#offerOne(link, retry.queued, retry.rank)
    }
    // Before the queues, or a station that is sent to all day would never get back what it lost; their number is bounded.
    for (;;) {
      const lost = await this.#again.next()
      if (lost === undefined || link !== this.#link || this.#flights.room(lost.rank) <= 0) break
      this.#again.offered(lost)
      await this.#offerOne(link, lost.queued, lost.rank)
    }
    for (const rank of queueRanks) {
      while (link === this.#link && !this.#quiet.has(rank) && this.#flights.room(rank) > 0) {
        const limit = Math.min(this.#flights.room(rank), 64)
        // Before the look: whatever is queued during it says so.
        this.#quiet.add(rank)
        const batch = await this.#deps.outbox.queued(this.#id, rank, cursors.get(rank), limit)
        if (batch.length === limit) this.#quiet.delete(rank)
        for (const queued of batch) {
          if (link !== this.#link || cursors !== this.#cursors) return 0
          await this.#offerOne(link, queued, rank)
          cursors.set(rank, queued.key)
        }
      }
    }
    return this.#untilDue()
  }

  #untilDue(): number | undefined {
    const againMs = this.#again.untilDue()
    const retryMs = this.#retries.untilDue()
    // What could be offered again and has no room waits for an answer, which wakes this loop.
    return againMs === undefined || againMs === 0 ? retryMs : Math.min(againMs, retryMs ?? againMs)
  }

  /** Whatever fails, the delivery is tried again; one whose records are damaged does not hold up those behind it. */
  async #offerOne(link: PeerLink, queued: QueuedDelivery, rank: QueueRank): Promise<void> {
    try {
      await this.#offer(link, queued, rank)
    } catch (error) {
      const trouble = asTramError(error)
      this.#failed(queued, rank, trouble)
      if (trouble.code !== 'STORE_DAMAGED') throw error
      this.#logger.error({ ...logFields(trouble), waybill: queued.waybill }, 'a delivery cannot be read')
    }
  }

  async #offer(link: PeerLink, queued: QueuedDelivery, rank: QueueRank): Promise<void> {
    if (this.#flights.ofWaybill(queued.waybill) !== undefined) return
    const offer = await this.#offers.load(queued)
    if (offer === undefined) this.#again.unavailable(queued)
    if (offer === undefined || link !== this.#link) return
    const { docId, waybill, message, sealReference } = offer
    const offeredAt = this.#deps.clock.now()
    const flight = this.#flights.begin({ queued, rank, docId, waybill, seal: sealReference, offeredAt })
    this.#logger.debug({ step: 'offering', document: docId }, 'offering')
    try {
      link.send({ offer: { transfer: flight.transfer, ...message } })
    } catch (error) {
      // Not offered after all: nothing may wait for the answer.
      this.#flights.end(flight)
      throw error
    }
  }

  #send(link: PeerLink, transfer: number, firstChunk: number): void {
    const flight = this.#flights.get(transfer)
    if (flight === undefined) return
    if (flight.isWanted || firstChunk > flight.waybill.chunkDigests.length) {
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: link.peerId, detail: `wants chunk ${firstChunk}` })
    }
    this.#flights.moved(flight)
    this.#logger.debug({ step: 'sending', document: flight.docId, firstChunk }, 'sending chunks')
    void this.#pump(link, flight, firstChunk)
  }

  async #pump(link: PeerLink, flight: Flight, firstChunk: number): Promise<void> {
    const signal = this.#flights.beginSending(flight)
    try {
      await pumpPacket(this.#deps.packets, link, flight, firstChunk, signal, () => this.#flights.moved(flight))
      flight.cancel = undefined
      this.#logger.debug({ step: 'ending', document: flight.docId }, 'all chunks are sent')
    } catch (error) {
      if (signal.aborted || link.closed.aborted) return
      const trouble = asTramError(error)
      this.#logger.error({ ...logFields(trouble), document: flight.docId }, 'the packet could not be sent')
      this.#cancel(flight, trouble.code)
      this.#failed(flight.queued, flight.rank, trouble)
      this.#wake.wake()
    }
  }

  /** Ends a flight from our side. */
  readonly #cancel = (flight: Flight, code: string): void => {
    this.#flights.end(flight)
    this.#tell(this.#link, { cancel: { transfer: flight.transfer, code } })
  }

  /** Nobody waits for this work, and a peer that reads nothing must not end the station. */
  #tell(link: PeerLink | undefined, message: ControlMessage): void {
    try {
      link?.send(message)
    } catch (error) {
      this.#logger.debug(logFields(asTramError(error)), 'the station was not told')
    }
  }

  /** Something failed here: tried again later, unless it is gone for good and only offered again. */
  #failed(queued: QueuedDelivery, rank: QueueRank, trouble: TramError): void {
    if (isReOffer(queued) && isGone(trouble)) this.#again.unavailable(queued)
    else this.#schedule(queued, rank, retryMs.failed)
  }

  readonly #retryLater = ({ queued, rank }: Flight, afterMs: number): void => {
    this.#schedule(queued, rank, afterMs)
    this.#wake.wake()
  }

  #schedule(queued: QueuedDelivery, rank: QueueRank, afterMs: number): void {
    if (isReOffer(queued)) this.#again.later(queued, afterMs)
    else this.#retries.add(queued, rank, afterMs)
  }

  /** What was offered on another link counts for nothing: all that is open is waiting again. */
  #beginAnew(): void {
    this.#flights.endAll()
    this.#again.linkChanged()
    this.#retries.clear()
    this.#walkAnew()
  }

  #walkAnew(): void {
    this.#cursors = new Map()
    this.wake()
  }
}
