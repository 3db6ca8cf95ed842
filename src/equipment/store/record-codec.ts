// How a record's value lies in LevelDB: CRC-32C (4 bytes, big-endian), value format (1 byte), payload. LevelDB keeps
// checksums of its own, but classic-level offers no way to have them checked on reading. Used by level-store.ts.
import { TramError } from '../../base/errors.ts'
import { crc32c } from './crc32c.ts'

const valueFormat = 1
/** Before the payload. */
export const headerBytes = 5

/**
 * `payload` as stored under `key`: a copy, so the caller may reuse its buffer at once. The CRC covers key, format and
 * payload: a value that turns up under another key is damage too.
 */
export function encodeRecord(key: string, payload: Uint8Array): Buffer {
  const stored = Buffer.allocUnsafe(headerBytes + payload.length)
  stored[4] = valueFormat
  stored.set(payload, headerBytes)
  stored.writeUInt32BE(crc32c(stored.subarray(4), crc32c(Buffer.from(key))), 0)
  return stored
}

/**
 * The payload of `stored` (a view of it, not a copy).
 * @throws TramError STORE_DAMAGED when it is too short, the checksum is wrong or the format is unknown
 */
export function decodeRecord(key: string, stored: Uint8Array): Uint8Array {
  const detail = recordDamage(Buffer.from(key), stored)
  if (detail) throw new TramError('STORE_DAMAGED', { place: key, detail })
  return payloadOf(stored)
}

/** The payload of a stored value that is known to be whole (a view of it, not a copy). */
export function payloadOf(stored: Uint8Array): Uint8Array {
  return stored.subarray(headerBytes)
}

/** What is wrong with the record `stored` under the raw `key`, or undefined when it is whole. */
export function recordDamage(key: Uint8Array, stored: Uint8Array): string | undefined {
  if (stored.length < headerBytes) return `value of ${stored.length} bytes`
  const expected = new DataView(stored.buffer, stored.byteOffset).getUint32(0)
  if (crc32c(stored.subarray(4), crc32c(key)) !== expected) return 'checksum does not match'
  if (stored[4] !== valueFormat) return `value format ${stored[4]}`
  return undefined
}
