// The fingerprint of a station, for people: on the sticker, the console, the medium and by telephone it is the same letters.
import { createHash } from 'node:crypto'

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/**
 * SHA-256 of the station's public peer key as base32 (RFC 4648), its first 160 bits in eight groups of four: `ABCD-EFGH-…`. Nobody
 * finds another key with the same 160 bits, and two people can read them to each other.
 * @param publicKey the raw Ed25519 key, 32 bytes
 */
export function peerFingerprint(publicKey: Uint8Array): string {
  const digest = createHash('sha256').update(publicKey).digest().subarray(0, 20)
  const bits = [...digest].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  const letters = (bits.match(/.{5}/g) ?? []).map((five) => alphabet[Number.parseInt(five, 2)]).join('')
  return (letters.match(/.{4}/g) ?? []).join('-')
}
