// Files out of packets: as they travel, and unzipped where they were zipped only for the way.
import { constants, deflateRawSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { type ExtractLimits, extractAttachment } from '../../../../src/document/edxml/edxml-extract.ts'
import type { InflateRaw } from '../../../../src/document/edxml/edxml-unzip.ts'
import { inflateRaw } from '../../../../src/exchange/attachment-file.ts'
import {
  type BuildAttachment,
  buildPacket,
  type PacketDialect,
  zipSingleEntry,
} from '../../../fixtures/edxml/build-packet.ts'
import { changed, plainDocument } from './packet-text.ts'

function packetWith(attachments: BuildAttachment[], dialect: PacketDialect = 'plain'): Buffer {
  return buildPacket({
    dialect,
    from: 'G22',
    to: ['H01'],
    codeNumber: '1',
    codeNotation: 'CV',
    subject: 'Thử',
    attachments,
  })
}

async function extract(
  packet: Uint8Array,
  contentId: string,
  limits: Partial<ExtractLimits> = {},
  pieceBytes = 1000,
): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  const input = Array.from({ length: Math.ceil(packet.length / pieceBytes) }, (_, index) =>
    packet.subarray(index * pieceBytes, (index + 1) * pieceBytes),
  )
  for await (const piece of extractAttachment(input, contentId, limits, inflateRaw)) pieces.push(piece)
  return Buffer.concat(pieces)
}

const refusal = (packet: Uint8Array, contentId: string, limits: Partial<ExtractLimits> = {}) =>
  extract(packet, contentId, limits).then(
    () => undefined,
    (error: unknown) => (error instanceof TramError ? error : Promise.reject(error)),
  )

/** A zip as java.util.zip writes it: sizes and CRC-32 only behind the data. */
function zipWithDescriptor(name: string, bytes: Uint8Array): Buffer {
  const zip = zipSingleEntry(name, bytes)
  const directoryAt = zip.readUInt32LE(zip.length - 6)
  const local = Buffer.from(zip.subarray(0, directoryAt))
  const descriptor = Buffer.concat([Buffer.from('PK\x07\x08', 'latin1'), local.subarray(14, 26)])
  local.writeUInt16LE(0x0808, 6)
  local.fill(0, 14, 26)
  const rest = Buffer.from(zip.subarray(directoryAt))
  rest.writeUInt16LE(0x0808, 8)
  rest.writeUInt32LE(directoryAt + descriptor.length, rest.length - 6)
  return Buffer.concat([local, descriptor, rest])
}

const file = Buffer.from('Bảng số liệu\n'.repeat(50_000))

describe.each(['prefixed', 'plain'] as const)('an attachment of a %s packet', (dialect) => {
  it('comes out as it was put in, zipped for the way or not', async () => {
    const attachments = [
      { name: 'a.pdf', bytes: Buffer.from('%PDF one'), contentId: 'cid:1' },
      { name: 'b.xlsx', bytes: file, contentId: 'cid:2' },
      { name: 'Ghi chú.TXT', bytes: Buffer.from('x'), contentId: 'cid:3' },
      { name: 'empty.txt', bytes: Buffer.alloc(0), contentId: 'cid:4' },
    ]
    const packet = packetWith(attachments, dialect)
    for (const { bytes, contentId } of attachments) expect((await extract(packet, contentId)).equals(bytes)).toBe(true)
    expect((await extract(packet, '2')).equals(file)).toBe(true)
  })
})

it('any bytes come out of any cuts', async () => {
  const name = fc.constantFrom('a.pdf', 'a.txt')
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 3000 }),
      name,
      fc.integer({ min: 1, max: 500 }),
      async (bytes, name, cut) => {
        const packet = packetWith([{ name, bytes, contentId: 'x' }])
        expect((await extract(packet, 'x', {}, cut)).equals(bytes)).toBe(true)
      },
    ),
    { numRuns: 40 },
  )
})

