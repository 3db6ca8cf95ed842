// Home Assistant discovery, opt-in (`[mqtt] homeassistant_discovery`): retained configurations that make one device of the station,
// with an entity for each number that it publishes. health-publisher.ts says when; what was announced is written down, so that it
// can be taken back when the option is switched off or a metric is gone. Format: home-assistant.io/integrations/mqtt, MQTT discovery.
// Not run against Home Assistant here; test/e2e/home-assistant.test.ts holds it to the documented keys.
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { HealthBroker } from '../../equipment/mqtt/health-broker.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { Metric } from '../../exchange/health/metric.ts'
import { type MetricName, type MetricValues, metricNames, metrics } from '../../exchange/health/metrics.ts'
import { type MetricUnit, unitOf } from './metric-units.ts'
import { detailsEvery, topicOf } from './state-topics.ts'

export interface HomeAssistantOptions {
  isEnabled: boolean
  station: string
  /** For people. */
  name: string
  version: string
  /** `tram/v1/<site>/<station>`. */
  topicBase: string
  stateIntervalMs: number
}

export interface HomeAssistantDeps {
  broker: Pick<HealthBroker, 'publish'>
  records: Pick<RecordStore, 'get' | 'commit'>
  /** The numbers of now: what this box does not have gets no entity. */
  state: () => Promise<MetricValues>
  /** ms that only grow. */
  monotonic: () => number
  logger: Logger
}

/** One configuration is a quarter of this; the longest names that a station can have make it half. */
export const maxConfigBytes = 2048
/** All of them are 50 KB: a line that breaks every minute must not carry them each time. */
const announceEveryMs = 6 * 3_600_000
/** A broker that forbids it is asked again after so long. */
const refusedPauseMs = 3_600_000
/** Messages that wait for the broker's answer at a time. */
const window = 4
/** What lies in the store under it: the topics that were announced, as a JSON list. */
const announcedKey = key('meta', 'homeassistant')
const maxAnnouncedBytes = 64 * 1024

export class HomeAssistantDiscovery {
  readonly #options: HomeAssistantOptions
  readonly #deps: HomeAssistantDeps
  #announcedMs: number | undefined

  constructor(options: HomeAssistantOptions, deps: HomeAssistantDeps) {
    this.#options = options
    this.#deps = deps
  }

  /**
   * Announces, or takes back, what is due; to be called after each connection.
   * @returns ms until it is to be called again; undefined: after the next connection
   * @throws TramError BROKER_UNREACHABLE; what the store throws
   */
  async announce(): Promise<number | undefined> {
    const { monotonic, logger } = this.#deps
    const dueMs = this.#announcedMs === undefined ? 0 : this.#announcedMs + announceEveryMs - monotonic()
    if (dueMs > 0) return dueMs
    const before = await this.#announced()
    if (!this.#options.isEnabled && before.length === 0) return undefined
    const configs = this.#options.isEnabled
      ? discoveryConfigs(this.#options, await this.#deps.state())
      : new Map<string, string>()
    try {
      // Written down first: what is at the broker without a record of it would stay there for ever.
      const topics = [...configs.keys()]
      await this.#remember([...new Set([...before, ...topics])])
      const gone = before.filter((topic) => !configs.has(topic))
      await this.#publish([...configs, ...gone.map((topic) => [topic, ''] as const)])
      await this.#remember(topics)
    } catch (error) {
      const trouble = asTramError(error)
      if (trouble.code !== 'BROKER_REFUSED') throw error
      logger.warn(logFields(trouble), 'the broker does not take the Home Assistant discovery; its ACL must allow it')
      return refusedPauseMs
    }
    this.#announcedMs = monotonic()
    return this.#options.isEnabled ? announceEveryMs : undefined
  }

  async #publish(messages: readonly (readonly [topic: string, payload: string])[]): Promise<void> {
    for (let index = 0; index < messages.length; index += window) {
      const some = messages.slice(index, index + window)
      const results = await Promise.allSettled(
        some.map(([topic, payload]) => this.#deps.broker.publish(topic, Buffer.from(payload), { retain: true })),
      )
      const failed = results.find((result) => result.status === 'rejected')
      if (failed !== undefined) throw failed.reason
    }
  }

  async #announced(): Promise<string[]> {
    const value = await this.#deps.records.get(announcedKey)
    return value === undefined ? [] : (JSON.parse(Buffer.from(value).toString('utf8')) as string[])
  }

  /** Bounded: a table of metrics that was changed over and over leaves no list without end. */
  async #remember(topics: readonly string[]): Promise<void> {
    const value = Buffer.from(JSON.stringify(topics))
    if (value.byteLength > maxAnnouncedBytes) throw new RangeError(`${value.byteLength} bytes of announced topics`)
    await this.#deps.records.commit(
      topics.length === 0
        ? [{ type: 'delete', key: announcedKey }]
        : [{ type: 'put', key: announcedKey, value: new Uint8Array(value) }],
    )
  }
}

