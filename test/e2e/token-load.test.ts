// Tokens in trouble while hundreds of documents flow between three stations in all directions: each with another kind of key, each
// behind troubled.c. In the end everything is delivered and receipted, once in each inbox, under statements without a gap, without
// a wrong PIN, and no alarm is left. token-days.test.ts has the days without a token. Needs cc and the Debian package softhsm2.

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { createLogger } from '../../src/base/logger.ts'
import { SignerProcess } from '../../src/equipment/token/signer-process.ts'
import type { TroubledToken } from '../fixtures/pkcs11-fake/troubled-token.ts'
import { apiCall } from '../fixtures/station/api-call.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import {
  agency,
  callApi,
  setOption,
  troubleToken,
  useSoftToken,
  writeDirectory,
} from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { signerPidOf } from '../fixtures/station/office-processes.ts'
import { type AuditRow, auditOf, inboxOf, sealedIn, socketOf, Traffic } from '../fixtures/station/traffic.ts'

const never = new AbortController().signal

interface Place {
  office: Office
  token: TroubledToken
}

let folder: string
/** RSA-3072 PKCS#1 v1.5; EC P-384; RSA-PSS with a key that wants its PIN for each signature. */
let rsa: Place
let curve: Place
let pss: Place
let places: Place[] = []
const traffic = new Traffic()

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-load-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
    { id: 'h17', name: 'UBND tỉnh Đồng Nai', agencyCodes: ['H17'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [, second, third] = network.stations
  if (second === undefined || third === undefined) throw new Error('three stations were asked for')
  await useSoftToken(network, second, { type: 'EC:secp384r1' })
  await useSoftToken(network, third, { type: 'rsa:2048', alwaysAuthenticate: true })
  await setOption(third, 'token', 'rsa_pss', true)
  const tokens: TroubledToken[] = []
  for (const station of network.stations) tokens.push(await troubleToken(station, {}))
  const agencies = wishes.map(({ id, agencyCodes: [code = ''] }) => agency(code, id))
  const file = await writeDirectory(network, { version: 2, file: 'keys.tramdir', agencies })
  for (const station of network.stations) await setOption(station, 'trust', 'directory_file', file)
  places = officesOf(network).map((office, at) => ({ office, token: tokens[at] as TroubledToken }))
  ;[rsa, curve, pss] = places as [Place, Place, Place]
  await Promise.all(places.map(({ office }) => office.process.start()))
})

afterAll(async () => {
  await Promise.all(places.map(({ office }) => office.process.stop()))
  await rm(folder, { recursive: true, force: true })
})

async function conditionsOf({ office }: Place): Promise<string[]> {
  const { answer } = await callApi(office, 'GET', '/v1/health')
  return (answer.conditions as { code: string }[]).map(({ code }) => code).filter((code) => /TOKEN|SIGNER/.test(code))
}

async function shows(place: Place, code: string): Promise<void> {
  await until(
    async () => ((await conditionsOf(place)).includes(code) ? true : undefined),
    async () => `${place.office.code} does not show ${code}: ${await conditionsOf(place)}`,
  )
}

/** `count` documents from each to each other. */
function sendAllWays(count: number): Promise<unknown> {
  const pairs = places.flatMap((from) => places.filter((to) => to !== from).map((to) => [from, to] as const))
  return Promise.all(pairs.map(([from, to]) => traffic.send(from.office, to.office, count)))
}

/** The promise of the whole, after anything: see the top. */
async function expectAllWell(): Promise<void> {
  await traffic.settled()
  for (const place of places) {
    const { office, token } = place
    expect((await inboxOf(office)).sort()).toEqual(traffic.expectedAt(office))
    const rows = await auditOf(office)
    const sequences = sealedIn(rows).map(({ sequence }) => sequence)
    expect(sequences).toEqual(sequences.map((_, at) => at))
    const chain = (await apiCall(socketOf(office), '/v1/audit/verify')).json<{ entries: number }>()
    expect(chain.entries).toBe(rows.length)
    expect(token.logins().filter((answer) => answer !== 'ok')).toEqual([])
    await until(
      async () => ((await conditionsOf(place)).length === 0 ? true : undefined),
      async () => `${office.code} still shows ${await conditionsOf(place)}`,
    )
  }
}

test('failures, lost sessions, wrong signatures, a removal and killed signers, all at once', async () => {
  rsa.token.plan({ delayMs: 20, failEvery: 3 })
  curve.token.plan({ delayMs: 20, wrongEvery: 2, loseSessionsEvery: 5 })
  pss.token.plan({ delayMs: 20, failEvery: 3, failRv: 0x30 })
  const sending = sendAllWays(60)
  await until(
    async () => (pss.token.calls() >= 3 ? true : undefined),
    async () => 'nobody asks the token',
  )
  pss.token.insert(false)
  await shows(pss, 'TOKEN_ABSENT')
  for (const { office } of [rsa, curve]) process.kill(await signerPidOf(office), 'SIGKILL')
  await sending
  await shows(pss, 'TOKEN_ABSENT')
  pss.token.insert(true)
  await expectAllWell()
  for (const { token } of places) {
    expect(token.calls()).toBeGreaterThan(token.signed())
    token.plan({})
  }
})

