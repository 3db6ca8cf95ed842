// Writes large packets to disk without holding them: one attachment of any length. For the figures about large packets.
import { once } from 'node:events'
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'

/** What stands where the attachment goes: as long as base64 lets it be found again. */
const mark = Buffer.from('%PDF-1.7 the place of the attachment '.repeat(2).slice(0, 54))
/** Of whole base64 quanta and lines; decoded it is text. */
const line = `${'QUJDREVGR0hJSktM'.repeat(4).padEnd(76, 'QUJD')}\n`
const block = line.repeat(4096)

/** Writes a packet of about `bytes` bytes (never less, at most one block of 308 KiB more) into `file`. */
export async function writeLargePacket(
  file: string,
  fields: { from: string; to: string; number: number; bytes: number; priority?: number },
): Promise<void> {
  const template = buildPacket({
    dialect: 'plain',
    from: fields.from,
    to: [fields.to],
    codeNumber: String(fields.number),
    codeNotation: 'CV-VP',
    subject: 'Gói tin lớn',
    priority: fields.priority ?? 0,
    attachments: [{ name: 'hồ sơ.pdf', bytes: mark }],
  })
  const place = template.indexOf(mark.toString('base64'))
  if (place < 0) throw new Error('the attachment is not where it is looked for')
  const out = createWriteStream(file)
  out.write(template.subarray(0, place))
  for (let written = template.byteLength; written < fields.bytes; written += block.length) {
    if (!out.write(block)) await once(out, 'drain')
  }
  out.end(template.subarray(place))
  await finished(out)
}
