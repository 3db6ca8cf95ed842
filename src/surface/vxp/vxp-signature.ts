// The HMAC of a VXP request and its timestamp. vxp-request.ts decides what they mean.
import { createHmac, timingSafeEqual } from 'node:crypto'

const vietnamOffsetMs = 7 * 3_600_000

/**
 * Whether `hashHeader` is the lower-case hex of HMAC-SHA-256(secret, sign-header exactly as sent). Constant time.
 * @param signHeader the header value as Node gives it: one character a byte (latin1)
 */
export function isSignatureOf(secret: string, signHeader: string, hashHeader: string): boolean {
  if (!/^[0-9a-f]{64}$/.test(hashHeader)) return false
  const given = Buffer.from(hashHeader, 'hex')
  const key = Buffer.from(secret, 'utf8')
  const asSent = Buffer.from(signHeader, 'latin1')
  const isAsSent = timingSafeEqual(given, createHmac('sha256', key).update(asSent).digest())
  // The kit signs the UTF-8 bytes of the text but its HTTP library sends each character as one byte: the same thing
  // for ASCII, not for a `filePath` with an accent. Both readings bind the same text, so both are tried.
  const asText = Buffer.from(signHeader, 'utf8')
  if (asText.length === asSent.length) return isAsSent
  return timingSafeEqual(given, createHmac('sha256', key).update(asText).digest()) || isAsSent
}

/**
 * `ddMMyyyy'T'HHmmss+SSSS`, read as Vietnam time whatever the machine's zone: ms since 1970, or null when it is none.
 * The digits after + are milliseconds, not a zone.
 */
export function timestampOf(text: string): number | null {
  const match = /^(\d{2})(\d{2})(\d{4})T(\d{2})(\d{2})(\d{2})\+(\d{1,4})$/.exec(text)
  if (!match) return null
  const [day, month, year, hour, minute, second, millisecond] = match.slice(1).map(Number)
  if (day === undefined || month === undefined || year === undefined || millisecond === undefined) return null
  if (hour === undefined || minute === undefined || second === undefined) return null
  const asUtc = Date.UTC(year, month - 1, day, hour, minute, second)
  const back = new Date(asUtc)
  // Date.UTC rolls over what does not exist (32 January): that is not a timestamp.
  const isReal = back.getUTCDate() === day && back.getUTCMonth() === month - 1 && back.getUTCHours() === hour
  if (!isReal || back.getUTCMinutes() !== minute || back.getUTCSeconds() !== second) return null
  return asUtc + millisecond - vietnamOffsetMs
}
