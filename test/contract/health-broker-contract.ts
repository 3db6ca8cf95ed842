// What every health broker does, whatever stands behind it. Run on each adapter by health-broker.test.ts.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { TramError } from '../../src/base/errors.ts'
import {
  type HealthBroker,
  maxInFlight,
  maxPayloadBytes,
  type Presence,
} from '../../src/equipment/mqtt/health-broker.ts'

/** A broker, one line to it, and somebody who reads along at it. */
export interface BrokerHarness {
  /** A client of it, not started. */
  make(presence: Presence): HealthBroker
  /** Cuts the line. While it is down nothing comes through; the broker itself goes on. */
  down(): void
  up(): void
  /** Texts that were published to `topic`, oldest first. */
  published(topic: string): string[]
  /** What the broker gives to somebody who comes now. */
  retained(topic: string): Promise<string | undefined>
  /** Topics that start with it are refused. */
  forbidden: string
  /** From now on the broker answers no message, but keeps its connections. */
  fallSilent(): void
  clear(): Promise<void>
}

const never = new AbortController().signal
const bytes = (text: string): Uint8Array => Buffer.from(text)

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(5)
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof TramError) return error.code
    throw error
  }
  return 'none'
}

export function healthBrokerContract(name: string, open: () => Promise<BrokerHarness>): void {
  describe(`health broker: ${name}`, () => {
    const opened: { harness: BrokerHarness; brokers: HealthBroker[] }[] = []
    let count = 0

    const setUp = async (offlineAfterMs = 1000) => {
      const harness = await open()
      const brokers: HealthBroker[] = []
      opened.push({ harness, brokers })
      const topic = `tram/v1/site/s${++count}/availability`
      const presence = { topic, online: 'online', offline: 'offline', offlineAfterMs }
      const broker = harness.make(presence)
      brokers.push(broker)
      let connections = 0
      broker.onConnected(() => {
        connections += 1
      })
      return { harness, broker, presence, connections: () => connections }
    }

    afterEach(async () => {
      for (const { harness, brokers } of opened.splice(0)) {
        for (const broker of brokers) await broker.stop()
        await harness.clear()
      }
    })

    it('starts without a broker, refuses at once, and connects when there is one', async () => {
      const { harness, broker, presence, connections } = await setUp()
      harness.down()
      await broker.start(never)
      expect(broker.isConnected).toBe(false)
      expect(await codeOf(broker.publish('tram/x', bytes('1'), { retain: false }))).toBe('BROKER_UNREACHABLE')
      await until(() => broker.trouble !== undefined)
      expect(broker.trouble?.code).toBe('BROKER_UNREACHABLE')
      harness.up()
      await until(() => connections() === 1)
      expect(broker.trouble).toBeUndefined()
      expect(await harness.retained(presence.topic)).toBe('online')
      await broker.publish('tram/x', bytes('2'), { retain: false })
      await until(() => harness.published('tram/x').length === 1)
      expect(harness.published('tram/x')).toEqual(['2'])
    })

    it('keeps what is retained, for as long as it lives', async () => {
      const { harness, broker, connections } = await setUp()
      await broker.start(never)
      await until(() => connections() === 1)
      await broker.publish('tram/kept', bytes('a'), { retain: true })
      await broker.publish('tram/kept', bytes('b'), { retain: true })
      await broker.publish('tram/short', bytes('c'), { retain: true, expirySeconds: 2 })
      await broker.publish('tram/passing', bytes('d'), { retain: false })
      expect(await harness.retained('tram/kept')).toBe('b')
      expect(await harness.retained('tram/short')).toBe('c')
      expect(await harness.retained('tram/passing')).toBeUndefined()
      while ((await harness.retained('tram/short')) !== undefined) await delay(100)
      expect(await harness.retained('tram/kept')).toBe('b')
    })

    it('comes back by itself, each time, and nothing of before is sent again', async () => {
      const { harness, broker, presence, connections } = await setUp(60_000)
      await broker.start(never)
      for (let round = 1; round <= 3; round++) {
        await until(() => connections() === round)
        await broker.publish('tram/round', bytes(String(round)), { retain: false })
        harness.down()
        await until(() => !broker.isConnected)
        expect(await codeOf(broker.publish('tram/round', bytes('lost'), { retain: false }))).toBe('BROKER_UNREACHABLE')
        harness.up()
      }
      await until(() => connections() === 4)
      await broker.publish('tram/round', bytes('last'), { retain: false })
      await until(() => harness.published('tram/round').includes('last'))
      expect(harness.published('tram/round')).toEqual(['1', '2', '3', 'last'])
      expect(harness.published(presence.topic)).toEqual(['online', 'online', 'online', 'online'])
    })

    it('says goodbye, once', async () => {
      const { harness, broker, presence, connections } = await setUp(1000)
      await broker.start(never)
      await until(() => connections() === 1)
      await broker.stop()
      expect(broker.isConnected).toBe(false)
      expect(await harness.retained(presence.topic)).toBe('offline')
      await delay(2500)
      expect(harness.published(presence.topic)).toEqual(['online', 'offline'])
    })

    it('is offline when it stays away, and only then', async () => {
      const { harness, broker, presence, connections } = await setUp(2000)
      await broker.start(never)
      await until(() => connections() === 1)
      harness.down()
      await until(() => harness.published(presence.topic).length === 2)
      expect(broker.isConnected).toBe(false)
      expect(harness.published(presence.topic)).toEqual(['online', 'offline'])
      expect(await harness.retained(presence.topic)).toBe('offline')
      harness.up()
      await until(() => connections() === 2)
      expect(await harness.retained(presence.topic)).toBe('online')
    })

    it('tells a refusal from an end, and does not forget it for a message of another topic', async () => {
      const { harness, broker, connections } = await setUp()
      await broker.start(never)
      await until(() => connections() === 1)
      const topic = `${harness.forbidden}/x`
      expect(await codeOf(broker.publish(topic, bytes('1'), { retain: false }))).toBe('BROKER_REFUSED')
      expect(broker.trouble?.code).toBe('BROKER_REFUSED')
      expect(broker.isConnected).toBe(true)
      await broker.publish('tram/x', bytes('2'), { retain: false })
      expect(broker.trouble?.data.topic).toBe(topic)
      expect(harness.published(topic)).toEqual([])
      harness.down()
      await until(() => !broker.isConnected)
      harness.up()
      await until(() => connections() === 2)
      expect(broker.trouble).toBeUndefined()
    })

    it('holds no more unanswered messages than are allowed', async () => {
      const { harness, broker, connections } = await setUp()
      await broker.start(never)
      await until(() => connections() === 1)
      harness.fallSilent()
      const codes = Array.from({ length: maxInFlight + 5 }, () =>
        codeOf(broker.publish('tram/x', bytes('1'), { retain: false })),
      )
      expect(await Promise.all(codes.slice(maxInFlight))).toEqual(Array(5).fill('BROKER_UNREACHABLE'))
      harness.down()
      expect(await Promise.all(codes)).toEqual(Array(maxInFlight + 5).fill('BROKER_UNREACHABLE'))
    })

    it('refuses what is too long', async () => {
      const { broker, connections } = await setUp()
      await broker.start(never)
      await until(() => connections() === 1)
      const tooLong = new Uint8Array(maxPayloadBytes + 1)
      await expect(broker.publish('tram/x', tooLong, { retain: false })).rejects.toThrow(RangeError)
      await broker.publish('tram/x', new Uint8Array(maxPayloadBytes), { retain: false })
      expect(broker.isConnected).toBe(true)
    })
  })
}
