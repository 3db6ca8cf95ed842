// Peers on their bad days: gone for long, listed at a wrong address, not listed, with certificates that nobody should believe,
// and agencies that the directory has given to somebody else. And the directory itself, which only ever goes forward.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { encodeDirectoryEntry } from '../../src/document/directory-file.ts'
import type { AgencyEntry } from '../../src/document/schema/directory.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { createTestPki } from '../fixtures/pki/test-pki.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import {
  agency,
  callApi,
  certifyToken,
  freshKit,
  importDirectory,
  labCa,
  replaceCertificate,
  setOption,
  writeDirectory,
} from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import type { LogLine } from '../fixtures/station/station-process.ts'

let folder: string
let network: LabNetwork
let sender: Office
let recipient: Office
/** Comes later: the first directories do not name it. */
let stranger: Office

const pair: AgencyEntry[] = [agency('G22', 'g22'), agency('G22.1', 'g22'), agency('H41', 'h41')]
const trio: AgencyEntry[] = [...pair, agency('H26', 'h26')]
let version = 0
/** The next directory of the authority. */
async function nextDirectory(agencies: readonly AgencyEntry[], more: { issuedMs?: number; expiresMs?: number } = {}) {
  version += 1
  return await writeWish(version, `next-${version}.tramdir`, agencies, more)
}

/** A directory of any version; stations that serve nobody in it are not in it. */
async function writeWish(
  wanted: number,
  file: string,
  agencies: readonly AgencyEntry[],
  more: { issuedMs?: number; expiresMs?: number } = {},
): Promise<string> {
  const stations = network.stations.filter(({ id }) => agencies.some(({ station }) => station === id))
  return await writeDirectory(network, { version: wanted, file, agencies, stations, ...more })
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-peers-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22', 'G22.1'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
    { id: 'h26', name: 'UBND tỉnh Hà Nam', agencyCodes: ['H26'] },
  ]
  network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [first, second, third] = officesOf(network)
  if (first === undefined || second === undefined || third === undefined)
    throw new Error('three offices were asked for')
  sender = first
  recipient = second
  stranger = third
  // Nobody listens there.
  await setOption(recipient.station, 'link', 'announce', [`/ip4/${recipient.station.host}/tcp/1`])
  const file = await nextDirectory(pair)
  for (const { station } of [sender, recipient]) await setOption(station, 'trust', 'directory_file', file)
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  await Promise.all([sender, recipient, stranger].map((office) => office?.process.stop()))
  await rm(folder, { recursive: true, force: true })
})

let number = 0
function nextPacket(from = 'G22', to = 'H41'): Buffer {
  number += 1
  const attachments = [{ name: 'a.pdf', bytes: Buffer.from(`%PDF-1.7 văn bản số ${number}`) }]
  const code = { codeNumber: String(number), codeNotation: 'CT-TTg', subject: `Văn bản số ${number}` }
  return buildPacket({ dialect: 'plain', from, to: [to], ...code, attachments })
}

const logged = (code: string) => (line: LogLine) => line.code === code
const versionAt = async (office: Office) => (await callApi(office, 'GET', '/v1/directory')).answer.version

/** Waits until the office uses this version of the directory. */
async function usesVersion(office: Office, wanted: number): Promise<void> {
  await until(
    async () => ((await versionAt(office)) === wanted ? true : undefined),
    async () => `${office.station.id} uses version ${await versionAt(office)}, not ${wanted}`,
  )
}

/** Something to carry makes the link over which a directory is passed on. */
async function meet(from: Office, to: Office): Promise<void> {
  const packet = nextPacket(from.code, to.code)
  await from.delivered(await from.send(packet))
  const item = (await to.received()).find(({ bytes }) => bytes.equals(packet))
  await to.kit.updateStatus(item?.docId ?? '', 'done')
}

/** Each packet once in the inbox, and nothing else; then all are marked done. */
async function expectReceived(office: Office, packets: readonly Buffer[]): Promise<void> {
  const texts = (list: readonly Buffer[]) => list.map((bytes) => bytes.toString()).sort()
  const items = await office.received()
  expect(texts(items.map((item) => item.bytes))).toEqual(texts(packets))
  for (const { docId } of items) await office.kit.updateStatus(docId, 'done')
}

