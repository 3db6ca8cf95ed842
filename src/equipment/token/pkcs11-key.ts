// Finds the signing key and its certificate by CKA_ID, and decides how the key signs. Between pkcs11-token, which has
// logged in, and signature-encoding, which knows what each scheme wants. What the token tells is checked, not believed.
import { type KeyObject, X509Certificate } from 'node:crypto'
import pkcs11, { type Mechanism, type PKCS11 } from 'pkcs11js'
import { TramError } from '../../base/errors.ts'
import { type Handle, rvOf } from './pkcs11-module.ts'
import type { SignatureScheme } from './token.ts'

export interface SigningKey {
  handle: Handle
  scheme: SignatureScheme
  /** CKA_ALWAYS_AUTHENTICATE: the token wants the PIN again for each signature. */
  alwaysAuthenticate: boolean
  /** DER. */
  certificate: Uint8Array
}

export interface KeyQuery {
  /** For error texts. */
  tokenLabel: string
  keyId: Buffer
  /** RSA keys sign with PSS. */
  rsaPss: boolean
}

/** Certificates under one CKA_ID: a renewed one may lie beside the old. */
const maxCertificates = 16
const maxCertificateBytes = 64 * 1024

const curves = [
  { params: '06082a8648ce3d030107', scheme: 'ecdsa-p256-sha256', name: 'prime256v1' },
  { params: '06052b81040022', scheme: 'ecdsa-p384-sha384', name: 'secp384r1' },
] as const

/**
 * The private key with this CKA_ID and the certificate that belongs to it (the one valid longest, if several).
 * @throws TramError TOKEN_KEY_MISSING; TOKEN_FAILED for a key that we cannot use; what the library says
 */
export function findSigningKey(api: PKCS11, session: Handle, query: KeyQuery): SigningKey {
  const { keyId } = query
  const [handle, second] = find(api, session, pkcs11.CKO_PRIVATE_KEY, keyId, 2)
  if (handle === undefined) throw missing(query)
  if (second !== undefined)
    throw new TramError('TOKEN_FAILED', {
      rv: '2 × CKO_PRIVATE_KEY',
      operation: `C_FindObjects (CKA_ID ${keyId.toString('hex')})`,
    })
  const scheme = schemeOf(api, session, handle, query.rsaPss)
  const certificate = find(api, session, pkcs11.CKO_CERTIFICATE, keyId, maxCertificates)
    .map((object) => parseCertificate(read(api, session, object, pkcs11.CKA_VALUE)))
    .filter((candidate) => candidate !== null && belongs(api, session, handle, keyId, scheme, candidate.publicKey))
    .reduce((best, candidate) => (validTo(candidate) > validTo(best) ? candidate : best), null)
  if (certificate === null) throw missing(query)
  const always = read(api, session, handle, pkcs11.CKA_ALWAYS_AUTHENTICATE)
  return { handle, scheme, alwaysAuthenticate: always?.[0] === 1, certificate: new Uint8Array(certificate.raw) }
}

/** The certificate with this CKA_ID that is valid longest, as anybody may see it; null when none is shown. Throws what the library says. */
export function visibleCertificate(api: PKCS11, session: Handle, keyId: Buffer): Uint8Array | null {
  const certificate = find(api, session, pkcs11.CKO_CERTIFICATE, keyId, maxCertificates)
    .map((object) => parseCertificate(read(api, session, object, pkcs11.CKA_VALUE)))
    .reduce((best, candidate) => (validTo(candidate) > validTo(best) ? candidate : best), null)
  return certificate === null ? null : new Uint8Array(certificate.raw)
}

/** How C_SignInit is told the scheme. */
export function mechanismOf(scheme: SignatureScheme): Mechanism {
  switch (scheme) {
    case 'rsa-pkcs1-sha256':
      return { mechanism: pkcs11.CKM_RSA_PKCS }
    case 'rsa-pss-sha256':
      return {
        mechanism: pkcs11.CKM_RSA_PKCS_PSS,
        // RFC 4055 with SHA-256 throughout and a salt as long as the hash.
        parameter: {
          type: pkcs11.CK_PARAMS_RSA_PSS,
          hashAlg: pkcs11.CKM_SHA256,
          mgf: pkcs11.CKG_MGF1_SHA256,
          saltLen: 32,
        } as Mechanism['parameter'],
      }
    default:
      return { mechanism: pkcs11.CKM_ECDSA }
  }
}