describe('a zip', () => {
  const raw = (name: string, bytes: Uint8Array) => packetWith([{ name, bytes, zipped: false, contentId: 'z' }])

  it('that is the file stays as it is', async () => {
    const zip = zipSingleEntry('a.txt', file)
    expect((await extract(raw('a.zip', zip), 'z')).equals(zip)).toBe(true)
    const docx = zipSingleEntry('[Content_Types].xml', file)
    expect((await extract(raw('a.docx', docx), 'z')).equals(docx)).toBe(true)
  })

  it('whose sizes follow the data comes out unzipped', async () => {
    expect((await extract(raw('a.txt', zipWithDescriptor('a.txt', file)), 'z')).equals(file)).toBe(true)
  })

  it('that stores its entry comes out unzipped', async () => {
    const zip = zipSingleEntry('a.txt', Buffer.from('abc'))
    const packed = zip.readUInt32LE(18)
    const stored = Buffer.concat([zip.subarray(0, 35), Buffer.from('abc'), zip.subarray(35 + packed)])
    const directoryAt = stored.indexOf('PK\x01\x02', 0, 'latin1')
    for (const at of [8, directoryAt + 10]) stored.writeUInt16LE(0, at)
    for (const at of [18, directoryAt + 20]) stored.writeUInt32LE(3, at)
    stored.writeUInt32LE(directoryAt, stored.length - 6)
    expect((await extract(raw('a.txt', stored), 'z', {}, 7)).toString()).toBe('abc')
  })

  it.each<[string, (zip: Buffer) => Buffer, string]>([
    ['is encrypted', (zip) => with16(zip, 6, 0x0801), 'encrypted'],
    ['uses another method', (zip) => with16(zip, 8, 14), 'method 14'],
    [
      'has broken data',
      (zip) => Buffer.concat([zip.subarray(0, 35), Buffer.alloc(20, 0xff), zip.subarray(55)]),
      'broken',
    ],
    ['has data cut short', (zip) => zip.subarray(0, 60), 'broken'],
    ['has no end', (zip) => zip.subarray(0, -22), 'no plain end'],
    ['has bytes after its end', (zip) => Buffer.concat([zip, Buffer.from('x')]), 'no plain end'],
    ['counts two entries', (zip) => with16(zip, zip.length - 12, 2), 'more than one'],
    ['hides bytes before its directory', hiddenBytes, 'outside its entry'],
    ['lies about the CRC-32', (zip) => with16(zip, zip.indexOf('PK\x01\x02', 0, 'latin1') + 16, 0), 'CRC-32'],
    ['lies about the size', (zip) => with16(zip, zip.indexOf('PK\x01\x02', 0, 'latin1') + 24, 1), 'CRC-32'],
  ])('that %s is refused', async (_, damage, detail) => {
    const error = await refusal(raw('a.txt', damage(zipSingleEntry('a.txt', file))), 'z')
    expect(error).toMatchObject({ code: 'PACKET_ATTACHMENT_INVALID', data: { contentId: 'z' } })
    expect(error?.message).toContain(detail)
  })

  it('that grows too much is stopped', async () => {
    const bomb = raw('a.txt', zipSingleEntry('a.txt', Buffer.alloc(8 * 1024 * 1024)))
    expect(await refusal(bomb, 'z')).toMatchObject({
      code: 'PACKET_LIMIT_EXCEEDED',
      data: { limit: 'maxExpansion', maximum: 200 },
    })
    expect(await refusal(bomb, 'z', { maxUnzippedBytes: 1000 })).toMatchObject({
      code: 'PACKET_LIMIT_EXCEEDED',
      data: { limit: 'maxUnzippedBytes', maximum: 1000 },
    })
  })
})

