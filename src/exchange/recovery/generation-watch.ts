// Whether this box is the station that the directory lists: after a restore there may be two, the old one and the new one, and
// only the generation tells them apart. The sealer asks before each signature, recovery.ts closes intake by it.
import { type StateError, TramError } from '../../base/errors.ts'
import type { Directory } from '../directory/directory.ts'

export class GenerationWatch {
  readonly #own: { station: string; generation: number }
  readonly #directory: Directory
  #kept = 0

  constructor(own: { station: string; generation: number }, deps: { directory: Directory }) {
    this.#own = own
    this.#directory = deps.directory
  }

  /** The highest generation that has ever worked on this data folder, 0 = none. */
  keep(generation: number): void {
    this.#kept = generation
  }

  /**
   * Why this box may not seal: STATION_SUPERSEDED when a later generation took over (here or in the directory),
   * GENERATION_UNLISTED while the directory does not list ours yet and nobody would believe it. undefined = it may.
   */
  async trouble(): Promise<StateError | undefined> {
    const { station, generation } = this.#own
    const listed = this.#directory.version === 0 ? undefined : (await this.#directory.station(station))?.generation
    const latest = Math.max(this.#kept, listed ?? 0)
    if (latest > generation) return new TramError('STATION_SUPERSEDED', { station, generation, latest })
    // In a directory that does not name us at all, peers say what is missing.
    if (listed === undefined || listed === generation) return undefined
    return new TramError('GENERATION_UNLISTED', { station, generation, listed })
  }
}
