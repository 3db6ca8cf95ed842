// How many stations and agencies the directory in use has: counted once for each version, since a count reads every entry.
import type { Directory } from './directory.ts'

export interface DirectoryCountsResult {
  stations: number
  agencies: number
  /** Agencies that a station serves. */
  served: number
}

export class DirectoryCounts {
  readonly #directory: Directory
  #version = 0
  #counted: Promise<DirectoryCountsResult> = Promise.resolve({ stations: 0, agencies: 0, served: 0 })

  constructor(deps: { directory: Directory }) {
    this.#directory = deps.directory
  }

  /** Counts of the version in use; zeros while there is none. @throws TramError STORE_DAMAGED, STORE_FAILED */
  async current(): Promise<DirectoryCountsResult> {
    for (;;) {
      const { version } = this.#directory
      if (version !== this.#version) {
        this.#version = version
        this.#counted = this.#count()
      }
      const counted = this.#counted
      try {
        return await counted
      } catch (error) {
        // Whoever asks next tries again.
        if (this.#counted === counted) this.#version = 0
        // Replaced while it was read, which is no failure: the new one is counted.
        if (this.#directory.version === version) throw error
      }
    }
  }

  async #count(): Promise<DirectoryCountsResult> {
    const counts = { stations: 0, agencies: 0, served: 0 }
    for await (const _ of this.#directory.stations()) counts.stations += 1
    for await (const { station } of this.#directory.agencies()) {
      counts.agencies += 1
      if (station !== '') counts.served += 1
    }
    return counts
  }
}
