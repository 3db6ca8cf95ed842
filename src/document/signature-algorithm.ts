// Keys and signature algorithms as certificates and CMS name them, and the one place where a signature is verified.
// Beneath certificate-path.ts and cms.ts. node:crypto does the mathematics.
import { constants, createPublicKey, verify } from 'node:crypto'
import { TramError } from '../base/errors.ts'
import { contextTag, type DerReader, derTag } from './der.ts'

export type HashName = 'sha256' | 'sha384' | 'sha512'
export type CurveName = 'P-256' | 'P-384' | 'P-521'

/** A SubjectPublicKeyInfo. `other`: an algorithm that no seal and no CA of ours may use. */
export type PublicKey =
  | { kind: 'rsa'; modulusBits: number; exponent: number; spki: Uint8Array }
  | { kind: 'ec'; curve: CurveName; spki: Uint8Array }
  | { kind: 'other'; algorithm: string; spki: Uint8Array }

/** A signature algorithm. `other`: unknown, or refused as weak (SHA-1, MD5): `algorithm` says which, for people. */
export type SignatureAlgorithm =
  | { kind: 'rsa-pkcs1' | 'ecdsa'; hash: HashName }
  | { kind: 'rsa-pss'; hash: HashName; saltBytes: number }
  | { kind: 'other'; algorithm: string }

const minRsaBits = 2048
/** Bounds the work of one verification. The government's roots have 4096. */
const maxRsaBits = 8192

const rsaEncryption = '1.2.840.113549.1.1.1'
const rsassaPss = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'
const ecPublicKey = '1.2.840.10045.2.1'

