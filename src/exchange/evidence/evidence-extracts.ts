// Which versions of the directory the evidence about a document needs, and the entries of each, with their paths. Asked by
// evidence-collector; reads the files that directory-versions.ts keeps. document/evidence-directory says what proves a seal.
import { TramError } from '../../base/errors.ts'
import { DirectoryFileReader, type DirectoryTrust } from '../../document/directory-file.ts'
import { DirectoryExtract, maxSuccessors, type SealClaim } from '../../document/evidence-directory.ts'
import { maxExtracts } from '../../document/evidence-files.ts'
import { leafHash } from '../../document/merkle.ts'
import { MerklePaths } from '../../document/merkle-paths.ts'
import type { AgencyEntry, DirectoryEntry, DirectoryStatement } from '../../document/schema/directory.ts'
import { Seal } from '../../document/schema/seal.ts'
import type { Directory } from '../directory/directory.ts'

/** Versions that are tried for seals which their recorded ones do not prove; a file may have 125,000 entries. */
const maxOthersTried = 8

/** A seal, and the version that was in force when it was checked or made; 0 = not recorded. */
export interface SealToProve {
  claim: SealClaim
  recordedVersion: number
}

/** Some entries of one version, by their index in it. */
export interface CollectedExtract {
  statement: DirectoryStatement
  cms: Uint8Array
  entries: ReadonlyMap<number, CollectedEntry>
}

export interface CollectedEntry {
  bytes: Uint8Array
  path: Uint8Array
  entry: DirectoryEntry
}

/** The extracts, oldest version first, and for each seal the one that is meant to prove it. */
export interface CollectedExtracts<Proven extends SealToProve> {
  extracts: CollectedExtract[]
  proofs: Map<Proven, CollectedExtract>
}

/**
 * As few versions as prove the seals: those that were recorded, newest first, then the others, nearest first. A seal that no
 * version proves gets its recorded one, or that in use, so that whoever verifies is told what is missing.
 * @throws TramError, when a seal is not proven without it: DIRECTORY_MISSING (no directory, or a file is gone),
 *   DIRECTORY_INVALID (a file is damaged, or signed by an authority whose certificate is no longer installed here)
 */
export async function collectExtracts<Proven extends SealToProve>(
  seals: readonly Proven[],
  directory: Directory,
  trust: DirectoryTrust,
): Promise<CollectedExtracts<Proven>> {
  const kept = (await directory.versions()).map(({ version }) => version)
  const isKept = new Set(kept)
  const recordedOf = ({ recordedVersion }: Proven) =>
    isKept.has(recordedVersion) ? recordedVersion : directory.version
  const recorded = new Set(seals.map(recordedOf))
  const read = new Map<number, CollectedExtract>()
  const meant = new Map<number, Proven[]>()
  let unproven = [...seals]
  let failure: TramError | undefined
  for (const version of inOrder(recorded, kept)) {
    if (unproven.length === 0) break
    const claims = unproven.map(({ claim }) => claim)
    const extract = await readExtract(version, claims, directory, trust).catch((error: unknown) => {
      failure = fileFailure(error)
    })
    if (extract === undefined) continue
    read.set(version, extract)
    const proof = verifiable(extract, trust)
    const proven = unproven.filter(({ claim }) => proof.verifyClaim(claim).ok)
    meant.set(version, proven)
    unproven = unproven.filter((seal) => !proven.includes(seal))
  }
  if (unproven.length > 0 && failure !== undefined) throw failure
  for (const seal of unproven) meant.get(recordedOf(seal))?.push(seal)
  const proofs = new Map<Proven, CollectedExtract>()
  for (const [version, extract] of [...read].sort(([one], [other]) => one - other)) {
    const proven = meant.get(version) ?? []
    const needed = restricted(
      extract,
      proven.map(({ claim }) => claim),
    )
    for (const seal of proven) proofs.set(seal, needed)
  }
  return { extracts: [...new Set(proofs.values())], proofs }
}

/** The recorded versions, newest first; then the rest by distance to them, since a change is near the seal that it concerns. */
function inOrder(recorded: ReadonlySet<number>, kept: readonly number[]): number[] {
  const distance = (version: number) => Math.min(...[...recorded].map((one) => Math.abs(one - version)))
  const rest = kept.filter((version) => !recorded.has(version))
  rest.sort((one, other) => distance(one) - distance(other))
  const newestFirst = [...recorded].sort((one, other) => other - one)
  return [...newestFirst, ...rest.slice(0, maxOthersTried)].slice(0, maxExtracts)
}

