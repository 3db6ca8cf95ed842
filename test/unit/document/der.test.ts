// The DER reader takes one spelling of each value and stays inside its bytes; the writer writes that spelling.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { contextTag, DerReader, derTag } from '../../../src/document/der.ts'
import { derElement, derInteger, derOid, derSetOf, derTime } from '../../../src/document/der-writer.ts'

const reader = (hex: string): DerReader => new DerReader(Buffer.from(hex, 'hex'))
const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const malformed = expect.objectContaining({ code: 'DER_MALFORMED' })

describe('DerReader', () => {
  it.each([
    ['an indefinite length', '30800000'],
    ['a length beyond the data', '300301'],
    ['a long length below 128', '30817f'],
    ['a long length with a leading zero', '3082008000'],
    ['a length of five octets', '30850000000001'],
    ['a length cut off', '3082'],
    ['no length', '30'],
    ['a tag number above 30', '3f2a00'],
    ['nothing', ''],
    ['another tag', '3100'],
  ])('refuses %s', (_, hex) => {
    expect(() => reader(hex).enter(derTag.sequence)).toThrow(malformed)
  })

  it('does not let an element reach beyond its parent', () => {
    const inner = reader('3003040400').enter(derTag.sequence)
    expect(() => inner.content(derTag.octetString)).toThrow(malformed)
  })

  it.each([
    ['boolean', '01010f'],
    ['boolean', '010200ff'],
    ['integer', '0200'],
    ['integer', '02020001'],
    ['integer', '0202ff80'],
    ['integer', '0201ff'],
    ['integer', '020701000000000000'],
    ['null', '050100'],
    ['oid', '0600'],
    ['oid', '06022a80'],
    ['oid', '06032a8001'],
    ['bitString', '0300'],
    ['bitString', '030101'],
    ['bitString', '03020880'],
    ['bitString', '03020101'],
    ['bitStringBytes', '03020780'],
    ['timeMs', '170d3236303233303030303030305a'],
    ['timeMs', '170b323631313231303830305a'],
    ['timeMs', '17113236313132313038303030302b30373030'],
    ['timeMs', '180d3236313132313038303030305a'],
    ['timeMs', '170f32303236313132313038303030305a'],
    ['timeMs', '181132303236313132313038303030302e355a'],
    ['timeMs', '170d3236313132313234303030305a'],
  ] as const)('refuses %s %s', (method, hex) => {
    expect(() => reader(hex)[method]()).toThrow(malformed)
  })

  it('reads each kind of value', () => {
    expect(reader('0101ff').boolean()).toBe(true)
    expect(reader('010100').boolean()).toBe(false)
    expect(reader('02020080').integer()).toBe(128)
    expect(hexOf(reader('0201ff').integerBytes())).toBe('ff')
    expect(reader('0603551d13').oid()).toBe('2.5.29.19')
    expect(reader('06092a864886f70d01010b').oid()).toBe('1.2.840.113549.1.1.11')
    expect(reader('060388370f').oid()).toBe('2.999.15')
    // A UUID as an arc: 2.25.329800735698586629295641978511506172918
    expect(reader('06146983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776').oid()).toBe(
      '2.25.329800735698586629295641978511506172918',
    )
    expect(reader('03020780').bitString()).toEqual({ bytes: Buffer.from([0x80]), unusedBits: 7 })
    expect(reader('170d3439313233313233353935395a').timeMs()).toBe(Date.UTC(2049, 11, 31, 23, 59, 59))
    expect(reader('170d3530303130313030303030305a').timeMs()).toBe(Date.UTC(1950, 0, 1))
    expect(reader('180f39393939313233313233353935395a').timeMs()).toBe(Date.UTC(9999, 11, 31, 23, 59, 59))
  })

  it('wants a set in ascending order without repeats, and not too large', () => {
    expect(reader('3106020101020102').setOf(derTag.set, 2)).toHaveLength(2)
    expect(() => reader('3106020102020101').setOf(derTag.set, 2)).toThrow(malformed)
    expect(() => reader('3106020101020101').setOf(derTag.set, 2)).toThrow(malformed)
    expect(() => reader('3106020101020102').setOf(derTag.set, 1)).toThrow(malformed)
  })

  it('stops at a depth', () => {
    let nested: Uint8Array = new Uint8Array()
    for (let level = 0; level < 100; level++) nested = derElement(derTag.sequence, nested)
    let inner = new DerReader(nested)
    let levels = 0
    expect(() => {
      for (; levels < 100; levels++) inner = inner.enter(derTag.sequence)
    }).toThrow(malformed)
    expect(levels).toBe(24)
  })

  it('says what follows and that nothing does', () => {
    const twice = reader('05000500')
    expect(twice.nextTag).toBe(derTag.null)
    twice.null()
    expect(() => twice.end()).toThrow(malformed)
    twice.null()
    expect(() => twice.end()).not.toThrow()
    expect([twice.nextTag, twice.atEnd, twice.enterOptional(derTag.null)]).toEqual([-1, true, undefined])
  })

  it('reads arbitrary bytes or throws DER_MALFORMED, nothing else', () => {
    const walk = (inner: DerReader, tags: readonly number[]): void => {
      while (!inner.atEnd) {
        const tag = inner.nextTag
        if (tag === derTag.oid) inner.oid()
        else if (tag === derTag.integer) inner.integer()
        else if (tag === derTag.bitString) inner.bitString()
        else if (tag === derTag.utcTime || tag === derTag.generalizedTime) inner.timeMs()
        else if (tag === derTag.set) for (const one of inner.setOf(tag, 10)) walk(new DerReader(one), tags)
        else if (tags.includes(tag)) walk(inner.enter(tag), tags)
        else inner.element()
      }
    }
    const octet = fc.oneof(fc.nat(255), fc.constantFrom(...Object.values(derTag), 0, 1, 2, 3, 0x80, 0x81, 0xa0))
    fc.assert(
      fc.property(fc.array(octet, { maxLength: 60 }), (octets) => {
        try {
          walk(new DerReader(Uint8Array.from(octets)), [derTag.sequence, contextTag(0)])
        } catch (error) {
          expect(error).toBeInstanceOf(TramError)
          expect(error).toEqual(malformed)
        }
      }),
      { numRuns: 5000 },
    )
  })
})

