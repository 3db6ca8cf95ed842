// Deliveries that have not ended, read for people: what waits for the token, then what waits for each station.
// The outbox writes these records and the courier works through them; `tram queue` and health look here.

import { sendDeadline, type Urgency, urgencies } from '../../document/send-deadline.ts'
import { range } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import { type DeliveryRecord, DeliveryState } from '../schema/records.ts'
import type { Outbox } from './outbox.ts'

/** Counting stops here: a health report must not read for minutes. */
const maxCounted = 100_000
/** Overdue deliveries are counted so far. */
export const maxOverdue = 1_000

/** One waybill on its way to one station. Times in ms since 1970. */
export interface OpenDelivery {
  station: string
  /** Urgency (`0` hỏa tốc … `3` thường) and size (`s` small, `b` big). */
  rank: string
  docId: string
  /** Hex digest. */
  waybill: string
  agencies: string[]
  /** `stored`: the recipient has the bytes, its receipt is still to come. */
  state: 'sealing' | 'sending' | 'stored'
  openedAt: number
  /** 0 = never on a link yet. */
  offeredAt: number
  lastTrouble: string
}

export interface OpenDeliveryPage {
  deliveries: OpenDelivery[]
  /** Where the next page begins, null at the end. */
  next: string | null
}

export interface QueueDepth {
  station: string
  depth: number
  /** When the oldest delivery was opened, ms since 1970. */
  oldestAt: number
}

/** Deliveries that should have left by now (document/send-deadline.ts). */
export interface Overdue {
  /** At most `maxOverdue`: then there may be more. */
  count: number
  /** The recipient of the one that has waited longest, null when there is none. */
  station: string | null
  oldestAt: number | null
}

export interface QueueDepths {
  stations: QueueDepth[]
  /** When the oldest open delivery of each urgency was opened, ms since 1970; absent when none waits. */
  oldestByUrgency: Partial<Record<Urgency, number>>
  overdue: Overdue
  /** Waybills and receipts that wait for the token. */
  sealing: { waybills: number; receipts: number; oldestAt: number | null }
  /** False when there is more than was counted. */
  isComplete: boolean
}

/** What `next` of a page looks like: a key of one of the two queues. */
export const pageCursorPattern = '^(?:toseal:waybill:[0-9]{16}|queue:[a-z0-9-]{1,32}:[0-3][sb]:[0-9]{16})$'

export class OpenDeliveries {
  readonly #records: RecordStore
  readonly #outbox: Outbox

  constructor(deps: { records: RecordStore; outbox: Outbox }) {
    this.#records = deps.records
    this.#outbox = deps.outbox
  }

  /**
   * One page: unsealed first, then by station and urgency. It may exceed `limit` by the stations of its last waybill.
   * @param station only its deliveries; null = all
   * @param after `next` of the page before, null = from the start
   */
  async list(query: { station: string | null; after: string | null; limit: number }): Promise<OpenDeliveryPage> {
    const deliveries: OpenDelivery[] = []
    for await (const { cursor, waybill, stations } of this.#walk(query.station, query.after)) {
      for (const [station, rank] of stations) {
        const open = await this.#open(waybill, station, rank)
        // A waybill that is sealed anew waits for one of its stations; the others stand in their own queues, or are done.
        if (open !== undefined && (open.state === 'sealing') === cursor.startsWith('toseal:')) deliveries.push(open)
      }
      if (deliveries.length >= query.limit) return { deliveries, next: cursor }
    }
    return { deliveries, next: null }
  }

  /**
   * How much waits for each station, and since when.
   * @param now ms since 1970, for what is overdue
   */
  async depths(now: number): Promise<QueueDepths> {
    const stations = new Map<string, { depth: number; heads: Map<string, string> }>()
    let counted = 0
    for await (const [name, value] of this.#records.range({ ...range('queue'), limit: maxCounted })) {
      const [, station = '', rank = ''] = name.split(':')
      const entry = stations.get(station) ?? { depth: 0, heads: new Map<string, string>() }
      entry.depth += 1
      // Each rank is in order of time, so its first is its oldest.
      if (!entry.heads.has(rank)) entry.heads.set(rank, text(value))
      stations.set(station, entry)
      counted += 1
    }
    const depths: QueueDepth[] = []
    const lateness = new Lateness(now)
    for (const [station, { depth, heads }] of stations) {
      let oldestAt = Number.POSITIVE_INFINITY
      for (const [rank, waybill] of heads) {
        const delivery = await this.#outbox.delivery(waybill, station)
        if (delivery === undefined) continue
        oldestAt = Math.min(oldestAt, delivery.openedAt)
        if (!lateness.note(station, rank, delivery)) await this.#noteOverdue(lateness, station, rank)
      }
      // Its last delivery ended while we were counting.
      if (Number.isFinite(oldestAt)) depths.push({ station, depth, oldestAt })
    }
    const waybills = await this.#countSealing('waybill')
    const receipts = await this.#countSealing('receipt')
    if (waybills.count > 0) await this.#noteUnsealed(lateness)
    const sealing = {
      waybills: waybills.count,
      receipts: receipts.count,
      oldestAt: await this.#openedAt(waybills.first),
    }
    const isComplete = Math.max(counted, waybills.count, receipts.count) < maxCounted
    const { oldestByUrgency, overdue } = lateness
    return { stations: depths, oldestByUrgency, overdue, sealing, isComplete }
  }

