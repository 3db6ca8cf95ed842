// The power goes while documents flow: a station goes on from the copy of its live disk, which holds only what had reached the
// disk. In each direction, at moments drawn from a seed: nothing acknowledged is lost, nothing appears twice.

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { powerCutChain } from '../endurance/power-cut-chain.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { drawOne, randomFrom } from '../fixtures/random.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { type Office, officesOf } from '../fixtures/station/office.ts'
import { OfficeDisk } from '../fixtures/station/office-disk.ts'
import { rootCommand } from '../fixtures/store/loop-disk.ts'

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
    'wanting',
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
const disks = new Map<Office, OfficeDisk>()

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
  const options = { folder, diskBytes, watermarkBytes: 64 * 1024 * 1024 }
  for (const office of [sender, recipient]) disks.set(office, await OfficeDisk.make(office, options))
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  if (rootCommand === undefined) return
  await Promise.all([offices?.sender.process.stop(), offices?.recipient.process.stop()])
  for (const disk of disks.values()) await disk.unmount()
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
  const random = randomFrom(seed)

  const draws = (['sender', 'recipient'] as const).flatMap((side) =>
    Array.from({ length: cuts }, () => ({
      side,
      step: drawOne(random, moments[side]),
      times: 1 + Math.floor(random() * 20),
    })),
  )
  test.each(draws)('at the $side, when it has logged $step $times times', async ({ side, step, times }) => {
    const victim = offices[side]
    const flow = startFlow()
    try {
      for (let seen = 0; seen < times; seen++) await victim.process.next((line) => line.step === step)
      await disks.get(victim)?.cutPower()
      await victim.process.start()
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

  test('at any moment, on one side or both, also during a start, again and again', async () => {
    const { cuts, verdict, kept } = await powerCutChain({ seed, cuts: 6 })
    expect(verdict, `kept in ${kept}`).toMatchObject({ lost: [], doubled: [], strange: [], unreceipted: [] })
    expect(cuts).toHaveLength(6)
    expect(verdict.acknowledged).toBeGreaterThan(20)
  }, 300_000)
})

test.skipIf(rootCommand)('the power goes: NOT RUN (needs root)')
