// What the lab's offices send each other: a circular with a PDF, a text document and a spreadsheet, and the answer "03, accepted".
// Everything in it is made up, and says so; numbers and times make each one a document of its own.
import { type BuildParty, buildPacket, buildStatusPacket } from '../test/fixtures/edxml/build-packet.ts'
import type { LabStation } from './lab-keys.ts'
import { type DocxParagraph, writeDocx, writeXlsx } from './lab-office-files.ts'
import { type PdfLine, wrapText, writePdf } from './lab-pdf.ts'

const notation = 'VPCP-KSTT'
const subject = 'V/v triển khai thí điểm kết nối trạm trung chuyển văn bản điện tử giữa các bộ, ngành, địa phương'
const paragraphs = [
  'Thực hiện Quyết định số 28/2018/QĐ-TTg của Thủ tướng Chính phủ về việc gửi, nhận văn bản điện tử giữa các cơ quan trong hệ thống hành chính nhà nước, Văn phòng Chính phủ đề nghị Ủy ban nhân dân các tỉnh, thành phố trực thuộc Trung ương, các bộ, cơ quan ngang bộ:',
  '1. Kết nối hệ thống quản lý văn bản và điều hành với trạm trung chuyển đặt tại cơ quan; kiểm tra việc gửi, nhận, cập nhật trạng thái xử lý văn bản điện tử.',
  '2. Phân công cán bộ văn thư theo dõi thường xuyên, bảo đảm văn bản khẩn, thượng khẩn, hỏa tốc được xử lý ngay khi tiếp nhận.',
  '3. Tổng hợp kết quả theo biểu mẫu kèm theo, gửi về Văn phòng Chính phủ trước ngày 30 hằng tháng.',
  'Văn bản này do phòng thử nghiệm của Trạm tạo ra để trình diễn, không có giá trị pháp lý.',
]

/** A document as its sender knows it. */
export interface Circular {
  packet: Buffer
  /** For example `1437/VPCP-KSTT`. */
  code: string
  /** yyyy/MM/dd, in Vietnam. */
  promulgationDate: string
  documentId: string
  subject: string
  attachments: { name: string; bytes: number }[]
}

/** The circular of `sender` to all `recipients`, dated `nowMs`. */
export async function makeCircular(
  sender: LabStation,
  recipients: readonly LabStation[],
  nowMs: number,
): Promise<Circular> {
  const { date, time } = vietnamDate(nowMs)
  // Never twice on one date.
  const codeNumber = String(Math.floor(nowMs / 1000) % 100_000)
  const code = `${codeNumber}/${notation}`
  const files = [
    { name: `cong-van-${codeNumber}.pdf`, bytes: circularPdf(code, date, time, nowMs), description: 'Văn bản chính' },
    { name: 'Dự thảo kế hoạch.docx', bytes: await writeDocx(planText(code), nowMs), description: 'Kế hoạch kèm theo' },
    { name: 'Biểu tổng hợp.xlsx', bytes: await reportSheet(recipients, nowMs), description: 'Biểu mẫu kèm theo' },
  ]
  const documentId = `${currentCode(sender)},${date},${code}`
  const packet = buildPacket({
    dialect: 'prefixed',
    // The way most software still writes codes: the old form for some, the new one for others.
    from: party(sender, 'old'),
    to: recipients.map((recipient, at) => party(recipient, at % 2 === 0 ? 'old' : 'current')),
    documentId,
    codeNumber,
    codeNotation: notation,
    subject,
    content: subject,
    promulgationDate: date,
    documentType: { type: '1', typeDetail: '1', typeName: 'Công văn' },
    signer: { competence: 'TL. BỘ TRƯỞNG, CHỦ NHIỆM', position: 'Cục trưởng', fullName: 'Nguyễn Thị Hường' },
    toPlaces: ['Như trên', 'Các Vụ, Cục', 'Lưu: VT, KSTT'],
    priority: 1,
    staff: { department: 'Phòng Văn thư', staff: 'Đỗ Quỳnh Như' },
    attachments: files,
  })
  const attachments = files.map(({ name, bytes }) => ({ name, bytes: bytes.byteLength }))
  return { packet, code, promulgationDate: date, documentId, subject, attachments }
}

/** The processing status `03, đã tiếp nhận` of `recipient` for a circular. */
export function makeAcceptance(recipient: LabStation, sender: LabStation, circular: Circular, nowMs: number): Buffer {
  const { date, time } = vietnamDate(nowMs)
  return buildStatusPacket({
    dialect: 'plain',
    from: party(recipient, 'current'),
    responseFor: {
      organId: oldCode(sender),
      code: circular.code,
      promulgationDate: circular.promulgationDate,
      documentId: circular.documentId,
    },
    statusCode: '03',
    description: 'Văn thư đã tiếp nhận và vào sổ văn bản đến',
    timestamp: `${date} ${time}`,
    staff: { department: 'Văn thư', staff: 'Lê Thị Ngọc Ánh' },
  })
}

