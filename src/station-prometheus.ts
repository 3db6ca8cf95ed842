// The part of station.ts that Prometheus asks for numbers, when `[prometheus]` says where.
import type { Clock } from './base/clock.ts'
import type { StateError } from './base/errors.ts'
import type { Service } from './base/lifecycle.ts'
import type { Logger } from './base/logger.ts'
import { tramVersion } from './base/version.ts'
import type { Config } from './config.ts'
import type { MetricValues } from './exchange/health/metrics.ts'
import type { HealthReport } from './exchange/health/station-health.ts'
import { PrometheusServer } from './surface/health/prometheus-server.ts'
import { prometheusText } from './surface/health/prometheus-text.ts'

export interface PrometheusDeps {
  report: () => Promise<HealthReport>
  /** The numbers that are published. */
  state: () => Promise<MetricValues>
  clock: Clock
  logger: Logger
}

export interface PrometheusParts {
  services: readonly Service[]
  conditions(): readonly StateError[]
}

/** The endpoint of `config`; parts without services when it names none. */
export function prometheusParts(
  { prometheus, station, mqtt }: Pick<Config, 'prometheus' | 'station' | 'mqtt'>,
  { report, state, clock, logger }: PrometheusDeps,
): PrometheusParts {
  const { listen } = prometheus
  if (listen === undefined) return { services: [], conditions: () => [] }
  const { id, name, generation } = station
  const labels = { station: id, site: mqtt.site ?? '', name, version: tramVersion, generation }
  const text = async (): Promise<string> => {
    const [values, { conditions }] = await Promise.all([state(), report()])
    return prometheusText(labels, values, conditions)
  }
  const server = new PrometheusServer({ listen }, { text, clock, logger })
  return { services: [server], conditions: () => server.conditions() }
}
