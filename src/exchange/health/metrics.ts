// Every metric of Trạm in one table. station-state.ts fills it in; surfaces publish it.
import { boxMetrics } from './box-metrics.ts'
import { equipmentMetrics } from './equipment-metrics.ts'
import { exchangeMetrics } from './exchange-metrics.ts'
import type { Metric } from './metric.ts'
import { upsMetrics } from './ups-metrics.ts'

/** All metrics by name. */
export const metrics = {
  ...exchangeMetrics,
  ...equipmentMetrics,
  ...boxMetrics,
  ...upsMetrics,
} as const satisfies Record<string, Metric>

export type MetricName = keyof typeof metrics

/** What is known: a reading that this box does not have is absent, never 0. Every number is finite. */
export type MetricValues = Partial<Record<MetricName, number>>

export const metricNames = Object.keys(metrics) as MetricName[]
