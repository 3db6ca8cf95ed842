// The root of a Merkle tree whose leaves pass by one at a time: for 125,000 directory entries that are never all in memory.
// Same tree as merkle.ts (RFC 9162 §2.1.1); keeps one node a level.
import { createHash } from 'node:crypto'

const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  createHash('sha256').update('\x01', 'latin1').update(left).update(right).digest()

export class MerkleAccumulator {
  /** Roots of complete subtrees, largest first; their sizes are the bits of `#size`. */
  readonly #roots: Uint8Array[] = []
  #size = 0

  /** Leaves so far. */
  get size(): number {
    return this.#size
  }

  /** @param leaf 32 bytes, from `leafHash` */
  add(leaf: Uint8Array): void {
    let node = leaf
    for (let size = this.#size; size % 2 === 1; size = Math.floor(size / 2)) {
      node = nodeHash(this.#roots.pop() ?? node, node)
    }
    this.#roots.push(node)
    this.#size += 1
  }

  /** The root over all leaves so far; undefined when there are none. */
  root(): Uint8Array | undefined {
    return this.#roots.reduceRight<Uint8Array | undefined>(
      (right, left) => (right === undefined ? left : nodeHash(left, right)),
      undefined,
    )
  }
}
