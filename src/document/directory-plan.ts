// What an authority is about to sign, checked before it is: verified descriptors and the list of agencies fit together.
// exchange/directory/directory-builder feeds it entry by entry; only codes stay in memory, since there are 125,000 agencies.
import { TramError } from '../base/errors.ts'
import { problemInEntry } from './directory-file.ts'
import { hex } from './document-id.ts'
import type { AgencyEntry, StationDescriptor, StationEntry } from './schema/directory.ts'

export interface DirectoryPlanRules {
  /** Written as `modified` into agencies that name none. */
  version: number
  /** An agency without a station gets the one whose descriptor asks for it. Otherwise it is only named in `unserved`. */
  adoptFromDescriptors: boolean
}

/** What is remembered of an agency until all have been seen. */
interface Seen {
  parent: string
  successor: string
}

const invalid = (detail: string): TramError => new TramError('DIRECTORY_PLAN_INVALID', { detail })

export class DirectoryPlanCheck {
  /** In order of id. */
  readonly stations: readonly StationEntry[]
  readonly #rules: DirectoryPlanRules
  /** Codes by the station whose descriptor asks for them. */
  readonly #asked = new Map<string, string>()
  readonly #unmet: Set<string>
  readonly #seen = new Map<string, Seen>()
  /** Current and old codes with the agency that has them: one code never means two agencies. */
  readonly #codes = new Map<string, string>()
  readonly #numbers = new Map<number, string>()

  /**
   * @param descriptors verified ones
   * @throws TramError DIRECTORY_PLAN_INVALID when two stations share id, peer id, certificate or agency
   */
  constructor(descriptors: readonly StationDescriptor[], rules: DirectoryPlanRules) {
    this.#rules = rules
    const stations: StationEntry[] = []
    const owners = new Map<string, string>()
    for (const { station, agencies } of descriptors) {
      if (station == null) throw invalid('a descriptor without a station')
      claim(owners, `station ${station.id}`, station.id)
      for (const { peerId } of station.peerKeys) claim(owners, `peer id ${peerId}`, station.id)
      for (const { sha256 } of station.certificates) claim(owners, `certificate ${hex(sha256)}`, station.id)
      for (const code of new Set(agencies)) claim(this.#asked, code, station.id)
      stations.push(station)
    }
    this.stations = stations.sort((one, other) => (one.id < other.id ? -1 : 1))
    this.#unmet = new Set(this.#asked.keys())
  }

  /** Descriptors' agencies (code, station) that no entry so far gives to their station. */
  get unserved(): [code: string, station: string][] {
    return [...this.#unmet].map((code) => [code, this.#asked.get(code) ?? ''])
  }

  /**
   * Takes the next agency and returns the entry to write.
   * @throws TramError DIRECTORY_PLAN_INVALID
   */
  agency(given: AgencyEntry): AgencyEntry {
    const asking = [given.code, given.code102].flatMap((code) => this.#asked.get(code) ?? [])
    const station = given.station === '' && this.#rules.adoptFromDescriptors ? (asking[0] ?? '') : given.station
    const agency = { ...given, station, modified: given.modified || this.#rules.version }
    const problem = problemInEntry({ agency })
    if (problem !== undefined) throw invalid(problem)
    const { code, code102, parent, successor } = agency
    for (const one of new Set([code, code102])) if (one !== '') claim(this.#codes, one, code)
    if (agency.id !== 0) claim(this.#numbers, agency.id, code)
    if (station !== '') this.#assertStation(code, station, asking)
    if (station !== '') for (const one of [code, code102]) this.#unmet.delete(one)
    this.#seen.set(code, { parent, successor })
    return agency
  }

  /** All agencies have been taken: their parents and successors must be among them. @throws TramError DIRECTORY_PLAN_INVALID */
  end(): void {
    for (const [code, { parent, successor }] of this.#seen) {
      if (parent !== '' && !this.#seen.has(parent))
        throw invalid(`agency ${code}: no agency has its parent's code ${parent}`)
      if (successor !== '' && !this.#seen.has(successor))
        throw invalid(`agency ${code}: no agency has its successor's code ${successor}`)
    }
    for (const relation of ['parent', 'successor'] as const) this.#assertNoCircle(relation)
  }

  #assertStation(code: string, station: string, asking: readonly string[]): void {
    if (!this.stations.some(({ id }) => id === station))
      throw invalid(`agency ${code}: there is no descriptor of its station ${station}`)
    const other = asking.find((id) => id !== station)
    if (other !== undefined)
      throw invalid(`agency ${code} is given to the station ${station}, but the descriptor of ${other} asks for it`)
  }

  #assertNoCircle(relation: keyof Seen): void {
    const sound = new Set<string>()
    for (const start of this.#seen.keys()) {
      const way = new Set<string>()
      for (let code = start; code !== '' && !sound.has(code); code = this.#seen.get(code)?.[relation] ?? '') {
        if (way.has(code)) throw invalid(`agency ${code} comes back to itself by its ${relation}`)
        way.add(code)
      }
      for (const code of way) sound.add(code)
    }
  }
}

function claim<Thing extends string | number>(owners: Map<Thing, string>, thing: Thing, owner: string): void {
  const other = owners.get(thing)
  if (other !== undefined)
    throw invalid(`${owner}: ${thing} belongs to ${other === owner ? 'it twice' : other} already`)
  owners.set(thing, owner)
}
