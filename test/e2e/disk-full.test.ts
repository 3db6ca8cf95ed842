// A station whose disk is full: the backend is told so, peers wait, nothing acknowledged is lost; and when there is room again,
// everything goes on by itself. Real disks, which another program fills.
import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { callApi, setOption } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { fillDisk, type LoopDisk, makeLoopDisk, rootCommand } from '../fixtures/store/loop-disk.ts'

const mebibyte = 1024 * 1024
/** 128 for the ballast, 64 for the watermark, and what is left for documents. */
const diskBytes = 288 * mebibyte
const patienceMs = 150_000

let folder: string
let sender: Office
let recipient: Office
const disks: LoopDisk[] = []

beforeAll(async () => {
  if (rootCommand === undefined) return
  folder = await mkdtemp(join(tmpdir(), 'tram-full-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [first, second] = officesOf(network)
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  sender = first
  recipient = second
  for (const { station } of [sender, recipient]) {
    const own = join(folder, `disk-${station.id}`)
    await mkdir(own)
    const disk = await makeLoopDisk(own, diskBytes)
    disks.push(disk)
    await cp(station.dataFolder, join(disk.path, 'data'), { recursive: true })
    await setOption(station, 'station', 'data_folder', join(disk.path, 'data'))
    await setOption(station, 'store', 'watermark_bytes', 64 * mebibyte)
  }
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  if (rootCommand === undefined) return
  await Promise.all([sender?.process.stop(), recipient?.process.stop()])
  for (const disk of disks) await disk.unmount()
  await rm(folder, { recursive: true, force: true })
})

let number = 0
function nextPacket(): Buffer {
  number += 1
  const bytes = number % 4 === 0 ? randomBytes(500_000) : Buffer.from(`%PDF-1.7 văn bản số ${number}`)
  return buildPacket({
    dialect: 'plain',
    from: 'G22',
    to: ['H41'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    attachments: [{ name: 'a.pdf', bytes }],
  })
}

/** Clients that send, each the same packet until it is taken, until they are told to stop; and what they were told. */
class Flow {
  readonly acknowledged = new Map<string, Buffer>()
  readonly refusals: { ErrorCode: string; ErrorDesc: string }[] = []
  #goesOn = true
  readonly #clients = [1, 2, 3].map(() => this.#client())

  async stop(): Promise<void> {
    this.#goesOn = false
    await Promise.all(this.#clients)
  }

  async #client(): Promise<void> {
    // Bounded, since the disks are small.
    while (this.#goesOn && this.acknowledged.size < 150) {
      const packet = nextPacket()
      for (;;) {
        const answer = await sender.kit.sendEdoc(packet, { from: 'G22' })
        if (answer.status === 'OK') {
          this.acknowledged.set(answer.DocId, packet)
          break
        }
        this.refusals.push(answer)
        await delay(50)
      }
    }
  }
}

const isOpen = async (office: Office, wanted: boolean): Promise<void> => {
  const disk = async () => (await callApi(office, 'GET', '/v1/health')).answer.disk as { open: boolean }
  await until(
    async () => ((await disk()).open === wanted ? true : undefined),
    async () => JSON.stringify(await disk()),
  )
}

async function expectAllOnce(acknowledged: ReadonlyMap<string, Buffer>): Promise<void> {
  const wanted: string[] = []
  for (const docId of acknowledged.keys()) {
    for (const row of await sender.delivered(docId, patienceMs)) wanted.push(row.receiverDocId)
  }
  const items = await recipient.received()
  expect(items.map((item) => item.docId).sort()).toEqual(wanted.sort())
  const texts = (list: Iterable<Buffer>) => [...list].map((bytes) => bytes.toString()).sort()
  expect(texts(items.map((item) => item.bytes))).toEqual(texts(acknowledged.values()))
  for (const { docId } of items) await recipient.kit.updateStatus(docId, 'done')
}

describe.runIf(rootCommand)('a full disk', () => {
  test(
    'of the sender: the backend is told, and goes on when there is room',
    async () => {
      const flow = new Flow()
      await sender.process.next((line) => line.step === 'closed')
      const filler = join(disks[0]?.path ?? '', 'filler')
      await fillDisk(filler, 0)
      await until(
        async () => (flow.refusals.length > 3 ? true : undefined),
        async () => `${flow.acknowledged.size} were taken, and none refused`,
      )
      await isOpen(sender, false)
      const { answer } = await callApi(sender, 'GET', '/v1/health')
      expect((answer.conditions as { code: string }[]).map(({ code }) => code)).toContain('DISK_FULL')
      const before = flow.acknowledged.size
      await rm(filler)
      await isOpen(sender, true)
      await until(
        async () => (flow.acknowledged.size > before + 10 ? true : undefined),
        async () => 'nothing is taken though there is room',
      )
      await flow.stop()
      for (const refusal of flow.refusals) expect(refusal).toMatchObject({ status: 'FAIL', ErrorCode: '20', DocId: '' })
      expect(flow.refusals.some(({ ErrorDesc }) => ErrorDesc.includes('không đủ chỗ trống'))).toBe(true)
      await expectAllOnce(flow.acknowledged)
    },
    patienceMs,
  )

  test(
    'of the recipient: its peers wait, and deliver when there is room',
    async () => {
      const flow = new Flow()
      await recipient.process.next((line) => line.step === 'acknowledged')
      const filler = join(disks[1]?.path ?? '', 'filler')
      await fillDisk(filler, 0)
      await sender.process.next((line) => line.code === 'DELIVERY_TEMPORARY')
      await isOpen(recipient, false)
      // Taken while the recipient is full: they wait at their sender.
      const later = [nextPacket(), nextPacket()]
      for (const packet of later) flow.acknowledged.set(await sender.send(packet), packet)
      await flow.stop()
      const open = async () => {
        const rows = await Promise.all([...flow.acknowledged.keys()].map((docId) => sender.sent(docId)))
        return rows.flat().filter((row) => row.sendStatus !== 'done')
      }
      expect((await open()).map((row) => row.sendStatus)).not.toContain('fail')
      expect((await open()).length).toBeGreaterThan(1)
      await rm(filler)
      await isOpen(recipient, true)
      await expectAllOnce(flow.acknowledged)
    },
    patienceMs,
  )
})

test.skipIf(rootCommand)('a full disk: NOT RUN (needs root)')
