// Inclusion paths of a few leaves among many that pass by one at a time: for an extract of the directory.
// Same tree as merkle.ts (RFC 9162 §2.1); keeps one node a level, and the paths.
import { createHash } from 'node:crypto'

const nodeHash = (left: Uint8Array, right: Uint8Array): Uint8Array =>
  createHash('sha256').update('\x01', 'latin1').update(left).update(right).digest()

/** A complete subtree and the wanted leaves in it, each with its path so far. */
interface Subtree {
  hash: Uint8Array
  wanted: Uint8Array[][]
}

/** The wanted leaves of each side get the other side's hash as their next step. */
function join(left: Subtree, right: Subtree): Subtree {
  for (const path of left.wanted) path.push(right.hash)
  for (const path of right.wanted) path.push(left.hash)
  return { hash: nodeHash(left.hash, right.hash), wanted: [...left.wanted, ...right.wanted] }
}

export class MerklePaths {
  readonly #subtrees: Subtree[] = []
  readonly #paths = new Map<number, Uint8Array[]>()
  #size = 0

  /**
   * @param leaf 32 bytes, from `leafHash`
   * @param isWanted whether its path is asked for at the end
   */
  add(leaf: Uint8Array, isWanted: boolean): void {
    const path: Uint8Array[] = []
    if (isWanted) this.#paths.set(this.#size, path)
    let subtree: Subtree = { hash: leaf, wanted: isWanted ? [path] : [] }
    for (let size = this.#size; size % 2 === 1; size = Math.floor(size / 2)) {
      const left = this.#subtrees.pop()
      if (left !== undefined) subtree = join(left, subtree)
    }
    this.#subtrees.push(subtree)
    this.#size += 1
  }

  /** No more leaves: the path of each wanted one by its index, from the leaf's sibling upwards. Call once. */
  end(): ReadonlyMap<number, readonly Uint8Array[]> {
    this.#subtrees.reduceRight<Subtree | undefined>(
      (right, left) => (right === undefined ? left : join(left, right)),
      undefined,
    )
    return this.#paths
  }
}
