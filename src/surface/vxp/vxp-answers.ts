// The JSON answers of the VXP interface: three keys that the kit reads by name and case, and what each operation needs
// besides them even when it fails. vxp-reply.ts sends them.
import type { ConditionCode } from '../../base/conditions/catalogue.ts'
import type { TramError } from '../../base/errors.ts'

/** Every answer has these; numbers are JSON strings because the kit reads them as text. */
export interface VxpAnswer {
  status: 'OK' | 'FAIL'
  ErrorCode: string
  ErrorDesc: string
  [field: string]: unknown
}

/** ErrorDesc of success. */
export const successText = 'Thành công'

/** A successful answer with the fields of its operation. */
export function okAnswer(fields: Readonly<Record<string, unknown>> = {}): VxpAnswer {
  return { status: 'OK', ErrorCode: '0', ErrorDesc: successText, ...fields }
}

/** The numbers that provincial clients know. */
type ErrorNumber = '10' | '15' | '18' | '19' | '20' | '21' | '22' | '23'

const badFile = '10'
const credentials = '15'
const receiverUnknown = '18'
const senderNotRegistered = '19'
const system = '20'
const fileProcessing = '21'
const badEdxml = '22'

/** Conditions whose Vietnamese text may leave the station, and their number. All others are `system`, without detail. */
const publicConditions: Partial<Record<ConditionCode, ErrorNumber>> = {
  CREDENTIALS_REFUSED: credentials,
  SENDER_NOT_ALLOWED: senderNotRegistered,
  SENDER_MISMATCH: senderNotRegistered,
  RECIPIENT_UNKNOWN: receiverUnknown,
  AGENCY_NOT_OWN: senderNotRegistered,
  AGENCY_CHANGE_REFUSED: system,
  REQUEST_INVALID: system,
  DOCUMENT_UNKNOWN: fileProcessing,
  PACKET_MISSING: fileProcessing,
  INTAKE_CLOSED: system,
  UPS_BATTERY_LOW: system,
  OVERLOADED: system,
  DIRECTORY_MISSING: system,
  DIRECTORY_REPLACED: system,
  PACKET_MALFORMED: badEdxml,
  PACKET_FORBIDDEN_CONSTRUCT: badEdxml,
  PACKET_LIMIT_EXCEEDED: badEdxml,
  PACKET_FIELD_MISSING: badEdxml,
  PACKET_FIELD_INVALID: badEdxml,
  PACKET_ATTACHMENT_INVALID: badEdxml,
  PACKET_STATE_SECRET: badEdxml,
  PACKET_HASH_MISMATCH: badFile,
  PACKET_TOO_LARGE: badFile,
  PACKET_TRUNCATED: badFile,
  PACKET_TOO_SLOW: badFile,
}

/** Fields that are wrong in the file itself rather than in a parameter. */
const fileFields: ReadonlySet<string | number | undefined> = new Set(['file_doc', 'hash-file'])

/** The provincial error number of `error`. */
export function errorNumberOf(error: TramError): ErrorNumber {
  if (error.code === 'REQUEST_INVALID' && fileFields.has(error.data.field)) return badFile
  return publicConditions[error.code] ?? system
}

/** Whether the texts of `error` say nothing about the inside of the station. */
export function isPublic(error: TramError): boolean {
  return publicConditions[error.code] !== undefined
}

/**
 * The FAIL answer for `error`: Vietnamese text and condition code. Other conditions than the public ones show their
 * code and `incident` only, under which the log has the rest.
 */
export function failAnswer(error: TramError, operation: string, incident: string): VxpAnswer {
  const answer: VxpAnswer = {
    status: 'FAIL',
    ErrorCode: errorNumberOf(error),
    ErrorDesc: descriptionOf(error, incident),
    ...failFields(operation),
  }
  return answer
}

function descriptionOf(error: TramError, incident: string): string {
  // The axis answers this one text and clients look for it: nothing is added.
  if (error.code === 'SENDER_NOT_ALLOWED') return error.condition.vi
  if (isPublic(error)) return `${error.condition.vi} (${error.code})`
  if (error.code === 'DISK_FULL') return 'Trạm không đủ chỗ trống, gửi lại sau (DISK_FULL)'
  return `Lỗi hệ thống, xem nhật ký của trạm: ${incident} (${error.code})`
}

const listOperations: ReadonlySet<string> = new Set([
  'getReceivedEdocList',
  'getSentEdocList',
  'getAgenciesList',
  'getAgenciesListQD20',
  'getSynchronizeUnit',
])

/** What kits read without looking at `status` first: a missing `data` or `DocId` makes them throw. */
function failFields(operation: string): Record<string, unknown> {
  if (listOperations.has(operation)) return { data: [] }
  if (operation === 'sendEdoc') return { DocId: '' }
  if (operation === 'getEdoc') return { data: '' }
  return {}
}
