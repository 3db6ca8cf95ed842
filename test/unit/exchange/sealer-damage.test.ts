// Damaged records before the token: they wait, everything beside them is sealed.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../../fixtures/exchange/test-world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

/** One record that cannot be read, as LevelStore says it. */
class DamagedRecords extends MemoryRecordStore {
  damaged: string | undefined

  override async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    if (this.damaged !== undefined && keys.includes(this.damaged)) {
      throw new TramError('STORE_DAMAGED', { place: this.damaged, detail: 'injected' })
    }
    return super.getMany(keys)
  }
}

let folder: TemporaryFolder
let world: TestWorld
let records: DamagedRecords
let station: LoneStation

beforeEach(async () => {
  folder = await temporaryFolder()
  records = new DamagedRecords()
  world = await TestWorld.create({ a: ['H01'], b: ['H02'] })
  station = await LoneStation.start({ world, id: 'a', folder: join(folder.path, 'a'), records })
})

afterEach(async () => {
  await station.stop()
  await folder.remove()
})

it.each([
  ['waybill', (digest: string) => `waybill:${digest}`],
  ['delivery', (digest: string) => `delivery:${digest}:b`],
])('seals the others although the %s record of one is damaged, and that one when it is whole', async (_, nameOf) => {
  for (const codeNumber of ['1', '2', '3']) {
    const parties = { from: { organId: 'H01', organName: 'Bộ Một' }, to: [{ organId: 'H02', organName: 'Sở Hai' }] }
    const words = { codeNumber, codeNotation: 'BM-VP', subject: 'Một văn bản' }
    await station.submit(buildPacket({ dialect: 'plain', ...parties, ...words }))
  }
  const waiting = await station.keys('toseal')
  const damaged = waiting[1] ?? ''
  records.damaged = nameOf(Buffer.from((await records.get(damaged)) ?? []).toString('utf8'))
  await station.startSealing()
  await station.until(async () => ((await station.keys('queue')).length === 2 ? true : undefined))
  expect(await station.keys('toseal')).toEqual([damaged])
  expect(station.sealer.trouble).toBeUndefined()
  // Made good, and started again.
  await station.stop()
  records.damaged = undefined
  station = await LoneStation.start({ world, id: 'a', folder: join(folder.path, 'a'), records })
  await station.startSealing()
  await station.until(async () => ((await station.keys('queue')).length === 3 ? true : undefined))
  expect(await station.keys('toseal')).toEqual([])
})
