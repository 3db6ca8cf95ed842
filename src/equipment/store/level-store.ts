// The record store on LevelDB (classic-level): group commit, a checksum for every record, and a way back from a full or
// failing disk that needs nobody. Beneath every service of the exchange; store-inspection.ts guards its opening.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ClassicLevel } from 'classic-level'
import { type Clock, systemClock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { CommitQueue, type StoredOperation } from './commit-queue.ts'
import { syncFolder } from './durable-files.ts'
import { isLevelDiskFull, levelFailure } from './level-errors.ts'
import { key } from './namespaces.ts'
import { decodeRecord, encodeRecord, recordDamage } from './record-codec.ts'
import type { KeyRange, RecordOperation, RecordStore } from './record-store.ts'
import { closeDamage, inspectInfoLog, inspectLogs, openDamage } from './store-inspection.ts'

/** Version of the meaning of keys and values. Raise it with a migration. */
export const storeFormatVersion = 1
const formatKey = key('meta', 'format')

const piece = { records: 256, bytes: 256 * 1024 }
const maxReportedKeys = 1000
const firstRetryMs = 100
const longestRetryMs = 5_000
/** Pause between two pieces of a scrub: at most some 25 MB/s, so that documents go first. */
const scrubPauseMs = 10

export interface LevelStoreOptions {
  /** LevelDB's own; nothing else may lie in it. */
  folder: string
  /** Where copies of damaged files go. */
  quarantineFolder: string
  /** Operations in one batch at most (default 4,096). */
  maxBatchOperations?: number
}

export interface LevelStoreDeps {
  logger: Logger
  clock?: Clock
  /** Something is lost: act as after a restore, then call `settleDamage`. Called at every start until then. */
  onDamage?: (error: TramError) => void
  /** LevelDB needs room to reopen on a full disk: frees the ballast (`DiskSpace.freeBallast`). */
  onDiskFull?: () => Promise<void>
}

type State =
  | { name: 'closed' }
  | { name: 'open'; db: ClassicLevel<string, Uint8Array> }
  | { name: 'failed'; error: TramError }

export class LevelStore implements RecordStore, Service {
  readonly name = 'record store'
  readonly #options: LevelStoreOptions
  readonly #deps: LevelStoreDeps
  readonly #logger: Logger
  readonly #queue: CommitQueue
  readonly #reportedKeys = new Set<string>()
  #state: State = { name: 'closed' }
  #stopping = new AbortController()
  #recovery: Promise<void> | undefined

  constructor(options: LevelStoreOptions, deps: LevelStoreDeps) {
    this.#options = options
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'store' })
    this.#queue = new CommitQueue(
      {
        maxBatchOperations: options.maxBatchOperations ?? 4096,
        maxBatchBytes: 4 * 1024 * 1024,
        maxWaitingOperations: 128 * 1024,
        maxWaitingBytes: 64 * 1024 * 1024,
      },
      (operations, bytes) => this.#write(operations, bytes),
    )
  }

  /**
   * Opens the store; makes it if it is not there.
   * @throws TramError STORE_LOCKED, STORE_FORMAT_UNKNOWN, STORE_DAMAGED (LevelDB cannot open it), DISK_FULL, STORE_FAILED
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#stopping = new AbortController()
    let db: ClassicLevel<string, Uint8Array>
    try {
      db = await this.#open(signal)
    } catch (error) {
      if (!(error instanceof TramError) || error.code !== 'DISK_FULL' || !this.#deps.onDiskFull) throw error
      await this.#deps.onDiskFull()
      db = await this.#open(signal)
    }
    this.#state = { name: 'open', db }
  }

  /** Waits for the commits that were called, then closes. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#recovery
    await this.#queue.idle()
    const state = this.#state
    this.#state = { name: 'closed' }
    if (state.name === 'open') await state.db.close()
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return (await this.getMany([key]))[0]
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const db = this.#readableDb()
    const stored = await this.#reading(() => db.getMany([...keys]))
    return keys.map((key, index) => this.#decode(key, stored[index]))
  }

  /** As the port says; also throws OVERLOADED when too much waits for the disk (then nothing was written). */
  async commit(operations: readonly RecordOperation[]): Promise<void> {
    this.#openDb()
    if (operations.length === 0) return
    let bytes = 0
    const stored = operations.map((operation): StoredOperation => {
      bytes += operation.key.length
      if (operation.type === 'delete') return { type: 'del', key: operation.key }
      const value = encodeRecord(operation.key, operation.value)
      bytes += value.length
      return { type: 'put', key: operation.key, value }
    })
    await this.#queue.commit(stored, bytes)
  }

  async *range(range: KeyRange): AsyncIterable<[key: string, value: Uint8Array]> {
    let remaining = range.limit ?? Number.POSITIVE_INFINITY
    // Each piece has an iterator of its own: a slow reader pins no snapshot, and one that breaks off leaves nothing open.
    let bounds: { gt?: string; gte?: string; lt: string } = { gte: range.from, lt: range.to }
    while (remaining > 0) {
      const entries = await this.#readPiece({ ...bounds, reverse: range.reverse === true }, remaining)
      for (const [key, stored] of entries) {
        const value = this.#decode(key, stored)
        if (value) yield [key, value]
      }
      const lastKey = entries.at(-1)?.[0]
      if (lastKey === undefined) return
      remaining -= entries.length
      bounds = range.reverse ? { gte: range.from, lt: lastKey } : { gt: lastKey, lt: range.to }
    }
  }

  /**
   * Reads every record and checks it, slowly, in the background. Damage is also reported through `onDamage`.
   * @returns how many records were checked, and the keys of damaged ones (the first thousand)
   * @throws TramError STORE_DAMAGED when LevelDB itself cannot read on, STORE_FAILED; the signal's reason
   */
  async scrub(signal: AbortSignal): Promise<{ checked: number; damaged: string[] }> {
    const damaged: string[] = []
    let checked = 0
    let after: Uint8Array = new Uint8Array()
    for (;;) {
      signal.throwIfAborted()
      const db = this.#readableDb()
      // Raw keys: a damaged key need not be UTF-8, and must still be passed.
      const iterator = db.iterator<Uint8Array, Uint8Array>({
        gt: after,
        keyEncoding: 'view',
        valueEncoding: 'view',
        fillCache: false,
        highWaterMarkBytes: piece.bytes,
      })
      const entries = await this.#reading(() => iterator.nextv(piece.records)).finally(() => iterator.close())
      for (const [rawKey, stored] of entries) {
        checked++
        const detail = recordDamage(rawKey, stored)
        if (detail === undefined) continue
        const place = Buffer.from(rawKey).toString()
        if (damaged.length < maxReportedKeys) damaged.push(place)
        this.#reportRecord(new TramError('STORE_DAMAGED', { place, detail }))
      }
      const lastKey = entries.at(-1)?.[0]
      if (lastKey === undefined) return { checked, damaged }
      after = lastKey
      await delay(scrubPauseMs, undefined, { signal })
    }
  }

  /** What `onDamage` reported has been made good: it is not reported again at the next start. */
  async settleDamage(): Promise<void> {
    await closeDamage(this.#options.quarantineFolder)
  }

  async #open(signal: AbortSignal): Promise<ClassicLevel<string, Uint8Array>> {
    const { folder, quarantineFolder } = this.#options
    let db: ClassicLevel<string, Uint8Array> | undefined
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const stamp = new Date((this.#deps.clock ?? systemClock).now()).toISOString().replaceAll(':', '')
      const { torn, judged } = await inspectLogs(folder, quarantineFolder, stamp, signal)
      // Made only now: its constructor already begins to open, and opening destroys what we have just looked at.
      db = new ClassicLevel<string, Uint8Array>(folder, { valueEncoding: 'view', writeBufferSize: 8 * 1024 * 1024 })
      await db.open()
      // LevelDB syncs the folder only with its manifest; CURRENT and the folder itself are named after that.
      await syncFolder(folder)
      await syncFolder(dirname(folder))
      await inspectInfoLog(folder, quarantineFolder, stamp, judged)
      await this.#checkFormat(db)
      for (const error of torn) this.#logger.warn(logFields(error), 'a log was torn')
      for (const error of await openDamage(quarantineFolder)) this.#report(error)
      return db
    } catch (error) {
      await db?.close()
      throw signal.aborted ? signal.reason : levelFailure(error, folder)
    }
  }

  /** Writes the format version into a new store and checks it in an old one; also proves that the disk takes writes. */
  async #checkFormat(db: ClassicLevel<string, Uint8Array>): Promise<void> {
    const stored = await db.get(formatKey)
    if (stored !== undefined) {
      const found = Buffer.from(decodeRecord(formatKey, stored)).toString()
      if (!/^\d{1,9}$/.test(found) || Number(found) > storeFormatVersion)
        throw new TramError('STORE_FORMAT_UNKNOWN', { found, supported: storeFormatVersion })
    } else if ((await db.keys({ limit: 1 }).all()).length > 0) {
      this.#report(new TramError('STORE_DAMAGED', { place: formatKey, detail: 'the format version is missing' }))
    }
    const value = encodeRecord(formatKey, Buffer.from(String(storeFormatVersion)))
    await db.batch([{ type: 'put', key: formatKey, value }], { sync: true })
  }

  async #write(operations: StoredOperation[], bytes: number): Promise<void> {
    const db = this.#openDb()
    try {
      await db.batch(operations, { sync: true })
    } catch (error) {
      throw this.#fail(db, error, bytes)
    }
  }

  /**
   * Not another byte may be written after a failed one: LevelDB does not stop by itself when appending to its log fails
   * (only when syncing does), and what it appends behind half a record is dropped at the next open.
   */
  #fail(db: ClassicLevel<string, Uint8Array>, cause: unknown, neededBytes: number): TramError {
    const error = isLevelDiskFull(cause)
      ? new TramError('DISK_FULL', { neededBytes, freeBytes: 0 }, { cause })
      : levelFailure(cause, this.#options.folder)
    this.#state = { name: 'failed', error }
    this.#logger.error(logFields(error), 'store failed; reopening')
    this.#recovery = this.#recover(db, error.code === 'DISK_FULL').finally(() => {
      this.#recovery = undefined
    })
    return error
  }

  async #recover(db: ClassicLevel<string, Uint8Array>, diskFull: boolean): Promise<void> {
    const { signal } = this.#stopping
    let needsRoom = diskFull
    await db.close().catch((error: unknown) => this.#logger.warn(logFields(asTramError(error)), 'closing failed'))
    for (let waitMs = firstRetryMs; !signal.aborted; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      try {
        if (needsRoom) await this.#deps.onDiskFull?.()
        const reopened = await this.#open(signal)
        this.#state = { name: 'open', db: reopened }
        this.#logger.info('store works again')
        return
      } catch (error) {
        if (signal.aborted) return
        const failure = asTramError(error)
        needsRoom = failure.code === 'DISK_FULL'
        this.#state = { name: 'failed', error: failure }
        this.#logger.error(logFields(failure), 'store still fails')
      }
      await delay(waitMs, undefined, { signal }).catch(() => undefined)
    }
  }

  /** @throws TramError what made the store fail, or STORE_FAILED when it is not open */
  #openDb(): ClassicLevel<string, Uint8Array> {
    if (this.#state.name === 'open') return this.#state.db
    if (this.#state.name === 'failed') throw this.#state.error
    throw new TramError('STORE_FAILED', { detail: 'the store is not open' })
  }

  /** @throws TramError STORE_FAILED also when the disk is full: a reader needs no room, it has to wait for the reopening */
  #readableDb(): ClassicLevel<string, Uint8Array> {
    if (this.#state.name !== 'failed') return this.#openDb()
    const { error } = this.#state
    throw new TramError('STORE_FAILED', { detail: error.message }, { cause: error })
  }

  async #readPiece(
    bounds: { gt?: string; gte?: string; lt: string; reverse: boolean },
    remaining: number,
  ): Promise<[string, Uint8Array][]> {
    const iterator = this.#readableDb().iterator({ ...bounds, highWaterMarkBytes: piece.bytes })
    return await this.#reading(() => iterator.nextv(Math.min(piece.records, remaining))).finally(() => iterator.close())
  }

  async #reading<Result>(read: () => Promise<Result>): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      throw levelFailure(error, this.#options.folder)
    }
  }

  #decode(key: string, stored: Uint8Array | undefined): Uint8Array | undefined {
    if (stored === undefined) return undefined
    try {
      return decodeRecord(key, stored)
    } catch (error) {
      this.#reportRecord(asTramError(error))
      throw error
    }
  }

  /** Reports a damaged record once, however often it is read. */
  #reportRecord(error: TramError): void {
    const place = String(error.data.place)
    if (this.#reportedKeys.has(place) || this.#reportedKeys.size >= maxReportedKeys) return
    this.#reportedKeys.add(place)
    this.#report(error)
  }

  #report(error: TramError): void {
    this.#logger.error(logFields(error), 'data lost')
    this.#deps.onDamage?.(error)
  }
}
