// The extract of the directory inside an export of evidence: the authority's statement, and entries proven to be under its
// root. evidence.ts asks it which certificate was whose, and which station served which agency.
import { TramError } from '../base/errors.ts'
import { equalBytes } from './der.ts'
import { type DirectoryTrust, problemInEntry, verifyDirectoryStatement } from './directory-file.ts'
import { hex } from './document-id.ts'
import { leafHash, rootFromPath } from './merkle.ts'
import { type AgencyEntry, DirectoryEntry, type DirectoryStatement, type StationEntry } from './schema/directory.ts'
import { parseSealPath } from './seal.ts'
import { isInWindow } from './time-window.ts'

/** As in exchange/directory: a closed agency points to its successor, which may be closed as well. */
export const maxSuccessors = 8

const invalid = (detail: string, cause?: unknown): TramError =>
  new TramError('EVIDENCE_INVALID', { detail }, cause === undefined ? {} : { cause })

export class DirectoryExtract {
  readonly statement: DirectoryStatement
  readonly #stations = new Map<string, StationEntry>()
  readonly #agencies = new Map<string, AgencyEntry>()
  readonly #oldCodes = new Map<string, AgencyEntry>()

  /** @param cms attacker-controlled. @throws TramError DIRECTORY_INVALID */
  constructor(cms: Uint8Array, trust: DirectoryTrust) {
    const verdict = verifyDirectoryStatement(cms, trust)
    if (!verdict.ok) throw verdict.reason
    this.statement = verdict.value
  }

  /**
   * Takes entry `index` (attacker-controlled) when it is under the signed root.
   * @throws TramError EVIDENCE_INVALID, SEAL_INVALID
   */
  add(index: number, bytes: Uint8Array, pathBytes: Uint8Array): void {
    const { leafIndex, path } = parseSealPath(pathBytes)
    const name = `directory-${index}`
    if (leafIndex !== index) throw invalid(`${name}.path is the path of entry ${leafIndex}`)
    const root = rootFromPath(leafHash('directory-entry', bytes), index, this.statement.entries, path)
    if (root === undefined || !equalBytes(root, this.statement.root)) {
      throw invalid(`${name}.entry is not under the directory's root`)
    }
    const { station, agency } = decode(name, bytes)
    if (station != null) this.#stations.set(station.id, station)
    if (agency == null) return
    this.#agencies.set(agency.code, agency)
    if (agency.code102 !== '') this.#oldCodes.set(agency.code102, agency)
  }

  /**
   * The station's entry, when it lists this certificate at `atMs` and this generation.
   * @throws TramError EVIDENCE_INVALID
   */
  assertSealer(id: string, generation: number, certificateSha256: Uint8Array, atMs: number): void {
    const station = this.#stations.get(id)
    if (station === undefined) throw invalid(`the extract of the directory does not hold the station ${id}`)
    if (station.generation !== generation) {
      throw invalid(`sealed by generation ${generation} of ${id}; the directory lists generation ${station.generation}`)
    }
    const listed = station.certificates.find(({ sha256 }) => equalBytes(sha256, certificateSha256))
    if (listed === undefined) throw invalid(`the directory does not list ${hex(certificateSha256)} for ${id}`)
    if (!isInWindow(listed.window, atMs)) throw invalid(`the certificate of ${id} was not listed at sealing time`)
  }

  /** The station that served a code at `atMs`, through old codes and successors. @throws TramError EVIDENCE_INVALID */
  assertServes(stationId: string, code: string, atMs: number): void {
    const agency = this.#openAgency(code, atMs)
    if (agency === undefined) throw invalid(`the extract of the directory does not hold an open agency for ${code}`)
    if (agency.station !== stationId) throw invalid(`the directory gives ${code} to another station than ${stationId}`)
  }

  /** The name of the agency with this code, '' when it is not in the extract. */
  agencyName(code: string): string {
    return this.#agency(code)?.name ?? ''
  }

  #agency(code: string): AgencyEntry | undefined {
    return this.#agencies.get(code) ?? this.#oldCodes.get(code)
  }

  #openAgency(code: string, atMs: number): AgencyEntry | undefined {
    let agency = this.#agency(code)
    for (let step = 0; agency !== undefined && step < maxSuccessors; step++) {
      if (isInWindow(agency.validity, atMs)) return agency
      agency = agency.successor === '' ? undefined : this.#agency(agency.successor)
    }
    return undefined
  }
}

function decode(name: string, bytes: Uint8Array): DirectoryEntry {
  let entry: DirectoryEntry
  try {
    entry = DirectoryEntry.decode(bytes)
  } catch (error) {
    throw invalid(`${name}.entry is not a directory entry`, error)
  }
  const problem = problemInEntry(entry)
  if (problem !== undefined) throw invalid(`${name}.entry: ${problem}`)
  return entry
}
