// Small hand-written packets for the reader's tests: every element in its place, replaced piece by piece.

import { TramError } from '../../../../src/base/errors.ts'
import { type PacketLimits, PacketReader } from '../../../../src/document/edxml/edxml-reader.ts'
import type { PacketSummary } from '../../../../src/document/edxml/packet-summary.ts'

/** A whole document with one attachment (`%PDF`), nothing unusual in it. Line numbers matter to the tests. */
export const plainDocument = `<?xml version="1.0" encoding="UTF-8"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016">
<edXMLEnvelope><edXMLHeader><MessageHeader>
<From><OrganId>000.00.00.G22</OrganId><OrganName>Văn phòng Chính phủ</OrganName></From>
<To><OrganId>H37.DN.001</OrganId></To>
<Code><CodeNumber>12</CodeNumber><CodeNotation>QĐ-UBND</CodeNotation></Code>
<PromulgationInfo><Place>Hà Nội</Place><PromulgationDate>2026/03/16</PromulgationDate></PromulgationInfo>
<Subject>Về việc thử nghiệm</Subject>
<OtherInfo><Priority>2</Priority></OtherInfo>
</MessageHeader></edXMLHeader>
<edXMLBody><edXMLManifest version="1.0"><Reference><ContentId>cid:1</ContentId></Reference></edXMLManifest></edXMLBody>
</edXMLEnvelope>
<AttachmentEncoded><Attachment><ContentId>cid:1</ContentId><AttachmentName>a.pdf</AttachmentName>
<ContentTransferEncoded>JVBERg==</ContentTransferEncoded></Attachment></AttachmentEncoded>
</edXML>
`

export const plainStatus = `<?xml version="1.0"?>
<edXML xmlns="http://www.mic.gov.vn/TBT/QCVN_102_2016"><edXMLEnvelope><edXMLHeader><MessageHeader>
<From><OrganId>H01</OrganId></From>
<ResponseFor><OrganId>G22</OrganId><Code>7816/VPCP-TTĐT</Code></ResponseFor>
<StatusCode>03</StatusCode>
</MessageHeader></edXMLHeader></edXMLEnvelope></edXML>`

/** `text` with `from` replaced, which must occur. */
export function changed(text: string, from: string | RegExp, to: string): string {
  const result = text.replace(from, () => to)
  if (result === text) throw new Error(`nothing to replace: ${from}`)
  return result
}

/** Reads a packet that comes in pieces of `pieceBytes`. */
export function readPacket(
  packet: string | Uint8Array,
  limits: Partial<PacketLimits> = {},
  pieceBytes = Number.POSITIVE_INFINITY,
): PacketSummary {
  const bytes = typeof packet === 'string' ? Buffer.from(packet) : packet
  const reader = new PacketReader(limits)
  for (let from = 0; from < bytes.length; from += pieceBytes) reader.write(bytes.subarray(from, from + pieceBytes))
  return reader.end()
}

/** The error that a packet is refused with. */
export function refusalOf(packet: string | Uint8Array, limits: Partial<PacketLimits> = {}): TramError {
  try {
    readPacket(packet, limits)
  } catch (error) {
    if (error instanceof TramError) return error
    throw error
  }
  throw new Error('the packet was accepted')
}
