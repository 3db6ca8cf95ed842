// X.509 certificates (RFC 5280 §4) as far as path rules and CMS need them: names as raw DER, keys, validity, extensions.
// node:crypto's X509Certificate exposes neither key usage bits, path length nor critical extensions, hence der.ts.
// Beneath certificate-path.ts, which decides whom to trust, and cms.ts.
import { TramError } from '../base/errors.ts'
import { contextPrimitiveTag, contextTag, DerReader, derTag, equalBytes } from './der.ts'
import { nameText } from './name-text.ts'
import {
  type PublicKey,
  readPublicKey,
  readSignatureAlgorithm,
  type SignatureAlgorithm,
} from './signature-algorithm.ts'

/** In the order of their bits (RFC 5280 §4.2.1.3). */
const keyUsageBits = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const
export type KeyUsage = (typeof keyUsageBits)[number]

/** What a certificate says. Byte fields are views of `der`. */
export interface Certificate {
  der: Uint8Array
  /** 1 or 3. Only version 3 has extensions. */
  version: number
  /** The content of the INTEGER, two's complement. */
  serialNumber: Uint8Array
  /** Raw DER Name. */
  issuer: Uint8Array
  /** Raw DER Name. */
  subject: Uint8Array
  /** The subject for people, without control characters, at most 200 characters. Not for comparison. */
  subjectText: string
  issuerText: string
  notBeforeMs: number
  /** Inclusive, to the second. */
  notAfterMs: number
  publicKey: PublicKey
  /** The bytes that the issuer signed: TBSCertificate with its header. */
  signedBytes: Uint8Array
  signatureAlgorithm: SignatureAlgorithm
  signature: Uint8Array
  /** Undefined: no such extension. */
  basicConstraints: { ca: boolean; pathLength: number | undefined } | undefined
  keyUsage: ReadonlySet<KeyUsage> | undefined
  /** Dotted object identifiers. */
  extendedKeyUsage: { purposes: readonly string[]; critical: boolean } | undefined
  subjectKeyIdentifier: Uint8Array | undefined
  authorityKeyIdentifier: { keyIdentifier: Uint8Array | undefined; serialNumber: Uint8Array | undefined } | undefined
  hasNameConstraints: boolean
  /** Critical extensions that our path rules do not process: each refuses the certificate. */
  unknownCriticalExtensions: readonly string[]
}

/** The government's certificates have 1 to 3 KiB. */
export const maxCertificateBytes = 16 * 1024
const maxExtensions = 64
const maxPemCharacters = 4 * 1024 * 1024

const extensionOid = {
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  certificatePolicies: '2.5.29.32',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
} as const

/**
 * Critical, yet nothing to process here: no name is looked up in a path, and any policy is acceptable
 * (RFC 5280 §6.1.1 with the initial policy set any-policy and no explicit policy required).
 */
const harmlessWhenCritical: ReadonlySet<string> = new Set([
  extensionOid.subjectAltName,
  extensionOid.certificatePolicies,
])

/**
 * Reads a certificate (attacker-controlled), at most 16 KiB. A key or signature algorithm that we do not support is
 * recorded, not refused: that is for the path rules.
 * @throws TramError DER_MALFORMED, CERTIFICATE_UNUSABLE
 */
export function parseCertificate(der: Uint8Array): Certificate {
  if (der.length > maxCertificateBytes) throw unusable('', `longer than ${maxCertificateBytes} bytes`)
  const outer = new DerReader(der)
  const certificate = outer.enter(derTag.sequence)
  outer.end()
  const signedBytes = certificate.element(derTag.sequence)
  const outerAlgorithm = certificate.element(derTag.sequence)
  const signature = certificate.bitStringBytes()
  certificate.end()

  const tbs = new DerReader(signedBytes).enter(derTag.sequence)
  const version = readVersion(tbs)
  const serialNumber = tbs.integerBytes()
  const innerAlgorithm = tbs.element(derTag.sequence)
  const issuer = tbs.element(derTag.sequence)
  const validity = tbs.enter(derTag.sequence)
  const notBeforeMs = validity.timeMs()
  const notAfterMs = validity.timeMs()
  validity.end()
  const subject = tbs.element(derTag.sequence)
  const subjectText = nameText(subject)
  const spki = tbs.element(derTag.sequence)
  const publicKey = readPublicKey(spki, new DerReader(spki))
  // RFC 5280 §4.1.1.2: both must be the same. The outer one is not under the signature.
  if (!equalBytes(outerAlgorithm, innerAlgorithm)) throw unusable(subjectText, 'it names two signature algorithms')
  if (serialNumber.length > 21) throw unusable(subjectText, 'its serial number is longer than 20 bytes')

  const parsed: Certificate = {
    der,
    version,
    serialNumber,
    issuer,
    subject,
    subjectText,
    issuerText: nameText(issuer),
    notBeforeMs,
    notAfterMs,
    publicKey,
    signedBytes,
    signatureAlgorithm: readSignatureAlgorithm(new DerReader(outerAlgorithm)),
    signature,
    basicConstraints: undefined,
    keyUsage: undefined,
    extendedKeyUsage: undefined,
    subjectKeyIdentifier: undefined,
    authorityKeyIdentifier: undefined,
    hasNameConstraints: false,
    unknownCriticalExtensions: [],
  }
  // issuerUniqueID and subjectUniqueID: obsolete; conforming CAs do not write them (§4.1.2.8).
  const extensions = version === 3 ? tbs.enterOptional(contextTag(3)) : undefined
  tbs.end()
  if (extensions !== undefined) readExtensions(extensions, parsed)
  return parsed
}