test('a token that only signs wrongly: nothing is sealed, the alarm lasts as long, and no sequence is used', async () => {
  rsa.token.plan({ wrongEvery: 1 })
  const before = sealedIn(await auditOf(rsa.office)).length
  const calls = rsa.token.calls()
  await traffic.send(rsa.office, curve.office, 20)
  await traffic.send(curve.office, rsa.office, 20)
  await shows(rsa, 'TOKEN_FAILED')
  await until(
    async () => (rsa.token.calls() > calls + 1 ? true : undefined),
    async () => 'it is not tried again',
  )
  expect(await conditionsOf(rsa)).toEqual(['TOKEN_FAILED'])
  expect(sealedIn(await auditOf(rsa.office))).toHaveLength(before)
  // Receipts wait too: their senders are told nothing.
  expect(await traffic.open(curve.office)).toBe(20)
  rsa.token.plan({})
  await expectAllWell()
})

test('what has gathered while the token signed goes under one signature, receipts and waybills alike', async () => {
  const sealedSince = new Map<Place, number>()
  for (const place of [rsa, curve]) {
    sealedSince.set(place, sealedIn(await auditOf(place.office)).length)
    const calls = place.token.calls()
    place.token.hold(true)
    await traffic.send(place.office, place === rsa ? curve.office : rsa.office, 1)
    await until(
      async () => (place.token.calls() > calls ? true : undefined),
      async () => 'nobody asks the token',
    )
  }
  await traffic.send(rsa.office, curve.office, 300)
  await traffic.send(curve.office, rsa.office, 300)
  rsa.token.hold(false)
  // Everything of the one has reached the other, whose token still makes its first signature.
  await until(
    async () => ((await queued(curve)).receipts === 301 ? true : undefined),
    async () => JSON.stringify(await queued(curve)),
  )
  expect(await queued(curve)).toMatchObject({ waybills: 301, receipts: 301 })
  curve.token.hold(false)
  await expectAllWell()
  const batches = async (place: Place) => sealedIn(await auditOf(place.office)).slice(sealedSince.get(place))
  expect((await batches(rsa)).slice(0, 2)).toMatchObject([{ leaves: 1 }, { leaves: 300 }])
  expect((await batches(curve)).slice(0, 2)).toMatchObject([{ leaves: 1 }, { leaves: 601 }])
})

async function queued({ office }: Place): Promise<{ waybills: number; receipts: number }> {
  const { answer } = await callApi(office, 'GET', '/v1/health')
  return answer.sealing as { waybills: number; receipts: number }
}

test('600 ms a signature, hundreds in flight: no more signatures than an ideal batcher needs', async () => {
  const from = new Map<Place, AuditRow[]>()
  for (const place of places) {
    from.set(place, await auditOf(place.office))
    place.token.plan({ delayMs: 600 })
  }
  await sendAllWays(100)
  await expectAllWell()
  for (const place of places) {
    const rows = (await auditOf(place.office)).slice(from.get(place)?.length)
    const batches = sealedIn(rows)
    const arrivals = rows.filter(({ act }) => act === 'accepted' || act === 'received').map(({ timeMs }) => timeMs)
    expect(batches.reduce((sum, { leaves }) => sum + leaves, 0)).toBe(400)
    expect(arrivals).toHaveLength(400)
    expect(batches.length).toBeLessThanOrEqual(1.25 * idealSignatures(arrivals, 600))
  }
  for (const { token } of places) token.plan({})
})

/** How often a token signs that takes `signMs` and, whenever it is free, takes all that waits. */
function idealSignatures(arrivalsMs: readonly number[], signMs: number): number {
  let signatures = 0
  let freeAtMs = 0
  let coveredMs = Number.NEGATIVE_INFINITY
  for (const arrivalMs of arrivalsMs.toSorted((a, b) => a - b)) {
    if (arrivalMs <= coveredMs) continue
    coveredMs = Math.max(freeAtMs, arrivalMs)
    freeAtMs = coveredMs + signMs
    signatures += 1
  }
  return signatures
}

test('a signature that never returns: the signer ends itself, another takes its place, and work goes on', async () => {
  const { office, token } = curve
  await office.process.stop()
  await setOption(office.station, 'token', 'start_signer', false)
  Object.assign(process.env, office.station.token.env) // the signer inherits it
  const command = [...bundledSigner, '--config', office.station.configFile, '--stuck-after-ms', '1500']
  const signer = new SignerProcess({ command }, { logger: createLogger('silent') })
  await signer.start(never)
  try {
    await office.process.start()
    const { pid } = signer
    token.plan({ hangAt: token.calls() + 2 })
    const lost = office.process.next((line) => line.code === 'SIGNER_UNREACHABLE')
    await sendAllWays(20)
    await lost
    await expectAllWell()
    expect(signer.pid).not.toBe(pid)
  } finally {
    await signer.stop()
  }
})
