// Paths collected while leaves pass by are those of the tree that is held in memory.
import { describe, expect, it } from 'vitest'
import { leafHash, MerkleTree, rootFromPath } from '../../../src/document/merkle.ts'
import { MerklePaths } from '../../../src/document/merkle-paths.ts'

describe('merkle paths', () => {
  it('are those of the whole tree, for every leaf of every size up to 70', () => {
    for (let size = 1; size <= 70; size++) {
      const leaves = Array.from({ length: size }, (_, at) => leafHash('directory-entry', Buffer.from(`${at}`)))
      const tree = new MerkleTree(leaves)
      const paths = new MerklePaths()
      for (const leaf of leaves) paths.add(leaf, true)
      const found = paths.end()
      for (const [at, leaf] of leaves.entries()) {
        expect(found.get(at)).toEqual(tree.path(at))
        expect(rootFromPath(leaf, at, size, found.get(at) ?? [])).toEqual(tree.root)
      }
    }
  })

  it('are kept only for the leaves that are wanted', () => {
    const paths = new MerklePaths()
    const leaves = Array.from({ length: 1000 }, (_, at) => leafHash('directory-entry', Buffer.from(`${at}`)))
    for (const [at, leaf] of leaves.entries()) paths.add(leaf, at === 7 || at === 999)
    const found = paths.end()
    expect([...found.keys()]).toEqual([7, 999])
    expect(found.get(999)).toEqual(new MerkleTree(leaves).path(999))
  })

  it('of no leaves are none', () => {
    expect(new MerklePaths().end().size).toBe(0)
  })
})
