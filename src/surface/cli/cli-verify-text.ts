// `tram verify` for people: every check, then what is proven. The sentences of the checks come from document/evidence-report.

import { byteSize, columns, type Language, oneLine, vietnamTime } from '../../base/text-format.ts'
import type { EvidenceFacts, EvidenceReport } from '../../document/evidence-report.ts'

/** The report as lines. */
export function verifyText({ ok, checks, facts }: EvidenceReport, language: Language): string {
  const lines = checks.map((check) => `${check.ok ? '✓' : '✗'} ${oneLine(check[language])}`)
  const verdict = {
    vi: ok ? 'ĐẠT: hồ sơ bằng chứng hợp lệ.' : 'KHÔNG ĐẠT: không được dùng hồ sơ này làm bằng chứng.',
    en: ok ? 'PASSED: the evidence is valid.' : 'FAILED: this proves nothing.',
  }
  const proven = facts === undefined ? [] : ['', factsText(facts, language)]
  return [...lines, '', verdict[language], ...proven].join('\n')
}

function factsText(facts: EvidenceFacts, language: Language): string {
  const say = (vi: string, en: string): string => (language === 'vi' ? vi : en)
  const rows = [
    [say('văn bản', 'document'), facts.docId],
    [say('gửi từ', 'from'), `${facts.senderAgency} ${facts.senderName} (${facts.senderStation})`],
    [say('gửi tới', 'to'), facts.recipients.join(', ')],
    ['SHA-256', `${facts.packetDigest} (${byteSize(facts.packetBytes)})`],
    [say('niêm phong', 'sealed'), vietnamTime(facts.sealedMs)],
  ]
  for (const { station, decidedMs, verdicts } of facts.receipts) {
    for (const { agency, name, stored, code, detail } of verdicts) {
      const outcome = stored ? say('đã nhận', 'stored') : `${say('từ chối', 'refused')} ${code} ${detail}`
      rows.push([say('biên nhận', 'receipt'), `${vietnamTime(decidedMs)} ${agency} ${name} (${station}): ${outcome}`])
    }
  }
  if (facts.withoutReceipt.length > 0)
    rows.push([say('chưa có biên nhận', 'no receipt'), facts.withoutReceipt.join(', ')])
  const versions = facts.directoryVersions.join(', ')
  rows.push([say('danh bạ', 'directory'), say(`phiên bản ${versions}`, `version ${versions}`)])
  return columns(rows)
}
