// Digests of a packet and its chunks, whatever the pieces.
import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ChunkHasher, sha256 } from '../../../../src/equipment/store/chunk-hasher.ts'
import { digestOf } from '../../../fixtures/digest-of.ts'

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')

test('the same digests however the bytes are cut, and a copy goes its own way', () => {
  const bytes = randomBytes(500)
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 120 }), fc.integer({ min: 1, max: 200 }), (chunkBytes, pieceBytes) => {
      const hasher = new ChunkHasher(chunkBytes)
      for (let at = 0; at < bytes.length; at += pieceBytes) hasher.update(bytes.subarray(at, at + pieceBytes))
      const copy = hasher.copy()
      copy.update(Buffer.from('more'))
      const { digest, chunkDigests } = hasher.finish()
      expect(hex(digest)).toBe(digestOf(bytes))
      const expected: string[] = []
      for (let at = 0; at < bytes.length; at += chunkBytes) expected.push(digestOf(bytes.subarray(at, at + chunkBytes)))
      expect(chunkDigests.map(hex)).toEqual(expected)
      expect(hex(copy.finish().digest)).toBe(digestOf(Buffer.concat([bytes, Buffer.from('more')])))
    }),
  )
})

test('a packet of no bytes has a digest and no chunks', () => {
  const { digest, chunkDigests } = new ChunkHasher(10).finish()
  expect(hex(digest)).toBe(hex(sha256(Buffer.alloc(0))))
  expect(chunkDigests).toEqual([])
})
