// The directory file: the authority's signed statement, then the entries it covers, read as a stream.
// Built by `tram directory build`, imported by exchange/directory/directory, passed between stations as it is.
import { createHash } from 'node:crypto'
import { TramError, type Verdict } from '../base/errors.ts'
import { isAgencyCode } from './agency-code.ts'
import { type Trust, verifyCertificatePath } from './certificate-path.ts'
import { verifyCms } from './cms.ts'
import { equalBytes } from './der.ts'
import { leafHash } from './merkle.ts'
import { MerkleAccumulator } from './merkle-accumulator.ts'
import { type AgencyEntry, DirectoryEntry, DirectoryStatement, type StationEntry } from './schema/directory.ts'
import { unwrapSignedContent } from './signed-content.ts'
import { isStationId } from './waybill.ts'

export const maxDirectoryCmsBytes = 64 * 1024
/** 174 stations and 125,000 agencies are about 15 MB. */
export const maxDirectoryBytes = 512 * 1024 * 1024
const maxEntryBytes = 128 * 1024

/** Whom a station believes about the directory: these very certificates, on a path to its anchors. */
export interface DirectoryTrust extends Trust {
  /** SHA-256 (hex) of the authority certificates that the site has installed. */
  authorityFingerprints: ReadonlySet<string>
}

const invalid = (detail: string, cause?: unknown): TramError =>
  new TramError('DIRECTORY_INVALID', { detail }, cause === undefined ? {} : { cause })

/** One entry as it stands in the body: its length, then its bytes. */
export function encodeDirectoryEntry(entry: DirectoryEntry): Uint8Array {
  const bytes = DirectoryEntry.encode(entry)
  const framed = Buffer.alloc(4 + bytes.byteLength)
  framed.writeUInt32BE(bytes.byteLength)
  framed.set(bytes, 4)
  return framed
}

/** The head of a directory file: the CMS behind its length. */
export function encodeDirectoryHead(cms: Uint8Array): Uint8Array {
  const head = Buffer.alloc(4 + cms.byteLength)
  head.writeUInt32BE(cms.byteLength)
  head.set(cms, 4)
  return head
}

/**
 * Verifies the authority's signature over a directory statement.
 * @param cms attacker-controlled, at most maxDirectoryCmsBytes
 */
export function verifyDirectoryStatement(cms: Uint8Array, trust: DirectoryTrust): Verdict<DirectoryStatement> {
  const verified = verifyCms(cms)
  if (!verified.ok) return { ok: false, reason: invalid(verified.reason.message, verified.reason) }
  const { content, certificate, certificates, signingTimeMs } = verified.value
  const fingerprint = createHash('sha256').update(certificate).digest('hex')
  if (!trust.authorityFingerprints.has(fingerprint)) {
    return {
      ok: false,
      reason: invalid(`signed by ${fingerprint}, which is not an authority certificate of this site`),
    }
  }
  const path = verifyCertificatePath(certificate, certificates, trust, signingTimeMs)
  if (!path.ok) return { ok: false, reason: invalid(path.reason.message, path.reason) }
  // As with seals: a certificate beside the path would be bytes that nobody vouches for.
  if (!certificates.every((one) => path.value.some((onPath) => equalBytes(one, onPath)))) {
    return { ok: false, reason: invalid('it carries a certificate that does not belong to the signer') }
  }
  const unwrapped = unwrapSignedContent('directory', content)
  if (!unwrapped.ok) return { ok: false, reason: invalid(unwrapped.reason.message, unwrapped.reason) }
  let statement: DirectoryStatement
  try {
    statement = DirectoryStatement.decode(unwrapped.value)
  } catch (error) {
    return { ok: false, reason: invalid('not a directory statement', error) }
  }
  if (statement.format !== 1) return { ok: false, reason: invalid(`format ${statement.format}`) }
  // The VXP kits read a version as a 32-bit integer.
  if (
    !(statement.version >= 1 && statement.version < 2 ** 31) ||
    statement.root.byteLength !== 32 ||
    !(statement.bodySize <= maxDirectoryBytes)
  ) {
    return { ok: false, reason: invalid('a field of the statement is out of bounds') }
  }
  return { ok: true, value: statement }
}

/** Takes a directory file in pieces of any size: first the statement, verified, then entry after entry. */
export class DirectoryFileReader {
  readonly #trust: DirectoryTrust
  readonly #onEntry: (bytes: Uint8Array, entry: DirectoryEntry) => void
  readonly #tree = new MerkleAccumulator()
  #pending: Uint8Array = new Uint8Array(0)
  #bodyBytes = 0
  #statement: DirectoryStatement | undefined
  #cms: Uint8Array | undefined

  /** @param onEntry gets each entry with its exact bytes (a view), for those who prove extracts */
  constructor(trust: DirectoryTrust, onEntry: (bytes: Uint8Array, entry: DirectoryEntry) => void = () => undefined) {
    this.#trust = trust
    this.#onEntry = onEntry
  }

