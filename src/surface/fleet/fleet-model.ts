// All stations of a broker as rows, worst first. Pure, but for the clock that is handed in. Fed with messages by fleet-watch.ts;
// fleet-screen.ts shows the rows.
import type { Clock } from '../../base/clock.ts'
import type { Language } from '../../base/text-format.ts'
import type { FleetMessage } from '../../equipment/mqtt/fleet-broker.ts'
import { readNews } from './fleet-news.ts'
import { byUrgency, type FleetRow } from './fleet-row.ts'
import { FleetStation } from './fleet-station.ts'

export interface FleetModelOptions {
  language: Language
  maxStations?: number
}

/** Several times the stations of the country, and more than a screen can help with. */
const defaultMaxStations = 20_000

export class FleetModel {
  readonly #clock: Clock
  readonly #language: Language
  readonly #maxStations: number
  /** By `site/station`; who was silent longest comes first. */
  readonly #stations = new Map<string, FleetStation>()
  readonly #changed = new Set<string>()
  #connection = 0
  #isSettled = false
  #evicted = 0

  constructor({ language, maxStations = defaultMaxStations }: FleetModelOptions, clock: Clock) {
    this.#clock = clock
    this.#language = language
    this.#maxStations = maxStations
  }

  /** Stations that were left out because there are too many: those that were silent longest. */
  get evicted(): number {
    return this.#evicted
  }

  /** What the broker has kept comes next. */
  connected(): void {
    this.#connection += 1
    this.#isSettled = false
  }

  /** What the broker had kept has come: a state that is not among it has ended while we were away. */
  settled(): void {
    this.#isSettled = true
    const now = this.#clock.monotonic()
    for (const station of this.#stations.values()) station.endUnlessIn(this.#connection, now)
    this.refresh()
  }

  /** Takes a message of whoever may write at the broker. Never throws. */
  take({ topic, payload, isRetained, expirySeconds }: FleetMessage): void {
    const news = readNews(topic, payload)
    if (news === undefined) return
    const key = `${news.site}/${news.station}`
    const known = this.#stations.get(key)
    this.#stations.delete(key)
    if (news.subject === 'availability' && news.is === 'gone') {
      if (known !== undefined) this.#note(key)
      return
    }
    this.#note(key)
    if (known === undefined && this.#stations.size >= this.#maxStations) this.#evict()
    const station = known ?? new FleetStation(news, this.#connection)
    this.#stations.set(key, station)
    const [nowMs, monotonicMs] = [this.#clock.now(), this.#clock.monotonic()]
    const how = { expirySeconds, isRetained, connection: this.#connection, language: this.#language }
    station.hear(news, { nowMs, monotonicMs, ...how })
    this.#judge(station, monotonicMs)
  }

  /** Looks who has become silent. */
  refresh(): void {
    const now = this.#clock.monotonic()
    for (const [key, station] of this.#stations) if (this.#judge(station, now)) this.#note(key)
  }

  /** All stations, worst first, then who has been so longest. */
  rows(): FleetRow[] {
    this.refresh()
    this.#changed.clear()
    return Array.from(this.#stations.values(), (station) => station.row()).sort(byUrgency)
  }

  /** The rows that have changed since this or `rows` was asked last, and the stations that are gone (`site/station`). */
  changes(): { rows: FleetRow[]; gone: string[] } {
    this.refresh()
    const rows: FleetRow[] = []
    const gone: string[] = []
    for (const key of this.#changed) {
      const station = this.#stations.get(key)
      if (station === undefined) gone.push(key)
      else rows.push(station.row())
    }
    this.#changed.clear()
    return { rows, gone }
  }

  #judge(station: FleetStation, monotonicMs: number): boolean {
    // While the kept messages come, one after the other, a station that is new to us passes through what it never was.
    const isFirst = station.firstConnection === this.#connection && !this.#isSettled
    return station.judge(monotonicMs, isFirst ? null : this.#clock.now())
  }

  #evict(): void {
    const [silent] = this.#stations.keys()
    if (silent === undefined) return
    this.#stations.delete(silent)
    this.#note(silent)
    this.#evicted += 1
  }

  /** Names that come and go are made up easily, and who asks for changes may be slow. */
  #note(key: string): void {
    if (this.#changed.size < 2 * this.#maxStations) this.#changed.add(key)
  }
}
