// The health publisher on the memory broker: what is published when, what is not, and that nothing piles up.
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { TestClock } from '../../../../src/base/clock.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { EventOutbox, type HealthEvent } from '../../../../src/exchange/health/event-outbox.ts'
import { Sequence } from '../../../../src/exchange/sequence.ts'
import { HealthPublisher, maxStateBytes } from '../../../../src/surface/health/health-publisher.ts'
import { MemoryHealthBroker, MemoryHub } from '../../../contract/memory-health-broker.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'

const topicBase = 'tram/v1/hn/tram-a'
const presence = { topic: `${topicBase}/availability`, online: 'online', offline: 'offline', offlineAfterMs: 60_000 }

const event = (n: number): HealthEvent => ({
  timeMs: 1_000 + n,
  code: 'DIRECTORY_MISSING',
  severity: 'critical',
  change: 'raised',
  textVi: `Sự kiện ${n}`,
  textEn: `Event ${n}`,
  data: { n },
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await delay(2)
}

describe('HealthPublisher', () => {
  const stops: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
  })

  /** A publisher whose state is due every `stateIntervalMs`. */
  async function setUp(stateIntervalMs = 3_600_000) {
    const hub = new MemoryHub()
    const broker = new MemoryHealthBroker(hub, presence)
    const records = new MemoryRecordStore()
    const sequence = new Sequence(records)
    await sequence.start()
    const outbox = new EventOutbox({ generation: 1 }, { records, sequence })
    await outbox.start()
    const given = { state: { status: 0 } as Record<string, number>, info: { version: '1' } as object }
    const logged: string[] = []
    const publisher = new HealthPublisher(
      { topicBase, stateIntervalMs },
      {
        broker,
        events: outbox,
        state: async () => given.state,
        info: async () => given.info,
        announce: async () => undefined,
        clock: new TestClock(1_700_000_000_000),
        logger: createLogger('info', { write: (line) => logged.push(line) }),
      },
    )
    await broker.start()
    await publisher.start()
    const stop = async (): Promise<void> => {
      await publisher.stop()
      await broker.stop()
    }
    stops.push(stop)
    const seen = (topic: string) => hub.taken.filter((message) => message.topic === `${topicBase}/${topic}`)
    return { hub, outbox, given, logged, seen, stop }
  }

  it('publishes state and info when connected, the state with an end', async () => {
    const { hub, given, seen } = await setUp()
    await until(() => seen('state').length > 0)
    expect(seen('state')[0]).toMatchObject({ retain: true, expirySeconds: 3 * 3600 })
    expect(JSON.parse(seen('state')[0]?.text ?? '')).toEqual({ ts: 1_700_000_000_000, seq: 1, status: 0 })
    expect(seen('info')).toEqual([
      { topic: `${topicBase}/info`, text: '{"version":"1"}', retain: true, expirySeconds: undefined },
    ])
    expect(hub.taken[0]).toMatchObject({ topic: presence.topic, text: 'online', retain: true })
    given.state = { status: 2, broken: Number.NaN, endless: Number.POSITIVE_INFINITY, temperature: 41.5 }
    hub.down()
    hub.up()
    const latest = () => JSON.parse(seen('state').at(-1)?.text ?? '')
    await until(() => latest().status === 2)
    expect(latest()).toEqual({ ts: 1_700_000_000_000, seq: latest().seq, status: 2, temperature: 41.5 })
    expect(latest().seq).toBe(seen('state').length)
    expect(seen('info')).toHaveLength(2)
  })

  it('publishes the state again and again, info only when it changes, and makes up for nothing after an outage', async () => {
    const { hub, given, seen } = await setUp(10)
    await until(() => seen('state').length >= 3)
    expect(seen('info')).toHaveLength(1)
    given.info = { version: '2' }
    await until(() => seen('info').length === 2)
    expect(hub.retained(`${topicBase}/info`)).toBe('{"version":"2"}')
    hub.down()
    const before = seen('state').length
    await delay(200)
    expect(seen('state')).toHaveLength(before)
    hub.up()
    await until(() => seen('state').length > before)
    const seqs = seen('state').map(({ text }) => JSON.parse(text).seq as number)
    expect(seqs).toEqual(seqs.map((_, index) => (seqs[0] ?? 0) + index))
  })

  it('publishes the details with every fifteenth state, and after each connection', async () => {
    const { hub, given, seen } = await setUp(4)
    given.state = { status: 0, certificate_days: 90.12345, queue_depth: 2 }
    const seqs = () => seen('details').map(({ text }) => JSON.parse(text).seq as number)
    await until(() => seqs().length >= 3)
    const [first = 0] = seqs()
    expect(seqs().slice(0, 3)).toEqual([first, first + 15, first + 30])
    const [details] = seen('details')
    expect(details).toMatchObject({ retain: true, expirySeconds: 1 })
    expect(JSON.parse(details?.text ?? '')).toEqual({ ts: 1_700_000_000_000, seq: first, certificate_days: 90.123 })
    expect(JSON.parse(seen('state').at(-1)?.text ?? '')).toMatchObject({ status: 0, queue_depth: 2 })
    expect(seen('state').at(-1)?.text).not.toContain('certificate_days')
    // A number that was not there before is not kept back.
    const known = seqs().length
    given.state = { ...given.state, directory_days: 3 }
    await until(() => seen('details').some(({ text }) => text.includes('directory_days')))
    expect((seqs()[known] ?? 0) - (seqs()[known - 1] ?? 0)).toBeLessThan(15)
    hub.down()
    const [states, before] = [seen('state').length, seqs().length]
    hub.up()
    await until(() => seqs().length > before)
    expect(seqs()[before]).toBe(states + 1)
  })

  it('tells events in order, also those of the outage, and each once while the broker answers', async () => {
    const { hub, outbox, seen } = await setUp()
    await outbox.add([event(0)])
    await until(() => seen('event').length === 1)
    hub.down()
    for (let n = 1; n < 40; n++) await outbox.add([event(n)])
    expect(seen('event')).toHaveLength(1)
    hub.up()
    await until(() => seen('event').length === 40 && outbox.size === 0)
    expect(seen('event').map(({ text }) => JSON.parse(text).data.n)).toEqual(Array.from({ length: 40 }, (_, n) => n))
    expect(seen('event').every(({ retain, expirySeconds }) => !retain && expirySeconds === undefined)).toBe(true)
  })

  it('keeps what the broker has not taken, with few in flight', async () => {
    const { hub, outbox, seen } = await setUp()
    await until(() => seen('state').length > 0)
    const answers = Promise.withResolvers<void>()
    hub.silence = answers.promise
    for (let n = 0; n < 40; n++) await outbox.add([event(n)])
    await delay(20)
    expect(seen('event')).toEqual([])
    hub.down()
    hub.silence = undefined
    answers.resolve()
    expect(outbox.size).toBe(40)
    hub.up()
    await until(() => outbox.size === 0)
    // Some may come twice, under the id of the first time.
    const told = new Map(seen('event').map(({ text }) => [JSON.parse(text).id as string, JSON.parse(text).data.n]))
    expect([...told.values()]).toEqual(Array.from({ length: 40 }, (_, n) => n))
  })

  it('keeps events that are refused, and says so elsewhere', async () => {
    const { hub, outbox, seen, logged } = await setUp()
    hub.forbidden = `${topicBase}/event`
    await outbox.add([event(1)])
    await until(() => seen('state').length > 0)
    await delay(20)
    expect(outbox.size).toBe(1)
    hub.forbidden = undefined
    hub.down()
    hub.up()
    await until(() => outbox.size === 0)
    expect(seen('event')).toHaveLength(1)
    expect(logged).toEqual([])
  })

  it('publishes no state of more than 8 KiB, and says so once', async () => {
    const { given, seen, logged } = await setUp(5)
    given.state = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`a_metric_${index}`, 1.5]))
    expect(JSON.stringify(given.state).length).toBeGreaterThan(maxStateBytes)
    await until(() => logged.length > 0)
    const before = seen('state').length
    await delay(50)
    expect(seen('state')).toHaveLength(before)
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('state has')
    given.state = { status: 0 }
    await until(() => seen('state').length > before)
  })

  it('stops while the broker answers nobody', async () => {
    const { hub, outbox, seen, stop } = await setUp()
    await until(() => seen('state').length > 0)
    hub.silence = new Promise(() => undefined)
    await outbox.add([event(1)])
    await delay(5)
    await stop()
    expect(seen('event')).toEqual([])
    expect(outbox.size).toBe(1)
  })
})
