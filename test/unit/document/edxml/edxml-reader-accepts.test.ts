// What real packets do, and the reader must accept (docs/reference/edxml.md).
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { buildPacket, buildStatusPacket, type PacketFields } from '../../../fixtures/edxml/build-packet.ts'
import { changed, plainDocument, plainStatus, readPacket } from './packet-text.ts'

const fixture = (name: string) => readFileSync(new URL(`../../../fixtures/edxml/${name}`, import.meta.url))

const fields: Omit<PacketFields, 'dialect'> = {
  from: { organId: '000.00.00.G22', organName: 'Văn phòng Chính phủ', email: 'vpcp@example.vn' },
  to: ['H37.DN.001', '000.00.13.H53', 'H01'],
  codeNumber: '7816',
  codeNotation: 'VPCP-TTĐT',
  subject: 'Về việc gửi, nhận văn bản điện tử & "phản hồi" <khẩn>',
  content: 'Nội dung\ncó xuống dòng',
  promulgationDate: '2026/03/16',
  documentType: { type: '1', typeDetail: '3', typeName: 'Quyết định' },
  dueDate: '2026/03/30',
  priority: 3,
  sphereOfPromulgation: 'Công nghệ thông tin',
  steeringType: '2',
  business: {
    docType: '3',
    reason: 'Sửa số liệu',
    replaces: [{ documentId: 'X,2026/01/01,1/CV', organIds: ['H01', 'H02'] }],
  },
  responseFor: [{ organId: 'H01', code: '5/UBND-VP', promulgationDate: '2026/02/01', documentId: 'd-1' }],
  staff: { department: 'Văn thư', staff: 'Lê Thị Cúc', email: 'cuc@example.vn', mobile: '0900000000' },
  attachments: [
    { name: 'quyết định.pdf', bytes: Buffer.from('%PDF-1.7 nội dung') },
    { name: 'phụ lục.xlsx', bytes: Buffer.from('bảng tính') },
  ],
}

describe.each(['prefixed', 'plain'] as const)('a packet of the %s dialect', (dialect) => {
  it('gives every field', () => {
    const summary = readPacket(buildPacket({ ...fields, dialect, signature: 'edxml' }))
    expect(summary).toMatchObject({
      kind: 'document',
      from: { organId: '000.00.00.G22', organName: 'Văn phòng Chính phủ', email: 'vpcp@example.vn', fax: '' },
      documentId: '000.00.00.G22,2026/03/16,7816/VPCP-TTĐT',
      codeNumber: '7816',
      codeNotation: 'VPCP-TTĐT',
      promulgationDate: '2026/03/16',
      promulgationPlace: 'Hà Nội',
      documentType: { type: '1', typeDetail: '3', typeName: 'Quyết định' },
      subject: fields.subject,
      content: fields.content,
      signer: { competence: 'KT. CHỦ TỊCH', position: 'Phó Chủ tịch', fullName: 'Nguyễn Văn An' },
      dueDate: '2026/03/30',
      priority: 3,
      sphereOfPromulgation: 'Công nghệ thông tin',
      steeringType: '2',
      business: fields.business,
      responseFor: fields.responseFor,
      statusCode: '',
      timestamp: '2026/03/16 08:15:00',
      staff: fields.staff,
      hasSignature: true,
    })
    expect(summary.to.map(({ organId }) => organId)).toEqual(fields.to)
    expect(summary.attachments).toMatchObject([
      { name: 'quyết định.pdf', contentType: 'application/pdf', decodedBytes: 19, zipped: false },
      { name: 'phụ lục.xlsx', contentType: 'application/zip', zipped: true },
    ])
    expect(summary.warnings.map(({ field }) => field)).toEqual(dialect === 'prefixed' ? ['xmlns'] : [])
  })

  it('may be a status', () => {
    const responseFor = { organId: 'G22', code: '7816/VPCP-TTĐT', promulgationDate: '2026/03/16', documentId: 'x' }
    const summary = readPacket(buildStatusPacket({ dialect, from: 'H01', responseFor, statusCode: '02' }))
    expect(summary).toMatchObject({
      kind: 'status',
      from: { organId: 'H01' },
      to: [],
      responseFor: [responseFor],
      statusCode: '02',
      statusDescription: 'Từ chối tiếp nhận',
      timestamp: '2026/03/16 08:30:00',
      staff: { department: 'Văn thư' },
      warnings: [],
    })
  })

  it('is read alike from the kept bytes', () => {
    const summary = readPacket(fixture(`${dialect}-document.edxml`))
    expect(summary).toMatchObject({ kind: 'document', from: { organId: '000.00.00.G22' }, hasSignature: true })
    expect(summary.attachments.map(({ zipped }) => zipped)).toEqual([false, true, true])
    expect(readPacket(fixture(`${dialect}-status.edxml`))).toMatchObject({ kind: 'status', statusCode: '03' })
  })
})

