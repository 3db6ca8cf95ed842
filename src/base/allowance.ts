// How often something may happen for each of many names: so many times a minute. What peers make us write or compute is
// bounded with it. Neighbour: peer-log.ts (one line a peer a minute).
import type { Clock } from './clock.ts'

const minuteMs = 60_000
/** Names that are remembered; beyond it the one that was first is forgotten. */
const maxNames = 1024

interface Minute {
  startMs: number
  taken: number
  refused: number
}

export class Allowance {
  readonly #perMinute: number
  readonly #clock: Clock
  readonly #minutes = new Map<string, Minute>()

  constructor(perMinute: number, clock: Clock) {
    this.#perMinute = perMinute
    this.#clock = clock
  }

  /** Names that are remembered now. */
  get size(): number {
    return this.#minutes.size
  }

  /** Whether nothing is left for `name` in its current minute. */
  isUsedUp(name: string): boolean {
    const minute = this.#minutes.get(name)
    return minute !== undefined && !this.#isOver(minute) && minute.taken >= this.#perMinute
  }

  /**
   * Takes one for `name`.
   * @returns how many were refused since the last minute with room began, or undefined when this one is refused too
   */
  take(name: string): number | undefined {
    const before = this.#minutes.get(name)
    if (before !== undefined && !this.#isOver(before)) {
      if (before.taken < this.#perMinute) {
        before.taken += 1
        return 0
      }
      before.refused += 1
      return undefined
    }
    this.#minutes.delete(name)
    if (this.#minutes.size >= maxNames) this.#minutes.delete(this.#minutes.keys().next().value ?? '')
    this.#minutes.set(name, { startMs: this.#clock.monotonic(), taken: 1, refused: 0 })
    return before?.refused ?? 0
  }

  #isOver({ startMs }: Minute): boolean {
    return this.#clock.monotonic() - startMs >= minuteMs
  }
}
