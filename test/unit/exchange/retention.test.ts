// Deleting packets while the same packets are handed in or arrive again, and while a record cannot be read.
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { sha256 } from '../../../src/document/document-id.ts'
import type { RecordOperation } from '../../../src/equipment/store/record-store.ts'
import { keepEvidence } from '../../../src/equipment/store/store-inspection.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { backendOf, LoneStation, type RecordedLink } from '../../fixtures/exchange/lone-station.ts'
import { dayMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { never, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const packetOf = (codeNumber: string, bytes = 0) => letter({ codeNumber, content: 'x'.repeat(bytes) })

/** Holds back commits that touch `item:`. */
class HeldRecords extends MemoryRecordStore {
  gate: Promise<void> | undefined
  readonly reached = Promise.withResolvers<void>()

  override async commit(operations: readonly RecordOperation[]): Promise<void> {
    if (this.gate !== undefined && operations.some(({ key }) => key.startsWith('item:'))) {
      this.reached.resolve()
      await this.gate
    }
    await super.commit(operations)
  }
}

describe('retention', () => {
  let folder: TemporaryFolder
  let world: TestWorld
  let records: HeldRecords
  let station: LoneStation
  let link: RecordedLink

  beforeEach(async () => {
    folder = await temporaryFolder()
    world = await TestWorld.create({ a: ['H01'], b: ['H02'] })
    records = new HeldRecords()
    station = await LoneStation.start({ world, id: 'b', folder: join(folder.path, 'b'), records })
    link = await station.link('a')
  })

  afterEach(async () => {
    await station.stop()
    await folder.remove()
  })

  const waybill = (packet: Uint8Array, resend = 0) => {
    const created = station.clock.now()
    const changes = {
      station: 'a',
      senderAgency: 'H01',
      recipients: ['H02'],
      resend,
      created,
      notAfter: created + dayMs,
    }
    return world.waybill(packet, changes)
  }

  /** Delivers, and has the backend be done with it. Returns the item id. */
  async function done(packet: Uint8Array): Promise<string> {
    expect(await station.deliver(link, { waybill: waybill(packet), packet })).toBe('stored')
    const query = {
      backend: backendOf('H02'),
      kind: 'document',
      pageIndex: 1,
      pageSize: 10,
      fromMs: null,
      toMs: null,
    } as const
    const [item] = await station.inbox.list(query)
    if (item === undefined) throw new Error('not listed')
    await station.inbox.mark(backendOf('H02'), item.itemId, 'done')
    return item.itemId
  }

  it.each([
    ['a record', 0],
    ['a file', 200_000],
  ])('keeps a packet (%s) that arrives again, re-sent, while the old one is let go', async (_, bytes) => {
    const packet = packetOf('12', bytes)
    const itemId = await done(packet)
    station.clock.advance(31 * dayMs)
    const { promise, resolve: decide } = Promise.withResolvers<void>()
    records.gate = promise
    const again = station.deliver(link, { waybill: waybill(packet, 1), packet })
    await records.reached.promise
    // The item is still `done`, a month ago, and its decision is about to say otherwise.
    const sweeping = station.retention.sweep(never)
    for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
    decide()
    expect(await again).toBe('stored')
    expect(await sweeping).toBe(0)
    expect(await station.packets.has(sha256(packet))).toBe(true)
    const { bytes: read } = await station.inbox.openItem(backendOf('H02'), itemId)
    const pieces: Uint8Array[] = []
    for await (const piece of read) pieces.push(piece)
    expect(Buffer.compare(Buffer.concat(pieces), packet)).toBe(0)
  })

  it('deletes what is due although the record of another owner is damaged', async () => {
    const packets = [packetOf('12'), packetOf('13')].sort((a, b) => Buffer.compare(sha256(a), sha256(b)))
    const ids = []
    for (const packet of packets) ids.push(await done(packet))
    station.clock.advance(31 * dayMs)
    records.damaged = `item:${ids[0]}`
    expect(await station.retention.sweep(never)).toBe(1)
    expect(await Promise.all(packets.map((packet) => station.packets.has(sha256(packet))))).toEqual([true, false])
    records.damaged = undefined
    expect(await station.retention.sweep(never)).toBe(1)
  })

  it('deletes no evidence while the time is in doubt', async () => {
    const quarantine = join(folder.path, 'b', 'quarantine')
    await keepEvidence(quarantine, 'settled', Buffer.alloc(10), '')
    station.clock.advance(Math.max(0, Date.now() - station.clock.now()) + 60 * dayMs)
    station.clock.doubt = new TramError('CLOCK_UNTRUSTED', { wall: '', told: '' })
    await station.retention.start()
    // Stopped, it has ended its first turn.
    await station.retention.stop()
    expect(await readdir(quarantine)).toEqual(['settled'])
  })
})
