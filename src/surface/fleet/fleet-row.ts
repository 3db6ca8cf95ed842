// A station as it is printed: a row of the fleet, and which of two is the worse. Made by fleet-station.ts.
import type { Severity } from '../../base/conditions/condition.ts'

/** From the worst to the best. `stale`: the broker calls it online, but its state has ended: nobody knows how it is. */
export const overalls = ['failed', 'offline', 'stale', 'degraded', 'ok'] as const

export type Overall = (typeof overalls)[number]

/** From the worst. What is `info` needs nobody. */
export const alarming = ['critical', 'error', 'warning'] as const satisfies Severity[]

/** The worst that a station reports. `code` is null when only the number of such conditions is known. */
export interface WorstCondition {
  code: string | null
  severity: (typeof alarming)[number]
  text: string
}

/** Times in ms since 1970; null where nobody has said it. */
export interface FleetRow {
  site: string
  station: string
  name: string
  overall: Overall
  /** When it was first seen so; null: it was so when the watch began. */
  since: number | null
  worst: WorstCondition | null
  /** How many conditions of severity warning and worse it reports. */
  conditions: number
  queueDepth: number | null
  /** How long the oldest undelivered document of each urgency has waited; 0 when none waits. */
  oldestSeconds: { hoaToc: number | null; thuongKhan: number | null; khan: number | null; thuong: number | null }
  deadlineBreaches: number | null
  peersConnected: number | null
  peersKnown: number | null
  certificateDays: number | null
  diskFullDays: number | null
  version: string
  lastSeen: number | null
}

/** For sorting: worst first, then who has been so longest. */
export function byUrgency(a: FleetRow, b: FleetRow): number {
  const severity = ({ worst }: FleetRow): number =>
    worst === null ? alarming.length : alarming.indexOf(worst.severity)
  return (
    overalls.indexOf(a.overall) - overalls.indexOf(b.overall) ||
    severity(a) - severity(b) ||
    (a.since ?? 0) - (b.since ?? 0) ||
    compare(a.site, b.site) ||
    compare(a.station, b.station)
  )
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

/** What a fleet is as a whole: as its worst station; `degraded` when nobody is there, for somebody should be. */
export function verdictOf(rows: readonly FleetRow[]): 'ok' | 'degraded' | 'failed' {
  const worst = overalls.find((overall) => rows.some((row) => row.overall === overall))
  if (worst === 'ok') return 'ok'
  return worst === undefined || worst === 'degraded' ? 'degraded' : 'failed'
}
