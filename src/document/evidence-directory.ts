// Extracts of the directory inside an export of evidence: the authority's statement of one version, and entries proven to be
// under its root. evidence.ts asks them which certificate was whose, and which station served which agency; so does the
// collector (exchange/evidence/evidence-extracts), to know which versions an export needs.
import { TramError, type Verdict, verdictOf } from '../base/errors.ts'
import { equalBytes } from './der.ts'
import { type DirectoryTrust, problemInEntry, verifyDirectoryStatement } from './directory-file.ts'
import { hex } from './document-id.ts'
import { leafHash, rootFromPath } from './merkle.ts'
import { Outcome, type Receipt } from './receipt.ts'
import { type AgencyEntry, DirectoryEntry, type DirectoryStatement, type StationEntry } from './schema/directory.ts'
import { parseSealPath, type VerifiedStatement } from './seal.ts'
import { isInWindow } from './time-window.ts'
import type { Waybill } from './waybill.ts'

/** As in exchange/directory/directory: a closed agency points to its successor, which may be closed as well. */
export const maxSuccessors = 8

const invalid = (detail: string, cause?: unknown): TramError =>
  new TramError('EVIDENCE_INVALID', { detail }, cause === undefined ? {} : { cause })

/** What a directory must say for a seal to count: whose certificate it was, and that the station served these agencies. */
export interface SealClaim {
  station: string
  generation: number
  certificateSha256: Uint8Array
  /** The statement's time, ms since 1970. */
  sealedMs: number
  agencies: readonly string[]
  /** When they must have been open and served by the station, ms since 1970. */
  servedMs: number
}

/** What the seal of a waybill claims: the station served the sender when it made the waybill. */
export function waybillClaim(waybill: Waybill, seal: VerifiedStatement): SealClaim {
  return { ...sealer(waybill.station, seal), agencies: [waybill.senderAgency], servedMs: waybill.created }
}

/** What the seal of a receipt claims: the station served those for whom it stored, when it decided. */
export function receiptClaim(receipt: Receipt, seal: VerifiedStatement): SealClaim {
  // A refusal may be just that: this agency is not served here.
  const stored = receipt.verdicts.filter(({ outcome }) => outcome === Outcome.STORED)
  return {
    ...sealer(receipt.station, seal),
    agencies: stored.map(({ agency }) => agency),
    servedMs: receipt.decided,
  }
}

/** The generation is the seal's: a restored station seals anew what it wrote in an earlier one. */
function sealer(station: string, { statement, certificateSha256 }: VerifiedStatement) {
  return { station, generation: statement.generation, certificateSha256, sealedMs: statement.time }
}

/**
 * The first extract that says everything that a seal claims. One version must say all of it: pieced together from two, a key
 * that was withdrawn could sign for an agency that came to its station later. Which version, and whether it was issued before
 * or after the seal, does not matter (exchange design, "Evidence").
 * @throws TramError EVIDENCE_INVALID
 */
export function provingExtract(extracts: readonly DirectoryExtract[], claim: SealClaim): DirectoryExtract {
  const reasons: TramError[] = []
  for (const extract of extracts) {
    const verdict = extract.verifyClaim(claim)
    if (verdict.ok) return extract
    reasons.push(verdict.reason)
  }
  const [first] = reasons
  if (first === undefined) throw invalid('the directory has not verified')
  if (reasons.length === 1) throw first
  const details = reasons.map(({ data }, at) => `version ${extracts[at]?.statement.version}: ${String(data.detail)}`)
  throw invalid(`no version of the directory proves it. ${details.join('; ')}`)
}

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

  /** Whether this version says everything that a seal claims. */
  verifyClaim(claim: SealClaim): Verdict<void> {
    const { station, generation, certificateSha256, sealedMs, agencies, servedMs } = claim
    return verdictOf(() => {
      this.assertSealer(station, generation, certificateSha256, sealedMs)
      for (const agency of agencies) this.assertServes(station, agency, servedMs)
    })
  }

  /**
   * Takes entry `index` (attacker-controlled) when it is under the signed root.
   * @throws TramError EVIDENCE_INVALID, SEAL_INVALID
   */
  add(index: number, bytes: Uint8Array, pathBytes: Uint8Array): void {
    const { leafIndex, path } = parseSealPath(pathBytes)
    const name = `entry ${index} of version ${this.statement.version}`
    if (leafIndex !== index) throw invalid(`the path of ${name} is the path of entry ${leafIndex}`)
    const root = rootFromPath(leafHash('directory-entry', bytes), index, this.statement.entries, path)
    if (root === undefined || !equalBytes(root, this.statement.root)) {
      throw invalid(`${name} is not under the directory's root`)
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
    throw invalid(`${name} is not a directory entry`, error)
  }
  const problem = problemInEntry(entry)
  if (problem !== undefined) throw invalid(`${name}: ${problem}`)
  return entry
}
