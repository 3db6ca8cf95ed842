// Disks that rot and boxes that are restored from backups: whatever is lost, a station notices, closes its intake, asks its
// peers, and lists again all that a sender holds a receipt for, once. Real processes over libp2p.
import { cp, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import type { AgencyEntry } from '../../src/document/schema/directory.ts'
import { key } from '../../src/equipment/store/namespaces.ts'
import { StatementRecord } from '../../src/exchange/schema/records.ts'
import { digestOf } from '../fixtures/digest-of.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, callApi, importDirectory, setOption, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { levelStore, never } from '../fixtures/store/temporary-store.ts'

const agencies: AgencyEntry[] = [agency('G22', 'g22'), agency('H41', 'h41')]
let folder: string
let network: LabNetwork
/** Keeps what it sent. */
let sender: Office
/** Loses what it got. */
let loser: Office
let number = 0

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-decay-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [first, second] = officesOf(network)
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  sender = first
  loser = second
  const file = await writeDirectory(network, { version: 1, file: 'first.tramdir', agencies })
  for (const { station } of [sender, loser]) await setOption(station, 'trust', 'directory_file', file)
  await Promise.all([sender.process.start(), loser.process.start()])
})

afterAll(async () => {
  await Promise.all([sender, loser].map((office) => office?.process.stop()))
  await rm(folder, { recursive: true, force: true })
})

/** A packet, large enough to be a file when `attachmentBytes` says so. */
function nextPacket(from = 'G22', to = 'H41', attachmentBytes = 500): Buffer {
  number += 1
  const attachments = [{ name: 'a.pdf', bytes: Buffer.alloc(attachmentBytes, `%PDF-1.7 văn bản số ${number} `) }]
  const code = { codeNumber: String(number), codeNotation: 'CT-TTg', subject: `Văn bản số ${number}` }
  return buildPacket({ dialect: 'plain', from, to: [to], ...code, attachments })
}

/** Sends to the loser, one after the other, and waits for the receipts. */
async function deliverAll(packets: readonly Buffer[]): Promise<void> {
  for (const packet of packets) await sender.delivered(await sender.send(packet))
}

/** The old box takes a packet of the sender, and cannot receipt it: the receipt waits for a seal that it may not make. */
async function deliveredNothing(packet: Buffer): Promise<void> {
  const stored = loser.process.next((line) => line.step === 'stored')
  const docId = await sender.send(packet)
  await stored
  await loser.process.seen((line) => line.code === 'STATION_SUPERSEDED' && line.msg === 'sealing waits')
  expect(await sender.sent(docId)).toMatchObject([{ sendStatus: 'processing' }])
}

const texts = (list: readonly Buffer[]) => list.map((bytes) => bytes.toString('latin1')).sort()

/** Waits until the loser lists exactly these packets, each once. */
async function lists(packets: readonly Buffer[]): Promise<void> {
  const listed = async () => texts((await loser.received()).map(({ bytes }) => bytes))
  await until(
    async () => ((await listed()).length >= packets.length ? true : undefined),
    async () => `${(await listed()).length} of ${packets.length} are listed`,
  )
  expect(await listed()).toEqual(texts(packets))
}

async function markAllDone(): Promise<void> {
  for (const { docId } of await loser.received()) await loser.kit.updateStatus(docId, 'done')
}

const conditionCodes = async (office: Office) =>
  ((await callApi(office, 'GET', '/v1/health')).answer.conditions as { code: string }[]).map(({ code }) => code)
const hasCondition = (office: Office, code: string) =>
  until(
    async () => ((await conditionCodes(office)).includes(code) ? true : undefined),
    async () => `${office.station.id}: ${await conditionCodes(office)}, not ${code}`,
  )
const openEvidence = async () =>
  (await readdir(join(loser.station.dataFolder, 'quarantine')).catch(() => [])).filter((name) =>
    /\.(open|torn)$/.test(name),
  )
const recovered = () => loser.process.seen((line) => line.step === 'recovered')

/** The sender answers one question of a peer in five minutes; of a run that has just begun, at once. */
async function restartSender(): Promise<void> {
  await sender.process.stop()
  await sender.process.start()
}

/** Changes bytes of a file of the loser's store. */
async function change(name: (names: readonly string[]) => string | undefined, spoil: (bytes: Buffer) => void) {
  const store = join(loser.station.dataFolder, 'store')
  const found = name(await readdir(store))
  if (found === undefined) throw new Error('no such file')
  const bytes = await readFile(join(store, found))
  spoil(bytes)
  await writeFile(join(store, found), bytes)
}

