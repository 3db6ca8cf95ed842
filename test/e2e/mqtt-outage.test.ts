// What an onlooker at a real mosquitto sees of a station whose line or broker goes away: no false `offline`, a true one after a
// kill -9, a state that ends, and every event of the outage once it is over.
import { mkdtemp, rm } from 'node:fs/promises'
import { release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { systemClock, TestClock } from '../../src/base/clock.ts'
import type { Config } from '../../src/config.ts'
import { loadConfig } from '../../src/config.ts'
import type { HealthBroker } from '../../src/equipment/mqtt/health-broker.ts'
import { MqttHealthBroker } from '../../src/equipment/mqtt/mqtt-health-broker.ts'
import { EventOutbox, type HealthEvent } from '../../src/exchange/health/event-outbox.ts'
import { Sequence } from '../../src/exchange/sequence.ts'
import { brokerParts } from '../../src/station-broker.ts'
import { HealthPublisher } from '../../src/surface/health/health-publisher.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { freePort, Mosquitto, Onlooker, retainedAt } from '../fixtures/mqtt/mosquitto.ts'
import { LinkProxy } from '../fixtures/network/link-proxy.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { setOption } from '../fixtures/station/lab-changes.ts'
import { Office } from '../fixtures/station/office.ts'
import { silent } from '../fixtures/store/temporary-store.ts'

const never = new AbortController().signal
const topicBase = 'tram/v1/hn/g22'
const availability = `${topicBase}/availability`
const stops: (() => Promise<unknown>)[] = []
let folder = ''
let office: Office
let config: Config

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-mqtt-'))
  const wishes = [{ id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [station] = network.stations
  if (station === undefined) throw new Error('a station was asked for')
  await setOption(station, 'mqtt', 'site', 'hn')
  await setOption(station, 'mqtt', 'url', `mqtt://127.0.0.1:${await freePort()}`)
  await setOption(station, 'mqtt', 'will_delay_s', 2)
  await setOption(station, 'mqtt', 'state_interval_s', 5)
  office = new Office(station)
  config = await loadConfig(station.configFile)
})

afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
})

