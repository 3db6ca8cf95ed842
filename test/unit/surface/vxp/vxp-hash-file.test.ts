// Both hex forms of hash-file. The golden digest has bytes below 0x10; Java's loop over it was written out by hand.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isHashFile, isHashFileOf, kitHexOf } from '../../../../src/surface/vxp/vxp-hash-file.ts'
import { kitHex } from '../../../fixtures/vxp-kit/vxp-kit.ts'

// SHA-256 of "abc" (FIPS 180-2): … 01 …, 03 and 00 lose their zeros in the kit's form.
const digest = createHash('sha256').update('abc').digest()
const full = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'
const kit = 'ba7816bf8f1cfea414140de5dae2223b0361a396177a9cb410ff61f2015ad'

describe('hash-file', () => {
  it('writes the kit form as the kit does', () => {
    expect(digest.toString('hex')).toBe(full)
    expect(kitHexOf(digest)).toBe(kit)
    expect(kitHex(digest)).toBe(kit)
  })

  it.each([full, kit, full.toUpperCase(), kit.toUpperCase()])('accepts %s', (text) => {
    expect(isHashFile(text)).toBe(true)
    expect(isHashFileOf(digest, text)).toBe(true)
  })

  it.each([
    ['another digest', full.replace('b', 'c')],
    ['only some zeros dropped', full.replace('8f01', '8f1')],
    ['a prefix', full.slice(0, 62)],
    ['nothing', ''],
  ])('refuses %s', (_, text) => {
    expect(isHashFileOf(digest, text)).toBe(false)
  })

  it('knows the extremes of the kit form: 32 and 64 digits', () => {
    expect(kitHexOf(new Uint8Array(32))).toBe('0'.repeat(32))
    expect(kitHexOf(new Uint8Array(32).fill(0xff))).toBe('f'.repeat(64))
    expect([31, 32, 64, 65].map((length) => isHashFile('a'.repeat(length)))).toEqual([false, true, true, false])
    expect(isHashFile(`${'a'.repeat(40)}g`)).toBe(false)
  })
})
