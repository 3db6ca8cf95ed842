// Deliveries whose changes come late or whose commits fail although they reached the disk: none is left outside every queue.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../../fixtures/exchange/test-world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const packet = letter()

let folder: TemporaryFolder
let records: MemoryRecordStore
let station: LoneStation

beforeEach(async () => {
  folder = await temporaryFolder()
  records = new MemoryRecordStore()
  const world = await TestWorld.create({ a: ['H01'], b: ['H02'] })
  station = await LoneStation.start({ world, id: 'a', folder: join(folder.path, 'a'), records })
})

afterEach(async () => {
  await station.stop()
  await folder.remove()
})

it('queues a delivery that waits for a new seal although a late answer says that it is stored', async () => {
  await station.startSealing()
  await station.submit(packet)
  await station.until(async () => ((await station.keys('queue')).length === 1 ? true : undefined))
  const [waybill = ''] = (await station.waybills()).keys()
  // The token is busy, so that the answer comes between the wish for a seal and the seal.
  const { promise, resolve: sign } = Promise.withResolvers<void>()
  station.token.gate = promise
  await station.outbox.reseal(waybill, 'b')
  await station.outbox.noteProgress(waybill, 'b', { state: DeliveryState.AWAITING_RECEIPT, storedAt: 7 })
  sign()
  await station.until(async () => ((await station.keys('toseal')).length === 0 ? true : undefined))
  expect(await station.keys('queue')).toHaveLength(1)
  expect(await station.outbox.delivery(waybill, 'b')).toMatchObject({ state: DeliveryState.SENDING, storedAt: 7 })
})

it('seals a document whose commit failed for its backend and yet is on disk, when it is handed in again', async () => {
  await station.startSealing()
  const plain = MemoryRecordStore.prototype.commit.bind(records)
  records.commit = async (operations) => {
    await plain(operations)
    throw new TramError('STORE_FAILED', { detail: 'the disk answered too late' })
  }
  await expect(station.submit(packet)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  records.commit = plain
  expect(await station.keys('toseal')).toHaveLength(1)
  // The audit log looks again where its chain ends before it takes another act.
  await new Promise(setImmediate)
  expect(await station.submit(packet)).toMatchObject({ isNew: false })
  await station.until(async () => ((await station.keys('queue')).length === 1 ? true : undefined))
})
