// A self-test as a page to print and sign: plain text for the dumbest of printers and terminals.
import { type Language, oneLine, vietnamTime } from '../../base/text-format.ts'
import { checkNames } from './doctor-report.ts'
import { stateMarks } from './doctor-text.ts'
import type { SelfTestReport } from './self-test.ts'

/** Of 80 columns; some break the line after the last. */
const width = 79
const indent = 27

/** The page. */
export function selfTestText(report: SelfTestReport, language: Language): string {
  const say = (vi: string, en: string): string => (language === 'vi' ? vi : en)
  const { identity, checks, station, version, at, verdict } = report
  const facts: [name: string, value: string | number | null][] = [
    [say('Trạm', 'Station'), station === null ? null : `${station} (${identity.name ?? '?'})`],
    [say('Thế hệ', 'Generation'), identity.generation],
    [say('Thời điểm', 'Time'), `${vietnamTime(at)} (UTC+7)`],
    [say('Phiên bản', 'Version'), `tram ${version}, Node ${identity.node}`],
    ['Peer id', identity.peerId],
    ['Token', identity.token === null ? null : `${identity.token} (${identity.tokenSerial ?? '?'})`],
    [say('Chứng thư, SHA-256', 'Certificate, SHA-256'), identity.certificateSha256],
    [say('Danh bạ', 'Directory'), identity.directoryVersion],
  ]
  const results = checks.flatMap((line) => {
    const [text, todo] = language === 'vi' ? [line.vi, line.todoVi] : [line.en, line.todoEn]
    const head = `${stateMarks[line.state][language].padEnd(7)}${checkNames[line.check][language].padEnd(indent - 7)}`
    return wrap(head, line.code === null ? text : `${text} → ${todo} (${line.code})`)
  })
  const judged = verdict === 'passed' ? say('ĐẠT', 'PASSED') : say('KHÔNG ĐẠT', 'FAILED')
  const blank = (name: string): string => `${name.padEnd(indent)}${'.'.repeat(width - indent)}`
  return [
    say('BIÊN BẢN TỰ KIỂM TRA TRẠM', 'SELF-TEST OF A STATION'),
    '='.repeat(width),
    ...facts.flatMap(([name, value]) => wrap(name.padEnd(indent), String(value ?? '-'))),
    '-'.repeat(width),
    ...results,
    '-'.repeat(width),
    `${say('KẾT LUẬN', 'VERDICT').padEnd(indent)}${judged}`,
    '',
    blank(say('Kỹ thuật viên', 'Technician')),
    '',
    blank(say('Đại diện đơn vị', 'For the office')),
    '',
    blank(say('Ngày, chữ ký', 'Date, signatures')),
  ].join('\n')
}

/** `head`, then the text on as many lines as it needs, none longer than the page. */
function wrap(head: string, text: string): string[] {
  const room = width - indent
  const lines: string[] = []
  let line = ''
  for (const word of oneLine(text).normalize('NFC').split(' ')) {
    for (let rest = word; rest !== ''; rest = rest.slice(room)) {
      const piece = rest.slice(0, room)
      if (line === '') line = piece
      else if (line.length + 1 + piece.length <= room) line += ` ${piece}`
      else {
        lines.push(line)
        line = piece
      }
    }
  }
  return [...lines, line].map((one, at) => `${at === 0 ? head.slice(0, indent) : ' '.repeat(indent)}${one}`.trimEnd())
}
