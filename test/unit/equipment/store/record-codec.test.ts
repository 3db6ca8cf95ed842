// A record's checksum: every flipped bit, and a value under another key, is noticed.
import { expect, test } from 'vitest'
import { decodeRecord, encodeRecord } from '../../../../src/equipment/store/record-codec.ts'

const damaged = expect.objectContaining({ code: 'STORE_DAMAGED' })

test('a value comes back from its layout: CRC-32C, format 1, payload', () => {
  const stored = encodeRecord('item:a', Buffer.from('payload'))
  expect(stored.length).toBe(5 + 7)
  expect(stored[4]).toBe(1)
  expect(Buffer.from(decodeRecord('item:a', stored)).toString()).toBe('payload')
  expect(decodeRecord('item:a', encodeRecord('item:a', Buffer.alloc(0)))).toHaveLength(0)
})

test('every flipped bit is noticed', () => {
  const stored = encodeRecord('item:a', Buffer.from('payload'))
  for (let bit = 0; bit < stored.length * 8; bit++) {
    const flipped = Buffer.from(stored)
    flipped.writeUInt8((flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7)), bit >> 3)
    expect(() => decodeRecord('item:a', flipped)).toThrow(damaged)
  }
})

test('a value under another key, cut short or empty is noticed', () => {
  const stored = encodeRecord('item:a', Buffer.from('payload'))
  expect(() => decodeRecord('item:b', stored)).toThrow(damaged)
  for (let length = 0; length < stored.length; length++)
    expect(() => decodeRecord('item:a', stored.subarray(0, length))).toThrow(damaged)
})

test('a value within a larger buffer is read at its place', () => {
  const stored = encodeRecord('item:a', Buffer.from('payload'))
  const around = Buffer.concat([Buffer.from('xyz'), stored])
  expect(Buffer.from(decodeRecord('item:a', around.subarray(3))).toString()).toBe('payload')
})