  /** The verified statement; undefined until its bytes have come. */
  get statement(): DirectoryStatement | undefined {
    return this.#statement
  }

  /** The statement's CMS, for evidence; undefined until verified. */
  get cms(): Uint8Array | undefined {
    return this.#cms
  }

  /**
   * Takes the next bytes (attacker-controlled) and returns the entries that they complete.
   * @throws TramError DIRECTORY_INVALID
   */
  write(bytes: Uint8Array): DirectoryEntry[] {
    let rest: Uint8Array = this.#pending.byteLength === 0 ? bytes : Buffer.concat([this.#pending, bytes])
    const entries: DirectoryEntry[] = []
    for (;;) {
      const piece = takePiece(rest, this.#statement === undefined ? maxDirectoryCmsBytes : maxEntryBytes)
      if (piece === undefined) break
      rest = rest.subarray(4 + piece.byteLength)
      if (this.#statement === undefined) this.#acceptHead(piece)
      else entries.push(this.#acceptEntry(piece))
    }
    this.#pending = Buffer.from(rest)
    return entries
  }

  /** The file is complete: compares size, count and digest with the statement. @throws TramError DIRECTORY_INVALID */
  end(): DirectoryStatement {
    const statement = this.#statement
    if (statement === undefined || this.#pending.byteLength > 0) throw invalid('the file is cut short')
    if (this.#bodyBytes !== statement.bodySize || this.#tree.size !== statement.entries) {
      throw invalid('size or number of entries differ from the signed statement')
    }
    const root = this.#tree.root()
    if (root === undefined || Buffer.compare(root, statement.root) !== 0)
      throw invalid('the entries differ from the signed root')
    return statement
  }

  #acceptHead(cms: Uint8Array): void {
    const verdict = verifyDirectoryStatement(cms, this.#trust)
    if (!verdict.ok) throw verdict.reason
    this.#statement = verdict.value
    this.#cms = Uint8Array.from(cms)
  }

  #acceptEntry(piece: Uint8Array): DirectoryEntry {
    this.#bodyBytes += 4 + piece.byteLength
    if (this.#bodyBytes > (this.#statement?.bodySize ?? 0)) throw invalid('more entries than the statement covers')
    this.#tree.add(leafHash('directory-entry', piece))
    let entry: DirectoryEntry
    try {
      entry = DirectoryEntry.decode(piece)
    } catch (error) {
      throw invalid(`entry ${this.#tree.size} is not a directory entry`, error)
    }
    const problem = problemInEntry(entry)
    if (problem !== undefined) throw invalid(`entry ${this.#tree.size}: ${problem}`)
    this.#onEntry(piece, entry)
    return entry
  }
}

function takePiece(bytes: Uint8Array, maxBytes: number): Uint8Array | undefined {
  if (bytes.byteLength < 4) return undefined
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0)
  if (length < 1 || length > maxBytes) throw invalid(`a piece of ${length} bytes, at most ${maxBytes}`)
  return bytes.byteLength < 4 + length ? undefined : bytes.subarray(4, 4 + length)
}

/** What is wrong with an entry, or undefined. Used when reading and, before anything is signed, when building. */
export function problemInEntry(entry: DirectoryEntry): string | undefined {
  if (entry.station != null) return problemInStation(entry.station)
  if (entry.agency != null) return problemInAgency(entry.agency)
  return 'neither station nor agency'
}

function problemInStation(station: StationEntry): string | undefined {
  if (!isStationId(station.id)) return 'station id'
  if (station.generation < 1) return `station ${station.id}: generation`
  if (station.name.length > 200) return `station ${station.id}: name is too long`
  if (station.peerKeys.length < 1) return `station ${station.id}: no peer key`
  if (!station.peerKeys.every(({ peerId }) => /^[1-9A-HJ-NP-Za-km-z]{32,100}$/.test(peerId))) return 'peer id'
  if (station.certificates.length < 1) return `station ${station.id}: no certificate`
  if (!station.certificates.every(({ sha256 }) => sha256.byteLength === 32)) return 'certificate fingerprint'
  if (!station.addresses.every((address) => /^\/[\x21-\x7e]{1,200}$/.test(address))) return 'address'
  return undefined
}

function problemInAgency(agency: AgencyEntry): string | undefined {
  if (!isAgencyCode(agency.code)) return `agency code "${agency.code.slice(0, 40)}"`
  const where = `agency ${agency.code}`
  if (agency.code102 !== '' && !isAgencyCode(agency.code102)) return `${where}: code102`
  if (agency.parent !== '' && !isAgencyCode(agency.parent)) return `${where}: parent`
  if (agency.successor !== '' && !isAgencyCode(agency.successor)) return `${where}: successor`
  if (agency.station !== '' && !isStationId(agency.station)) return `${where}: station id`
  if (agency.name.length > 500 || agency.mail.length > 200) return `${where}: name or mail is too long`
  if (agency.mobile.length > 50 || agency.fax.length > 50) return `${where}: mobile or fax is too long`
  return undefined
}
