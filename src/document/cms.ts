// CMS SignedData (RFC 5652) as CAdES-B-B (ETSI EN 319 122-1): what a token signs, and whether such a signature holds.
// seal.ts puts root statements in it, the directory and the descriptor their own content. Trust is certificate-path.ts.
// Exactly one encoding is accepted, so that no byte of a proof can be altered; what `openssl cms -sign -cades` writes is in it.
import { hash } from 'node:crypto'
import { TramError, type Verdict, verdictOf } from '../base/errors.ts'
import { type Certificate, maxCertificateBytes, parseCertificate } from './certificate.ts'
import { maxExtraCertificates } from './certificate-path.ts'
import { contextTag, DerReader, derElement, derInteger, derOid, derSetOf, derTag, derTime, equalBytes } from './der.ts'
import {
  isSignatureValid,
  readHashAlgorithm,
  readSignatureAlgorithm,
  type SignatureAlgorithm,
  weaknessOfKey,
} from './signature-algorithm.ts'

/** How a token signs, and with it hash, padding and curve. */
export type SignatureScheme = 'rsa-pkcs1-sha256' | 'rsa-pss-sha256' | 'ecdsa-p256-sha256' | 'ecdsa-p384-sha384'

/** A signature that was verified; whom to trust for it was not. Byte fields are views of the input. */
export interface VerifiedCms {
  content: Uint8Array
  /** DER of the certificate that signed. */
  certificate: Uint8Array
  /** DER of all certificates that came along, the signer's too. */
  certificates: Uint8Array[]
  /** Milliseconds since 1970, whole seconds. */
  signingTimeMs: number
  scheme: SignatureScheme
}

/** A signed directory is the largest content. */
const maxCmsBytes = 32 * 1024 * 1024
const maxSignatureBytes = 1024
const maxSignedAttributes = 8

const oid = {
  data: '1.2.840.113549.1.7.1',
  signedData: '1.2.840.113549.1.7.2',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingTime: '1.2.840.113549.1.9.5',
  smimeCapabilities: '1.2.840.113549.1.9.15',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  rsaEncryption: '1.2.840.113549.1.1.1',
} as const

interface SchemeRule {
  hash: 'sha256' | 'sha384'
  /** DER AlgorithmIdentifiers as we write them. */
  digestAlgorithm: Uint8Array
  signatureAlgorithm: Uint8Array
  verification: SignatureAlgorithm
  /** Whether a key can sign so. */
  fits(key: Certificate['publicKey']): boolean
}

const derNull = derElement(derTag.null)
const sequence = (...parts: readonly Uint8Array[]): Uint8Array => derElement(derTag.sequence, ...parts)
const sha256Algorithm = sequence(derOid('2.16.840.1.101.3.4.2.1'))
const sha384Algorithm = sequence(derOid('2.16.840.1.101.3.4.2.2'))
/** Inside RSA-PSS parameters the hash carries NULL (RFC 4055 §2.1). */
const sha256WithNull = sequence(derOid('2.16.840.1.101.3.4.2.1'), derNull)

const schemes: Record<SignatureScheme, SchemeRule> = {
  'rsa-pkcs1-sha256': {
    hash: 'sha256',
    digestAlgorithm: sha256Algorithm,
    // RFC 5754 §3.2: everyone reads rsaEncryption here. sha256WithRSAEncryption would be a second spelling of the same,
    // one byte away and outside the signature: not accepted.
    signatureAlgorithm: sequence(derOid(oid.rsaEncryption), derNull),
    verification: { kind: 'rsa-pkcs1', hash: 'sha256' },
    fits: (key) => key.kind === 'rsa',
  },
  'rsa-pss-sha256': {
    hash: 'sha256',
    digestAlgorithm: sha256Algorithm,
    signatureAlgorithm: sequence(
      derOid('1.2.840.113549.1.1.10'),
      sequence(
        derElement(contextTag(0), sha256WithNull),
        derElement(contextTag(1), sequence(derOid('1.2.840.113549.1.1.8'), sha256WithNull)),
        derElement(contextTag(2), derInteger(32)),
      ),
    ),
    verification: { kind: 'rsa-pss', hash: 'sha256', saltBytes: 32 },
    fits: (key) => key.kind === 'rsa',
  },
  'ecdsa-p256-sha256': {
    hash: 'sha256',
    digestAlgorithm: sha256Algorithm,
    signatureAlgorithm: sequence(derOid('1.2.840.10045.4.3.2')),
    verification: { kind: 'ecdsa', hash: 'sha256' },
    fits: (key) => key.kind === 'ec' && key.curve === 'P-256',
  },
  'ecdsa-p384-sha384': {
    hash: 'sha384',
    digestAlgorithm: sha384Algorithm,
    signatureAlgorithm: sequence(derOid('1.2.840.10045.4.3.3')),
    verification: { kind: 'ecdsa', hash: 'sha384' },
    fits: (key) => key.kind === 'ec' && key.curve === 'P-384',
  },
}

