// A backup on a stick: parts of at most 1 GiB, since FAT32 ends a file at 4 GiB and some readers at 2. `<name>.age.001`, `.002` …;
// put together in that order (`cat`) they are one age file. Written durably, read back past the kernel's cache.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { type FileHandle, open, rename, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { asTramError, TramError } from '../../base/errors.ts'
import { listFolder, syncFolder } from '../../equipment/store/durable-files.ts'

export const maxPartBytes = 2 ** 30
/** 999 GiB. */
const maxParts = 999
const partPattern = /^(tram-[a-z0-9-]{1,32}-\d{8}T\d{6}Z)\.age\.(\d{3})$/
/** Until all of it is there and verified: a stick that was pulled out early holds nothing that looks like a backup. */
const unfinished = '.unfinished'

export interface WrittenParts {
  files: string[]
  sizeBytes: number
  /** Of what was written, hex. */
  sha256: string
}

const partName = (name: string, number: number): string => `${name}.age.${String(number).padStart(3, '0')}`

/** `tram-<station>-<time>` of a backup that is made now. */
export const backupName = (station: string, nowMs: number): string =>
  `tram-${station}-${new Date(nowMs).toISOString().replace(/\.\d+/, '').replaceAll(/[-:]/g, '')}`

/** @throws TramError BACKUP_UNWRITABLE: no such folder, or less room than `neededBytes` */
export async function assertRoom(folder: string, neededBytes: number): Promise<void> {
  await onTarget(folder, async () => {
    if (!(await stat(folder)).isDirectory()) throw unwritable(folder, 'it is no folder')
    const { bavail, bsize } = await statfs(folder)
    if (bavail * bsize < neededBytes)
      throw unwritable(folder, `${neededBytes} bytes may be needed, ${bavail * bsize} are free`)
  })
}

/**
 * Writes `bytes` as parts under names that say that they are not finished; `finishParts` gives them their own.
 * @throws TramError BACKUP_UNWRITABLE; what `bytes` throws. Then no part is left.
 */
export async function writeParts(
  folder: string,
  name: string,
  bytes: AsyncIterable<Uint8Array>,
  partBytes = maxPartBytes,
): Promise<WrittenParts> {
  const hash = createHash('sha256')
  const files: string[] = []
  let sizeBytes = 0
  let handle: FileHandle | undefined
  let inPart = 0
  const close = async (): Promise<void> => {
    await handle?.sync()
    await handle?.close()
    handle = undefined
  }
  try {
    for await (const piece of bytes) {
      hash.update(piece)
      sizeBytes += piece.length
      for (let at = 0; at < piece.length; ) {
        await onTarget(folder, async () => {
          if (inPart === partBytes) await close()
          if (handle === undefined) {
            if (files.length === maxParts) throw unwritable(folder, 'too many parts')
            const file = join(folder, partName(name, files.length + 1))
            files.push(file)
            handle = await open(file + unfinished, 'wx', 0o600)
            inPart = 0
          }
          const { bytesWritten } = await handle.write(piece, at, Math.min(piece.length - at, partBytes - inPart))
          at += bytesWritten
          inPart += bytesWritten
        })
      }
    }
    await onTarget(folder, async () => {
      await close()
      await syncFolder(folder)
    })
    return { files, sizeBytes, sha256: hash.digest('hex') }
  } catch (error) {
    await dropParts(files, handle)
    throw error
  }
}

/** What was written, once it has been verified, gets its names: the first part last, since without it there is no backup. */
export async function finishParts(folder: string, { files }: WrittenParts): Promise<void> {
  await onTarget(folder, async () => {
    for (const file of files.toReversed()) await rename(file + unfinished, file)
    await syncFolder(folder)
  })
}

/** What was written and is no backup goes. On a stick that was pulled out there is nothing to remove. */
export async function dropParts(files: readonly string[], handle?: FileHandle): Promise<void> {
  await handle?.close().catch(() => undefined)
  for (const file of files) await rm(file + unfinished, { force: true }).catch(() => undefined)
}

/** The bytes of unfinished parts, from the stick and not from the kernel's memory of it, where the file system can do that. */
export async function* readBack({ files }: WrittenParts): AsyncGenerator<Uint8Array> {
  for (const file of files) yield* readDirect(file + unfinished)
}

async function* readDirect(file: string): AsyncGenerator<Uint8Array> {
  const { size } = await stat(file)
  const argv = [`if=${file}`, 'bs=1M', 'iflag=direct', 'status=none']
  const reader = spawn('dd', argv, { stdio: ['ignore', 'pipe', 'ignore'] })
  const ended = once(reader, 'close').catch(() => undefined)
  let read = 0
  try {
    for await (const piece of reader.stdout as AsyncIterable<Buffer>) {
      read += piece.length
      yield piece
    }
  } finally {
    reader.kill()
    await ended
  }
  // A file system without direct reading gives nothing, or stops before an end that is no whole block.
  if (read < size) yield* createReadStream(file, { start: read })
}

/** A backup that was found in a folder. */
export interface FoundBackup {
  name: string
  files: string[]
  sizeBytes: number
}

/**
 * The newest backup in `folder`, or the one whose name or first part `folder` is.
 * @throws TramError BACKUP_INVALID: there is none, or a part in the middle is missing
 */
export async function findBackup(path: string): Promise<FoundBackup> {
  const own = partPattern.exec(path.slice(path.lastIndexOf('/') + 1))
  const folder = own === null ? path : join(path, '..')
  const parts = (await listFolder(folder).catch((error: unknown) => Promise.reject(broken(path, error))))
    .map((file) => partPattern.exec(file))
    .filter((match) => match !== null)
    .filter(([, name]) => own === null || name === own[1])
  // The time is at the end of the name; two stations on one stick are told apart by naming the file.
  const stampOf = (name: string): string => name.slice(-16)
  const newest = parts
    .map(([, name = '']) => name)
    .sort((one, other) => (stampOf(one) < stampOf(other) ? -1 : 1))
    .at(-1)
  if (newest === undefined) throw new TramError('BACKUP_INVALID', { file: path, detail: 'there is no backup' })
  const numbers = parts.filter(([, name]) => name === newest).map(([, , number]) => Number(number))
  const files: string[] = []
  let sizeBytes = 0
  for (let number = 1; number <= Math.max(...numbers); number++) {
    const file = join(folder, partName(newest, number))
    if (!numbers.includes(number)) throw new TramError('BACKUP_INVALID', { file, detail: 'this part is missing' })
    sizeBytes += (await stat(file)).size
    files.push(file)
  }
  return { name: newest, files, sizeBytes }
}

/** The bytes of all parts, in order. @throws TramError BACKUP_INVALID when one cannot be read */
export async function* readParts({ files }: FoundBackup): AsyncGenerator<Uint8Array> {
  for (const file of files) {
    try {
      yield* createReadStream(file, { highWaterMark: 256 * 1024 })
    } catch (error) {
      throw broken(file, error)
    }
  }
}

const broken = (file: string, error: unknown): TramError =>
  error instanceof TramError
    ? error
    : new TramError('BACKUP_INVALID', { file, detail: asTramError(error).message }, { cause: error })

const unwritable = (folder: string, detail: string, cause?: unknown): TramError =>
  new TramError('BACKUP_UNWRITABLE', { folder, detail }, { cause })

async function onTarget<Result>(folder: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run()
  } catch (error) {
    throw error instanceof TramError ? error : unwritable(folder, asTramError(error).message, error)
  }
}
