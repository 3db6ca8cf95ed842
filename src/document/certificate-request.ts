// A certification request (PKCS#10, RFC 2986) for a key that was made on the box: what the authority makes a certificate of. Pure:
// whoever holds the key signs between the two steps.
import { contextTag, derTag } from './der.ts'
import { derElement, derInteger, derOid } from './der-writer.ts'

const commonName = '2.5.4.3'
const ecdsaWithSha256 = '1.2.840.10045.4.3.2'

/**
 * A request of the subject `CN=name` for an EC key.
 * @param publicKey its SubjectPublicKeyInfo, DER
 * @returns what is to be signed with ECDSA over SHA-256, and the whole of it once it is
 */
export function certificateRequest(
  name: string,
  publicKey: Uint8Array,
): { toBeSigned: Uint8Array; finish(signature: Uint8Array): Uint8Array } {
  const text = derElement(derTag.utf8String, Buffer.from(name, 'utf8'))
  const relative = derElement(derTag.set, derElement(derTag.sequence, derOid(commonName), text))
  const toBeSigned = derElement(
    derTag.sequence,
    derInteger(0),
    derElement(derTag.sequence, relative),
    publicKey,
    derElement(contextTag(0)),
  )
  return {
    toBeSigned,
    finish: (signature) =>
      derElement(
        derTag.sequence,
        toBeSigned,
        derElement(derTag.sequence, derOid(ecdsaWithSha256)),
        derElement(derTag.bitString, Uint8Array.of(0), signature),
      ),
  }
}

/** DER as PEM. */
export const pem = (label: string, der: Uint8Array): string =>
  `-----BEGIN ${label}-----\n${(
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  ).join('\n')}\n-----END ${label}-----\n`
