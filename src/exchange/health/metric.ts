// What a metric is: one number about the station, named once for everybody. The families beside this file list them; metrics.ts
// composes them; MQTT `state`, the Prometheus endpoint and the monitoring kits of docs/monitoring all take their names there.

/**
 * One number. Its name carries its unit: `_seconds`, `_bytes`, `_timestamp_seconds` (since 1970), `_celsius`, `_days`, `_ratio`
 * (0 to 1); `_total` for counters; without a unit it is a number of things, or 0/1 where `isFlag`.
 */
export interface Metric {
  /** A counter only grows, and begins at 0 with each start of the station. */
  kind: 'gauge' | 'counter'
  /** 1 = yes, 0 = no. */
  isFlag?: true
  vi: string
  en: string
}

/** A family of metrics, checked for shape but kept literal so that names can be typed. */
export type MetricFamily = Readonly<Record<string, Metric>>
