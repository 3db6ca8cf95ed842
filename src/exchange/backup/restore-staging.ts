// Puts a backup in place so that a cut at any moment leaves the old state, or a state that the next `tram restore` finishes: all is
// unpacked and verified beside (`restoring`), one rename says that it is whole (`restored`), then each thing is moved to its place.
// Long because: the way from the first member to the last rename is one story.
import { createHash } from 'node:crypto'
import { type FileHandle, lchown, open, readdir, readFile, rename, rm, stat, statfs } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { dataPaths } from '../../base/paths.ts'
import { listFolder, makeFolder, syncFolder, writeFailure } from '../../equipment/store/durable-files.ts'
import { decodeSegment, maxSegmentBytes } from '../../equipment/store/record-segments.ts'
import { packetDigestOf, storeEndName, storeMemberKind } from './store-members.ts'
import { type BackupMember, wholeMember } from './tar-stream.ts'

/** Where in the staging folder things wait. */
const dataName = 'data'
const filesName = 'files'
const planName = 'plan.json'
/** What a restore puts into a data folder; an older one of each name makes room. */
const dataNames = ['store', 'packets', 'incoming', 'directory', 'peer.key'] as const

/** Files outside the data folder: their new contents wait in the staging folder. */
interface PlannedFile {
  to: string
  /** Whose it becomes when root restores: root's and read by the station; the station's; its folder's. */
  kind: 'configuration' | 'secret' | 'token'
}

interface Plan {
  /** What of `dataNames` there is. */
  names: string[]
  files: PlannedFile[]
  /** Names what is replaced. */
  stamp: string
}

export interface StagingDeps {
  /** Makes a record store of records as they are stored (level-snapshot.ts). */
  writeStore: (folder: string, records: AsyncIterable<readonly [Uint8Array, Uint8Array]>) => Promise<void>
}

export class RestoreStaging {
  readonly #folder: string
  readonly #restoring: string
  readonly #deps: StagingDeps
  readonly #files: PlannedFile[] = []

  constructor(dataFolder: string, deps: StagingDeps) {
    this.#folder = dataFolder
    this.#restoring = dataPaths(dataFolder).restoring
    this.#deps = deps
  }