const missing = ({ tokenLabel, keyId }: KeyQuery): TramError =>
  new TramError('TOKEN_KEY_MISSING', { token: tokenLabel, keyId: keyId.toString('hex') })

const unusable = (rv: string): TramError => new TramError('TOKEN_FAILED', { rv, operation: 'C_SignInit' })

function find(api: PKCS11, session: Handle, objectClass: number, keyId: Buffer, max: number): Handle[] {
  api.C_FindObjectsInit(session, [
    { type: pkcs11.CKA_CLASS, value: objectClass },
    { type: pkcs11.CKA_ID, value: keyId },
  ])
  try {
    return api.C_FindObjects(session, max)
  } finally {
    api.C_FindObjectsFinal(session)
  }
}

/** One attribute, or null when the object has none of this type. */
function read(api: PKCS11, session: Handle, object: Handle, type: number): Buffer | null {
  try {
    const [attribute] = api.C_GetAttributeValue(session, object, [{ type }])
    return Buffer.isBuffer(attribute?.value) ? attribute.value : null
  } catch (error) {
    const rv = rvOf(error)
    if (rv === 'CKR_ATTRIBUTE_TYPE_INVALID' || rv === 'CKR_ATTRIBUTE_SENSITIVE') return null
    throw error
  }
}

function schemeOf(api: PKCS11, session: Handle, key: Handle, rsaPss: boolean): SignatureScheme {
  const type = read(api, session, key, pkcs11.CKA_KEY_TYPE)
  // CK_ULONG in the machine's order; amd64 and arm64 are little-endian, and both numbers fit the first byte.
  if (type?.[0] === pkcs11.CKK_RSA) {
    const bits = (read(api, session, key, pkcs11.CKA_MODULUS)?.length ?? 0) * 8
    if (bits < 2048 || bits > 8192) throw unusable(`CKR_KEY_SIZE_RANGE (RSA, ${bits} bits)`)
    return rsaPss ? 'rsa-pss-sha256' : 'rsa-pkcs1-sha256'
  }
  if (type?.[0] === pkcs11.CKK_EC) {
    const params = read(api, session, key, pkcs11.CKA_EC_PARAMS)?.toString('hex')
    const curve = curves.find((known) => known.params === params)
    if (curve !== undefined) return curve.scheme
    throw unusable('CKR_CURVE_NOT_SUPPORTED')
  }
  throw unusable('CKR_KEY_TYPE_INCONSISTENT')
}

/** attacker-controlled: the certificate object may hold anything. */
function parseCertificate(der: Buffer | null): X509Certificate | null {
  if (der === null || der.length === 0 || der.length > maxCertificateBytes) return null
  try {
    return new X509Certificate(der)
  } catch {
    return null // then it is none, and the search goes on
  }
}

/** Whether the certificate's key is the token's: seals made with another one would be refused everywhere. */
function belongs(
  api: PKCS11,
  session: Handle,
  key: Handle,
  keyId: Buffer,
  scheme: SignatureScheme,
  publicKey: KeyObject,
): boolean {
  const jwk = publicKey.export({ format: 'jwk' })
  const curve = curves.find((known) => known.scheme === scheme)
  if (curve === undefined) {
    const modulus = read(api, session, key, pkcs11.CKA_MODULUS)
    return modulus !== null && jwk.kty === 'RSA' && trimZeros(modulus).toString('base64url') === jwk.n
  }
  if (publicKey.asymmetricKeyDetails?.namedCurve !== curve.name) return false
  const [publicObject] = find(api, session, pkcs11.CKO_PUBLIC_KEY, keyId, 1)
  // A private EC key does not tell its point; without the public object nothing more can be compared.
  if (publicObject === undefined) return true
  const point = read(api, session, publicObject, pkcs11.CKA_EC_POINT)
  if (point === null) return true
  const coordinates = Buffer.concat([jwk.x, jwk.y].map((part) => Buffer.from(part ?? '', 'base64url')))
  // OCTET STRING around 04 ‖ x ‖ y, or that without the wrapping: both end alike.
  return point.subarray(-coordinates.length).equals(coordinates)
}

function trimZeros(bytes: Buffer): Buffer {
  let start = 0
  while (start < bytes.length - 1 && bytes[start] === 0) start += 1
  return bytes.subarray(start)
}

const validTo = (certificate: X509Certificate | null): number =>
  certificate === null ? Number.NEGATIVE_INFINITY : Date.parse(certificate.validTo)
