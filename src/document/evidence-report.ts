// What a verification of evidence says to people: each check with its outcome in Vietnamese and English, and the facts that
// were proven. evidence.ts fills it; the command line and the REST API print it.
import { TramError } from '../base/errors.ts'

export type EvidenceCheckId =
  | 'files'
  | 'waybill'
  | 'packet'
  | 'waybill-seal'
  | 'directory'
  | 'sender'
  | 'receipt'
  | 'receipt-seal'
  | 'recipient'
  | 'certificates'
  | 'sums'

const titles: Record<EvidenceCheckId, { vi: string; en: string }> = {
  files: { vi: 'Bộ tệp đầy đủ, không có tệp lạ', en: 'All files are there and no others' },
  waybill: { vi: 'Vận đơn đúng dạng', en: 'The waybill is well-formed' },
  packet: {
    vi: 'Gói tin đúng mã băm và kích thước ghi trên vận đơn',
    en: "The packet has the waybill's digests and size",
  },
  'waybill-seal': {
    vi: 'Vận đơn được token của trạm gửi niêm phong',
    en: "The waybill is sealed by the sending station's token",
  },
  directory: {
    vi: 'Trích lục danh bạ do cơ quan quản lý ký',
    en: 'The extract of the directory is signed by the authority',
  },
  sender: {
    vi: 'Danh bạ ghi chứng thư này cho trạm gửi và đơn vị gửi thuộc trạm đó',
    en: 'The directory lists this certificate for the sending station, which serves the sender',
  },
  receipt: {
    vi: 'Biên nhận đúng dạng, cho đúng vận đơn và gói tin này',
    en: 'The receipt is for this waybill and packet',
  },
  'receipt-seal': {
    vi: 'Biên nhận được token của trạm nhận niêm phong',
    en: "The receipt is sealed by the recipient station's token",
  },
  recipient: {
    vi: 'Danh bạ ghi chứng thư này cho trạm nhận và các đơn vị nhận thuộc trạm đó',
    en: 'The directory lists this certificate for the recipient station, which serves the recipients',
  },
  certificates: {
    vi: 'Các chứng thư kèm theo là chứng thư trong chữ ký',
    en: 'The certificates are those in the signatures',
  },
  sums: { vi: 'Mọi tệp khớp SHA256SUMS', en: 'Every file matches SHA256SUMS' },
}

export interface EvidenceCheck {
  id: EvidenceCheckId
  /** File or station that it is about, '' for the whole. */
  subject: string
  ok: boolean
  /** A sentence for people, with the reason when not ok. */
  vi: string
  en: string
}

/** One agency's verdict in a receipt that verified. Times in ms since 1970. */
export interface ProvenReceipt {
  station: string
  decidedMs: number
  sealedMs: number
  verdicts: { agency: string; name: string; stored: boolean; code: string; detail: string }[]
}

/** What is proven: only statements whose checks have all passed. */
export interface EvidenceFacts {
  docId: string
  kind: 'document' | 'status'
  senderAgency: string
  senderName: string
  senderStation: string
  recipients: string[]
  /** Hex SHA-256 of the packet. */
  packetDigest: string
  packetBytes: number
  createdMs: number
  /** Time of the root statement over the first waybill. */
  sealedMs: number
  receipts: ProvenReceipt[]
  /** Recipients for which the export holds no receipt. */
  withoutReceipt: string[]
  /** Versions of the directory that prove it, oldest first. */
  directoryVersions: number[]
}

export interface EvidenceReport {
  /** Every check has passed. */
  ok: boolean
  checks: EvidenceCheck[]
  /** Undefined unless `ok`. */
  facts: EvidenceFacts | undefined
}

/** Runs checks one after the other; a failed one does not stop the next. */
export class EvidenceChecks {
  readonly done: EvidenceCheck[] = []

  get ok(): boolean {
    return this.done.every((check) => check.ok)
  }

  /** Runs one check: a TramError is its failure. Returns what `run` returned, undefined when it failed. */
  async run<Value>(
    id: EvidenceCheckId,
    subject: string,
    run: () => Value | Promise<Value>,
  ): Promise<Value | undefined> {
    try {
      const value = await run()
      this.done.push({ id, subject, ok: true, ...texts(id, subject, undefined) })
      return value
    } catch (error) {
      if (!(error instanceof TramError)) throw error
      this.done.push({ id, subject, ok: false, ...texts(id, subject, error) })
      return undefined
    }
  }
}

function texts(id: EvidenceCheckId, subject: string, error: TramError | undefined): { vi: string; en: string } {
  const { vi, en } = titles[id]
  const about = subject === '' ? '' : ` (${subject})`
  if (error === undefined) return { vi: `${vi}${about}`, en: `${en}${about}` }
  const { condition } = error
  return { vi: `KHÔNG ĐẠT: ${vi}${about}. ${condition.vi}`, en: `FAILED: ${en}${about}. ${condition.en}` }
}