describe('addresses and outages', () => {
  test('a wrong address: documents wait, and flow when a corrected directory comes; the peer gets it by itself', async () => {
    const packet = nextPacket()
    const docId = await sender.send(packet)
    expect(await sender.process.seen(logged('PEER_UNREACHABLE'))).toMatchObject({ station: 'h41', level: 40 })
    expect(await sender.sent(docId)).toMatchObject([{ toCode: 'H41', sendStatus: 'processing' }])
    await setOption(recipient.station, 'link', 'announce', [
      `/ip4/${recipient.station.host}/tcp/${recipient.station.linkPort}`,
    ])
    const answer = await importDirectory(sender, await nextDirectory(pair))
    expect(answer).toMatchObject({ status: 200, answer: { version } })
    await sender.delivered(docId)
    await usesVersion(recipient, version)
    await expectReceived(recipient, [packet])
  })

  test('a peer gone for long: 200 documents queue, over a kill of the sender, and arrive once', async () => {
    await recipient.process.stop()
    const packets = Array.from({ length: 200 }, () => nextPacket())
    const docIds = new Set<string>()
    const sendAll = async (some: readonly Buffer[]) => {
      const waiting = [...some]
      const client = async () => {
        for (let packet = waiting.pop(); packet !== undefined; packet = waiting.pop())
          docIds.add(await sender.send(packet))
      }
      await Promise.all([client(), client(), client(), client()])
    }
    await sendAll(packets.slice(0, 100))
    await sender.process.kill()
    await sender.process.start()
    await sendAll(packets.slice(100))
    expect(docIds.size).toBe(200)
    // Acknowledged is before sealed: the last ones may still wait for the token.
    await expect
      .poll(async () => (await callApi(sender, 'GET', '/v1/health')).answer, { timeout: 30_000 })
      .toMatchObject({ queues: [{ station: 'h41', depth: 200, connected: false }] })
    await recipient.process.start()
    for (const docId of docIds) await sender.delivered(docId)
    await expectReceived(recipient, packets)
  })
})

describe('who is in the directory', () => {
  test('a station that it does not name is cut before any stream, and delivers once it is named', async () => {
    const own = await writeWish(version, 'own.tramdir', trio)
    await setOption(stranger.station, 'trust', 'directory_file', own)
    await stranger.process.start()
    const packet = nextPacket('H26', 'G22')
    const docId = await stranger.send(packet)
    const cut = await sender.process.seen(logged('PEER_NOT_ADMITTED'))
    expect(cut.level).toBe(40)
    await stranger.process.seen(logged('PEER_UNREACHABLE'))
    expect(sender.process.lines.filter((line) => line.msg === 'link is up' && line.peer === 'h26')).toEqual([])
    expect(await sender.received()).toEqual([])
    expect(await versionAt(sender)).toBe(version)
    expect(await stranger.sent(docId)).toMatchObject([{ sendStatus: 'processing' }])

    await importDirectory(sender, await nextDirectory(trio))
    await stranger.delivered(docId)
    await usesVersion(stranger, version)
    await usesVersion(recipient, version)
    await expectReceived(sender, [packet])
  })

  test('an agency that has moved: its old station is refused for good, and its backend sees why', async () => {
    await recipient.process.stop()
    const packets = [nextPacket('G22.1'), nextPacket('G22.1')]
    const kit = freshKit(sender)
    const docIds: string[] = []
    for (const packet of packets) docIds.push((await kit.sendEdoc(packet, { from: 'G22.1' })).DocId)
    const allowed = nextPacket()
    const allowedId = await sender.send(allowed)
    // Its software has not been told.
    await setOption(sender.station, 'backend', 'agencies', ['G22'])
    const moved = await nextDirectory([...trio.filter(({ code }) => code !== 'G22.1'), agency('G22.1', 'h26')])
    await setOption(sender.station, 'backend', 'agencies', ['G22', 'G22.1'])
    await setOption(recipient.station, 'trust', 'directory_file', moved)
    await recipient.process.start()
    await sender.delivered(allowedId)
    const refused = async (docId: string) => {
      const { data } = await kit.getSentEdocList({ docId })
      return data.length > 0 && data.every((row) => row.sendStatus === 'fail') ? data : undefined
    }
    for (const docId of docIds) {
      const rows = await until(
        () => refused(docId),
        async () => JSON.stringify((await kit.getSentEdocList({ docId })).data),
      )
      expect(rows).toMatchObject([{ toCode: 'H41', sendStatusDesc: expect.stringContaining('SENDER_NOT_ALLOWED') }])
    }
    await expectReceived(recipient, [allowed])
    await usesVersion(sender, version)
    // The receipts stay: of the refusals as of the acceptance.
    await sender.process.kill()
    await sender.process.start()
    for (const docId of docIds) expect(await refused(docId)).toHaveLength(1)
    expect(await sender.sent(allowedId)).toMatchObject([{ sendStatus: 'done' }])
    const again = await kit.sendEdoc(nextPacket('G22.1'), { from: 'G22.1' })
    expect(again).toMatchObject({ status: 'FAIL', ErrorCode: '19' })
    await importDirectory(sender, await nextDirectory(trio))
    for (const office of [recipient, stranger]) {
      await meet(sender, office)
      await usesVersion(office, version)
    }
    kit.close()
  })
})