/** What a status packet says, for a backend that knows only what its own lab writes. */
export function readAcceptance(packet: Buffer): { organId: string; code: string; statusCode: string } {
  const text = packet.toString('utf8')
  const one = (name: string, within: string): string => new RegExp(`<${name}>([^<]*)</${name}>`).exec(within)?.[1] ?? ''
  const element = (name: string): string => new RegExp(`<${name}>(.*?)</${name}>`, 's').exec(text)?.[1] ?? ''
  return {
    organId: one('OrganId', element('From')),
    code: one('Code', element('ResponseFor')),
    statusCode: one('StatusCode', text),
  }
}

/** The lab's stations serve one agency each. */
export const currentCode = ({ agencyCodes }: LabStation): string => agencyCodes[0] ?? ''
const oldCode = (station: LabStation): string => `000.00.00.${currentCode(station)}`

function party(station: LabStation, form: 'old' | 'current'): BuildParty {
  return {
    organId: form === 'old' ? oldCode(station) : currentCode(station),
    organName: station.name,
    email: `vanthu@${currentCode(station).toLowerCase()}.example.vn`,
  }
}

function circularPdf(code: string, date: string, time: string, nowMs: number): Buffer {
  const [year, month, day] = date.split('/')
  const [left, right, size] = [185, 420, 13]
  const head: PdfLine[] = [
    { x: left, y: 782, size: 12, text: 'VĂN PHÒNG CHÍNH PHỦ', bold: true, centred: true },
    { x: right, y: 782, size: 12, text: 'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM', bold: true, centred: true },
    { x: right, y: 764, size, text: 'Độc lập - Tự do - Hạnh phúc', bold: true, centred: true },
    { x: left, y: 742, size, text: `Số: ${code}`, centred: true },
    { x: right, y: 742, size, text: `Hà Nội, ngày ${day} tháng ${month} năm ${year}`, centred: true },
    {
      x: 300,
      y: 666,
      size,
      text: 'Kính gửi: Các bộ, cơ quan ngang bộ; UBND các tỉnh, thành phố',
      bold: true,
      centred: true,
    },
  ]
  const topic = wrapText(subject, 12, 210).map((text, at) => ({
    x: left,
    y: 724 - at * 15,
    size: 12,
    text,
    centred: true,
  }))
  const body = paragraphs.flatMap((text) => [...wrapText(text, size, 455), ''])
  const text = body.map((line, at) => ({ x: 85, y: 640 - at * 18, size, text: line }))
  const red = [0.75, 0.1, 0.1] as const
  const foot: PdfLine[] = [
    { x: right, y: 240, size, text: 'TL. BỘ TRƯỞNG, CHỦ NHIỆM', bold: true, centred: true },
    { x: right, y: 222, size, text: 'CỤC TRƯỞNG', bold: true, centred: true },
    { x: 312, y: 182, size: 10, text: 'Ký bởi: Văn phòng Chính phủ (khóa thử nghiệm)', colour: red },
    { x: 312, y: 167, size: 10, text: 'Cơ quan: Văn phòng Chính phủ', colour: red },
    { x: 312, y: 152, size: 10, text: `Thời gian ký: ${day}/${month}/${year} ${time} +07:00`, colour: red },
    { x: right, y: 118, size, text: 'Nguyễn Thị Hường', bold: true, centred: true },
    { x: 85, y: 240, size: 11, text: 'Nơi nhận:', bold: true },
    { x: 85, y: 225, size: 11, text: '- Như trên;' },
    { x: 85, y: 211, size: 11, text: '- Các Vụ, Cục;' },
    { x: 85, y: 197, size: 11, text: '- Lưu: VT, KSTT.' },
  ]
  return writePdf({
    title: `${code}: ${subject}`,
    author: 'Văn phòng Chính phủ',
    createdMs: nowMs,
    lines: [...head, ...topic, ...text.filter((line) => line.text !== ''), ...foot],
    frames: [
      { x: 304, y: 144, width: 232, height: 54, colour: red },
      { x: 350, y: 758, width: 140, height: 0 },
    ],
  })
}

function planText(code: string): DocxParagraph[] {
  return [
    { text: 'KẾ HOẠCH', bold: true, centred: true },
    { text: 'Thí điểm gửi, nhận văn bản điện tử qua trạm trung chuyển', bold: true, centred: true },
    { text: `(Kèm theo Công văn số ${code})`, centred: true },
    ...paragraphs.map((text) => ({ text })),
  ]
}

function reportSheet(recipients: readonly LabStation[], nowMs: number): Promise<Buffer> {
  const rows = recipients.map((recipient, at) => [at + 1, recipient.name, currentCode(recipient), 0, 'Đang triển khai'])
  const head = ['STT', 'Cơ quan, địa phương', 'Mã định danh', 'Số văn bản đã nhận', 'Ghi chú']
  return writeXlsx('Tổng hợp', [head, ...rows], nowMs)
}

/** Date (yyyy/MM/dd) and time (HH:mm:ss) in Vietnam. */
function vietnamDate(ms: number): { date: string; time: string } {
  const text = new Date(ms + 7 * 3_600_000).toISOString()
  return { date: text.slice(0, 10).replaceAll('-', '/'), time: text.slice(11, 19) }
}
