// CMS SignedData (RFC 5652) as CAdES-B-B (ETSI EN 319 122-1): what a token signs, and whether such a signature holds.
// seal.ts puts root statements in it, the directory and the descriptor their own content. Trust is certificate-path.ts.
// Exactly one encoding is accepted, so that no byte of a proof can be altered; what `openssl cms -sign -cades` writes is in it.
import { hash } from 'node:crypto'
import { TramError, type Verdict, verdictOf } from '../base/errors.ts'
import { type Certificate, maxCertificateBytes, parseCertificate } from './certificate.ts'
import { cmsOid, readSignedAttributes, readSignedData, type SignerInfo } from './cms-reader.ts'
import { contextTag, DerReader, derTag, equalBytes } from './der.ts'
import { derElement, derInteger, derOid, derSetOf, derTime } from './der-writer.ts'
import {
  isSignatureValid,
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
    signatureAlgorithm: sequence(derOid(cmsOid.rsaEncryption), derNull),
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
const dataOid = derOid(cmsOid.data)
const signedDataOid = derOid(cmsOid.signedData)
const attribute = (type: string, value: Uint8Array): Uint8Array => sequence(derOid(type), derElement(derTag.set, value))
const contentTypeAttribute = attribute(cmsOid.contentType, dataOid)

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
    attribute(cmsOid.signingTime, derTime(input.signingTimeMs)),
    attribute(cmsOid.messageDigest, derElement(derTag.octetString, hash(rule.hash, input.content, 'buffer'))),
    // ESS signing-certificate-v2 (RFC 5035 §3): one ESSCertIDv2, whose hash algorithm is the default, SHA-256.
    attribute(
      cmsOid.signingCertificateV2,
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
    if (
      !equalBytes(attributes.certificateHash.value, hash(attributes.certificateHash.algorithm, signer.der, 'buffer'))
    ) {
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

function invalid(detail: string): TramError {
  return new TramError('SEAL_INVALID', { detail })
}
