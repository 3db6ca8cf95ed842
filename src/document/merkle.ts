// The Merkle tree of a seal (RFC 9162 §2.1): thousands of waybills and receipts under one token signature.
// exchange/send/sealer builds the tree; seal.ts checks a leaf's way to the signed root. Only hashing, no certificates.
import { hash } from 'node:crypto'
import { TramError } from '../base/errors.ts'

/** What a leaf holds. The type is hashed in, so that a receipt can never be shown as a waybill. */
export type LeafType = 'waybill' | 'receipt' | 'directory-entry'

const leafTypeByte: Record<LeafType, number> = { waybill: 1, receipt: 2, 'directory-entry': 3 }
const hashBytes = 32

/**
 * The leaf of exact bytes as sent: SHA-256(0x00 ‖ type ‖ bytes), that is RFC 9162 §2.1.1 for the entry `type ‖ bytes`.
 * @returns 32 bytes.
 */
export function leafHash(type: LeafType, bytes: Uint8Array): Uint8Array {
  const input = Buffer.allocUnsafe(2 + bytes.length)
  input[0] = 0
  input[1] = leafTypeByte[type]
  input.set(bytes, 2)
  return hash('sha256', input, 'buffer')
}

/** An inner node: SHA-256(0x01 ‖ left ‖ right). The one-shot `hash` reads `scratch` before anybody can reuse it. */
const scratch = Buffer.alloc(1 + 2 * hashBytes)
function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  scratch[0] = 1
  scratch.set(left, 1)
  scratch.set(right, 1 + hashBytes)
  return hash('sha256', scratch, 'buffer')
}

/** A tree over leaf hashes that keeps its levels: n hashes to build, a path costs none. */
export class MerkleTree {
  /** 32 bytes. */
  readonly root: Uint8Array
  /** From the leaves to the root. */
  readonly #levels: (readonly Uint8Array[])[]

  /** @param leaves at least one, each from `leafHash`. */
  constructor(leaves: readonly Uint8Array[]) {
    if (leaves.some((leaf) => leaf.length !== hashBytes)) {
      throw new TramError('INTERNAL', { detail: 'a Merkle leaf is not 32 bytes' })
    }
    this.#levels = [leaves.slice()]
    let level = leaves
    while (level.length > 1) {
      const parents: Uint8Array[] = []
      for (let index = 0; index < level.length; index += 2) {
        const left = level[index]
        const right = level[index + 1]
        if (left === undefined) break
        // A node without a sibling moves up unhashed: that gives RFC 9162's split at the largest power of two.
        parents.push(right === undefined ? left : nodeHash(left, right))
      }
      this.#levels.push(parents)
      level = parents
    }
    const root = level[0]
    if (root === undefined) throw new TramError('INTERNAL', { detail: 'a Merkle tree needs a leaf' })
    this.root = root
  }

  /**
   * The inclusion path of leaf `index` (RFC 9162 §2.1.3.1), from the leaf's sibling upwards; 32 bytes each.
   * @throws TramError INTERNAL when there is no such leaf.
   */
  path(index: number): Uint8Array[] {
    if (this.#levels[0]?.[index] === undefined) throw new TramError('INTERNAL', { detail: `no Merkle leaf ${index}` })
    const path: Uint8Array[] = []
    let at = index
    for (const level of this.#levels) {
      const sibling = level[at % 2 === 0 ? at + 1 : at - 1]
      if (sibling !== undefined) path.push(sibling)
      at = Math.floor(at / 2)
    }
    return path
  }
}

/**
 * The root that `path` (attacker-controlled) leads to from `leaf`, RFC 9162 §2.1.3.2. Indices may pass 2^32, so no bit operators.
 * @returns undefined when the path has the wrong shape for this index and size: too long, too short, hashes not of 32 bytes.
 */
export function rootFromPath(
  leaf: Uint8Array,
  index: number,
  treeSize: number,
  path: readonly Uint8Array[],
): Uint8Array | undefined {
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(treeSize)) return undefined
  if (leaf.length !== hashBytes || index < 0 || index >= treeSize) return undefined
  let at = index
  let last = treeSize - 1
  let root = leaf
  for (const sibling of path) {
    if (last === 0 || sibling.length !== hashBytes) return undefined
    if (at % 2 === 1 || at === last) {
      root = nodeHash(sibling, root)
      while (at % 2 === 0 && at !== 0) {
        at = at / 2
        last = Math.floor(last / 2)
      }
    } else {
      root = nodeHash(root, sibling)
    }
    at = Math.floor(at / 2)
    last = Math.floor(last / 2)
  }
  return last === 0 ? root : undefined
}
