// Packets on their way in when something fails beneath or beside them: what was held is given back, and nobody's process ends.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { Outcome, parseReceipt } from '../../../src/document/receipt.ts'
import { PacketKind } from '../../../src/document/schema/waybill.ts'
import { InboundState } from '../../../src/exchange/schema/records.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { MemorySpace } from '../../contract/memory-space.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { agencyEntry, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const packet = letter()

/** A file at the recipient. */
const bulky = letter({ codeNumber: '13', attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(100_000, 7) }] })

describe('arrival', () => {
  let folder: TemporaryFolder
  let world: TestWorld
  let records: MemoryRecordStore
  let space: MemorySpace
  let station: LoneStation

  beforeEach(async () => {
    folder = await temporaryFolder()
    world = await TestWorld.create({ a: ['H01'], b: ['H02'], c: ['H03'] })
    records = new MemoryRecordStore()
    space = new MemorySpace()
    station = await LoneStation.start({ world, id: 'b', folder: join(folder.path, 'b'), records, space })
  })

  afterEach(async () => {
    await station.stop()
    await folder.remove()
  })

  const waybill = () => world.waybill(packet, { station: 'a', senderAgency: 'H01', recipients: ['H02'] })

  it('gives the room back when the offer cannot be made durable', async () => {
    const link = await station.link('a')
    const offered = {
      waybill: world.waybill(bulky, { station: 'a', senderAgency: 'H01', recipients: ['H02'] }),
      packet: bulky,
    }
    records.failure = new TramError('STORE_FAILED', { detail: 'injected' })
    station.offer(link, offered)
    expect((await link.next('temporary')).code).toBe('STORE_FAILED')
    records.failure = undefined
    // The receiver closes behind the answer.
    await expect.poll(() => space.reservedBytes).toBe(0)
    expect(await station.deliver(link, offered)).toBe('stored')
  })

  it('stores nothing of a small packet before it is decided, and holds nothing when its link goes', async () => {
    const link = await station.link('a')
    records.failure = new TramError('STORE_FAILED', { detail: 'nothing may be written yet' })
    station.offer(link, { waybill: waybill(), packet })
    await link.next('want')
    expect(space.reservedBytes).toBeGreaterThan(packet.byteLength)
    await station.cut(link)
    await expect.poll(() => space.reservedBytes).toBe(0)
    records.failure = undefined
    expect(await station.keys('inbound')).toEqual([])
    expect(await station.deliver(await station.link('a'), { waybill: waybill(), packet })).toBe('stored')
    expect(await station.keys('arriving')).toEqual([])
  })

  it('gives the room back when a wrong packet meets a link that takes no more messages', async () => {
    const link = await station.link('a')
    const transfer = station.offer(link, { waybill: waybill(), packet })
    await link.next('want')
    expect(space.reservedBytes).toBeGreaterThan(packet.byteLength)
    // A peer that reads nothing: an unhandled rejection here would be reported by the test runner, and end the station.
    link.failure = new TramError('OVERLOADED', { detail: 'control waits' })
    station.sendBytes(link, transfer, Buffer.alloc(packet.byteLength, 7))
    await expect.poll(() => space.reservedBytes).toBe(0)
    link.failure = undefined
    expect(await station.deliver(link, { waybill: waybill(), packet })).toBe('stored')
  })

  it('decides once when the link is cut during the decision and the sender comes back at once', async () => {
    const first = await station.link('a')
    const transfer = station.offer(first, { waybill: waybill(), packet })
    await first.next('want')
    const { promise: disk, resolve: write } = Promise.withResolvers<void>()
    const deciding = Promise.withResolvers<void>()
    const plain = MemoryRecordStore.prototype.commit.bind(records)
    records.commit = async (operations) => {
      if (operations.some(({ key }) => key.startsWith('item:'))) {
        deciding.resolve()
        await disk
      }
      await plain(operations)
    }
    station.sendBytes(first, transfer, packet)
    await deciding.promise
    await station.cut(first)
    const second = await station.link('a')
    station.offer(second, { waybill: waybill(), packet })
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    write()
    expect(await second.nextName()).toBe('known')
    expect(await station.keys('toseal')).toHaveLength(1)
    expect(await station.inbound(waybill())).toMatchObject({ state: InboundState.DECIDED, stored: true })
  })

  it('keeps nothing of a large packet that it refuses for good, unless the same bytes are somebody’s', async () => {
    const link = await station.link('a')
    const large = letter({ codeNumber: '13', content: 'x'.repeat(200_000) })
    const right = world.waybill(large, { station: 'a', senderAgency: 'H01', recipients: ['H02'] })
    // Sealed as a status, which it is not.
    const wrong = (salt: number) => ({ ...right, kind: PacketKind.STATUS, salt: Buffer.alloc(32, salt) })
    expect(await station.deliver(link, { waybill: wrong(1), packet: large })).toBe('known')
    expect(await station.inbound(wrong(1))).toMatchObject({ state: InboundState.DECIDED, stored: false })
    expect(await station.packets.has(right.packetDigest)).toBe(false)
    expect(await station.deliver(link, { waybill: right, packet: large })).toBe('stored')
    expect(await station.deliver(link, { waybill: wrong(2), packet: large })).toMatch(/known|stored/)
    expect(await station.packets.has(right.packetDigest)).toBe(true)
  })

  it('takes few large packets of one peer at a time, and small ones beside them', async () => {
    const link = await station.link('a')
    const large = Buffer.alloc(200_000, 1)
    const waybillOf = (salt: number) => {
      const parties = { station: 'a', senderAgency: 'H01', recipients: ['H02'] }
      return world.waybill(large, { ...parties, salt: Buffer.alloc(32, salt) })
    }
    for (let at = 0; at < 16; at++) {
      station.offer(link, { waybill: waybillOf(at), packet: large })
      await link.next('want')
    }
    station.offer(link, { waybill: waybillOf(16), packet: large })
    expect((await link.next('temporary')).code).toBe('OVERLOADED')
    expect(await station.deliver(link, { waybill: waybill(), packet })).toBe('stored')
    await station.cut(link)
    await expect.poll(() => space.reservedBytes).toBe(0)
  })

  it('stays with what it has receipted as stored when another station asks about the same waybill', async () => {
    const both = world.waybill(packet, { station: 'a', senderAgency: 'H01', recipients: ['H02', 'H03'] })
    expect(await station.deliver(await station.link('a'), { waybill: both, packet, agencies: ['H02'] })).toBe('stored')
    // The sender's agency moves; the other recipient, which has the waybill too, asks us about itself.
    await station.useDirectory(2, world.entries([{ agency: agencyEntry('H01', 'c') }]))
    const link = await station.link('c')
    expect(await station.deliver(link, { waybill: both, packet, agencies: ['H03'] })).toBe('known')
    const inbound = await station.inbound(both)
    expect(inbound?.stored).toBe(true)
    const verdicts = parseReceipt(inbound?.receipt ?? Buffer.alloc(0)).verdicts
    expect(new Map(verdicts.map(({ agency, outcome }) => [agency, outcome]))).toEqual(
      new Map([
        ['H02', Outcome.STORED],
        ['H03', Outcome.REFUSED],
      ]),
    )
  })
})
