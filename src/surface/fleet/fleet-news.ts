// What a station says to the broker, read with suspicion: topic and payload become a piece of news, or nothing. fleet-model.ts
// keeps it. Attacker-controlled: whoever may write at the broker, or owns it.
import { createHash } from 'node:crypto'
import type { Severity } from '../../base/conditions/condition.ts'
import type { MetricName } from '../../exchange/health/metrics.ts'

/** The numbers of a state that are looked at; each is absent when the station does not say it. */
export const fleetMetrics = [
  'status',
  'conditions_critical',
  'conditions_error',
  'conditions_warning',
  'queue_depth',
  'oldest_undelivered_hoa_toc_seconds',
  'oldest_undelivered_thuong_khan_seconds',
  'oldest_undelivered_khan_seconds',
  'oldest_undelivered_thuong_seconds',
  'deadline_breaches',
  'peers_connected',
  'peers_known',
  'certificate_days',
  'disk_full_days',
] as const satisfies readonly MetricName[]

export type FleetMetric = (typeof fleetMetrics)[number]

export interface FleetState {
  /** By the station's clock, ms since 1970; null when it makes no sense. */
  ts: number | null
  /** In the order of fleetMetrics: 20,000 stations fit into memory because a state is a short list. */
  values: readonly (number | undefined)[]
}

export interface FleetEvent {
  ts: number | null
  code: string
  severity: Severity
  change: 'raised' | 'cleared'
  /** The same for the beginning and the end of one alarm. */
  alarm: string
  vi: string
  en: string
}

export interface FleetInfo {
  name: string
  version: string
}

/** `gone`: an operator has taken the station off the broker. */
export type FleetNews = { site: string; station: string } & (
  | { subject: 'availability'; is: 'online' | 'offline' | 'gone' }
  | ({ subject: 'info' } & FleetInfo)
  | ({ subject: 'state' } & FleetState)
  /** The numbers that a station says less often. */
  | { subject: 'details'; values: FleetState['values'] }
  | ({ subject: 'event' } & FleetEvent)
  /** It has spoken, but said nothing that counts here. */
  | { subject: 'word' }
)

const maxTopicLength = 100
const topicPattern = /^tram\/v1\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32})\/(availability|info|state|details|event)$/
/** What surface/health and the event outbox keep to, so that what is longer is none of theirs. */
const maxBytes = { availability: 16, info: 16 * 1024, state: 8 * 1024, details: 8 * 1024, event: 4096 } as const
const maxNumber = 1e15
/** Until the year 2100. */
const maxTimeMs = 4_102_444_800_000
const maxTextLength = 160
const severities: readonly string[] = ['info', 'warning', 'error', 'critical'] satisfies Severity[]

/** The news in a message; undefined when it is none of a station's. Never throws. */
export function readNews(topic: string, payload: Uint8Array): FleetNews | undefined {
  const [, site, station, subject] = (topic.length <= maxTopicLength && topicPattern.exec(topic)) || []
  if (site === undefined || station === undefined || subject === undefined) return undefined
  const kind = subject as keyof typeof maxBytes
  if (payload.byteLength > maxBytes[kind]) return undefined
  const from = { site, station }
  const text = Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength).toString('utf8')
  if (kind === 'availability') {
    const is = text === '' ? 'gone' : text
    return is === 'online' || is === 'offline' || is === 'gone' ? { ...from, subject: kind, is } : undefined
  }
  const fields = objectOf(text)
  if (fields === undefined) return undefined
  if (kind === 'info')
    return { ...from, subject: kind, name: screenText(fields.name), version: screenText(fields.version) }
  if (kind === 'state') return { ...from, subject: kind, ts: timeOf(fields.ts), values: valuesOf(fields) }
  if (kind === 'details') return { ...from, subject: kind, values: valuesOf(fields) }
  return { ...from, ...eventOf(fields) }
}

/** The fields of a JSON object; undefined for everything else. */
function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    // Whoever wrote it is no station of ours; there is nobody to tell.
    return undefined
  }
}

function valuesOf(fields: Readonly<Record<string, unknown>>): (number | undefined)[] {
  return fleetMetrics.map((name) => {
    const value = Object.hasOwn(fields, name) ? fields[name] : undefined
    return typeof value === 'number' && Math.abs(value) <= maxNumber ? value : undefined
  })
}

function eventOf(fields: Readonly<Record<string, unknown>>): { subject: 'word' } | ({ subject: 'event' } & FleetEvent) {
  const { ts, code, severity, change, text_vi, text_en, data } = fields
  const isAlarm = change === 'raised' || change === 'cleared'
  if (!isAlarm || typeof code !== 'string' || !/^[A-Z][A-Z0-9_]{0,63}$/.test(code)) return { subject: 'word' }
  if (typeof severity !== 'string' || !severities.includes(severity)) return { subject: 'word' }
  // What it is about: a station repeats the data of the beginning at the end (exchange/health/condition-watch.ts).
  const about = createHash('sha256')
    .update(JSON.stringify(data ?? null))
    .digest('base64')
    .slice(0, 22)
  return {
    ...{ subject: 'event', ts: timeOf(ts), code, severity: severity as Severity, change, alarm: `${code} ${about}` },
    ...{ vi: screenText(text_vi), en: screenText(text_en) },
  }
}

const timeOf = (value: unknown): number | null =>
  typeof value === 'number' && value >= 0 && value <= maxTimeMs ? Math.floor(value) : null

/**
 * A text that can do nothing to a screen: Latin letters (with Vietnamese marks), digits and signs, each one column wide; everything
 * else, escape sequences above all, is a question mark.
 */
export function screenText(value: unknown, maxLength = maxTextLength): string {
  if (typeof value !== 'string') return ''
  const plain = value
    .slice(0, 4 * maxLength)
    .normalize('NFC')
    .slice(0, maxLength)
    .replace(/[^\u0020-\u007e\u00a1-\u00ac\u00ae-\u024f\u1ea0-\u1eff\u2010-\u2026\u20ab\u2192]/gu, '?')
  // A piece of a text that V8 would otherwise keep whole.
  return Buffer.from(plain, 'utf8').toString('utf8')
}