  /**
   * Drops what an earlier attempt has left, and begins.
   * @throws TramError DISK_FULL when there is no room for `neededBytes`; STORE_FAILED
   */
  async begin(neededBytes: number): Promise<void> {
    await onDisk(0, async () => {
      await makeFolder(this.#folder)
      await rm(this.#restoring, { recursive: true, force: true })
      const { bavail, bsize } = await statfs(this.#folder)
      if (bavail * bsize < neededBytes) throw new TramError('DISK_FULL', { neededBytes, freeBytes: bavail * bsize })
      await makeFolder(join(this.#restoring, dataName))
      await makeFolder(join(this.#restoring, filesName))
    })
  }

  /** A file that goes to `to`, outside the data folder. */
  async addFile(
    to: string,
    bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
    kind: PlannedFile['kind'],
  ): Promise<void> {
    if (this.#files.some((file) => file.to === to)) throw new TramError('INTERNAL', { detail: `${to} comes twice` })
    await writeDurably(join(this.#restoring, filesName, String(this.#files.length)), bytes)
    this.#files.push({ to, kind })
  }

  /** The identity on the network. */
  async addPeerKey(bytes: Uint8Array): Promise<void> {
    await writeDurably(join(this.#restoring, dataName, 'peer.key'), [bytes])
  }

  /**
   * The store's members, from the first on; what else `members` has is an error.
   * @throws TramError BACKUP_INVALID, DISK_FULL, STORE_FAILED; what `members` throws
   */
  async addStore(members: AsyncIterable<BackupMember>): Promise<void> {
    const all = members[Symbol.asyncIterator]()
    const found = { segments: 0, packets: 0 }
    let next = await all.next()
    const directory = join(this.#restoring, dataName, 'directory')
    for (; kindOf(next) === 'directory'; next = await all.next()) {
      await makeFolder(directory)
      await writeDurably(join(directory, basename(next.value.name)), next.value.body)
    }
    const records = async function* () {
      for (; kindOf(next) === 'segment'; next = await all.next()) {
        found.segments += 1
        const { name } = next.value
        if (name !== `store/${String(found.segments).padStart(6, '0')}`) throw invalid(name, 'it is out of order')
        yield* decodeSegment(name, await wholeMember(next.value, maxSegmentBytes))
      }
    }
    await this.#deps.writeStore(join(this.#restoring, dataName, 'store'), records())
    for (; kindOf(next) === 'packet'; next = await all.next()) {
      found.packets += 1
      await this.#addPacket(next.value)
    }
    if (next.done === true || next.value.name !== storeEndName)
      throw invalid(next.done === true ? storeEndName : next.value.name, 'the store does not end as it should')
    const end = (await wholeMember(next.value, 1024)).toString('utf8')
    if (end !== JSON.stringify(found)) throw invalid(storeEndName, `it says ${end}, found ${JSON.stringify(found)}`)
    const after = await all.next()
    if (after.done !== true) throw invalid(after.value.name, 'it is nothing that belongs here')
  }

  /**
   * All is there and verified: from here on the restore will be finished, whatever happens.
   * @param nowMs names what is replaced
   */
  async commit(nowMs: number): Promise<void> {
    const stamp = new Date(nowMs).toISOString().replaceAll(':', '')
    await onDisk(0, async () => {
      const plan: Plan = { names: await listFolder(join(this.#restoring, dataName)), files: this.#files, stamp }
      await writeDurably(join(this.#restoring, planName), [Buffer.from(JSON.stringify(plan))])
      for (const name of [dataName, filesName]) await syncTree(join(this.#restoring, name))
      await syncFolder(this.#restoring)
      await rename(this.#restoring, dataPaths(this.#folder).restored)
      await syncFolder(this.#folder)
    })
  }

  /** Nothing came of it. */
  async drop(): Promise<void> {
    await rm(this.#restoring, { recursive: true, force: true })
  }

  /** A packet's file. One that was damaged already is not carried on: the scrub would only throw it away. */
  async #addPacket({ name, body }: BackupMember): Promise<void> {
    const digest = packetDigestOf(name) ?? ''
    const folder = join(this.#restoring, dataName, 'packets', digest.slice(0, 2))
    await makeFolder(folder)
    const hash = createHash('sha256')
    const file = join(folder, digest)
    await writeDurably(file, hashing(body, hash))
    if (hash.digest('hex') !== digest) await rm(file)
  }
}

/** Whether a restore waits to be finished. */
export async function isRestoreUnfinished(dataFolder: string): Promise<boolean> {
  return (await listFolder(dataPaths(dataFolder).restored)).length > 0
}

/** A station must not work on half of one store and half of another. @throws TramError RESTORE_UNFINISHED */
export async function assertNoRestore(dataFolder: string): Promise<void> {
  if (await isRestoreUnfinished(dataFolder)) throw new TramError('RESTORE_UNFINISHED', { folder: dataFolder })
}

/**
 * Puts what was staged in its place; may be called again after a cut. What was there before is moved to a folder of its own.
 * @returns that folder, if anything was replaced
 * @throws TramError STORE_FAILED, DISK_FULL: call it again
 */
export async function finishRestore(dataFolder: string): Promise<string | undefined> {
  const { restored, restoring, replaced } = dataPaths(dataFolder)
  return onDisk(0, async () => {
    const plan = JSON.parse(await readFile(join(restored, planName), 'utf8')) as Plan
    // Root does it for the user that the station runs as.
    const owner = process.getuid?.() === 0 ? await stat(dataFolder) : undefined
    if (owner !== undefined) await giveTo(restored, owner)
    const oldFolder = join(replaced, plan.stamp)
    for (const name of dataNames) {
      const from = join(restored, dataName, name)
      const to = join(dataFolder, name)
      // Moved in by an earlier attempt.
      if (plan.names.includes(name) && !(await exists(from))) continue
      if (await exists(to)) {
        await makeFolder(oldFolder)
        await rename(to, join(oldFolder, name))
        await syncFolder(oldFolder)
        await syncFolder(dataFolder)
      }
      if (plan.names.includes(name)) await rename(from, to)
      await syncFolder(dataFolder)
    }
    for (const [index, file] of plan.files.entries()) await place(join(restored, filesName, String(index)), file, owner)
    if (owner !== undefined && (await exists(replaced))) await giveTo(replaced, owner)
    await rm(restoring, { recursive: true, force: true })
    await rename(restored, restoring)
    await syncFolder(dataFolder)
    await rm(restoring, { recursive: true, force: true })
    return (await exists(oldFolder)) ? oldFolder : undefined
  })
}

/** A file over the one that is there, which stays beside it as `….previous`; rights as that one has them. */
async function place(from: string, { to, kind }: PlannedFile, owner: Owner | undefined): Promise<void> {
  const bytes = await readFile(from)
  const old = await readFile(to).catch((error: unknown) =>
    isSystemError(error, 'ENOENT') ? undefined : Promise.reject(error),
  )
  if (old?.equals(bytes)) return
  const folderOwner = await makeOwnedFolder(dirname(to), kind === 'token' ? undefined : owner)
  const before = old === undefined ? undefined : await stat(to)
  if (old !== undefined) await writeDurably(`${to}.previous`, [old], 'w')
  const mode = before === undefined ? (kind === 'configuration' ? 0o640 : 0o600) : before.mode & 0o777
  await writeDurably(`${to}.new`, [bytes], 'w', async (handle) => {
    // The configuration is root's and the station reads it; its secrets are the station's own.
    const own =
      kind === 'token' ? folderOwner : owner && { uid: kind === 'configuration' ? 0 : owner.uid, gid: owner.gid }
    const { uid, gid } = before ?? own ?? folderOwner
    if (owner !== undefined) await handle.chown(uid, gid)
    await handle.chmod(mode)
  })
  await rename(`${to}.new`, to)
  await syncFolder(dirname(to))
}

interface Owner {
  uid: number
  gid: number
}

/** Missing folders become `owner`'s, or that of the folder that they are made in. */
async function makeOwnedFolder(folder: string, owner: Owner | undefined): Promise<Owner> {
  if (await exists(folder)) return stat(folder)
  const parent = await makeOwnedFolder(dirname(folder), owner)
  await makeFolder(folder)
  const { uid, gid } = owner ?? parent
  if (process.getuid?.() === 0) await lchown(folder, uid, gid)
  return { uid, gid }
}

async function giveTo(path: string, owner: Owner): Promise<void> {
  await lchown(path, owner.uid, owner.gid)
  const found = await readdir(path, { withFileTypes: true }).catch((error: unknown) =>
    isSystemError(error, 'ENOTDIR') ? [] : Promise.reject(error),
  )
  for (const { name } of found) await giveTo(join(path, name), owner)
}

async function writeDurably(
  file: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  flags = 'wx',
  prepare: (handle: FileHandle) => Promise<void> = async () => undefined,
): Promise<void> {
  const handle = await open(file, flags, 0o600).catch((error: unknown) => Promise.reject(writeFailure(error, 0)))
  try {
    // What the source throws is not the disk's fault.
    for await (const piece of bytes) await onDisk(piece.length, () => handle.appendFile(piece))
    await onDisk(0, async () => {
      await prepare(handle)
      await handle.sync()
    })
  } finally {
    await handle.close()
  }
}

async function syncTree(folder: string): Promise<void> {
  for (const { name } of (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory()))
    await syncTree(join(folder, name))
  await syncFolder(folder)
}

async function exists(path: string): Promise<boolean> {
  return (
    (await stat(path).catch((error: unknown) =>
      isSystemError(error, 'ENOENT') ? undefined : Promise.reject(error),
    )) !== undefined
  )
}

async function onDisk<Result>(neededBytes: number, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw writeFailure(error, neededBytes)
  }
}

async function* hashing(
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
): AsyncGenerator<Uint8Array> {
  for await (const piece of body) {
    hash.update(piece)
    yield piece
  }
}

const kindOf = (next: IteratorResult<BackupMember, unknown>): string | undefined =>
  next.done === true ? undefined : storeMemberKind(next.value.name)

const invalid = (file: string, detail: string): TramError => new TramError('BACKUP_INVALID', { file, detail })
