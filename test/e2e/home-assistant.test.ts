// Home Assistant discovery on the shipped broker: what is announced there, that the broker's ACL forbids it until an operator allows
// it, and that it is taken back. Home Assistant itself is not run: the configurations are held to its documented keys.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { IClientOptions } from 'mqtt'
import { afterEach, expect, test } from 'vitest'
import { TestClock } from '../../src/base/clock.ts'
import { TramError } from '../../src/base/errors.ts'
import { createLogger } from '../../src/base/logger.ts'
import type { MetricValues } from '../../src/exchange/health/metrics.ts'
import type { HealthReport } from '../../src/exchange/health/station-health.ts'
import { Sequence } from '../../src/exchange/sequence.ts'
import { brokerParts } from '../../src/station-broker.ts'
import { discoveryConfigs, HomeAssistantDiscovery, maxConfigBytes } from '../../src/surface/health/home-assistant.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { fullState } from '../fixtures/mqtt/full-state.ts'
import { type KitBroker, openKitBroker } from '../fixtures/mqtt/kit-broker.ts'
import { Onlooker } from '../fixtures/mqtt/mosquitto.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'

/** What home-assistant.io/integrations/sensor.mqtt and binary_sensor.mqtt list, as far as we use it. */
const documentedKeys = [
  ...['name', 'state_topic', 'value_template', 'availability_topic', 'expire_after', 'payload_on', 'payload_off'],
  ...['unit_of_measurement', 'device_class', 'state_class', 'entity_category', 'unique_id', 'device'],
]
const deviceClasses = {
  sensor: ['duration', 'data_size', 'temperature', 'voltage', 'frequency'],
  binary_sensor: ['connectivity'],
}

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

/** The line that docs/monitoring/home-assistant/README.md tells an operator to add. */
const aclLine = /pattern write homeassistant\/.*$/m.exec(
  readFileSync(join(import.meta.dirname, '../../docs/monitoring/home-assistant/README.md'), 'utf8'),
)?.[0]

async function open(isAllowed: boolean): Promise<{ kit: KitBroker; onlooker: Onlooker }> {
  const kit = await openKitBroker(['g22'], (acl) => (isAllowed ? `${acl}${aclLine}\n` : acl))
  stops.push(() => kit.remove())
  const { host, port, user, password, caFile } = kit.operator
  const options: IClientOptions = { username: user, password, ca: readFileSync(caFile) }
  const onlooker = await Onlooker.open(`mqtts://${host}:${port}`, 'tram/v1/#', options)
  stops.push(() => onlooker.close())
  return { kit, onlooker }
}

/** A station's parts that report to the broker of `kit`. */
async function station(kit: KitBroker, records: MemoryRecordStore, isEnabled: boolean) {
  const lines: string[] = []
  const sequence = new Sequence(records)
  await sequence.start()
  const parts = brokerParts(
    {
      station: { id: 'g22', name: 'Văn phòng Chính phủ', generation: 1 },
      mqtt: { ...kit.optionsOf('g22'), homeassistant_discovery: isEnabled },
    },
    {
      ...{ records, sequence, clock: new TestClock() },
      logger: createLogger('info', { write: (line) => lines.push(line) }),
      report: async () => report,
      state: async () => fullState(),
      peerId: () => '12D3KooWGRUfUoUkVGvQzUT9jVFM5zRxk2vKTXDxWfUnkCMXEcHy',
      inventoryCommand: ['false'],
    },
  )
  for (const service of parts.services) await service.start(never)
  let isRunning = true
  const stop = async (): Promise<void> => {
    if (!isRunning) return
    isRunning = false
    for (const service of parts.services.toReversed()) await service.stop()
  }
  stops.push(stop)
  return { lines, stop }
}

const report = {
  ...{ station: 'g22', version: '1', generation: 1 },
  token: { label: 'g22', serial: '1', certificateSha256: null },
  directory: { version: 1, expires: 1 },
} as unknown as HealthReport

const count = Object.keys(fullState()).length + 1