describe('a packet written by hand', () => {
  const warned = (packet: string | Uint8Array) =>
    readPacket(packet).warnings.map(({ field, detail }) => `${field}: ${detail}`)

  it('is accepted without a warning when nothing is odd', () => {
    expect(readPacket(plainDocument)).toMatchObject({ kind: 'document', priority: 2, warnings: [] })
    expect(readPacket(plainStatus)).toMatchObject({ kind: 'status', warnings: [] })
  })

  it.each([
    ['a byte order mark', `\uFEFF${plainDocument}`],
    ['CR LF', plainDocument.replaceAll('\n', '\r\n')],
    ['CR LF after the root', `${plainDocument}\r\n`],
    ['no XML declaration', plainDocument.slice(plainDocument.indexOf('<edXML'))],
    ['a declared version 1.1', changed(plainDocument, '1.0', '1.1')],
    ['encoding utf-8 in lower case', changed(plainDocument, 'UTF-8', 'utf-8')],
    ['comments everywhere', plainDocument.replaceAll('><', '><!-- ghi chú --><').replace('JVB', 'J<!-- x -->VB')],
    [
      'processing instructions',
      changed(plainDocument, '<edXMLEnvelope>', '<?xml-stylesheet href="a"?><edXMLEnvelope>'),
    ],
    ['CDATA', changed(plainDocument, 'Về việc thử nghiệm', '<![CDATA[Về việc]]> thử <![CDATA[nghiệm]]>')],
    ['CDATA around base64', changed(plainDocument, 'JVBERg==', '<![CDATA[JVBE]]>Rg==')],
    ['character references', changed(plainDocument, 'Về việc', 'V&#7873; vi&#x1EC7;c')],
    ['base64 with white space and references to it', changed(plainDocument, 'JVBERg==', '\n JV&#13;\r\n\tBE Rg= =\n')],
    ['white space around values', changed(plainDocument, '>Về việc thử nghiệm<', '>\r\n\t Về việc thử nghiệm \n<')],
    ['unknown elements', changed(plainDocument, '<Subject>', '<X><From><OrganId>A</OrganId></From></X><Subject>')],
    [
      'a From outside MessageHeader',
      changed(plainDocument, '<edXMLBody>', '<From><OrganId>Z</OrganId></From><edXMLBody>'),
    ],
    ['an unknown attribute', changed(plainDocument, '<Subject>', '<Subject lang="vi">')],
    ['an unprefixed AttachmentEncoded in a prefixed packet', prefixedAllBut('AttachmentEncoded|Attachment')],
    ['a prefixed Attachment only', prefixedAllBut('AttachmentEncoded')],
  ])('may have %s', (_, packet) => {
    expect(readPacket(packet)).toMatchObject({
      from: { organId: '000.00.00.G22' },
      to: [{ organId: 'H37.DN.001' }],
      subject: 'Về việc thử nghiệm',
      attachments: [{ decodedBytes: 4, zipped: false }],
      warnings: [],
    })
  })

  it('may have digits before the XML declaration, which are reported', () => {
    expect(warned(`1212${plainDocument}`)).toEqual(['xml: 4 digits stand before the XML declaration'])
    expect(warned(`\uFEFF${'1'.repeat(16)}${plainDocument}`)).toEqual([
      'xml: 16 digits stand before the XML declaration',
    ])
  })

  it('may use prefixes that nothing declares, each reported once', () => {
    const packet = plainDocument.replace('<Reference>', '<Reference xlink:href="cid:1" xlink:type="simple">')
    expect(warned(packet)).toEqual(['xmlns: the prefix xlink is not declared'])
  })

  it('may name its attachment in xlink:href alone, with or without cid:', () => {
    const inHref = changed(plainDocument, '<Reference><ContentId>cid:1</ContentId>', '<Reference xlink:href="cid:1">')
    expect(readPacket(inHref).attachments).toHaveLength(1)
    const withoutScheme = changed(plainDocument, '<ContentId>cid:1</ContentId></Ref', '<ContentId>1</ContentId></Ref')
    expect(readPacket(withoutScheme).attachments).toMatchObject([{ contentId: 'cid:1' }])
  })

  it('may have another namespace, which is reported', () => {
    expect(warned(changed(plainDocument, 'QCVN_102_2016', 'QCVN_102_2022'))).toEqual([
      'edXML: its namespace is http://www.mic.gov.vn/TBT/QCVN_102_2022',
    ])
  })

  it('may have AttachmentEncoded before the envelope', () => {
    const attachments = /<AttachmentEncoded>.*<\/AttachmentEncoded>\n/s.exec(plainDocument)?.[0] ?? ''
    const packet = changed(changed(plainDocument, attachments, ''), '<edXMLEnvelope>', `${attachments}<edXMLEnvelope>`)
    expect(readPacket(packet).attachments).toMatchObject([{ name: 'a.pdf', decodedBytes: 4 }])
  })

  it('may have no attachment and no body', () => {
    const packet = changed(
      changed(plainDocument, /<edXMLBody>.*<\/edXMLBody>/s, ''),
      /<AttachmentEncoded>.*<\/AttachmentEncoded>/s,
      '',
    )
    expect(readPacket(packet)).toMatchObject({ attachments: [], documentId: '', hasSignature: false })
  })

  it('never takes a field from another place', () => {
    const packet = changed(
      plainDocument,
      '<From>',
      '<ResponseFor><Code>1/A</Code><DocumentId>other</DocumentId><OrganId>H99</OrganId></ResponseFor><StaffInfo><OrganId>H98</OrganId></StaffInfo><From>',
    )
    expect(readPacket(packet)).toMatchObject({
      from: { organId: '000.00.00.G22' },
      documentId: '',
      responseFor: [{ organId: 'H99', code: '1/A', documentId: 'other', promulgationDate: '' }],
    })
  })

  it('reads names that objects have as unknown elements', () => {
    const packet = changed(plainDocument, '<From>', '<__proto__>x</__proto__><constructor/><toString/><From>')
    expect(readPacket(packet).warnings).toEqual([])
  })

  it('counts text of elements inside a text, so that nothing shown elsewhere stays unseen', () => {
    const packet = changed(plainDocument, 'Về việc', 'Về <b><i>MẬT</i></b> việc')
    expect(readPacket(packet).subject).toBe('Về MẬT việc thử nghiệm')
  })

  it('drops repeated and empty recipients with a warning', () => {
    const packet = changed(
      plainDocument,
      '<To>',
      '<To><OrganId>H01</OrganId></To><To/><To><OrganId>H01</OrganId></To><To>',
    )
    const { to, warnings } = readPacket(packet)
    expect(to.map(({ organId }) => organId)).toEqual(['H01', 'H37.DN.001'])
    expect(warnings.map(({ field, line }) => [field, line])).toEqual([
      ['To[2]', 5],
      ['To[3]', 5],
    ])
  })

  it('reads both spellings of Bussiness and both forms of a ResponseFor code', () => {
    const trace =
      '<TraceHeaderList><Business><BusinessDocType>1</BusinessDocType><BusinessDocReason>sai</BusinessDocReason></Business></TraceHeaderList></edXMLHeader>'
    const answered =
      '<ResponseFor><Code><CodeNumber>5</CodeNumber><CodeNotation>UBND</CodeNotation></Code></ResponseFor><From>'
    const packet = changed(changed(plainDocument, '</edXMLHeader>', trace), '<From>', answered)
    expect(readPacket(packet)).toMatchObject({
      business: { docType: '1', reason: 'sai' },
      responseFor: [{ code: '5/UBND' }],
    })
  })

  it('takes an empty StatusCode beside a Code as a document', () => {
    expect(readPacket(changed(plainDocument, '<From>', '<StatusCode/><From>')).kind).toBe('document')
  })

  it.each([
    [
      'an unknown priority',
      '<Priority>2<',
      '<Priority>9<',
      'OtherInfo.Priority: it is not in the code table, taken as 0',
    ],
    ['a long notation', 'QĐ-UBND', 'X'.repeat(31), 'Code.CodeNotation: it has 31 characters, 30 are usual'],
    [
      'another form of date',
      '2026/03/16',
      '16-03-2026',
      'PromulgationInfo.PromulgationDate: it is not written yyyy/MM/dd',
    ],
    ['an odd agency code', 'H37.DN.001', 'h37', 'To[1].OrganId: it does not look like an agency code'],
    [
      'a repeated detail',
      '<OrganName>',
      '<OrganName/><OrganName>',
      'From.OrganName: it occurs more than once, the first counts',
    ],
    ['an empty attachment', 'JVBERg==', ' ', 'Attachment[1].ContentTransferEncoded: it is empty'],
    [
      'two names for an attachment',
      '</ContentId></Ref',
      '</ContentId><AttachmentName>b</AttachmentName></Ref',
      'Reference[1]: its AttachmentName differs from that of the attachment',
    ],
  ])('reports %s', (_, from, to, warning) => {
    expect(warned(changed(plainDocument, from, to))).toEqual([warning])
  })

  it('measures decomposed text by what its writer sees', () => {
    const subject = 'ậ'.repeat(500)
    expect(warned(changed(plainDocument, 'Về việc thử nghiệm', subject.normalize('NFD')))).toEqual([])
    expect(warned(changed(plainDocument, 'Về việc thử nghiệm', `${subject}ậ`))).toHaveLength(1)
  })

  it('bounds its warnings', () => {
    const packet = changed(plainDocument, '<To>', `${'<To/>'.repeat(50)}<To>`)
    const { warnings } = readPacket(packet, { maxWarnings: 10 })
    expect(warnings).toHaveLength(10)
    expect(warnings.at(-1)?.detail).toBe('further warnings are left out')
  })
})

/** `plainDocument` with prefixes on every element except the named ones and what is in them. */
function prefixedAllBut(names: string): string {
  const kept = new RegExp(`^(${names})$`)
  return plainDocument
    .replace('xmlns=', 'xmlns:edXML=')
    .replace(/<(\/?)([A-Za-z][A-Za-z]*)/g, (tag, slash, name) => (kept.test(name) ? tag : `<${slash}edXML:${name}`))
}