function readVersion(tbs: DerReader): number {
  const field = tbs.enterOptional(contextTag(0))
  if (field === undefined) return 1
  const version = field.integer() + 1
  field.end()
  if (version !== 3) throw unusable('', `version ${version} is not supported`)
  return version
}

function readExtensions(wrapper: DerReader, certificate: Certificate): void {
  const list = wrapper.enter(derTag.sequence)
  wrapper.end()
  const seen = new Set<string>()
  const unknownCritical: string[] = []
  while (!list.atEnd) {
    const extension = list.enter(derTag.sequence)
    const oid = extension.oid()
    // An explicit FALSE is not DER, yet some CAs write it; it is under the issuer's signature.
    const critical = extension.nextTag === derTag.boolean ? extension.boolean() : false
    const value = extension.enter(derTag.octetString)
    extension.end()
    // RFC 5280 §4.2: one of each.
    if (seen.has(oid)) throw unusable(certificate.subjectText, `it has extension ${oid} twice`)
    if (seen.size === maxExtensions) throw unusable(certificate.subjectText, 'it has too many extensions')
    seen.add(oid)
    if (!readExtension(oid, critical, value, certificate) && critical && !harmlessWhenCritical.has(oid)) {
      unknownCritical.push(oid)
    }
  }
  certificate.unknownCriticalExtensions = unknownCritical
}

/** Reads one extension into `certificate`. @returns whether it is one that the path rules process. */
function readExtension(oid: string, critical: boolean, value: DerReader, certificate: Certificate): boolean {
  switch (oid) {
    case extensionOid.basicConstraints: {
      const constraints = value.enter(derTag.sequence)
      const ca = constraints.nextTag === derTag.boolean ? constraints.boolean() : false
      const pathLength = constraints.atEnd ? undefined : constraints.integer()
      constraints.end()
      certificate.basicConstraints = { ca, pathLength }
      break
    }
    case extensionOid.keyUsage: {
      const { bytes } = value.bitString()
      certificate.keyUsage = new Set(
        keyUsageBits.filter((_, bit) => ((bytes[Math.floor(bit / 8)] ?? 0) & (0x80 >> (bit % 8))) !== 0),
      )
      break
    }
    case extensionOid.extendedKeyUsage: {
      const list = value.enter(derTag.sequence)
      const purposes: string[] = []
      while (!list.atEnd) purposes.push(list.oid())
      certificate.extendedKeyUsage = { purposes, critical }
      break
    }
    case extensionOid.subjectKeyIdentifier:
      certificate.subjectKeyIdentifier = value.content(derTag.octetString)
      break
    case extensionOid.authorityKeyIdentifier: {
      const identifier = value.enter(derTag.sequence)
      const keyTag = contextPrimitiveTag(0)
      const keyIdentifier = identifier.nextTag === keyTag ? identifier.content(keyTag) : undefined
      identifier.enterOptional(contextTag(1))
      const serialTag = contextPrimitiveTag(2)
      const serialNumber = identifier.nextTag === serialTag ? identifier.content(serialTag) : undefined
      identifier.end()
      certificate.authorityKeyIdentifier = { keyIdentifier, serialNumber }
      break
    }
    case extensionOid.nameConstraints:
      certificate.hasNameConstraints = true
      return true
    default:
      return false
  }
  value.end()
  return true
}

const pemPattern = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]*)-----END CERTIFICATE-----/g

/**
 * The DER of each certificate in PEM text, in its order; other text between them is ignored.
 * @throws TramError CERTIFICATE_UNUSABLE when there is none or one is damaged, DER_MALFORMED
 */
export function certificatesFromPem(pem: string): Uint8Array[] {
  if (pem.length > maxPemCharacters) throw unusable('PEM', `longer than ${maxPemCharacters} characters`)
  const certificates = [...pem.matchAll(pemPattern)].map(
    (match) => new Uint8Array(Buffer.from(match[1] ?? '', 'base64')),
  )
  const beginnings = pem.split('-----BEGIN CERTIFICATE-----').length - 1
  if (certificates.length === 0) throw unusable('PEM', 'the text holds no certificate')
  if (certificates.length !== beginnings) throw unusable('PEM', 'a certificate in the text is damaged')
  for (const certificate of certificates) parseCertificate(certificate)
  return certificates
}

function unusable(subject: string, detail: string): TramError {
  return new TramError('CERTIFICATE_UNUSABLE', { subject, detail })
}
