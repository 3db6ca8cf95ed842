// The directory in use: stations and agencies, in the record store and not in the heap. Never rolled back; an expired one
// alarms and keeps working. Everything that resolves a code or admits a peer asks here.
// The files of this and of older versions are those of directory-versions.ts.
// Long because: import and lookup are one state that changes together.
import { open, rm } from 'node:fs/promises'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError, type Verdict } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { equalBytes } from '../../document/der.ts'
import { DirectoryFileReader, type DirectoryTrust, verifyDirectoryStatement } from '../../document/directory-file.ts'
import {
  type AgencyEntry,
  DirectoryEntry,
  type DirectoryStatement,
  type StationEntry,
} from '../../document/schema/directory.ts'
import { isInWindow } from '../../document/time-window.ts'
import { key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { KeyRange, RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { DirectoryRecord } from '../schema/records.ts'
import { DirectoryVersions } from './directory-versions.ts'

const cachedEntries = 2048
const importBatch = 500
/** A closed agency points to its successor, which may be closed as well: mergers of mergers. */
const maxSuccessors = 8

export class Directory implements Service {
  readonly name = 'directory'
  readonly #versions: DirectoryVersions
  readonly #trust: DirectoryTrust
  readonly #records: RecordStore
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #isDamaged: () => boolean
  readonly #listeners = new Set<() => void>()
  #current: DirectoryRecord | undefined
  #cache = new Map<string, DirectoryEntry | null>()
  #importing: Promise<unknown> = Promise.resolve()
  /** Asks the import under way to end. */
  #giveWay: (() => void) | undefined
  #forkedVersion = 0

  constructor(
    options: { folder: string; trust: DirectoryTrust },
    deps: {
      records: RecordStore
      clock: Clock
      logger: Logger
      /** Whether records are lost: then files are kept, and what they say is put back. */
      isDamaged?: () => boolean
    },
  ) {
    this.#versions = new DirectoryVersions(options, deps)
    this.#trust = options.trust
    this.#records = deps.records
    this.#clock = deps.clock
    this.#logger = deps.logger
    this.#isDamaged = deps.isDamaged ?? (() => false)
  }

  /** Finds the directory in use and drops what an interrupted import left behind. */
  async start(): Promise<void> {
    const stored = await this.#records.get(key('dirmeta', 'current'))
    this.#current = stored === undefined ? undefined : DirectoryRecord.decode(stored)
    // At once: without its record an older one that the site installed would pass for new, without an entry its agency for gone.
    if (this.#isDamaged()) await this.#reload()
    await this.#dropEntriesBut(this.version)
    await this.#versions.start(this.#current)
    const { expires, version } = this.#current ?? { expires: 0, version: 0 }
    if (version === 0) this.#logger.warn({ code: 'DIRECTORY_MISSING' }, 'no directory')
    else if (this.isExpired()) this.#logger.error({ code: 'DIRECTORY_EXPIRED', version, expires }, 'directory expired')
  }

  async stop(): Promise<void> {
    await this.#importing.catch(() => undefined)
  }

  /** Version in use, 0 = none. */
  get version(): number {
    return this.#current?.version ?? 0
  }

  /** Bytes of the file in use, 0 = none. */
  get fileBytes(): number {
    return this.#current?.size ?? 0
  }

  /** What is kept of the version in use: times and the authority's signature. */
  get current(): Readonly<DirectoryRecord> | undefined {
    return this.#current
  }

  /** Past its expiry: an alarm, never a reason to stop. */
  isExpired(): boolean {
    return this.#current !== undefined && this.#current.expires !== 0 && this.#clock.now() >= this.#current.expires
  }

  /** The authority has signed another one of the version in use: an alarm of its own, since one of the two misleads its readers. */
  isForked(): boolean {
    return this.version > 0 && this.#forkedVersion === this.version
  }

  /** Calls `listener` after each import. Returns how to stop that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async station(id: string): Promise<StationEntry | undefined> {
    return (await this.#entry('s', id))?.station ?? undefined
  }

  /** The station that a peer id belongs to now, by the windows of its keys. */
  async stationOfPeer(peerId: string): Promise<StationEntry | undefined> {
    const station = (await this.#entry('p', peerId))?.station ?? undefined
    const peerKey = station?.peerKeys.find((entry) => entry.peerId === peerId)
    return peerKey !== undefined && isInWindow(peerKey.window, this.#clock.now()) ? station : undefined
  }

  /** The entry of a code, current or old (QCVN 102), whether or not it is still open. */
  async agency(code: string): Promise<AgencyEntry | undefined> {
    return (await this.#entry('a', code))?.agency ?? (await this.#entry('o', code))?.agency ?? undefined
  }

  /**
   * The open agency that a code means today: old code to current code, closed agency to successor.
   * @returns RECIPIENT_UNKNOWN as the reason when there is none
   */
  async resolve(code: string): Promise<Verdict<AgencyEntry>> {
    let agency = await this.agency(code)
    for (let step = 0; agency !== undefined && step < maxSuccessors; step++) {
      if (isInWindow(agency.validity, this.#clock.now())) return { ok: true, value: agency }
      agency = agency.successor === '' ? undefined : await this.agency(agency.successor)
    }
    return { ok: false, reason: new TramError('RECIPIENT_UNKNOWN', { codes: code }) }
  }

  /**
   * The codes under which an agency's documents lie, however long ago they came: the code as given, its current code, and
   * its successors up to the open one. A merger must not hide what was received before it.
   */
  async codesOf(code: string): Promise<string[]> {
    const codes = new Set([code])
    let agency = await this.agency(code)
    for (let step = 0; agency !== undefined && step < maxSuccessors; step++) {
      codes.add(agency.code)
      if (isInWindow(agency.validity, this.#clock.now()) || agency.successor === '') break
      agency = await this.agency(agency.successor)
    }
    return [...codes]
  }

  /** Every agency, in order of code. @throws TramError DIRECTORY_MISSING, DIRECTORY_REPLACED (at the end) */
  async *agencies(): AsyncGenerator<AgencyEntry> {
    yield* this.#all('a', (entry) => entry.agency)
  }

  /** Every station, in order of id. @throws as `agencies` */
  async *stations(): AsyncGenerator<StationEntry> {
    yield* this.#all('s', (entry) => entry.station)
  }

  /**
   * Takes a directory file (attacker-controlled) and puts it in use when the authority signed it and it is newer.
   * One import at a time; a failed one changes nothing.
   * @param giveWay called when another import waits for this one, which a peer can draw out as long as it likes
   * @throws TramError DIRECTORY_INVALID, DIRECTORY_OLDER, DIRECTORY_FORKED, DISK_FULL, STORE_FAILED
   */
  import(file: AsyncIterable<Uint8Array>, giveWay?: () => void): Promise<DirectoryStatement> {
    this.#giveWay?.()
    const run = this.#importing
      .catch(() => undefined)
      .then(() => {
        this.#giveWay = giveWay
        return this.#import(file)
      })
      .finally(() => {
        this.#giveWay = undefined
      })
    this.#importing = run
    return run
  }

  /**
   * After damage of the store: puts back the entries of the version in use, or of the newest whose file is here, from that
   * file. A file that no longer verifies changes nothing: the next import mends it.
   * @throws TramError STORE_FAILED, DISK_FULL
   */
  reload(): Promise<void> {
    const run = this.#importing.catch(() => undefined).then(() => this.#reload())
    this.#importing = run
    return run
  }

  /**
   * Compares the first bytes of a peer's file (attacker-controlled) with the one in use. Says nothing of one of another version.
   * @throws TramError DIRECTORY_FORKED when the authority signed both and they differ; DIRECTORY_INVALID
   */
  compareHead(bytes: Uint8Array): void {
    const reader = new DirectoryFileReader(this.#trust)
    reader.write(bytes)
    if (reader.statement?.version === this.version) this.#assertNotForked(reader.statement)
  }

  /** Bytes of the file in use, to pass to a peer. @throws TramError DIRECTORY_MISSING when that version is not in use */
  async readFile(version: number, offset: number, length: number): Promise<Uint8Array> {
    if (version !== this.version || version === 0) throw new TramError('DIRECTORY_MISSING', {})
    return this.#versions.read(version, offset, length)
  }

  /** The versions whose files are here, oldest first: the one in use, and those under which seals were made or believed. */
  versions(): Promise<readonly Readonly<DirectoryRecord>[]> {
    return this.#versions.list()
  }

  /** The whole file of one of `versions`. @throws TramError DIRECTORY_MISSING, at once or while it is read */
  streamFile(version = this.version): AsyncIterable<Uint8Array> {
    if (version === 0) throw new TramError('DIRECTORY_MISSING', {})
    return this.#versions.stream(version)
  }

  async #import(file: AsyncIterable<Uint8Array>): Promise<DirectoryStatement> {
    const reader = new DirectoryFileReader(this.#trust)
    const temporary = this.#versions.temporaryFile
    const handle = await open(temporary, 'w', 0o600)
    let size = 0
    let isSlotEmpty = false
    let isActivating = false
    try {
      for await (const bytes of file) {
        const entries = reader.write(bytes)
        this.#assertNewer(reader.statement)
        size += bytes.byteLength
        await handle.appendFile(bytes)
        if (reader.statement === undefined) continue
        // Entries are stored before the file has verified: what an attempt that failed has left of this version must go.
        if (!isSlotEmpty) await this.#dropEntriesBut(this.version)
        isSlotEmpty = true
        await this.#putEntries(reader.statement.version, entries)
      }
      const statement = reader.end()
      this.#assertNewer(statement)
      await handle.sync()
      await handle.close()
      isActivating = true
      await this.#activate(statement, reader.cms ?? new Uint8Array(0), size)
      return statement
    } catch (error) {
      await handle.close().catch(() => undefined)
      await rm(temporary, { force: true })
      // Whether a commit that failed will be there after a restart is unknown: then its file and entries must be too.
      if (isSlotEmpty && !isActivating) await this.#tidy()
      throw error
    }
  }

  async #reload(): Promise<void> {
    const onDamaged = (version: number, error: unknown) =>
      this.#logger.error({ ...logFields(asTramError(error)), version }, 'a file of the directory is damaged as well')
    await this.#versions.relist(onDamaged)
    const record = this.#current ?? (await this.#versions.list()).at(-1)
    if (record === undefined) return
    const { version } = record
    try {
      // First the signature, then the entries: what does not verify must not replace what is there.
      await this.#versions.verified(version)
    } catch (error) {
      onDamaged(version, error)
      return
    }
    const reader = new DirectoryFileReader(this.#trust)
    for await (const bytes of this.#versions.stream(version)) await this.#putEntries(version, reader.write(bytes))
    await this.#records.commit([{ type: 'put', key: key('dirmeta', 'current'), value: DirectoryRecord.encode(record) }])
    const isNews = this.version !== version
    this.#current = record
    this.#cache = new Map()
    if (isNews) for (const listener of this.#listeners) listener()
  }

  #assertNewer(statement: DirectoryStatement | undefined): void {
    if (statement !== undefined && statement.version <= this.version) {
      if (statement.version === this.version) this.#assertNotForked(statement)
      throw new TramError('DIRECTORY_OLDER', { offered: statement.version, current: this.version })
    }
  }

  /** @param statement verified, of the version in use */
  #assertNotForked({ version, root }: DirectoryStatement): void {
    const own = verifyDirectoryStatement(this.#current?.cms ?? new Uint8Array(0), this.#trust)
    if (!own.ok || equalBytes(own.value.root, root)) return
    this.#forkedVersion = version
    throw new TramError('DIRECTORY_FORKED', { version })
  }

  async #putEntries(version: number, entries: readonly DirectoryEntry[]): Promise<void> {
    const slot = sequencePart(version)
    for (let at = 0; at < entries.length; at += importBatch) {
      const operations: RecordOperation[] = []
      for (const entry of entries.slice(at, at + importBatch)) {
        const value = DirectoryEntry.encode(entry)
        const put = (kind: string, id: string) =>
          operations.push({ type: 'put', key: key('dir', slot, kind, id), value })
        if (entry.station != null) {
          put('s', entry.station.id)
          for (const { peerId } of entry.station.peerKeys) put('p', peerId)
        } else if (entry.agency != null) {
          put('a', entry.agency.code)
          if (entry.agency.code102 !== '') put('o', entry.agency.code102)
        }
      }
      await this.#records.commit(operations)
    }
  }

  async #activate(statement: DirectoryStatement, cms: Uint8Array, size: number): Promise<void> {
    const { version, issued, expires } = statement
    const record: DirectoryRecord = { version, issued, expires, size, cms: Buffer.from(cms) }
    await this.#versions.adopt(version)
    await this.#records.commit([
      { type: 'put', key: key('dirmeta', 'current'), value: DirectoryRecord.encode(record) },
      ...(await this.#versions.supersede(record, this.version)),
    ])
    this.#current = record
    this.#cache = new Map()
    this.#logger.info({ version, entries: statement.entries, size }, 'directory imported')
    await this.#tidy()
    for (const listener of this.#listeners) listener()
  }

  /** Drops entries that are not in use and files that nobody needs. A failure is no reason to fail: the next import and the next start do it again. */
  async #tidy(): Promise<void> {
    try {
      await this.#dropEntriesBut(this.version)
      await this.#versions.dropFiles()
    } catch (error) {
      this.#logger.warn(logFields(asTramError(error)), 'leftovers of another directory could not be dropped yet')
    }
  }

  /** Goes round the entries of `version`: to walk 250,000 records that stay took 2 s of each start, and 65 MB. */
  async #dropEntriesBut(version: number): Promise<void> {
    const all = range('dir')
    const kept = range('dir', sequencePart(version))
    await this.#dropEntries({ from: all.from, to: kept.from })
    await this.#dropEntries({ from: kept.to, to: all.to })
  }

  async #dropEntries(entries: KeyRange): Promise<void> {
    let operations: RecordOperation[] = []
    for await (const [name] of this.#records.range(entries)) {
      operations.push({ type: 'delete', key: name })
      if (operations.length < importBatch) continue
      await this.#records.commit(operations)
      operations = []
    }
    if (operations.length > 0) await this.#records.commit(operations)
  }

  async #entry(kind: string, id: string): Promise<DirectoryEntry | undefined> {
    if (this.#current === undefined || !/^[\w.-]{1,128}$/.test(id)) return undefined
    const name = key('dir', sequencePart(this.#current.version), kind, id)
    const cached = this.#cache.get(name)
    if (cached !== undefined) return cached ?? undefined
    const cache = this.#cache
    const value = await this.#records.get(name)
    const entry = value === undefined ? null : DirectoryEntry.decode(value)
    if (cache.size >= cachedEntries) cache.delete(cache.keys().next().value ?? '')
    cache.set(name, entry)
    return entry ?? undefined
  }

  async *#all<Entry>(kind: string, pick: (entry: DirectoryEntry) => Entry | undefined | null): AsyncGenerator<Entry> {
    if (this.#current === undefined) throw new TramError('DIRECTORY_MISSING', {})
    const { version } = this.#current
    for await (const [, value] of this.#records.range(range('dir', sequencePart(version), kind))) {
      const picked = pick(DirectoryEntry.decode(value))
      if (picked != null) yield picked
    }
    // The entries of a superseded version go while a slow reader is among them: what it has may not pass for all of them.
    if (this.version !== version) throw new TramError('DIRECTORY_REPLACED', { version })
  }
}
