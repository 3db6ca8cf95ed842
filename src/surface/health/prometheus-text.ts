// The numbers of a station as Prometheus reads them: text exposition format 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
// prometheus-server.ts answers with it. Pure.
import type { Metric } from '../../exchange/health/metric.ts'
import { type MetricName, type MetricValues, metricNames, metrics } from '../../exchange/health/metrics.ts'
import type { HealthCondition } from '../../exchange/health/station-health.ts'

export const prometheusContentType = 'text/plain; version=0.0.4; charset=utf-8'

/** Before every name, so that they stand together and apart from those of other programs. */
const prefix = 'tram_'

/** What is told in labels instead of numbers, beside the table of metrics. */
export const labelMetrics = {
  info: { kind: 'gauge', en: 'Always 1: what the station is, in labels', labels: ['name', 'version', 'generation'] },
  condition: {
    kind: 'gauge',
    en: 'How many conditions of this code hold now; those that do not hold are absent',
    labels: ['code', 'severity'],
  },
} as const satisfies Record<string, Pick<Metric, 'kind' | 'en'> & { labels: readonly string[] }>

/** What the labels say; `station` and `site` stand in every line. */
export interface StationLabels {
  station: string
  /** Empty when the configuration names none. */
  site: string
  name: string
  version: string
  generation: number
}

/**
 * The exposition. As long as the two tables and the catalogue of conditions, whatever the station goes through: conditions of one
 * code (many stations out of reach) are one line with their number.
 */
export function prometheusText(
  { station, site, ...info }: StationLabels,
  values: MetricValues,
  conditions: readonly Pick<HealthCondition, 'code' | 'severity'>[],
): string {
  const common = { station, site }
  const lines = metricNames.flatMap((name) => {
    const value = values[name]
    return value === undefined ? [] : [...head(name, metrics[name]), sample(name, common, value)]
  })
  lines.push(...head('info', labelMetrics.info), sample('info', { ...common, ...info }, 1))
  const counts = new Map<string, { code: string; severity: string; count: number }>()
  for (const { code, severity } of conditions) {
    const counted = counts.get(code) ?? { code, severity, count: 0 }
    counted.count += 1
    counts.set(code, counted)
  }
  if (counts.size > 0) lines.push(...head('condition', labelMetrics.condition))
  for (const { count, ...which } of counts.values()) lines.push(sample('condition', { ...common, ...which }, count))
  return `${lines.join('\n')}\n`
}

type AnyName = MetricName | keyof typeof labelMetrics

const head = (name: AnyName, { kind, en }: Pick<Metric, 'kind' | 'en'>): string[] => [
  `# HELP ${prefix}${name} ${escaped(en)}`,
  `# TYPE ${prefix}${name} ${kind}`,
]

function sample(name: AnyName, labels: Readonly<Record<string, string | number>>, value: number): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label}="${escaped(String(text)).replaceAll('"', '\\"')}"`,
  )
  return `${prefix}${name}{${pairs.join(',')}} ${value}`
}

const escaped = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
