// Senders that lie, stall or flood: what each can hold, what it is told, and that the others do not notice.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../../src/document/document-id.ts'
import { Outcome, parseReceipt } from '../../../src/document/receipt.ts'
import { encodeWaybill, type Waybill } from '../../../src/document/waybill.ts'
import { senderSilenceMs } from '../../../src/exchange/receive/arrival.ts'
import { ackNoteMs } from '../../../src/exchange/receive/outgoing-receipts.ts'
import { InboundState } from '../../../src/exchange/schema/records.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { LoneStation, type PlayedOffer } from '../../fixtures/exchange/lone-station.ts'
import { agencyEntry, TestWorld } from '../../fixtures/exchange/test-world.ts'

let number = 0
function nextPacket(bytes = 100): Uint8Array {
  number += 1
  const codes = { codeNumber: String(number), codeNotation: 'UBND', subject: 'Giấy mời' }
  const attachments = [{ name: 'a.pdf', bytes: Buffer.alloc(bytes, number) }]
  return buildPacket({ dialect: 'plain', from: 'H01', to: ['H02'], ...codes, attachments })
}

const turns = async (count = 20) => {
  for (let turn = 0; turn < count; turn++) await new Promise(setImmediate)
}

describe('a hostile sender', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02'], three: ['H03'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-hostile-'))
    station = await LoneStation.start({ world, id: 'two', folder })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await station.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const played = (packet: Uint8Array, changes: Partial<Waybill> = {}): PlayedOffer => {
    const waybill = world.waybill(packet, { station: 'one', senderAgency: 'H01', recipients: ['H02'], ...changes })
    return { waybill, packet, agencies: ['H02'] }
  }
  const verdicts = async (waybill: Waybill) =>
    parseReceipt((await station.inbound(waybill))?.receipt ?? Buffer.alloc(0)).verdicts

  it('whose waybill names chunks that are not its packet is refused for good', async () => {
    const link = await station.link('one')
    for (const bytes of [100, 200_000]) {
      const packet = nextPacket(bytes)
      const offer = played(packet, { packetDigest: Buffer.alloc(32, 7) })
      expect(await station.deliver(link, offer)).toBe('known')
      expect(await station.inbound(offer.waybill)).toMatchObject({ state: InboundState.DECIDED, stored: false })
      expect(await verdicts(offer.waybill)).toMatchObject([{ outcome: Outcome.REFUSED, code: 'WAYBILL_INVALID' }])
      expect(await station.deliver(link, offer)).toBe('known')
    }
    expect([station.space.reservedBytes, await station.keys('arriving')]).toEqual([0, []])
  })

  it('that ends before the last chunk has only stopped: nothing is held against its waybill', async () => {
    const link = await station.link('one')
    const offer = played(nextPacket())
    const transfer = station.offer(link, offer)
    await link.next('want')
    station.switchboard.onMessage(link, { end: { transfer } })
    expect(await link.next('temporary')).toMatchObject({ transfer, code: 'WAYBILL_INVALID' })
    expect(await station.deliver(link, offer)).toBe('stored')
  })

  it('that knows a digest gets nothing for it: the bytes are asked for from the first on', async () => {
    const link = await station.link('one')
    const packet = nextPacket(2_000_000)
    const offer = played(packet)
    const transfer = station.offer(link, offer)
    await link.next('want')
    station.switchboard.onData(link, 'bulk', transfer, 0, packet.subarray(0, 2 ** 20), () => undefined)
    await station.cut(link)
    const thief = await station.link('three')
    const claimed = played(packet, { station: 'three', senderAgency: 'H03' })
    const stolen = station.offer(thief, claimed)
    expect(await thief.next('want')).toEqual({ transfer: stolen, firstChunk: 0 })
    station.switchboard.onMessage(thief, { end: { transfer: stolen } })
    await thief.next('temporary')
    const back = await station.link('one')
    const resumed = station.offer(back, offer)
    expect(await back.next('want')).toEqual({ transfer: resumed, firstChunk: 1 })
    station.sendBytes(back, resumed, packet, 2 ** 20)
    await back.next('stored')
    const again = station.offer(thief, claimed)
    expect(await thief.next('want')).toEqual({ transfer: again, firstChunk: 0 })
    expect(await station.keys('item')).toHaveLength(1)
  })

  it('cannot take a receipt back by asking about somebody else and not sending', async () => {
    const packet = nextPacket()
    const offer = played(packet, { recipients: ['H02', 'H03'] })
    const link = await station.link('one')
    await station.useDirectory(2, world.entries([{ agency: agencyEntry('H01', 'three') }]))
    expect(await station.deliver(link, offer)).toBe('known')
    const receipt = (await station.inbound(offer.waybill))?.receipt
    await station.useDirectory(3, world.entries())
    const other = await station.link('three')
    station.offer(other, { ...offer, agencies: ['H03'] })
    await other.next('want')
    await station.cut(other)
    await turns()
    expect(await station.inbound(offer.waybill)).toMatchObject({ state: InboundState.DECIDED, receipt })
    expect(await station.deliver(link, offer)).toBe('known')
  })

  it('acknowledges only receipts that are for it', async () => {
    await station.startSealing()
    const link = await station.link('one')
    const offer = played(nextPacket())
    expect(await station.deliver(link, offer)).toBe('stored')
    await link.next('receipt')
    const other = await station.link('three')
    const waybillDigest = Buffer.from(sha256(encodeWaybill(offer.waybill)))
    for (let at = 0; at < 10_000; at++) station.switchboard.onMessage(other, { ack: { waybillDigest } })
    await delay(2 * ackNoteMs)
    expect(await station.inbound(offer.waybill)).toMatchObject({ acknowledged: false })
    station.switchboard.onMessage(link, { ack: { waybillDigest } })
    await station.until(async () => ((await station.inbound(offer.waybill))?.acknowledged === true ? true : undefined))
  })

  it('that falls silent after `want` loses its room, is told so, and goes on where it stopped', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const link = await station.link('one')
    const packet = nextPacket(2_000_000)
    const offer = played(packet)
    const transfer = station.offer(link, offer)
    await link.next('want')
    vi.advanceTimersByTime(senderSilenceMs - 1)
    const durable = Promise.withResolvers<void>()
    station.switchboard.onData(link, 'bulk', transfer, 0, packet.subarray(0, 2 ** 20), durable.resolve)
    await durable.promise
    await turns()
    vi.advanceTimersByTime(senderSilenceMs - 1)
    await turns()
    expect([link.all('temporary'), station.space.reservedBytes > 0]).toEqual([[], true])
    vi.advanceTimersByTime(1)
    expect(await link.next('temporary')).toMatchObject({ transfer, code: 'OVERLOADED' })
    expect(station.space.reservedBytes).toBe(0)
    const again = station.offer(link, offer)
    expect(await link.next('want')).toEqual({ transfer: again, firstChunk: 1 })
    station.sendBytes(link, again, packet, 2 ** 20)
    expect(await link.next('stored')).toEqual({ transfer: again })
    expect(vi.getTimerCount()).toBe(0)
  })

  it('has at most 8 MiB of waybills and seals held, is told when that is full, and small peers go on', async () => {
    const link = await station.link('one')
    const other = await station.link('three')
    const bulk = Buffer.alloc(500_000, 1)
    let most = 0
    for (let transfer = 1; transfer <= 40; transfer++) {
      const waybill = Buffer.concat([bulk, Buffer.from([transfer])])
      station.switchboard.onMessage(link, { offer: { transfer, waybill, seal: bulk, agencies: ['H02'] } })
      most = Math.max(most, station.reception.heldBytes)
    }
    expect(most).toBeGreaterThan(7_000_000)
    expect(most).toBeLessThanOrEqual(8 * 2 ** 20)
    const told = link.all('temporary')
    expect(told).toHaveLength(32)
    for (const answer of told) expect(answer).toMatchObject({ code: 'OVERLOADED', reseal: false })
    expect(await station.deliver(other, played(nextPacket()))).toBe('stored')
    await turns()
    expect([link.all('reject').length, station.reception.heldBytes]).toEqual([8, 0])
  })

  it('with nothing but wrong seals is not listened to for the rest of the minute', async () => {
    const link = await station.link('one')
    const right = played(nextPacket())
    const wrong = { ...right, seal: Buffer.alloc(10) }
    for (let at = 0; at < 512; at++) expect(await station.deliver(link, wrong)).toBe('reject')
    expect(await station.deliver(link, wrong)).toBe('temporary')
    expect(await station.deliver(link, right)).toBe('temporary')
    expect(await station.deliver(await station.link('three'), right)).toBe('stored')
    station.clock.advance(60_000)
    expect(await station.deliver(link, right)).toBe('known')
  })

  it('cannot fill a full disk with what is refused or known', async () => {
    const link = await station.link('one')
    const known = nextPacket()
    expect(await station.deliver(link, played(known))).toBe('stored')
    const before = [await station.keys('inbound'), await station.keys('waybill'), await station.keys('cms')]
    station.space.freeBytes = 4000
    for (const offer of [
      played(nextPacket(), { senderAgency: 'H03' }),
      played(known, { salt: Buffer.alloc(32, 1) }),
      played(nextPacket(), { notAfter: 2_000_000, created: 1_000_000 }),
    ]) {
      expect(await station.deliver(link, offer)).toBe('temporary')
      expect(link.sent.at(-1)?.temporary?.code).toBe('DISK_FULL')
    }
    expect([await station.keys('inbound'), await station.keys('waybill'), await station.keys('cms')]).toEqual(before)
    expect(station.space.reservedBytes).toBe(0)
  })
})
