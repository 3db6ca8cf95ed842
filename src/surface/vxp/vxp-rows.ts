// The rows of the VXP lists: what the desk knows, in the names and forms of the wire. All values are texts; a null
// would make the kit throw, so there is none.
import type { AgencyEntry } from '../../document/schema/directory.ts'
import type { DeliveryStateName, InboxItem, ItemMark, PacketKindName, SentItem } from '../../exchange/desk.ts'
import { vietnamTime } from './vxp-time.ts'

type Row = Record<string, string>

const markTexts: Record<ItemMark, string> = {
  initial: 'Chưa xử lý',
  processing: 'Đang xử lý',
  done: 'Đã xử lý',
  fail: 'Xử lý không thành công',
}

const sendStatuses: Record<DeliveryStateName, { status: string; text: string }> = {
  sealing: { status: 'initial', text: 'Đã nhận, chờ niêm phong' },
  sending: { status: 'processing', text: 'Đang gửi đến trạm nhận' },
  stored: { status: 'processing', text: 'Trạm nhận đã lưu, chờ biên nhận' },
  delivered: { status: 'done', text: 'Đã gửi đến nơi nhận, có biên nhận' },
  refused: { status: 'fail', text: 'Nơi nhận từ chối' },
  expired: { status: 'fail', text: 'Quá thời hạn gửi' },
}

/** Status codes of docs/reference/edxml.md. */
const processingTexts: Readonly<Record<string, string>> = {
  '01': 'Đã đến',
  '02': 'Từ chối tiếp nhận',
  '03': 'Đã tiếp nhận',
  '04': 'Phân công',
  '05': 'Đang xử lý',
  '06': 'Hoàn thành',
  '13': 'Lấy lại',
  '15': 'Đồng ý cập nhật hoặc thu hồi',
  '16': 'Từ chối cập nhật hoặc thu hồi',
}

const messageTypeOf = (kind: PacketKindName): string => (kind === 'status' ? 'status' : 'edoc')

/** A row of getReceivedEdocList. `docId` on the wire is our itemId: two agencies of a backend never share one. */
export function receivedRow(item: InboxItem, serviceType: string): Row {
  const notes = [markTexts[item.mark]]
  if (item.failures > 0) notes.push(`không thành công ${item.failures} lần`)
  if (item.resend > 0) notes.push(`gửi lại lần ${item.resend}`)
  if (item.recalled) notes.push('bên gửi đã thu hồi')
  return {
    docId: item.itemId,
    serviceType,
    messageType: messageTypeOf(item.kind),
    created_time: vietnamTime(item.receivedAt),
    updated_time: vietnamTime(item.updatedAt),
    from: item.from,
    to: item.to,
    status: item.mark,
    status_desc: notes.join('; '),
  }
}

/** A row of getSentEdocList: sendStatus says how far we got, receiveStatus what the recipient's clerk did (01…16). */
export function sentRow(item: SentItem, serviceType: string): Row {
  const sending = sendStatuses[item.state]
  const { processing, refusal } = item
  return {
    serviceType,
    messageType: messageTypeOf(item.kind),
    title: item.title,
    notation: item.notation,
    fromCode: item.from,
    toCode: item.to,
    senderDocId: item.docId,
    receiverDocId: item.itemId,
    sendStatus: sending.status,
    sendStatusDesc: refusal ? `${sending.text}: ${refusal.code}` : sending.text,
    receiveStatus: processing?.code ?? '',
    receiveStatusDesc: processing
      ? processing.description || (processingTexts[processing.code] ?? processing.code)
      : 'Chưa có trạng thái xử lý',
    sentTime: vietnamTime(item.sentAt),
    receivedTime: vietnamTime(item.deliveredAt),
  }
}

/** Closed: replaced by another, or past its validity. */
export function isClosed(agency: AgencyEntry, nowMs: number): boolean {
  const until = agency.validity?.until ?? 0
  return agency.successor !== '' || (until !== 0 && until <= nowMs)
}

// Numbers that the authority did not give fall back to codes: kits use id and pid only to build a tree.
const idOf = (agency: AgencyEntry): string => (agency.id > 0 ? String(agency.id) : agency.code)
const pidOf = (agency: AgencyEntry): string => (agency.pid > 0 ? String(agency.pid) : agency.parent)

/** A row of getAgenciesList. */
export function agencyRow(agency: AgencyEntry): Row {
  const { code, name, mail, code102 } = agency
  return { id: idOf(agency), pid: pidOf(agency), code, name, mail, oldCode: code102 }
}

/** A row of getAgenciesListQD20. */
export function agencyQd20Row(agency: AgencyEntry): Row {
  const { code, name, mail, code102 } = agency
  return { id: idOf(agency), code, name, mail, code102 }
}

/**
 * A row of getSynchronizeUnit. `version` is the directory version that changed the entry last; the directory keeps no
 * date of change, so `modifyDate` is when its validity last began or ended, '' when it has neither.
 */
export function unitRow(agency: AgencyEntry, nowMs: number): Row {
  const { code, name, mail } = agency
  const { from = 0, until = 0 } = agency.validity ?? {}
  const changedMs = until !== 0 && until <= nowMs ? until : from
  return {
    id: idOf(agency),
    pid: pidOf(agency),
    code,
    name,
    mail,
    version: String(agency.modified),
    centerCode: agency.station,
    deleted: String(isClosed(agency, nowMs)),
    modifyDate: changedMs === 0 ? '' : vietnamTime(changedMs),
    isAgency: String(agency.station !== ''),
  }
}
