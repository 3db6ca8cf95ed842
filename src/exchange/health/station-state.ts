// The state of the station as numbers: the health report, what was done since the start, and the readings of the box, under the
// names of metrics.ts. MQTT `state` and the Prometheus endpoint publish it.
import type { BoxReadings } from '../../equipment/host/box-readings.ts'
import type { UpsState } from '../../equipment/serial/ups.ts'
import { boxValues } from './box-metrics.ts'
import { type MetricValues, metricNames } from './metrics.ts'
import type { HealthReport } from './station-health.ts'
import type { Tally } from './tally.ts'
import type { TimedToken } from './timed-token.ts'
import { upsValues } from './ups-metrics.ts'

export interface StationStateDeps {
  /** The report, some seconds old at most (condition-watch.ts). */
  report: () => Promise<HealthReport>
  tally: Tally
  token: TimedToken
  /** Quantile of what synced writes took lately, ms. */
  syncMs: (share: number) => number | undefined
  readings: () => Promise<BoxReadings>
  /** undefined without one. */
  ups: () => UpsState | undefined
  /** Events that wait for the broker; undefined without one. */
  eventsWaiting: () => number | undefined
}

const dayMs = 86_400_000
const statusNumbers = { ok: 0, degraded: 1, failed: 2 } as const

export class StationState {
  readonly #deps: StationStateDeps

  constructor(deps: StationStateDeps) {
    this.#deps = deps
  }

  /** The numbers of now. Throws what the report or the readings throw. */
  async values(): Promise<MetricValues> {
    const { tally, token, syncMs, eventsWaiting } = this.#deps
    const [report, readings] = await Promise.all([this.#deps.report(), this.#deps.readings()])
    const { now, queues, oldestByUrgency, disk, directory, token: described } = report
    const count = (severity: string): number => report.conditions.filter((one) => one.severity === severity).length
    const age = (openedAt: number | null): number => (openedAt === null ? 0 : Math.max(0, now - openedAt) / 1000)
    const oldest = oldestOf(Object.values(oldestByUrgency))
    // Of a store that does not read nothing is known, least of all that nothing waits.
    const stored = (value: number): number | undefined => (report.store.state === 'ok' ? value : undefined)
    const daysUntil = (timeMs: number | null): number | undefined =>
      timeMs === null || timeMs === 0 ? undefined : (timeMs - now) / dayMs
    return finite({
      status: statusNumbers[report.overall],
      uptime_seconds: report.readySince === 0 ? undefined : (now - report.readySince) / 1000,
      conditions_critical: count('critical'),
      conditions_error: count('error'),
      conditions_warning: count('warning'),
      queue_depth: stored(queues.reduce((sum, { depth }) => sum + depth, 0)),
      oldest_undelivered_seconds: stored(age(oldest)),
      oldest_undelivered_hoa_toc_seconds: stored(age(oldestByUrgency.hoaToc)),
      oldest_undelivered_thuong_khan_seconds: stored(age(oldestByUrgency.thuongKhan)),
      oldest_undelivered_khan_seconds: stored(age(oldestByUrgency.khan)),
      oldest_undelivered_thuong_seconds: stored(age(oldestByUrgency.thuong)),
      deadline_breaches: stored(report.overdue.count),
      waybills_unsealed: stored(report.sealing.waybills),
      receipts_owed: stored(report.sealing.receipts),
      documents_accepted_total: tally.count('accepted'),
      sealed_total: tally.sealedLeaves,
      signatures_total: tally.count('sealed'),
      deliveries_total: tally.count('delivered'),
      deliveries_refused_total: tally.count('refused-by-recipient'),
      deliveries_expired_total: tally.count('expired'),
      documents_received_total: tally.count('received'),
      documents_refused_total: tally.count('refused'),
      last_seal_timestamp_seconds: seconds(tally.lastAt('sealed')),
      last_delivery_timestamp_seconds: seconds(tally.lastAt('delivered')),
      peers_connected: report.peers.connected,
      peers_known: stored(report.peers.known),
      directory_version: directory.version,
      directory_days: directory.version === 0 ? undefined : daysUntil(directory.expires),
      clock_trusted: flag(report.conditions.every(({ code }) => code !== 'CLOCK_UNTRUSTED')),
      events_waiting: eventsWaiting(),
      token_ready: flag(described.state === 'ready'),
      // What the signer does not say is not known.
      token_present: described.state === 'unreachable' ? undefined : flag(described.state !== 'absent'),
      token_pin_latched: flag(described.state === 'latched'),
      token_pin_count_low: flag(described.pinCountLow),
      token_pin_final_try: flag(described.pinFinalTry),
      token_sign_p50_seconds: seconds(token.signMs(0.5)),
      token_sign_p95_seconds: seconds(token.signMs(0.95)),
      token_failures_total: token.failures,
      certificate_days: daysUntil(described.certificateExpires),
      store_ok: flag(report.store.state === 'ok'),
      store_sync_p95_seconds: seconds(syncMs(0.95)),
      disk_free_bytes: disk.freeBytes,
      disk_reserved_bytes: disk.reservedBytes,
      disk_watermark_bytes: disk.watermarkBytes,
      disk_full_days: disk.fullInDays ?? undefined,
      ballast_present: flag(disk.ballast),
      intake_open: flag(disk.open),
      ...boxValues(readings),
      ...upsValues(this.#deps.ups()),
    })
  }
}

const flag = (is: boolean): number => (is ? 1 : 0)
const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : ms / 1000)

function oldestOf(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null)
  return known.length === 0 ? null : Math.min(...known)
}

/** In the order of the table, without what is not known. */
function finite(values: { [Name in keyof MetricValues]: number | undefined }): MetricValues {
  return Object.fromEntries(
    metricNames.flatMap((name) => {
      const value = values[name]
      return value !== undefined && Number.isFinite(value) ? [[name, rounded(value)]] : []
    }),
  )
}

/** Six digits behind the point are a microsecond; more is noise that costs bytes on every line. */
const rounded = (value: number): number => Number(value.toFixed(6))
