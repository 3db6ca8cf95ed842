// Every condition about the reports that operators read, provoked and cleared: a real broker, and the outbox of events.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { systemClock } from '../../src/base/clock.ts'
import { healthConditions } from '../../src/base/conditions/health-conditions.ts'
import type { HealthBroker } from '../../src/equipment/mqtt/health-broker.ts'
import { MqttHealthBroker } from '../../src/equipment/mqtt/mqtt-health-broker.ts'
import { EventOutbox } from '../../src/exchange/health/event-outbox.ts'
import { Sequence } from '../../src/exchange/sequence.ts'
import { watchFleet } from '../../src/fleet.ts'
import { PrometheusServer } from '../../src/surface/health/prometheus-server.ts'
import { MemoryRecordStore } from '../contract/memory-record-store.ts'
import { freePort, Mosquitto } from '../fixtures/mqtt/mosquitto.ts'
import { LinkProxy } from '../fixtures/network/link-proxy.ts'
import { never, silent } from '../fixtures/store/temporary-store.ts'
import { provokeAndClear, type Scenarios, type Setting } from './scenario.ts'

/** A station's connection to mosquitto, over a line that can be cut. */
async function connected({ after }: Setting) {
  const mosquitto = await Mosquitto.open()
  after(() => mosquitto.remove())
  const line = new LinkProxy({ host: '127.0.0.1', port: mosquitto.port })
  const url = `mqtt://127.0.0.1:${await line.start('127.0.0.1')}`
  after(() => line.stop())
  const presence = { topic: 'tram/v1/site/s/availability', online: 'online', offline: 'offline', offlineAfterMs: 1000 }
  const mqtt = { url, site: 'site', state_interval_s: 60, keepalive_s: 5, will_delay_s: 1 }
  const broker: HealthBroker = new MqttHealthBroker(
    { mqtt, clientId: presence.topic, presence, backOffMs: { first: 50, longest: 200 }, answerTimeoutMs: undefined },
    { logger: silent },
  )
  await broker.start(never)
  after(() => broker.stop())
  while (!broker.isConnected) await new Promise((resolve) => setTimeout(resolve, 5))
  const listed = () => (broker.trouble === undefined ? [] : [broker.trouble])
  return { mosquitto, broker, line, listed }
}

/** The first thing that the outbox tells after `count` events, of which it keeps five. */
async function outboxAfter(count: number) {
  const records = new MemoryRecordStore()
  const sequence = new Sequence(records)
  await sequence.start()
  const outbox = new EventOutbox({ generation: 1, maxCount: 5 }, { records, sequence })
  await outbox.start()
  for (let at = 0; at < count; at++)
    await outbox.add([
      {
        timeMs: at,
        change: 'happened',
        code: 'DELIVERY_EXPIRED',
        severity: 'error',
        textVi: 'a',
        textEn: 'a',
        data: {},
      },
    ])
  const told = (await outbox.next(10)).map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')))
  const dropped = told.find(({ code }) => code === 'EVENTS_DROPPED')
  return dropped && { code: String(dropped.code), vi: String(dropped.text_vi), en: String(dropped.text_en) }
}

/** Reads the stations at a broker once. */
function readFleet(broker: string) {
  const terminal = { stdout: { write: () => true }, stdin: process.stdin }
  const wish = { broker, isJson: true, isOnce: true, language: 'vi', askPassword: async () => '' } as const
  return watchFleet(wish, terminal, never)
}

provokeAndClear(healthConditions, {
  BROKER_UNREACHABLE: async (setting) => {
    const { line, listed } = await connected(setting)
    return { begin: () => line.cut(false), listed, end: () => line.cut(true) }
  },
  BROKER_REFUSED: async (setting) => {
    const { mosquitto, broker, listed } = await connected(setting)
    const publish = () => broker.publish('forbidden/x', Buffer.from('1'), { retain: false }).catch(() => undefined)
    const end = async (): Promise<void> => {
      mosquitto.allowAll()
      while (broker.trouble !== undefined) await publish()
    }
    return { begin: publish, listed, end }
  },
  METRICS_NOT_SERVED: async ({ after }) => {
    const other = createServer().listen({ host: '127.0.0.1', port: 0 })
    await once(other, 'listening')
    after(() => other.close())
    const { port } = other.address() as AddressInfo
    const server = new PrometheusServer(
      { listen: `127.0.0.1:${port}`, retryMs: 10 },
      { text: async () => '', clock: systemClock, logger: silent },
    )
    after(() => server.stop())
    return { begin: () => server.start(never), listed: () => server.conditions(), end: () => other.close() }
  },
  EVENTS_DROPPED: () => ({ happens: () => outboxAfter(9), again: () => outboxAfter(4) }),
  FLEET_UNREADABLE: async ({ after }) => {
    const mosquitto = await Mosquitto.open()
    after(() => mosquitto.remove())
    return {
      wrong: async () => readFleet(`mqtt://127.0.0.1:${await freePort()}`),
      right: () => readFleet(mosquitto.url),
    }
  },
} satisfies Scenarios<typeof healthConditions>)
