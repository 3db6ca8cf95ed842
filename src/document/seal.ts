// Seals: a root statement, signed once by the station's token, and a leaf's way to its root (RFC 9162 §2.1).
// exchange/send/sealer makes them from merkle.ts and the token; courier, reception and `verify` check them here.
import { hash } from 'node:crypto'
import { TramError, type Verdict, verdictOf } from '../base/errors.ts'
import { type Trust, verifyCertificatePath } from './certificate-path.ts'
import { prepareCms, type SignatureScheme, verifyCms } from './cms.ts'
import { equalBytes } from './der.ts'
import { type LeafType, leafHash, rootFromPath } from './merkle.ts'
import { RootStatement, Seal } from './schema/seal.ts'
import { unwrapSignedContent, wrapSignedContent } from './signed-content.ts'

/** A root statement whose signature and certificate path hold at the time that it names. */
export interface VerifiedStatement {
  statement: RootStatement
  /** DER of the certificate that signed. The caller compares it with the directory's for this station. */
  certificate: Uint8Array
  /** 32 bytes. */
  certificateSha256: Uint8Array
  /** The path, DER, signer first and trust anchor last. */
  certificates: Uint8Array[]
}

const statementVersion = 1
const maxStatementBytes = 256
const maxTreeSize = 2 ** 32
const hashBytes = 32
const maxSealBytes = 64 * 1024
const stationPattern = /^[a-z0-9-]{1,32}$/

/**
 * Prepares the signature over a root statement; its time becomes the signing-time.
 * @returns see `prepareCms`.
 * @throws TramError SEAL_INVALID when the statement is not one that others would accept, CERTIFICATE_UNUSABLE, DER_MALFORMED
 */
export function prepareRootStatement(input: {
  statement: RootStatement
  scheme: SignatureScheme
  certificate: Uint8Array
  chain: readonly Uint8Array[]
}): { digest: Uint8Array; finish(signature: Uint8Array): Uint8Array } {
  const { statement, scheme, certificate, chain } = input
  assertStatement(statement)
  return prepareCms({
    content: wrapSignedContent('root', RootStatement.encode(statement)),
    scheme,
    certificate,
    chain,
    signingTimeMs: statement.time,
  })
}

/**
 * Verifies a signed root statement (attacker-controlled): signature, content, and a certificate path to `trust` at the
 * statement's own time. Every certificate in it must lie on that path: others would be bytes that nobody vouches for.
 * Not looked at: whether the station may use this certificate (directory), clock skew, revocation.
 * @returns SEAL_INVALID, CERTIFICATE_UNUSABLE or DER_MALFORMED when it does not hold.
 */
export function verifyRootStatement(cms: Uint8Array, trust: Trust): Verdict<VerifiedStatement> {
  if (cms.length > maxSealBytes) return refused(`CMS longer than ${maxSealBytes} bytes`)
  const signed = verifyCms(cms)
  if (!signed.ok) return signed
  const { content, certificate, certificates, signingTimeMs } = signed.value
  const unwrapped = unwrapSignedContent('root', content)
  if (!unwrapped.ok) return unwrapped
  const parsed = verdictOf(() => parseStatement(unwrapped.value))
  if (!parsed.ok) return parsed
  const statement = parsed.value
  if (Math.floor(statement.time / 1000) * 1000 !== signingTimeMs) return refused('its time is not the signing-time')
  const extra = certificates.filter((one) => one !== certificate)
  const path = verifyCertificatePath(certificate, extra, trust, statement.time)
  if (!path.ok) return path
  if (!extra.every((one) => path.value.some((onPath) => equalBytes(one, onPath)))) {
    return refused('it carries a certificate that does not belong to the signer')
  }
  const certificateSha256 = hash('sha256', certificate, 'buffer')
  return { ok: true, value: { statement, certificate, certificateSha256, certificates: path.value } }
}

