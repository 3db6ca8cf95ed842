// Files that the command line reads and writes. What it writes appears whole or not at all.
import { createReadStream } from 'node:fs'
import { type FileHandle, open, readFile, rename, rm, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Readable } from 'node:stream'
import { TramError } from '../../base/errors.ts'
import { syncFolder, writeFailure } from '../../equipment/store/durable-files.ts'

/** Writes `file`, replacing an older one. Returns its size. @throws TramError STORE_FAILED, DISK_FULL; what `bytes` throws */
export async function writeWhole(
  file: string,
  bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<number> {
  const temporary = `${file}.new`
  let size = 0
  const handle = await open(temporary, 'w').catch((error: unknown) => Promise.reject(writeFailure(error, 0)))
  try {
    for await (const piece of bytes) {
      size += piece.byteLength
      await append(handle, piece)
    }
    await handle.sync()
    await handle.close()
    await rename(temporary, file)
    await syncFolder(dirname(file))
    return size
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
}

async function append(handle: FileHandle, piece: Uint8Array): Promise<void> {
  try {
    await handle.appendFile(piece)
  } catch (error) {
    throw writeFailure(error, piece.byteLength)
  }
}

/** A file to send, with its length. @throws TramError REQUEST_INVALID */
export async function openFile(file: string): Promise<{ stream: Readable; sizeBytes: number | undefined }> {
  try {
    const handle = await open(file)
    const found = await handle.stat()
    // A pipe has no length beforehand.
    if (found.isFile()) return { stream: handle.createReadStream(), sizeBytes: found.size }
    await handle.close()
    if (found.isDirectory()) throw new Error('it is a folder')
    return { stream: createReadStream(file), sizeBytes: undefined }
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** A whole small file. @throws TramError REQUEST_INVALID when it cannot be read or is larger */
export async function readWhole(file: string, maxBytes: number): Promise<Uint8Array> {
  try {
    const { size } = await stat(file)
    if (size > maxBytes) throw new Error(`it has more than ${maxBytes} bytes`)
    return await readFile(file)
  } catch (error) {
    throw unreadable(file, error)
  }
}

function unreadable(file: string, error: unknown): TramError {
  const detail = error instanceof Error ? error.message : String(error)
  return new TramError('REQUEST_INVALID', { field: file, detail }, { cause: error })
}
