// Stations whose clocks are wrong: jumping by years with deliveries open, years behind at the start, days ahead at the recipient,
// and a certificate that expires while its documents are under way. Nothing expires, nothing is refused for good.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import {
  agency,
  callApi,
  certifyToken,
  importDirectory,
  labCa,
  replaceCertificate,
  setOption,
  writeDirectory,
} from '../fixtures/station/lab-changes.ts'
import { type Office, until } from '../fixtures/station/office.ts'
import { type ShiftedOffice, shiftedOffice } from '../fixtures/station/shifted-clock.ts'
import type { LogLine } from '../fixtures/station/station-process.ts'

const daySeconds = 86_400
const agencies = [agency('G22', 'g22'), agency('H41', 'h41')]
let folder: string
let network: LabNetwork
let sender: Office
let recipient: Office
let shiftSender: ShiftedOffice['shift']
let shiftRecipient: ShiftedOffice['shift']

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-clock-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [one, two] = network.stations
  if (one === undefined || two === undefined) throw new Error('two stations were asked for')
  const notAfter = new Date(Date.now() + 10 * daySeconds * 1000)
  await replaceCertificate(one, await certifyToken(one, await labCa(network), { notAfter }))
  const file = await writeDirectory(network, { version: 2, file: 'short.tramdir', agencies })
  for (const station of [one, two]) {
    await setOption(station, 'trust', 'directory_file', file)
    // The backends of this test live in the real time.
    await setOption(station, 'vxp', 'window_hours', 8784)
  }
  ;({ office: sender, shift: shiftSender } = await shiftedOffice(one))
  ;({ office: recipient, shift: shiftRecipient } = await shiftedOffice(two))
  await sender.process.start()
})

afterAll(async () => {
  await Promise.all([sender?.process.stop(), recipient?.process.stop()])
  await rm(folder, { recursive: true, force: true })
})

let number = 0
function nextPacket(from = 'G22', to = 'H41'): Buffer {
  number += 1
  return buildPacket({
    ...{ dialect: 'plain', from, to: [to], codeNumber: String(number), codeNotation: 'CT-TTg' },
    subject: `Văn bản số ${number}`,
    attachments: [{ name: 'a.pdf', bytes: Buffer.from(`%PDF-1.7 số ${number}`) }],
  })
}

async function conditionsOf(office: Office): Promise<string[]> {
  const { answer } = await callApi(office, 'GET', '/v1/health')
  return (answer.conditions as { code: string }[]).map(({ code }) => code)
}

/** Waits until a condition is true, or is no more. */
async function shows(office: Office, code: string, wanted = true): Promise<void> {
  await until(
    async () => ((await conditionsOf(office)).includes(code) === wanted ? true : undefined),
    async () => `${office.station.id}, ${code}: ${await conditionsOf(office)}`,
  )
}

const statusOf = async (docId: string) => (await sender.sent(docId)).map(({ sendStatus }) => sendStatus)

/** Waits until a document has its seal. */
async function sealed(docId: string): Promise<void> {
  await until(
    async () => ((await statusOf(docId))[0] === 'processing' ? true : undefined),
    async () => `${docId}: ${await statusOf(docId)}`,
  )
}

/** Each packet once in the inbox, and nothing else; then all are marked done. */
async function expectReceived(office: Office, packets: readonly Buffer[]): Promise<void> {
  const texts = (list: readonly Buffer[]) => list.map((bytes) => bytes.toString()).sort()
  const items = await office.received()
  expect(texts(items.map(({ bytes }) => bytes))).toEqual(texts(packets))
  for (const { docId } of items) await office.kit.updateStatus(docId, 'done')
}

const codes = (office: Office) => new Set(office.process.lines.map(({ code }) => code))
const logged = (code: string) => (line: LogLine) => line.code === code
const signatures = () => sender.process.lines.filter(({ step }) => step === 'sealing').length