describe('damage', () => {
  test('a flipped bit in the middle of the log: nothing that was receipted stays missing, nothing is listed twice', async () => {
    const packets = [nextPacket(), nextPacket(), nextPacket('G22', 'H41', 200_000), nextPacket(), nextPacket()]
    await deliverAll(packets)
    await loser.process.kill()
    await change(
      (names) => names.find((name) => name.endsWith('.log')),
      (bytes) => {
        const at = Math.floor(bytes.length / 2)
        bytes[at] = (bytes[at] ?? 0) ^ 0x10
      },
    )
    await restartSender()
    await loser.process.start()
    expect(loser.process.lines.some((line) => line.code === 'STORE_DAMAGED')).toBe(true)
    expect(loser.process.lines.some((line) => line.code === 'STATION_RECOVERING')).toBe(true)
    await recovered()
    await lists(packets)
    expect(await openEvidence()).toEqual([])
    expect(await conditionCodes(loser)).not.toContain('STATION_RECOVERING')
    // Intake is open, and its seals are believed: numbers have jumped, and never repeat.
    const answer = nextPacket('H41', 'G22')
    await loser.delivered(await loser.send(answer))
    await markAllDone()
  }, 120_000)
})

/** Number of the last root statement in a copy of a store: opening it for that would change the store itself. */
async function lastStatement(store: string): Promise<number> {
  const copy = await mkdtemp(join(folder, 'copy-'))
  await cp(store, join(copy, 'store'), { recursive: true })
  const records = levelStore(copy).store
  await records.start(never)
  const value = await records.get(key('meta', 'statement'))
  await records.stop()
  return StatementRecord.decode(value ?? new Uint8Array(0)).sequence
}

describe('damage of the last acts', () => {
  test('the end of the log decays: it looks like a torn one, intake stays open, and what was receipted comes back', async () => {
    const store = join(loser.station.dataFolder, 'store')
    const logBytes = async () => {
      const logs = (await readdir(store)).filter((name) => name.endsWith('.log')).sort()
      return (await stat(join(store, logs.at(-1) ?? ''))).size
    }
    const kept = [nextPacket(), nextPacket()]
    await deliverAll(kept)
    const soundBytes = await logBytes()
    const lost = [nextPacket(), nextPacket('G22', 'H41', 200_000), nextPacket()]
    await deliverAll(lost)
    await loser.process.kill()
    const statementBefore = await lastStatement(store)
    await change(
      (names) =>
        names
          .filter((name) => name.endsWith('.log'))
          .sort()
          .at(-1),
      (bytes) => {
        for (let at = soundBytes; at < bytes.length; at++) bytes[at] = (bytes[at] ?? 0) ^ 0x55
      },
    )
    await restartSender()
    await loser.process.start()
    // At once, whatever the peers have answered.
    const own = await loser.send(nextPacket('H41', 'G22'))
    await recovered()
    await lists([...kept, ...lost])
    await loser.delivered(own)
    const { lines } = loser.process
    expect(lines.filter(({ code }) => code === 'STORE_TORN')).not.toEqual([])
    expect(lines.filter(({ code }) => code === 'STORE_DAMAGED' || code === 'STATION_RECOVERING')).toEqual([])
    expect(lines.filter(({ level }) => typeof level === 'number' && level >= 50)).toEqual([])
    expect(await openEvidence()).toEqual([])
    expect(await conditionCodes(loser)).not.toContain('STORE_TORN')
    await markAllDone()
    // A second start asks nobody.
    await loser.process.stop()
    expect(await lastStatement(store)).toBeGreaterThan(statementBefore + 2 ** 31)
    await loser.process.start()
    expect(loser.process.lines.filter(({ code, part }) => code === 'STORE_TORN' || part === 'recovery')).toEqual([])
  }, 120_000)
})

describe('damage of what has long been written', () => {
  test('a table that LevelDB cannot read is mended, and what it held is asked for', async () => {
    const packets = Array.from({ length: 6 }, () => nextPacket())
    await deliverAll(packets)
    // Opening turns the log into a table.
    await loser.process.stop()
    await loser.process.start()
    await loser.process.stop()
    await change(
      (names) =>
        names
          .filter((name) => name.endsWith('.ldb'))
          .sort()
          .at(-1),
      (bytes) => {
        for (let at = Math.floor(bytes.length / 3); at < Math.floor(bytes.length / 3) + 2000; at++)
          bytes[at] = at & 0xff
      },
    )
    await restartSender()
    // What every part reads at its start may be unreadable: then the store is mended by the time of the next one.
    await loser.process.start().catch(() => loser.process.start())
    await recovered()
    await lists(packets)
    expect(await openEvidence()).toEqual([])
    const answer = nextPacket('H41', 'G22')
    await loser.delivered(await loser.send(answer))
    await markAllDone()
  }, 120_000)

  test('a packet file is read through, put aside and fetched again; intake stays open', async () => {
    const packet = nextPacket('G22', 'H41', 200_000)
    await deliverAll([packet])
    await loser.process.stop()
    const packets = join(loser.station.dataFolder, 'packets')
    const digest = digestOf(packet)
    const file = join(packets, digest.slice(0, 2), digest)
    const bytes = await readFile(file)
    bytes[100_000] = (bytes[100_000] ?? 0) ^ 1
    await writeFile(file, bytes)
    await restartSender()
    await loser.process.start()
    expect(await loser.process.seen((line) => line.code === 'PACKET_DAMAGED')).toMatchObject({ data: { digest } })
    await loser.process.seen((line) => line.step === 'stored')
    await lists([packet])
    expect(loser.process.lines.filter((line) => line.code === 'STATION_RECOVERING')).toEqual([])
    expect(await readdir(join(loser.station.dataFolder, 'quarantine'))).toContain(`packet-${digest}`)
    await markAllDone()
  }, 120_000)
})