const curveByOid: Readonly<Record<string, CurveName>> = {
  '1.2.840.10045.3.1.7': 'P-256',
  '1.3.132.0.34': 'P-384',
  '1.3.132.0.35': 'P-521',
}
const hashByOid: Readonly<Record<string, HashName>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
const signatureByOid: Readonly<Record<string, SignatureAlgorithm>> = {
  '1.2.840.113549.1.1.11': { kind: 'rsa-pkcs1', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa-pkcs1', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa-pkcs1', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { kind: 'ecdsa', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { kind: 'ecdsa', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { kind: 'ecdsa', hash: 'sha512' },
  '1.2.840.113549.1.1.4': { kind: 'other', algorithm: 'MD5 with RSA' },
  '1.2.840.113549.1.1.5': { kind: 'other', algorithm: 'SHA-1 with RSA' },
  '1.2.840.10045.4.1': { kind: 'other', algorithm: 'SHA-1 with ECDSA' },
}

/** Reads a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279 §2.3). @throws TramError DER_MALFORMED */
export function readPublicKey(spki: Uint8Array, reader: DerReader): PublicKey {
  const info = reader.enter(derTag.sequence)
  const algorithm = info.enter(derTag.sequence)
  const oid = algorithm.oid()
  if (oid === rsaEncryption) {
    algorithm.null()
    algorithm.end()
    const key = info.enterBitString()
    info.end()
    const numbers = key.enter(derTag.sequence)
    const modulus = numbers.integerBytes()
    const exponent = numbers.integer()
    numbers.end()
    key.end()
    return { kind: 'rsa', modulusBits: bitLength(modulus), exponent, spki }
  }
  if (oid === ecPublicKey && algorithm.nextTag === derTag.oid) {
    const curve = curveByOid[algorithm.oid()]
    algorithm.end()
    info.bitStringBytes()
    info.end()
    if (curve !== undefined) return { kind: 'ec', curve, spki }
  }
  return { kind: 'other', algorithm: oid, spki }
}

function bitLength(integer: Uint8Array): number {
  const significant = integer[0] === 0 ? integer.subarray(1) : integer
  return significant.length === 0 ? 0 : significant.length * 8 - (Math.clz32(significant[0] ?? 0) - 24)
}

/** Why a key may not be used, or undefined. The bounds of strength and of work, for every certificate on a path. */
export function weaknessOfKey(key: PublicKey): string | undefined {
  switch (key.kind) {
    case 'other':
      return `key algorithm ${key.algorithm} is not supported`
    case 'ec':
      return undefined
    case 'rsa':
      if (key.modulusBits < minRsaBits) return `RSA key of ${key.modulusBits} bits is too short`
      if (key.modulusBits > maxRsaBits) return `RSA key of ${key.modulusBits} bits is too long`
      if (key.exponent < 3 || key.exponent > 0xffffffff || key.exponent % 2 === 0) return 'RSA exponent is not allowed'
      return undefined
  }
}

/** Reads the AlgorithmIdentifier of a signature (RFC 4055, RFC 5758). @throws TramError DER_MALFORMED */
export function readSignatureAlgorithm(reader: DerReader): SignatureAlgorithm {
  const identifier = reader.enter(derTag.sequence)
  const oid = identifier.oid()
  if (oid === rsassaPss) return readPssParameters(identifier)
  const known = signatureByOid[oid]
  if (known === undefined) return { kind: 'other', algorithm: oid }
  if (known.kind === 'rsa-pkcs1') identifier.null()
  if (known.kind !== 'other') identifier.end()
  return known
}

/** RSASSA-PSS-params (RFC 4055 §3.1). Its defaults are SHA-1, so everything must be said, and with one hash. */
function readPssParameters(identifier: DerReader): SignatureAlgorithm {
  const parameters = identifier.enter(derTag.sequence)
  identifier.end()
  const hashField = parameters.enterOptional(contextTag(0))
  const maskField = parameters.enterOptional(contextTag(1))
  const saltField = parameters.enterOptional(contextTag(2))
  parameters.end()
  if (hashField === undefined || maskField === undefined) return { kind: 'other', algorithm: 'SHA-1 with RSA-PSS' }
  const hash = readHashAlgorithm(hashField)
  hashField.end()
  const mask = maskField.enter(derTag.sequence)
  maskField.end()
  const isMgf1 = mask.oid() === mgf1
  const maskHash = isMgf1 ? readHashAlgorithm(mask) : undefined
  if (isMgf1) mask.end()
  const saltBytes = saltField === undefined ? 20 : saltField.integer()
  saltField?.end()
  if (hash === undefined || maskHash !== hash || saltBytes > 64) {
    return { kind: 'other', algorithm: 'RSA-PSS with unusual parameters' }
  }
  return { kind: 'rsa-pss', hash, saltBytes }
}

/** The AlgorithmIdentifier of a hash; parameters are absent or NULL (RFC 5754 §2). Undefined: not one of ours. */
export function readHashAlgorithm(reader: DerReader): HashName | undefined {
  const identifier = reader.enter(derTag.sequence)
  const hash = hashByOid[identifier.oid()]
  if (hash === undefined) return undefined
  if (!identifier.atEnd) identifier.null()
  identifier.end()
  return hash
}

/**
 * Whether `signature` over `data` was made with `key`. False also for an algorithm that does not fit the key.
 * @throws TramError CERTIFICATE_UNUSABLE when the key is not a key at all (a point off the curve).
 */
export function isSignatureValid(
  key: PublicKey,
  algorithm: SignatureAlgorithm,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  if (algorithm.kind === 'other' || key.kind !== (algorithm.kind === 'ecdsa' ? 'ec' : 'rsa')) return false
  try {
    const publicKey = createPublicKey({ key: Buffer.from(key.spki), format: 'der', type: 'spki' })
    const options =
      algorithm.kind === 'rsa-pss'
        ? { key: publicKey, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: algorithm.saltBytes }
        : publicKey
    return verify(algorithm.hash, data, options, signature)
  } catch (error) {
    throw new TramError(
      'CERTIFICATE_UNUSABLE',
      { subject: '', detail: 'its public key is malformed' },
      { cause: error },
    )
  }
}
