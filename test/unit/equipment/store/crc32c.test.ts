// CRC-32C against the vectors of RFC 3720 appendix B.4 and a plain bit-by-bit computation.
import { randomBytes } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { crc32c } from '../../../../src/equipment/store/crc32c.ts'

// RFC 3720 B.4 prints the CRC's bytes in the order of transmission, least significant first.
const scsiRead = Buffer.from(
  '01c00000000000000000000000000000' +
    '14000000' +
    '00000400' +
    '00000014' +
    '00000018' +
    '28000000' +
    '00000000' +
    '02000000' +
    '00000000',
  'hex',
)

test.each([
  ['32 bytes of zeros', Buffer.alloc(32), 0x8a9136aa],
  ['32 bytes of ones', Buffer.alloc(32, 0xff), 0x62a8ab43],
  ['32 incrementing bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => index)), 0x46dd794e],
  ['32 decrementing bytes', Buffer.from(Array.from({ length: 32 }, (_, index) => 31 - index)), 0x113fdb5c],
  ['an iSCSI SCSI Read (10) command', scsiRead, 0xd9963a56],
  ['the check value of catalogues', Buffer.from('123456789'), 0xe3069283],
  ['nothing', Buffer.alloc(0), 0],
])('%s', (_name, bytes, expected) => {
  expect(crc32c(bytes)).toBe(expected)
})

test('every length agrees with the bit-by-bit definition, in one go and continued', () => {
  const slow = (bytes: Uint8Array) => {
    let crc = 0xffffffff
    for (const byte of bytes) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
    }
    return ~crc >>> 0
  }
  const bytes = randomBytes(100)
  for (let length = 0; length <= bytes.length; length++) {
    const part = bytes.subarray(0, length)
    expect(crc32c(part)).toBe(slow(part))
    const cut = length >> 1
    expect(crc32c(part.subarray(cut), crc32c(part.subarray(0, cut)))).toBe(slow(part))
  }
})

test('zlib has another polynomial', () => {
  expect(crc32('123456789')).not.toBe(crc32c(Buffer.from('123456789')))
})
