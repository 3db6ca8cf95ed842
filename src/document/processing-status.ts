// Processing statuses: what the receiving clerk did with a document, sent back as status packets (edXML StatusCode).
// exchange/statuses keeps every one that arrives; the rules here say which one counts.

export type ProcessingStatusCode = '01' | '02' | '03' | '04' | '05' | '06' | '13' | '15' | '16'

export interface ProcessingStatus {
  code: ProcessingStatusCode
  vi: string
  en: string
  /** `receiver`: the receiver of the document sends it to its sender; `sender`: the other way. */
  sentBy: 'receiver' | 'sender'
}

/** The code table of edXML (docs/reference/edxml.md). */
export const processingStatuses: Readonly<Record<ProcessingStatusCode, ProcessingStatus>> = {
  '01': { code: '01', vi: 'Đã đến', en: 'Arrived', sentBy: 'receiver' },
  '02': { code: '02', vi: 'Từ chối tiếp nhận', en: 'Refused', sentBy: 'receiver' },
  '03': { code: '03', vi: 'Đã tiếp nhận', en: 'Accepted', sentBy: 'receiver' },
  '04': { code: '04', vi: 'Phân công', en: 'Assigned', sentBy: 'receiver' },
  '05': { code: '05', vi: 'Đang xử lý', en: 'In progress', sentBy: 'receiver' },
  '06': { code: '06', vi: 'Hoàn thành', en: 'Completed', sentBy: 'receiver' },
  '13': { code: '13', vi: 'Lấy lại', en: 'Asked back', sentBy: 'sender' },
  '15': { code: '15', vi: 'Đồng ý cập nhật hoặc thu hồi', en: 'Update or recall agreed', sentBy: 'receiver' },
  '16': { code: '16', vi: 'Từ chối cập nhật hoặc thu hồi', en: 'Update or recall refused', sentBy: 'receiver' },
}

export function isProcessingStatusCode(text: string): text is ProcessingStatusCode {
  return Object.hasOwn(processingStatuses, text)
}

/** Order of the receiver's work. 02 stands beside 03: both answer 01. */
const workOrder: Readonly<Partial<Record<ProcessingStatusCode, number>>> = {
  '01': 1,
  '02': 2,
  '03': 2,
  '04': 3,
  '05': 4,
  '06': 5,
}

/**
 * Whether `to` may follow `from`, the current status (`null` = none yet). Only for showing that an order is odd: an
 * illegal status is kept and shown like any other.
 *
 * 01 → 02 | 03; 03 → 04 → 05 → 06, steps may be skipped forward, never back; 13 at any time before 06; 15 | 16 only after
 * 13. A recall or update packet also opens the way to 15 | 16: hand in '13' as `from` then, since it asks the same.
 * After 16 (recall refused) the work goes on where it was, so any step of work may follow; after 15 nothing does.
 */
export function isLegalTransition(from: ProcessingStatusCode | null, to: ProcessingStatusCode): boolean {
  if (to === '15' || to === '16') return from === '13'
  if (to === '13') return from !== '06' && from !== '15' && from !== '13'
  if (from === null) return to === '01' || to === '02' || to === '03'
  if (from === '15' || from === '02') return false
  // While a recall waits for its answer, and after it was refused, the receiver's work may go on.
  if (from === '13' || from === '16') return true
  if (to === '02') return from === '01'
  return workReach(to) > workReach(from)
}

/**
 * The current status out of all that arrived, in order of arrival: the furthest one. `null` when there is none.
 *
 * - 15 (agreed) stands above everything, whenever it came: an agreed recall must not be hidden by a late status. (That
 *   it agreed to an update only, after which work goes on, cannot be told from the codes.)
 * - 06 (completed) is the end of the work and stands above an open question or its refusal.
 * - 13 (asked back) shows until it is answered; 16 (refused) shows until the work moves further than it was.
 * - Otherwise the furthest step of the work; 02 and 03 are equally far, and of those the later counts.
 */
export function furthestStatus(codes: readonly ProcessingStatusCode[]): ProcessingStatusCode | null {
  if (codes.includes('15')) return '15'
  const work = furthestWork(codes)
  if (work === '06') return work
  const refusedAt = codes.lastIndexOf('16')
  if (codes.lastIndexOf('13') > refusedAt) return '13'
  if (refusedAt >= 0 && workReach(work) === workReach(furthestWork(codes.slice(0, refusedAt)))) return '16'
  return work
}

function furthestWork(codes: readonly ProcessingStatusCode[]): ProcessingStatusCode | null {
  let furthest: ProcessingStatusCode | null = null
  for (const code of codes) {
    if (workReach(code) > 0 && workReach(code) >= workReach(furthest)) furthest = code
  }
  return furthest
}

/** How far along the receiver's work a status is; 0 for none and for the statuses about a recall. */
function workReach(code: ProcessingStatusCode | null): number {
  return code === null ? 0 : (workOrder[code] ?? 0)
}
