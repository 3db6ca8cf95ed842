// Damaged records before the token: they wait, everything beside them is sealed.
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../../fixtures/exchange/test-world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

let folder: TemporaryFolder
let world: TestWorld
let records: MemoryRecordStore
let station: LoneStation

beforeEach(async () => {
  folder = await temporaryFolder()
  records = new MemoryRecordStore()
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
  for (const codeNumber of ['1', '2', '3']) await station.submit(letter({ codeNumber }))
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