/** The configurations by topic: one for the connection, and one for each metric that `values` has. */
export function discoveryConfigs(
  options: Omit<HomeAssistantOptions, 'isEnabled'>,
  values: MetricValues,
): Map<string, string> {
  const { station, name, version, topicBase, stateIntervalMs } = options
  const device = {
    identifiers: [`tram_${station}`],
    ...{ name, manufacturer: 'Trạm', model: 'station', sw_version: version },
  }
  const common = (object: string) => ({
    unique_id: `tram_${station}_${object}`,
    device,
  })
  const configs = new Map<string, string>()
  const add = (component: 'sensor' | 'binary_sensor', object: string, config: object): void => {
    const text = JSON.stringify(config)
    if (Buffer.byteLength(text) > maxConfigBytes) throw new RangeError(`${object}: ${Buffer.byteLength(text)} bytes`)
    configs.set(`homeassistant/${component}/${station}/${object}/config`, text)
  }
  const availability = `${topicBase}/availability`
  add('binary_sensor', 'availability', {
    ...{ name: 'Kết nối', state_topic: availability, payload_on: 'online', payload_off: 'offline' },
    ...{ device_class: 'connectivity', ...common('availability') },
  })
  for (const metric of metricNames) {
    if (values[metric] === undefined) continue
    const { isFlag, vi }: Metric = metrics[metric]
    const topic = topicOf(metric)
    const every = topic === 'details' ? detailsEvery : 1
    add(isFlag === true ? 'binary_sensor' : 'sensor', metric, {
      name: vi,
      state_topic: `${topicBase}/${topic}`,
      // A number that is not there any more is unknown: both kinds take None for that.
      value_template: `{{ value_json.${metric} | default(none) }}`,
      availability_topic: availability,
      expire_after: Math.ceil((3 * every * stateIntervalMs) / 1000),
      ...(isFlag === true ? { payload_on: '1', payload_off: '0' } : sensorKeys(metric)),
      ...(topic === 'details' ? { entity_category: 'diagnostic' } : {}),
      ...common(metric),
    })
  }
  return configs
}

/** Device classes only where the meaning is certain: Home Assistant converts and colours by them. */
const unitKeys: Readonly<Record<MetricUnit, object>> = {
  seconds: { unit_of_measurement: 's', device_class: 'duration' },
  days: { unit_of_measurement: 'd', device_class: 'duration' },
  bytes: { unit_of_measurement: 'B', device_class: 'data_size' },
  celsius: { unit_of_measurement: '°C', device_class: 'temperature' },
  volts: { unit_of_measurement: 'V', device_class: 'voltage' },
  hertz: { unit_of_measurement: 'Hz', device_class: 'frequency' },
  time: {},
  ratio: {},
  version: {},
  count: {},
}

function sensorKeys(metric: MetricName): object {
  const unit = unitOf(metric)
  // A point in time is no measurement to average.
  const isNumberOfThings = unit === 'time' || unit === 'version'
  const { kind }: Metric = metrics[metric]
  const stateClass = kind === 'counter' ? 'total_increasing' : 'measurement'
  return { ...unitKeys[unit], ...(isNumberOfThings ? {} : { state_class: stateClass }) }
}
