// A packet on its way in from a backend: hashed as it comes, small in memory, large in a temporary file that only a
// finish gives a name. Made by file-packet-store.ts.
import type { FileHandle } from 'node:fs/promises'
import { TramError } from '../../base/errors.ts'
import { ChunkHasher, type PacketDigests } from './chunk-hasher.ts'
import { writeFailure } from './durable-files.ts'
import { key } from './namespaces.ts'
import { type PacketFiles, writeFully } from './packet-files.ts'
import type { PacketRoom } from './packet-room.ts'
import { defaultChunkBytes, type PacketWriter, type StoredPacket, smallPacketBytes } from './packet-store.ts'
import { Turns } from './turns.ts'

/** Bytes gathered before they go to the file. */
const gatherBytes = 256 * 1024

/** Every so many bytes the disk starts on what it has, or the last sync would stall every commit of the store. */
const syncEveryBytes = 32 * 1024 * 1024

/** CR LF, which the VXP kit appends to a packet. */
const tail = new Uint8Array([13, 10])

export class FilePacketWriter implements PacketWriter {
  readonly #files: PacketFiles
  readonly #room: PacketRoom
  readonly #maxPacketBytes: number
  readonly #turns = new Turns()
  readonly #hasher = new ChunkHasher(defaultChunkBytes)
  #state: 'open' | 'finished' | 'discarded' = 'open'
  #totalBytes = 0
  /** The last bytes, two at most: not hashed yet, as they may be the tail that is not part of the packet. */
  #held: Uint8Array = new Uint8Array()
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #file: { handle: FileHandle; name: string } | undefined
  #fileBytes = 0
  #syncedBytes = 0
  #syncing: Promise<void> = Promise.resolve()

  /** @param room already covers the declared size */
  constructor(files: PacketFiles, room: PacketRoom, maxPacketBytes: number) {
    this.#files = files
    this.#room = room
    this.#maxPacketBytes = maxPacketBytes
  }

  write(bytes: Uint8Array): Promise<void> {
    // Copied at once: the caller may reuse its buffer, and what is gathered outlives this call.
    const copy = Uint8Array.from(bytes)
    return this.#turns.run(() => this.#orDiscard(bytes.length, () => this.#take(copy)))
  }

  finish(accepts: (digest: Uint8Array) => boolean): Promise<StoredPacket> {
    return this.#turns.run(() => this.#orDiscard(this.#gatheredBytes, () => this.#finish(accepts)))
  }

  discard(): Promise<void> {
    return this.#turns.run(() => this.#discard())
  }

  async #take(bytes: Uint8Array): Promise<void> {
    this.#totalBytes += bytes.length
    // The tail may pass the limit: it is dropped if the packet is accepted without it.
    if (this.#totalBytes > this.#maxPacketBytes + tail.length)
      throw new TramError('PACKET_TOO_LARGE', { bytes: this.#totalBytes, maximum: this.#maxPacketBytes })
    this.#hash(bytes)
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.length
    if (this.#file ? this.#gatheredBytes >= gatherBytes : this.#gatheredBytes > smallPacketBytes + tail.length)
      await this.#flush()
  }

  #hash(bytes: Uint8Array): void {
    const joined = bytes.length >= tail.length ? bytes : Buffer.concat([this.#held, bytes])
    if (joined === bytes) this.#hasher.update(this.#held)
    const certain = Math.max(0, joined.length - tail.length)
    this.#hasher.update(joined.subarray(0, certain))
    this.#held = joined.slice(certain)
  }

  async #flush(): Promise<void> {
    this.#file ??= await this.#files.openTemporary()
    const end = this.#fileBytes + this.#gatheredBytes
    this.#room.reach(end)
    await writeFully(this.#file.handle, Buffer.concat(this.#gathered), this.#fileBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#fileBytes = end
    this.#room.written(end)
    if (end - this.#syncedBytes < syncEveryBytes) return
    await this.#syncing
    this.#syncedBytes = end
    this.#syncing = this.#file.handle.datasync()
    // Its failure is met at the next await of it; without this it would be an unhandled rejection until then.
    this.#syncing.catch(() => undefined)
  }

  async #finish(accepts: (digest: Uint8Array) => boolean): Promise<StoredPacket> {
    const accepted = this.#accepted(accepts)
    if (!accepted) throw new TramError('PACKET_HASH_MISMATCH', { bytes: this.#totalBytes })
    const { digest, chunkDigests, sizeBytes } = accepted
    if (sizeBytes > this.#maxPacketBytes)
      throw new TramError('PACKET_TOO_LARGE', { bytes: sizeBytes, maximum: this.#maxPacketBytes })
    if (sizeBytes <= smallPacketBytes) {
      const value = Buffer.concat(this.#gathered).subarray(0, sizeBytes)
      this.#end('finished')
      const put = { type: 'put', key: key('packet', Buffer.from(digest).toString('hex')), value } as const
      return { digest, sizeBytes, chunkDigests, operations: [put] }
    }
    await this.#flush()
    await this.#syncing
    if (this.#file) {
      if (sizeBytes < this.#fileBytes) await this.#file.handle.truncate(sizeBytes)
      await this.#files.place(this.#file, digest)
    }
    this.#end('finished')
    return { digest, sizeBytes, chunkDigests, operations: [] }
  }

  /** The form of the packet that is accepted: all bytes, or all but CR LF at the end. */
  #accepted(accepts: (digest: Uint8Array) => boolean): (PacketDigests & { sizeBytes: number }) | undefined {
    const whole = this.#hasher.copy()
    whole.update(this.#held)
    const asReceived = whole.finish()
    if (accepts(asReceived.digest)) return { ...asReceived, sizeBytes: this.#totalBytes }
    if (Buffer.compare(this.#held, tail) !== 0) return undefined
    const withoutTail = this.#hasher.finish()
    if (accepts(withoutTail.digest)) return { ...withoutTail, sizeBytes: this.#totalBytes - tail.length }
    return undefined
  }

  /** Whatever goes wrong, the bytes are gone: nothing half-written stays behind, nor a state secret. */
  async #orDiscard<Result>(neededBytes: number, act: () => Promise<Result>): Promise<Result> {
    if (this.#state !== 'open') throw new TramError('STORE_FAILED', { detail: `the packet is ${this.#state}` })
    try {
      return await act()
    } catch (error) {
      // A file that cannot even be deleted is swept at the next start; what counts is the first failure.
      await this.#discard().catch(() => undefined)
      throw writeFailure(error, neededBytes)
    }
  }

  async #discard(): Promise<void> {
    if (this.#state !== 'open') return
    const file = this.#file
    await this.#syncing.catch(() => undefined)
    this.#end('discarded')
    if (file) await this.#files.close(file, false)
  }

  #end(state: 'finished' | 'discarded'): void {
    this.#state = state
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#held = new Uint8Array()
    this.#file = undefined
    this.#room.release()
  }
}
