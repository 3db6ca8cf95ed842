// What a backup carries of the store: all records of one moment, the files of the packets that they name, the directory's files.
// A running station streams it over its API while it works on; with the station down src/backup.ts opens the store itself.
import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { listFolder } from '../../equipment/store/durable-files.ts'
import { range } from '../../equipment/store/namespaces.ts'
import { PacketFiles } from '../../equipment/store/packet-files.ts'
import { encodeSegments } from '../../equipment/store/record-segments.ts'
import type { StoreSnapshot } from '../../equipment/store/store-snapshot.ts'
import { type BackupMember, memberOf } from './tar-stream.ts'

const pieceBytes = 256 * 1024
const directoryFile = /^directory-[1-9]\d{0,9}\.tramdir$/
const segmentPattern = /^store\/\d{6}$/
const packetPattern = /^packets\/([0-9a-f]{2})\/(\1[0-9a-f]{62})$/

/** The last member of the store: who sees it has seen all. */
export const storeEndName = 'store.json'

/** What kind of member of the store a name is of. */
export function storeMemberKind(name: string): 'segment' | 'packet' | 'directory' | undefined {
  if (segmentPattern.test(name)) return 'segment'
  if (packetPattern.test(name)) return 'packet'
  return name.startsWith('directory/') && directoryFile.test(name.slice('directory/'.length)) ? 'directory' : undefined
}

/** The hex digest that a packet's member is named by; undefined for every other member. */
export const packetDigestOf = (name: string): string | undefined => packetPattern.exec(name)?.[2]

export interface StoreFolders {
  packets: string
  incoming: string
  directory: string
}

/**
 * The members, in order. Files come after the snapshot: one that it names is durable by then, and one that is gone meanwhile was
 * deleted because nobody needed it any more. A damaged packet goes along as it is; where it is restored, the scrub finds it.
 * @throws TramError STORE_*; the signal's reason
 */
export async function* storeMembers(
  snapshot: StoreSnapshot,
  folders: StoreFolders,
  signal: AbortSignal,
): AsyncGenerator<BackupMember> {
  const files = new PacketFiles(folders.packets, folders.incoming)
  let segments = 0
  for (const name of await listFolder(folders.directory))
    if (directoryFile.test(name)) yield* fileMember(`directory/${name}`, join(folders.directory, name), signal)
  for await (const segment of encodeSegments(snapshot.records(signal))) {
    segments += 1
    yield memberOf(`store/${String(segments).padStart(6, '0')}`, segment)
  }
  let packets = 0
  for await (const digest of ownedPackets(snapshot, signal)) {
    const path = files.path(Buffer.from(digest, 'hex'))
    for await (const member of fileMember(`packets/${digest.slice(0, 2)}/${digest}`, path, signal)) {
      packets += 1
      yield member
    }
  }
  yield memberOf(storeEndName, Buffer.from(JSON.stringify({ segments, packets })))
}

/** Hex digests of packets that somebody needs, each once: their keys stand together. */
async function* ownedPackets(snapshot: StoreSnapshot, signal: AbortSignal): AsyncGenerator<string> {
  let last = ''
  for await (const [key] of snapshot.records(signal, range('packetref').from)) {
    const digest = Buffer.from(key).toString('latin1').split(':')[1] ?? ''
    if (digest === last || !/^[0-9a-f]{64}$/.test(digest)) continue
    last = digest
    yield digest
  }
}

/** A file as a member; none when it is not there. */
export async function* fileMember(name: string, path: string, signal: AbortSignal): AsyncGenerator<BackupMember> {
  const handle = await open(path).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw unreadable(path, error)
  })
  if (handle === undefined) return
  try {
    const { size } = await handle.stat()
    const body = async function* (): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < size; ) {
        signal.throwIfAborted()
        const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, size - at))
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, at)
        if (bytesRead === 0) return
        at += bytesRead
        yield buffer.subarray(0, bytesRead)
      }
    }
    yield { name, sizeBytes: size, body: body() }
  } finally {
    await handle.close()
  }
}

/** How many bytes the members will take, about: what lies in the folders, without looking inside. */
export async function storeBytes(folders: Omit<StoreFolders, 'incoming'> & { store: string }): Promise<number> {
  let bytes = 0
  const add = async (folder: string, depth: number): Promise<void> => {
    for (const name of await listFolder(folder)) {
      const found = await stat(join(folder, name)).catch((error: unknown) => {
        // A compaction, or retention.
        if (isSystemError(error, 'ENOENT')) return undefined
        throw unreadable(folder, error)
      })
      if (found?.isDirectory() && depth > 0) await add(join(folder, name), depth - 1)
      else if (found?.isFile()) bytes += found.size
    }
  }
  for (const folder of [folders.store, folders.directory, folders.packets]) await add(folder, 1)
  return bytes
}

const unreadable = (path: string, error: unknown): TramError =>
  new TramError('STORE_FAILED', { detail: `${path}: ${error instanceof Error ? error.message : String(error)}` })
