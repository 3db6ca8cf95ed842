// A real station on the box that a tree of files makes of it: its lights follow it from its start to its end.
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { type BoxTree, boxTree } from '../fixtures/host/box-tree.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { setOption } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let tree: BoxTree
let office: Office

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-box-station-'))
  tree = await boxTree('pi-4')
  const wishes = [{ id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [one] = officesOf(network)
  if (one === undefined) throw new Error('a station was asked for')
  office = one
  await setOption(one.station, 'box', 'proc_folder', tree.procFolder)
  await setOption(one.station, 'box', 'sys_folder', tree.sysFolder)
})
afterAll(async () => {
  await office?.process.stop()
  await tree?.remove()
  await rm(folder, { recursive: true, force: true })
})

const read = async (path: string) => (await readFile(join(tree.sysFolder, 'class/leds', path), 'utf8')).trim()

test('green and steady once it serves, slow again when it has stopped', async () => {
  await office.process.start()
  await until(
    async () =>
      ((await read('ACT/trigger')).startsWith('none') && (await read('ACT/brightness')) === '255') || undefined,
    async () => `${await read('ACT/trigger')} ${await read('ACT/brightness')}`,
  )
  // What is shorter than the text before leaves the rest of it in a plain file.
  expect(await read('PWR/brightness')).toMatch(/^0/)
  await office.process.stop()
  expect(await read('ACT/trigger')).toMatch(/^timer/)
  expect(await read('ACT/delay_on')).toMatch(/^1000/)
  expect(office.process.lines.filter(({ msg }) => msg === 'the lights cannot be driven')).toEqual([])
})
