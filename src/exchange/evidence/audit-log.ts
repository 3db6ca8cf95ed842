// The append-only hash chain of acts: who handed in, sealed, took, refused, fetched, changed the directory, and when.
// Identifiers only, never a subject or content. Every other part of the exchange adds its acts to its own commits.
import { createHash } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { AuditRecord } from '../schema/records.ts'

export type AuditAct =
  | 'accepted'
  | 'sealed'
  | 'delivered'
  | 'refused-by-recipient'
  | 'expired'
  | 'received'
  | 'refused'
  | 'fetched'
  | 'marked'
  | 'directory-imported'
  | 'directory-requested'
  | 'directory-request-exported'
  | 'directory-request-in-force'
  | 'directory-request-refused'
  | 'directory-request-superseded'
  | 'resent'
  | 'deleted'
  | 'loss-found'
  | 'loss-made-good'
  | 'lost'
  | 'clock-trusted'
  | 'power-failing'
  | 'power-back'
  | 'configuration-changed'
  | 'pin-entered'
  | 'condition-raised'
  | 'condition-cleared'
  | 'backup-read'

/** An act that is being committed. */
export interface NewAct {
  act: AuditAct
  subject: string
  detail?: string
}

export interface AuditEntry {
  sequence: number
  timeMs: number
  act: AuditAct
  subject: string
  detail: string
}

const rereadMs = 200

export class AuditLog implements Service {
  readonly name = 'audit log'
  readonly #records: RecordStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #stopping = new AbortController()
  #rereading: Promise<void> = Promise.resolve()
  #sequence = 0
  #previous: Uint8Array = new Uint8Array(32)
  /** False between a failed commit and the new look at the chain: what is on disk is unknown then. */
  #isHeadKnown = false
  /** Commits that are not on disk yet. */
  readonly #writes = new Set<Promise<void>>()
  readonly #listeners = new Set<(acts: readonly NewAct[], timeMs: number) => void>()

  constructor(records: RecordStore, clock: Clock, logger: Logger) {
    this.#records = records
    this.#clock = clock
    this.#logger = logger
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#rereading
  }

  /** Finds the head of the chain. */
  async start(): Promise<void> {
    let sequence = 0
    let previous: Uint8Array = new Uint8Array(32)
    for await (const [name, value] of this.#records.range({ ...range('audit'), reverse: true, limit: 1 })) {
      sequence = sequenceOf(name) + 1
      previous = digestOf(value)
    }
    this.#sequence = sequence
    this.#previous = previous
    this.#isHeadKnown = true
  }

  /**
   * Commits `operations` together with the acts that they are, chained. Order of calls is order of the chain.
   * @throws as RecordStore.commit
   */
  async commit(operations: readonly RecordOperation[], acts: readonly NewAct[]): Promise<void> {
    if (!this.#isHeadKnown) throw new TramError('STORE_FAILED', { detail: 'the audit log is being read again' })
    const all = [...operations]
    const time = this.#clock.now()
    for (const { act, subject, detail } of acts) {
      const record = AuditRecord.encode({
        time,
        act,
        subject,
        detail: detail ?? '',
        previous: Buffer.from(this.#previous),
      })
      all.push({ type: 'put', key: key('audit', sequencePart(this.#sequence)), value: record })
      this.#sequence += 1
      this.#previous = digestOf(record)
    }
    const write = this.#records.commit(all)
    this.#writes.add(write)
    try {
      await write
      for (const listener of this.#listeners) listener(acts, time)
    } catch (error) {
      // The store refuses everything that was queued behind a failed commit too, so the head is what is on disk.
      if (this.#isHeadKnown) {
        this.#isHeadKnown = false
        this.#rereading = this.#readAgain()
      }
      throw error
    } finally {
      this.#writes.delete(write)
    }
  }

  /** Reads the head again until the store answers. */
  async #readAgain(): Promise<void> {
    // A commit that was refused (OVERLOADED) has others before it, which are acts as soon as they are written.
    await Promise.allSettled([...this.#writes])
    while (!this.#isHeadKnown && !this.#stopping.signal.aborted) {
      try {
        await this.start()
      } catch (error) {
        this.#logger.debug(logFields(asTramError(error)), 'the audit log cannot be read yet')
        await delay(rereadMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined)
      }
    }
  }

  /** Calls `listener` with acts that have reached the disk. Before start. */
  onActs(listener: (acts: readonly NewAct[], timeMs: number) => void): void {
    this.#listeners.add(listener)
  }

  /** The last acts, newest first, at most `limit`. */
  async *latest(limit: number): AsyncGenerator<AuditEntry> {
    for await (const [name, value] of this.#records.range({ ...range('audit'), reverse: true, limit })) {
      yield entryOf(name, value)
    }
  }

  /** Acts from a sequence number on, oldest first. */
  async *entries(fromSequence = 0): AsyncGenerator<AuditEntry> {
    const from = key('audit', sequencePart(fromSequence))
    for await (const [name, value] of this.#records.range({ ...range('audit'), from })) {
      yield entryOf(name, value)
    }
  }

  /** Recomputes the chain. @throws TramError STORE_DAMAGED naming the first link that does not hold */
  async verify(): Promise<number> {
    let previous: Uint8Array = new Uint8Array(32)
    let expected = 0
    for await (const [name, value] of this.#records.range(range('audit'))) {
      if (sequenceOf(name) !== expected || !isChainedTo(previous, value)) {
        throw new TramError('STORE_DAMAGED', { place: name, detail: 'the audit chain is broken here' })
      }
      previous = digestOf(value)
      expected += 1
    }
    return expected
  }
}

function entryOf(name: string, value: Uint8Array): AuditEntry {
  const { time, act, subject, detail } = AuditRecord.decode(value)
  return { sequence: sequenceOf(name), timeMs: time, act: act as AuditAct, subject, detail }
}

const digestOf = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest()
const sequenceOf = (name: string): number => Number.parseInt(name.slice(name.indexOf(':') + 1), 10)

function isChainedTo(previous: Uint8Array, bytes: Uint8Array): boolean {
  try {
    return Buffer.compare(AuditRecord.decode(bytes).previous, previous) === 0
  } catch {
    // Bytes that are no record at all are no link of the chain either.
    return false
  }
}
