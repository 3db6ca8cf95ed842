// The contract of the health broker on each of its adapters, and what MQTT alone can meet: a broker that says what it likes.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, it } from 'vitest'
import type { HealthBroker } from '../../src/equipment/mqtt/health-broker.ts'
import { MqttHealthBroker } from '../../src/equipment/mqtt/mqtt-health-broker.ts'
import { Mosquitto, Onlooker, retainedAt } from '../fixtures/mqtt/mosquitto.ts'
import { LinkProxy } from '../fixtures/network/link-proxy.ts'
import { silent } from '../fixtures/store/temporary-store.ts'
import { healthBrokerContract } from './health-broker-contract.ts'
import { MemoryHealthBroker, MemoryHub } from './memory-health-broker.ts'

const never = new AbortController().signal
const presence = { topic: 'tram/v1/site/s/availability', online: 'online', offline: 'offline', offlineAfterMs: 1000 }

function client(url: string, own = presence, answerTimeoutMs?: number): HealthBroker {
  const mqtt = { url, site: 'site', state_interval_s: 60, keepalive_s: 5, will_delay_s: 1 }
  return new MqttHealthBroker(
    { mqtt, clientId: own.topic, presence: own, backOffMs: { first: 50, longest: 200 }, answerTimeoutMs },
    { logger: silent },
  )
}

healthBrokerContract('memory', async () => {
  const hub = new MemoryHub()
  hub.forbidden = 'forbidden'
  return {
    make: (own) => new MemoryHealthBroker(hub, own),
    down: () => hub.down(),
    up: () => hub.up(),
    published: (topic) => hub.taken.filter((message) => message.topic === topic).map(({ text }) => text),
    retained: async (topic) => hub.retained(topic),
    forbidden: 'forbidden',
    fallSilent: () => {
      hub.silence = new Promise(() => undefined)
    },
    clear: async () => undefined,
  }
})

healthBrokerContract('MQTT over mosquitto', async () => {
  const mosquitto = await Mosquitto.open()
  const line = new LinkProxy({ host: '127.0.0.1', port: mosquitto.port })
  const url = `mqtt://127.0.0.1:${await line.start('127.0.0.1')}`
  const onlooker = await Onlooker.open(mosquitto.url)
  return {
    make: (own) => client(url, own),
    down: () => line.cut(false),
    up: () => line.cut(true),
    published: (topic) => onlooker.texts(topic),
    retained: (topic) => retainedAt(mosquitto.url, topic),
    forbidden: 'forbidden',
    fallSilent: () => mosquitto.freeze(),
    clear: async () => {
      await onlooker.close()
      await line.stop()
      await mosquitto.remove()
    },
  }
})

/** A server at the end of a socket that does as `talk` says; and what a client of it calls its trouble. */
async function troubleWith(talk: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    talk(socket)
  }).listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const broker = client(`mqtt://127.0.0.1:${address.port}`, presence, 1000)
  await broker.start(never)
  while (broker.trouble === undefined) await delay(10)
  const { detail } = broker.trouble.data
  await broker.stop()
  server.close()
  return String(detail)
}

it('gives up a broker that says nothing, nonsense, or too much', async () => {
  expect(await troubleWith(() => undefined)).toBe('connack timeout')
  expect(await troubleWith((socket) => socket.end())).toBe('the connection was closed')
  expect(await troubleWith((socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))).not.toBe('')
  // A PUBLISH of 256 MiB, of which mqtt.js would keep every byte until the last has come.
  const endless = (socket: Socket): void => {
    socket.write(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]))
    const more = (): boolean => socket.write(Buffer.alloc(32 * 1024), () => socket.destroyed || more())
    more()
  }
  expect(await troubleWith(endless)).toBe('the broker sends what is no answer')
})

/** Lengths of the properties of a CONNECT that have one (MQTT 5 §2.2.2.2). */
const propertyBytes: Readonly<Record<number, number>> = { 17: 4, 23: 1, 24: 4, 25: 1, 33: 2, 34: 2, 39: 4 }

/** Numbers among the properties at `at`, by their codes, and where they end. */
function propertiesAt(packet: Buffer, at: number): { found: Map<number, number>; end: number } {
  const end = at + 1 + packet.readUInt8(at)
  const found = new Map<number, number>()
  for (let next = at + 1; next < end; ) {
    const code = packet.readUInt8(next)
    const length = propertyBytes[code] ?? Number.NaN
    found.set(code, packet.readUIntBE(next + 1, length))
    next += 1 + length
  }
  return { found, end }
}

// Mosquitto publishes no will when a clean start takes a session over, others do (MQTT 5 §3.1.4): what is asked for has to be looked at.
it('goes on with the session that it left, which outlives the delay of its will', async () => {
  const { promise, resolve } = Promise.withResolvers<Buffer>()
  await troubleWith((socket) => socket.once('data', (bytes) => resolve(bytes)))
  const packet = await promise
  // Type, length, the name MQTT, version 5; then flags and keepalive.
  expect([packet.readUInt8(0), packet.readUInt8(1), packet.toString('latin1', 4, 9)]).toEqual([
    ...[0x10, packet.length - 2, 'MQTT\x05'],
  ])
  const flags = packet.readUInt8(9)
  const { found: session, end } = propertiesAt(packet, 12)
  const { found: will } = propertiesAt(packet, end + 2 + packet.readUInt16BE(end))
  const [cleanStart, willRetained] = [(flags >> 1) & 1, (flags >> 5) & 1]
  expect({ cleanStart, willRetained, willDelay: will.get(0x18) }).toEqual({
    cleanStart: 0,
    willRetained: 1,
    willDelay: 1,
  })
  expect(session.get(0x11)).toBeGreaterThan(1)
})

it('gives up a broker that takes a message and never answers', async () => {
  const mosquitto = await Mosquitto.open()
  const broker = client(mosquitto.url, presence, 500)
  const connected = Promise.withResolvers<void>()
  broker.onConnected(() => connected.resolve())
  await broker.start(never)
  await connected.promise
  mosquitto.freeze()
  await expect(broker.publish('tram/x', Buffer.from('1'), { retain: false })).rejects.toThrow('does not answer')
  expect(broker.isConnected).toBe(false)
  await broker.stop()
  await mosquitto.remove()
})
