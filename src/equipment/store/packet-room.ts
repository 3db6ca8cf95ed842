// The room that one packet holds on the disk, in slices: reserved before the bytes come, given back as they are written,
// so that a large packet is not counted twice (once as reserved, once as used). For packet-writer and packet-receiver.
import type { Reservation, SpaceKeeper } from './space-keeper.ts'

/** Also the step in which a packet of unknown size asks for more. */
const roomSliceBytes = 8 * 1024 * 1024

export class PacketRoom {
  readonly #space: SpaceKeeper
  readonly #kind: 'document' | 'status'
  readonly #peer: string | undefined
  #slices: Reservation[] = []
  /** All that was ever reserved, of which the written part has been given back. */
  #coveredBytes = 0
  #givenBackBytes = 0

  /** @param peer who sends it, if it is a peer */
  constructor(space: SpaceKeeper, kind: 'document' | 'status', peer?: string) {
    this.#space = space
    this.#kind = kind
    this.#peer = peer
  }

  /** The first `totalBytes` were on disk before this room was made. Only before the first `cover`. */
  startAt(totalBytes: number): void {
    this.#coveredBytes = totalBytes
    this.#givenBackBytes = totalBytes
  }

  /**
   * Covers the first `totalBytes` of the packet. All or nothing.
   * @throws TramError DISK_FULL
   */
  cover(totalBytes: number): void {
    const added: Reservation[] = []
    try {
      for (let missing = totalBytes - this.#coveredBytes; missing > 0; missing -= roomSliceBytes)
        added.push(this.#space.reserve(Math.min(missing, roomSliceBytes), this.#kind, this.#peer))
    } catch (error) {
      for (const slice of added) slice.release()
      throw error
    }
    this.#slices.push(...added)
    this.#coveredBytes = Math.max(this.#coveredBytes, totalBytes)
  }

  /** As `cover`, but beyond what is covered in steps: for a packet that declared less, or nothing. */
  reach(totalBytes: number): void {
    if (totalBytes > this.#coveredBytes) this.cover(Math.ceil(totalBytes / roomSliceBytes) * roomSliceBytes)
  }

  /** The first `totalBytes` are written: the file system counts them now. */
  written(totalBytes: number): void {
    for (;;) {
      const [slice] = this.#slices
      if (!slice || this.#givenBackBytes + slice.bytes > totalBytes) return
      this.#givenBackBytes += slice.bytes
      slice.release()
      this.#slices.shift()
    }
  }

  /** Gives everything back. Idempotent. */
  release(): void {
    for (const slice of this.#slices) slice.release()
    this.#slices = []
  }
}
