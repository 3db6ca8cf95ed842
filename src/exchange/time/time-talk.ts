// What two stations say to each other of the time: on greeting, and when one asks. Nobody sets a clock by it; see
// trusted-clock.ts. Part of switchboard.ts.
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { PeerLink } from '../../equipment/link/peer-link.ts'
import type { ClockSaid } from '../../equipment/link/schema/messages.ts'

/** A peer that asks for our time more often is not answered. */
const leastAskMs = 10_000

/** The clock as peers see it, and what they say of theirs (trusted-clock.ts). */
export interface TimeExchange {
  /** What the machine's clock says, ms since 1970. */
  readonly systemMs: number
  monotonic(): number
  /** `clockMs` is attacker-controlled. */
  heard(station: string, clockMs: number): void
}

export class TimeTalk {
  readonly #time: TimeExchange
  readonly #logger: Logger
  /** When each link was last told our time, by the monotonic clock. */
  readonly #toldMs = new WeakMap<PeerLink, number>()

  constructor(deps: { time: TimeExchange; logger: Logger }) {
    this.#time = deps.time
    this.#logger = deps.logger
  }

  /** For our greeting, ms since 1970. */
  get systemMs(): number {
    return this.#time.systemMs
  }

  /** A link is up: what its greeting said. */
  greeted(link: PeerLink, station: string): void {
    const { clockMs } = link.remote
    if (clockMs !== undefined) this.#time.heard(station, clockMs)
  }

  /** Asks a station for its time, and tells it ours. */
  ask(link: PeerLink): void {
    this.#tell(link, true)
  }

  /** A peer's time (attacker-controlled), and perhaps its wish for ours. `station`: undefined while it is not joined. */
  said(link: PeerLink, station: string | undefined, { clockMs, ask }: ClockSaid): void {
    if (station !== undefined) this.#time.heard(station, clockMs)
    const atMs = this.#time.monotonic()
    if (!ask || atMs - (this.#toldMs.get(link) ?? Number.NEGATIVE_INFINITY) < leastAskMs) return
    this.#toldMs.set(link, atMs)
    this.#tell(link, false)
  }

  #tell(link: PeerLink, ask: boolean): void {
    try {
      if (!link.closed.aborted) link.send({ clock: { clockMs: this.#time.systemMs, ask } })
    } catch (error) {
      this.#logger.debug({ ...logFields(asTramError(error)), peer: link.peerId }, 'a peer was not told the time')
    }
  }
}