describe('restore from a backup', () => {
  test('with the next generation all is listed again; the old box after it takes and seals nothing', async () => {
    const data = loser.station.dataFolder
    const kept = nextPacket()
    await deliverAll([kept])
    // Sealed in the first generation and not delivered while the backup is made.
    await sender.process.stop()
    const outgoing = nextPacket('H41', 'G22')
    const isSealed = loser.process.next((line) => line.step === 'sealed')
    const outgoingId = await loser.send(outgoing)
    await isSealed
    await loser.process.stop()
    await cp(data, join(folder, 'backup'), { recursive: true })
    await Promise.all([sender.process.start(), loser.process.start()])
    await loser.delivered(outgoingId)
    const lost = [nextPacket(), nextPacket('G22', 'H41', 200_000)]
    await deliverAll(lost)
    await loser.process.stop()

    await rm(data, { recursive: true })
    await cp(join(folder, 'backup'), data, { recursive: true })
    await setOption(loser.station, 'station', 'generation', 2)
    await restartSender()
    await loser.process.start()
    // Not listed yet: it takes back what it lost, and seals nothing that nobody would believe.
    await hasCondition(loser, 'GENERATION_UNLISTED')
    await lists([kept, ...lost])
    await loser.process.seen((line) => line.code === 'GENERATION_UNLISTED' && line.msg === 'sealing waits')
    const second = await writeDirectory(network, { version: 2, file: 'second.tramdir', agencies })
    expect(await importDirectory(sender, second)).toMatchObject({ status: 200 })
    await loser.delivered(outgoingId)
    // Asked once more, now that the former generation is closed.
    await restartSender()
    const afterwards = nextPacket()
    await deliverAll([afterwards])
    await recovered()
    await lists([kept, ...lost, afterwards])
    const own = nextPacket('H41', 'G22')
    await loser.delivered(await loser.send(own))
    expect(
      texts((await sender.received()).map(({ bytes }) => bytes)).filter((text) => text === outgoing.toString('latin1')),
    ).toHaveLength(1)
    await loser.process.stop()

    await rename(data, join(folder, 'restored'))
    await cp(join(folder, 'backup'), data, { recursive: true })
    await setOption(loser.station, 'station', 'generation', 1)
    await sender.process.stop()
    await loser.process.start()
    // Alone it cannot know: what it seals now, nobody believes.
    const inSecret = nextPacket('H41', 'G22')
    const sealed = loser.process.next((line) => line.step === 'sealed')
    await loser.send(inSecret)
    await sealed
    await sender.process.start()
    const disbelieved = await sender.process.seen((line) => line.code === 'SEAL_INVALID')
    expect(disbelieved).toMatchObject({ data: { detail: expect.stringContaining('generation 1 is closed') } })
    // Whom it meets tells it, and then it stops.
    await hasCondition(loser, 'STATION_SUPERSEDED')
    const seals = () => loser.process.lines.filter((line) => line.step === 'sealed').length
    const sealsBefore = seals()
    const refused = await loser.kit.sendEdoc(nextPacket('H41', 'G22'), {
      ...{ from: 'H41', serviceType: 'eDoc', messageType: 'edoc' },
    })
    expect(refused).toMatchObject({ status: 'FAIL', ErrorCode: '20' })
    await deliveredNothing(nextPacket())
    expect(seals()).toBe(sealsBefore)
    expect(texts((await sender.received()).map(({ bytes }) => bytes))).not.toContain(inSecret.toString('latin1'))
    await loser.process.stop()
    await rm(data, { recursive: true })
    await rename(join(folder, 'restored'), data)
    await setOption(loser.station, 'station', 'generation', 2)
    await loser.process.start()
    await markAllDone()
  }, 180_000)
})
