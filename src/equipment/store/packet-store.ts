// Port: the bytes of packets, by SHA-256. Small ones are records, committed with whatever names them; large ones are
// files, durable before a record may name them. Between intake or reception and the outbox or inbox.
import type { RecordOperation } from './record-store.ts'

/** Packets up to this size live in the record store. */
export const smallPacketBytes = 64 * 1024

/** Bytes in a chunk, except the last: the unit of digests and of resuming. */
export const defaultChunkBytes = 1024 * 1024

/** Bytes of a piece that `read` yields, at most: fits a frame of the link, and base64 has whole groups in it. */
export const pieceBytes = 60 * 1024

/** What a finished packet is. `digest` and `chunkDigests` are raw SHA-256 values. */
export interface StoredPacket {
  digest: Uint8Array
  sizeBytes: number
  chunkDigests: Uint8Array[]
  /** To be committed together with the records that name the packet. Empty for a file: that is durable already. */
  operations: RecordOperation[]
}

/** A packet on its way in from a backend: unknown digest, perhaps unknown size. Bytes go to disk as they come. */
export interface PacketWriter {
  /** @throws TramError PACKET_TOO_LARGE, DISK_FULL, STORE_FAILED */
  write(bytes: Uint8Array): Promise<void>

  /**
   * Ends the packet and makes it durable (file) or ready to commit (record).
   * `accepts` gets the SHA-256 of all bytes; if it says no and the bytes end in CR LF, the SHA-256 without those two
   * (the VXP kit appends them). The accepted form is the packet.
   * @throws TramError PACKET_HASH_MISMATCH when neither is accepted; then the bytes are gone.
   */
  finish(accepts: (digest: Uint8Array) => boolean): Promise<StoredPacket>

  /** Drops the bytes and the reservation. Idempotent, also after `finish` (then it does nothing). */
  discard(): Promise<void>
}

/** What a waybill promises about a packet that arrives over the link. */
export interface ExpectedPacket {
  /** Hex digest of the waybill: a held chunk counts only for the waybill that it came under. */
  waybill: string
  digest: Uint8Array
  sizeBytes: number
  chunkBytes: number
  chunkDigests: readonly Uint8Array[]
}

/** A packet on its way in from a peer: every chunk is checked and becomes durable by itself; resumable after a cut. */
export interface PacketReceiver {
  /** The first chunk that is not durable; equals the number of chunks when all are. */
  readonly nextChunk: number

  /**
   * Bytes at `offset`, which must be exactly where the last write ended (initially nextChunk × chunkBytes).
   * Resolves when they are durable or, inside a chunk, safely buffered (at most one chunk is buffered); until then they
   * must not be changed.
   * @throws TramError WAYBILL_INVALID when a chunk's digest is wrong or bytes pass the size: that chunk is dropped.
   */
  write(offset: number, bytes: Uint8Array): Promise<void>

  /** All chunks are there: checks the whole digest and makes the packet durable under it. Throws WAYBILL_INVALID. */
  finish(): Promise<StoredPacket>

  /** Keeps the durable chunks for a later `resume` and closes the file. */
  suspend(): Promise<void>

  /** Drops everything. */
  discard(): Promise<void>
}

/** The waybills, by hex digest, whose parts are to stay. Asked just before each would be deleted. */
export interface WantedWaybills {
  has(waybill: string): boolean | Promise<boolean>
}

export interface PacketStore {
  /**
   * Begins a packet from a backend. `declaredBytes` (null = unknown) is reserved at once.
   * @param kind `status` may draw on the reserve of statuses (default: document)
   * @throws TramError DISK_FULL when the reservation does not fit above the watermark, PACKET_TOO_LARGE
   */
  begin(declaredBytes: number | null, kind?: 'document' | 'status'): Promise<PacketWriter>

  /**
   * Begins or resumes a packet from a peer; its size is reserved. Throws as `begin`, and WAYBILL_INVALID when sizes and
   * digests do not fit together. A receiver of the same waybill that is still open is suspended: the newest wins.
   * @param peer who delivers it: one alone cannot have all the room
   */
  receive(expected: ExpectedPacket, kind?: 'document' | 'status', peer?: string): Promise<PacketReceiver>

  /** Whether the packet is here (a file or a committed record). */
  has(digest: Uint8Array): Promise<boolean>

  /**
   * Bytes [offset, offset + length) of a packet, in pieces of at most pieceBytes; length beyond the end is cut.
   * Read from 0 to the end, the packet is checked against its digest before the last piece is yielded.
   * @throws TramError PACKET_MISSING, PACKET_DAMAGED, STORE_DAMAGED, STORE_FAILED
   */
  read(digest: Uint8Array, offset?: number, length?: number): AsyncIterable<Uint8Array>

  /** Size in bytes, or undefined when it is not here. */
  size(digest: Uint8Array): Promise<number | undefined>

  /** Removes the packet: returns operations to commit for a record, deletes a file at once. */
  remove(digest: Uint8Array): Promise<RecordOperation[]>

  /**
   * Drops incoming files that nobody writes and no waybill of `wanted` names: at start, and again and again after it.
   * @throws TramError STORE_FAILED; what `wanted` throws
   */
  sweepIncoming(wanted: WantedWaybills): Promise<void>
}
