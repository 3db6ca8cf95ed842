import { describe, expect, it } from 'vitest'
import type { PacketSummary } from '../../../src/document/edxml/packet-summary.ts'
import { defaultSecrecyMarks, findSecrecyMark } from '../../../src/document/secrecy.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { readPacket } from './edxml/packet-text.ts'

const open = readPacket(
  buildPacket({
    dialect: 'plain',
    from: 'G22',
    to: ['H01'],
    codeNumber: '1',
    codeNotation: 'QĐ-UBND',
    subject: 'Về việc mở',
    attachments: [{ name: 'a.pdf', bytes: Buffer.from('%PDF') }],
  }),
)
const find = (change: Partial<PacketSummary>, marks = defaultSecrecyMarks) =>
  findSecrecyMark({ ...open, ...change }, marks)

describe('marks', () => {
  it.each([
    ['MẬT', 'MẬT'],
    ['Báo cáo (MẬT)', 'MẬT'],
    ['[MẬT] Báo cáo', 'MẬT'],
    ['Báo cáo - MẬT.', 'MẬT'],
    ['CV_MẬT_2026', 'MẬT'],
    ['TỐI MẬT: kế hoạch', 'TỐI MẬT'],
    ['kế hoạch TUYỆT\u00A0MẬT', 'TUYỆT MẬT'],
    ['kế hoạch TỐI \r\n MẬT', 'TỐI MẬT'],
    ['TUYỆT  MẬT'.normalize('NFD'), 'TUYỆT MẬT'],
    // Circumflex first, dot below second: neither NFC nor NFD.
    ['M\u00C2\u0323T', 'MẬT'],
    ['M\u200BẬT', 'MẬT'],
  ])('are found in %j', (subject, mark) => {
    expect(find({ subject })).toEqual({ field: 'Subject', mark })
  })

  it.each(['Mật', 'mật', 'MẬTX', 'XMẬT', 'ẬMẬT', 'MẬT2', 'MẬTĐ', 'MÂT', 'MAT', 'TỐI-MẬ T', 'M\u1EACT\u0301'])(
    'are not found in %j',
    (subject) => {
      expect(find({ subject })).toBeUndefined()
    },
  )

  it('are looked for in every field that rules name, the manifest included', () => {
    const attachment = {
      ...open.attachments[0],
      name: 'a.pdf',
      manifestName: 'a.pdf',
    } as PacketSummary['attachments'][number]
    expect(find({ documentType: { ...open.documentType, typeName: 'Báo cáo MẬT' } })?.field).toBe(
      'DocumentType.TypeName',
    )
    expect(find({ sphereOfPromulgation: 'MẬT' })?.field).toBe('OtherInfo.SphereOfPromulgation')
    expect(find({ attachments: [attachment, { ...attachment, name: 'kèm-MẬT.pdf' }] })?.field).toBe(
      'Attachment[2].AttachmentName',
    )
    expect(find({ attachments: [{ ...attachment, manifestName: 'MẬT.pdf' }] })?.field).toBe(
      'Attachment[1].AttachmentName',
    )
    expect(find({})).toBeUndefined()
  })

  it('are those that the site configures', () => {
    expect(find({ subject: 'HẠN CHẾ' }, ['HẠN CHẾ'])).toEqual({ field: 'Subject', mark: 'HẠN CHẾ' })
    expect(find({ subject: 'lưu hành (nội bộ)' }, ['(nội bộ)'.normalize('NFD')])).toEqual({
      field: 'Subject',
      mark: '(nội bộ)',
    })
    expect(find({ subject: 'MẬT' }, ['HẠN CHẾ'])).toBeUndefined()
    expect(find({ subject: 'MẬT', codeNotation: 'QĐ-UBND-M' }, [])).toBeUndefined()
    expect(find({ subject: 'axc' }, ['a.c', '', ' '])).toBeUndefined()
  })
})

describe('suffixes of a notation', () => {
  it.each([
    ['QĐ-UBND-M', 'M'],
    ['12/QĐ-UBND-M', 'M'],
    ['CV-M', 'M'],
    ['QĐ-UBND (M)', 'M'],
    ['QĐ-UBND-TM', 'TM'],
    ['QĐ-UBND-TuM', 'TuM'],
    ['BC-TUM', 'TUM'],
    ['QĐ–UBND–M '.normalize('NFD'), 'M'],
  ])('are found in %s', (codeNotation, mark) => {
    expect(find({ codeNotation })).toEqual({ field: 'Code.CodeNotation', mark })
  })

  it.each(['QĐ-UBND', 'KH-TM', '12/KH-TM', 'M', '12/M', 'QĐ-M-UBND', 'QĐ-UBNDM', 'QĐ-UBND-m', ''])(
    'are not found in %s',
    (codeNotation) => {
      expect(find({ codeNotation })).toBeUndefined()
    },
  )

  it('count only when their mark does', () => {
    expect(find({ codeNotation: 'QĐ-UBND-M' }, ['TỐI MẬT'])).toBeUndefined()
    expect(find({ codeNotation: 'QĐ-UBND-TM' }, ['TỐI MẬT'])?.mark).toBe('TM')
  })
})

it('a mark behind markup is found in the packet that carries it', () => {
  const packet = buildPacket({
    dialect: 'prefixed',
    from: 'G22',
    to: ['H01'],
    codeNumber: '1',
    codeNotation: 'QĐ-UBND',
    subject: '@',
  })
  const hidden = packet.toString().replace('@', 'Kế <!-- x -->hoạch <edXML:b>T&#7888;I</edXML:b> <![CDATA[MẬ]]>T')
  expect(findSecrecyMark(readPacket(hidden), defaultSecrecyMarks)).toEqual({ field: 'Subject', mark: 'TỐI MẬT' })
})
