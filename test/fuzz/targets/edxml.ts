// Packets: the reader, however the bytes are cut, and after it every attachment taken out (base64, zip).
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { extractAttachment } from '../../../src/document/edxml/edxml-extract.ts'
import { PacketReader } from '../../../src/document/edxml/edxml-reader.ts'
import type { PacketSummary } from '../../../src/document/edxml/packet-summary.ts'
import { inflateRaw } from '../../../src/exchange/attachment-file.ts'
import { buildPacket, buildStatusPacket } from '../../fixtures/edxml/build-packet.ts'
import { xmlMutators } from '../format-mutators.ts'
import { asText, cutAnywhere, FuzzComplaint, type FuzzTarget, outcomeOf } from '../fuzz-target.ts'

const golden = join(import.meta.dirname, '../../fixtures/edxml')
const names = ['plain-document', 'plain-status', 'prefixed-document', 'prefixed-status']

export const target: FuzzTarget = {
  name: 'edxml',
  runsInTest: 100,
  open: async () => ({
    seeds: [
      ...names.map((name) => readFileSync(join(golden, `${name}.edxml`))),
      ...(['plain', 'prefixed'] as const).flatMap((dialect) => [
        buildPacket({
          ...{
            dialect,
            from: 'G22',
            to: ['H01', 'H02'],
            codeNumber: '1',
            codeNotation: 'CV',
            subject: 'Thử <nghiệm> & "dấu"',
          },
          signature: 'xmldsig',
          attachments: [
            { name: 'a.pdf', bytes: Buffer.from('%PDF-1.7 và một ít chữ') },
            { name: 'bảng.docx', bytes: Buffer.alloc(3000, 'xyz') },
          ],
        }),
        buildStatusPacket({
          dialect,
          from: 'H01',
          to: ['G22'],
          statusCode: '03',
          responseFor: { organId: 'G22', code: '1/CV', promulgationDate: '2026/03/16' },
        }),
      ]),
    ],
    mutators: xmlMutators,
    async check(input, random) {
      let summary: PacketSummary | undefined
      const whole = await outcomeOf(() => {
        summary = read([input])
        return summary
      })
      const cut = await outcomeOf(() => read(cutAnywhere(input, random)))
      // A fault may be seen at another place first, but what is taken is taken the same.
      if (whole !== cut && !(whole.startsWith('refused') && cut.startsWith('refused')))
        throw new FuzzComplaint(`whole: ${whole.slice(0, 1000)}\ncut: ${cut.slice(0, 1000)}`)
      if (summary === undefined) {
        read([input])
        return
      }
      for (const { contentId } of summary.attachments.slice(0, 20)) await extracted(input, contentId, random)
    },
  }),
}

function read(pieces: readonly Uint8Array[]): PacketSummary {
  const reader = new PacketReader()
  for (const piece of pieces) reader.write(piece)
  return reader.end()
}

const maxUnzippedBytes = 4 * 1024 * 1024

async function extracted(packet: Uint8Array, contentId: string, random: () => number): Promise<void> {
  let bytes = 0
  const outcome = await outcomeOf(async () => {
    for await (const piece of extractAttachment(
      cutAnywhere(packet, random),
      contentId,
      { maxUnzippedBytes },
      inflateRaw,
    ))
      bytes += piece.byteLength
  })
  if (bytes > maxUnzippedBytes && bytes > packet.byteLength)
    throw new FuzzComplaint(`${bytes} bytes came out: ${asText(outcome)}`)
}
