// The record store on LevelDB (classic-level): group commit, a checksum for every record, and a way back from a full or
// failing disk that needs nobody. Beneath every service of the exchange; store-inspection.ts guards its opening.
// Long because: opening, failing, recovering and reading are one state.
import { setTimeout as delay } from 'node:timers/promises'
import { type Clock, systemClock } from '../../base/clock.ts'
import { asTramError, briefOf, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { RecentDurations } from '../../base/recent-durations.ts'
import { CommitQueue, type StoredOperation } from './commit-queue.ts'
import { isLevelDiskFull, levelFailure } from './level-errors.ts'
import { type Level, openLevel, quarantineStamp, repairLevel } from './level-open.ts'
import { readRange, scrubLevel } from './level-reading.ts'
import { LevelSnapshot } from './level-snapshot.ts'
import { ReadQueue } from './read-queue.ts'
import { RecentRecords } from './recent-records.ts'
import { decodeRecord, encodeRecord, recordDamage } from './record-codec.ts'
import type { KeyRange, RecordOperation, RecordStore } from './record-store.ts'
import { closeDamage, closeTorn, keepRecord } from './store-inspection.ts'
import type { StoreSnapshot } from './store-snapshot.ts'

const maxReportedKeys = 1000
const firstRetryMs = 100
const longestRetryMs = 5_000
/** Holds what some six hundred documents of a few kilobytes write on their way. */
const recentBytes = 4 * 1024 * 1024

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
  /**
   * STORE_DAMAGED: something is lost. Act as after a restore, then call `settleDamage`; called at every start until then.
   * STORE_TORN: the last acts may be lost. Note it, then call `settleTorn`; called at every start until then.
   */
  onDamage?: (error: TramError) => void
  /** LevelDB needs room to reopen on a full disk: frees the ballast (`DiskSpace.freeBallast`). */
  onDiskFull?: () => Promise<void>
}

type State = { name: 'closed' } | { name: 'open'; db: Level } | { name: 'failed'; error: TramError }

