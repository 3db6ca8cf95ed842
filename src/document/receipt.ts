// The receipt's form: a verdict for each agency (ETSI EN 319 522 relay acceptance; not the clerk's 03).
// Made by reception, sealed there, checked and kept by the courier of the sender.
import { TramError } from '../base/errors.ts'
import { isAgencyCode } from './agency-code.ts'
import { Receipt } from './schema/receipt.ts'
import { isStationId, maxRecipients } from './waybill.ts'

export type { AgencyVerdict, Receipt } from './schema/receipt.ts'
export { Outcome } from './schema/receipt.ts'

export const maxReceiptBytes = 2 * 1024 * 1024

/** The exact bytes that are sealed and sent. */
export function encodeReceipt(receipt: Receipt): Uint8Array {
  return Receipt.encode(receipt)
}

/**
 * Parses a receipt (attacker-controlled).
 * @throws TramError RECEIPT_INVALID
 */
export function parseReceipt(bytes: Uint8Array): Receipt {
  if (bytes.byteLength > maxReceiptBytes) throw invalid(`${bytes.byteLength} bytes, at most ${maxReceiptBytes}`)
  let receipt: Receipt
  try {
    receipt = Receipt.decode(bytes)
  } catch (error) {
    throw new TramError('RECEIPT_INVALID', { detail: 'not a receipt message' }, { cause: error })
  }
  const problem = problemIn(receipt)
  if (problem !== undefined) throw invalid(problem)
  return receipt
}

const invalid = (detail: string): TramError => new TramError('RECEIPT_INVALID', { detail })

function problemIn(receipt: Receipt): string | undefined {
  if (receipt.version !== 1) return `version ${receipt.version}`
  if (receipt.salt.byteLength !== 32) return 'salt is not 32 bytes'
  if (!isStationId(receipt.station) || !isStationId(receipt.senderStation)) return 'station id'
  if (receipt.waybillDigest.byteLength !== 32) return 'waybill digest is not 32 bytes'
  if (receipt.packetDigest.byteLength !== 32) return 'packet digest is not 32 bytes'
  if (receipt.verdicts.length < 1 || receipt.verdicts.length > maxRecipients) return 'number of verdicts'
  if (!receipt.verdicts.every((verdict) => isAgencyCode(verdict.agency))) return 'agency code'
  if (new Set(receipt.verdicts.map((verdict) => verdict.agency)).size !== receipt.verdicts.length) {
    return 'an agency is named twice'
  }
  if (receipt.verdicts.some((verdict) => verdict.code.length > 64 || verdict.detail.length > 500)) {
    return 'text of a verdict is too long'
  }
  return undefined
}