afterAll(async () => {
  await office?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

async function open(): Promise<{ mosquitto: Mosquitto; onlooker: Onlooker; line: LinkProxy; url: string }> {
  const mosquitto = await Mosquitto.open()
  stops.push(() => mosquitto.remove())
  const line = new LinkProxy({ host: '127.0.0.1', port: mosquitto.port })
  const url = `mqtt://127.0.0.1:${await line.start('127.0.0.1')}`
  stops.push(() => line.stop())
  const onlooker = await Onlooker.open(mosquitto.url)
  stops.push(() => onlooker.close())
  return { mosquitto, onlooker, line, url }
}

function brokerAt(url: string, offlineAfterMs: number): HealthBroker {
  const mqtt = { url, site: 'hn', state_interval_s: 60, keepalive_s: 5, will_delay_s: 1 }
  const presence = { topic: availability, online: 'online', offline: 'offline', offlineAfterMs }
  const backOffMs = { first: 10, longest: 10 }
  const broker = new MqttHealthBroker({ mqtt, clientId: 'g22', presence, backOffMs }, { logger: silent })
  stops.push(() => broker.stop())
  return broker
}

test('a hundred quick reconnects show no offline', async () => {
  const { onlooker, line, url } = await open()
  const broker = brokerAt(url, 3000)
  await broker.start(never)
  for (let reconnect = 0; reconnect < 100; reconnect++) {
    await onlooker.waitFor(availability, reconnect + 1)
    line.cut()
  }
  await onlooker.waitFor(availability, 101)
  // Longer than the delay of every will.
  await delay(5000)
  expect(onlooker.texts(availability)).toEqual(Array(101).fill('online'))
})

test('a station that is killed is offline, and online when it is started again', async () => {
  const { mosquitto, onlooker } = await open()
  await setOption(office.station, 'mqtt', 'url', mosquitto.url)
  await office.process.start()
  expect(await onlooker.waitFor(availability, 1)).toEqual(['online'])
  const [state] = await onlooker.waitFor(`${topicBase}/state`, 1)
  expect(JSON.parse(state ?? '')).toMatchObject({ seq: 1, ts: expect.any(Number), status: expect.any(Number) })
  expect(Object.values(JSON.parse(state ?? '')).every((value) => typeof value === 'number')).toBe(true)
  const [info] = await onlooker.waitFor(`${topicBase}/info`, 1)
  expect(JSON.parse(info ?? '')).toMatchObject({ station: 'g22', name: 'Văn phòng Chính phủ', generation: 1 })
  // What box it is comes when the inventory has been made, and the token's certificate when there is one.
  while (onlooker.texts(`${topicBase}/info`).every((text) => JSON.parse(text).os === undefined)) await delay(50)
  expect(JSON.parse(onlooker.texts(`${topicBase}/info`).at(-1) ?? '')).toMatchObject({
    ...{ station: 'g22', architecture: expect.any(String), kernel: release(), os: expect.any(String) },
    certificate_expires: expect.any(Number),
  })
  await office.process.kill()
  expect(await onlooker.waitFor(availability, 2)).toEqual(['online', 'offline'])
  await office.process.start()
  expect(await onlooker.waitFor(availability, 3)).toEqual(['online', 'offline', 'online'])
  await office.process.stop()
  expect(await onlooker.waitFor(availability, 4)).toEqual(['online', 'offline', 'online', 'offline'])
  expect(await retainedAt(mosquitto.url, availability)).toBe('offline')
})

test('the state ends with the station, and every event of an outage is told when it is over', async () => {
  const { mosquitto, onlooker, line, url } = await open()
  const records = new MemoryRecordStore()
  const sequence = new Sequence(records)
  await sequence.start()
  const events = new EventOutbox({ generation: 1 }, { records, sequence })
  await events.start()
  const broker = brokerAt(url, 1000)
  const publisher = new HealthPublisher(
    { topicBase, stateIntervalMs: 500 },
    {
      ...{ broker, events, clock: systemClock, logger: silent },
      state: async () => ({ status: 0 }),
      info: async () => ({ version: '1' }),
      announce: async () => undefined,
    },
  )
  await broker.start(never)
  await publisher.start()
  stops.push(() => publisher.stop())
  await onlooker.waitFor(`${topicBase}/state`, 2)
  expect(await retainedAt(mosquitto.url, `${topicBase}/state`)).toContain('"status":0')
  line.cut(false)
  // A day of them: one every two minutes.
  for (let n = 0; n < 720; n++) await events.add([event(n)])
  await onlooker.waitFor(availability, 2)
  while ((await retainedAt(mosquitto.url, `${topicBase}/state`)) !== undefined) await delay(100)
  expect(await retainedAt(mosquitto.url, availability)).toBe('offline')
  expect(await retainedAt(mosquitto.url, `${topicBase}/info`)).toBe('{"version":"1"}')
  const states = onlooker.texts(`${topicBase}/state`).length
  line.cut(true)
  await onlooker.waitFor(`${topicBase}/event`, 720)
  const told = new Map(
    onlooker.texts(`${topicBase}/event`).map((text) => [JSON.parse(text).id, JSON.parse(text).data.n]),
  )
  expect([...told.values()]).toEqual(Array.from({ length: 720 }, (_, n) => n))
  while (events.size > 0) await delay(10)
  // None was made up for: the first after the outage is of now, and its number the next.
  await onlooker.waitFor(`${topicBase}/state`, states + 1)
  const numbers = onlooker.texts(`${topicBase}/state`).map((text) => JSON.parse(text).seq as number)
  expect(numbers.slice(0, states + 1)).toEqual(Array.from({ length: states + 1 }, (_, index) => index + 1))
})

test('a broker that is away for a minute is a condition, until it is there', async () => {
  const port = await freePort()
  const clock = new TestClock()
  const records = new MemoryRecordStore()
  const sequence = new Sequence(records)
  await sequence.start()
  const parts = brokerParts(
    { ...config, mqtt: { ...config.mqtt, url: `mqtt://127.0.0.1:${port}` } },
    {
      ...{ records, sequence, clock, logger: silent },
      report: () => Promise.reject(new Error('nobody asks')),
      state: async () => ({}),
      peerId: () => '12D3KooWGRUfUoUkVGvQzUT9jVFM5zRxk2vKTXDxWfUnkCMXEcHy',
      inventoryCommand: ['false'],
    },
  )
  for (const service of parts.services) {
    await service.start(never)
    stops.push(() => service.stop())
  }
  const codes = (): string[] => parts.conditions().map(({ code }) => code)
  expect(codes()).toEqual([])
  while (parts.conditions().length === 0) {
    clock.advance(10_000)
    await delay(20)
  }
  expect(codes()).toEqual(['BROKER_UNREACHABLE'])
  const mosquitto = await Mosquitto.run(port, `listener ${port} 127.0.0.1\nallow_anonymous true\n`)
  stops.push(() => mosquitto.remove())
  while (codes().length > 0) await delay(50)
  clock.advance(3_600_000)
  expect(codes()).toEqual([])
})

const event = (n: number): HealthEvent => ({
  timeMs: n,
  code: 'PEER_UNREACHABLE',
  severity: 'warning',
  change: 'raised',
  textVi: `Sự kiện ${n}`,
  textEn: `Event ${n}`,
  data: { n },
})
