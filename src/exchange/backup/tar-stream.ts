// Members of a backup as a tar stream and back (npm tar-stream, which bounds what it holds). Beneath backup-archive.ts (sealed, on a
// stick) and backup-source.ts (the API). Loaded when a backup is made or read.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { extract, type Header, pack } from 'tar-stream'
import { asTramError, TramError } from '../../base/errors.ts'

/** A file of a backup. `body` gives exactly `sizeBytes`. */
export interface BackupMember {
  name: string
  sizeBytes: number
  body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

/** A small member. */
export const memberOf = (name: string, bytes: Uint8Array): BackupMember => ({
  name,
  sizeBytes: bytes.length,
  body: [bytes],
})

/**
 * The members as tar, end marks included.
 * @param modifiedMs ms since 1970
 * @throws TramError BACKUP_INVALID when a body is not as long as it was said to be; what `members` throws
 */
export async function* writeTar(members: AsyncIterable<BackupMember>, modifiedMs: number): AsyncGenerator<Uint8Array> {
  const tar = pack()
  const filling = fill(tar, members, new Date(modifiedMs)).catch((error: unknown) => {
    tar.destroy(asTramError(error))
  })
  try {
    yield* tar as unknown as AsyncIterable<Uint8Array>
  } finally {
    tar.destroy()
    await filling
  }
}

async function fill(tar: ReturnType<typeof pack>, members: AsyncIterable<BackupMember>, mtime: Date): Promise<void> {
  for await (const { name, sizeBytes, body } of members) {
    if (tar.destroyed) return
    const entry = tar.entry({ name, size: sizeBytes, mode: 0o600, mtime })
    let written = 0
    const counted = async function* () {
      for await (const piece of body) {
        written += piece.length
        if (written > sizeBytes) throw changed(name)
        yield piece
      }
      if (written < sizeBytes) throw changed(name)
    }
    await pipeline(Readable.from(counted(), { objectMode: false }), entry)
  }
  tar.finalize()
}

const changed = (file: string): TramError =>
  new TramError('BACKUP_INVALID', { file, detail: 'it changed while it was read' })

/**
 * The members of a tar stream (attacker-controlled), each to be read before the next is asked for; what is left unread is skipped.
 * @throws TramError BACKUP_INVALID when it is none, ends too early, or holds more than plain files; what `tar` throws
 */
export async function* readTar(tar: AsyncIterable<Uint8Array>): AsyncGenerator<BackupMember> {
  const entries = extract()
  let broken: { error: unknown } | undefined
  const feeding = pipeline(Readable.from(tar, { objectMode: false }), entries).catch((error: unknown) => {
    broken ??= { error }
  })
  try {
    for await (const entry of entries) {
      yield { ...memberHeader(entry.header), body: entry as unknown as AsyncIterable<Uint8Array> }
      entry.resume()
    }
    await feeding
    if (broken !== undefined) throw broken.error
  } catch (error) {
    // What the source said comes first: the parser only saw it break off.
    await Promise.race([feeding, undefined])
    const cause = broken?.error ?? error
    throw cause instanceof TramError
      ? cause
      : new TramError('BACKUP_INVALID', { file: 'tar', detail: asTramError(cause).message }, { cause })
  } finally {
    entries.destroy()
    await feeding
  }
}

function memberHeader({ name, size, type }: Header): { name: string; sizeBytes: number } {
  const isPlain = name.length <= 100 && /^[\w-][\w.-]*(?:\/[\w-][\w.-]*)*$/.test(name)
  if (!isPlain || type !== 'file' || !Number.isSafeInteger(size))
    throw new TramError('BACKUP_INVALID', {
      file: name.slice(0, 100),
      detail: `a ${String(type)} that is none of ours`,
    })
  return { name, sizeBytes: size ?? 0 }
}

/** A whole member. @throws TramError BACKUP_INVALID when it is longer than `maxBytes` */
export async function wholeMember({ name, sizeBytes, body }: BackupMember, maxBytes: number): Promise<Buffer> {
  if (sizeBytes > maxBytes) throw new TramError('BACKUP_INVALID', { file: name, detail: `more than ${maxBytes} bytes` })
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces)
}