/** A file that cannot be used: another may do. Anything else is thrown on. */
function fileFailure(error: unknown): TramError {
  if (error instanceof TramError && (error.code === 'DIRECTORY_MISSING' || error.code === 'DIRECTORY_INVALID'))
    return error
  throw error
}

/** The same as whoever verifies the export will build from its files. */
function verifiable({ cms, entries }: CollectedExtract, trust: DirectoryTrust): DirectoryExtract {
  const extract = new DirectoryExtract(cms, trust)
  for (const [index, { bytes, path }] of entries) extract.add(index, bytes, path)
  return extract
}

/** What the claims need of a version: one pass over its file, and one more for each step of successors. */
async function readExtract(
  version: number,
  claims: readonly SealClaim[],
  directory: Directory,
  trust: DirectoryTrust,
): Promise<CollectedExtract> {
  let named = namesIn(claims)
  for (let step = 1; ; step++) {
    const extract = await readEntries(version, (entry) => isNamed(entry, named), directory, trust)
    const more = withSuccessors(named, extract)
    if (more.codes.size === named.codes.size || step > maxSuccessors) return extract
    named = more
  }
}

interface Names {
  stations: ReadonlySet<string>
  /** Codes of agencies, current or old. */
  codes: ReadonlySet<string>
}

const namesIn = (claims: readonly SealClaim[]): Names => ({
  stations: new Set(claims.map(({ station }) => station)),
  codes: new Set(claims.flatMap(({ agencies }) => agencies)),
})

const isNamed = ({ station, agency }: DirectoryEntry, { stations, codes }: Names): boolean =>
  (station != null && stations.has(station.id)) || (agency != null && isCalled(agency, codes))

const isCalled = ({ code, code102 }: AgencyEntry, codes: ReadonlySet<string>): boolean =>
  codes.has(code) || (code102 !== '' && codes.has(code102))

/** With the codes that the named agencies passed on to, and those that these passed on to. */
function withSuccessors({ stations, codes }: Names, { entries }: CollectedExtract): Names {
  const all = new Set(codes)
  for (let before = -1; before !== all.size; ) {
    before = all.size
    for (const { entry } of entries.values()) {
      if (entry.agency != null && entry.agency.successor !== '' && isCalled(entry.agency, all))
        all.add(entry.agency.successor)
    }
  }
  return { stations, codes: all }
}

async function readEntries(
  version: number,
  isWanted: (entry: DirectoryEntry) => boolean,
  directory: Directory,
  trust: DirectoryTrust,
): Promise<CollectedExtract> {
  const tree = new MerklePaths()
  const wanted = new Map<number, { bytes: Uint8Array; entry: DirectoryEntry }>()
  let index = 0
  const reader = new DirectoryFileReader(trust, (bytes, entry) => {
    const isIn = isWanted(entry)
    tree.add(leafHash('directory-entry', bytes), isIn)
    if (isIn) wanted.set(index, { bytes: Uint8Array.from(bytes), entry })
    index += 1
  })
  for await (const bytes of directory.streamFile(version)) reader.write(bytes)
  const statement = reader.end()
  const paths = tree.end()
  const entries = new Map<number, CollectedEntry>()
  for (const [leafIndex, found] of wanted) {
    const path = (paths.get(leafIndex) ?? []).map((node) => Buffer.from(node))
    entries.set(leafIndex, { ...found, path: Seal.encode({ cms: Buffer.alloc(0), leafIndex, path }) })
  }
  return { statement, cms: reader.cms ?? new Uint8Array(0), entries }
}

/** Without the entries that these claims do not need. */
function restricted(extract: CollectedExtract, claims: readonly SealClaim[]): CollectedExtract {
  const names = withSuccessors(namesIn(claims), extract)
  return { ...extract, entries: new Map([...extract.entries].filter(([, { entry }]) => isNamed(entry, names))) }
}

/** Where a station stands in an extract. @throws TramError EVIDENCE_INVALID when it does not */
export function stationEntryIn({ entries, statement }: CollectedExtract, id: string): number {
  const found = [...entries].find(([, { entry }]) => entry.station?.id === id)
  if (found !== undefined) return found[0]
  const detail = `version ${statement.version} of the directory does not name the station ${id}`
  throw new TramError('EVIDENCE_INVALID', { detail })
}
