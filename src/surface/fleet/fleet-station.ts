// What one station of a fleet has said last, and what its silence means. fleet-model.ts holds them all.
import type { Language } from '../../base/text-format.ts'
import { type FleetEvent, type FleetMetric, type FleetNews, type FleetState, fleetMetrics } from './fleet-news.ts'
import { alarming, type FleetRow, type Overall, type WorstCondition } from './fleet-row.ts'

/** A condition whose beginning was told, and whose end was not. */
interface Alarm {
  code: string
  severity: (typeof alarming)[number]
  text: string
  /** No state has come since. */
  isNew: boolean
  /** States in a row that know nothing of it. */
  misses: number
}

/** When and how a piece of news has come. */
export interface Arrival {
  /** Wall clock and monotonic clock. */
  nowMs: number
  monotonicMs: number
  /** What is left of its life; undefined when it does not say. */
  expirySeconds: number | undefined
  isRetained: boolean
  /** Number of the connection that it came through. */
  connection: number
  language: Language
}

/** The worst are kept. */
const maxAlarms = 12
/** Of a state that does not say so: three times the interval that a station has unless told otherwise. */
const defaultLifeSeconds = 180
/** Three times the longest interval of `[mqtt] state_interval_s`. */
const longestLifeSeconds = 3 * 3600
/** So many states without it, and an alarm whose end was missed is over. One may be from before it began. */
const maxMisses = 2
const metricAt = Object.fromEntries(fleetMetrics.map((name, at) => [name, at])) as Record<FleetMetric, number>

export class FleetStation {
  readonly #site: string
  readonly #station: string
  /** The connection through which it was seen first. */
  readonly firstConnection: number
  #name = ''
  #version = ''
  #availability: 'online' | 'offline' | undefined
  #values: readonly (number | undefined)[] = []
  #details: readonly (number | undefined)[] = []
  #stateEndsMs = Number.NEGATIVE_INFINITY
  #stateConnection = 0
  /** Most have none. */
  #alarms: Map<string, Alarm> | undefined
  #overall: Overall = 'stale'
  #since: number | null = null
  #lastSeen: number | null = null

  constructor({ site, station }: Pick<FleetNews, 'site' | 'station'>, firstConnection: number) {
    this.#site = site
    this.#station = station
    this.firstConnection = firstConnection
  }

  /** Takes a piece of news of this station. */
  hear(news: FleetNews, arrival: Arrival): void {
    // Of what was kept nobody knows since when; a state says.
    if (!arrival.isRetained) this.#lastSeen = arrival.nowMs
    if (news.subject === 'availability') this.#availability = news.is === 'offline' ? 'offline' : 'online'
    else if (news.subject === 'info') {
      this.#name = news.name
      this.#version = news.version
    } else if (news.subject === 'state') this.#takeState(news, arrival)
    else if (news.subject === 'details') this.#details = news.values
    else if (news.subject === 'event') this.#takeEvent(news, arrival.language)
  }

  /** Its state has ended if it has not come through `connection`, where everything that the broker keeps has come. */
  endUnlessIn(connection: number, monotonicMs: number): void {
    if (this.#stateConnection !== connection) this.#stateEndsMs = Math.min(this.#stateEndsMs, monotonicMs)
  }

  /** Whether it is another than it was. @param since what to remember of the beginning of what it is now */
  judge(monotonicMs: number, since: number | null): boolean {
    const overall = this.#judged(monotonicMs)
    if (overall === this.#overall) return false
    this.#overall = overall
    this.#since = since
    return true
  }

  row(): FleetRow {
    const value = (metric: FleetMetric): number | null =>
      this.#values[metricAt[metric]] ?? this.#details[metricAt[metric]] ?? null
    return {
      site: this.#site,
      station: this.#station,
      name: this.#name,
      overall: this.#overall,
      since: this.#since,
      worst: this.#worst(),
      conditions: Math.max(
        this.#alarms?.size ?? 0,
        alarming.reduce((sum, severity) => sum + this.#count(severity), 0),
      ),
      queueDepth: value('queue_depth'),
      oldestSeconds: {
        hoaToc: value('oldest_undelivered_hoa_toc_seconds'),
        thuongKhan: value('oldest_undelivered_thuong_khan_seconds'),
        khan: value('oldest_undelivered_khan_seconds'),
        thuong: value('oldest_undelivered_thuong_seconds'),
      },
      deadlineBreaches: value('deadline_breaches'),
      peersConnected: value('peers_connected'),
      peersKnown: value('peers_known'),
      certificateDays: value('certificate_days'),
      diskFullDays: value('disk_full_days'),
      version: this.#version,
      lastSeen: this.#lastSeen,
    }
  }

  #takeState({ ts, values }: FleetState, { nowMs, monotonicMs, expirySeconds, connection }: Arrival): void {
    this.#values = values
    if (ts !== null) this.#lastSeen = Math.max(this.#lastSeen ?? 0, Math.min(ts, nowMs))
    this.#stateConnection = connection
    this.#stateEndsMs = monotonicMs + Math.min(expirySeconds ?? defaultLifeSeconds, longestLifeSeconds) * 1000
    // Ends of alarms are missed while there is no connection; the numbers tell.
    for (const [name, alarm] of this.#alarms ?? []) {
      alarm.isNew = false
      alarm.misses = this.#count(alarm.severity) > 0 ? 0 : alarm.misses + 1
      if (alarm.misses >= maxMisses) this.#alarms?.delete(name)
    }
  }

  #takeEvent({ alarm: name, code, severity, change, vi, en }: FleetEvent, language: Language): void {
    if (change === 'cleared') {
      this.#alarms?.delete(name)
      return
    }
    if (severity === 'info') return
    this.#alarms ??= new Map()
    this.#alarms.set(name, { code, severity, text: language === 'vi' ? vi : en, isNew: true, misses: 0 })
    if (this.#alarms.size <= maxAlarms) return
    const [mildest] = [...this.#alarms].sort(([, a], [, b]) => rank(b) - rank(a))
    if (mildest !== undefined) this.#alarms.delete(mildest[0])
  }

  #judged(monotonicMs: number): Overall {
    if (this.#availability === 'offline') return 'offline'
    if (monotonicMs >= this.#stateEndsMs) return 'stale'
    const status = this.#values[metricAt.status]
    let isTroubled = status !== 0
    // As exchange/health/station-health.ts has it.
    if (status === 2) return 'failed'
    for (const { isNew, severity } of this.#alarms?.values() ?? []) {
      if (isNew && severity === 'critical') return 'failed'
      isTroubled ||= isNew
    }
    return isTroubled ? 'degraded' : 'ok'
  }

  #worst(): WorstCondition | null {
    const [worst] = [...(this.#alarms?.values() ?? [])].sort((a, b) => rank(a) - rank(b))
    const counted = alarming.find((severity) => this.#count(severity) > 0)
    if (worst !== undefined && (counted === undefined || rank(worst) <= alarming.indexOf(counted))) {
      const { code, severity, text } = worst
      return { code, severity, text }
    }
    return counted === undefined ? null : { code: null, severity: counted, text: '' }
  }

  #count(severity: (typeof alarming)[number]): number {
    return this.#values[metricAt[`conditions_${severity}`]] ?? 0
  }
}

const rank = ({ severity }: Alarm): number => alarming.indexOf(severity)
