// Program of edxml-reader-memory.test: feeds the reader a packet made on the fly and prints its own peak of memory.
// Arguments: the form of the base64 text, the size of the packet in bytes.
import { PacketReader } from '../../../../src/document/edxml/edxml-reader.ts'
import { buildPacket } from '../../../fixtures/edxml/build-packet.ts'

const blocks: Record<string, string> = {
  'one-line': 'QUJD',
  lines: `${'QUJD'.repeat(19)}\r\n`,
  cdata: 'QUJD',
  references: `${'QUJD'.repeat(19)}&#13;\n`,
}
const [, , form = '', packetBytes = ''] = process.argv
const text = blocks[form] ?? ''
const block = Buffer.from(text.repeat(Math.floor(65536 / text.length)))
const small = buildPacket({
  dialect: 'prefixed',
  from: 'G22',
  to: ['H01'],
  codeNumber: '1',
  codeNotation: 'CV',
  subject: 'Gói lớn',
  attachments: [{ name: 'a.pdf', bytes: Buffer.from('XYZ') }],
})
const at = small.indexOf('WFla')

const reader = new PacketReader()
let peakBytes = 0
reader.write(small.subarray(0, at))
if (form === 'cdata') reader.write(Buffer.from('<![CDATA['))
for (let written = 0; written < Number(packetBytes); written += block.length) {
  reader.write(block)
  peakBytes = Math.max(peakBytes, process.memoryUsage.rss())
}
if (form === 'cdata') reader.write(Buffer.from(']]>'))
reader.write(small.subarray(at))
const [attachment] = reader.end().attachments
process.stdout.write(JSON.stringify({ decodedBytes: attachment?.decodedBytes ?? 0, peakBytes }))
