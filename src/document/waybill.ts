// The waybill's form: encoding once, parsing with bounds. Made by intake, sealed by the sealer, checked by reception.
import { TramError } from '../base/errors.ts'
import { isAgencyCode } from './agency-code.ts'
import { Waybill } from './schema/waybill.ts'

export type { Waybill } from './schema/waybill.ts'

/** Bytes of an encoded waybill: 4,096 recipients and 8,192 chunks fit. */
export const maxWaybillBytes = 512 * 1024
export const maxRecipients = 4096
const maxChunks = 8192
const minChunkBytes = 64 * 1024
const maxChunkBytes = 16 * 1024 * 1024

/** Station ids: what a directory, a certificate's CN and an MQTT topic can all carry. */
export function isStationId(text: string): boolean {
  return /^[a-z0-9-]{1,32}$/.test(text)
}

/** The exact bytes that are sealed and sent. Encoded once; nobody encodes a waybill again. */
export function encodeWaybill(waybill: Waybill): Uint8Array {
  return Waybill.encode(waybill)
}

/**
 * Parses a waybill (attacker-controlled) and checks every bound that does not need a directory.
 * @throws TramError WAYBILL_INVALID
 */
export function parseWaybill(bytes: Uint8Array): Waybill {
  if (bytes.byteLength > maxWaybillBytes) throw invalid(`${bytes.byteLength} bytes, at most ${maxWaybillBytes}`)
  let waybill: Waybill
  try {
    waybill = Waybill.decode(bytes)
  } catch (error) {
    throw new TramError('WAYBILL_INVALID', { detail: 'not a waybill message' }, { cause: error })
  }
  const problem = problemIn(waybill)
  if (problem !== undefined) throw invalid(problem)
  return waybill
}

const invalid = (detail: string): TramError => new TramError('WAYBILL_INVALID', { detail })

function problemIn(waybill: Waybill): string | undefined {
  if (waybill.version !== 1) return `version ${waybill.version}`
  if (waybill.salt.byteLength !== 32) return 'salt is not 32 bytes'
  if (waybill.priority > 4) return `priority ${waybill.priority}`
  if (!isStationId(waybill.station)) return 'station id'
  if (waybill.generation < 1) return 'generation below 1'
  if (!isAgencyCode(waybill.senderAgency)) return 'sender agency code'
  if (waybill.recipients.length < 1 || waybill.recipients.length > maxRecipients) return 'number of recipients'
  if (!waybill.recipients.every(isAgencyCode)) return 'recipient agency code'
  if (new Set(waybill.recipients).size !== waybill.recipients.length) return 'a recipient is named twice'
  if (waybill.packetDigest.byteLength !== 32) return 'packet digest is not 32 bytes'
  if (waybill.contentEncoding !== '')
    return `content encoding "${waybill.contentEncoding.slice(0, 20)}" is not supported`
  if (!isTime(waybill.created) || !isTime(waybill.notAfter) || waybill.notAfter <= waybill.created) return 'times'
  return problemInChunks(waybill)
}

function problemInChunks({ packetSize, chunkSize, chunkDigests }: Waybill): string | undefined {
  if (!Number.isSafeInteger(packetSize) || packetSize < 1) return 'packet size'
  if (chunkSize < minChunkBytes || chunkSize > maxChunkBytes) return 'chunk size'
  if (chunkDigests.length > maxChunks || chunkDigests.length !== Math.ceil(packetSize / chunkSize)) {
    return 'number of chunk digests'
  }
  return chunkDigests.every((digest) => digest.byteLength === 32) ? undefined : 'a chunk digest is not 32 bytes'
}

// Until the year 5138: anything later is not a time that a station wrote.
const isTime = (ms: number): boolean => Number.isSafeInteger(ms) && ms > 0 && ms < 1e14