test('the sender’s clock jumps two years ahead while the recipient is down: nothing expires, and back all is as before', async () => {
  const packets = [nextPacket(), nextPacket(), nextPacket()]
  const docIds = await Promise.all(packets.map((packet) => sender.send(packet)))
  for (const docId of docIds) await sealed(docId)
  await shiftSender(730 * daySeconds)
  await shows(sender, 'CLOCK_UNTRUSTED')
  const late = nextPacket()
  const lateId = await sender.send(late)
  // The failed dial is what looks for deliveries that are over.
  await sender.process.next(({ msg }) => msg === 'station is still not reachable')
  await shows(sender, 'CLOCK_UNTRUSTED')
  expect(await Promise.all(docIds.map(statusOf))).toEqual([['processing'], ['processing'], ['processing']])
  expect(await statusOf(lateId)).toEqual(['initial'])
  await recipient.process.start()
  const reply = nextPacket('H41', 'G22')
  // Its dial makes the link, long before the sender's next one. The sealed ones go, however doubtful the time.
  const replyId = await recipient.send(reply)
  for (const docId of docIds) await sender.delivered(docId)
  await expectReceived(recipient, packets)
  expect([await statusOf(lateId), await conditionsOf(sender)]).toEqual([
    ['initial'],
    expect.arrayContaining(['CLOCK_UNTRUSTED']),
  ])
  await shiftSender(0)
  await sender.delivered(lateId)
  await recipient.delivered(replyId)
  await expectReceived(recipient, [late])
  await expectReceived(sender, [reply])
  expect([await conditionsOf(sender), codes(sender).has('DELIVERY_EXPIRED')]).toEqual([['CERTIFICATE_EXPIRING'], false])
})

test('a start five years behind: documents are taken in and received, and are sealed once the time is set', async () => {
  await sender.process.stop()
  await shiftSender(-5 * 365 * daySeconds)
  await sender.process.start()
  await shows(sender, 'CLOCK_UNTRUSTED')
  const packet = nextPacket()
  const docId = await sender.send(packet)
  const reply = nextPacket('H41', 'G22')
  const replyId = await recipient.send(reply)
  await until(
    async () => ((await sender.received()).length === 1 ? true : undefined),
    async () => 'nothing was received',
  )
  await expectReceived(sender, [reply])
  expect(await statusOf(docId)).toEqual(['initial'])
  await shiftSender(0)
  await sender.delivered(docId)
  await recipient.delivered(replyId)
  await expectReceived(recipient, [packet])
  // It has ten days left.
  expect(await conditionsOf(sender)).toEqual(['CERTIFICATE_EXPIRING'])
})

test('the recipient two days ahead, past the end of a delivery: it waits, and is not refused', async () => {
  await Promise.all([sender.process.stop(), recipient.process.stop()])
  await setOption(sender.station, 'exchange', 'delivery_days', 1)
  await shiftRecipient(2 * daySeconds)
  await Promise.all([sender.process.start(), recipient.process.start()])
  const packet = nextPacket()
  const docId = await sender.send(packet)
  expect(await sender.process.seen(logged('DELIVERY_TEMPORARY'))).toMatchObject({ detail: 'DELIVERY_EXPIRED' })
  expect(await statusOf(docId)).toEqual(['processing'])
  await recipient.process.stop()
  await shiftRecipient(0)
  // Its bound is two days ahead now; the sender's greeting tells it that its clock is right.
  await recipient.process.start()
  await sender.delivered(docId)
  await shows(recipient, 'CLOCK_UNTRUSTED', false)
  await expectReceived(recipient, [packet])
  expect(codes(sender).has('DELIVERY_EXPIRED')).toBe(false)
})

test('a certificate expires under way: the document waits for the next one without a signature, and is sealed anew with it', async () => {
  await Promise.all([sender.process.stop(), recipient.process.stop()])
  await setOption(sender.station, 'exchange', 'delivery_days', 30)
  await sender.process.start()
  const packet = nextPacket()
  const docId = await sender.send(packet)
  await sealed(docId)
  await sender.process.stop()
  // Off for longer than a week, both: neither trusts its clock until the other has told it the same time.
  await Promise.all([shiftSender, shiftRecipient].map((shift) => shift(11 * daySeconds)))
  await Promise.all([sender.process.start(), recipient.process.start()])
  await shows(sender, 'SEALING_FAILED')
  expect([signatures(), await statusOf(docId), await conditionsOf(recipient)]).toEqual([0, ['initial'], []])
  await sender.process.stop()
  await replaceCertificate(sender.station, await certifyToken(sender.station, await labCa(network)))
  const file = await writeDirectory(network, { version: 3, file: 'renewed.tramdir', agencies })
  await setOption(sender.station, 'trust', 'directory_file', file)
  expect(await importDirectory(recipient, file)).toMatchObject({ status: 200 })
  await sender.process.start()
  await sender.delivered(docId)
  await expectReceived(recipient, [packet])
  expect([signatures(), await conditionsOf(sender)]).toEqual([1, []])
})
