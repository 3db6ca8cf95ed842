// Whether a certificate leads to a trust anchor of the site (RFC 5280 §6), at a given time, with bounded work.
// seal.ts asks it for every seal; the directory and the descriptor for their signers. Revocation is not looked at here.
import { TramError, type Verdict, verdictOf } from '../base/errors.ts'
import { type Certificate, parseCertificate } from './certificate.ts'
import { equalBytes } from './der.ts'
import { isSignatureValid, weaknessOfKey } from './signature-algorithm.ts'

/** DER certificates that the site installed. Anchors are trusted; intermediates only help to find a path. */
export interface Trust {
  anchors: readonly Uint8Array[]
  intermediates: readonly Uint8Array[]
}

/** Leaf and anchor included. The government's service has three. */
const maxPathCertificates = 8
/** For each call. Crossing certificates of one name could otherwise make exponentially many paths. */
const maxSignatureChecks = 64
/** Certificates that came with a signature. */
export const maxExtraCertificates = 16

/**
 * Purposes for which a signature over a statement is meant. Only a critical extendedKeyUsage is held to it: government
 * certificates name client authentication or mail, and the printed openssl recipe says `-purpose any`, too.
 */
const signingPurposes: ReadonlySet<string> = new Set([
  '2.5.29.37.0', // any
  '1.3.6.1.5.5.7.3.2', // client authentication
  '1.3.6.1.5.5.7.3.4', // e-mail protection
  '1.3.6.1.5.5.7.3.36', // document signing (RFC 9336)
  '1.3.6.1.4.1.311.10.3.12', // document signing (Microsoft)
])

interface Candidate {
  certificate: Certificate
  isAnchor: boolean
}

/**
 * Looks for a path from `leaf` to an anchor: names chain by raw DER, every signature verifies with SHA-256 or better, RSA keys
 * have 2048 bits or more, every certificate (the anchor too, as openssl wants it) is valid at `atMs`, issuers are CAs with
 * keyCertSign and enough path length, the leaf has digitalSignature or nonRepudiation, no unknown critical extension, no name constraints.
 * @param extra certificates that came along (attacker-controlled), DER; a malformed one refuses.
 * @param atMs milliseconds since 1970.
 * @returns the path, DER, leaf first and anchor last; or DER_MALFORMED, CERTIFICATE_UNUSABLE.
 */
export function verifyCertificatePath(
  leaf: Uint8Array,
  extra: readonly Uint8Array[],
  trust: Trust,
  atMs: number,
): Verdict<Uint8Array[]> {
  return verdictOf(() => {
    const parsed = parseCertificate(leaf)
    if (extra.length > maxExtraCertificates) throw unusable(parsed, `more than ${maxExtraCertificates} came with it`)
    assertUsableAt(parsed, atMs)
    assertMaySign(parsed)
    const search = new PathSearch(extra.map(parseCertificate), trust, atMs)
    return search.from(parsed).map((certificate) => certificate.der)
  })
}

/** One depth-first search. Each step down costs a signature check, and those are counted. */
class PathSearch {
  readonly #bySubject = new Map<string, Candidate[]>()
  readonly #atMs: number
  #checksLeft = maxSignatureChecks
  /** Why the longest attempt ended: the most helpful answer when no path is found. */
  #failure: TramError | undefined
  #failureDepth = -1

  constructor(extra: readonly Certificate[], trust: Trust, atMs: number) {
    this.#atMs = atMs
    const anchors = this.#readTrusted(trust.anchors)
    // What came along goes first: seal.ts wants all of it on the path, and a wrong lead only costs its own sender.
    for (const certificate of extra) {
      this.#add(
        certificate,
        anchors.some((anchor) => equalBytes(anchor.der, certificate.der)),
      )
    }
    for (const certificate of anchors) this.#add(certificate, true)
    for (const certificate of this.#readTrusted(trust.intermediates)) this.#add(certificate, false)
  }

  /** @throws TramError CERTIFICATE_UNUSABLE */
  from(leaf: Certificate): Certificate[] {
    const path = this.#extend([leaf])
    if (path !== undefined) return path
    if (this.#checksLeft < 0) throw unusable(leaf, 'too many certificates cross each other')
    throw this.#failure ?? unusable(leaf, `its issuer "${leaf.issuerText}" is not among the trust anchors`)
  }

  /** One unreadable installed certificate must not stop all others: it is left out, and named if no path is found. */
  #readTrusted(certificates: readonly Uint8Array[]): Certificate[] {
    const readable: Certificate[] = []
    for (const der of certificates) {
      const certificate = verdictOf(() => parseCertificate(der))
      if (certificate.ok) readable.push(certificate.value)
      else this.#failed(0, certificate.reason)
    }
    return readable
  }

