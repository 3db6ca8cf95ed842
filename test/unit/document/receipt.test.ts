// Every bound of a receipt's form, by the name of its refusal; noise gives nothing but RECEIPT_INVALID.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { hex } from '../../../src/document/document-id.ts'
import {
  type AgencyVerdict,
  encodeReceipt,
  maxReceiptBytes,
  Outcome,
  parseReceipt,
  type Receipt,
} from '../../../src/document/receipt.ts'
import { maxRecipients } from '../../../src/document/waybill.ts'

const verdict = (agency: string, changes: Partial<AgencyVerdict> = {}): AgencyVerdict => ({
  agency,
  outcome: Outcome.STORED,
  code: '',
  detail: '',
  ...changes,
})

const right: Receipt = {
  version: 1,
  salt: Buffer.alloc(32, 1),
  station: 'two',
  generation: 1,
  senderStation: 'one',
  waybillDigest: Buffer.alloc(32, 2),
  packetDigest: Buffer.alloc(32, 3),
  verdicts: [verdict('H02'), verdict('H03', { outcome: Outcome.REFUSED, code: 'PACKET_MALFORMED', detail: 'Ừ' })],
  decided: 1_790_000_000_000,
}
const many = (count: number) => Array.from({ length: count }, (_, at) => verdict(`A${at}`))

describe('parseReceipt', () => {
  it('gives back what was encoded', () => {
    const parsed = parseReceipt(encodeReceipt(right))
    expect(parsed.verdicts).toEqual(right.verdicts)
    expect(hex(encodeReceipt(parsed))).toBe(hex(encodeReceipt(right)))
  })

  it.each<[string, Partial<Receipt>]>([
    ['most verdicts', { verdicts: many(maxRecipients) }],
    ['the longest texts', { verdicts: [verdict('H02', { code: 'C'.repeat(64), detail: 'Ư'.repeat(500) })] }],
  ])('takes %s', (_, changes) => {
    const bytes = encodeReceipt({ ...right, ...changes })
    expect(hex(encodeReceipt(parseReceipt(bytes)))).toBe(hex(bytes))
  })

  it.each<[string, Partial<Receipt>]>([
    ['version 0', { version: 0 }],
    ['version 2', { version: 2 }],
    ['salt is not 32 bytes', { salt: Buffer.alloc(16) }],
    ['station id', { station: 'TWO' }],
    ['station id', { station: '' }],
    ['station id', { senderStation: '' }],
    ['station id', { senderStation: '../one' }],
    ['waybill digest is not 32 bytes', { waybillDigest: Buffer.alloc(31) }],
    ['waybill digest is not 32 bytes', { waybillDigest: Buffer.alloc(64) }],
    ['packet digest is not 32 bytes', { packetDigest: Buffer.alloc(0) }],
    ['number of verdicts', { verdicts: [] }],
    ['agency code', { verdicts: [verdict('H02'), verdict('')] }],
    ['agency code', { verdicts: [verdict('H02:')] }],
    ['an agency is named twice', { verdicts: [verdict('H02'), verdict('H02', { outcome: Outcome.REFUSED })] }],
    ['text of a verdict is too long', { verdicts: [verdict('H02', { code: 'C'.repeat(65) })] }],
    ['text of a verdict is too long', { verdicts: [verdict('H02', { detail: 'd'.repeat(501) })] }],
  ])('refuses: %s', (detail, changes) => {
    const bytes = encodeReceipt({ ...right, ...changes })
    expect(() => parseReceipt(bytes)).toThrow(expect.objectContaining({ code: 'RECEIPT_INVALID', data: { detail } }))
  })

  it('refuses more verdicts and more bytes than it reads', () => {
    expect(() => parseReceipt(encodeReceipt({ ...right, verdicts: many(maxRecipients + 1) }))).toThrow(
      expect.objectContaining({ code: 'RECEIPT_INVALID' }),
    )
    expect(() => parseReceipt(Buffer.alloc(maxReceiptBytes + 1))).toThrow(`at most ${maxReceiptBytes}`)
  })

  it('throws nothing but RECEIPT_INVALID on noise, cuts and altered bytes', () => {
    const encoded = encodeReceipt(right)
    const altered = fc.tuple(fc.nat(encoded.byteLength - 1), fc.integer({ min: 1, max: 255 })).map(([at, mask]) => {
      const bytes = Uint8Array.from(encoded)
      bytes[at] = (bytes[at] ?? 0) ^ mask
      return bytes
    })
    const cut = fc.nat(encoded.byteLength).map((length) => encoded.subarray(0, length))
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), altered, cut), (bytes) => {
        try {
          const { verdicts } = parseReceipt(bytes)
          expect(verdicts.length).toBeGreaterThan(0)
          for (const { outcome } of verdicts) expect([Outcome.STORED, Outcome.REFUSED]).toContain(outcome)
        } catch (error) {
          expect(error).toBeInstanceOf(TramError)
          expect(error).toMatchObject({ code: 'RECEIPT_INVALID' })
        }
      }),
      { numRuns: 3000 },
    )
  })
})
