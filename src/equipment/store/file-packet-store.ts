// The packet store on files and records: small packets are records in the namespace `packet`, large ones files named by
// their digest. Between intake or reception and the outbox or inbox; packet-writer and packet-receiver do the way in.
// Long because: every way in and out of the two places where packets lie.
import { createHash } from 'node:crypto'
import { type FileHandle, open } from 'node:fs/promises'
import { isSystemError, TramError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { writeFailure } from './durable-files.ts'
import { key } from './namespaces.ts'
import { PacketFiles } from './packet-files.ts'
import { assertExpected, FilePacketReceiver, isSmall, type Progress, proveProgress } from './packet-receiver.ts'
import { PacketRoom } from './packet-room.ts'
import {
  type ExpectedPacket,
  type PacketReceiver,
  type PacketStore,
  type PacketWriter,
  pieceBytes,
  smallPacketBytes,
  type WantedWaybills,
} from './packet-store.ts'
import { FilePacketWriter } from './packet-writer.ts'
import type { RecordOperation, RecordStore } from './record-store.ts'
import type { SpaceKeeper } from './space-keeper.ts'

/** What is read from a file at once. */
const readBytes = 4 * pieceBytes
/** Suspended packets whose progress is remembered; others are proven again by reading their chunks. */
const maxRemembered = 1024

export interface FilePacketStoreOptions {
  packetsFolder: string
  /** On the same file system. */
  incomingFolder: string
  maxPacketBytes: number
}

export interface FilePacketStoreDeps {
  records: RecordStore
  space: SpaceKeeper
  logger: Logger
}

export class FilePacketStore implements PacketStore {
  readonly #options: FilePacketStoreOptions
  readonly #deps: FilePacketStoreDeps
  readonly #logger: Logger
  readonly #files: PacketFiles
  /** Receivers by waybill: the newest connection wins, the older one is suspended. */
  readonly #receiving = new Map<string, Promise<FilePacketReceiver>>()
  readonly #remembered = new Map<string, Progress>()

  constructor(options: FilePacketStoreOptions, deps: FilePacketStoreDeps) {
    this.#options = options
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'packets' })
    this.#files = new PacketFiles(options.packetsFolder, options.incomingFolder)
  }

  async begin(declaredBytes: number | null, kind: 'document' | 'status' = 'document'): Promise<PacketWriter> {
    const { maxPacketBytes } = this.#options
    if (declaredBytes !== null && declaredBytes > maxPacketBytes)
      throw new TramError('PACKET_TOO_LARGE', { bytes: declaredBytes, maximum: maxPacketBytes })
    const room = new PacketRoom(this.#deps.space, kind)
    room.cover(declaredBytes ?? smallPacketBytes)
    return new FilePacketWriter(this.#files, room, maxPacketBytes)
  }

  async receive(
    expected: ExpectedPacket,
    kind: 'document' | 'status' = 'document',
    peer?: string,
  ): Promise<PacketReceiver> {
    assertExpected(expected, this.#options.maxPacketBytes)
    const { waybill } = expected
    const before = this.#receiving.get(waybill)
    const room = new PacketRoom(this.#deps.space, kind, peer)
    const opening = this.#receiveAfter(before, expected, room, () => {
      if (this.#receiving.get(waybill) === opening) this.#receiving.delete(waybill)
    })
    this.#receiving.set(waybill, opening)
    return await opening
  }

  async has(digest: Uint8Array): Promise<boolean> {
    return (await this.size(digest)) !== undefined
  }

  async size(digest: Uint8Array): Promise<number | undefined> {
    const record = await this.#deps.records.get(packetKey(digest))
    return record ? record.length : await reading(() => this.#files.size(digest))
  }

  async *read(digest: Uint8Array, offset = 0, length = Number.POSITIVE_INFINITY): AsyncIterable<Uint8Array> {
    const record = await this.#deps.records.get(packetKey(digest))
    if (record) yield* this.#readRecord(digest, record, offset, length)
    else yield* this.#readFile(digest, offset, length)
  }

  async remove(digest: Uint8Array): Promise<RecordOperation[]> {
    await reading(() => this.#files.remove(digest))
    const recordKey = packetKey(digest)
    return (await this.#deps.records.get(recordKey)) ? [{ type: 'delete', key: recordKey }] : []
  }

  /** When the file of a packet was last written, ms since 1970; undefined when it is not a file. */
  writtenMs(digest: Uint8Array): Promise<number | undefined> {
    return reading(() => this.#files.writtenMs(digest))
  }

  /** Moves the file of a packet into `folder`: damaged, or nobody's after a loss. Then the packet is not here any more. */
  quarantine(digest: Uint8Array, folder: string): Promise<void> {
    return reading(() => this.#files.moveTo(digest, folder))
  }

  async sweepIncoming(wanted: WantedWaybills): Promise<void> {
    const swept = await reading(() => this.#files.sweep(wanted))
    if (swept > 0) this.#logger.info({ swept }, 'dropped what was left of packets on their way in')
  }

  /**
   * Hex digests of the packets that are files. A crash between a packet's file and its record leaves a file that no
   * record names: retention finds it here.
   */
  fileDigests(): AsyncIterable<string> {
    return this.#files.digests()
  }

  async #receiveAfter(
    before: Promise<FilePacketReceiver> | undefined,
    expected: ExpectedPacket,
    room: PacketRoom,
    forget: () => void,
  ): Promise<FilePacketReceiver> {
    try {
      // A receiver that never came to be is no obstacle: whoever asked for it has its error.
      const older = await before?.catch(() => undefined)
      await older?.suspend()
      return await this.#openReceiver(expected, room, forget)
    } catch (error) {
      room.release()
      forget()
      throw writeFailure(error, expected.sizeBytes)
    }
  }

  async #openReceiver(expected: ExpectedPacket, room: PacketRoom, forget: () => void): Promise<FilePacketReceiver> {
    const { waybill } = expected
    const closed = (progress: Progress | undefined) => {
      if (progress) this.#remember(waybill, progress)
      forget()
    }
    const deps = { files: this.#files, room, closed }
    if (isSmall(expected)) {
      room.cover(expected.sizeBytes)
      return new FilePacketReceiver(expected, undefined, { nextChunk: 0, whole: createHash('sha256') }, deps)
    }
    const file = await this.#files.openPart(waybill)
    let kept = false
    try {
      const progress = await this.#progress(file.handle, expected)
      kept = progress.nextChunk > 0
      // What is durable already needs no room: a full disk must not keep a packet from its last chunk.
      room.startAt(Math.min(progress.nextChunk * expected.chunkBytes, expected.sizeBytes))
      room.cover(expected.sizeBytes)
      return new FilePacketReceiver(expected, file, progress, deps)
    } catch (error) {
      await this.#files.close(file, kept)
      throw error
    }
  }

  /** Remembered from this run of the process, or proven chunk by chunk. */
  async #progress(handle: FileHandle, expected: ExpectedPacket): Promise<Progress> {
    const remembered = this.#remembered.get(expected.waybill)
    this.#remembered.delete(expected.waybill)
    const durableBytes = Math.min((remembered?.nextChunk ?? 0) * expected.chunkBytes, expected.sizeBytes)
    if (remembered && (await handle.stat()).size >= durableBytes) return remembered
    return await proveProgress(handle, expected)
  }

  #remember(waybill: string, progress: Progress): void {
    this.#remembered.set(waybill, progress)
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size > maxRemembered && oldest !== undefined) this.#remembered.delete(oldest)
  }

  *#readRecord(digest: Uint8Array, record: Uint8Array, offset: number, length: number): Iterable<Uint8Array> {
    const end = Math.min(record.length, offset + length)
    if (offset === 0 && end === record.length) this.#assertDigest(digest, createHash('sha256').update(record).digest())
    for (let at = offset; at < end; at += pieceBytes) yield record.subarray(at, Math.min(at + pieceBytes, end))
  }

  async *#readFile(digest: Uint8Array, offset: number, length: number): AsyncIterable<Uint8Array> {
    const handle = await reading(() => this.#openFile(digest))
    try {
      const { size } = await reading(() => handle.stat())
      const end = Math.min(size, offset + length)
      const hash = offset === 0 && end === size ? createHash('sha256') : undefined
      for (let at = offset; at < end; ) {
        // A buffer for each read: the reader may keep what it gets.
        const buffer = Buffer.allocUnsafe(Math.min(readBytes, end - at))
        const { bytesRead } = await reading(() => handle.read(buffer, 0, buffer.length, at))
        if (bytesRead === 0) throw damaged(digest)
        at += bytesRead
        hash?.update(buffer.subarray(0, bytesRead))
        // Before the last piece leaves: whoever has all of the packet has the right one.
        if (hash && at >= end) this.#assertDigest(digest, hash.digest())
        for (let from = 0; from < bytesRead; from += pieceBytes)
          yield buffer.subarray(from, Math.min(from + pieceBytes, bytesRead))
      }
      if (hash && size === 0) this.#assertDigest(digest, hash.digest())
    } finally {
      await handle.close()
    }
  }

  async #openFile(digest: Uint8Array): Promise<FileHandle> {
    try {
      return await open(this.#files.path(digest), 'r')
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error
      throw new TramError('PACKET_MISSING', { digest: hexOf(digest) }, { cause: error })
    }
  }

  #assertDigest(expected: Uint8Array, found: Uint8Array): void {
    if (Buffer.compare(expected, found) === 0) return
    this.#logger.error({ digest: hexOf(expected) }, 'a packet on disk no longer matches its digest')
    throw damaged(expected)
  }
}

function packetKey(digest: Uint8Array): string {
  return key('packet', hexOf(digest))
}

function hexOf(digest: Uint8Array): string {
  return Buffer.from(digest).toString('hex')
}

function damaged(digest: Uint8Array): TramError {
  return new TramError('PACKET_DAMAGED', { digest: hexOf(digest) })
}

/** Runs an act on the disk; what it throws becomes DISK_FULL or STORE_FAILED. */
async function reading<Result>(act: () => Promise<Result>): Promise<Result> {
  try {
    return await act()
  } catch (error) {
    throw writeFailure(error, 0)
  }
}
