// The tree of RFC 9162 §2.1 against a naive recursion of its definition, and against every altered bit.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { leafHash, MerkleTree, rootFromPath } from '../../../src/document/merkle.ts'

const sha256 = (...parts: Uint8Array[]): Buffer => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

/** MTH of RFC 9162 §2.1.1, word for word, over entries `type ‖ bytes`. */
function naiveRoot(entries: readonly Uint8Array[]): Buffer {
  const [only] = entries
  if (entries.length === 1 && only !== undefined) return sha256(Buffer.from([0]), only)
  const k = split(entries.length)
  return sha256(Buffer.from([1]), naiveRoot(entries.slice(0, k)), naiveRoot(entries.slice(k)))
}

/** PATH of RFC 9162 §2.1.3.1. */
function naivePath(index: number, entries: readonly Uint8Array[]): Buffer[] {
  if (entries.length === 1) return []
  const k = split(entries.length)
  return index < k
    ? [...naivePath(index, entries.slice(0, k)), naiveRoot(entries.slice(k))]
    : [...naivePath(index - k, entries.slice(k)), naiveRoot(entries.slice(0, k))]
}

/** The largest power of two smaller than n. */
const split = (n: number): number => 2 ** Math.ceil(Math.log2(n) - 1)

const documents = Array.from({ length: 40 }, (_, index) => Buffer.from(`waybill ${index}`))
const entries = documents.map((bytes) => Buffer.concat([Buffer.from([1]), bytes]))
const leaves = documents.map((bytes) => leafHash('waybill', bytes))
const leafAt = (index: number): Uint8Array => leaves[index] ?? new Uint8Array()

function flipBit(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = Uint8Array.from(bytes)
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7))
  return flipped
}

describe('leafHash', () => {
  it('is the hash of 00, the type and the bytes', () => {
    expect(Buffer.from(leafHash('waybill', Buffer.from('abc'))).toString('hex')).toBe(
      // printf '\x00\x01abc' | sha256sum
      'c038ae3bc0bc351d1a67b5446f000f21df05e24bdfd434e905afd2c3eaf801e4',
    )
    expect(leafHash('receipt', Buffer.from('abc'))).toEqual(sha256(Buffer.from([0, 2]), Buffer.from('abc')))
    expect(leafHash('waybill', new Uint8Array())).toEqual(sha256(Buffer.from([0, 1])))
  })
})

describe('MerkleTree', () => {
  it('agrees with the definition for every size from 1 to 40 and every index', () => {
    for (let size = 1; size <= 40; size++) {
      const tree = new MerkleTree(leaves.slice(0, size))
      const root = naiveRoot(entries.slice(0, size))
      expect(Buffer.compare(tree.root, root), `root of ${size}`).toBe(0)
      for (let index = 0; index < size; index++) {
        const path = tree.path(index)
        expect(
          path.map((node) => Buffer.from(node)),
          `path ${index} of ${size}`,
        ).toEqual(naivePath(index, entries.slice(0, size)))
        expect(Buffer.compare(rootFromPath(leafAt(index), index, size, path) ?? Buffer.alloc(0), root)).toBe(0)
      }
    }
  })

  it('has the root that certificate transparency publishes for its test vectors', () => {
    // Leaf hashes of the entries of the reference implementation of RFC 6962, whose tree RFC 9162 keeps.
    const inputs = ['', '00', '10', '2021', '3031', '40414243', '5051525354555657', '606162636465666768696a6b6c6d6e6f']
    const referenceLeaves = inputs.map((hex) => sha256(Buffer.from([0]), Buffer.from(hex, 'hex')))
    const roots = [1, 2, 3, 4, 5, 6, 7, 8].map((size) =>
      Buffer.from(new MerkleTree(referenceLeaves.slice(0, size)).root).toString('hex'),
    )
    expect(roots).toEqual([
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
      'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
      'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
      '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
      'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
      '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
    ])
  })

  it('keeps its own copy of the list of leaves', () => {
    const list = leaves.slice(0, 3)
    const tree = new MerkleTree(list)
    list[1] = leafAt(9)
    expect(rootFromPath(leafAt(1), 1, 3, tree.path(1))).toEqual(tree.root)
    expect(tree.path(0)[0]).toEqual(leafAt(1))
  })

  it('refuses an empty tree, a leaf of another length and an index outside', () => {
    expect(() => new MerkleTree([])).toThrow(/needs a leaf/)
    expect(() => new MerkleTree([leafAt(0), Buffer.alloc(31)])).toThrow(/not 32 bytes/)
    const tree = new MerkleTree(leaves.slice(0, 5))
    for (const index of [-1, 5, 1.5, Number.NaN]) expect(() => tree.path(index)).toThrow(/no Merkle leaf/)
  })
})