  /** Deliveries of one rank behind its first, which is late, until one is in time. */
  async #noteOverdue(lateness: Lateness, station: string, rank: string): Promise<void> {
    let isFirst = true
    for await (const [, value] of this.#records.range({ ...range('queue', station, rank), limit: maxOverdue })) {
      const delivery = isFirst ? undefined : await this.#outbox.delivery(text(value), station)
      isFirst = false
      if (delivery !== undefined && lateness.note(station, rank, delivery)) return
    }
  }

  /** The first that wait for the token: a dead token is when lateness counts. */
  async #noteUnsealed(lateness: Lateness): Promise<void> {
    for await (const [, value] of this.#records.range({ ...range('toseal', 'waybill'), limit: maxOverdue })) {
      const waybill = text(value)
      const record = await this.#outbox.waybill(waybill)
      for (const station of record?.stations ?? []) {
        const delivery = await this.#outbox.delivery(waybill, station)
        if (delivery !== undefined) lateness.note(station, record?.queueRank ?? '', delivery)
      }
    }
  }

  async *#walk(
    station: string | null,
    after: string | null,
  ): AsyncGenerator<{ cursor: string; waybill: string; stations: (readonly [id: string, rank: string])[] }> {
    const start = after === null ? '' : `${after}\0`
    if (after === null || after.startsWith('toseal:')) {
      const whole = range('toseal', 'waybill')
      const from = start > whole.from ? start : whole.from
      for await (const [cursor, value] of this.#records.range({ ...whole, from })) {
        const waybill = text(value)
        const record = await this.#outbox.waybill(waybill)
        const ids = (record?.stations ?? []).filter((id) => station === null || id === station)
        yield { cursor, waybill, stations: ids.map((id) => [id, record?.queueRank ?? ''] as const) }
      }
    }
    const whole = station === null ? range('queue') : range('queue', station)
    const from = start > whole.from && start.startsWith('queue:') ? start : whole.from
    for await (const [cursor, value] of this.#records.range({ ...whole, from })) {
      const [, id = '', rank = ''] = cursor.split(':')
      yield { cursor, waybill: text(value), stations: [[id, rank]] }
    }
  }

  async #open(waybill: string, station: string, rank: string): Promise<OpenDelivery | undefined> {
    const delivery = await this.#outbox.delivery(waybill, station)
    const state = delivery === undefined ? undefined : openStates[delivery.state]
    if (delivery === undefined || state === undefined) return undefined
    const { docId, agencies, openedAt, offeredAt, lastTrouble } = delivery
    return { station, rank, docId, waybill, agencies, state, openedAt, offeredAt, lastTrouble }
  }

  async #countSealing(type: 'waybill' | 'receipt'): Promise<{ count: number; first: string | undefined }> {
    let count = 0
    let first: string | undefined
    for await (const [, value] of this.#records.range({ ...range('toseal', type), limit: maxCounted })) {
      first ??= text(value)
      count += 1
    }
    return { count, first }
  }

  async #openedAt(waybill: string | undefined): Promise<number | null> {
    if (waybill === undefined) return null
    const [station] = (await this.#outbox.waybill(waybill))?.stations ?? []
    return station === undefined ? null : ((await this.#outbox.delivery(waybill, station))?.openedAt ?? null)
  }
}

/** Gathers what is late. Bytes that the recipient has stored have arrived: only its receipt is still to come. */
class Lateness {
  readonly oldestByUrgency: QueueDepths['oldestByUrgency'] = {}
  readonly overdue: Overdue = { count: 0, station: null, oldestAt: null }
  readonly #now: number

  constructor(now: number) {
    this.#now = now
  }

  /** Notes one open delivery. @returns whether it is in time */
  note(station: string, rank: string, { openedAt, state }: DeliveryRecord): boolean {
    const urgency = urgencies.find((name) => rank.startsWith(name))
    if (urgency === undefined || openStates[state] === undefined) return true
    this.oldestByUrgency[urgency] = Math.min(this.oldestByUrgency[urgency] ?? openedAt, openedAt)
    if (sendDeadline(openedAt, urgency) >= this.#now) return true
    if (state === DeliveryState.AWAITING_RECEIPT || this.overdue.count >= maxOverdue) return false
    this.overdue.count += 1
    if (this.overdue.oldestAt === null || openedAt < this.overdue.oldestAt) {
      this.overdue.oldestAt = openedAt
      this.overdue.station = station
    }
    return false
  }
}

const openStates: Partial<Record<DeliveryState, OpenDelivery['state']>> = {
  [DeliveryState.SEALING]: 'sealing',
  [DeliveryState.SENDING]: 'sending',
  [DeliveryState.AWAITING_RECEIPT]: 'stored',
}

const text = (value: Uint8Array): string => Buffer.from(value).toString('utf8')
