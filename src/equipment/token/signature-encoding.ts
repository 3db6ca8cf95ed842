// What a token is given and what it gives, by scheme: DigestInfo for RSA PKCS#1, a DER SEQUENCE for ECDSA's r‖s.
// Pure; used by pkcs11-token on the way down and up.
import { TramError } from '../../base/errors.ts'
import { derTag } from '../../document/der.ts'
import { derElement } from '../../document/der-writer.ts'
import type { SignatureScheme } from './token.ts'

/** DigestInfo of SHA-256 up to the digest (RFC 8017 §9.2 note 1). */
const sha256DigestInfo = Buffer.from('3031300d060960864801650304020105000420', 'hex')

/** Bytes of the digest that each scheme signs. */
export const digestBytes: Readonly<Record<SignatureScheme, number>> = {
  'rsa-pkcs1-sha256': 32,
  'rsa-pss-sha256': 32,
  'ecdsa-p256-sha256': 32,
  'ecdsa-p384-sha384': 48,
}

/** @throws TramError TOKEN_FAILED when `digest` is not as long as the scheme's hash */
export function assertDigest(scheme: SignatureScheme, digest: Uint8Array): void {
  if (digest.length !== digestBytes[scheme])
    throw new TramError('TOKEN_FAILED', { rv: 'CKR_DATA_LEN_RANGE', operation: `C_Sign (${digest.length} bytes)` })
}

/** What C_Sign is given for `digest`. */
export function signInput(scheme: SignatureScheme, digest: Uint8Array): Buffer {
  return scheme === 'rsa-pkcs1-sha256' ? Buffer.concat([sha256DigestInfo, digest]) : Buffer.from(digest)
}

/**
 * What C_Sign gave, as the world wants it: RSA as it is, ECDSA as SEQUENCE { r, s } (RFC 3279 §2.2.3).
 * @param signature attacker-controlled as far as the token is
 * @throws TramError TOKEN_FAILED when an ECDSA signature is not two numbers of the curve's size
 */
export function signOutput(scheme: SignatureScheme, signature: Uint8Array): Uint8Array {
  if (scheme === 'rsa-pkcs1-sha256' || scheme === 'rsa-pss-sha256') return signature
  const half = digestBytes[scheme]
  if (signature.length !== 2 * half)
    throw new TramError('TOKEN_FAILED', { rv: 'CKR_SIGNATURE_LEN_RANGE', operation: 'C_Sign' })
  return derElement(derTag.sequence, unsigned(signature.subarray(0, half)), unsigned(signature.subarray(half)))
}

/** A big-endian number as a DER INTEGER: no leading zeros but the one that keeps it positive (X.690 §8.3). */
function unsigned(bigEndian: Uint8Array): Uint8Array {
  let start = 0
  while (start < bigEndian.length - 1 && bigEndian[start] === 0) start += 1
  const digits = bigEndian.subarray(start)
  return (digits[0] ?? 0) >= 0x80
    ? derElement(derTag.integer, Uint8Array.of(0), digits)
    : derElement(derTag.integer, digits)
}