describe('certificates', () => {
  const kinds: [name: string, make: () => Promise<Uint8Array>][] = [
    ['that the directory does not list', async () => certifyToken(stranger.station, await labCa(network))],
    [
      'that has expired',
      async () => {
        const notAfter = new Date(Date.now() - 86_400_000)
        return await certifyToken(stranger.station, await labCa(network), { notAfter })
      },
    ],
    ['of another CA', async () => certifyToken(stranger.station, (await createTestPki()).subCa)],
  ]

  test.each(kinds)(
    'one %s: documents wait with a reason, nothing is accepted, and flow when it is right again',
    async (_, make) => {
      const right = certificateDer(await readFile(stranger.station.token.certificateFile, 'utf8'))
      await stranger.process.stop()
      await replaceCertificate(stranger.station, await make())
      await stranger.process.start()
      const packet = nextPacket('H26', 'G22')
      const docId = await stranger.send(packet)
      await until(
        async () => {
          const { answer } = await callApi(stranger, 'GET', '/v1/health')
          const conditions = answer.conditions as { code: string }[]
          return conditions.some(({ code }) => code === 'SEALING_FAILED') ? true : undefined
        },
        async () => JSON.stringify((await callApi(stranger, 'GET', '/v1/health')).answer),
      )
      expect(await stranger.sent(docId)).toMatchObject([{ sendStatus: 'initial' }])
      expect(await sender.received()).toEqual([])
      await stranger.process.stop()
      await replaceCertificate(stranger.station, right)
      await stranger.process.start()
      await stranger.delivered(docId)
      await expectReceived(sender, [packet])
    },
  )

  test('one that only its station has a directory for: documents wait until the others have one, too', async () => {
    const right = certificateDer(await readFile(stranger.station.token.certificateFile, 'utf8'))
    const renewed = await certifyToken(stranger.station, await labCa(network))
    await stranger.process.stop()
    const lagging = await nextDirectory(trio)
    await replaceCertificate(stranger.station, renewed)
    // Of the same version, so that neither is passed on.
    const ahead = await writeWish(version, 'ahead.tramdir', trio)
    await importDirectory(sender, lagging)
    await setOption(stranger.station, 'trust', 'directory_file', ahead)
    await stranger.process.start()
    const packet = nextPacket('H26', 'G22')
    const docId = await stranger.send(packet)
    const answered = await stranger.process.seen(logged('DELIVERY_TEMPORARY'))
    expect(answered).toMatchObject({ document: docId, detail: 'SEAL_INVALID' })
    expect(await sender.process.seen(logged('SEAL_INVALID'))).toMatchObject({
      data: { detail: expect.stringContaining('does not list this certificate') },
    })
    expect(await sender.received()).toEqual([])
    await importDirectory(sender, await nextDirectory(trio))
    await stranger.delivered(docId)
    await expectReceived(sender, [packet])

    await stranger.process.stop()
    await replaceCertificate(stranger.station, right)
    await importDirectory(sender, await nextDirectory(trio))
    await stranger.process.start()
    await meet(stranger, sender)
    await usesVersion(stranger, version)
  })
})

