// Every bound of a waybill's form, by the name of its refusal; noise gives nothing but WAYBILL_INVALID.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { hex } from '../../../src/document/document-id.ts'
import { PacketKind } from '../../../src/document/schema/waybill.ts'
import {
  encodeWaybill,
  isStationId,
  maxRecipients,
  maxWaybillBytes,
  parseWaybill,
  type Waybill,
} from '../../../src/document/waybill.ts'

const digest = (byte: number) => Buffer.alloc(32, byte)
const mib = 1024 * 1024

const right: Waybill = {
  version: 1,
  salt: digest(1),
  kind: PacketKind.STATUS,
  priority: 4,
  station: 'tram-01',
  generation: 3,
  senderAgency: 'H01.12',
  recipients: ['H02', '000.00.01.H03'],
  packetDigest: digest(2),
  packetSize: 2 * mib + 1,
  chunkSize: mib,
  chunkDigests: [digest(3), digest(4), digest(5)],
  contentEncoding: '',
  created: 1_790_000_000_000,
  notAfter: 1_790_000_000_001,
  attempt: 7,
  resend: 2,
}

const again = (waybill: Waybill) => hex(encodeWaybill(waybill))
const codes = (count: number) => Array.from({ length: count }, (_, at) => `A${at}`)
const chunks = (count: number) => Array.from({ length: count }, () => digest(6))

describe('parseWaybill', () => {
  it('gives back what was encoded', () => {
    const parsed = parseWaybill(encodeWaybill(right))
    expect(parsed).toMatchObject({
      station: 'tram-01',
      generation: 3,
      recipients: ['H02', '000.00.01.H03'],
      attempt: 7,
      resend: 2,
    })
    expect(again(parsed)).toBe(again(right))
  })

  it.each<[string, Partial<Waybill>]>([
    ['one byte in one chunk', { packetSize: 1, chunkDigests: chunks(1) }],
    ['a packet that ends with a chunk', { packetSize: 2 * mib, chunkDigests: chunks(2) }],
    ['the smallest chunks', { packetSize: 65_537, chunkSize: 65_536, chunkDigests: chunks(2) }],
    ['the largest chunks', { packetSize: 1, chunkSize: 16 * mib, chunkDigests: chunks(1) }],
    ['most chunks', { packetSize: 8192 * 65_536, chunkSize: 65_536, chunkDigests: chunks(8192) }],
    ['most recipients', { recipients: codes(maxRecipients) }],
    ['a sender among its recipients', { recipients: ['H01.12'] }],
  ])('takes %s', (_, changes) => {
    const bytes = encodeWaybill({ ...right, ...changes })
    expect(again(parseWaybill(bytes))).toBe(hex(bytes))
  })

  it.each<[string, Partial<Waybill>]>([
    ['version 0', { version: 0 }],
    ['version 2', { version: 2 }],
    ['salt is not 32 bytes', { salt: Buffer.alloc(31) }],
    ['salt is not 32 bytes', { salt: Buffer.alloc(33) }],
    ['salt is not 32 bytes', { salt: Buffer.alloc(0) }],
    ['priority 5', { priority: 5 }],
    ['station id', { station: '' }],
    ['station id', { station: 'Tram' }],
    ['station id', { station: 'a:b' }],
    ['station id', { station: 'a'.repeat(33) }],
    ['generation below 1', { generation: 0 }],
    ['sender agency code', { senderAgency: '' }],
    ['sender agency code', { senderAgency: 'h01' }],
    ['sender agency code', { senderAgency: 'A'.repeat(36) }],
    ['number of recipients', { recipients: [] }],
    ['recipient agency code', { recipients: ['H02', 'H 03'] }],
    ['a recipient is named twice', { recipients: ['H02', 'H03', 'H02'] }],
    ['packet digest is not 32 bytes', { packetDigest: Buffer.alloc(20) }],
    ['content encoding "gzip" is not supported', { contentEncoding: 'gzip' }],
    ['times', { created: 0 }],
    ['times', { notAfter: 0 }],
    ['times', { notAfter: right.created }],
    ['times', { notAfter: right.created - 1 }],
    ['times', { notAfter: 1e14 }],
    ['packet size', { packetSize: 0 }],
    ['chunk size', { chunkSize: 65_535 }],
    ['chunk size', { chunkSize: 16 * mib + 1 }],
    ['chunk size', { chunkSize: 0 }],
    ['number of chunk digests', { chunkDigests: chunks(2) }],
    ['number of chunk digests', { chunkDigests: chunks(4) }],
    ['number of chunk digests', { chunkDigests: [] }],
    ['a chunk digest is not 32 bytes', { chunkDigests: [digest(1), Buffer.alloc(31), digest(1)] }],
  ])('refuses: %s', (detail, changes) => {
    const bytes = encodeWaybill({ ...right, ...changes })
    expect(() => parseWaybill(bytes)).toThrow(expect.objectContaining({ code: 'WAYBILL_INVALID', data: { detail } }))
  })

  it('refuses more recipients and chunks than a message may hold', () => {
    for (const changes of [
      { recipients: codes(maxRecipients + 1) },
      { packetSize: 8193 * 65_536, chunkSize: 65_536, chunkDigests: chunks(8193) },
    ]) {
      const bytes = encodeWaybill({ ...right, ...changes })
      expect(bytes.byteLength).toBeLessThan(maxWaybillBytes)
      expect(() => parseWaybill(bytes)).toThrow(expect.objectContaining({ code: 'WAYBILL_INVALID' }))
    }
  })

  it('refuses more bytes than it reads, before it reads them', () => {
    const bytes = Buffer.concat([encodeWaybill(right), Buffer.alloc(maxWaybillBytes)])
    expect(() => parseWaybill(bytes)).toThrow(`at most ${maxWaybillBytes}`)
  })

  it('quotes no more than a little of a foreign encoding', () => {
    const bytes = encodeWaybill({ ...right, contentEncoding: 'x'.repeat(1000) })
    expect(() => parseWaybill(bytes)).toThrow(`"${'x'.repeat(20)}"`)
  })

  it('throws nothing but WAYBILL_INVALID on noise, cuts and altered bytes', () => {
    const encoded = encodeWaybill(right)
    const altered = fc.tuple(fc.nat(encoded.byteLength - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
      const bytes = Uint8Array.from(encoded)
      bytes[at] = (bytes[at] ?? 0) ^ mask
      return bytes
    })
    const cut = fc.nat(encoded.byteLength).map((length) => encoded.subarray(0, length))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 400 }), altered, cut), (bytes) => {
        try {
          const waybill = parseWaybill(bytes)
          expect(isStationId(waybill.station)).toBe(true)
          expect(waybill.chunkDigests.length).toBe(Math.ceil(waybill.packetSize / waybill.chunkSize))
        } catch (error) {
          expect(error).toBeInstanceOf(TramError)
          expect(error).toMatchObject({ code: 'WAYBILL_INVALID' })
        }
      }),
      { numRuns: 3000 },
    )
  })
})