/** Whether `bytes`, exactly as received, are leaf `seal.leafIndex` under the root of a verified `statement`. Only hashing. */
export function verifyInclusion(
  type: LeafType,
  bytes: Uint8Array,
  seal: Seal,
  statement: RootStatement,
): Verdict<void> {
  const root = rootFromPath(leafHash(type, bytes), seal.leafIndex, statement.treeSize, seal.path)
  if (root === undefined) return refused('the path does not fit the tree')
  if (!equalBytes(root, statement.root)) return refused(`the ${type} is not under the signed root`)
  return { ok: true, value: undefined }
}

/**
 * Reads a seal (attacker-controlled), at most 64 KiB, path at most 40 hashes of 32 bytes. The CMS in it is not looked at.
 * @throws TramError SEAL_INVALID
 */
export function parseSeal(bytes: Uint8Array): Seal {
  if (bytes.length > maxSealBytes) throw invalid(`longer than ${maxSealBytes} bytes`)
  const seal = decodeExactly(Seal, bytes)
  if (seal.cms.length === 0) throw invalid('it has no CMS')
  if (seal.path.some((node) => node.length !== hashBytes)) throw invalid('a hash of its path is not 32 bytes')
  return seal
}

/**
 * Reads a leaf's place and path as an export of evidence keeps them (attacker-controlled): a Seal whose CMS is elsewhere.
 * @throws TramError SEAL_INVALID
 */
export function parseSealPath(bytes: Uint8Array): Pick<Seal, 'leafIndex' | 'path'> {
  if (bytes.length > maxSealBytes) throw invalid(`longer than ${maxSealBytes} bytes`)
  const { cms, leafIndex, path } = decodeExactly(Seal, bytes)
  if (cms.length > 0) throw invalid('a CMS beside the path')
  if (path.some((node) => node.length !== hashBytes)) throw invalid('a hash of its path is not 32 bytes')
  return { leafIndex, path }
}

function parseStatement(bytes: Uint8Array): RootStatement {
  if (bytes.length > maxStatementBytes) throw invalid(`statement longer than ${maxStatementBytes} bytes`)
  const statement = decodeExactly(RootStatement, bytes)
  assertStatement(statement)
  return statement
}

function assertStatement(statement: RootStatement): void {
  const { version, station, sequence, time, treeSize, root, previousRoot } = statement
  if (version !== statementVersion) throw invalid(`statement version ${version} is not known`)
  if (!stationPattern.test(station)) throw invalid('the station id is malformed')
  if (!Number.isSafeInteger(treeSize) || treeSize < 1 || treeSize > maxTreeSize) throw invalid('bad tree size')
  if (root.length !== hashBytes) throw invalid('the root is not 32 bytes')
  if (previousRoot.length !== (sequence === 0 ? 0 : hashBytes)) throw invalid('bad previous root')
  // Beyond this a Date has no year of four digits, and no certificate is valid.
  if (!Number.isSafeInteger(time) || time < 0 || time > Date.UTC(9999, 0)) throw invalid('bad time')
}

/**
 * Decodes a message whose every byte counts: unknown fields, repeated fields and longer spellings of the same
 * numbers would be lost in the decoded object, so the object must encode to the very same bytes.
 */
function decodeExactly<Message>(
  codec: { decode(bytes: Uint8Array): Message; encode(message: Partial<Message>): Uint8Array },
  bytes: Uint8Array,
): Message {
  let message: Message
  let again: Uint8Array
  try {
    message = codec.decode(bytes)
    again = codec.encode(message)
  } catch (error) {
    // The protobuf runtime throws plain errors of many kinds, all of them about these bytes.
    throw new TramError('SEAL_INVALID', { detail: 'not a well-formed message' }, { cause: error })
  }
  if (!equalBytes(again, bytes)) throw invalid('not in its canonical form')
  return message
}

function invalid(detail: string): TramError {
  return new TramError('SEAL_INVALID', { detail })
}

function refused(detail: string): { ok: false; reason: TramError } {
  return { ok: false, reason: invalid(detail) }
}
