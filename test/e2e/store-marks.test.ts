// Records that a station has once only, each damaged alone: the station starts, says what is lost, and has it back or is as good
// without it. It never loops, and never begins from nothing without a word. Real processes over libp2p.
import { cp, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, callApi, importDirectory, setOption, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let network: LabNetwork
let sender: Office
let loser: Office
let number = 0
const received: Buffer[] = []

function nextPacket(from = 'G22', to = 'H41'): Buffer {
  number += 1
  const code = { codeNumber: String(number), codeNotation: 'CT-TTg', subject: `Văn bản số ${number}` }
  return buildPacket({ dialect: 'plain', from, to: [to], ...code })
}

/** All records of the loser's store, which is not running, changed by `change`. */
async function withStore<Result>(use: (db: ClassicLevel<string, Uint8Array>) => Promise<Result>): Promise<Result> {
  const db = new ClassicLevel<string, Uint8Array>(join(loser.station.dataFolder, 'store'), { valueEncoding: 'view' })
  await db.open()
  try {
    return await use(db)
  } finally {
    await db.close()
  }
}

const spoil = (keys: readonly string[]) =>
  withStore(async (db) => {
    for (const key of keys) {
      const value = Buffer.from((await db.get(key)) ?? [])
      const at = value.length - 1
      value.writeUInt8(value.readUInt8(at) ^ 1, at)
      await db.put(key, value, { sync: true })
    }
  })

const restart = async (office: Office) => {
  await office.process.stop()
  await office.process.start()
}

/** The loser starts with these records damaged, has back what it received, and works both ways. */
async function survives(keys: readonly string[]): Promise<void> {
  await spoil(keys)
  // It answers one question of a peer in five minutes; of a run that has just begun, at once.
  await restart(sender)
  await loser.process.start()
  const losses = loser.process.lines.filter(({ code }) => code === 'STORE_DAMAGED' || code === 'STATION_RECOVERING')
  expect(losses).not.toEqual([])
  const health = (await callApi(loser, 'GET', '/v1/health')).answer as { directory: { version: number } }
  expect(health.directory.version).toBe(2)
  const packet = nextPacket()
  received.push(packet)
  await sender.delivered(await sender.send(packet))
  await loser.delivered(await loser.send(nextPacket('H41', 'G22')))
  const texts = (list: readonly Buffer[]) => list.map((bytes) => bytes.toString('latin1')).sort()
  const listed = async () => texts((await loser.received()).map(({ bytes }) => bytes))
  // Not until it has recovered: the peer offers once more what was lost.
  await until(
    async () => ((await listed()).length >= received.length ? true : undefined),
    async () => `${(await listed()).length} of ${received.length} are listed`,
  )
  expect(await listed()).toEqual(texts(received))
  await loser.process.stop()
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-marks-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [first, second] = officesOf(network)
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  sender = first
  loser = second
  const agencies = [agency('G22', 'g22'), agency('H41', 'h41')]
  const file = await writeDirectory(network, { version: 1, file: 'first.tramdir', agencies })
  for (const { station } of [sender, loser]) await setOption(station, 'trust', 'directory_file', file)
  await Promise.all([sender.process.start(), loser.process.start()])
  const packets = [nextPacket(), nextPacket()]
  for (const packet of packets) await sender.delivered(await sender.send(packet))
  received.push(...packets)
  await loser.delivered(await loser.send(nextPacket('H41', 'G22')))
  // Sealed under the first version; in use is the second, which the site has not installed.
  const newer = await writeDirectory(network, { version: 2, file: 'second.tramdir', agencies })
  expect(await importDirectory(sender, newer)).toMatchObject({ status: 200 })
  await until(
    async () =>
      ((await callApi(loser, 'GET', '/v1/health')).answer as { directory: { version: number } }).directory.version === 2
        ? true
        : undefined,
    async () => 'the loser has not heard of the second directory',
  )
  await loser.process.stop()
})

afterAll(async () => {
  await Promise.all([sender, loser].map((office) => office?.process.stop()))
  await rm(folder, { recursive: true, force: true })
})

const keysOf = (prefix: string) => withStore((db) => db.keys({ gte: `${prefix}:`, lt: `${prefix};` }).all())

test('each record of the station itself and of its directory, alone and then all at once', async () => {
  const marks = [...(await keysOf('meta')), ...(await keysOf('dirmeta'))]
  expect(marks).toEqual(expect.arrayContaining(['meta:format', 'meta:generation', 'meta:sequence', 'meta:statement']))
  expect(marks).toEqual(expect.arrayContaining(['dirmeta:current', expect.stringMatching(/^dirmeta:used:0+1$/)]))
  const data = loser.station.dataFolder
  await cp(data, join(folder, 'before'), { recursive: true })
  for (const mark of marks) {
    await spoil([mark])
    await loser.process.start()
    expect({ mark, codes: loser.process.lines.map(({ code }) => code) }).toMatchObject({
      codes: expect.arrayContaining(['STORE_DAMAGED', 'STATION_RECOVERING']),
    })
    const { answer } = await callApi(loser, 'GET', '/v1/health')
    expect({ mark, answer }).toMatchObject({ answer: { directory: { version: 2 } } })
    await loser.process.stop()
    await rm(data, { recursive: true })
    await cp(join(folder, 'before'), data, { recursive: true })
  }
  const last = (await keysOf('audit')).at(-1)
  await survives([...marks, ...(last === undefined ? [] : [last])])
  // Evidence of years needs the versions under which was sealed.
  expect((await keysOf('dirmeta')).filter((key) => key.startsWith('dirmeta:version:'))).toHaveLength(2)
}, 240_000)

test('one record of every other kind', async () => {
  const first = new Map<string, string>()
  for (const key of await withStore((db) => db.keys().all())) {
    const [namespace = ''] = key.split(':')
    if (!['meta', 'dirmeta'].includes(namespace) && !first.has(namespace)) first.set(namespace, key)
  }
  expect([...first.keys()]).toEqual(expect.arrayContaining(['cms', 'document', 'delivery', 'item', 'inbox', 'waybill']))
  await survives([...first.values()])
}, 120_000)