describe('rootFromPath', () => {
  it('gives another root for every altered bit of leaf and path', () => {
    for (const size of [2, 3, 7, 8, 13]) {
      const tree = new MerkleTree(leaves.slice(0, size))
      for (let index = 0; index < size; index++) {
        const path = tree.path(index)
        for (let bit = 0; bit < 256; bit++) {
          const root = rootFromPath(flipBit(leafAt(index), bit), index, size, path)
          expect(root === undefined || Buffer.compare(root, tree.root) !== 0).toBe(true)
          for (let step = 0; step < path.length; step++) {
            const altered = path.map((node, at) => (at === step ? flipBit(node, bit) : node))
            const alteredRoot = rootFromPath(leafAt(index), index, size, altered)
            expect(alteredRoot === undefined || Buffer.compare(alteredRoot, tree.root) !== 0).toBe(true)
          }
        }
      }
    }
  })

  it('proves no leaf at any other index', () => {
    for (let size = 2; size <= 24; size++) {
      const tree = new MerkleTree(leaves.slice(0, size))
      for (let index = 0; index < size; index++) {
        for (let other = 0; other < size; other++) {
          if (other === index) continue
          const root = rootFromPath(leafAt(index), other, size, tree.path(index))
          expect(root === undefined || Buffer.compare(root, tree.root) !== 0).toBe(true)
        }
      }
    }
  })

  it('refuses a path of the wrong shape', () => {
    const tree = new MerkleTree(leaves.slice(0, 11))
    for (let index = 0; index < 11; index++) {
      const path = tree.path(index)
      expect(rootFromPath(leafAt(index), index, 11, path.slice(0, -1))).toBeUndefined()
      expect(rootFromPath(leafAt(index), index, 11, [...path, leafAt(0)])).toBeUndefined()
      expect(rootFromPath(leafAt(index), index, 11, [...path.slice(0, -1), Buffer.alloc(33)])).toBeUndefined()
    }
    for (const [index, size] of [
      [-1, 11],
      [11, 11],
      [0, 0],
      [0.5, 11],
      [0, Number.POSITIVE_INFINITY],
      [Number.NaN, 11],
    ]) {
      expect(rootFromPath(leafAt(0), index ?? 0, size ?? 0, tree.path(0))).toBeUndefined()
    }
    expect(rootFromPath(Buffer.alloc(31), 0, 11, tree.path(0))).toBeUndefined()
    expect(rootFromPath(leafAt(0), 0, 1, [])).toEqual(leafAt(0))
  })

  it('counts beyond 32 bits', () => {
    // The last leaf of 2^32 + 1 hangs directly under the root.
    const left = sha256(Buffer.from('left half'))
    const root = sha256(Buffer.from([1]), left, leafAt(3))
    expect(rootFromPath(leafAt(3), 2 ** 32, 2 ** 32 + 1, [left])).toEqual(root)
    const path = Array.from({ length: 32 }, (_, level) => sha256(Buffer.from([level])))
    const lastOfFull = path.reduce<Buffer>((node, sibling) => sha256(Buffer.from([1]), sibling, node), sha256())
    expect(rootFromPath(sha256(), 2 ** 32 - 1, 2 ** 32, path)).toEqual(lastOfFull)
    expect(rootFromPath(sha256(), 2 ** 32 - 1, 2 ** 32, path.slice(1))).toBeUndefined()
  })
})
