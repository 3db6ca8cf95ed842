// `tram trace` for people: where a document stands at each recipient, and its way as a timeline on Vietnam's clock.

import { byteSize, columns, duration, type Language, type Text, vietnamTime } from '../../base/text-format.ts'
import type { DocumentTrace, TraceStep } from '../../exchange/evidence/tracing.ts'

const states: Record<string, Text> = {
  sealing: { vi: 'chờ niêm phong', en: 'waits for its seal' },
  sending: { vi: 'đang gửi', en: 'being sent' },
  stored: { vi: 'nơi nhận đã lưu, chờ biên nhận', en: 'stored there, receipt to come' },
  delivered: { vi: 'đã chuyển', en: 'delivered' },
  refused: { vi: 'bị từ chối', en: 'refused' },
  expired: { vi: 'hết hạn', en: 'expired' },
  received: { vi: 'đã nhận', en: 'received' },
}

const steps: Record<string, Text> = {
  accepted: { vi: 'tiếp nhận', en: 'accepted' },
  sealed: { vi: 'niêm phong', en: 'sealed' },
  offered: { vi: 'bắt đầu chuyển', en: 'offered' },
  stored: { vi: 'lưu tại nơi nhận', en: 'stored' },
  receipt: { vi: 'biên nhận', en: 'receipt' },
  expired: { vi: 'hết hạn', en: 'expired' },
  'receipt sealed': { vi: 'niêm phong biên nhận', en: 'receipt sealed' },
  fetched: { vi: 'QLVB lấy về', en: 'fetched' },
  processing: { vi: 'QLVB đang xử lý', en: 'processing' },
  done: { vi: 'QLVB đã nhận xong', en: 'done' },
  fail: { vi: 'QLVB báo lỗi', en: 'failed' },
}

const kinds = { document: { vi: 'Văn bản', en: 'Document' }, status: { vi: 'Trạng thái', en: 'Status' } }
const directions = { sent: { vi: 'đi', en: 'sent' }, received: { vi: 'đến', en: 'received' } }

/** The trace as lines. Durations are since the step before, and in the end since the first. */
export function traceText(trace: DocumentTrace, language: Language): string {
  const { docId, kind, direction, from, to, sizeBytes, digest } = trace
  const head = `${kinds[kind][language]} ${docId} (${directions[direction][language]})`
  const way = `${from} → ${to.join(', ')}   ${byteSize(sizeBytes)}   SHA-256 ${digest}`
  const places = trace.states.map(({ agency, station, state }) => [
    '',
    agency,
    station,
    states[state]?.[language] ?? state,
  ])
  return [head, way, '', columns(places), '', columns(timeline(trace.steps, language))].join('\n')
}

function timeline(reached: readonly TraceStep[], language: Language): string[][] {
  const [first] = reached
  const last = reached.at(-1)
  const rows = reached.map(({ step, at, where, detail }, index) => {
    const before = reached[index - 1]
    const since = before === undefined ? '' : `+${duration(at - before.at)}`
    const status = /^status (.+)$/.exec(step)?.[1]
    const statusName = language === 'vi' ? `trạng thái ${status}` : `status ${status}`
    const name = status === undefined ? (steps[step]?.[language] ?? step) : statusName
    return [vietnamTime(at, true), since, name, where, detail]
  })
  if (first !== undefined && last !== undefined && rows.length > 1)
    rows.push([language === 'vi' ? 'tổng cộng' : 'in all', duration(last.at - first.at), '', '', ''])
  return rows
}