  #add(certificate: Certificate, isAnchor: boolean): void {
    const key = nameKey(certificate.subject)
    const candidates = this.#bySubject.get(key)
    if (candidates === undefined) this.#bySubject.set(key, [{ certificate, isAnchor }])
    else candidates.push({ certificate, isAnchor })
  }

  #extend(path: readonly Certificate[]): Certificate[] | undefined {
    const child = path[path.length - 1]
    if (child === undefined || path.length === maxPathCertificates) return undefined
    for (const { certificate: issuer, isAnchor } of this.#bySubject.get(nameKey(child.issuer)) ?? []) {
      // A name and key that the path already has: a loop.
      if (path.some((passed) => isSameEntity(passed, issuer)) || !isNamedIssuer(child, issuer)) continue
      const step = verdictOf(() => {
        assertUsableAt(issuer, this.#atMs)
        assertMayIssue(issuer, path, isAnchor)
        if (this.#checksLeft-- <= 0) throw unusable(issuer, 'too many certificates cross each other')
        assertSignedBy(child, issuer)
      })
      if (!step.ok) {
        this.#failed(path.length, step.reason)
        continue
      }
      const longer = [...path, issuer]
      const complete = isAnchor ? longer : this.#extend(longer)
      if (complete !== undefined) return complete
    }
    return undefined
  }

  #failed(depth: number, reason: TramError): void {
    if (depth < this.#failureDepth) return
    this.#failure = reason
    this.#failureDepth = depth
  }
}

/** What every certificate on a path must fulfil (RFC 5280 §6.1.3 a, §6.1.4 n–o). */
function assertUsableAt(certificate: Certificate, atMs: number): void {
  const { notBeforeMs, notAfterMs, unknownCriticalExtensions, extendedKeyUsage } = certificate
  // notAfter names a whole second (§4.1.2.5), all of which is inside.
  if (!(atMs >= notBeforeMs)) throw unusable(certificate, `not valid before ${new Date(notBeforeMs).toISOString()}`)
  if (!(atMs < notAfterMs + 1000)) throw unusable(certificate, `expired at ${new Date(notAfterMs).toISOString()}`)
  if (unknownCriticalExtensions.length > 0) {
    throw unusable(certificate, `unknown critical extension ${unknownCriticalExtensions.join(', ')}`)
  }
  // We do not process them; to pass over them even when not critical would widen what the CA was given.
  if (certificate.hasNameConstraints) throw unusable(certificate, 'name constraints are not supported')
  if (extendedKeyUsage?.critical === true && !extendedKeyUsage.purposes.some((oid) => signingPurposes.has(oid))) {
    throw unusable(certificate, 'its critical extendedKeyUsage names no purpose for signing')
  }
  const weakness = weaknessOfKey(certificate.publicKey)
  if (weakness !== undefined) throw unusable(certificate, weakness)
}

/** The leaf signs statements. Without keyUsage a key may be used for anything (RFC 5280 §4.2.1.3). */
function assertMaySign(leaf: Certificate): void {
  const { keyUsage } = leaf
  if (keyUsage === undefined || keyUsage.has('digitalSignature') || keyUsage.has('nonRepudiation')) return
  throw unusable(leaf, 'its keyUsage has neither digitalSignature nor nonRepudiation')
}

/** RFC 5280 §6.1.4 k–n for an intermediate; an anchor of version 1 has no extensions and is a CA because the site says so. */
function assertMayIssue(issuer: Certificate, path: readonly Certificate[], isAnchor: boolean): void {
  if (isAnchor && issuer.version === 1) return
  if (issuer.basicConstraints?.ca !== true) throw unusable(issuer, 'it is not a CA')
  const mayLackKeyUsage = isAnchor && issuer.keyUsage === undefined
  if (!mayLackKeyUsage && issuer.keyUsage?.has('keyCertSign') !== true) {
    throw unusable(issuer, 'its keyUsage lacks keyCertSign')
  }
  const { pathLength } = issuer.basicConstraints
  // Self-issued intermediates (key rollover) do not count, nor does the leaf.
  const below = path.slice(1).filter((passed) => !equalBytes(passed.issuer, passed.subject)).length
  if (pathLength !== undefined && below > pathLength) throw unusable(issuer, `its path length is only ${pathLength}`)
}

function assertSignedBy(child: Certificate, issuer: Certificate): void {
  const { signatureAlgorithm } = child
  if (signatureAlgorithm.kind === 'other') {
    throw unusable(child, `signature algorithm ${signatureAlgorithm.algorithm} is not accepted`)
  }
  if (!isSignatureValid(issuer.publicKey, signatureAlgorithm, child.signedBytes, child.signature)) {
    throw unusable(child, `it is not signed by "${issuer.subjectText}"`)
  }
}

/** Key identifiers and serial numbers, where given, tell issuers of one name apart (RFC 5280 §4.2.1.1). */
function isNamedIssuer(child: Certificate, issuer: Certificate): boolean {
  const { keyIdentifier, serialNumber } = child.authorityKeyIdentifier ?? {}
  const { subjectKeyIdentifier } = issuer
  if (serialNumber !== undefined && !equalBytes(serialNumber, issuer.serialNumber)) return false
  if (keyIdentifier === undefined || subjectKeyIdentifier === undefined) return true
  return equalBytes(keyIdentifier, subjectKeyIdentifier)
}

function isSameEntity(a: Certificate, b: Certificate): boolean {
  return equalBytes(a.subject, b.subject) && equalBytes(a.publicKey.spki, b.publicKey.spki)
}

function nameKey(name: Uint8Array): string {
  return Buffer.from(name.buffer, name.byteOffset, name.length).toString('latin1')
}

function unusable(certificate: Certificate, detail: string): TramError {
  return new TramError('CERTIFICATE_UNUSABLE', { subject: certificate.subjectText, detail })
}
