// The files of the directory: the one in use, and every older version under which a seal was made or believed, so that
// evidence can be given for years. Beside directory.ts, which answers from the newest; evidence-extracts.ts reads the others.
import { createReadStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { DirectoryFileReader, type DirectoryTrust } from '../../document/directory-file.ts'
import { listFolder, syncFolder } from '../../equipment/store/durable-files.ts'
import { key, range, sequencePart } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { DirectoryRecord } from '../schema/records.ts'

const fileName = /^directory-([1-9]\d{0,9})\.tramdir$/
const versionKey = (version: number): string => key('dirmeta', 'version', sequencePart(version))
const usedKey = (version: number): string => key('dirmeta', 'used', sequencePart(version))

/**
 * The operation that keeps the file of a version for good: goes into the very commit that stores a seal, or a waybill, made
 * or believed under it.
 * @param version 0 = there was none
 */
export function keepDirectory(version: number): RecordOperation[] {
  return version === 0 ? [] : [{ type: 'put', key: usedKey(version), value: new Uint8Array(0) }]
}

export class DirectoryVersions {
  readonly #folder: string
  readonly #trust: DirectoryTrust
  readonly #records: RecordStore
  readonly #isDamaged: () => boolean

  /** @param deps `isDamaged`: whether records may be lost; then no file is dropped that none of them names */
  constructor(
    options: { folder: string; trust: DirectoryTrust },
    deps: { records: RecordStore; isDamaged?: () => boolean },
  ) {
    this.#folder = options.folder
    this.#trust = options.trust
    this.#records = deps.records
    this.#isDamaged = deps.isDamaged ?? (() => false)
  }

  /** Where a file is written before it has a version. */
  get temporaryFile(): string {
    return join(this.#folder, 'import.tmp')
  }

  /** Lists the version in use, if a station of before this list took it, and drops files that no record names. */
  async start(current: DirectoryRecord | undefined): Promise<void> {
    await mkdir(this.#folder, { recursive: true })
    if (current !== undefined && (await this.#records.get(versionKey(current.version))) === undefined) {
      // Seals of that time do not say under which version they were believed: it is kept as if they did.
      const put = { type: 'put', key: versionKey(current.version), value: DirectoryRecord.encode(current) } as const
      await this.#records.commit([put, ...keepDirectory(current.version)])
    }
    await this.dropFiles()
  }

  /** The versions whose files are here, oldest first, the one in use among them. */
  async list(): Promise<DirectoryRecord[]> {
    const found: DirectoryRecord[] = []
    for await (const [, value] of this.#records.range(range('dirmeta', 'version'))) {
      found.push(DirectoryRecord.decode(value))
    }
    return found
  }

  /** Gives the file that was written its name, durably. */
  async adopt(version: number): Promise<void> {
    await rename(this.temporaryFile, this.#file(version))
    await syncFolder(this.#folder)
  }

  /**
   * The operations that list a new version and forget those that were superseded without a seal under them. The one that it
   * supersedes stays listed until the next import: a seal that is being checked under it just now may still be stored.
   */
  async supersede(record: DirectoryRecord, superseded: number): Promise<RecordOperation[]> {
    const operations: RecordOperation[] = [
      { type: 'put', key: versionKey(record.version), value: DirectoryRecord.encode(record) },
    ]
    for (const { version } of await this.list()) {
      if (version === superseded || version === record.version) continue
      if ((await this.#records.get(usedKey(version))) !== undefined) continue
      operations.push({ type: 'delete', key: versionKey(version) })
    }
    return operations
  }

  /** Drops files that are not listed: of versions forgotten, and of imports that were interrupted. */
  async dropFiles(): Promise<void> {
    if (this.#isDamaged()) return
    const kept = new Set((await this.list()).map(({ version }) => this.#file(version)))
    for (const name of await readdir(this.#folder)) {
      const file = join(this.#folder, name)
      if (!kept.has(file)) await rm(file, { force: true })
    }
  }

  /**
   * After damage: lists the files again whose record is gone, as far as the authority's signature holds, and keeps all for good,
   * since nobody knows any more under which of them something was sealed.
   * @param onDamaged told of each file that does not verify; it stays where it is
   * @throws TramError STORE_*, DISK_FULL
   */
  async relist(onDamaged: (version: number, error: unknown) => void): Promise<void> {
    for (const name of await listFolder(this.#folder)) {
      const version = Number(fileName.exec(name)?.[1] ?? 0)
      if (version === 0) continue
      let put: RecordOperation[] = []
      if ((await this.#records.get(versionKey(version))) === undefined) {
        try {
          const value = DirectoryRecord.encode(await this.verified(version))
          put = [{ type: 'put', key: versionKey(version), value }]
        } catch (error) {
          onDamaged(version, error)
          continue
        }
      }
      await this.#records.commit([...put, ...keepDirectory(version)])
    }
  }

  /** Reads a whole file through. @throws TramError DIRECTORY_INVALID, DIRECTORY_MISSING */
  async verified(version: number): Promise<DirectoryRecord> {
    const reader = new DirectoryFileReader(this.#trust)
    let size = 0
    for await (const bytes of this.stream(version)) {
      reader.write(bytes)
      size += bytes.byteLength
    }
    const statement = reader.end()
    if (statement.version !== version)
      throw new TramError('DIRECTORY_INVALID', { detail: `version ${statement.version} in the file of ${version}` })
    const { issued, expires } = statement
    return { version, issued, expires, size, cms: Buffer.from(reader.cms ?? []) }
  }

  /** Bytes of a file, fewer at its end. @throws TramError DIRECTORY_MISSING */
  async read(version: number, offset: number, length: number): Promise<Uint8Array> {
    const handle = await open(this.#file(version), 'r').catch(rethrowMissing)
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await handle.close()
    }
  }

  /** A whole file. @throws TramError DIRECTORY_MISSING while it is read */
  async *stream(version: number): AsyncGenerator<Uint8Array> {
    try {
      yield* createReadStream(this.#file(version))
    } catch (error) {
      rethrowMissing(error)
    }
  }

  #file(version: number): string {
    return join(this.#folder, `directory-${version}.tramdir`)
  }
}

function rethrowMissing(error: unknown): never {
  throw isSystemError(error, 'ENOENT') ? new TramError('DIRECTORY_MISSING', {}, { cause: error }) : error
}
