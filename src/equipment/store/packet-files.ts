// Where packets lie as files: temporary ones in the incoming folder, finished ones named by their digest, sharded by its
// first two digits. Every step leaves names and bytes durable. Beneath packet-writer, packet-receiver, file-packet-store.
import { randomBytes } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, open, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isSystemError } from '../../base/errors.ts'
import { listFolder, makeFolder, syncFolder } from './durable-files.ts'
import type { WantedWaybills } from './packet-store.ts'

const partEnding = '.part'
const partName = /^[0-9a-f]{64}\.part$/
const packetName = /^[0-9a-f]{64}$/
const shardName = /^[0-9a-f]{2}$/

export class PacketFiles {
  readonly #packetsFolder: string
  readonly #incomingFolder: string
  /** Folders known to be there and durable. */
  readonly #made = new Map<string, Promise<void>>()
  /** Names in the incoming folder that are being written. */
  readonly #live = new Set<string>()
  /** Names whose file is being deleted: whoever opens one waits, or would write into a file that has no name any more. */
  readonly #dropping = new Map<string, Promise<void>>()

  constructor(packetsFolder: string, incomingFolder: string) {
    this.#packetsFolder = packetsFolder
    this.#incomingFolder = incomingFolder
  }

  /** A new file for a packet of unknown digest. Its name means nothing and it does not outlive a restart. */
  async openTemporary(): Promise<{ handle: FileHandle; name: string }> {
    const name = `${randomBytes(16).toString('hex')}.tmp`
    await this.#make(this.#incomingFolder)
    // Before it is there: a sweep must not find it as nobody's.
    this.#live.add(name)
    try {
      return { handle: await open(join(this.#incomingFolder, name), 'wx', 0o600), name }
    } catch (error) {
      this.#live.delete(name)
      throw error
    }
  }

  /**
   * The file of what has arrived under a waybill, new or as it was left.
   * @param waybill hex digest, checked by the caller: it becomes a file name
   */
  async openPart(waybill: string): Promise<{ handle: FileHandle; name: string }> {
    const name = waybill + partEnding
    const path = join(this.#incomingFolder, name)
    this.#live.add(name)
    let handle: FileHandle | undefined
    try {
      await this.#make(this.#incomingFolder)
      await this.#dropping.get(name)
      handle = await openIfThere(path)
      if (!handle) {
        handle = await open(path, 'wx+', 0o600)
        // Without it a power cut may take the file and every chunk that was synced into it.
        await syncFolder(this.#incomingFolder)
      }
      return { handle, name }
    } catch (error) {
      this.#live.delete(name)
      await handle?.close()
      throw error
    }
  }

  /** A part or temporary file is closed; with `keep` false it is deleted too. */
  async close(file: { handle: FileHandle; name: string }, keep: boolean): Promise<void> {
    this.#live.delete(file.name)
    await file.handle.close()
    if (!keep) await rm(join(this.#incomingFolder, file.name), { force: true })
  }

  /** Deletes the file of a waybill, unless somebody has it open. */
  async dropPart(waybill: string): Promise<void> {
    await this.#drop(waybill + partEnding)
  }

  /** Makes a written file durable under its digest. After it, a record may name the packet. */
  async place(file: { handle: FileHandle; name: string }, digest: Uint8Array): Promise<void> {
    const path = this.path(digest)
    const folder = join(path, '..')
    await this.#make(folder)
    await file.handle.sync()
    await file.handle.close()
    // Over an existing file: the same bytes, and whole if the old ones were damaged.
    await rename(join(this.#incomingFolder, file.name), path)
    this.#live.delete(file.name)
    await syncFolder(folder)
  }

  /** Where the file of a packet is, whether or not it exists. */
  path(digest: Uint8Array): string {
    const hex = Buffer.from(digest).toString('hex')
    return join(this.#packetsFolder, hex.slice(0, 2), hex)
  }

  /** Size of a packet's file, or undefined when there is none. */
  async size(digest: Uint8Array): Promise<number | undefined> {
    return (await statIfThere(this.path(digest)))?.size
  }

  /** Deletes a packet's file, for good. */
  async remove(digest: Uint8Array): Promise<void> {
    const path = this.path(digest)
    try {
      await rm(path)
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return
      throw error
    }
    await syncFolder(join(path, '..'))
  }

  /** When a packet's file was last written, ms since 1970; undefined when there is none. */
  async writtenMs(digest: Uint8Array): Promise<number | undefined> {
    return (await statIfThere(this.path(digest)))?.mtimeMs
  }

  /** Moves a packet's file into `folder`, on the same file system, as evidence. */
  async moveTo(digest: Uint8Array, folder: string): Promise<void> {
    const path = this.path(digest)
    await makeFolder(folder)
    await rename(path, join(folder, `packet-${basename(path)}`))
    await syncFolder(folder)
    await syncFolder(join(path, '..'))
  }

  /** Hex digests of all packets that are files. */
  async *digests(): AsyncIterable<string> {
    for (const shard of await listFolder(this.#packetsFolder)) {
      if (!shardName.test(shard)) continue
      for (const name of await listFolder(join(this.#packetsFolder, shard))) if (packetName.test(name)) yield name
    }
  }

  /** Deletes what nobody writes in the incoming folder, but for the parts of `wanted` waybills. Returns how many. */
  async sweep(wanted: WantedWaybills): Promise<number> {
    await this.#make(this.#incomingFolder)
    let swept = 0
    for (const name of await listFolder(this.#incomingFolder)) {
      if (partName.test(name) && (await wanted.has(name.slice(0, -partEnding.length)))) continue
      if (await this.#drop(name)) swept++
    }
    if (swept > 0) await syncFolder(this.#incomingFolder)
    return swept
  }

  /** Deletes a name in the incoming folder, unless somebody writes it. Returns whether it did. */
  async #drop(name: string): Promise<boolean> {
    if (this.#live.has(name)) return false
    const dropping = this.#dropping.get(name) ?? rm(join(this.#incomingFolder, name), { force: true, recursive: true })
    this.#dropping.set(name, dropping)
    try {
      await dropping
    } finally {
      this.#dropping.delete(name)
    }
    return true
  }

  async #make(folder: string): Promise<void> {
    // One promise for all: a second packet must not pass while the folder's name is not durable yet.
    const making = this.#made.get(folder) ?? makeFolder(folder)
    this.#made.set(folder, making)
    try {
      await making
    } catch (error) {
      this.#made.delete(folder)
      throw error
    }
  }
}

/** Writes all of `bytes` at `position`; a single write may take only a part. */
export async function writeFully(handle: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, position + at)
    at += bytesWritten
  }
}

async function openIfThere(path: string): Promise<FileHandle | undefined> {
  try {
    return await open(path, 'r+')
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

async function statIfThere(path: string): Promise<Stats | undefined> {
  try {
    return await stat(path)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}
