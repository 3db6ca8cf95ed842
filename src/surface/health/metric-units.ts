// The unit of a metric, read from the end of its name (exchange/health/metric.ts). home-assistant.ts and the Zabbix template
// (scripts/zabbix-template.ts) show it.

/** `time`: a point in time, s since 1970. `count`: a number of things. */
export type MetricUnit =
  | ('seconds' | 'time' | 'days' | 'bytes' | 'ratio')
  | ('celsius' | 'volts' | 'hertz' | 'version' | 'count')

const ends: readonly (readonly [end: string, unit: MetricUnit])[] = [
  ['_timestamp_seconds', 'time'],
  ['_seconds', 'seconds'],
  ['_days', 'days'],
  ['_bytes', 'bytes'],
  ['_bytes_total', 'bytes'],
  ['_ratio', 'ratio'],
  ['_celsius', 'celsius'],
  ['_volts', 'volts'],
  ['_hertz', 'hertz'],
  ['_version', 'version'],
]

/** @param name of a metric */
export const unitOf = (name: string): MetricUnit => ends.find(([end]) => name.endsWith(end))?.[1] ?? 'count'