const versionOne = derInteger(1)
const dataOid = derOid(oid.data)
const signedDataOid = derOid(oid.signedData)
const attribute = (type: string, value: Uint8Array): Uint8Array => sequence(derOid(type), derElement(derTag.set, value))
const contentTypeAttribute = attribute(oid.contentType, dataOid)

/**
 * Prepares a signature over `content`, which is attached. `digest` goes to the token, its answer to `finish`.
 * @param input.certificate DER of the token's certificate; `chain`: DER of the intermediates, in any order.
 * @param input.signingTimeMs milliseconds since 1970, written in whole seconds.
 * @returns `digest` of 32 or 48 bytes by scheme; `finish` takes RSA as the token gave it, ECDSA as DER SEQUENCE.
 * @throws TramError DER_MALFORMED, CERTIFICATE_UNUSABLE when the certificate's key is too weak or not of this scheme
 */
export function prepareCms(input: {
  content: Uint8Array
  scheme: SignatureScheme
  certificate: Uint8Array
  chain: readonly Uint8Array[]
  signingTimeMs: number
}): { digest: Uint8Array; finish(signature: Uint8Array): Uint8Array } {
  const rule = schemes[input.scheme]
  const signer = parseCertificate(input.certificate)
  assertSignerKey(signer, input.scheme)
  const attributes = [
    contentTypeAttribute,
    attribute(oid.signingTime, derTime(input.signingTimeMs)),
    attribute(oid.messageDigest, derElement(derTag.octetString, hash(rule.hash, input.content, 'buffer'))),
    // ESS signing-certificate-v2 (RFC 5035 §3): one ESSCertIDv2, whose hash algorithm is the default, SHA-256.
    attribute(
      oid.signingCertificateV2,
      sequence(sequence(sequence(derElement(derTag.octetString, hash('sha256', input.certificate, 'buffer'))))),
    ),
  ]
  // RFC 5652 §5.4: the digest is over the SET OF, not over the [0] that stands in the message.
  const signedAttributes = derSetOf(derTag.set, attributes)
  const finish = (signature: Uint8Array): Uint8Array => {
    const messageAttributes = Uint8Array.from(signedAttributes)
    messageAttributes[0] = contextTag(0)
    const signerInfo = sequence(
      versionOne,
      sequence(signer.issuer, derElement(derTag.integer, signer.serialNumber)),
      rule.digestAlgorithm,
      messageAttributes,
      rule.signatureAlgorithm,
      derElement(derTag.octetString, signature),
    )
    return sequence(
      signedDataOid,
      derElement(
        contextTag(0),
        sequence(
          versionOne,
          derElement(derTag.set, rule.digestAlgorithm),
          sequence(dataOid, derElement(contextTag(0), derElement(derTag.octetString, input.content))),
          derSetOf(contextTag(0), withoutRepeats([input.certificate, ...input.chain])),
          derElement(derTag.set, signerInfo),
        ),
      ),
    )
  }
  return { digest: hash(rule.hash, signedAttributes, 'buffer'), finish }
}

function withoutRepeats(certificates: readonly Uint8Array[]): Uint8Array[] {
  return certificates.filter((one, index) => certificates.findIndex((other) => equalBytes(one, other)) === index)
}

/**
 * Verifies structure, signed attributes and signature of a CMS (attacker-controlled), not whether its signer is trusted.
 * One signer, id-data attached, DER throughout; signed attributes contentType, messageDigest, signing-time and ESS
 * signing-certificate-v2 (S/MIME capabilities are passed over); nothing unsigned beside the certificates, at most 17.
 * @returns DER_MALFORMED, CERTIFICATE_UNUSABLE or SEAL_INVALID when it does not hold.
 */
export function verifyCms(cms: Uint8Array): Verdict<VerifiedCms> {
  return verdictOf(() => {
    if (cms.length > maxCmsBytes) throw invalid(`CMS longer than ${maxCmsBytes} bytes`)
    const message = readSignedData(cms)
    const { signerInfo } = message
    const signer = signerAmong(message.certificates, signerInfo)
    const scheme = schemeOf(signerInfo)
    const rule = schemes[scheme]
    if (message.digestAlgorithm !== rule.hash) throw invalid('it names two digest algorithms')
    assertSignerKey(signer, scheme)
    const attributes = readSignedAttributes(signerInfo.attributes)
    if (!equalBytes(attributes.messageDigest, hash(rule.hash, message.content, 'buffer'))) {
      throw invalid('the content is not what was signed')
    }
    if (!equalBytes(attributes.certificateSha256, hash('sha256', signer.der, 'buffer'))) {
      throw invalid('another certificate signed')
    }
    const signedBytes = Uint8Array.from(signerInfo.attributes)
    signedBytes[0] = derTag.set
    if (!isSignatureValid(signer.publicKey, rule.verification, signedBytes, signerInfo.signature)) {
      throw invalid('the signature does not verify')
    }
    return {
      content: message.content,
      certificate: signer.der,
      certificates: message.certificates,
      signingTimeMs: attributes.signingTimeMs,
      scheme,
    }
  })
}

