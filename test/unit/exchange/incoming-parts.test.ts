// Parts of packets whose sender stays away: kept as long as their delivery may be offered, in real files, and not longer.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { encodeWaybill, type Waybill } from '../../../src/document/waybill.ts'
import { key } from '../../../src/equipment/store/namespaces.ts'
import { keepEvidence } from '../../../src/equipment/store/store-inspection.ts'
import { putArriving } from '../../../src/exchange/receive/incoming-parts.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { LoneStation, type RecordedLink } from '../../fixtures/exchange/lone-station.ts'
import { dayMs, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { never, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const chunkBytes = 1024 * 1024
/** Two chunks. */
const packet = letter({ attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(1_000_000, 7) }] })

describe('parts of packets on their way in', () => {
  let folder: TemporaryFolder
  let world: TestWorld
  let records: MemoryRecordStore
  let station: LoneStation
  let link: RecordedLink

  beforeEach(async () => {
    folder = await temporaryFolder()
    world = await TestWorld.create({ a: ['H01'], b: ['H02'] })
    records = new MemoryRecordStore()
    station = await LoneStation.start({ world, id: 'b', folder: join(folder.path, 'b'), records })
    link = await station.link('a')
  })

  afterEach(async () => {
    await station.stop()
    await folder.remove()
  })

  const waybillOf = (changes: Partial<Waybill> = {}) =>
    world.waybill(packet, { station: 'a', senderAgency: 'H01', recipients: ['H02'], ...changes })
  const idOf = (waybill: Waybill) => hex(sha256(encodeWaybill(waybill)))
  const files = () => readdir(join(folder.path, 'b', 'incoming'))

  /** Offers, delivers the first chunk, and goes. Returns the chunk that the station asked for first. */
  async function deliverPart(waybill: Waybill): Promise<number> {
    const transfer = station.offer(link, { waybill, packet })
    const { firstChunk } = await link.next('want')
    station.sendBytes(link, transfer, packet.subarray(0, chunkBytes), firstChunk * chunkBytes)
    await link.next('temporary')
    return firstChunk
  }

  it('keeps a part for its sender as long as the delivery is open and a week longer', async () => {
    const waybill = waybillOf()
    expect(await deliverPart(waybill)).toBe(0)
    station.clock.advance(29 * dayMs)
    expect(await station.incoming.expire(never)).toBe(0)
    expect(await deliverPart(waybill)).toBe(1)
    station.clock.advance(8 * dayMs - 1)
    expect([await station.incoming.expire(never), await files()]).toEqual([0, [`${idOf(waybill)}.part`]])
    station.clock.advance(1)
    expect([await station.incoming.expire(never), await files()]).toEqual([1, []])
    expect(await station.keys('arriving')).toEqual([])
  })

  it('begins anew, and loses nothing else, when a part that is gone is offered after all', async () => {
    const waybill = waybillOf({ notAfter: startMs + 400 * dayMs })
    await deliverPart(waybill)
    await records.commit([putArriving(idOf(waybill), 0)])
    await station.incoming.expire(never)
    expect(await station.deliver(link, { waybill, packet })).toBe('stored')
    expect([await files(), await station.keys('arriving')]).toEqual([[], []])
  })

  it('believes no waybill that wants to be offered for longer than any station tries', async () => {
    await deliverPart(waybillOf({ notAfter: 9e13 }))
    station.clock.advance(372 * dayMs - 1)
    expect(await station.incoming.expire(never)).toBe(0)
    station.clock.advance(1)
    expect([await station.incoming.expire(never), await files()]).toEqual([1, []])
  })

  it('keeps a part for a week after its last offer, however old the waybill is', async () => {
    const waybill = waybillOf()
    await deliverPart(waybill)
    station.clock.advance(60 * dayMs)
    // As when the station has lost the packet and asks for it again.
    await records.commit([putArriving(idOf(waybill), station.clock.now())])
    station.clock.advance(7 * dayMs - 1)
    expect(await station.incoming.expire(never)).toBe(0)
    station.clock.advance(1)
    expect([await station.incoming.expire(never), await files()]).toEqual([1, []])
  })

  it('lets go of nothing while the time is in doubt', async () => {
    await deliverPart(waybillOf())
    station.clock.advance(60 * dayMs)
    station.clock.doubt = new TramError('CLOCK_UNTRUSTED', { wall: '', told: '' })
    expect([await station.incoming.expire(never), (await files()).length]).toEqual([0, 1])
  })

  it('deletes no part that is being written, and none whose waybill cannot be read', async () => {
    const waybill = waybillOf()
    const transfer = station.offer(link, { waybill, packet })
    await link.next('want')
    const unreadable = waybillOf({ salt: Buffer.alloc(32, 1) })
    await deliverPart(unreadable)
    records.damaged = key('waybill', idOf(unreadable))
    station.clock.advance(60 * dayMs)
    expect(await station.incoming.expire(never)).toBe(1)
    expect((await files()).sort()).toEqual([`${idOf(unreadable)}.part`, `${idOf(waybill)}.part`].sort())
    records.damaged = undefined
    station.sendBytes(link, transfer, packet)
    expect(await link.nextName()).toBe('stored')
  })

  it('keeps the part of an entry that cannot be read, so that the station starts', async () => {
    const waybill = waybillOf()
    await deliverPart(waybill)
    records.damaged = key('arriving', idOf(waybill))
    await station.incoming.sweep()
    expect(await files()).toEqual([`${idOf(waybill)}.part`])
  })

  it('deletes the part of a waybill that was decided when its packet came under another', async () => {
    const waybill = waybillOf()
    await deliverPart(waybill)
    expect(await station.deliver(link, { waybill: waybillOf({ salt: Buffer.alloc(32, 1) }), packet })).toBe('stored')
    expect(await station.deliver(link, { waybill, packet })).toBe('stored')
    await station.incoming.sweep()
    expect(await files()).toEqual([])
  })

  it('is done by the loop that deletes packets, which also goes through the quarantine', async () => {
    await deliverPart(waybillOf())
    const quarantine = join(folder.path, 'b', 'quarantine')
    await keepEvidence(quarantine, 'settled', Buffer.alloc(10), '')
    await keepEvidence(quarantine, 'unsettled', Buffer.alloc(10))
    // Files are dated by the machine, whose time may be past the test's.
    station.clock.advance(Math.max(0, Date.now() - station.clock.now()) + 60 * dayMs)
    // An error of one must not stop the others.
    station.outbox.forgetReceipted = () => Promise.reject(new TramError('STORE_FAILED', { detail: 'injected' }))
    await station.retention.start()
    try {
      await expect.poll(() => readdir(quarantine)).toEqual(['unsettled.open'])
      expect(await files()).toEqual([])
    } finally {
      await station.retention.stop()
    }
  })
})
