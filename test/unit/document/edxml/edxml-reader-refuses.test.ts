// What the reader must refuse, and where it says the fault is.
import { describe, expect, it } from 'vitest'
import { PacketReader } from '../../../../src/document/edxml/edxml-reader.ts'
import { changed, plainDocument, plainStatus, readPacket, refusalOf } from './packet-text.ts'

const change = (from: string | RegExp, to: string) => changed(plainDocument, from, to)

describe('XML that is not well-formed', () => {
  it.each([
    ['nothing at all', '', 1],
    ['white space only', ' \n ', 2],
    ['no XML', 'hello', 1],
    ['a packet cut inside a tag', plainDocument.slice(0, plainDocument.indexOf('<OrganId>H37') + 4), 5],
    ['a packet cut inside base64', plainDocument.slice(0, plainDocument.indexOf('JVB') + 4), 14],
    ['a packet without its last tag', change('</edXML>', ''), 16],
    ['two colons in a name', change('<Subject>', '<a:b:c/><Subject>'), 8],
    ['crossed tags', change('</CodeNumber>', '</CodeNotation>'), 6],
    ['text after the root', `${plainDocument}x`, 15],
    ['a second root', `${plainDocument}<edXML/>`, 16],
    ['NUL', change('thử', 'th\u0000'), 8],
    ['a control character', change('thử', 'th\u0001'), 8],
    ['a reference to a control character', change('thử', '&#1;'), 8],
    ['a bare ampersand', change('thử', 'A & B'), 8],
    ['a reference without end', change('thử', `&#${'0'.repeat(50)}65;`), 8],
    ['an attribute without quotes', change('version="1.0">', 'version=1>'), 11],
    ['an attribute twice', change('<Subject>', '<Subject a="1" a="2">'), 8],
    ['< in an attribute', change('<Subject>', '<Subject a="<">'), 8],
    [']]> in text', change('thử', ']]>'), 8],
    ['-- in a comment', change('<Subject>', '<!-- a -- b --><Subject>'), 8],
    ['an XML declaration that is not first', ` ${plainDocument}`, 1],
    ['17 digits before the XML declaration', `${'1'.repeat(17)}${plainDocument}`, 1],
    ['letters before the XML declaration', `12a${plainDocument}`, 1],
    ['digits before a root without declaration', `12${plainDocument.slice(plainDocument.indexOf('<edXML'))}`, 1],
    ['two byte order marks', `\uFEFF\uFEFF${plainDocument}`, 1],
    ['digits and white space before the XML declaration', `12 ${plainDocument}`, 1],
    ['digits alone', '1212', 1],
  ])('refuses %s', (_, packet, line) => {
    expect(refusalOf(packet)).toMatchObject({ code: 'PACKET_MALFORMED', data: { line } })
  })

  it('says the column as the writer sees it, what stands before the declaration included', () => {
    expect(refusalOf('\uFEFF12<?xml version="1.0"?><edXML><a:b:c/></edXML>').data).toMatchObject({
      line: 1,
      column: 39,
    })
  })

  it.each([
    ['a byte that never occurs', [0xff]],
    ['a lone continuation byte', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a character cut short', [0xe1, 0xbb]],
  ])('refuses UTF-8 with %s, located', (_, bytes) => {
    const [before, after] = plainDocument.split('thử')
    const packet = Buffer.concat([Buffer.from(before ?? ''), Buffer.from(bytes), Buffer.from(after ?? '')])
    const refusal = refusalOf(packet)
    expect(refusal).toMatchObject({ code: 'PACKET_MALFORMED', data: { line: 8, column: 17 } })
    expect(refusal.message).toContain('not UTF-8')
  })

  it('refuses a packet that ends inside a character', () => {
    const packet = Buffer.concat([Buffer.from(plainDocument), Buffer.from([0xe1, 0xbb])])
    expect(refusalOf(packet)).toMatchObject({ code: 'PACKET_MALFORMED' })
  })

  it('refuses UTF-16', () => {
    expect(refusalOf(Buffer.from(`\uFEFF${plainDocument}`, 'utf16le'))).toMatchObject({ code: 'PACKET_MALFORMED' })
  })
})

describe('forbidden constructs', () => {
  it.each([
    ['a DOCTYPE', change('?>', '?><!DOCTYPE edXML>'), 'DOCTYPE'],
    ['a DOCTYPE with a subset', change('?>', '?><!DOCTYPE a [<!ENTITY b "c">]>'), 'DOCTYPE'],
    ['a DOCTYPE that never ends', `<!DOCTYPE ${'a'.repeat(100)}`, 'DOCTYPE'],
    ['a DOCTYPE inside the root', change('<Subject>', '<!DOCTYPE a><Subject>'), 'DOCTYPE'],
    ['an entity', change('thử', '&bomb;'), 'entity reference'],
    ['an entity in an attribute', change('<Subject>', '<Subject a="&xxe;">'), 'entity reference'],
    ['an entity in base64', change('JVBERg==', '&b;JVBERg=='), 'entity reference'],
    ['another encoding', change('UTF-8', 'windows-1258'), 'encoding windows-1258'],
  ])('refuses %s', (_, packet, construct) => {
    expect(refusalOf(packet)).toMatchObject({ code: 'PACKET_FORBIDDEN_CONSTRUCT', data: { construct } })
  })

  it('refuses a DOCTYPE as soon as it is there, not at its end', () => {
    const reader = new PacketReader()
    expect(() => reader.write(Buffer.from('<!DOCTYPE'))).toThrow('DOCTYPE')
  })
})

describe('limits', () => {
  it.each([
    ['maxDepth', 10, change('<Subject>', `${'<a>'.repeat(20)}${'</a>'.repeat(20)}<Subject>`)],
    ['maxElements', 30, change('<Subject>', `${'<a/>'.repeat(20)}<Subject>`)],
    ['maxTagBytes', 200, change('<Subject>', `<Subject ${'a'.repeat(300)}="">`)],
    ['maxTagBytes', 200, change('<Subject>', `<${'a'.repeat(300)}/><Subject>`)],
    ['maxTagBytes', 200, change('<Subject>', `<Subject ${' '.repeat(300)}>`)],
    ['maxAttributes', 5, change('<Subject>', '<Subject a="" b="" c="" d="" e="" f="">')],
    ['maxAttributeBytes', 100, change('<Subject>', `<Subject a="${'x'.repeat(150)}">`)],
    ['maxCommentBytes', 100, change('<Subject>', `<!--${'x'.repeat(150)}--><Subject>`)],
    ['maxCommentBytes', 100, change('<Subject>', `<?a ${'x'.repeat(150)}?><Subject>`)],
    ['maxTextBytes', 100, change('thử', 'ử'.repeat(50))],
    ['maxTextBytes', 100, change('thử', `<a>${'ử'.repeat(50)}</a>`)],
    ['maxTextBytes', 100, change('<Subject>', `<X>${' '.repeat(150)}</X><Subject>`)],
    ['maxTotalTextBytes', 300, change('<Subject>', `${'<X>0123456789</X>'.repeat(30)}<Subject>`)],
    ['maxAttachments', 1, change('<Reference>', '<Reference><ContentId>x</ContentId></Reference><Reference>')],
    ['maxAttachments', 1, change('<Attachment>', '<Attachment/><Attachment>')],
    ['maxRecipients', 3, change('<To>', `${'<To/>'.repeat(3)}<To>`)],
    ['maxResponseFor', 2, change('<To>', `${'<ResponseFor/>'.repeat(3)}<To>`)],
  ])('refuses beyond %s', (limit, maximum, packet) => {
    const limits = { [limit]: maximum }
    expect(readPacket(plainDocument, limits).kind).toBe('document')
    expect(refusalOf(packet, limits)).toMatchObject({ code: 'PACKET_LIMIT_EXCEEDED', data: { limit, maximum } })
  })

  it('takes 4096 recipients and refuses one more', () => {
    const many = (count: number) =>
      change(
        '<To>',
        `${Array.from({ length: count - 1 }, (_, index) => `<To><OrganId>H${index}</OrganId></To>`).join('')}<To>`,
      )
    expect(readPacket(many(4096)).to).toHaveLength(4096)
    expect(refusalOf(many(4097))).toMatchObject({ data: { limit: 'maxRecipients', maximum: 4096 } })
  })

  it.each([
    ['a comment', '<edXML><!--', 'maxCommentBytes'],
    ['an attribute', '<edXML a="', 'maxAttributeBytes'],
    ['a tag name', '<', 'maxTagBytes'],
    ['a text', '<edXML>', 'maxTextBytes'],
    ['CDATA', '<edXML><![CDATA[', 'maxTextBytes'],
    ['a processing instruction', '<?a ', 'maxCommentBytes'],
    ['an XML declaration', '<?xml version="', 'maxCommentBytes'],
  ])('stops at %s without end before it has gathered much of it', (_, start, limit) => {
    const reader = new PacketReader()
    reader.write(Buffer.from(start))
    const block = Buffer.alloc(64 * 1024, 'a')
    const writeOneMebibyte = () => {
      for (let index = 0; index < 16; index++) reader.write(block)
    }
    expect(writeOneMebibyte).toThrow(limit)
  })
})

describe('a document', () => {
  it.each([
    ['From', /<From>.*<\/From>/, 3],
    ['From.OrganId', /<OrganId>000.00.00.G22<\/OrganId>/, 4],
    ['To', /<To>.*<\/To>/, 3],
    ['Code', /<Code>.*<\/Code>/, 3],
    ['Code.CodeNumber', /<CodeNumber>.*<\/CodeNumber>/, 6],
    ['Code.CodeNotation', /<CodeNotation>.*<\/CodeNotation>/, 6],
    ['PromulgationInfo', /<PromulgationInfo>.*<\/PromulgationInfo>/, 3],
    ['PromulgationInfo.PromulgationDate', /<PromulgationDate>.*<\/PromulgationDate>/, 7],
    ['Subject', /<Subject>.*<\/Subject>/, 3],
    ['MessageHeader', /<MessageHeader>.*<\/MessageHeader>/s, 3],
    ['edXMLHeader', /<edXMLHeader>.*<\/edXMLHeader>/s, 3],
    ['edXMLEnvelope', /<edXMLEnvelope>.*<\/edXMLEnvelope>/s, 2],
  ])('needs %s', (field, element, line) => {
    expect(refusalOf(change(element, ''))).toMatchObject({ code: 'PACKET_FIELD_MISSING', data: { field, line } })
  })

  it.each([
    ['Subject', change('Về việc thử nghiệm', ' \n '), 8],
    ['From.OrganId', change('000.00.00.G22', ''), 4],
    ['To[1].OrganId', change('<OrganId>H37.DN.001</OrganId>', '<OrganName>Sở</OrganName>'), 5],
    ['To.OrganId', change(/<To>.*<\/To>/, '<To/><To> </To>'), 3],
  ])('needs a value in %s', (field, packet, line) => {
    expect(refusalOf(packet)).toMatchObject({ code: 'PACKET_FIELD_MISSING', data: { field, line } })
  })

  it('needs its From in MessageHeader', () => {
    const moved = changed(
      change(/<From>.*<\/From>/, ''),
      '<edXMLHeader>',
      '<edXMLHeader><From><OrganId>G22</OrganId></From>',
    )
    expect(refusalOf(moved)).toMatchObject({ code: 'PACKET_FIELD_MISSING', data: { field: 'From' } })
  })

  it.each([
    ['From', '<From>', '<From><OrganId>H01</OrganId></From><From>', 4],
    ['From.OrganId', '<OrganId>000', '<OrganId>H01</OrganId><OrganId>000', 4],
    ['From', '<From>', '<x:From xmlns:x="urn:x"><OrganId>H01</OrganId></x:From><From>', 4],
    ['Subject', '<Subject>', '<Subject>MẬT</Subject><Subject>', 8],
    ['MessageHeader', '<MessageHeader>', '<MessageHeader/><MessageHeader>', 3],
    ['edXMLEnvelope', '<edXMLEnvelope>', '<edXMLEnvelope/><edXMLEnvelope>', 3],
    ['To[1].OrganId', '<OrganId>H37', '<OrganId>H01</OrganId><OrganId>H37', 5],
    ['Attachment[1].AttachmentName', '<AttachmentName>', '<AttachmentName>x</AttachmentName><AttachmentName>', 13],
  ])('has one %s', (field, from, to, line) => {
    const refusal = refusalOf(change(from, to))
    expect(refusal).toMatchObject({ code: 'PACKET_FIELD_INVALID', data: { field, line } })
    expect(refusal.message).toContain('more than once')
  })

  it('is an edXML', () => {
    expect(refusalOf('<html/>')).toMatchObject({ code: 'PACKET_FIELD_INVALID', data: { field: 'edXML', line: 1 } })
  })
})

describe('attachments', () => {
  it.each([
    [
      'a reference without attachment',
      '<Reference>',
      '<Reference><ContentId>cid:2</ContentId></Reference><Reference>',
      'cid:2',
      11,
    ],
    [
      'an attachment without reference',
      '<Attachment>',
      '<Attachment><ContentId>cid:3</ContentId><ContentTransferEncoded/></Attachment><Attachment>',
      'cid:3',
      13,
    ],
    [
      'two attachments of one ContentId',
      '<Attachment>',
      '<Attachment><ContentId>1</ContentId><ContentTransferEncoded/></Attachment><Attachment>',
      'cid:1',
      13,
    ],
    [
      'two references of one ContentId',
      '<Reference>',
      '<Reference><ContentId>1</ContentId></Reference><Reference>',
      'cid:1',
      11,
    ],
    [
      'an attachment without ContentId',
      '<Attachment><ContentId>cid:1</ContentId>',
      '<Attachment>',
      'Attachment[1]',
      13,
    ],
    ['an attachment without content', /<ContentTransferEncoded>.*<\/ContentTransferEncoded>/, '', 'cid:1', 13],
    ['a character that is not base64', 'JVBERg==', 'JVB-Rg==', 'cid:1', 14],
    ['base64url', 'JVBERg==', 'JV_ERg==', 'cid:1', 14],
    ['a letter beyond ASCII', 'JVBERg==', 'JVBé', 'cid:1', 14],
    ['missing padding', 'JVBERg==', 'JVBERg', 'cid:1', 14],
    ['one padding character of two', 'JVBERg==', 'JVBERg=', 'cid:1', 14],
    ['too much padding', 'JVBERg==', 'JVBERg===', 'cid:1', 14],
    ['padding alone', 'JVBERg==', '====', 'cid:1', 14],
    ['a single digit', 'JVBERg==', 'JVBE=', 'cid:1', 14],
    ['three padding characters', 'JVBERg==', 'J===', 'cid:1', 14],
    ['digits after padding', 'JVBERg==', 'JVBERg==JVBE', 'cid:1', 14],
    ['an element in base64', 'JVBERg==', 'JVBE<x/>Rg==', 'cid:1', 14],
  ])('refuses %s', (_, from, to, contentId, line) => {
    expect(refusalOf(change(from, to))).toMatchObject({ code: 'PACKET_ATTACHMENT_INVALID', data: { contentId, line } })
  })

  it('names an attachment by its place while its ContentId has not come', () => {
    const packet = change(
      /<Attachment>.*<\/Attachment>/s,
      '<Attachment><ContentTransferEncoded>?</ContentTransferEncoded></Attachment>',
    )
    expect(refusalOf(packet).data).toMatchObject({ contentId: 'Attachment[1]' })
  })

  it('checks those of a status packet too', () => {
    const packet = changed(
      plainStatus,
      '</edXML>',
      '<AttachmentEncoded><Attachment><ContentId>a</ContentId></Attachment></AttachmentEncoded></edXML>',
    )
    expect(refusalOf(packet)).toMatchObject({ code: 'PACKET_ATTACHMENT_INVALID' })
  })
})

describe('a status packet', () => {
  it.each([
    ['From', /<From>.*<\/From>/, ''],
    ['ResponseFor', /<ResponseFor>.*<\/ResponseFor>/, ''],
    ['StatusCode', '<StatusCode>03</StatusCode>', '<StatusCode/>'],
  ])('needs %s', (field, from, to) => {
    expect(refusalOf(changed(plainStatus, from, to))).toMatchObject({ code: 'PACKET_FIELD_MISSING', data: { field } })
  })

  it('needs neither To nor Code nor Subject, and reports an unknown code', () => {
    const { kind, warnings } = readPacket(changed(plainStatus, '>03<', '>99<'))
    expect(kind).toBe('status')
    expect(warnings).toMatchObject([{ field: 'StatusCode', line: 5 }])
  })
})

describe('a reader that has failed', () => {
  it('fails with the same error for ever', () => {
    const reader = new PacketReader()
    const attempt = (run: () => unknown) => {
      try {
        run()
      } catch (error) {
        return error
      }
      return undefined
    }
    const first = attempt(() => reader.write(Buffer.from('<edXML><a></b>')))
    expect(first).toMatchObject({ code: 'PACKET_MALFORMED' })
    expect(attempt(() => reader.write(Buffer.from(plainDocument)))).toBe(first)
    expect(attempt(() => reader.end())).toBe(first)
  })
})
