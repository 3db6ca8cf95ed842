// SHA-256 of a packet and of each of its chunks in one pass; copyable, so that a packet can be judged with and without
// its last bytes. Used by file-packet-store.ts on the way in.
import { createHash, type Hash } from 'node:crypto'

/** SHA-256 of `bytes`. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest())
}

export interface PacketDigests {
  digest: Uint8Array
  chunkDigests: Uint8Array[]
}

export class ChunkHasher {
  readonly #chunkBytes: number
  readonly #whole: Hash
  readonly #done: Uint8Array[]
  #chunk: Hash
  #inChunk: number

  /** @param original to be copied */
  constructor(chunkBytes: number, original?: ChunkHasher) {
    this.#chunkBytes = chunkBytes
    this.#whole = original ? original.#whole.copy() : createHash('sha256')
    this.#chunk = original ? original.#chunk.copy() : createHash('sha256')
    this.#done = original ? [...original.#done] : []
    this.#inChunk = original ? original.#inChunk : 0
  }

  copy(): ChunkHasher {
    return new ChunkHasher(this.#chunkBytes, this)
  }

  update(bytes: Uint8Array): void {
    this.#whole.update(bytes)
    let rest = bytes
    while (rest.length > 0) {
      const taken = rest.subarray(0, this.#chunkBytes - this.#inChunk)
      this.#chunk.update(taken)
      this.#inChunk += taken.length
      if (this.#inChunk === this.#chunkBytes) this.#closeChunk()
      rest = rest.subarray(taken.length)
    }
  }

  /** Ends the packet; the hasher is of no use after it. A packet of no bytes has no chunks. */
  finish(): PacketDigests {
    if (this.#inChunk > 0) this.#closeChunk()
    return { digest: new Uint8Array(this.#whole.digest()), chunkDigests: this.#done }
  }

  #closeChunk(): void {
    this.#done.push(new Uint8Array(this.#chunk.digest()))
    this.#chunk = createHash('sha256')
    this.#inChunk = 0
  }
}
