// Long days of backends at one real station (records on LevelDB, packet files, retention, intake) behind its real surfaces: a
// kit that keeps one object, uploads that crawl, downloads that pause while what they read is deleted.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import net from 'node:net'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { defaultMinBytesPerSecond } from '../../src/base/upload-pace.ts'
import type { LevelStore } from '../../src/equipment/store/level-store.ts'
import type { RestDeps } from '../../src/surface/rest/rest-deps.ts'
import { RestServer } from '../../src/surface/rest/rest-server.ts'
import { VxpServer } from '../../src/surface/vxp/vxp-server.ts'
import { MemorySpace } from '../contract/memory-space.ts'
import { digestOf } from '../fixtures/digest-of.ts'
import { buildPacket, zipSingleEntry } from '../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../fixtures/exchange/lone-station.ts'
import { agencyEntry, dayMs, TestWorld } from '../fixtures/exchange/test-world.ts'
import { levelStore, never, silent, type TemporaryFolder, temporaryFolder } from '../fixtures/store/temporary-store.ts'
import { type KitRequest, VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'

const hourMs = 3_600_000
const mib = 1024 * 1024
const backend = { systemid: 'b', secret: 'bí mật', agencies: ['H02'], addresses: [], register_addresses: [] }
const pace = { idleMs: 60_000, minBytesPerSecond: defaultMinBytesPerSecond }

let folder: TemporaryFolder
let world: TestWorld
let store: LevelStore
let station: LoneStation
let space: MemorySpace
let vxp: VxpServer
let rest: RestServer
const stops: (() => unknown)[] = []

/** Everything that a restart makes anew, on what is on disk. */
async function open(listen = '127.0.0.1:0', nowMs?: number): Promise<void> {
  store = levelStore(folder.path).store
  await store.start(never)
  space = new MemorySpace()
  station = await LoneStation.start({ world, id: 'two', folder: folder.path, records: store, space })
  if (nowMs !== undefined) station.clock.jump(nowMs)
  const { desk, clock } = station
  const limits = { window_hours: 24, max_concurrent: 8, max_body_mib: 600, idle_seconds: pace.idleMs / 1000 }
  const options = { listen, ...limits, min_bytes_per_second: pace.minBytesPerSecond, backends: [backend] }
  vxp = new VxpServer(options, { desk, clock, logger: silent })
  await vxp.start(never)
  const socketPath = join(folder.path, 'api.sock')
  // Only what handing in asks for.
  const deps = { desk, clock, logger: silent } as unknown as RestDeps
  rest = new RestServer({ socketPath, dataFolder: folder.path, backends: [backend], bodyPace: pace }, deps)
  await rest.start(never)
}

async function close(): Promise<void> {
  await rest.stop()
  await vxp.stop()
  await station.stop()
  await store.stop()
}

beforeEach(async () => {
  folder = await temporaryFolder()
  world = await TestWorld.create({ one: ['H01'], two: ['H02'] })
  await open()
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
  await close()
  await folder.remove()
})

function kitAt(nowMs: number): VxpKit {
  const { systemid, secret } = backend
  const kit = new VxpKit({ endpoint: vxp.endpoint, systemid, secret, now: new Date(nowMs) })
  stops.push(() => kit.close())
  return kit
}

let number = 0
const packetOf = (from: string, to: string, bytes = 100): Buffer =>
  buildPacket({
    dialect: 'plain',
    from,
    to: [to],
    codeNumber: String(++number),
    codeNotation: 'CV',
    subject: 'Một văn bản',
    attachments: [{ name: 'a.pdf', contentType: 'application/pdf', bytes: randomBytes(bytes) }],
  })
const turn = (): Promise<unknown> => new Promise((resolve) => setImmediate(resolve))

/** Brings a packet of H01 into the inbox. Returns its item. */
async function received(packet: Buffer): Promise<string> {
  const link = await station.link('one')
  const created = station.clock.now()
  const more = { station: 'one', senderAgency: 'H01', recipients: ['H02'], created, notAfter: created + dayMs }
  expect(await station.deliver(link, { waybill: world.waybill(packet, more), packet })).toBe('stored')
  await station.cut(link)
  const { data } = await kitAt(created).getReceivedEdocList()
  return data.at(-1)?.docId ?? ''
}

const headOf = (request: KitRequest, extra: string[]): string =>
  [
    `${request.method} ${new URL(request.url).pathname} HTTP/1.1`,
    'Host: x',
    ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ...extra,
    '\r\n',
  ].join('\r\n')

describe('a kit that keeps one object for a day', () => {
  it('works on over a restart of the station until the window ends, and is then told why not', async () => {
    const startMs = station.clock.now()
    const kit = kitAt(startMs - 23 * hourMs)
    const packet = packetOf('H02', 'H01')
    const first = await kit.sendEdoc(packet, { from: 'H02' })
    expect(first).toMatchObject({ status: 'OK' })
    const letter = packetOf('H01', 'H02')
    const docId = await received(letter)
    expect((await kit.getReceivedEdocList()).data).toHaveLength(1)

    const { host } = new URL(vxp.endpoint)
    await close()
    expect(existsSync(join(folder.path, 'api.sock'))).toBe(false)
    await open(host, startMs + hourMs / 2)

    // The same object: its timestamp, its leftovers, its kept-alive connection that the stop has ended.
    expect(await kit.sendEdoc(packet, { from: 'H02' })).toEqual(first)
    expect(digestOf(await kit.downloadEdoc(docId))).toBe(digestOf(letter))
    expect(await kit.updateStatus(docId, 'done')).toMatchObject({ status: 'OK' })
    expect((await kit.getReceivedEdocList()).data).toEqual([])
    expect((await kit.getSentEdocList({ docId: first.DocId })).data).toHaveLength(1)
    expect((await kitAt(station.clock.now()).getSentEdocList()).data).toHaveLength(1)

    station.clock.advance(hourMs / 2)
    expect(await kit.countReceiveEdoc()).toMatchObject({ status: 'OK', count: 0 })
    station.clock.advance(1)
    const late = await kit.sendEdoc(packet, { from: 'H02' })
    expect(late).toMatchObject({ status: 'FAIL', ErrorCode: '15', ErrorDesc: expect.stringContaining('timestamp') })
    expect(await kitAt(station.clock.now()).sendEdoc(packet, { from: 'H02' })).toEqual(first)
  })
})

describe('an upload that crawls', () => {
  it.each([
    ['over VXP', 'vxp'],
    ['over the API', 'rest'],
  ])('%s gives back its room when it is given up', async (_, way) => {
    const declared = 600 * mib - 2
    const packet = packetOf('H02', 'H01', 10_000)
    const head =
      way === 'vxp'
        ? headOf(await kitAt(station.clock.now()).prepareSend(Buffer.alloc(10), { from: 'H02' }), [
            `Content-Length: ${declared}`,
          ])
        : `POST /v1/documents HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: ${declared}\r\n\r\n`
    const socket =
      way === 'vxp'
        ? net.connect(Number(new URL(vxp.endpoint).port), '127.0.0.1')
        : net.connect(join(folder.path, 'api.sock'))
    const received: Buffer[] = []
    socket.on('error', () => undefined) // cut while it still sends
    socket.on('data', (piece) => received.push(piece))
    socket.write(head)
    while (space.reservedBytes === 0) await turn()
    expect(space.reservedBytes).toBe(declared)
    let steps = 0
    while (!socket.closed) {
      socket.write(packet.subarray(steps, steps + 1))
      // Which steps find the server waiting does not matter: there are as many as it needs.
      for (let turns = 0; turns < 20; turns++) await turn()
      station.clock.advance(20_000)
      if (++steps > 1_000) throw new Error('is never given up')
    }
    expect(Buffer.concat(received).toString()).toMatch(/^connection: close.*PACKET_TOO_SLOW/ims)
    expect(space.reservedBytes).toBe(0)
    expect(await readdir(join(folder.path, 'incoming'))).toEqual([])
    expect(await kitAt(station.clock.now()).sendEdoc(packetOf('H02', 'H01'), { from: 'H02' })).toMatchObject({
      status: 'OK',
    })
  })
})

describe('a bomb', () => {
  it('is handed in, kept and given out as it is: nothing on the way of a document inflates', async () => {
    const zeros = Buffer.alloc(16 * mib)
    const bomb = zipSingleEntry('a.docx', zipSingleEntry('a.txt', zeros))
    const attachments = [{ name: 'a.docx', contentType: 'application/zip', bytes: zipSingleEntry('a.txt', zeros) }]
    const texts = { dialect: 'plain', codeNumber: '1', codeNotation: 'CV', subject: 'x' } as const
    const own = buildPacket({ ...texts, from: 'H02', to: ['H01'], attachments })
    const kit = kitAt(station.clock.now())
    const { DocId } = await kit.sendEdoc(own, { from: 'H02' })
    expect(await station.document(DocId)).toMatchObject({ packetSize: own.length })
    const other = buildPacket({ ...texts, from: 'H01', to: ['H02'], attachments: [{ name: 'a.docx', bytes: bomb }] })
    expect(digestOf(await kit.downloadEdoc(await received(other)))).toBe(digestOf(other))
    // Neither is a body that says that it is packed.
    const packed = gzipSync(zeros)
    const request = await kit.prepareSend(packed, { from: 'H02' })
    request.headers.push(['Content-Encoding', 'gzip'])
    const answer = JSON.parse((await kit.send(request)).body.toString())
    expect(answer).toMatchObject({ status: 'FAIL', ErrorCode: '22' })
    expect(space.reservedBytes).toBe(0)
  })
})

describe('a download that pauses', () => {
  it.each([
    ['a file', 12 * mib],
    ['a record', 20_000],
  ])('while retention deletes the packet (%s) ends complete', async (_, bytes) => {
    const packet = packetOf('H01', 'H02', bytes)
    const docId = await received(packet)
    const kit = kitAt(station.clock.now())
    const request = kit.prepare('downloadEdoc', { docId }, { method: 'GET' })
    const socket = net.connect(Number(new URL(vxp.endpoint).port), '127.0.0.1')
    socket.write(headOf(request, ['Connection: close']))
    await once(socket, 'readable')
    expect(await kit.updateStatus(docId, 'done')).toMatchObject({ status: 'OK' })
    station.clock.advance(31 * dayMs)
    expect(await station.retention.sweep(never)).toBe(1)
    const gone = kitAt(station.clock.now())
    await expect(gone.downloadEdoc(docId)).rejects.toThrow('21')
    const pieces: Buffer[] = []
    for await (const piece of socket) pieces.push(piece)
    const answer = Buffer.concat(pieces)
    const bodyAt = answer.indexOf('\r\n\r\n') + 4
    expect(answer.toString('latin1', 0, bodyAt)).toContain(`Content-Length: ${packet.length}\r\n`)
    expect(digestOf(answer.subarray(bodyAt))).toBe(digestOf(packet))
  })
})

describe('the units of the whole country', () => {
  it('are answered from the disk, all of them and each once', async () => {
    const count = 125_000
    const units = Array.from({ length: count - 2 }, (_, at) => ({
      agency: agencyEntry(`K${at % 89}.${at}`, 'two', {
        name: `Phòng Tổ chức cán bộ số ${at}`,
        mail: `v${at}@example.vn`,
      }),
    }))
    await station.useDirectory(2, world.entries(units))
    const { data } = await kitAt(station.clock.now()).getSynchronizeUnit()
    expect([data.length, new Set(data.map(({ code }) => code)).size]).toEqual([count, count])
  })
})
