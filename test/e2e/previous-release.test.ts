// Going back: this version writes every kind of record, the previous release starts on the same folders, delivers what waits, lists,
// proves and goes on; then this version again. What an update that failed leaves behind is exactly that (docs/data-format.md).
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ClassicLevel } from 'classic-level'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { loadConfig } from '../../src/config.ts'
import { type Namespace, namespaces, range } from '../../src/equipment/store/namespaces.ts'
import { encodeRecord } from '../../src/equipment/store/record-codec.ts'
import { digestOf } from '../fixtures/digest-of.ts'
import { buildPacket, buildStatusPacket } from '../fixtures/edxml/build-packet.ts'
import { previousRelease, type Release } from '../fixtures/release/previous-release.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { freshKit } from '../fixtures/station/lab-changes.ts'
import { Office, officesOf, until } from '../fixtures/station/office.ts'
import { levelStore, never } from '../fixtures/store/temporary-store.ts'

const run = promisify(execFile)
let folder: string
let previous: Release
let sender: Office
let recipient: Office
/** The same stations, run by the previous release. */
let oldSender: Office
let oldRecipient: Office

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-back-'))
  previous = await previousRelease()
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [first, second] = officesOf(network)
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  sender = first
  recipient = second
  oldSender = new Office(first.station, undefined, previous.station)
  oldRecipient = new Office(second.station, undefined, previous.station)
})

afterAll(async () => {
  for (const office of [sender, recipient, oldSender, oldRecipient]) await office?.process.stop()
  await previous?.remove()
  await rm(folder, { recursive: true, force: true })
})

const dataFolder = async ({ station }: Office): Promise<string> =>
  (await loadConfig(station.configFile)).station.data_folder

/** How many records of each namespace the closed store of a station holds. */
async function records(office: Office): Promise<Partial<Record<Namespace, number>>> {
  const { store } = levelStore(await dataFolder(office))
  await store.start(never)
  try {
    const counts: Partial<Record<Namespace, number>> = {}
    for (const namespace of Object.keys(namespaces) as Namespace[]) {
      let count = 0
      for await (const _ of store.range(range(namespace))) count++
      if (count > 0) counts[namespace] = count
    }
    return counts
  } finally {
    await store.stop()
  }
}

