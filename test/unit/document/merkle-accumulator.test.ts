// The accumulator gives the roots of MerkleTree, and both those of RFC 9162 written down again as the standard has it.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { leafHash, MerkleTree } from '../../../src/document/merkle.ts'
import { MerkleAccumulator } from '../../../src/document/merkle-accumulator.ts'

/** RFC 9162 §2.1.1, recursive: k is the largest power of two below n. */
function rootOf(leaves: readonly Uint8Array[]): Uint8Array {
  const [first] = leaves
  if (leaves.length === 1 && first !== undefined) return first
  let split = 1
  while (split * 2 < leaves.length) split *= 2
  const hash = createHash('sha256').update(Buffer.from([1]))
  return hash
    .update(rootOf(leaves.slice(0, split)))
    .update(rootOf(leaves.slice(split)))
    .digest()
}

describe('MerkleAccumulator', () => {
  it('has no root and no size before the first leaf', () => {
    const accumulator = new MerkleAccumulator()
    expect([accumulator.size, accumulator.root()]).toEqual([0, undefined])
  })

  it('gives the root of MerkleTree and of RFC 9162 after each of 300 leaves', () => {
    const accumulator = new MerkleAccumulator()
    const leaves: Uint8Array[] = []
    for (let size = 1; size <= 300; size++) {
      const leaf = leafHash('directory-entry', Buffer.from(`leaf ${size}`))
      leaves.push(leaf)
      accumulator.add(leaf)
      const root = Buffer.from(accumulator.root() ?? [])
      expect([size, root.equals(new MerkleTree(leaves).root), root.equals(rootOf(leaves))]).toEqual([size, true, true])
      expect(accumulator.size).toBe(size)
      // Asking changes nothing.
      expect(root.equals(accumulator.root() ?? Buffer.alloc(0))).toBe(true)
    }
  })
})
