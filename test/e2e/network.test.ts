// Hard days of the network: stations in namespaces of their own, behind lines that are slow, lossy, cut, or whose connections are
// reset; hosts that vanish or move. Documents wait, resume and arrive once, and nobody has to do anything. Needs root.
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { memoryOf } from '../../scripts/lab-memory.ts'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { maxFlightBytes } from '../../src/equipment/link/flight.ts'
import { defaultChunkBytes } from '../../src/equipment/store/packet-store.ts'
import { digestOf } from '../fixtures/digest-of.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { FarOffice } from '../fixtures/network/far-office.ts'
import { canMakeNetworks, NamespaceNetwork } from '../fixtures/network/namespace-network.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, setOption, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { until } from '../fixtures/station/office.ts'
import type { LogLine } from '../fixtures/station/station-process.ts'

const needsRoot = canMakeNetworks ? '' : 'NOT RUN (needs root): '
const linkPort = 4101
/** In the order of their places; the first sends to all others. */
const codes = ['G22', 'H41', 'H26', 'H35', 'H57', 'H11'] as const

let folder: string
let network: NamespaceNetwork
let lab: LabNetwork
let hub: FarOffice
let slow: FarOffice
let partitioned: FarOffice
let moving: FarOffice
let fast: FarOffice
let lossy: FarOffice
let offices: FarOffice[] = []
let version = 1

/** The authority's next directory, with the addresses that the stations announce now. */
async function nextDirectory(): Promise<string> {
  version += 1
  const agencies = codes.map((code) => agency(code, code.toLowerCase()))
  return await writeDirectory(lab, { version, file: `next-${version}.tramdir`, agencies })
}

const announced = (place: number, number = 1) => `/ip4/${network.address(place, number)}/tcp/${linkPort}`

async function makeOffices(): Promise<void> {
  folder = await mkdtemp(join(tmpdir(), 'tram-network-'))
  network = await NamespaceNetwork.make(folder, codes.length)
  const wishes = codes.map((code) => ({ id: code.toLowerCase(), name: `Cơ quan ${code}`, agencyCodes: [code] }))
  lab = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  for (const [place, station] of lab.stations.entries()) {
    await setOption(station, 'link', 'listen', [`/ip4/0.0.0.0/tcp/${linkPort}`])
    await setOption(station, 'link', 'announce', [announced(place)])
  }
  const file = await nextDirectory()
  for (const station of lab.stations) await setOption(station, 'trust', 'directory_file', file)
  offices = lab.stations.map((station, place) => new FarOffice(station, place, network))
  const [first, second, third, fourth, fifth, sixth] = offices
  if (!first || !second || !third || !fourth || !fifth || !sixth) throw new Error('six offices were asked for')
  ;[hub, slow, partitioned, moving, fast, lossy] = [first, second, third, fourth, fifth, sixth]
}

let number = 0
function nextPacket(to: FarOffice, more: { from?: FarOffice; bytes?: number; priority?: number } = {}): Buffer {
  number += 1
  const text = Buffer.from(`%PDF-1.7 văn bản số ${number} `)
  return buildPacket({
    dialect: 'plain',
    from: codes[more.from?.place ?? 0] ?? '',
    to: [codes[to.place] ?? ''],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    priority: more.priority ?? 0,
    attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(more.bytes ?? text.length, text) }],
  })
}

const step = (name: string, document: string) => (line: LogLine) => line.step === name && line.document === document
const linkUp = (peer: FarOffice) => (line: LogLine) => line.msg === 'link is up' && line.peer === peer.station.id
const linkDown = (peer: FarOffice) => (line: LogLine) => line.msg === 'link is down' && line.peer === peer.station.id

const unreachable = (peer: FarOffice) => (line: LogLine) =>
  line.code === 'PEER_UNREACHABLE' && line.station === peer.station.id

/** Gives a place another address, and has its station announce it behind others that nobody has. */
async function move(office: FarOffice, before: number, next: number, wrong: readonly number[] = []): Promise<void> {
  const { place, station } = office
  await network.readdress(place, network.address(place, before), network.address(place, next))
  await setOption(
    station,
    'link',
    'announce',
    [...wrong, next].map((number) => announced(place, number)),
  )
}

/** The hub gets the authority's next directory; nobody else does but from it. */
async function importDirectory(): Promise<void> {
  const answer = await hub.ask('/v1/directory', { body: await readFile(await nextDirectory()) })
  expect(answer.status, answer.bytes.toString()).toBe(200)
}

/** Waits until so many bytes have come over the line of an office. */
async function crossed(office: FarOffice, bytes: number): Promise<void> {
  await until(
    async () => ((await network.count(office.place)).bytesTo >= bytes ? true : undefined),
    async () => `${(await network.count(office.place)).bytesTo} of ${bytes} bytes have crossed`,
  )
}

