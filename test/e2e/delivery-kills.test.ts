// The delivery table, row by row: kill -9 of sender, recipient or signer the moment a step is logged, then start again. Nothing
// acknowledged is lost, nothing appears twice, every document ends with one receipt, and the bytes are those that were sent.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let sender: Office
let recipient: Office

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-kills-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'trace', signerCommand: bundledSigner })
  const [first, second] = officesOf(network)
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  sender = first
  recipient = second
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  await Promise.all([sender?.process.stop(), recipient?.process.stop()])
  await rm(folder, { recursive: true, force: true })
})

let number = 0
/** A packet of its own; `large` ones are files and cross in chunks. */
function nextPacket(large: boolean): Buffer {
  number += 1
  const bytes = large ? Buffer.alloc(3_000_000, `dữ liệu ${number} `) : Buffer.from(`%PDF-1.7 văn bản số ${number}`)
  return buildPacket({
    dialect: number % 2 === 0 ? 'plain' : 'prefixed',
    from: '000.00.00.G22',
    to: ['000.00.00.H41', 'H41.1'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    attachments: [{ name: `van-ban-${number}.pdf`, contentType: 'application/pdf', bytes }],
  })
}

/** What must be true of one document in the end, whatever happened on the way. */
async function expectDeliveredOnce(docId: string, packet: Buffer): Promise<void> {
  const rows = await sender.delivered(docId)
  expect(rows.map((row) => row.toCode).sort()).toEqual(['H41', 'H41.1'])
  const own = (await recipient.received()).filter((item) => item.bytes.equals(packet))
  expect(own.map((item) => item.docId).sort()).toEqual(rows.map((row) => row.receiverDocId).sort())
  for (const { docId: itemId } of own) await recipient.kit.updateStatus(itemId, 'done')
  expect((await recipient.received()).filter((item) => item.bytes.equals(packet))).toEqual([])
}

/** Sends a packet while `victim` is killed at `step`; both stations run afterwards. */
async function sendThroughKill(victim: Office, step: string, packet: Buffer): Promise<string> {
  const killed = victim.process.killWhen((line) => line.step === step)
  const sent = sender.send(packet)
  await Promise.race([killed, sent.then(() => killed)])
  await victim.process.start()
  return await sent
}

const senderSteps = [
  'intake-packet-durable',
  'intake-committing',
  'accepted',
  'sealed',
  'offering',
  'sending',
  'ending',
  'stored-heard',
  'receipt-heard',
  'closing',
  'closed',
  'acknowledging',
]
const recipientSteps = [
  'offer-heard',
  'wanting',
  'data-durable',
  'end-heard',
  'packet-durable',
  'deciding',
  'stored',
  'receipt-sealed',
  'receipt-sent',
  'ack-heard',
  'acknowledged',
]

describe.each([
  ['small packets', false],
  ['large packets', true],
])('%s', (_, large) => {
  test.each(senderSteps)('the sender is killed at %s', async (step) => {
    const packet = nextPacket(large)
    await expectDeliveredOnce(await sendThroughKill(sender, step, packet), packet)
  })

  // Only what grows in a file is kept before it is complete.
  test.each(large ? ['offer-durable', ...recipientSteps] : recipientSteps)(
    'the recipient is killed at %s',
    async (step) => {
      const packet = nextPacket(large)
      await expectDeliveredOnce(await sendThroughKill(recipient, step, packet), packet)
    },
  )
})

test('a large packet goes on at the last durable chunk', async () => {
  const packet = nextPacket(true)
  await sender.process.seen((line) => line.step === 'ready')
  const killed = recipient.process.killWhen((line) => line.step === 'data-durable' && Number(line.offset) > 2_200_000)
  const docId = await sender.send(packet)
  await killed
  const resumed = sender.process.next((line) => line.step === 'sending' && line.document === docId)
  await recipient.process.start()
  expect((await resumed).firstChunk).toBeGreaterThan(0)
  await expectDeliveredOnce(docId, packet)
})

test.each(['sender', 'recipient'])('the signer of the %s is killed while it signs', async (side) => {
  const victim = side === 'sender' ? sender : recipient
  for (let round = 0; round < 5; round++) {
    const pid = await signerPid(victim)
    const packets = Array.from({ length: 5 }, () => nextPacket(false))
    const sent = packets.map((packet) => sender.send(packet))
    await victim.process.next((line) => line.step === 'sealing')
    process.kill(pid, 'SIGKILL')
    for (const [at, docId] of (await Promise.all(sent)).entries()) {
      await expectDeliveredOnce(docId, packets[at] ?? Buffer.alloc(0))
    }
  }
})

/** The signer that the station runs now. */
async function signerPid(office: Office): Promise<number> {
  return until(
    async () => {
      const line = office.process.lines.findLast((entry) => typeof entry.signerPid === 'number')
      const pid = Number(line?.signerPid)
      try {
        return Number.isInteger(pid) && process.kill(pid, 0) ? pid : undefined
      } catch (error) {
        if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return undefined
        throw error
      }
    },
    async () => 'no signer is running',
  )
}
