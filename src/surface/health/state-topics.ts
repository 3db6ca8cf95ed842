// Which numbers are published how often, and how exactly: what a station's day of MQTT costs is decided here (2 MB a day on a mobile
// line, docs/figures-notes.md, mqtt-bytes). Each of the two topics is complete in itself, so that whoever comes later, or reads one
// message only, has all of it. Read by health-publisher.ts, home-assistant.ts and the kits of docs/monitoring.
import { type MetricName, metricNames } from '../../exchange/health/metrics.ts'

/** `state`: every `state_interval_s`. `details`: with every fifteenth of them, after each connection, and when a number is new. */
export type StateTopic = 'state' | 'details'

/** After so many states the details are published again. */
export const detailsEvery = 15

/** What somebody is woken for, and what shows that documents move. Everything else is for trends, or is told as an event at once. */
const everyTime = [
  ...['status', 'conditions_critical', 'conditions_error', 'conditions_warning', 'uptime_seconds'],
  ...['queue_depth', 'oldest_undelivered_seconds', 'oldest_undelivered_hoa_toc_seconds', 'deadline_breaches'],
  ...['waybills_unsealed', 'receipts_owed', 'documents_accepted_total', 'documents_received_total', 'sealed_total'],
  ...['deliveries_total', 'deliveries_refused_total', 'documents_refused_total', 'last_delivery_timestamp_seconds'],
  ...[
    'peers_connected',
    'clock_trusted',
    'events_waiting',
    'token_ready',
    'store_ok',
    'intake_open',
    'disk_free_bytes',
  ],
  ...['box_temperature_celsius', 'box_memory_available_bytes', 'station_cpu_ratio', 'ups_on_mains', 'ups_battery_low'],
] as const satisfies readonly MetricName[]

const detailNames: ReadonlySet<string> = new Set(
  metricNames.filter((name) => !(everyTime as readonly string[]).includes(name)),
)

/** The topic that has a metric. */
export const topicOf = (name: string): StateTopic => (detailNames.has(name) ? 'details' : 'state')

/** Numbers by topic, as they are published: without what is no number, and without digits that mean nothing. */
export function splitState(values: Readonly<Record<string, number>>): Record<StateTopic, Record<string, number>> {
  const topics: Record<StateTopic, Record<string, number>> = { state: {}, details: {} }
  for (const [name, value] of Object.entries(values)) {
    if (Number.isFinite(value)) topics[topicOf(name)][name] = rounded(name, value)
  }
  return topics
}

/** Whole seconds of an age or a point in time, a thousandth of a day or of a ratio; a duration keeps its microseconds. */
function rounded(name: string, value: number): number {
  if (name.endsWith('_timestamp_seconds') || (name.endsWith('_seconds') && Math.abs(value) >= 100))
    return Math.round(value)
  const digits = name.endsWith('_days') || name.endsWith('_ratio') ? 3 : 6
  return Number(value.toFixed(digits))
}
