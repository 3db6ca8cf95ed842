// The fleet broker over MQTT on a real mosquitto: everything that is kept comes before `settled`, a cut line is mended and told, a
// broker that refuses, falls silent or sends without end is given up.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { connectAsync } from 'mqtt'
import { afterEach, expect, it } from 'vitest'
import type { FleetBroker, FleetMessage } from '../../src/equipment/mqtt/fleet-broker.ts'
import { MqttFleetBroker } from '../../src/equipment/mqtt/mqtt-fleet-broker.ts'
import { freePort, Mosquitto } from '../fixtures/mqtt/mosquitto.ts'
import { LinkProxy } from '../fixtures/network/link-proxy.ts'

const never = new AbortController().signal
const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A reader of the broker at a port, and what it was told, in order. */
async function read(port: number, more: { site?: string; login?: { user: string; password: string } } = {}) {
  const broker: FleetBroker = new MqttFleetBroker({
    address: { host: '127.0.0.1', port, isEncrypted: false },
    ...{ site: more.site, login: more.login, files: {} },
    ...{ backOffMs: { first: 20, longest: 50 }, answerTimeoutMs: 2000 },
  })
  const told: string[] = []
  const messages: FleetMessage[] = []
  broker.listen({
    connected: () => told.push('connected'),
    message: (message) => {
      messages.push(message)
      told.push(`${message.isRetained ? 'kept' : 'now'} ${message.topic.slice(8)}`)
    },
    settled: () => told.push('settled'),
    lost: (detail) => told.push(`lost: ${detail}`),
  })
  ends.push(() => broker.stop())
  await broker.start(never)
  const until = async (isTrue: () => boolean) => {
    while (!isTrue()) await delay(5)
  }
  return { broker, told, messages, until, lost: () => told.find((word) => word.startsWith('lost')) }
}

async function openMosquitto(configuration?: (port: number) => string): Promise<Mosquitto> {
  const port = await freePort()
  const mosquitto =
    configuration === undefined ? await Mosquitto.open() : await Mosquitto.run(port, configuration(port))
  ends.push(() => mosquitto.remove())
  return mosquitto
}

async function publisher(mosquitto: Mosquitto) {
  const client = await connectAsync(mosquitto.url, { protocolVersion: 5 })
  ends.push(() => client.endAsync(true))
  return (topic: string, text: string, retain: boolean, expiry?: number) => {
    const properties = expiry === undefined ? {} : { messageExpiryInterval: expiry }
    return client.publishAsync(`tram/v1/${topic}`, text, { qos: 1, retain, properties })
  }
}

it('tells what is kept, then that this was all, then what comes', async () => {
  const mosquitto = await openMosquitto()
  const publish = await publisher(mosquitto)
  await publish('hn/a/state', '{}', true, 100)
  for (const topic of ['hn/a/availability', 'hn/a/info', 'hue/b/availability', 'hn/a/other'])
    await publish(topic, 'x', true)
  const { told, messages, until } = await read(mosquitto.port)
  await until(() => told.includes('settled'))
  expect(told).toEqual([
    ...['connected', 'kept hn/a/availability', 'kept hue/b/availability', 'kept hn/a/info', 'kept hn/a/state'],
    'settled',
  ])
  const state = messages.at(-1)
  expect(state?.expirySeconds).toBeGreaterThan(50)
  expect(state?.expirySeconds).toBeLessThanOrEqual(100)
  expect(messages[0]?.expirySeconds).toBeUndefined()
  await publish('hn/a/event', '{}', false)
  await until(() => told.at(-1) === 'now hn/a/event')
  const ofSite = await read(mosquitto.port, { site: 'hue' })
  await ofSite.until(() => ofSite.told.includes('settled'))
  expect(ofSite.told).toEqual(['connected', 'kept hue/b/availability', 'settled'])
})

it('settles after everything that is kept, also when that is much', async () => {
  const mosquitto = await openMosquitto(
    (port) => `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 10000\n`,
  )
  const publish = await publisher(mosquitto)
  const stations = 3000
  const payload = JSON.stringify({ filler: 'x'.repeat(2000) })
  for (let from = 0; from < stations; from += 500)
    await Promise.all(
      Array.from({ length: 500 }, async (_, at) => {
        await publish(`hn/s${from + at}/availability`, 'online', true)
        await publish(`hn/s${from + at}/state`, payload, true, 1000)
      }),
    )
  const { told, messages, until } = await read(mosquitto.port)
  await until(() => told.includes('settled'))
  expect(messages).toHaveLength(2 * stations)
  expect(told.indexOf('settled')).toBe(told.length - 1)
})

it('makes a new connection when the line is cut, and tells what is kept again', async () => {
  const mosquitto = await openMosquitto()
  const line = new LinkProxy({ host: '127.0.0.1', port: mosquitto.port })
  const port = await line.start('127.0.0.1')
  ends.push(() => line.stop())
  const publish = await publisher(mosquitto)
  await publish('hn/a/availability', 'online', true)
  const { told, until } = await read(port)
  await until(() => told.includes('settled'))
  line.cut()
  await until(() => told.filter((word) => word === 'settled').length === 2)
  const round = ['connected', 'kept hn/a/availability', 'settled']
  expect(told.filter((word) => !word.startsWith('lost'))).toEqual([...round, ...round])
  expect(told[3]).toMatch(/^lost: /)
})

it('does not hand on a payload that no station sends', async () => {
  const mosquitto = await openMosquitto()
  const publish = await publisher(mosquitto)
  await publish('hn/a/state', 'x'.repeat(16 * 1024 + 1), true)
  await publish('hn/b/state', 'x'.repeat(16 * 1024), true)
  const { told, until } = await read(mosquitto.port)
  await until(() => told.includes('settled'))
  expect(told).toEqual(['connected', 'kept hn/b/state', 'settled'])
})

it('tells that it is refused', async () => {
  const mosquitto = await openMosquitto((port) => `listener ${port} 127.0.0.1\nallow_anonymous false\n`)
  const stranger = await read(mosquitto.port, { login: { user: 'nobody', password: 'x' } })
  await stranger.until(() => stranger.lost() !== undefined)
  expect(stranger.lost()).toMatch(/Not authorized/)
  expect(stranger.told).not.toContain('connected')
})

/** What a reader says of a server that does as `talk` says. */
async function troubleWith(talk: (socket: Socket) => void): Promise<string | undefined> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    talk(socket)
  }).listen({ host: '127.0.0.1', port: 0 })
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const { broker, until, lost } = await read(address.port)
  await until(() => lost() !== undefined)
  await broker.stop()
  server.close()
  return lost()
}

it('gives up who says nothing, takes no subscription, or sends a message without end', async () => {
  expect(await troubleWith(() => undefined)).toBe('lost: connack timeout')
  const connack = Buffer.from([0x20, 0x03, 0x00, 0x00, 0x00])
  expect(await troubleWith((socket) => socket.once('data', () => socket.write(connack)))).toBe(
    'lost: the broker does not answer',
  )
  // A PUBLISH of 256 MiB, of which mqtt.js would keep every byte until the last has come.
  const endless = (socket: Socket): void => {
    socket.write(Buffer.concat([connack, Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f])]))
    const more = (): boolean => socket.write(Buffer.alloc(32 * 1024), () => socket.destroyed || more())
    more()
  }
  expect(await troubleWith(endless)).toBe('lost: the broker sends a message without end')
})