describe('a real bomb', () => {
  const mib = 1024 * 1024
  /** Raw deflate of `mebibytes` of zeros without making them: a byte-aligned piece, again and again (RFC 1951 §3.2.4). */
  function bombOf(mebibytes: number): Buffer {
    const pieceMebibytes = Math.min(64, mebibytes)
    const piece = deflateRawSync(Buffer.alloc(pieceMebibytes * mib), { level: 9, finishFlush: constants.Z_FULL_FLUSH })
    const emptyLastBlock = Buffer.from([3, 0])
    return Buffer.concat([...Array.from({ length: mebibytes / pieceMebibytes }, () => piece), emptyLastBlock])
  }
  /** A zip of one entry whose sizes are only claimed. */
  function zipOf(name: string, deflated: Buffer, claimedBytes: number): Buffer {
    const zip = zipSingleEntry(name, Buffer.alloc(2))
    const dataAt = 30 + Buffer.byteLength(name)
    const directoryAt = zip.readUInt32LE(zip.length - 6)
    const local = Buffer.from(zip.subarray(0, dataAt))
    const rest = Buffer.from(zip.subarray(directoryAt))
    local.writeUInt32LE(deflated.length, 18)
    rest.writeUInt32LE(deflated.length, 20)
    for (const [head, at] of [
      [local, 22],
      [rest, 24],
    ] as const)
      head.writeUInt32LE(claimedBytes, at)
    rest.writeUInt32LE(dataAt + deflated.length, rest.length - 6)
    return Buffer.concat([local, deflated, rest])
  }
  const attached = (name: string, bytes: Buffer) => packetWith([{ name, contentId: 'z', bytes, zipped: false }])

  it.each([
    ['42 kB', 42, 43 * mib],
    ['4 MB of 4 GB', 4096, 0xffff_ffff],
  ])('of %s is stopped after some MB, whatever it says of its size', async (_, mebibytes, claimedBytes) => {
    const deflated = bombOf(mebibytes)
    expect(deflated.length).toBeLessThan(mebibytes * 1100)
    let produced = 0
    const counting: InflateRaw = async function* (compressed) {
      for await (const piece of inflateRaw(compressed)) {
        produced += piece.length
        yield piece
      }
    }
    const packet = attached('a.txt', zipOf('a.txt', deflated, claimedBytes))
    const pieces = Array.from({ length: Math.ceil(packet.length / 65_536) }, (_, at) =>
      packet.subarray(at * 65_536, (at + 1) * 65_536),
    )
    let out = 0
    const taken = (async () => {
      for await (const piece of extractAttachment(pieces, 'z', {}, counting)) out += piece.length
    })()
    await expect(taken).rejects.toMatchObject({ code: 'PACKET_LIMIT_EXCEEDED', data: { limit: 'maxExpansion' } })
    expect(produced).toBeGreaterThan(mib)
    // What inflate had been given ahead, 200 times: far from 4 GB.
    expect(produced).toBeLessThan(40 * mib)
    expect(out).toBeLessThanOrEqual(produced)
  })

  it('in a bomb in a bomb comes out of the first only', async () => {
    const inner = zipOf('b.txt', bombOf(64), 64 * mib)
    const middle = zipSingleEntry('a.txt', inner)
    expect((await extract(attached('a.txt', middle), 'z')).equals(inner)).toBe(true)
    // A zip that was sent as such is handed out as it is.
    expect((await extract(attached('a.zip', middle), 'z')).equals(middle)).toBe(true)
  })
})

describe('an extraction', () => {
  it('is refused for an attachment that is not there', async () => {
    expect(await refusal(Buffer.from(plainDocument), 'cid:2')).toMatchObject({ code: 'PACKET_ATTACHMENT_INVALID' })
    expect(await refusal(Buffer.from(plainDocument), '')).toMatchObject({ code: 'PACKET_ATTACHMENT_INVALID' })
  })

  it('is refused when the ContentId follows the content', async () => {
    const late = changed(
      changed(plainDocument, '<Attachment><ContentId>cid:1</ContentId>', '<Attachment>'),
      '</ContentTransferEncoded>',
      '</ContentTransferEncoded><ContentId>cid:1</ContentId>',
    )
    expect((await refusal(Buffer.from(late), '1'))?.message).toContain('follows its content')
  })

  it('is refused for broken base64 and broken packets', async () => {
    expect(await refusal(Buffer.from(changed(plainDocument, 'JVBERg==', 'JVBERg')), '1')).toMatchObject({
      code: 'PACKET_ATTACHMENT_INVALID',
    })
    expect(await refusal(Buffer.from(changed(plainDocument, 'JVBERg==', 'J*')), '1')).toMatchObject({
      code: 'PACKET_ATTACHMENT_INVALID',
    })
    expect(await refusal(Buffer.from(plainDocument.slice(0, -60)), '1')).toMatchObject({ code: 'PACKET_MALFORMED' })
  })

  it('may be given up at any time, and then closes its input', async () => {
    let isClosed = false
    async function* input(): AsyncGenerator<Uint8Array> {
      try {
        yield packetWith([{ name: 'b.bin', bytes: file, contentId: '2' }])
      } finally {
        isClosed = true
      }
    }
    for await (const piece of extractAttachment(input(), '2', {}, inflateRaw)) {
      expect(piece.length).toBeGreaterThan(0)
      break
    }
    expect(isClosed).toBe(true)
  })
})

function with16(zip: Buffer, at: number, value: number): Buffer {
  const copy = Buffer.from(zip)
  copy.writeUInt16LE(value, at)
  return copy
}

function hiddenBytes(zip: Buffer): Buffer {
  const directoryAt = zip.readUInt32LE(zip.length - 6)
  const copy = Buffer.concat([zip.subarray(0, directoryAt), Buffer.from('hidden'), zip.subarray(directoryAt)])
  copy.writeUInt32LE(directoryAt + 6, copy.length - 6)
  return copy
}
