// Recipients that keep their link up and do nothing, promise without receipting, or flood: every delivery ends all the same, and
// nothing piles up.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import type { Offer } from '../../../src/equipment/link/schema/messages.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { RetrySchedule } from '../../../src/exchange/send/retry-schedule.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { dayMs, TestWorld } from '../../fixtures/exchange/test-world.ts'

const minuteMs = 60_000
const turns = async (count = 30) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

let number = 0
function nextPacket(bytes = 100): Uint8Array {
  number += 1
  const codes = { codeNumber: String(number), codeNotation: 'UBND', subject: 'Giấy mời' }
  const attachments = [{ name: 'a.pdf', bytes: Buffer.alloc(bytes, number) }]
  return buildPacket({ dialect: 'plain', from: 'H01', to: ['H02'], ...codes, attachments })
}

describe('a hostile recipient', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation
  let records: MemoryRecordStore
  let two: PlayedRecipient

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02'], three: ['H03'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-hostile-'))
    records = new MemoryRecordStore()
    station = await LoneStation.start({ world, id: 'one', folder, records })
    await station.startSealing()
    await station.startCarrying()
    two = await PlayedRecipient.connect(station, 'two')
  })
  afterEach(async () => {
    await station.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const offered = async (bytes?: number): Promise<Offer> => {
    await station.submit(nextPacket(bytes))
    return two.nextOffer()
  }
  const states = async () => {
    const found: DeliveryState[] = []
    for (const waybill of (await station.waybills()).keys()) {
      found.push((await station.outbox.delivery(waybill, 'two'))?.state ?? DeliveryState.SEALING)
    }
    return found
  }
  /** Lets time pass as it does: in minutes, after each of which the courier looks at its queues. */
  const pass = async (ms: number) => {
    for (let left = ms; left > 0; left -= minuteMs) {
      station.clock.advance(Math.min(left, minuteMs))
      await station.courier.wakeAll()
      await turns(10)
    }
  }

  it('that never answers loses the place of each offer, and gets it again later and later', async () => {
    const { transfer } = await offered()
    await pass(9 * minuteMs)
    expect(two.link.all('cancel')).toEqual([])
    await pass(minuteMs)
    expect(await two.link.next('cancel')).toMatchObject({ transfer })
    expect(station.courier.inFlight().get('two')).toBe(0)
    /** Minutes until there is one more of these messages. */
    const minutesUntil = async (name: 'offer' | 'cancel') => {
      const before = two.link.all(name).length
      let minutes = 0
      for (; two.link.all(name).length === before; minutes++) await pass(minuteMs)
      return minutes
    }
    const waits: number[] = []
    for (let round = 1; round <= 4; round++) {
      waits.push(await minutesUntil('offer'))
      expect(await minutesUntil('cancel')).toBe(10)
    }
    // Eight times as long, a quarter more or less.
    expect(waits[3]).toBeGreaterThan(2 * (waits[0] ?? 0))
  })

  it('that wants large packets and takes not a byte does not hold up the ones behind them', async () => {
    two.link.gate = Promise.withResolvers<void>().promise
    const held = []
    for (let at = 0; at < 4; at++) held.push(await offered(100_000))
    for (const { transfer } of held) two.says({ want: { transfer, firstChunk: 0 } })
    await station.submit(nextPacket(100_000))
    await pass(9 * minuteMs)
    expect(two.link.all('offer')).toHaveLength(4)
    await pass(2 * minuteMs)
    expect(two.link.all('cancel').map(({ transfer }) => transfer)).toEqual(held.map(({ transfer }) => transfer))
    expect(two.link.all('offer').length).toBeGreaterThan(4)
  })

  it('that says `stored` and never receipts is asked again hourly, and the delivery ends at notAfter, its link up', async () => {
    const { transfer } = await offered()
    two.says({ stored: { transfer } })
    let minutes = 0
    for (; two.link.all('offer').length === 1; minutes++) await pass(minuteMs)
    // An hour, a quarter more or less.
    expect(minutes).toBeGreaterThan(44)
    expect(minutes).toBeLessThan(77)
    two.says({ known: { transfer: two.link.all('offer').at(-1)?.transfer ?? 0 } })
    await turns()
    station.clock.advance(30 * dayMs - (minutes + 2) * minuteMs)
    await station.courier.wakeAll()
    await turns()
    two.says({ known: { transfer: two.link.all('offer').at(-1)?.transfer ?? 0 } })
    await expect.poll(states).toEqual([DeliveryState.AWAITING_RECEIPT])
    expect(station.courier.inFlight().get('two')).toBe(0)
    await pass(2 * minuteMs)
    expect(await states()).toEqual([DeliveryState.EXPIRED])
    expect([two.link.closeReason, await station.keys('queue')]).toEqual([undefined, []])
  })

  it('that lets an offer lie is told at notAfter that it is over', async () => {
    station.clock.advance(1)
    const first = await offered()
    station.clock.advance(30 * dayMs)
    // Fresh by the monotonic clock: it is the waybill's own time that ends it.
    two.says({ want: { transfer: first.transfer, firstChunk: 0 } })
    await station.courier.wakeAll()
    expect(await two.link.next('cancel')).toMatchObject({ transfer: first.transfer, code: 'DELIVERY_EXPIRED' })
    expect(await states()).toEqual([DeliveryState.EXPIRED])
  })

  it('that floods with receipts has 8 MiB of them held, and an honest one is taken beside it', async () => {
    const offer = await offered()
    const three = await PlayedRecipient.connect(station, 'three')
    const sealed = three.receipt(offer, { changes: { waybillDigest: Buffer.alloc(32, 1) } })
    const flood = { receipt: sealed.receipt, seal: Buffer.concat([sealed.seal, Buffer.alloc(100_000)]) }
    let most = 0
    const reads = vi.spyOn(records, 'get')
    for (let at = 0; at < 500; at++) {
      three.says({ receipt: flood })
      most = Math.max(most, station.courier.heldBytes)
    }
    expect(most).toBeGreaterThan(7_000_000)
    expect(most).toBeLessThanOrEqual(8 * 2 ** 20)
    await turns()
    expect(reads.mock.calls.filter(([name]) => name.startsWith('delivery:')).length).toBeLessThan(100)
    two.says({ receipt: two.receipt(offer) })
    await two.link.next('ack')
    await turns()
    expect([station.courier.heldBytes, three.link.closeReason, three.link.all('ack')]).toEqual([0, undefined, []])
  })

  it('whose receipt comes while its waybill is sealed anew has closed the delivery for good', async () => {
    const offer = await offered()
    await station.renewCertificate(2)
    const committing = Promise.withResolvers<void>()
    const disk = Promise.withResolvers<void>()
    const plain = MemoryRecordStore.prototype.commit.bind(records)
    records.commit = async (operations) => {
      if (operations.some(({ key }) => key === 'meta:statement')) {
        committing.resolve()
        await disk.promise
      }
      await plain(operations)
    }
    two.says({ temporary: { transfer: offer.transfer, code: 'SEAL_INVALID', retryAfterMs: 1000, reseal: true } })
    await committing.promise
    two.says({ receipt: two.receipt(offer) })
    await turns()
    disk.resolve()
    await two.link.next('ack')
    await turns()
    expect([await states(), await station.keys('queue')]).toEqual([[DeliveryState.CLOSED], []])
  })
})

it('a retry that is due and finds no room does not have its courier look again and again', () => {
  const clock = new TestClock()
  const schedule = new RetrySchedule(clock)
  schedule.add({ key: 'a', waybill: 'a' }, '3b', 1000)
  schedule.add({ key: 'b', waybill: 'b' }, '3b', 100_000)
  clock.advance(2000)
  expect(schedule.due().map(({ queued }) => queued.key)).toEqual(['a'])
  expect(schedule.untilDue()).toBeGreaterThan(60_000)
})
