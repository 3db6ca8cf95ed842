// Tokens on their bad days, under two stations: pulled out and put back, a wrong PIN file, a signer killed inside C_Login.
// Documents are taken all the while and wait unsealed, no PIN is tried twice, and everything flows once the token is well.
// On the PKCS#11 fake, which counts attempts and locks, as SoftHSM never does. Needs cc.

import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { buildPkcs11Fake, type FakeToken } from '../fixtures/pkcs11-fake/pkcs11-fake.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, callApi, setOption, useFakeToken, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { signerPidOf } from '../fixtures/station/office-processes.ts'

let folder: string
let sender: Office
let recipient: Office
let fake: FakeToken
let recipientFake: FakeToken

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-tokens-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const library = buildPkcs11Fake(folder)
  const fakes: FakeToken[] = []
  for (const station of network.stations) fakes.push(await useFakeToken(network, station, library))
  const [first, second] = officesOf(network)
  const [firstFake, secondFake] = fakes
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  if (firstFake === undefined || secondFake === undefined) throw new Error('two fakes were made')
  ;[sender, recipient, fake, recipientFake] = [first, second, firstFake, secondFake]
  const agencies = [agency('G22', 'g22'), agency('H41', 'h41')]
  const file = await writeDirectory(network, { version: 2, file: 'fakes.tramdir', agencies })
  for (const station of network.stations) await setOption(station, 'trust', 'directory_file', file)
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  await Promise.all([sender?.process.stop(), recipient?.process.stop()])
  await rm(folder, { recursive: true, force: true })
})

let number = 0
function nextPacket(): Buffer {
  number += 1
  return buildPacket({
    dialect: 'prefixed',
    from: 'G22',
    to: ['H41'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    attachments: [{ name: 'a.pdf', bytes: Buffer.from(`%PDF-1.7 số ${number}`) }],
  })
}

/** What a test has sent, until it has seen it arrive. */
const waiting = new Map<string, Buffer>()
beforeEach(() => waiting.clear())

async function send(count: number): Promise<void> {
  for (let at = 0; at < count; at++) {
    const packet = nextPacket()
    waiting.set(await sender.send(packet), packet)
  }
}

async function conditionsOf(office: Office): Promise<string[]> {
  const { answer } = await callApi(office, 'GET', '/v1/health')
  return (answer.conditions as { code: string }[]).map(({ code }) => code)
}

async function shows(office: Office, code: string): Promise<void> {
  await until(
    async () => ((await conditionsOf(office)).includes(code) ? true : undefined),
    async () => `${office.station.id} does not show ${code}: ${await conditionsOf(office)}`,
  )
}

async function expectUnsealed(): Promise<void> {
  for (const docId of waiting.keys()) expect(await sender.sent(docId)).toMatchObject([{ sendStatus: 'initial' }])
  expect(await recipient.received()).toEqual([])
}

async function expectAllDelivered(): Promise<void> {
  for (const docId of waiting.keys()) await sender.delivered(docId)
  const items = await recipient.received()
  const texts = (list: Iterable<Buffer>) => [...list].map((bytes) => bytes.toString()).sort()
  expect(texts(items.map((item) => item.bytes))).toEqual(texts(waiting.values()))
  for (const { docId } of items) await recipient.kit.updateStatus(docId, 'done')
  for (const office of [sender, recipient]) {
    expect((await conditionsOf(office)).filter((code) => /TOKEN|SIGNER/.test(code))).toEqual([])
  }
}

const enterPin = (pin: string) =>
  callApi(sender, 'POST', '/v1/pin', { type: 'application/json', bytes: JSON.stringify({ pin }) })

test('pulled out of the sender: documents are taken, over a kill too, and sealed when it is put back', async () => {
  await send(1)
  await expectAllDelivered()
  waiting.clear()
  fake.insert('absent')
  await send(3)
  await shows(sender, 'TOKEN_ABSENT')
  await sender.process.kill()
  await sender.process.start()
  await send(3)
  await shows(sender, 'TOKEN_ABSENT')
  await expectUnsealed()
  const attempts = fake.attempts()
  fake.insert('second')
  await expectAllDelivered()
  expect(fake.attempts()).toBe(attempts + 1)
})

test('pulled out of the recipient: documents are stored, and receipted when it is put back', async () => {
  recipientFake.insert('absent')
  await send(3)
  for (const docId of waiting.keys()) {
    await until(
      async () => ((await sender.sent(docId))[0]?.sendStatus === 'processing' ? true : undefined),
      async () => JSON.stringify(await sender.sent(docId)),
    )
  }
  await until(
    async () => ((await recipient.received()).length === waiting.size ? true : undefined),
    async () => 'the recipient has not stored them',
  )
  await shows(recipient, 'TOKEN_ABSENT')
  // Their sender is not told that they have arrived before there is a receipt.
  for (const docId of waiting.keys()) expect(await sender.sent(docId)).toMatchObject([{ sendStatus: 'processing' }])
  await recipient.process.kill()
  await recipient.process.start()
  recipientFake.insert('second')
  await expectAllDelivered()
})

test('a wrong PIN file: one attempt, over restarts; documents wait until a person enters the right one', async () => {
  const { pinFile } = sender.station.token
  const before = fake.attempts()
  await sender.process.stop()
  await writeFile(pinFile, 'sai rồi')
  await sender.process.start()
  await send(2)
  await shows(sender, 'TOKEN_PIN_LATCHED')
  expect(await sender.process.seen((line) => line.code === 'TOKEN_PIN_LATCHED')).toMatchObject({ level: 40 })
  await sender.process.stop()
  await sender.process.start()
  await send(2)
  await shows(sender, 'TOKEN_PIN_LATCHED')
  await expectUnsealed()
  expect(fake.attempts()).toBe(before + 1)
  expect(await enterPin('sai nữa')).toMatchObject({ answer: { code: 'TOKEN_PIN_LATCHED' } })
  await expectUnsealed()
  expect(await enterPin(fake.pin)).toMatchObject({ status: 200, answer: { state: 'ready' } })
  await expectAllDelivered()
  expect(fake.attempts()).toBe(before + 3)
  await writeFile(pinFile, fake.pin)
})

test('the signer killed inside C_Login: no further attempt, documents wait until a person enters the PIN', async () => {
  await sender.process.stop()
  const before = fake.attempts()
  fake.takeBlocked('login')
  fake.turn('block-login', true)
  await sender.process.start()
  await send(2)
  await until(
    async () => (fake.takeBlocked('login') ? true : undefined),
    async () => 'nobody logs in',
  )
  process.kill(await signerPidOf(sender), 'SIGKILL')
  fake.turn('block-login', false)
  await shows(sender, 'TOKEN_PIN_LATCHED')
  await send(2)
  for (let restart = 0; restart < 2; restart++) {
    await sender.process.kill()
    await sender.process.start()
    await shows(sender, 'TOKEN_PIN_LATCHED')
  }
  await expectUnsealed()
  expect(fake.attempts()).toBe(before + 1)
  expect(await enterPin(fake.pin)).toMatchObject({ status: 200 })
  await expectAllDelivered()
  expect(fake.attempts()).toBe(before + 2)
})
