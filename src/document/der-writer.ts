// DER (X.690): a small writer, for what a token signs. der.ts beside it reads, and takes nothing that this would not write.
import { derTag, generalizedTimeText } from './der.ts'

/** One element: `tag`, the length of all `parts` together, the parts. */
export function derElement(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0
  for (const part of parts) length += part.length
  let lengthOctets = 0
  if (length >= 0x80) for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) lengthOctets++
  const bytes = new Uint8Array(2 + lengthOctets + length)
  bytes[0] = tag
  bytes[1] = lengthOctets === 0 ? length : 0x80 | lengthOctets
  for (let at = 1 + lengthOctets, rest = length; at > 1; at--, rest = Math.floor(rest / 256)) bytes[at] = rest & 0xff
  let at = 2 + lengthOctets
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

/** A SET OF in DER order (X.690 §11.6). No element's encoding begins another's, so plain order is enough. */
export function derSetOf(tag: number, elements: readonly Uint8Array[]): Uint8Array {
  return derElement(tag, ...[...elements].sort(Buffer.compare))
}

/** A non-negative INTEGER below 2^47. */
export function derInteger(value: number): Uint8Array {
  const octets: number[] = []
  let rest = value
  do {
    octets.unshift(rest % 256)
    rest = Math.floor(rest / 256)
  } while (rest > 0)
  if ((octets[0] ?? 0) >= 0x80) octets.unshift(0)
  return derElement(derTag.integer, Uint8Array.from(octets))
}

/** An OBJECT IDENTIFIER from dotted text whose arcs fit 31 bits. */
export function derOid(dotted: string): Uint8Array {
  const [first = 0, second = 0, ...others] = dotted.split('.').map(Number)
  const octets: number[] = []
  for (const arc of [first * 40 + second, ...others]) {
    const groups = [arc & 0x7f]
    for (let rest = arc >>> 7; rest > 0; rest >>>= 7) groups.unshift(0x80 | (rest & 0x7f))
    octets.push(...groups)
  }
  return derElement(derTag.oid, Uint8Array.from(octets))
}

/** A time to the second: UTCTime from 1950 to 2049, else GeneralizedTime (RFC 5652 §11.3). */
export function derTime(timeMs: number): Uint8Array {
  const text = generalizedTimeText(timeMs)
  const isUtcTime = text >= '19500101000000Z' && text < '20500101000000Z'
  return isUtcTime
    ? derElement(derTag.utcTime, Buffer.from(text.slice(2), 'latin1'))
    : derElement(derTag.generalizedTime, Buffer.from(text, 'latin1'))
}
