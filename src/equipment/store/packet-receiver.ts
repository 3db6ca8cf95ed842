// A packet on its way in from a peer: each chunk is checked against the waybill and durable before the next. What is
// durable is proven by its digest alone when the packet is resumed: a record of progress would be a second truth, which
// a power cut can separate from the file. Made by file-packet-store.ts; the exchange's reception feeds it.
import { createHash, type Hash } from 'node:crypto'
import type { FileHandle } from 'node:fs/promises'
import { TramError } from '../../base/errors.ts'
import { sha256 } from './chunk-hasher.ts'
import { writeFailure } from './durable-files.ts'
import { key } from './namespaces.ts'
import { type PacketFiles, writeFully } from './packet-files.ts'
import type { PacketRoom } from './packet-room.ts'
import { type ExpectedPacket, type PacketReceiver, type StoredPacket, smallPacketBytes } from './packet-store.ts'
import { Turns } from './turns.ts'

/** Chunks are held in memory one at a time, for every packet that arrives. */
const maxChunkBytes = 4 * 1024 * 1024
const digestBytes = 32

/** How far a packet has come: proven chunks, and the digest over them. */
export interface Progress {
  nextChunk: number
  whole: Hash
}

export interface ReceiverDeps {
  files: PacketFiles
  room: PacketRoom
  /** The receiver has closed; with `progress` its file is kept. */
  closed: (progress: Progress | undefined) => void
}

export class FilePacketReceiver implements PacketReceiver {
  readonly #expected: ExpectedPacket
  readonly #deps: ReceiverDeps
  readonly #turns = new Turns()
  /** Undefined for a small packet, which lives in memory only. */
  readonly #file: { handle: FileHandle; name: string } | undefined
  readonly #progress: Progress
  #state: 'open' | 'suspended' | 'finished' | 'discarded' = 'open'
  #chunk: Buffer | undefined
  #chunkFill = 0
  #small: Uint8Array[] = []

  constructor(
    expected: ExpectedPacket,
    file: { handle: FileHandle; name: string } | undefined,
    progress: Progress,
    deps: ReceiverDeps,
  ) {
    this.#expected = expected
    this.#file = file
    this.#progress = progress
    this.#deps = deps
  }

  get nextChunk(): number {
    return this.#progress.nextChunk
  }

