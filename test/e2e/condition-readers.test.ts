// One condition followed through everybody who reads it: the token of a real station is pulled and put back, and the event at a real
// mosquitto, the act in the audit log, `tram health`, the doctor and the lights of the box all say so, and all say that it is over.
// On the PKCS#11 fake. Needs cc.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { renderCondition } from '../../src/base/conditions/catalogue.ts'
import { type BoxTree, boxTree } from '../fixtures/host/box-tree.ts'
import { Mosquitto, Onlooker } from '../fixtures/mqtt/mosquitto.ts'
import { buildPkcs11Fake, type FakeToken } from '../fixtures/pkcs11-fake/pkcs11-fake.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { agency, callApi, setOption, useFakeToken, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { Office, until } from '../fixtures/station/office.ts'

let folder: string
let tree: BoxTree
let mosquitto: Mosquitto
let onlooker: Onlooker
let office: Office
let fake: FakeToken

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-readers-'))
  tree = await boxTree('pi-4')
  mosquitto = await Mosquitto.open()
  onlooker = await Onlooker.open(mosquitto.url)
  const wishes = [{ id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [station] = network.stations
  if (station === undefined) throw new Error('a station was asked for')
  fake = await useFakeToken(network, station, buildPkcs11Fake(folder))
  const file = await writeDirectory(network, { version: 2, file: 'fake.tramdir', agencies: [agency('G22', 'g22')] })
  await setOption(station, 'trust', 'directory_file', file)
  await setOption(station, 'box', 'proc_folder', tree.procFolder)
  await setOption(station, 'box', 'sys_folder', tree.sysFolder)
  await setOption(station, 'mqtt', 'site', 'hn')
  await setOption(station, 'mqtt', 'url', mosquitto.url)
  office = new Office(station)
  await office.process.start()
})

afterAll(async () => {
  await office?.process.stop()
  await onlooker?.close()
  await mosquitto?.remove()
  await tree?.remove()
  await rm(folder, { recursive: true, force: true })
})

/** What `tram` prints of the token, in Vietnamese. */
async function tram(...words: string[]): Promise<string[]> {
  const [program = '', ...flags] = bundledStation
  const argv = [...flags, ...words, '--config', office.station.configFile, '--lang', 'vi']
  const env = { ...process.env, ...office.station.token.env }
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'], env })
  const [out] = await Promise.all([text(child.stdout), once(child, 'close')])
  return out.split('\n').filter((line) => /^\S+ +(\S+ )?token /.test(line))
}

/** The events about the token that the onlooker has seen, oldest first. */
const events = () =>
  onlooker
    .texts('tram/v1/hn/g22/event')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .filter(({ code }) => code === 'TOKEN_ABSENT')

async function acts(): Promise<string[]> {
  const { answer } = await callApi(office, 'GET', '/v1/audit?limit=1000&subject=TOKEN_ABSENT')
  return (answer.entries as { act: string }[]).map(({ act }) => act)
}

/** Green and red: how each is driven. A text that is shorter than the one before leaves the rest of it in a plain file. */
async function lights(): Promise<string[]> {
  const read = (path: string) => readFile(join(tree.sysFolder, 'class/leds', path), 'utf8')
  const shown = ['ACT', 'PWR'].map(async (name) => {
    if ((await read(`${name}/trigger`)).startsWith('timer'))
      return `timer ${Number.parseInt(await read(`${name}/delay_on`), 10)}`
    return (await read(`${name}/brightness`)).startsWith('0') ? 'off' : 'on'
  })
  return Promise.all(shown)
}

const become = async <Value>(read: () => Promise<Value>, wanted: Value): Promise<void> => {
  await until(
    async () => JSON.stringify(await read()) === JSON.stringify(wanted) || undefined,
    async () => `${JSON.stringify(await read())}, not ${JSON.stringify(wanted)}`,
  )
}

const changes = async () => events().map(({ change }) => change)
test('a token that is pulled and put back is told, and told to be over, to everybody who reads', async () => {
  const data = { token: fake.label }
  const { vi, en, todoVi } = renderCondition('TOKEN_ABSENT', data)
  await become(lights, ['on', 'off'])
  expect(await changes()).toEqual([])
  expect((await tram('health')).join()).toMatch(/^TỐT/)

  fake.insert('absent')
  await become(lights, ['off', 'timer 100'])
  expect(await tram('health')).toEqual([expect.stringContaining(`${vi} → ${todoVi} (TOKEN_ABSENT)`)])
  expect((await tram('doctor')).join('\n')).toContain(vi)
  await become(changes, ['raised'])
  await become(acts, ['condition-raised'])

  fake.insert('second')
  await become(lights, ['on', 'off'])
  expect((await tram('health')).join()).toMatch(/^TỐT/)
  await become(changes, ['raised', 'cleared'])
  await become(acts, ['condition-raised', 'condition-cleared'])

  const told = { code: 'TOKEN_ABSENT', severity: 'critical', text_vi: vi, text_en: en, data }
  expect(events()).toMatchObject([
    { ...told, change: 'raised' },
    { ...told, change: 'cleared' },
  ])
  const [raised, cleared] = events()
  expect(raised?.id).not.toBe(cleared?.id)
  expect(Number(cleared?.ts)).toBeGreaterThanOrEqual(Number(raised?.ts))
})