describe('the directory only goes forward', () => {
  test('neither an older one nor another of the same version is taken, also not at a start', async () => {
    const current = version
    const older = await writeWish(1, 'old.tramdir', pair)
    const fork = await writeWish(current, 'fork.tramdir', [...trio, agency('Z99', 'h41')])
    for (const [file, code] of [
      [older, 'DIRECTORY_OLDER'],
      [fork, 'DIRECTORY_FORKED'],
    ] as const) {
      expect(await importDirectory(sender, file)).toMatchObject({ status: 409, answer: { code } })
      const { conditions } = (await callApi(sender, 'GET', '/v1/health')).answer as { conditions: { code: string }[] }
      expect(conditions.some((condition) => condition.code === 'DIRECTORY_FORKED')).toBe(code === 'DIRECTORY_FORKED')
      await setOption(sender.station, 'trust', 'directory_file', file)
      await sender.process.stop()
      await sender.process.start()
      expect(await versionAt(sender)).toBe(current)
      expect((await callApi(sender, 'GET', '/v1/directory/agencies/Z99')).status).toBe(404)
    }
  })

  test('entries smuggled in behind a genuine signature are gone with the attempt', async () => {
    const genuine = await readFile(await nextDirectory(trio))
    const forged = Buffer.from(encodeDirectoryEntry({ agency: agency('Z77', 'h26', { modified: version }) }))
    const bodyAt = headBytes(genuine)
    const file = join(folder, 'forged.tramdir')
    await writeFile(file, Buffer.concat([genuine.subarray(0, bodyAt), forged, genuine.subarray(bodyAt)]))
    expect((await importDirectory(sender, file)).answer).toMatchObject({ code: 'DIRECTORY_INVALID' })
    const rightFile = join(folder, 'genuine.tramdir')
    await writeFile(rightFile, genuine)
    expect(await importDirectory(sender, rightFile)).toMatchObject({ status: 200, answer: { version } })
    expect((await callApi(sender, 'GET', '/v1/directory/agencies/Z77')).status).toBe(404)
    expect((await freshKit(sender).getAgenciesList()).data.map((row) => row.code)).toEqual(
      trio.map(({ code }) => code).sort(),
    )
    await meet(sender, recipient)
    await usesVersion(recipient, version)
  })

  test('an expired one alarms and keeps working', async () => {
    const hourMs = 3_600_000
    const past = { issuedMs: Date.now() - 48 * hourMs, expiresMs: Date.now() - hourMs }
    await importDirectory(sender, await nextDirectory(trio, past))
    await usesVersion(recipient, version)
    for (const office of [sender, recipient]) {
      const { answer } = await callApi(office, 'GET', '/v1/health')
      expect(answer).toMatchObject({ directory: { expired: true } })
      expect((answer.conditions as { code: string }[]).map(({ code }) => code)).toContain('DIRECTORY_EXPIRED')
    }
    await sender.process.stop()
    await sender.process.start()
    expect(await sender.process.seen(logged('DIRECTORY_EXPIRED'))).toMatchObject({ version })
    const [there, back] = [nextPacket(), nextPacket('H41', 'G22')]
    await sender.delivered(await sender.send(there))
    await recipient.delivered(await recipient.send(back))
    await expectReceived(recipient, [there])
    await expectReceived(sender, [back])
  })
})

const certificateDer = (pem: string) => Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')

/** Bytes of a directory file before its first entry: the authority's CMS behind its length. */
const headBytes = (file: Buffer): number => 4 + file.readUInt32BE(0)
