// The courier while store and links fail at the worst moment: no delivery is passed over, none holds up the others.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../../fixtures/exchange/test-world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

/** Reads of one key wait. */
class SlowRecords extends MemoryRecordStore {
  held: { key: string; gate: Promise<void>; reached: () => void } | undefined

  override async get(key: string): Promise<Uint8Array | undefined> {
    if (key === this.held?.key) {
      this.held.reached()
      await this.held.gate
    }
    return super.get(key)
  }
}

describe('courier', () => {
  let folder: TemporaryFolder
  let world: TestWorld
  let records: SlowRecords
  let station: LoneStation
  /** Waybills in the order of the queue. */
  let waybills: string[]

  beforeEach(async () => {
    folder = await temporaryFolder()
    world = await TestWorld.create({ a: ['H01'], b: ['H02'] })
    records = new SlowRecords()
    station = await LoneStation.start({ world, id: 'a', folder: join(folder.path, 'a'), records })
    await station.startSealing()
    for (const codeNumber of ['1', '2']) await station.submit(letter({ codeNumber }))
    await station.until(async () => ((await station.keys('queue')).length === 2 ? true : undefined))
    waybills = []
    for (const name of await station.keys('queue'))
      waybills.push(Buffer.from((await records.get(name)) ?? []).toString('utf8'))
  })

  afterEach(async () => {
    await station.stop()
    await folder.remove()
  })

  it('offers everything on a new link that came up while it was offering on the old one', async () => {
    const { promise, resolve: read } = Promise.withResolvers<void>()
    const reading = Promise.withResolvers<void>()
    records.held = { key: `delivery:${waybills[1]}:b`, gate: promise, reached: reading.resolve }
    await station.startCarrying()
    const first = await station.link('b')
    await reading.promise
    expect(first.all('offer')).toHaveLength(1)
    await station.cut(first)
    const second = await station.link('b')
    records.held = undefined
    read()
    await expect.poll(() => second.all('offer').length).toBe(2)
    expect(first.all('offer')).toHaveLength(1)
  })

  it('takes the others although the records of one delivery are damaged', async () => {
    records.damaged = `waybill:${waybills[0]}`
    await station.startCarrying()
    const link = await station.link('b')
    await expect.poll(() => link.all('offer').length).toBe(1)
    records.damaged = undefined
    station.clock.advance(120_000)
    await station.courier.wakeAll()
    await expect.poll(() => link.all('offer').length).toBe(2)
  })

  it('offers again what could not be queued for a new seal', async () => {
    await station.startCarrying()
    const link = await station.link('b')
    const { transfer } = await link.next('offer')
    await link.next('offer')
    await station.renewCertificate(2)
    records.failure = new TramError('STORE_FAILED', { detail: 'injected' })
    const answer = { transfer, code: 'SEAL_INVALID', retryAfterMs: 30_000, reseal: true }
    station.switchboard.onMessage(link, { temporary: answer })
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    records.failure = undefined
    station.clock.advance(120_000)
    await station.courier.wakeAll()
    await expect.poll(() => link.all('offer').length).toBe(3)
  })
})