interface SignerInfo {
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

/** ContentInfo and SignedData, RFC 5652 §3 and §5.1. Version 1: id-data, X.509 certificates only, signer by issuer and serial. */
function readSignedData(cms: Uint8Array): {
  digestAlgorithm: string | undefined
  content: Uint8Array
  certificates: Uint8Array[]
  signerInfo: SignerInfo
} {
  const outer = new DerReader(cms)
  const contentInfo = outer.enter(derTag.sequence)
  outer.end()
  expectOid(contentInfo, oid.signedData)
  const explicit = contentInfo.enter(contextTag(0))
  contentInfo.end()
  const signedData = explicit.enter(derTag.sequence)
  explicit.end()

  if (signedData.integer() !== 1) throw invalid('CMS version is not 1')
  const digestAlgorithms = signedData.enter(derTag.set)
  const digestAlgorithm = readHashAlgorithm(digestAlgorithms)
  digestAlgorithms.end()
  const encapsulated = signedData.enter(derTag.sequence)
  expectOid(encapsulated, oid.data)
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

function signerAmong(certificates: readonly Uint8Array[], signer: SignerInfo): Certificate {
  if (certificates.some((certificate) => certificate.length > maxCertificateBytes)) {
    throw invalid('a certificate is too long')
  }
  // All are parsed, not only the signer's: nothing malformed travels along.
  const matching = certificates
    .map(parseCertificate)
    .filter(
      (certificate) =>
        equalBytes(certificate.issuer, signer.issuer) && equalBytes(certificate.serialNumber, signer.serialNumber),
    )
  const [certificate] = matching
  if (certificate === undefined || matching.length > 1) throw invalid('the signing certificate is not included')
  return certificate
}

function schemeOf(signer: SignerInfo): SignatureScheme {
  for (const scheme of ['rsa-pkcs1-sha256', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384'] as const) {
    const rule = schemes[scheme]
    if (equalBytes(signer.signatureAlgorithm, rule.signatureAlgorithm) && signer.digestAlgorithm === rule.hash) {
      return scheme
    }
  }
  const algorithm = readSignatureAlgorithm(new DerReader(signer.signatureAlgorithm))
  const isPss = algorithm.kind === 'rsa-pss' && algorithm.hash === 'sha256' && algorithm.saltBytes === 32
  if (isPss && signer.digestAlgorithm === 'sha256') return 'rsa-pss-sha256'
  throw invalid('the signature algorithm is not one of ours')
}

function assertSignerKey(signer: Certificate, scheme: SignatureScheme): void {
  const weakness =
    weaknessOfKey(signer.publicKey) ??
    (schemes[scheme].fits(signer.publicKey) ? undefined : `its key is not for ${scheme}`)
  if (weakness === undefined) return
  throw new TramError('CERTIFICATE_UNUSABLE', { subject: signer.subjectText, detail: weakness })
}

interface SignedAttributes {
  messageDigest: Uint8Array
  certificateSha256: Uint8Array
  signingTimeMs: number
}

/** RFC 5652 §11, RFC 5035 §3: each attribute once, with one value. */
function readSignedAttributes(set: Uint8Array): SignedAttributes {
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
      case oid.contentType:
        expectOid(value, oid.data)
        found.hasContentType = true
        break
      case oid.messageDigest:
        found.messageDigest = value.content(derTag.octetString)
        break
      case oid.signingTime: {
        const encoded = value.element()
        found.signingTimeMs = new DerReader(encoded).timeMs()
        if (!equalBytes(encoded, derTime(found.signingTimeMs))) throw invalid('signing-time has the wrong type')
        break
      }
      case oid.signingCertificateV2:
        found.certificateSha256 = readSigningCertificate(value)
        break
      case oid.smimeCapabilities:
        // openssl writes it by default; it says what its signer can decrypt, nothing about this signature.
        value.element(derTag.sequence)
        break
      default:
        throw invalid(`signed attribute ${type} is not known`)
    }
    value.end()
  }
  const { messageDigest, certificateSha256, signingTimeMs, hasContentType } = found
  if (
    messageDigest === undefined ||
    certificateSha256 === undefined ||
    signingTimeMs === undefined ||
    hasContentType !== true
  ) {
    throw invalid('a signed attribute is missing')
  }
  return { messageDigest, certificateSha256, signingTimeMs }
}

/** SigningCertificateV2 with one ESSCertIDv2 of SHA-256; its issuerSerial is a hint (EN 319 122-1 §5.2.2) and signed. */
function readSigningCertificate(value: DerReader): Uint8Array {
  const signingCertificate = value.enter(derTag.sequence)
  const identifiers = signingCertificate.enter(derTag.sequence)
  signingCertificate.end()
  const identifier = identifiers.enter(derTag.sequence)
  identifiers.end()
  const certificateSha256 = identifier.content(derTag.octetString)
  identifier.enterOptional(derTag.sequence)
  identifier.end()
  return certificateSha256
}

function expectOid(reader: DerReader, expected: string): void {
  const found = reader.oid()
  if (found !== expected) throw invalid(`object ${found} instead of ${expected}`)
}

function invalid(detail: string): TramError {
  return new TramError('SEAL_INVALID', { detail })
}
