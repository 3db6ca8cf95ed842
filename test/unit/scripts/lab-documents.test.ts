// What the lab sends: an edXML packet, and attachments that are what their names say.
import { buffer } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { fromBufferPromise } from 'yauzl'
import { labOffices } from '../../../scripts/lab-agencies.ts'
import { makeAcceptance, makeCircular, readAcceptance } from '../../../scripts/lab-documents.ts'
import type { LabStation } from '../../../scripts/lab-keys.ts'
import { textWidth, wrapText } from '../../../scripts/lab-pdf.ts'
import { PacketReader } from '../../../src/document/edxml/edxml-reader.ts'

const atMs = Date.UTC(2026, 10, 21, 17, 30)
const station = (code: string, name: string): LabStation => ({
  ...{ id: code.toLowerCase(), name, agencyCodes: [code], folder: '', configFile: '', dataFolder: '', host: '' },
  ...{ linkPort: 0, vxpPort: 0, backend: { systemid: '', secret: '' } },
  token: {
    modulePath: '',
    env: { SOFTHSM2_CONF: '' },
    label: '',
    serial: '',
    keyId: '',
    pin: '',
    pinFile: '',
    certificateFile: '',
  },
})
const sender = station('G22', 'Văn phòng Chính phủ')
const recipients = [station('H41', 'UBND tỉnh Nghệ An'), station('H14', 'UBND tỉnh Cao Bằng')]
const circular = await makeCircular(sender, recipients, atMs)
const attachments = [...circular.packet.toString().matchAll(/ContentTransferEncoded>([^<\s]+)</g)].map(
  ([, text = '']) => Buffer.from(text, 'base64'),
)

/** Names and texts of a zip's entries. */
async function unzip(bytes: Buffer): Promise<Map<string, Buffer>> {
  const archive = await fromBufferPromise(bytes)
  const entries = new Map<string, Buffer>()
  for await (const entry of archive.eachEntry())
    entries.set(entry.fileName, await buffer(await archive.openReadStreamPromise(entry)))
  return entries
}

test('the circular is a packet as vendors write them, on its day in Vietnam', () => {
  const reader = new PacketReader()
  reader.write(circular.packet)
  const summary = reader.end()
  // As the vendors write it.
  expect(summary.warnings.map(({ detail }) => detail)).toEqual(['the prefix xlink is not declared'])
  expect(summary).toMatchObject({ kind: 'document', promulgationDate: '2026/11/22', codeNotation: 'VPCP-KSTT' })
  expect(summary.to.map(({ organId }) => organId)).toEqual(['000.00.00.H41', 'H14'])
  expect(`${summary.codeNumber}/${summary.codeNotation}`).toBe(circular.code)
})

test('the PDF is whole: every object lies where its table says, and its texts are Vietnamese', () => {
  const text = attachments[0]?.toString('latin1') ?? ''
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1])
  expect(text.slice(start, start + 5)).toBe('xref\n')
  const offsets = [...text.slice(start).matchAll(/^(\d{10}) 00000 n $/gm)].map(([, offset]) => Number(offset))
  expect(offsets).toHaveLength(6)
  for (const [at, offset] of offsets.entries()) expect(text.slice(offset, offset + 8)).toBe(`${at + 1} 0 obj\n`)
  const [, length, content = ''] = /\/Length (\d+) >>\nstream\n(.*)\nendstream/s.exec(text) ?? []
  expect(content).toHaveLength(Number(length))
  const spoken = [...content.matchAll(/ActualText <FEFF([0-9A-F]+)>/g)].map(([, hex = '']) =>
    Buffer.from(hex, 'hex').swap16().toString('utf16le'),
  )
  expect(spoken).toContain('CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM')
  expect(spoken).toContain(`Số: ${circular.code}`)
  expect(content.match(/\bq\b/g)).toHaveLength(content.match(/\bQ\b/g)?.length ?? 0)
})

test('lines are broken where they are full', () => {
  const text = 'Thực hiện Quyết định số 28/2018/QĐ-TTg của Thủ tướng Chính phủ'
  const lines = wrapText(text, 13, 150)
  expect(lines.join(' ')).toBe(text)
  expect(lines.length).toBeGreaterThan(1)
  for (const line of lines) expect(textWidth(line, 13)).toBeLessThanOrEqual(150)
  expect(textWidth('Đường', 10)).toBeCloseTo((722 + 500 + 500 + 500 + 500) / 100)
})

test('text document and spreadsheet are Office Open XML; the spreadsheet travels in a zip of its own', async () => {
  const document = await unzip(attachments[1] ?? Buffer.alloc(0))
  expect([...document.keys()]).toEqual(['[Content_Types].xml', '_rels/.rels', 'word/document.xml'])
  expect(document.get('word/document.xml')?.toString()).toContain('Thí điểm gửi, nhận văn bản điện tử')
  const wrapped = await unzip(attachments[2] ?? Buffer.alloc(0))
  expect([...wrapped.keys()]).toEqual(['Biểu tổng hợp.xlsx'])
  const sheet = await unzip([...wrapped.values()][0] ?? Buffer.alloc(0))
  expect(sheet.get('xl/worksheets/sheet1.xml')?.toString()).toContain('<is><t>UBND tỉnh Cao Bằng</t></is>')
})

test('the answer is a status packet for the circular', () => {
  const packet = makeAcceptance(recipients[0] ?? sender, sender, circular, atMs)
  const reader = new PacketReader()
  reader.write(packet)
  const summary = reader.end()
  expect(summary).toMatchObject({ kind: 'status', statusCode: '03' })
  expect(summary.responseFor[0]).toMatchObject({ code: circular.code, promulgationDate: circular.promulgationDate })
  expect(readAcceptance(packet)).toEqual({ organId: 'H41', code: circular.code, statusCode: '03' })
})

test('offices come from the real list: the three first, open ones only, the rest without a station', async () => {
  const { wishes, otherAgencies } = await labOffices(94, atMs)
  expect(wishes.slice(0, 3).map(({ id }) => id)).toEqual(['g22', 'h41', 'h14'])
  expect(new Set(wishes.map(({ id }) => id)).size).toBe(94)
  expect(wishes.map(({ id }) => id)).not.toContain('g04')
  const closed = otherAgencies.find(({ code }) => code === 'G04')
  expect(closed?.validity?.until).toBe(Date.UTC(2025, 3, 13, 17))
  expect(otherAgencies.every(({ station: served }) => served === '')).toBe(true)
  await expect(labOffices(1000, atMs)).rejects.toThrow(RangeError)
})