  write(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#turns.run(async () => {
      this.#assertOpen()
      try {
        await this.#take(offset, bytes)
      } catch (error) {
        this.#chunkFill = 0
        throw writeFailure(error, bytes.length)
      }
    })
  }

  finish(): Promise<StoredPacket> {
    return this.#turns.run(async () => {
      this.#assertOpen()
      const { digest, sizeBytes, chunkDigests } = this.#expected
      if (this.nextChunk < chunkDigests.length)
        throw invalid(`${chunkDigests.length - this.nextChunk} chunks are missing`)
      if (Buffer.compare(this.#progress.whole.copy().digest(), digest) !== 0) {
        await this.#close('discarded')
        throw invalid('the packet does not match its digest')
      }
      const stored = { digest: Uint8Array.from(digest), sizeBytes, chunkDigests: [...chunkDigests] }
      if (!this.#file) {
        const put = { type: 'put', key: key('packet', hexOf(digest)), value: Buffer.concat(this.#small) } as const
        await this.#close('finished')
        return { ...stored, operations: [put] }
      }
      try {
        await this.#deps.files.place(this.#file, digest)
      } catch (error) {
        // The chunks are as durable as before: the peer need not send them again.
        await this.#close('suspended')
        throw writeFailure(error, 0)
      }
      await this.#close('finished')
      return { ...stored, operations: [] }
    })
  }

  suspend(): Promise<void> {
    return this.#turns.run(() => this.#close('suspended'))
  }

  discard(): Promise<void> {
    return this.#turns.run(() => this.#close('discarded'))
  }

  // Attacker-controlled: offset and bytes. Bounded by the waybill's size, checked at every chunk.
  async #take(offset: number, bytes: Uint8Array): Promise<void> {
    const { chunkBytes, sizeBytes } = this.#expected
    const due = this.nextChunk * chunkBytes + this.#chunkFill
    if (offset !== due) throw invalid(`bytes at ${offset} where ${due} was due`)
    if (bytes.length > sizeBytes - due) throw invalid(`bytes beyond the size of ${sizeBytes}`)
    for (let at = 0; at < bytes.length; ) {
      const chunkStart = this.nextChunk * chunkBytes
      const chunkLength = Math.min(chunkBytes, sizeBytes - chunkStart)
      this.#chunk ??= Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes))
      const taken = bytes.subarray(at, at + chunkLength - this.#chunkFill)
      this.#chunk.set(taken, this.#chunkFill)
      this.#chunkFill += taken.length
      at += taken.length
      if (this.#chunkFill === chunkLength) await this.#takeChunk(this.#chunk.subarray(0, chunkLength), chunkStart)
    }
  }

  async #takeChunk(chunk: Uint8Array, chunkStart: number): Promise<void> {
    if (!isChunk(this.#expected, this.nextChunk, chunk))
      throw invalid(`chunk ${this.nextChunk} does not match its digest`)
    if (this.#file) {
      await writeFully(this.#file.handle, chunk, chunkStart)
      await this.#file.handle.datasync()
      this.#deps.room.written(chunkStart + chunk.length)
    } else this.#small.push(Uint8Array.from(chunk))
    this.#progress.whole.update(chunk)
    this.#progress.nextChunk++
    this.#chunkFill = 0
  }

  async #close(state: 'suspended' | 'finished' | 'discarded'): Promise<void> {
    if (this.#state !== 'open') {
      // Suspended first and then dropped: the file still lies there.
      if (state === 'discarded' && this.#state === 'suspended' && this.#file)
        await this.#deps.files.dropPart(this.#expected.waybill)
      return
    }
    this.#state = state
    this.#chunk = undefined
    this.#chunkFill = 0
    this.#small = []
    this.#deps.room.release()
    const keep = state === 'suspended' && this.#file !== undefined
    try {
      if (this.#file && state !== 'finished') await this.#deps.files.close(this.#file, keep)
    } finally {
      this.#deps.closed(keep ? this.#progress : undefined)
    }
  }

  #assertOpen(): void {
    if (this.#state !== 'open') throw new TramError('STORE_FAILED', { detail: `the packet is ${this.#state}` })
  }
}

/**
 * Checks that what a waybill says of its chunks holds together, before any of it becomes a buffer or a file name.
 * @throws TramError WAYBILL_INVALID, PACKET_TOO_LARGE
 */
export function assertExpected(expected: ExpectedPacket, maxPacketBytes: number): void {
  const { waybill, digest, sizeBytes, chunkBytes, chunkDigests } = expected
  if (!/^[0-9a-f]{64}$/.test(waybill)) throw invalid('its digest is not 64 hex digits')
  if (digest.length !== digestBytes) throw invalid(`packet digest of ${digest.length} bytes`)
  if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 0) throw invalid(`packet size ${sizeBytes}`)
  if (sizeBytes > maxPacketBytes) throw new TramError('PACKET_TOO_LARGE', { bytes: sizeBytes, maximum: maxPacketBytes })
  if (!Number.isSafeInteger(chunkBytes) || chunkBytes < 1 || chunkBytes > maxChunkBytes)
    throw invalid(`chunk size ${chunkBytes}`)
  const chunks = Math.ceil(sizeBytes / chunkBytes)
  if (chunkDigests.length !== chunks) throw invalid(`${chunkDigests.length} chunk digests for ${chunks} chunks`)
  if (chunkDigests.some((each) => each.length !== digestBytes)) throw invalid('a chunk digest is not 32 bytes')
}

/** Whether the packet is received in memory and becomes a record. */
export function isSmall(expected: ExpectedPacket): boolean {
  return expected.sizeBytes <= smallPacketBytes
}

/** Reads what lies in a part file as far as its chunks match the waybill; leaves the file exactly so long. */
export async function proveProgress(handle: FileHandle, expected: ExpectedPacket): Promise<Progress> {
  const { chunkBytes, sizeBytes, chunkDigests } = expected
  const progress: Progress = { nextChunk: 0, whole: createHash('sha256') }
  const buffer = Buffer.allocUnsafe(Math.min(chunkBytes, sizeBytes))
  for (const index of chunkDigests.keys()) {
    const chunk = buffer.subarray(0, Math.min(chunkBytes, sizeBytes - index * chunkBytes))
    if (!(await readFully(handle, chunk, index * chunkBytes)) || !isChunk(expected, index, chunk)) break
    progress.whole.update(chunk)
    progress.nextChunk++
  }
  await handle.truncate(Math.min(progress.nextChunk * chunkBytes, sizeBytes))
  return progress
}

function isChunk(expected: ExpectedPacket, index: number, chunk: Uint8Array): boolean {
  const digest = expected.chunkDigests[index]
  return digest !== undefined && Buffer.compare(sha256(chunk), digest) === 0
}

async function readFully(handle: FileHandle, buffer: Uint8Array, position: number): Promise<boolean> {
  for (let at = 0; at < buffer.length; ) {
    const { bytesRead } = await handle.read(buffer, at, buffer.length - at, position + at)
    if (bytesRead === 0) return false
    at += bytesRead
  }
  return true
}

function invalid(detail: string): TramError {
  return new TramError('WAYBILL_INVALID', { detail })
}

function hexOf(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex')
}
