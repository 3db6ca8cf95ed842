// Saving a file to a USB stick that is mounted in a folder: never to the box's own disk because nothing was plugged in, and never
// told as saved before it has been read back. Used by the service console; mounting is the system's business.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream } from 'node:fs'
import { type FileHandle, lstat, open, rm, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asTramError, TramError } from '../../base/errors.ts'
import { syncFolder } from '../../equipment/store/durable-files.ts'

export interface StickFile {
  file: string
  sizeBytes: number
  /** Of what was read back, hex. */
  sha256: string
}

/**
 * Writes a new file to the stick, syncs it and reads it back.
 * @param folder where the stick is mounted
 * @param name of the file; one that is there is not replaced
 * @param pieces its bytes
 * @param maxBytes must be free before anything is written, and more is never written
 * @throws TramError STICK_UNUSABLE: no stick, read-only, full, what was read back differs; what `pieces` throws, as it is
 */
export async function saveToStick(
  folder: string,
  name: string,
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<StickFile> {
  const refuse = (detail: string, cause?: unknown): TramError =>
    new TramError('STICK_UNUSABLE', { folder, detail }, { cause })
  const onStick = async <Result>(run: () => Promise<Result>): Promise<Result> => {
    try {
      return await run()
    } catch (error) {
      throw error instanceof TramError ? error : refuse(asTramError(error).message, error)
    }
  }
  await onStick(() => assertStick(folder, maxBytes, refuse))
  const file = join(folder, name)
  const handle = await onStick(() => open(file, 'wx', 0o644))
  try {
    const hash = createHash('sha256')
    let sizeBytes = 0
    for await (const piece of pieces) {
      sizeBytes += piece.byteLength
      if (sizeBytes > maxBytes) throw refuse(`the file has more than ${maxBytes} bytes`)
      hash.update(piece)
      await onStick(() => writeAll(handle, piece))
    }
    await onStick(async () => {
      await handle.sync()
      await handle.close()
      await syncFolder(folder)
    })
    const written = hash.digest('hex')
    const read = await onStick(() => digestOnStick(file))
    if (read !== written) throw refuse('what was read back is not what was written')
    return { file, sizeBytes, sha256: read }
  } catch (error) {
    // Half a file must not travel as a whole one. On a stick that was pulled out there is nothing to remove.
    await handle.close().catch(() => undefined)
    await rm(file, { force: true }).catch(() => undefined)
    throw error
  }
}

async function assertStick(folder: string, roomBytes: number, refuse: (detail: string) => TramError): Promise<void> {
  const found = await lstat(folder)
  if (!found.isDirectory()) throw refuse('it is no folder')
  // Without a stick the folder is one of the box's own disk.
  if (found.dev === (await lstat(dirname(folder))).dev) throw refuse('no stick is mounted there')
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < roomBytes) throw refuse(`needs ${roomBytes} bytes, has ${bavail * bsize}`)
}

async function writeAll(handle: FileHandle, piece: Uint8Array): Promise<void> {
  for (let at = 0; at < piece.byteLength; ) at += (await handle.write(piece, at)).bytesWritten
}

/** SHA-256 of a file, from the stick and not from the kernel's memory of it, where the file system can do that. */
async function digestOnStick(file: string): Promise<string> {
  const reader = spawn('dd', [`if=${file}`, 'bs=64K', 'iflag=direct', 'status=none'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = once(reader, 'close').then(
    ([code]) => code === 0,
    () => false,
  )
  const digest = await digestOf(reader.stdout)
  return (await ended) ? digest : await digestOf(createReadStream(file))
}

async function digestOf(stream: AsyncIterable<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for await (const piece of stream) hash.update(piece)
  return hash.digest('hex')
}
