// The wrapping of an attachment: zip archives of one entry, spoilt, in a packet that is right.
import { deflateRawSync } from 'node:zlib'
import { extractAttachment } from '../../../src/document/edxml/edxml-extract.ts'
import { inflateRaw } from '../../../src/exchange/attachment-file.ts'
import { buildPacket, zipSingleEntry } from '../../fixtures/edxml/build-packet.ts'
import { zipMutators } from '../format-mutators.ts'
import { cutAnywhere, FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

const limits = { maxUnzippedBytes: 1024 * 1024, maxExpansion: 200 }
const contentId = 'cid:1'

export const target: FuzzTarget = {
  name: 'unzip',
  runsInTest: 300,
  open: async () => ({
    seeds: [
      zipSingleEntry('a.docx', Buffer.from('một văn bản '.repeat(100))),
      zipSingleEntry('a.docx', Buffer.alloc(0)),
      zipSingleEntry('a.docx', Buffer.alloc(400_000, 'a')),
      withDescriptor(Buffer.from('sizes and CRC-32 come behind the data '.repeat(20))),
    ],
    mutators: zipMutators,
    async check(input, random) {
      const packet = buildPacket({
        ...{ dialect: 'plain', from: 'G22', to: ['H01'], codeNumber: '1', codeNotation: 'CV', subject: 'Thử' },
        attachments: [{ name: 'a.docx', bytes: input, contentId, zipped: false }],
      })
      let bytes = 0
      for await (const piece of extractAttachment(cutAnywhere(packet, random), contentId, limits, inflateRaw)) {
        bytes += piece.byteLength
        if (bytes > Math.max(limits.maxUnzippedBytes, input.byteLength))
          throw new FuzzComplaint(`${bytes} bytes came out`)
      }
    },
  }),
}

/** As java.util.zip writes it. */
function withDescriptor(bytes: Uint8Array): Buffer {
  const zip = zipSingleEntry('a.docx', bytes)
  const packedBytes = deflateRawSync(bytes).length
  const dataAt = 30 + 'a.docx'.length
  const descriptor = Buffer.concat([Buffer.from('504b0708', 'hex'), zip.subarray(14, 26)])
  const local = Buffer.from(zip.subarray(0, dataAt + packedBytes))
  local.writeUInt16LE(local.readUInt16LE(6) | 8, 6)
  local.fill(0, 14, 26)
  const central = Buffer.from(zip.subarray(dataAt + packedBytes))
  central.writeUInt16LE(central.readUInt16LE(8) | 8, 8)
  // The central directory has moved.
  central.writeUInt32LE(dataAt + packedBytes + descriptor.length, central.length - 6)
  return Buffer.concat([local, descriptor, central])
}
