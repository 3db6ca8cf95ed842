// Events that wait for the operators' broker: what was raised and cleared while it was away is told when it is back, also after a
// restart. Fed by whoever watches the conditions; surface/health publishes from it, and an event leaves on the broker's word only.
import { type ConditionCode, renderCondition } from '../../base/conditions/catalogue.ts'
import type { Severity } from '../../base/conditions/condition.ts'
import { asTramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { Sequence } from '../sequence.ts'

/** What has changed; the outbox adds the id. */
export interface HealthEvent {
  /** ms since 1970. */
  timeMs: number
  code: ConditionCode
  severity: Severity
  change: 'raised' | 'cleared' | 'happened'
  textVi: string
  textEn: string
  /** Flat facts for machines; bounded when it is stored. */
  data: Readonly<Record<string, string | number>>
}

/** An event on its way: its payload is the JSON that is published. */
export interface WaitingEvent {
  sequence: number
  payload: Uint8Array
}

export interface EventOutboxOptions {
  generation: number
  maxCount?: number
  maxBytes?: number
}

/** Of one event, in memory. */
interface Entry {
  sequence: number
  bytes: number
  isInfo: boolean
}

/** Several days of a bad line, or an hour of something that flaps. */
export const defaultMaxCount = 2_000
const defaultMaxBytes = 1024 * 1024
/** An event of the longest texts: two languages, and what the case is about. */
export const maxEventBytes = 4096
const maxDataKeys = 16
/** Tried in turn until the event fits. */
const textLengths = [1_000, 300, 100]
const digitsOfGeneration = 7

export class EventOutbox implements Service {
  readonly name = 'event outbox'
  readonly #options: Required<EventOutboxOptions>
  readonly #deps: { records: RecordStore; sequence: Sequence }
  /** Oldest first. */
  #entries: Entry[] = []
  #bytes = 0
  /** Handed out by `next`, so that somebody may have read them already: neither dropped nor changed. */
  readonly #handedOut = new Set<number>()
  /** The event that counts what was dropped, while nobody has read it. */
  #dropped: { sequence: number; count: number } | undefined
  #listener: () => void = () => undefined

  constructor(options: EventOutboxOptions, deps: { records: RecordStore; sequence: Sequence }) {
    this.#options = { maxCount: defaultMaxCount, maxBytes: defaultMaxBytes, ...options }
    this.#deps = deps
  }

  get size(): number {
    return this.#entries.length
  }

  /** Calls `listener` when there is something new. Set once, before `start`. */
  onAdded(listener: () => void): void {
    this.#listener = listener
  }

  /** Reads what the last run has left: at most a megabyte. @throws TramError STORE_FAILED, STORE_DAMAGED */
  async start(): Promise<void> {
    for await (const [name, value] of this.#deps.records.range(range('event'))) {
      const sequence = Number(name.slice(name.indexOf(':') + 1))
      this.#push({ sequence, bytes: value.byteLength, isInfo: value[0] === infoMark })
    }
  }

  async stop(): Promise<void> {
    // What is stored is there when the station starts again.
  }

  /**
   * Stores events, in order. When there are too many, the oldest of severity `info` goes, else the oldest; an event EVENTS_DROPPED, itself in
   * the outbox, counts them.
   * @throws TramError DISK_FULL, STORE_FAILED, OVERLOADED: then the events may be missing
   */
  async add(events: readonly HealthEvent[]): Promise<void> {
    const puts = new Map<number, RecordOperation>()
    for (const event of events) {
      const sequence = this.#deps.sequence.next()
      puts.set(sequence, this.#put(sequence, event))
    }
    const dropped = this.#dropTooMany()
    if (dropped.length > 0) {
      const count = (this.#dropped?.count ?? 0) + dropped.length
      // A new event for each ten would fill the outbox with them: it is written again until somebody reads it.
      this.#dropped = { sequence: this.#dropped?.sequence ?? this.#deps.sequence.next(), count }
      this.#forget(this.#dropped.sequence)
      puts.set(
        this.#dropped.sequence,
        this.#put(this.#dropped.sequence, droppedEvent(count, events.at(-1)?.timeMs ?? 0)),
      )
    }
    for (const gone of dropped) puts.set(gone, { type: 'delete', key: eventKey(gone) })
    try {
      await this.#deps.records.commit([...puts.values()])
    } catch (error) {
      for (const [written, { type }] of puts) if (type === 'put') this.#forget(written)
      this.#dropped = undefined
      throw error
    }
    this.#listener()
  }

  /**
   * The oldest events, in order. Whoever takes them publishes them and says `published`; what nobody said it of comes again.
   * @throws TramError STORE_FAILED
   */
  async next(limit: number): Promise<WaitingEvent[]> {
    const sequences = this.#entries.slice(0, limit).map(({ sequence }) => sequence)
    for (const sequence of sequences) {
      this.#handedOut.add(sequence)
      if (sequence === this.#dropped?.sequence) this.#dropped = undefined
    }
    const events: WaitingEvent[] = []
    const damaged: number[] = []
    for (const sequence of sequences) {
      try {
        const value = await this.#deps.records.get(eventKey(sequence))
        // Absent: its commit is not over yet.
        if (value !== undefined) events.push({ sequence, payload: value.subarray(1) })
      } catch (error) {
        // The store has reported it. Kept, it would hold up all events behind it.
        if (asTramError(error).code !== 'STORE_DAMAGED') throw error
        damaged.push(sequence)
      }
    }
    await this.published(damaged)
    return events
  }

  /** The broker has these: they are forgotten. @throws TramError DISK_FULL, STORE_FAILED: then they come again */
  async published(sequences: readonly number[]): Promise<void> {
    if (sequences.length === 0) return
    await this.#deps.records.commit(
      sequences.map((sequence): RecordOperation => ({ type: 'delete', key: eventKey(sequence) })),
    )
    for (const sequence of sequences) this.#forget(sequence)
  }

  #put(sequence: number, event: HealthEvent): RecordOperation {
    const isInfo = event.severity === 'info'
    const id = `${String(this.#options.generation).padStart(digitsOfGeneration, '0')}-${sequencePart(sequence)}`
    const value = Buffer.concat([Uint8Array.of(isInfo ? infoMark : otherMark), eventPayload(id, event)])
    this.#push({ sequence, bytes: value.byteLength, isInfo })
    return { type: 'put', key: eventKey(sequence), value }
  }

  #push(entry: Entry): void {
    this.#bytes += entry.bytes
    const next = this.#entries.findLastIndex(({ sequence }) => sequence < entry.sequence) + 1
    this.#entries.splice(next, 0, entry)
  }

  #forget(sequence: number): void {
    this.#handedOut.delete(sequence)
    const index = this.#entries.findLastIndex((entry) => entry.sequence === sequence)
    const [gone] = index < 0 ? [] : this.#entries.splice(index, 1)
    this.#bytes -= gone?.bytes ?? 0
  }

  /** Makes room, and for the event that counts them. Returns what is to be deleted. */
  #dropTooMany(): number[] {
    const { maxCount, maxBytes } = this.#options
    const dropped: number[] = []
    while (this.#entries.length >= maxCount || this.#bytes > maxBytes - maxEventBytes) {
      const mayGo = ({ sequence }: Entry): boolean =>
        !this.#handedOut.has(sequence) && sequence !== this.#dropped?.sequence
      const victim = this.#entries.find((entry) => entry.isInfo && mayGo(entry)) ?? this.#entries.find(mayGo)
      if (victim === undefined) break
      this.#forget(victim.sequence)
      dropped.push(victim.sequence)
    }
    return dropped
  }
}

