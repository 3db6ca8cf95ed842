// A station that serves sender and recipient: the same way as between two, without a link, and in the same record store.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../../fixtures/exchange/test-world.ts'
import { never, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const packet = letter({
  to: [
    { organId: 'H02', organName: 'Sở Hai' },
    { organId: 'H03', organName: 'Sở Ba' },
  ],
})

let folder: TemporaryFolder
let station: LoneStation

beforeEach(async () => {
  folder = await temporaryFolder()
  const world = await TestWorld.create({ a: ['H01', 'H02'], b: ['H03'] })
  station = await LoneStation.start({ world, id: 'a', folder: join(folder.path, 'a') })
  await station.startSealing()
  await station.startCarrying()
})

afterEach(async () => {
  await station.stop()
  await folder.remove()
})

it('knows after its delivery to itself where else the waybill goes, so that it can be sealed anew for them', async () => {
  station.reachable.set('a', await station.switchboard.connect('a', never))
  await station.submit(packet)
  const [digest = ''] = (await station.waybills()).keys()
  await station.until(async () => {
    const delivery = await station.outbox.delivery(digest, 'a')
    return delivery?.state === DeliveryState.CLOSED ? delivery : undefined
  })
  expect(await station.outbox.waybill(digest)).toMatchObject({ stations: ['a', 'b'], queueRank: '3s' })
  await station.outbox.reseal(digest, 'b')
  const sending = await station.until(async () => {
    const delivery = await station.outbox.delivery(digest, 'b')
    return delivery?.state === DeliveryState.SENDING ? delivery : undefined
  })
  expect(await station.keys('queue')).toEqual([sending.queueKey])
  expect(await station.keys('toseal')).toEqual([])
})
