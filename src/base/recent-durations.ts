// How long something took lately: the last few hundred durations, and quantiles of them. For the health figures of token and disk.

/** So many are remembered; older ones make room. */
const remembered = 256

export class RecentDurations {
  readonly #ms = new Float64Array(remembered)
  #noted = 0

  /** One duration in milliseconds. */
  note(ms: number): void {
    this.#ms[this.#noted % remembered] = ms
    this.#noted += 1
  }

  /**
   * The duration that `share` of the remembered ones do not pass, by the nearest rank.
   * @param share 0 to 1
   * @returns milliseconds, undefined while nothing was noted
   */
  quantile(share: number): number | undefined {
    const count = Math.min(this.#noted, remembered)
    if (count === 0) return undefined
    const sorted = this.#ms.slice(0, count).sort()
    return sorted[Math.min(count - 1, Math.max(0, Math.ceil(share * count) - 1))]
  }
}