const packetOf = (codeNumber: string, bytes: number): Buffer =>
  buildPacket({
    dialect: 'prefixed',
    from: 'G22',
    to: ['H41', 'H41.1'],
    codeNumber,
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${codeNumber}`,
    attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(bytes, codeNumber) }],
  })

const expectFetched = async (office: Office, packets: readonly Buffer[]): Promise<void> => {
  const received = (await office.received()).map(({ bytes }) => bytes)
  // Each went to two agencies.
  for (const packet of packets) expect(received.filter((bytes) => bytes.equals(packet))).toHaveLength(2)
  expect(received).toHaveLength(2 * packets.length)
}

test('what this version wrote, the previous release delivers, lists and proves; and the other way round', async () => {
  const small = packetOf('1', 300)
  const large = packetOf('2', 200_000)
  const waiting = packetOf('3', 200_000)
  const ofOld = packetOf('4', 300)
  await Promise.all([sender.process.start(), recipient.process.start()])

  // This version: documents there and back, a status, a wish for the directory, one fetched and done, one that waits.
  const docIds = [await sender.send(small), await sender.send(large)]
  for (const docId of docIds) await sender.delivered(docId)
  const status = buildStatusPacket({
    dialect: 'plain',
    from: 'H41',
    responseFor: [{ organId: 'G22', code: '1/CT-TTg', promulgationDate: '2026/03/16' }],
    statusCode: '03',
  })
  const statusId = await recipient.send(status, 'status')
  await until(
    async () => ((await sender.received('status')).length > 0 ? true : undefined),
    async () => `the status ${statusId} does not arrive`,
  )
  const wish = { id: '9', pcode: 'G22', code: 'G22.5', name: 'Vụ', mail: 'th@g22.vn', mobile: '', fax: '' }
  expect(await freshKit(sender).registerAgency(wish)).toMatchObject({ status: 'OK' })
  const back = buildPacket({
    dialect: 'plain',
    from: 'H41',
    to: ['G22'],
    codeNumber: '7',
    codeNotation: 'UBND',
    subject: 'Trả lời',
  })
  await recipient.delivered(await recipient.send(back))
  const [answer] = await sender.received()
  expect(await freshKit(sender).updateStatus(answer?.docId ?? '', 'done')).toMatchObject({ status: 'OK' })
  await recipient.process.stop()
  const queuedId = await sender.send(waiting)
  // Sealed, and nobody there to take it.
  await until(
    async () => ((await tram(bundledStation, sender, 'queue', '--json')).includes(queuedId) ? true : undefined),
    async () => tram(bundledStation, sender, 'queue', '--json'),
  )
  await until(
    async () =>
      (await tram(bundledStation, sender, 'trace', queuedId, '--json')).includes('"sealed"') ? true : undefined,
    async () => tram(bundledStation, sender, 'trace', queuedId, '--json'),
    30_000,
  )
  await sender.process.stop()
  const written = { ...(await records(sender)), ...(await records(recipient)) }
  // `arriving` is there only while a file is on its way; `alarm` and `event` only with an alarm, with a broker.
  const passing: Namespace[] = ['arriving', 'alarm', 'event', 'toseal']
  for (const namespace of Object.keys(namespaces) as Namespace[])
    if (!passing.includes(namespace)) expect(written, namespace).toHaveProperty(namespace)

  // Back to the previous release.
  await Promise.all([oldSender.process.start(), oldRecipient.process.start()])
  await oldSender.delivered(queuedId)
  await expectFetched(oldRecipient, [small, large, waiting])
  for (const docId of docIds)
    expect(await oldSender.sent(docId)).toMatchObject([{ sendStatus: 'done' }, { sendStatus: 'done' }])
  expect(await oldSender.sent(docIds[0] ?? '')).toContainEqual(
    expect.objectContaining({ toCode: 'H41', receiveStatus: '03' }),
  )
  expect((await oldSender.received('status')).map(({ bytes }) => bytes.equals(status))).toEqual([true])
  expect(await oldSender.received()).toEqual([])
  for (const [index, docId] of [...docIds, queuedId].entries())
    await expectProof(previous.station, oldSender, docId, `old-${index}.zip`)
  await tram(previous.station, oldSender, 'audit', 'verify')
  const oldId = await oldSender.send(ofOld)
  await oldSender.delivered(oldId)
  await Promise.all([oldSender.process.stop(), oldRecipient.process.stop()])

  // And forward again.
  await Promise.all([sender.process.start(), recipient.process.start()])
  await expectFetched(recipient, [small, large, waiting, ofOld])
  for (const [index, docId] of [...docIds, queuedId, oldId].entries()) {
    await sender.delivered(docId)
    await expectProof(bundledStation, sender, docId, `new-${index}.zip`)
  }
  await tram(bundledStation, sender, 'audit', 'verify')
  await Promise.all([sender.process.stop(), recipient.process.stop()])
  const afterwards = await records(sender)
  for (const namespace of ['document', 'audit', 'waybill', 'closed', 'dirrequest'] as const)
    expect(afterwards[namespace], namespace).toBeGreaterThanOrEqual(written[namespace] ?? 0)
})

test('a store of a later format is refused at the start, and is as it was', async () => {
  await recipient.process.start()
  const waiting = packetOf('9', 100_000)
  const path = await dataFolder(recipient)
  await recipient.process.stop()
  await setFormat(path, '2')
  const before = await contents(path)
  expect(before.size).toBeGreaterThan(20)
  await expect(recipient.process.start()).rejects.toThrow('STORE_FORMAT_UNKNOWN')
  expect(await contents(path)).toEqual(before)
  // The version that has written it would find everything; so does this one, once the number is its own again.
  await setFormat(path, '1')
  await recipient.process.start()
  await sender.process.start()
  await sender.delivered(await sender.send(waiting))
  expect((await recipient.received()).map(({ bytes }) => bytes.equals(waiting))).toContain(true)
  await Promise.all([sender.process.stop(), recipient.process.stop()])
})

/** Writes the format version of a closed store, as a later version would. */
async function setFormat(path: string, version: string): Promise<void> {
  const db = new ClassicLevel<string, Uint8Array>(join(path, 'store'), { valueEncoding: 'view' })
  await db.put('meta:format', encodeRecord('meta:format', Buffer.from(version)), { sync: true })
  await db.close()
}

/** All records of a closed store, and every file of the folder beside it, as digests. */
async function contents(path: string): Promise<Map<string, string>> {
  const found = new Map<string, string>()
  for (const file of await readdir(path, { recursive: true, withFileTypes: true })) {
    const name = join(file.parentPath, file.name)
    if (!file.isFile() || name.startsWith(join(path, 'store'))) continue
    found.set(name, digestOf(await readFile(name)))
  }
  const db = new ClassicLevel<string, Uint8Array>(join(path, 'store'), { valueEncoding: 'view' })
  for await (const [name, value] of db.iterator()) found.set(name, digestOf(value))
  await db.close()
  return found
}

async function tram(program: readonly string[], office: Office, ...words: string[]): Promise<string> {
  const [node = '', ...args] = program
  const { stdout } = await run(node, [...args, ...words, '--config', office.station.configFile])
  return stdout
}

/** Exported, and verified by this version whoever has exported it. */
async function expectProof(program: readonly string[], office: Office, docId: string, name: string): Promise<void> {
  const file = join(folder, name)
  await tram(program, office, 'export', docId, '-o', file)
  const verdict: unknown = JSON.parse(await tram(bundledStation, office, 'verify', file, '--json'))
  expect(verdict).toMatchObject({ ok: true, facts: { docId, withoutReceipt: [] } })
}