/** The first byte of a record says what may be dropped first, so that a start parses nothing. */
const infoMark = 1
const otherMark = 0

const eventKey = (sequence: number): string => key('event', sequencePart(sequence))

function droppedEvent(count: number, timeMs: number): HealthEvent {
  const { code, severity, vi, en } = renderCondition('EVENTS_DROPPED', { count })
  return { timeMs, code, severity, change: 'happened', textVi: vi, textEn: en, data: { count } }
}

/** The JSON of an event, at most `maxEventBytes`: texts and data tell of names and files that others have chosen. */
function eventPayload(id: string, event: HealthEvent): Uint8Array {
  const { timeMs: ts, code, severity, change, textVi, textEn, data } = event
  for (const length of textLengths) {
    const bounded = Object.entries(data)
      .slice(0, maxDataKeys)
      .filter(([, value]) => typeof value === 'string' || Number.isFinite(value))
      .map(([name, value]) => [name, typeof value === 'string' ? cut(value, length) : value])
    const [text_vi, text_en] = [cut(textVi, length), cut(textEn, length)]
    const fields = { ts, id, code, severity, change, text_vi, text_en, data: Object.fromEntries(bounded) }
    const payload = Buffer.from(JSON.stringify(fields))
    if (payload.byteLength < maxEventBytes) return payload
  }
  return Buffer.from(JSON.stringify({ ts, id, code, severity, change, text_vi: code, text_en: code, data: {} }))
}

const cut = (text: string, length: number): string => text.slice(0, length).toWellFormed()