describe('the DER writer', () => {
  it('writes the shortest lengths, at every border', () => {
    for (const length of [0, 1, 127, 128, 255, 256, 65535, 65536, 16777216]) {
      const encoded = derElement(derTag.octetString, new Uint8Array(length))
      const inner = new DerReader(encoded)
      expect(inner.content(derTag.octetString).length).toBe(length)
      expect(inner.atEnd).toBe(true)
    }
    expect(hexOf(derElement(derTag.octetString, new Uint8Array(128))).slice(0, 6)).toBe('048180')
    expect(hexOf(derElement(derTag.octetString, new Uint8Array(300))).slice(0, 8)).toBe('0482012c')
  })

  it('writes integers, object identifiers and times that the reader gives back', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const small = value % 2 ** 47
        expect(new DerReader(derInteger(small)).integer()).toBe(small)
      }),
    )
    for (const dotted of [
      '1.2.840.113549.1.9.16.2.47',
      '2.16.840.1.101.3.4.2.1',
      '2.5.29.19',
      '1.3.6.1.4.1.311.10.3.12',
    ]) {
      expect(new DerReader(derOid(dotted)).oid()).toBe(dotted)
    }
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1900-01-01'), max: new Date('9999-12-31'), noInvalidDate: true }),
        (date) => {
          const second = Math.floor(date.getTime() / 1000) * 1000
          expect(new DerReader(derTime(date.getTime())).timeMs()).toBe(second)
        },
      ),
    )
  })

  it('changes from UTCTime to GeneralizedTime with the year 2050', () => {
    expect(hexOf(derTime(Date.UTC(2050, 0, 1) - 1))).toBe(`170d${Buffer.from('491231235959Z').toString('hex')}`)
    expect(hexOf(derTime(Date.UTC(2050, 0, 1)))).toBe(`180f${Buffer.from('20500101000000Z').toString('hex')}`)
  })

  it('orders a set', () => {
    expect(hexOf(derSetOf(derTag.set, [derInteger(300), derInteger(2), derInteger(1)]))).toBe(
      '310a0201010201020202012c',
    )
  })
})