export class LevelStore implements RecordStore, Service {
  readonly name = 'record store'
  readonly #options: LevelStoreOptions
  readonly #deps: LevelStoreDeps
  readonly #logger: Logger
  readonly #queue: CommitQueue
  readonly #syncs = new RecentDurations()
  readonly #reads: ReadQueue
  readonly #recent = new RecentRecords(recentBytes)
  readonly #reportedKeys = new Set<string>()
  #state: State = { name: 'closed' }
  #lastSyncMs = Number.NEGATIVE_INFINITY
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
    this.#reads = new ReadQueue((keys) => this.#reading(() => this.#readableDb().getMany(keys)))
  }

  /**
   * Opens the store; makes it if it is not there.
   * @throws TramError STORE_LOCKED, STORE_FORMAT_UNKNOWN, STORE_DAMAGED (not even a repair could open it), DISK_FULL, STORE_FAILED
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#stopping = new AbortController()
    let db: Level
    try {
      db = await this.#open(true, signal)
    } catch (error) {
      const failure = asTramError(error)
      if (failure.code === 'DISK_FULL' && this.#deps.onDiskFull) await this.#deps.onDiskFull()
      else if (failure.code === 'STORE_DAMAGED') await this.#repair(failure)
      else throw error
      db = await this.#open(true, signal)
    }
    this.#state = { name: 'open', db }
  }

  /** Waits for the commits that were called, then closes. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#queue.idle()
    await this.#recovery
    const state = this.#state
    this.#state = { name: 'closed' }
    this.#recent.clear()
    if (state.name === 'open') await state.db.close()
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    this.#readableDb()
    const recent = this.#recent.get(key)
    if (recent !== undefined) return recent
    const [value] = await this.#reads.getMany([key])
    return value === undefined ? undefined : this.#decode(key, value)
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    this.#readableDb()
    const values = keys.map((key) => this.#recent.get(key))
    const missing = keys.filter((_, at) => values[at] === undefined)
    if (missing.length === 0) return values
    const stored = (await this.#reads.getMany(missing)).values()
    return values.map((recent, at) => {
      if (recent !== undefined) return recent
      const value = stored.next().value
      return value === undefined ? undefined : this.#decode(keys[at] ?? '', value)
    })
  }

  /** As the port says; also throws OVERLOADED when too much waits for the disk (then nothing was written). */
  async commit(operations: readonly RecordOperation[]): Promise<void> {
    this.#openDb()
    if (this.#stopping.signal.aborted) throw new TramError('STORE_FAILED', { detail: 'the store is stopping' })
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
    const records = readRange(() => this.#readableDb(), range)[Symbol.asyncIterator]()
    for (;;) {
      const { done, value: record } = await this.#reading(() => records.next())
      if (done) return
      yield [record[0], this.#decode(...record)]
    }
  }

  /** All records of this moment, for a backup; to be closed. @throws TramError STORE_FAILED */
  snapshot(): StoreSnapshot {
    return new LevelSnapshot(this.#readableDb(), this.#options.folder)
  }

  /**
   * Reads every record and checks it, slowly, in the background. Damage is also reported through `onDamage`.
   * @returns how many records were checked, and the keys of damaged ones (the first thousand)
   * @throws TramError STORE_DAMAGED when LevelDB itself cannot read on, STORE_FAILED; the signal's reason
   */
  async scrub(signal: AbortSignal): Promise<{ checked: number; damaged: string[] }> {
    const damaged: string[] = []
    const onDamaged = (error: TramError) => {
      if (damaged.length < maxReportedKeys) damaged.push(String(error.data.place))
      this.#reportRecord(error)
    }
    const checked = await this.#reading(() => scrubLevel(() => this.#readableDb(), onDamaged, signal), signal)
    return { checked, damaged }
  }

  /**
   * Copies damaged records of a range into quarantine and takes them out of the store: a record that cannot be read would
   * stand in the way of the one that takes its place. One whose value is still remembered is written anew instead.
   * @returns by key the name of the evidence, as `onDamage` gives it at the next start
   * @throws TramError STORE_*
   */
  async quarantineRecords(range: KeyRange): Promise<Map<string, string>> {
    const { quarantineFolder } = this.#options
    const stamp = quarantineStamp((this.#deps.clock ?? systemClock).now())
    const evidence = new Map<string, string>()
    const records = readRange(() => this.#readableDb(), range)[Symbol.asyncIterator]()
    for (;;) {
      const { done, value: record } = await this.#reading(() => records.next())
      if (done) return evidence
      const [key, stored] = record
      const detail = recordDamage(Buffer.from(key), stored)
      if (detail === undefined) continue
      evidence.set(key, await keepRecord(quarantineFolder, stamp, key, stored))
      this.#logger.error(logFields(new TramError('STORE_DAMAGED', { place: key, detail })), 'a record is damaged')
      const value = this.#recent.get(key)
      await this.commit([value === undefined ? { type: 'delete', key } : { type: 'put', key, value }])
      this.#reportedKeys.delete(key)
    }
  }

  /** Resolves when the store is not about to reopen or to mend itself. */
  async mended(): Promise<void> {
    await this.#recovery
  }

  /** What `onDamage` reported has been made good: it is not reported again at the next start. */
  async settleDamage(): Promise<void> {
    await closeDamage(this.#options.quarantineFolder)
  }

  /** What STORE_TORN reported is noted durably: it is not reported again at the next start. */
  async settleTorn(): Promise<void> {
    await closeTorn(this.#options.quarantineFolder)
  }

  async #open(isStart: boolean, signal: AbortSignal): Promise<Level> {
    const { folder, quarantineFolder } = this.#options
    const now = (this.#deps.clock ?? systemClock).now()
    const { db, damaged } = await openLevel(folder, quarantineFolder, now, isStart, signal)
    for (const error of damaged) this.#report(error)
    return db
  }

  /** Makes anew what LevelDB finds its files by: nobody could start a station again that has lost it. */
  async #repair(failure: TramError): Promise<void> {
    this.#logger.error(logFields(failure), 'the store cannot be opened; it is put together again from its files')
    const nowMs = (this.#deps.clock ?? systemClock).now()
    await repairLevel(this.#options.folder, this.#options.quarantineFolder, nowMs, failure.message)
  }

  /** How long synced writes took lately, milliseconds: RecentDurations.quantile. */
  syncMs(share: number): number | undefined {
    return this.#syncs.quantile(share)
  }

  /** Whether a write has reached the disk within the last `ms`, and nothing waits for it now. */
  syncedWithin(ms: number): boolean {
    return this.#state.name === 'open' && !this.#queue.isBusy && performance.now() - this.#lastSyncMs <= ms
  }

  async #write(operations: StoredOperation[], bytes: number): Promise<void> {
    const db = this.#openDb()
    const startMs = performance.now()
    try {
      await db.batch(operations, { sync: true })
      this.#lastSyncMs = performance.now()
      this.#syncs.note(this.#lastSyncMs - startMs)
      this.#recent.applied(operations)
    } catch (error) {
      throw this.#fail(db, error, bytes)
    }
  }

  /**
   * Not another byte may be written after a failed one: LevelDB does not stop by itself when appending to its log fails
   * (only when syncing does), and what it appends behind half a record is dropped at the next open.
   */
  #fail(db: Level, cause: unknown, neededBytes: number): TramError {
    const error = isLevelDiskFull(cause)
      ? new TramError('DISK_FULL', { neededBytes, freeBytes: 0 }, { cause })
      : levelFailure(cause, this.#options.folder)
    this.#state = { name: 'failed', error }
    this.#recent.clear()
    this.#logger.error(logFields(error), 'store failed; reopening')
    this.#recovery = this.#recover(db, error).finally(() => {
      this.#recovery = undefined
    })
    return error
  }

  async #recover(db: Level, cause: TramError): Promise<void> {
    const { signal } = this.#stopping
    const { folder, quarantineFolder } = this.#options
    let needsRoom = cause.code === 'DISK_FULL'
    let needsRepair = cause.code === 'STORE_DAMAGED'
    const nowMs = (this.#deps.clock ?? systemClock).now()
    await db.close().catch((error: unknown) => this.#logger.warn(logFields(asTramError(error)), 'closing failed'))
    // Also while stopping: a station that cannot start for what is unreadable must find it mended the next time.
    for (let waitMs = firstRetryMs; needsRepair || !signal.aborted; waitMs = Math.min(2 * waitMs, longestRetryMs)) {
      try {
        if (needsRoom) await this.#deps.onDiskFull?.()
        if (needsRepair) await repairLevel(folder, quarantineFolder, nowMs, cause.message)
        needsRepair = false
        if (signal.aborted) return
        const reopened = await this.#open(false, signal)
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
  #openDb(): Level {
    if (this.#state.name === 'open') return this.#state.db
    if (this.#state.name === 'failed') throw this.#state.error
    throw new TramError('STORE_FAILED', { detail: 'the store is not open' })
  }

  /** @throws TramError STORE_FAILED also when the disk is full: a reader needs no room, it has to wait for the reopening */
  #readableDb(): Level {
    if (this.#state.name !== 'failed') return this.#openDb()
    const { error } = this.#state
    throw new TramError('STORE_FAILED', { detail: briefOf(error) }, { cause: error })
  }

  async #reading<Result>(read: () => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    try {
      return await read()
    } catch (error) {
      const failure = signal?.aborted ? signal.reason : levelFailure(error, this.#options.folder)
      // A table that LevelDB cannot read stays so, and ends each compaction: only a repair gives the rest back.
      if (isUnreadable(error, failure) && this.#state.name === 'open') this.#fail(this.#state.db, error, 0)
      throw failure
    }
  }

  #decode(key: string, stored: Uint8Array): Uint8Array {
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
    if (error.code === 'STORE_TORN') this.#logger.warn(logFields(error), 'the end of a log does not read')
    else this.#logger.error(logFields(error), 'data lost')
    this.#deps.onDamage?.(error)
  }
}

/** Whether LevelDB itself could not read on; a record whose checksum is wrong is an error of our own. */
const isUnreadable = (error: unknown, failure: unknown): boolean =>
  !(error instanceof TramError) && failure instanceof TramError && failure.code === 'STORE_DAMAGED'
