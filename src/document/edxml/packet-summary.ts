// What the station needs to know of a packet, as edxml-reader found it. Intake routes and records by it, reception
// compares it with the waybill, `secrecy` looks for marks in it. Every string is attacker-controlled text.

/** A From or To; '' where the packet says nothing. */
export interface PartyInfo {
  organId: string
  organizationInCharge: string
  organName: string
  organAdd: string
  email: string
  telephone: string
  fax: string
  website: string
}

/** The document that a packet answers. */
export interface ResponseForInfo {
  organId: string
  /** Number and notation in one string, `7816/VPCP-TTĐT`. */
  code: string
  promulgationDate: string
  documentId: string
}

/** Whom to ask about a document or status. */
export interface StaffInfo {
  department: string
  staff: string
  email: string
  mobile: string
}

/** One document that a replacing packet replaces, and the agencies concerned. */
export interface ReplacementInfo {
  documentId: string
  organIds: string[]
}

export interface BusinessInfo {
  /** '0' new, '1' recall, '2' update, '3' replace, '' when the packet has none. Other values come with a warning. */
  docType: string
  /** For an update: DocumentId of the original. */
  documentId: string
  reason: string
  replaces: ReplacementInfo[]
}

export interface AttachmentInfo {
  /** As the attachment writes it, usually `cid:…`. */
  contentId: string
  name: string
  /** AttachmentName of the manifest's reference; it may differ from `name`. */
  manifestName: string
  contentType: string
  description: string
  /** Size of what travels: of the zip when `zipped`. */
  decodedBytes: number
  /** The content starts as a zip archive does (PK 03 04), whatever its type and name say. */
  zipped: boolean
}

/** Something odd that does not keep the packet from being sent. */
export interface PacketWarning {
  field: string
  line: number
  detail: string
}

export interface PacketSummary {
  kind: 'document' | 'status'
  from: PartyInfo
  /** Distinct by organId, in order of appearance. */
  to: PartyInfo[]
  documentId: string
  codeNumber: string
  codeNotation: string
  /** yyyy/MM/dd; another form comes with a warning */
  promulgationDate: string
  promulgationPlace: string
  documentType: { type: string; typeDetail: string; typeName: string }
  subject: string
  content: string
  signer: { competence: string; position: string; fullName: string }
  dueDate: string
  /** 0 thường, 1 khẩn, 2 thượng khẩn, 3 hỏa tốc, 4 hỏa tốc hẹn giờ; 0 when missing or (with a warning) unknown. */
  priority: number
  sphereOfPromulgation: string
  steeringType: string
  business: BusinessInfo
  responseFor: ResponseForInfo[]
  statusCode: string
  statusDescription: string
  /** Of a status its Timestamp, of a document that of the first TraceHeader; yyyy/MM/dd HH:mm:ss. */
  timestamp: string
  staff: StaffInfo
  attachments: AttachmentInfo[]
  hasSignature: boolean
  warnings: PacketWarning[]
}
