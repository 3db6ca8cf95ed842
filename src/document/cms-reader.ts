// Reads the structure of a CMS (RFC 5652) in the one shape that cms.ts accepts. Nothing is verified here.
// Every optional part that nobody's signature would cover is refused: revocation lists, unsigned attributes, a second signer.
import { TramError } from '../base/errors.ts'
import { maxExtraCertificates } from './certificate-path.ts'
import { contextTag, DerReader, derTag, equalBytes } from './der.ts'
import { derTime } from './der-writer.ts'
import { type HashName, readHashAlgorithm } from './signature-algorithm.ts'

const maxSignatureBytes = 1024
const maxSignedAttributes = 8

/** RFC 5652 §3, §11; RFC 5035 §3; RFC 8551 §2.5.2; RFC 3370 §3.2. */
export const cmsOid = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  smimeCapabilities: '1.2.840.113549.1.9.15',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  rsaEncryption: '1.2.840.113549.1.1.1',
} as const

export interface SignerInfo {
  /** Raw DER Name, and the content of the INTEGER. */
  issuer: Uint8Array
  serialNumber: Uint8Array
  digestAlgorithm: string | undefined
  /** With the [0] header. */
  attributes: Uint8Array
  /** DER AlgorithmIdentifier. */
  signatureAlgorithm: Uint8Array
  signature: Uint8Array
}

/**
 * ContentInfo and SignedData, RFC 5652 §3 and §5.1. Version 1: id-data, X.509 certificates only, signer by issuer and serial.
 * @throws TramError DER_MALFORMED, SEAL_INVALID
 */
export function readSignedData(cms: Uint8Array): {
  digestAlgorithm: string | undefined
  content: Uint8Array
  certificates: Uint8Array[]
  signerInfo: SignerInfo
} {
  const outer = new DerReader(cms)
  const contentInfo = outer.enter(derTag.sequence)
  outer.end()
  expectOid(contentInfo, cmsOid.signedData)
  const explicit = contentInfo.enter(contextTag(0))
  contentInfo.end()
  const signedData = explicit.enter(derTag.sequence)
  explicit.end()

  if (signedData.integer() !== 1) throw invalid('CMS version is not 1')
  const digestAlgorithms = signedData.enter(derTag.set)
  const digestAlgorithm = readHashAlgorithm(digestAlgorithms)
  digestAlgorithms.end()
  const encapsulated = signedData.enter(derTag.sequence)
  expectOid(encapsulated, cmsOid.data)
  const attached = encapsulated.enter(contextTag(0))
  encapsulated.end()
  const content = attached.content(derTag.octetString)
  attached.end()
  const certificates = signedData.setOf(contextTag(0), maxExtraCertificates + 1)
  const signerInfos = signedData.enter(derTag.set)
  signedData.end()
  const signerInfo = readSignerInfo(signerInfos)
  signerInfos.end()
  return { digestAlgorithm, content, certificates, signerInfo }
}

/** RFC 5652 §5.3. `end` refuses unsigned attributes: they would be bytes that nobody vouches for. */
function readSignerInfo(signerInfos: DerReader): SignerInfo {
  const info = signerInfos.enter(derTag.sequence)
  if (info.integer() !== 1) throw invalid('SignerInfo version is not 1')
  const identifier = info.enter(derTag.sequence)
  const issuer = identifier.element(derTag.sequence)
  const serialNumber = identifier.integerBytes()
  identifier.end()
  const digestAlgorithm = readHashAlgorithm(info)
  const attributes = info.element(contextTag(0))
  const signatureAlgorithm = info.element(derTag.sequence)
  const signature = info.content(derTag.octetString)
  info.end()
  if (signature.length > maxSignatureBytes) throw invalid('the signature is too long')
  return { issuer, serialNumber, digestAlgorithm, attributes, signatureAlgorithm, signature }
}

export interface SignedAttributes {
  messageDigest: Uint8Array
  /** Of the signer's certificate. */
  certificateHash: { algorithm: HashName; value: Uint8Array }
  signingTimeMs: number
}

/**
 * The signed attributes in their [0] (RFC 5652 §11, RFC 5035 §3): each once, with one value.
 * @throws TramError DER_MALFORMED, SEAL_INVALID
 */
export function readSignedAttributes(set: Uint8Array): SignedAttributes {
  const found: Partial<SignedAttributes> & { hasContentType?: boolean } = {}
  const seen = new Set<string>()
  for (const element of new DerReader(set).setOf(contextTag(0), maxSignedAttributes)) {
    const attributeReader = new DerReader(element).enter(derTag.sequence)
    const type = attributeReader.oid()
    const value = attributeReader.enter(derTag.set)
    attributeReader.end()
    if (seen.has(type)) throw invalid('a signed attribute is repeated')
    seen.add(type)
    switch (type) {
      case cmsOid.contentType:
        expectOid(value, cmsOid.data)
        found.hasContentType = true
        break
      case cmsOid.messageDigest:
        found.messageDigest = value.content(derTag.octetString)
        break
      case cmsOid.signingTime: {
        const encoded = value.element()
        found.signingTimeMs = new DerReader(encoded).timeMs()
        if (!equalBytes(encoded, derTime(found.signingTimeMs))) throw invalid('signing-time has the wrong type')
        break
      }
      case cmsOid.signingCertificateV2:
        found.certificateHash = readSigningCertificate(value)
        break
      case cmsOid.smimeCapabilities:
        // openssl writes it by default; it says what its signer can decrypt, nothing about this signature.
        value.element(derTag.sequence)
        break
      default:
        throw invalid(`signed attribute ${type} is not known`)
    }
    value.end()
  }
  const { messageDigest, certificateHash, signingTimeMs, hasContentType } = found
  if (
    messageDigest === undefined ||
    certificateHash === undefined ||
    signingTimeMs === undefined ||
    hasContentType !== true
  ) {
    throw invalid('a signed attribute is missing')
  }
  return { messageDigest, certificateHash, signingTimeMs }
}

/**
 * SigningCertificateV2 with one ESSCertIDv2. Its issuerSerial is a hint (EN 319 122-1 §5.2.2), under the signature.
 * SHA-256 is the default and so not written in DER; openssl takes the hash of the signature, SHA-384 with P-384.
 */
function readSigningCertificate(value: DerReader): { algorithm: HashName; value: Uint8Array } {
  const signingCertificate = value.enter(derTag.sequence)
  const identifiers = signingCertificate.enter(derTag.sequence)
  signingCertificate.end()
  const identifier = identifiers.enter(derTag.sequence)
  identifiers.end()
  const named = identifier.nextTag === derTag.sequence ? readHashAlgorithm(identifier) : 'sha256'
  const certificateHash = identifier.content(derTag.octetString)
  identifier.enterOptional(derTag.sequence)
  identifier.end()
  if (named === undefined) throw invalid('the signing certificate is named by a hash that is not accepted')
  return { algorithm: named, value: certificateHash }
}

function expectOid(reader: DerReader, expected: string): void {
  const found = reader.oid()
  if (found !== expected) throw invalid(`object ${found} instead of ${expected}`)
}

function invalid(detail: string): TramError {
  return new TramError('SEAL_INVALID', { detail })
}