async function sendAll(from: FarOffice, packets: readonly Buffer[]): Promise<string[]> {
  const docIds: string[] = []
  for (const packet of packets) docIds.push(await from.send(packet))
  return docIds
}

/** Each packet is listed once, and nothing else is. */
async function expectInbox(office: FarOffice, packets: readonly Buffer[]): Promise<void> {
  expect((await office.inboxDigests()).sort()).toEqual(packets.map(digestOf).sort())
}

beforeAll(async () => {
  if (!canMakeNetworks) return
  await makeOffices()
  await network.shape(slow.place, { bitsPerSecond: 4_000_000, delayMs: 150, lossPerMille: 0 })
  await network.shape(lossy.place, { bitsPerSecond: 20_000_000, delayMs: 10, lossPerMille: 50 })
  // Without these a gigabyte is 700,000 packets, each copied by the router.
  for (const { place } of [hub, fast]) await network.setMtu(place, 32_000)
  await Promise.all(offices.map((office) => office.process.start()))
})

afterAll(async () => {
  if (!canMakeNetworks) return
  await Promise.all(offices.map((office) => office.process.stop()))
  await network?.close()
  await rm(folder, { recursive: true, force: true })
})

describe.runIf(canMakeNetworks).concurrent(`${needsRoot}hard days of the network`, { timeout: 300_000 }, () => {
  test('4 Mbit/s and 300 ms: one link carries it all, and hỏa tốc overtakes 20 MB', async () => {
    const plain = Array.from({ length: 20 }, () => nextPacket(slow))
    for (const docId of await sendAll(hub, plain)) await hub.delivered(docId)
    const large = nextPacket(slow, { bytes: 15_000_000 })
    expect(large.byteLength).toBeGreaterThan(20_000_000)
    const largeId = await hub.send(large)
    await hub.process.seen(step('sending', largeId))
    await crossed(slow, 3_000_000)
    const urgent = [nextPacket(slow, { priority: 3 }), nextPacket(slow, { priority: 3, bytes: 300_000 })]
    const before = await network.count(slow.place)
    const urgentIds = await sendAll(hub, urgent)
    for (const docId of urgentIds) await hub.process.seen(step('closed', docId))
    const after = await network.count(slow.place)
    // What the queues on the way hold, twice (offer and bytes), and not the 17 MB that were there before it.
    expect(after.bytesTo - before.bytesTo).toBeLessThan(4_000_000)
    await hub.delivered(largeId)
    const closed = hub.process.lines.filter((line) => line.step === 'closed').map((line) => line.document)
    expect(closed.indexOf(largeId)).toBeGreaterThan(Math.max(...urgentIds.map((docId) => closed.indexOf(docId))))
    expect((await slow.inboxDigests()).slice(-3)).toEqual([...urgent, large].map(digestOf))
    await expectInbox(slow, [...plain, ...urgent, large])
    expect(hub.process.lines.filter(linkUp(slow))).toHaveLength(1)
    const content = [...plain, ...urgent, large].reduce((sum, packet) => sum + packet.byteLength, 0)
    expect((await network.count(slow.place)).bytesTo).toBeLessThan(1.1 * content)
  })

  test('5 % of all packets are lost; the peer moves while it is down, and only the last of its addresses is right', async () => {
    const packets = [...Array.from({ length: 30 }, () => nextPacket(lossy)), nextPacket(lossy, { bytes: 1_000_000 })]
    for (const docId of await sendAll(hub, packets)) await hub.delivered(docId)
    await expectInbox(lossy, packets)
    expect((await network.count(lossy.place)).droppedPackets).toBeGreaterThan(10)

    await lossy.process.stop()
    // A station that starts meets a few others, perhaps the hub: here the hub has to find it.
    await network.forbidDial(lossy.place, network.address(hub.place), linkPort)
    // One is enough: each address that nobody has costs a dial its ten seconds before the next is tried.
    await move(lossy, 1, 2, [98])
    await lossy.process.start()
    const last = nextPacket(lossy)
    const docId = await hub.send(last)
    await hub.process.seen(unreachable(lossy))
    await expectInbox(lossy, packets)
    await importDirectory()
    await hub.delivered(docId)
    await expectInbox(lossy, [...packets, last])
  })

  test('a partition that outlives the link: both ends notice without a word, queue, and go on when it heals', async () => {
    const first = [nextPacket(partitioned)]
    for (const docId of await sendAll(hub, first)) await hub.delivered(docId)
    await network.cut(partitioned.place, true)
    const there = [...first, ...Array.from({ length: 20 }, () => nextPacket(partitioned))]
    const back = Array.from({ length: 10 }, () => nextPacket(hub, { from: partitioned }))
    const noticed = [hub.process.next(linkDown(partitioned)), partitioned.process.next(linkDown(hub))]
    const docIds = await sendAll(hub, there.slice(1, 11))
    const backIds = await sendAll(partitioned, back.slice(0, 5))
    await Promise.all(noticed)
    docIds.push(...(await sendAll(hub, there.slice(11))))
    backIds.push(...(await sendAll(partitioned, back.slice(5))))
    await hub.process.seen(unreachable(partitioned))
    await expectInbox(partitioned, first)
    await network.cut(partitioned.place, false)
    for (const docId of docIds) await hub.delivered(docId)
    for (const docId of backIds) await partitioned.delivered(docId)
    await expectInbox(partitioned, there)
    const fromThere = new Set(back.map(digestOf))
    expect((await hub.inboxDigests()).filter((digest) => fromThere.has(digest)).sort()).toEqual([...fromThere].sort())
  })

  test('a peer has another address under a live link: it is missed, and found where the directory says', async () => {
    const packets = [nextPacket(moving), nextPacket(moving)] as const
    await hub.delivered(await hub.send(packets[0]))
    const missed = hub.process.next(linkDown(moving))
    await move(moving, 1, 2)
    await importDirectory()
    const docId = await hub.send(packets[1])
    await missed
    await hub.delivered(docId)
    await expectInbox(moving, packets)
    expect(hub.process.lines.filter(linkUp(moving))).toHaveLength(2)
  })

  test('1 GB over a line whose connections are reset every 150 MB: what is durable is not sent again', {
    timeout: 600_000,
  }, async ({ annotate }) => {
    const { bytes, sizeBytes } = gigabyte()
    const hash = createHash('sha256')
    const docId = await hub.send(
      (async function* () {
        for await (const piece of bytes) {
          hash.update(piece)
          yield piece
        }
      })(),
    )
    const memory = { hub: 0, fast: 0 }
    const start = (await network.count(fast.place)).bytesTo
    await hub.process.seen(step('sending', docId))
    let cuts = 0
    for (let next = 150e6; next < sizeBytes; next += 150e6) {
      await crossed(fast, start + next)
      const resumed = hub.process.next(step('sending', docId))
      await network.reset(fast.place)
      cuts += 1
      await resumed
      memory.hub = Math.max(memory.hub, await memoryOf(hub.process.pid ?? 0))
      memory.fast = Math.max(memory.fast, await memoryOf(fast.process.pid ?? 0))
    }
    await hub.delivered(docId, 600_000)
    const sent = (await network.count(fast.place)).bytesTo - start
    await annotate(
      `PSS with signer, bytes: sender ${memory.hub}, recipient ${memory.fast}; sent ${sent} of ${sizeBytes}`,
    )
    const resumedAt = hub.process.lines.filter(step('sending', docId)).map((line) => Number(line.firstChunk))
    expect(cuts).toBeGreaterThanOrEqual(3)
    expect(resumedAt).toHaveLength(cuts + 1)
    expect(resumedAt).toEqual([...resumedAt].sort((one, other) => one - other))
    expect(sent).toBeLessThanOrEqual(1.01 * sizeBytes + cuts * (maxFlightBytes + defaultChunkBytes))
    const [item, ...others] = await fast.inbox()
    const digest = hash.digest('hex')
    expect([item?.digest, others]).toEqual([digest, []])
    expect(await fast.packetDigest(item?.itemId ?? '')).toBe(digest)
    expect(Math.max(memory.hub, memory.fast)).toBeLessThan(300e6)
  })
})

/** A packet of 1 GiB and a little, made as it is read. */
function gigabyte(): { bytes: AsyncIterable<Uint8Array>; sizeBytes: number } {
  const marker = Buffer.from('một tệp rất lớn')
  const packet = buildPacket({
    dialect: 'prefixed',
    from: 'G22',
    to: ['H57'],
    codeNumber: '1',
    codeNotation: 'GB',
    subject: 'Một gigabyte',
    attachments: [{ name: 'a.pdf', bytes: marker }],
  })
  const at = packet.indexOf(marker.toString('base64'))
  const pieces = 1024
  const pieceBytes = 1024 * 1024
  const bytes = (async function* () {
    yield packet.subarray(0, at)
    for (let piece = 0; piece < pieces; piece++) {
      const content = Buffer.alloc((pieceBytes / 4) * 3, 0xa5)
      content.writeUInt32BE(piece)
      yield Buffer.from(content.toString('base64'))
    }
    yield packet.subarray(at)
  })()
  return { bytes, sizeBytes: packet.byteLength + pieces * pieceBytes }
}
