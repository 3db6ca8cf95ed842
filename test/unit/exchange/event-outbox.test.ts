// The event outbox on LevelDB: what it holds over restarts, how much, what goes first, and that its ids only grow.
import { afterEach, describe, expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import type { Severity } from '../../../src/base/conditions/condition.ts'
import { TramError } from '../../../src/base/errors.ts'
import { key, range, sequencePart } from '../../../src/equipment/store/namespaces.ts'
import type { RecordStore } from '../../../src/equipment/store/record-store.ts'
import { EventOutbox, type HealthEvent, maxEventBytes } from '../../../src/exchange/health/event-outbox.ts'
import { Sequence } from '../../../src/exchange/sequence.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { levelStore, never, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const clock = new TestClock()
const event = (n: number, severity: Severity = 'warning'): HealthEvent => ({
  timeMs: clock.now(),
  code: 'PEER_UNREACHABLE',
  severity,
  change: 'raised',
  textVi: `Sự kiện ${n}`,
  textEn: `Event ${n}`,
  data: { n },
})

interface Payload {
  ts: number
  id: string
  code: string
  severity: string
  text_vi: string
  text_en: string
  data: Record<string, unknown>
}

async function started(records: RecordStore, options: { maxCount?: number; maxBytes?: number } = {}) {
  const sequence = new Sequence(records)
  await sequence.start()
  const outbox = new EventOutbox({ generation: 3, ...options }, { records, sequence })
  await outbox.start()
  return outbox
}

/** Takes everything out as a publisher does, in windows. */
async function drain(outbox: EventOutbox, window = 8): Promise<Payload[]> {
  const all: Payload[] = []
  for (;;) {
    const events = await outbox.next(window)
    if (events.length === 0) return all
    all.push(...events.map(({ payload }) => JSON.parse(Buffer.from(payload).toString('utf8')) as Payload))
    await outbox.published(events.map(({ sequence }) => sequence))
  }
}

describe('EventOutbox', () => {
  const folders: TemporaryFolder[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await folder.remove()
  })

  it('tells them in order after a restart, with ids that only grow, and forgets what was published', async () => {
    const folder = await temporaryFolder()
    folders.push(folder)
    const ids: string[] = []
    for (const round of [0, 1, 2]) {
      const { store } = levelStore(folder.path)
      await store.start(never)
      const outbox = await started(store)
      // The last of the round before was handed out and never acknowledged.
      const left = await drain(outbox)
      expect(left.map(({ data }) => data.n)).toEqual(round === 0 ? [] : [round * 10 - 8, round * 10 - 7])
      for (const n of [1, 2, 3]) await outbox.add([event(round * 10 + n)])
      const [first] = await outbox.next(1)
      if (first === undefined) throw new Error('nothing is there')
      await outbox.published([first.sequence])
      await outbox.next(8)
      ids.push(...left.map(({ id }) => id))
      await store.stop()
    }
    expect(ids).toEqual([...ids].sort())
    expect(new Set(ids).size).toBe(4)
    expect(ids[0]).toMatch(/^0000003-\d{16}$/)
  })

  it('keeps a day of events within its bounds, and says how many are gone', async () => {
    const folder = await temporaryFolder()
    folders.push(folder)
    const { store } = levelStore(folder.path)
    await store.start(never)
    const outbox = await started(store, { maxCount: 200 })
    const perDay = 1440
    for (let minute = 0; minute < perDay; minute++) {
      clock.advance(60_000)
      await outbox.add([event(minute, minute % 2 === 0 ? 'info' : 'error')])
      expect(outbox.size).toBeLessThanOrEqual(200)
    }
    let stored = 0
    for await (const _record of store.range(range('event'))) stored += 1
    expect(stored).toBe(outbox.size)
    const told = await drain(outbox)
    const dropped = told.filter(({ code }) => code === 'EVENTS_DROPPED')
    expect(dropped).toHaveLength(1)
    expect(Number(dropped[0]?.data.count) + told.length - 1).toBe(perDay)
    expect(dropped[0]?.text_en).toContain(String(dropped[0]?.data.count))
    // Every info went before the first error did, and the newest errors are all there.
    const rest = told.filter(({ code }) => code !== 'EVENTS_DROPPED')
    expect(rest.every(({ severity }) => severity === 'error')).toBe(true)
    expect(rest.at(-1)?.data.n).toBe(perDay - 1)
    expect(rest.map(({ data }) => data.n)).toEqual(rest.map((_, index) => perDay - 1 - 2 * (rest.length - 1 - index)))
    await store.stop()
  })

  it('is bounded in bytes too, and each event is', async () => {
    const records = new MemoryRecordStore()
    const outbox = await started(records, { maxBytes: 64 * 1024 })
    const long = 'ă'.repeat(100_000)
    const data = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [`key${index}`, long]))
    await outbox.add([
      {
        ...event(0),
        textVi: '\u0000'.repeat(9_000),
        textEn: long,
        data: { long: '\u0000'.repeat(9_000) },
      },
    ])
    for (let n = 1; n < 100; n++) await outbox.add([{ ...event(n), textVi: long, textEn: long, data }])
    let bytes = 0
    for await (const [, value] of records.range(range('event'))) {
      expect(value.byteLength).toBeLessThanOrEqual(maxEventBytes)
      bytes += value.byteLength
    }
    expect(bytes).toBeGreaterThan(32 * 1024)
    expect(bytes).toBeLessThanOrEqual(64 * 1024)
    const told = await drain(outbox)
    expect(told.some(({ code }) => code === 'EVENTS_DROPPED')).toBe(true)
  })

  it('neither drops nor changes what somebody may have read', async () => {
    const outbox = await started(new MemoryRecordStore(), { maxCount: 20 })
    for (let n = 0; n < 30; n++) await outbox.add([event(n)])
    const read = await outbox.next(12)
    const texts = read.map(({ payload }) => Buffer.from(payload).toString('utf8'))
    expect(texts.some((text) => text.includes('EVENTS_DROPPED'))).toBe(true)
    for (let n = 30; n < 40; n++) await outbox.add([event(n, 'critical')])
    const again = await outbox.next(12)
    expect(again.map(({ payload }) => Buffer.from(payload).toString('utf8'))).toEqual(texts)
    await outbox.published(again.map(({ sequence }) => sequence))
    const rest = await drain(outbox)
    const counts = rest.filter(({ code }) => code === 'EVENTS_DROPPED').map(({ data }) => data.count)
    const first = Number(JSON.parse(texts.find((text) => text.includes('EVENTS_DROPPED')) ?? '').data.count)
    expect(counts).toHaveLength(1)
    expect(first + Number(counts[0])).toBe(40 - (texts.length - 1) - (rest.length - 1))
  })

  it('does not stand still for a record that cannot be read, or a commit that failed', async () => {
    const records = new MemoryRecordStore()
    const outbox = await started(records)
    await outbox.add([event(1)])
    records.failure = new TramError('DISK_FULL', { neededBytes: 1, freeBytes: 0 })
    await expect(outbox.add([event(2)])).rejects.toThrow(TramError)
    records.failure = undefined
    await outbox.add([event(3)])
    const [first] = await outbox.next(1)
    const damagedKey = key('event', sequencePart(first?.sequence ?? 0))
    const get = records.get.bind(records)
    records.get = async (name) => {
      if (name === damagedKey) throw new TramError('STORE_DAMAGED', { place: name, detail: 'checksum' })
      return get(name)
    }
    expect((await outbox.next(8)).map(({ payload }) => JSON.parse(Buffer.from(payload).toString()).data.n)).toEqual([3])
    expect(outbox.size).toBe(1)
    expect(records.keys()).not.toContain(damagedKey)
  })
})
