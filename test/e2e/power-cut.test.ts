// The power goes while documents flow: a station goes on from the copy of its live disk, which holds only what had reached the
// disk. In each direction, at moments drawn from a seed: nothing acknowledged is lost, nothing appears twice.

import { randomBytes } from 'node:crypto'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { isRunning, setOption, signerPidOf } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { type LoopDisk, makeLoopDisk, mountCopy, rootCommand } from '../fixtures/store/loop-disk.ts'

const diskBytes = 288 * 1024 * 1024
const seed = 20_261_121
const cuts = 3
/** Where the power may go: the whole way of a document, on either side. */
const moments = {
  sender: [
    'intake-packet-durable',
    'intake-committing',
    'accepted',
    'sealing',
    'sealed',
    'offering',
    'stored-heard',
    'receipt-heard',
    'closing',
    'closed',
  ],
  recipient: [
    'offer-heard',
    'offer-durable',
    'data-durable',
    'packet-durable',
    'deciding',
    'stored',
    'sealing',
    'receipt-sealed',
    'ack-heard',
  ],
} as const

let folder: string
let offices: { sender: Office; recipient: Office }
const disks: LoopDisk[] = []

beforeAll(async () => {
  if (rootCommand === undefined) return
  folder = await mkdtemp(join(tmpdir(), 'tram-cut-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'trace', signerCommand: bundledSigner })
  const [sender, recipient] = officesOf(network)
  if (sender === undefined || recipient === undefined) throw new Error('two offices were asked for')
  offices = { sender, recipient }
  for (const { station } of [sender, recipient]) {
    const own = join(folder, `disk-${station.id}`)
    await mkdir(own)
    const disk = await makeLoopDisk(own, diskBytes)
    disks.push(disk)
    await cp(station.dataFolder, join(disk.path, 'data'), { recursive: true })
    await setOption(station, 'station', 'data_folder', join(disk.path, 'data'))
    await setOption(station, 'store', 'watermark_bytes', 64 * 1024 * 1024)
  }
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  if (rootCommand === undefined) return
  await Promise.all([offices?.sender.process.stop(), offices?.recipient.process.stop()])
  for (const disk of disks) await disk.unmount()
  await rm(folder, { recursive: true, force: true })
})

let number = 0
function nextPacket(): Buffer {
  number += 1
  const bytes = number % 8 === 0 ? randomBytes(300_000) : Buffer.from(`%PDF-1.7 văn bản số ${number}`)
  return buildPacket({
    dialect: 'plain',
    from: 'G22',
    to: ['H41', 'H41.1'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    attachments: [{ name: 'a.pdf', bytes }],
  })
}

/** The backend's side: a few clients that send, each again until it is acknowledged, until they are told to stop. */
function startFlow(): { acknowledged: Map<string, Buffer>; stop: () => Promise<void> } {
  const acknowledged = new Map<string, Buffer>()
  let goesOn = true
  const clients = Array.from({ length: 3 }, async () => {
    // Bounded, since the disks are small; more than enough for every moment to come.
    while (goesOn && acknowledged.size < 120) {
      const packet = nextPacket()
      acknowledged.set(await offices.sender.send(packet), packet)
    }
  })
  return {
    acknowledged,
    stop: async () => {
      goesOn = false
      await Promise.all(clients)
    },
  }
}

/** Stops everything that writes to the victim's disk in one moment, and starts it again from what the disk holds then. */
async function cutPower(victim: Office, disk: LoopDisk): Promise<LoopDisk> {
  const pids = [await signerPidOf(victim), victim.process.pid ?? 0]
  for (const pid of pids) await suspend(pid)
  const own = await mkdtemp(join(folder, 'disk-'))
  const copy = await mountCopy(disk, own, () => writeFile(join(disk.path, 'unsynced'), randomBytes(4096)))
  // The control: a copy that holds what nobody synced would prove nothing.
  await expect(stat(join(copy.path, 'unsynced'))).rejects.toMatchObject({ code: 'ENOENT' })
  for (const pid of pids) process.kill(pid, 'SIGKILL')
  await victim.process.kill()
  await until(
    async () => (pids.some(isRunning) ? undefined : true),
    async () => 'the signer does not end',
  )
  await disk.unmount()
  await rm(disk.image)
  await setOption(victim.station, 'station', 'data_folder', join(copy.path, 'data'))
  await victim.process.start()
  return copy
}

/** Stops a process; resolves when none of its threads is inside a system call any more, such as an fsync. */
async function suspend(pid: number): Promise<void> {
  process.kill(pid, 'SIGSTOP')
  await until(
    async () => {
      const threads = await readdir(`/proc/${pid}/task`)
      const states = await Promise.all(threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/stat`, 'utf8')))
      return states.every((text) => /\) T /.test(text)) ? true : undefined
    },
    async () => `process ${pid} does not stop`,
  )
}

async function expectAllOnce(acknowledged: ReadonlyMap<string, Buffer>): Promise<void> {
  const { sender, recipient } = offices
  const wanted: [item: string, digest: Buffer][] = []
  for (const [docId, packet] of acknowledged) {
    const rows = await sender.delivered(docId)
    expect(rows.map((row) => row.toCode).sort()).toEqual(['H41', 'H41.1'])
    for (const row of rows) wanted.push([row.receiverDocId, packet])
  }
  const items = new Map((await recipient.received()).map((item) => [item.docId, item.bytes]))
  // Neither more nor less: what earlier rounds marked done has not come back.
  expect([...items.keys()].sort()).toEqual(wanted.map(([item]) => item).sort())
  expect(wanted.filter(([item, packet]) => items.get(item)?.equals(packet) !== true).map(([item]) => item)).toEqual([])
  for (const item of items.keys()) await recipient.kit.updateStatus(item, 'done')
}

describe.runIf(rootCommand)('the power goes', () => {
  const random = generator(seed)
  const pick = <Value>(values: readonly Value[]): Value => values[Math.floor(random() * values.length)] as Value

  const draws = (['sender', 'recipient'] as const).flatMap((side) =>
    Array.from({ length: cuts }, () => ({ side, step: pick(moments[side]), times: 1 + Math.floor(random() * 20) })),
  )
  test.each(draws)('at the $side, when it has logged $step $times times', async ({ side, step, times }) => {
    const victim = offices[side]
    const flow = startFlow()
    try {
      for (let seen = 0; seen < times; seen++) await victim.process.next((line) => line.step === step)
      const at = side === 'sender' ? 0 : 1
      disks[at] = await cutPower(victim, disks[at] as LoopDisk)
      await offices.recipient.process.next((line) => line.step === 'acknowledged')
    } catch (error) {
      // Stopped processes would hold up all that follows.
      await victim.process.kill()
      throw error
    }
    await flow.stop()
    expect(flow.acknowledged.size).toBeGreaterThan(4)
    await expectAllOnce(flow.acknowledged)
  })
})

test.skipIf(rootCommand)('the power goes: NOT RUN (needs root)')

/** mulberry32: the same moments in every run. */
function generator(start: number): () => number {
  let state = start
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