test('a station that may announces itself, each entity on a key that it publishes, and takes all of it back', async () => {
  const { kit, onlooker } = await open(true)
  expect(aclLine).toBe('pattern write homeassistant/+/%u/+/config')
  const records = new MemoryRecordStore()
  const first = await station(kit, records, true)
  await onlooker.waitFor('tram/v1/hn/g22/details', 1)
  const published = Object.fromEntries(
    ['state', 'details'].map((topic) => [
      `tram/v1/hn/g22/${topic}`,
      JSON.parse(onlooker.texts(`tram/v1/hn/g22/${topic}`)[0] ?? '') as Record<string, number>,
    ]),
  )
  const kept = await allRetained(kit, count)
  expect(kept.size).toBe(count)
  for (const [topic, text] of kept) {
    const [, component = '', node, object] = topic.split('/')
    const config = JSON.parse(text)
    expect(node).toBe('g22')
    expect(Object.keys(config).filter((key) => !documentedKeys.includes(key))).toEqual([])
    if (config.device_class !== undefined)
      expect(deviceClasses[component as keyof typeof deviceClasses]).toContain(config.device_class)
    expect(config.device.identifiers).toEqual(['tram_g22'])
    if (object === 'availability') continue
    const used = /^\{\{ value_json\.([a-z0-9_]+) \| default\(none\) \}\}$/.exec(config.value_template)?.[1] ?? ''
    expect([used, typeof published[config.state_topic]?.[used]]).toEqual([object, 'number'])
    expect(config.availability_topic).toBe('tram/v1/hn/g22/availability')
    if (component === 'binary_sensor') expect([config.payload_on, config.payload_off]).toEqual(['1', '0'])
  }
  expect(new Set([...kept.values()].map((text) => JSON.parse(text).unique_id)).size).toBe(count)
  await first.stop()
  const second = await station(kit, records, false)
  expect((await allRetained(kit, 0)).size).toBe(0)
  await second.stop()
})

test('the shipped ACL forbids it: the station says so, and reports as before', async () => {
  const { kit, onlooker } = await open(false)
  const { lines } = await station(kit, new MemoryRecordStore(), true)
  while (!lines.some((line) => line.includes('Home Assistant'))) await delay(20)
  await onlooker.waitFor('tram/v1/hn/g22/state', 1)
  expect((await allRetained(kit, 0)).size).toBe(0)
})

test('without the option nothing is sent', async () => {
  const { kit, onlooker } = await open(true)
  const { lines } = await station(kit, new MemoryRecordStore(), false)
  await onlooker.waitFor('tram/v1/hn/g22/details', 1)
  expect((await allRetained(kit, 0)).size).toBe(0)
  expect(lines.filter((line) => line.includes('refuse'))).toEqual([])
})

test('only what the box has is announced, nothing is too large, and what is gone is taken back', async () => {
  const options = {
    station: 'g'.repeat(63),
    name: 'Ủy ban nhân dân '.repeat(8),
    version: '1.2.3-rc.4',
    stateIntervalMs: 60_000,
  }
  const base = `tram/v1/${'s'.repeat(32)}/${options.station}`
  const configs = discoveryConfigs({ ...options, topicBase: base }, fullState())
  expect(configs.size).toBe(count)
  expect(Math.max(...[...configs.values()].map((text) => Buffer.byteLength(text)))).toBeLessThanOrEqual(maxConfigBytes)

  const taken = new Map<string, string>()
  let values: MetricValues = { status: 0, ups_on_mains: 1 }
  let now = 0
  let isRefusing = false
  const discovery = new HomeAssistantDiscovery(
    { ...options, isEnabled: true, topicBase: base },
    {
      broker: {
        publish: async (topic, payload) => {
          if (isRefusing) throw new TramError('BROKER_REFUSED', { broker: 'b', topic, detail: 'no' })
          taken.set(topic, Buffer.from(payload).toString('utf8'))
        },
      },
      records: new MemoryRecordStore(),
      state: async () => values,
      monotonic: () => now,
      logger: silent,
    },
  )
  const hourMs = 3_600_000
  expect(await discovery.announce()).toBe(6 * hourMs)
  expect([...taken.keys()].map((topic) => topic.split('/')[3])).toEqual(['availability', 'status', 'ups_on_mains'])
  // A line that breaks each minute does not carry all of it each time.
  taken.clear()
  now = hourMs
  expect(await discovery.announce()).toBe(5 * hourMs)
  expect(taken.size).toBe(0)
  // The UPS is taken away.
  values = { status: 0 }
  now = 6 * hourMs
  await discovery.announce()
  expect(taken.get(`homeassistant/binary_sensor/${options.station}/ups_on_mains/config`)).toBe('')
  expect(JSON.parse(taken.get(`homeassistant/sensor/${options.station}/status/config`) ?? '').unique_id).toContain(
    'status',
  )
  isRefusing = true
  now = 12 * hourMs
  expect(await discovery.announce()).toBe(hourMs)
})

/** What the broker keeps under homeassistant/; waits until there are `expected`. */
async function allRetained(kit: KitBroker, expected: number): Promise<Map<string, string>> {
  for (let attempt = 0; ; attempt++) {
    const found = await kit.retained('homeassistant/#')
    if (found.size === expected || attempt === 200) return found
    await delay(50)
  }
}
