// The API of two real stations with SoftHSM tokens: every route, its refusals and its limits, over the Unix socket.
import { spawnSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildLabDirectory, type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { loadConfig } from '../../src/config.ts'
import { verifyEvidenceWith } from '../../src/offline.ts'
import { digestOf } from '../fixtures/digest-of.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { type ApiAnswer, type ApiCall, apiCall, apiPost } from '../fixtures/station/api-call.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let network: LabNetwork
let sender: Office
let recipient: Office

const socketOf = (office: Office): string => dataPaths(office.station.dataFolder).apiSocket
const ask = (office: Office, path: string, call?: ApiCall) => apiCall(socketOf(office), path, call)
const post = (office: Office, path: string, body: unknown) => apiPost(socketOf(office), path, body)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-rest-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  ]
  network = await makeLabNetwork(folder, wishes, { logLevel: 'trace', signerCommand: bundledSigner })
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
function nextPacket(more: Partial<Parameters<typeof buildPacket>[0]> = {}, bytes = Buffer.from('%PDF-1.7')): Buffer {
  number += 1
  return buildPacket({
    dialect: 'plain',
    from: 'G22',
    to: ['H41', 'H41.1'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    attachments: [{ name: `van-ban-${number}.pdf`, contentType: 'application/pdf', bytes }],
    ...more,
  })
}

interface Trace {
  states: { agency: string; station: string; state: string }[]
  steps: { step: string; at: number }[]
  sizeBytes: number
  digest: string
}

const traceOf = async (office: Office, id: string) => (await ask(office, `/v1/documents/${id}/trace`)).json<Trace>()

async function submitted(packet: Buffer, query = ''): Promise<string> {
  const answer = await ask(sender, `/v1/documents${query}`, { body: packet })
  expect(answer.json()).toMatchObject({ isNew: true })
  expect(answer.status).toBe(201)
  return answer.json<{ docId: string }>().docId
}

/** Resolves when every delivery of a document has its receipt. */
async function delivered(docId: string): Promise<Trace> {
  return until(
    async () => {
      const trace = await traceOf(sender, docId)
      return trace.states.every(({ state }) => state === 'delivered') ? trace : undefined
    },
    async () => `${docId} is not delivered: ${JSON.stringify(await traceOf(sender, docId))}`,
  )
}

/** A refusal as RFC 9457 problem details in both languages. */
function expectProblem(answer: ApiAnswer, status: number, code: string, text = ''): void {
  expect(answer.json()).toMatchObject({ status, code })
  expect(answer.status).toBe(status)
  expect(answer.type).toBe('application/problem+json; charset=utf-8')
  const { type, title, detail, vi, en, todo } = answer.json<Record<string, string> & { todo: Record<string, string> }>()
  expect(type).toBe(`urn:tram:condition:${code}`)
  expect(title).toBe(en)
  expect(detail).toContain(text)
  expect(vi).not.toBe(en)
  expect(todo).toEqual({ vi: expect.any(String), en: expect.any(String) })
}

describe('the socket', () => {
  test('lies in the data folder, for the owner and the group', async () => {
    const { mode } = await stat(socketOf(sender))
    expect(mode & 0o777).toBe(0o660)
    expect(sender.process.lines.find(({ step }) => step === 'ready')).toMatchObject({ apiSocket: socketOf(sender) })
  })

  test('that a killed station left behind is replaced, and is gone after a stop', async () => {
    await recipient.process.kill()
    expect(existsSync(socketOf(recipient))).toBe(true)
    await recipient.process.start()
    expect((await ask(recipient, '/v1/health')).status).toBe(200)
    await recipient.process.stop()
    expect(existsSync(socketOf(recipient))).toBe(false)
    await recipient.process.start()
  })
})

describe('documents', () => {
  let docId: string
  let packet: Buffer

  beforeAll(async () => {
    packet = nextPacket()
    docId = await submitted(packet)
    await delivered(docId)
  })

  test('the same packet again is the same document', async () => {
    const answer = await ask(sender, '/v1/documents', { body: packet })
    expect(answer.json()).toEqual({ docId, isNew: false, warnings: [] })
    expect(answer.status).toBe(200)
  })

  test('are traced on both sides', async () => {
    const sent = await traceOf(sender, docId)
    expect(sent).toMatchObject({
      docId,
      direction: 'sent',
      kind: 'document',
      from: 'G22',
      to: ['H41', 'H41.1'],
      sizeBytes: packet.byteLength,
      digest: digestOf(packet),
      states: [
        { agency: 'H41', station: 'h41', state: 'delivered' },
        { agency: 'H41.1', station: 'h41', state: 'delivered' },
      ],
    })
    const names = sent.steps.map(({ step }) => step)
    expect(names).toEqual(expect.arrayContaining(['accepted', 'sealed', 'stored', 'receipt']))
    const items = (await ask(recipient, '/v1/inbox')).json<{ items: { itemId: string; docId: string }[] }>().items
    const [item] = items.filter((one) => one.docId === docId)
    expect(await traceOf(recipient, item?.itemId ?? '')).toMatchObject({ docId, direction: 'received' })
  })

  test('give back the exact bytes', async () => {
    const answer = await ask(sender, `/v1/documents/${docId}/packet`)
    expect(answer.bytes.equals(packet)).toBe(true)
    expect(answer.headers['x-packet-sha256']).toBe(digestOf(packet))
    expect(answer.headers['content-length']).toBe(String(packet.byteLength))
  })

  test('give evidence that verifies without the station', async () => {
    const answer = await ask(sender, `/v1/documents/${docId}/evidence`)
    expect(answer.type).toBe('application/zip')
    const file = join(folder, 'evidence.zip')
    await writeFile(file, answer.bytes)
    const { trust } = await loadConfig(recipient.station.configFile)
    const report = await verifyEvidenceWith(trust, file)
    expect(report.checks.filter(({ ok }) => !ok)).toEqual([])
    expect(report).toMatchObject({ ok: true, facts: { docId, senderAgency: 'G22', withoutReceipt: [] } })
  })

  test('of any size are streamed, also without a length', async () => {
    const large = nextPacket({}, Buffer.alloc(5_000_000, 'dữ liệu '))
    const pieces = async function* () {
      for (let at = 0; at < large.byteLength; at += 100_000) yield large.subarray(at, at + 100_000)
    }
    const answer = await ask(sender, '/v1/documents', { body: pieces() })
    expect(answer.status).toBe(201)
    const id = answer.json<{ docId: string }>().docId
    await delivered(id)
    expect((await ask(sender, `/v1/documents/${id}/packet`)).bytes.equals(large)).toBe(true)
  })

  test('go to some of their recipients only, for a backend that is named', async () => {
    const { systemid } = sender.station.backend
    const id = await submitted(
      nextPacket(),
      `?to=H41.1&from=G22&kind=document&systemid=${encodeURIComponent(systemid)}`,
    )
    expect((await delivered(id)).states.map(({ agency }) => agency)).toEqual(['H41.1'])
  })

  test('give out one attachment, as it was attached and not as it travels', async () => {
    const pdf = { name: 'a.pdf', contentType: 'application/pdf', contentId: 'cid:một/1', bytes: randomBytes(3_000_000) }
    const text = {
      name: 'b.txt',
      contentId: 'cid:2',
      bytes: Buffer.from(randomBytes(1_000_000).toString('hex')),
      zipped: true,
    }
    const whole = nextPacket({ attachments: [pdf, text] })
    const id = await submitted(whole)
    const { items } = await until(
      async () => {
        const page = (await ask(recipient, '/v1/inbox')).json<{ items: { itemId: string; docId: string }[] }>()
        return page.items.some((item) => item.docId === id) ? page : undefined
      },
      async () => `${id} is not in the inbox`,
    )
    const itemId = items.find((item) => item.docId === id)?.itemId
    for (const { contentId, bytes } of [pdf, text]) {
      const path = `attachment?contentId=${encodeURIComponent(contentId)}`
      for (const answer of [
        await ask(sender, `/v1/documents/${id}/${path}`),
        await ask(recipient, `/v1/documents/${itemId}/${path}`),
      ]) {
        expect([answer.status, answer.type, digestOf(answer.bytes)]).toEqual([
          200,
          'application/octet-stream',
          digestOf(bytes),
        ])
      }
    }
    const none = `/v1/documents/${id}/attachment?contentId=cid:3`
    expectProblem(await ask(sender, none), 422, 'PACKET_ATTACHMENT_INVALID', 'cid:3')
    expectProblem(await ask(sender, '/v1/documents/0123abcd/attachment?contentId=x'), 404, 'DOCUMENT_UNKNOWN')
    expectProblem(await ask(sender, `/v1/documents/${id}/attachment`), 400, 'REQUEST_INVALID', 'contentId')
  })

  test('are what their announced digest says', async () => {
    const exact = nextPacket()
    const sha256 = digestOf(exact)
    expectProblem(
      await ask(sender, `/v1/documents?sha256=${'0'.repeat(64)}`, { body: exact }),
      422,
      'PACKET_HASH_MISMATCH',
    )
    expect((await ask(sender, `/v1/documents?sha256=${sha256}`, { body: exact })).status).toBe(201)
  })

  test('are refused with their reason', async () => {
    const send = (body: Buffer, query = '') => ask(sender, `/v1/documents${query}`, { body })
    expectProblem(await send(Buffer.from('<<')), 422, 'PACKET_MALFORMED')
    expectProblem(await send(nextPacket({ to: ['H99'] })), 422, 'RECIPIENT_UNKNOWN', 'H99')
    expectProblem(await send(nextPacket({ from: 'H41' })), 422, 'SENDER_NOT_ALLOWED')
    expectProblem(await send(nextPacket(), '?kind=status'), 400, 'REQUEST_INVALID', 'messagetype')
    expectProblem(await send(nextPacket(), '?systemid=nobody'), 400, 'REQUEST_INVALID', 'systemid')
    expectProblem(await send(nextPacket(), '?to=,'), 400, 'REQUEST_INVALID', 'to')
    expectProblem(await send(nextPacket(), '?resend=1'), 400, 'REQUEST_INVALID', 'resend')
    expectProblem(await send(nextPacket({ subject: 'TỐI MẬT' })), 422, 'PACKET_STATE_SECRET')
  })

  test('that are not there are not found', async () => {
    for (const what of ['trace', 'packet', 'evidence'])
      expectProblem(await ask(sender, `/v1/documents/0123abcd/${what}`), 404, 'DOCUMENT_UNKNOWN')
    expectProblem(await post(sender, '/v1/documents/0123abcd/resend', {}), 404, 'DOCUMENT_UNKNOWN')
    expectProblem(await ask(sender, '/v1/documents/%2e%2e%2fstore/trace'), 400, 'REQUEST_INVALID', 'params/id')
  })

  test('are sent again on purpose, to everyone or to some', async () => {
    const id = await submitted(nextPacket())
    await delivered(id)
    const again = await post(sender, `/v1/documents/${id}/resend`, {})
    expect(again.json()).toEqual({ docId: id, resentTo: ['H41', 'H41.1'], warnings: [] })
    await delivered(id)
    const some = await post(sender, `/v1/documents/${id}/resend`, { to: ['H41.1'] })
    expect(some.json()).toMatchObject({ resentTo: ['H41.1'] })
    await delivered(id)
    const { items } = (await ask(recipient, '/v1/inbox?size=1000')).json<{
      items: { docId: string; to: string; resend: number }[]
    }>()
    const resends = items.filter(({ docId: of }) => of === id).map(({ to, resend }) => [to, resend])
    expect(Object.fromEntries(resends)).toEqual({ H41: 1, 'H41.1': 2 })
    expectProblem(await post(sender, `/v1/documents/${id}/resend`, { to: ['G22'] }), 400, 'REQUEST_INVALID', 'G22')
    expectProblem(await post(sender, `/v1/documents/${id}/resend`, { to: [] }), 400, 'REQUEST_INVALID', 'body/to')
    expectProblem(await post(sender, `/v1/documents/${id}/resend`, { to: 'H41' }), 400, 'REQUEST_INVALID', 'body/to')
  })
})

describe('lists', () => {
  test('what was sent, in pages, by document and by time', async () => {
    const docId = await submitted(nextPacket())
    await delivered(docId)
    const list = async (query: string) =>
      (await ask(sender, `/v1/sent?${query}`)).json<{ items: { docId: string; to: string; sentAt: number }[] }>().items
    const rows = await list(`docId=${docId}`)
    expect(rows.map(({ to }) => to)).toEqual(['H41', 'H41.1'])
    expect(rows[0]).toMatchObject({ from: 'G22', state: 'delivered', kind: 'document', refusal: null })
    const sentAt = rows[0]?.sentAt ?? 0
    expect((await list(`from=${sentAt}&to=${sentAt + 1}`)).map((row) => row.docId)).toContain(docId)
    expect((await list(`to=${sentAt}`)).map((row) => row.docId)).not.toContain(docId)
    const [first, second] = [await list('size=1'), await list('size=1&page=2')]
    expect([first.length, second.length]).toEqual([1, 1])
    expect([first[0]?.docId, first[0]?.to]).not.toEqual([second[0]?.docId, second[0]?.to])
    expect(await list('kind=status')).toEqual([])
  })

  test('inbox items: listed, read, fetched, marked', async () => {
    const packet = nextPacket()
    const docId = await submitted(packet)
    await delivered(docId)
    const list = async (query = '') =>
      (await ask(recipient, `/v1/inbox?size=1000${query}`)).json<{
        total: number
        items: { itemId: string; docId: string }[]
      }>()
    const { total, items } = await list('&agency=000.00.00.H41')
    expect(items).toHaveLength(total)
    const [item] = items.filter((one) => one.docId === docId)
    const itemId = item?.itemId ?? ''
    const one = (await ask(recipient, `/v1/inbox/${itemId}`)).json()
    expect(one).toEqual(item)
    expect(one).toMatchObject({ to: 'H41', mark: 'initial', sizeBytes: packet.byteLength, recalled: false })
    expect((await traceOf(recipient, itemId)).steps.map(({ step }) => step)).not.toContain('fetched')
    expect((await ask(recipient, `/v1/inbox/${itemId}/packet`)).bytes.equals(packet)).toBe(true)
    expect((await traceOf(recipient, itemId)).steps.map(({ step }) => step)).toContain('fetched')
    const mark = (body: unknown) => post(recipient, `/v1/inbox/${itemId}/mark`, body)
    expect((await mark({ mark: 'processing' })).json()).toMatchObject({ itemId, mark: 'processing' })
    expectProblem(await mark({ mark: 'initial' }), 400, 'REQUEST_INVALID', 'body/mark')
    expectProblem(await mark({ mark: 'done', by: 'me' }), 400, 'REQUEST_INVALID', 'body/by')
    expect((await mark({ mark: 'done' })).json()).toMatchObject({ mark: 'done' })
    expect((await list()).items.map((left) => left.itemId)).not.toContain(itemId)
    expect(await list('&agency=H41')).toMatchObject({ total: total - 1 })
    expectProblem(await ask(recipient, `/v1/inbox/${'0'.repeat(32)}`), 404, 'DOCUMENT_UNKNOWN')
    expectProblem(await ask(recipient, `/v1/inbox/${'0'.repeat(32)}/packet`), 404, 'DOCUMENT_UNKNOWN')
    expectProblem(await ask(recipient, '/v1/inbox?agency=G22'), 400, 'REQUEST_INVALID', 'agency')
  })

  test('numbers that are none, or out of bounds, are refused', async () => {
    for (const query of ['page=0', 'page=x', 'size=0', 'size=1001', 'from=-1', 'page=1&page=2', 'kind=letter'])
      expectProblem(await ask(sender, `/v1/inbox?${query}`), 400, 'REQUEST_INVALID', query.split('=')[0])
    expectProblem(await ask(sender, '/v1/queue?after=audit:1'), 400, 'REQUEST_INVALID', 'after')
  })

  test('the queue of a station that is away, in pages, and the health that tells of it', async () => {
    await recipient.process.stop()
    const [first, second] = [await submitted(nextPacket()), await submitted(nextPacket())]
    interface Page {
      now: number
      deliveries: { docId: string; station: string; state: string; openedAt: number; agencies: string[] }[]
      next: string | null
    }
    const page = async (query: string) => (await ask(sender, `/v1/queue?${query}`)).json<Page>()
    const waiting = await until(
      async () => {
        const found = await page('')
        return found.deliveries.every(({ state }) => state === 'sending') ? found : undefined
      },
      async () => JSON.stringify(await page('')),
    )
    expect(waiting.deliveries.map(({ docId }) => docId)).toEqual([first, second])
    expect(waiting.deliveries[0]).toMatchObject({ station: 'h41', rank: '3s', agencies: ['H41', 'H41.1'] })
    expect(waiting.deliveries[0]?.openedAt).toBeLessThanOrEqual(waiting.now)
    const head = await page('limit=1')
    expect(head.deliveries.map(({ docId }) => docId)).toEqual([first])
    const rest = await page(`limit=1&station=h41&after=${head.next}`)
    expect(rest.deliveries.map(({ docId }) => docId)).toEqual([second])
    expect(await page(`after=${rest.next}`)).toMatchObject({ deliveries: [], next: null })
    expect(await page('station=elsewhere')).toMatchObject({ deliveries: [], next: null })
    const { queues, peers } = (await ask(sender, '/v1/health')).json<{ queues: object[]; peers: object }>()
    expect(queues).toEqual([expect.objectContaining({ station: 'h41', depth: 2, connected: false })])
    expect(peers).toEqual({ connected: 0, known: 1 })
    await recipient.process.start()
    await Promise.all([delivered(first), delivered(second)])
    expect(await page('')).toMatchObject({ deliveries: [], next: null })
  })
})

describe('the directory', () => {
  test('is described and given as its signed file', async () => {
    const about = (await ask(sender, '/v1/directory')).json()
    expect(about).toMatchObject({ version: 1, expired: false, stations: 2, agencies: 3, served: 3 })
    const file = await ask(sender, '/v1/directory/file')
    expect(file.bytes.equals(await readFile(network.directoryFile))).toBe(true)
  })

  test('is looked up', async () => {
    expect((await ask(sender, '/v1/directory/agencies/000.00.00.H41.1')).json()).toMatchObject({
      code: 'H41.1',
      station: 'h41',
      resolvesTo: 'H41.1',
      validity: null,
    })
    const { certificates, ...station } = (await ask(sender, '/v1/directory/stations/h41')).json<{
      certificates: object[]
    }>()
    expect(station).toMatchObject({ id: 'h41', generation: 1, peerKeys: [{ window: null }] })
    expect(certificates).toEqual([{ sha256: expect.stringMatching(/^[0-9a-f]{64}$/), window: null }])
    expectProblem(await ask(sender, '/v1/directory/agencies/H99'), 404, 'RECIPIENT_UNKNOWN', 'H99')
    expectProblem(await ask(sender, '/v1/directory/stations/nowhere'), 404, 'RECIPIENT_UNKNOWN')
  })

  test('is imported when it is newer and the authority has signed it', async () => {
    const send = (body: Buffer) => ask(sender, '/v1/directory', { body })
    const old = await readFile(network.directoryFile)
    expectProblem(await send(old), 409, 'DIRECTORY_OLDER')
    await buildLabDirectory(network, 2, { signerCommand: bundledSigner })
    const newer = await readFile(network.directoryFile)
    const altered = Buffer.from(newer)
    altered[altered.byteLength - 3] = (altered.at(-3) ?? 0) ^ 1
    expectProblem(await send(altered), 422, 'DIRECTORY_INVALID')
    expectProblem(await send(Buffer.from('không phải danh bạ')), 422, 'DIRECTORY_INVALID')
    expect((await send(newer)).json()).toMatchObject({ version: 2, stations: 2, agencies: 3 })
    expect((await ask(sender, '/v1/health')).json()).toMatchObject({ directory: { version: 2, expired: false } })
  })
})

describe('the audit log', () => {
  interface Acts {
    entries: { sequence: number; act: string; subject: string }[]
    next: number | null
  }
  const acts = async (query = '') => (await ask(sender, `/v1/audit?${query}`)).json<Acts>()

  test('is read in pages and by subject', async () => {
    const docId = await submitted(nextPacket())
    await delivered(docId)
    const first = await acts('limit=2')
    expect(first.entries.map(({ sequence }) => sequence)).toEqual([0, 1])
    expect(first.next).toBe(2)
    expect((await acts(`from=${first.next}&limit=1`)).entries.map(({ sequence }) => sequence)).toEqual([2])
    const { entries, next } = await acts(`subject=${docId}`)
    expect(entries.map(({ act }) => act)).toEqual(['accepted', 'delivered'])
    expect(next).toBeNull()
  })

  test('verifies', async () => {
    const { entries } = (await ask(sender, '/v1/audit/verify')).json<{ entries: number }>()
    expect(entries).toBeGreaterThan((await acts('limit=3')).entries.length)
  })
})

describe('every route', () => {
  test('is described, and the description is the one in docs', async () => {
    const served = (await ask(sender, '/v1/openapi.json')).bytes
    expect(JSON.parse(served.toString('utf8'))).toEqual(JSON.parse(await readFile('docs/openapi.json', 'utf8')))
  })

  test('refuses a query that it does not know', async () => {
    const { paths } = (await ask(sender, '/v1/openapi.json')).json<{ paths: Record<string, Record<string, object>> }>()
    let asked = 0
    for (const [path, methods] of Object.entries(paths)) {
      const place = path.replace(/\{\w+\}/g, path.includes('/requests/') ? 'a'.repeat(32) : 'H41')
      for (const method of Object.keys(methods)) {
        const headers: Record<string, string> = method === 'post' ? { 'content-type': 'application/json' } : {}
        const call = { method: method.toUpperCase(), headers, ...(method === 'post' ? { body: '{}' } : {}) }
        const answer = await ask(sender, `${place}?surprise=1`, call)
        expect([path, answer.json()]).toEqual([path, expect.objectContaining({ code: 'REQUEST_INVALID', status: 400 })])
        asked += 1
      }
    }
    // Not none: which there are is compared above.
    expect(asked).toBeGreaterThan(20)
  })

  test('is there, or is refused as JSON', async () => {
    expectProblem(await ask(sender, '/v1/nothing'), 404, 'REQUEST_INVALID', 'path')
    expectProblem(await ask(sender, '/v1/health', { method: 'DELETE' }), 404, 'REQUEST_INVALID', 'path')
    expect((await ask(sender, '/v1/health', { method: 'HEAD' })).status).toBe(404)
  })
})

describe('health and the PIN', () => {
  test('a station that is well', async () => {
    const { token, ...report } = (await ask(sender, '/v1/health')).json<{ token: object }>()
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    expect(report).toMatchObject({ station: 'g22', generation: 1, version, overall: 'ok', conditions: [] })
    expect(report).toMatchObject({ store: { state: 'ok' }, disk: { open: true }, peers: { known: 1 } })
    const fingerprint = certificateFingerprint(sender.station.token.certificateFile)
    expect(token).toMatchObject({ state: 'ready', label: sender.station.token.label, certificateSha256: fingerprint })
  })

  test('bodies with a PIN that are refused do not repeat it', async () => {
    const json = { 'content-type': 'application/json' }
    const bodies = ['{"pin":"7391', '{"pin":7391}', '{"pin":"7391","x":1}', '{"pin":["7391"]}', '["7391"]']
    for (const body of bodies) {
      const answer = await ask(recipient, '/v1/pin', { body, headers: json })
      expectProblem(answer, 400, 'REQUEST_INVALID', 'body')
      expect(answer.bytes.toString('utf8')).not.toContain('7391')
    }
    expectProblem(await ask(recipient, '/v1/pin', { body: 'pin=7391' }), 415, 'REQUEST_INVALID', 'application/json')
  })

  test('a wrong PIN latches, health says what to do, the right one clears it; none is ever logged', async () => {
    expectProblem(await post(recipient, '/v1/pin', { pin: '739146' }), 409, 'TOKEN_PIN_LATCHED')
    const failed = (await ask(recipient, '/v1/health')).json()
    expect(failed).toMatchObject({ overall: 'failed', token: { state: 'latched' } })
    expect(failed.conditions).toEqual([
      expect.objectContaining({ code: 'TOKEN_PIN_LATCHED', severity: 'critical' }),
      expect.objectContaining({ code: 'TOKEN_PIN_COUNT_LOW', severity: 'warning' }),
    ])
    const waiting = await ask(recipient, '/v1/documents', { body: nextPacket({ from: 'H41', to: ['G22'] }) })
    expect(waiting.status).toBe(201)
    const { docId } = waiting.json<{ docId: string }>()
    const queued = { docId, station: 'g22', state: 'sealing', agencies: ['G22'], offeredAt: 0 }
    expect((await ask(recipient, '/v1/queue')).json()).toMatchObject({ deliveries: [queued], next: null })
    const { sealing } = (await ask(recipient, '/v1/health')).json<{ sealing: { waybills: number; oldestAt: number } }>()
    expect(sealing).toMatchObject({ waybills: 1, oldestAt: expect.any(Number) })
    expectProblem(await ask(recipient, `/v1/documents/${docId}/evidence`), 409, 'EVIDENCE_NOT_READY')
    const cleared = await post(recipient, '/v1/pin', { pin: recipient.station.token.pin })
    expect(cleared.json()).toMatchObject({ state: 'ready' })
    await until(
      async () => ((await traceOf(recipient, docId)).states[0]?.state === 'delivered' ? true : undefined),
      async () => JSON.stringify(await traceOf(recipient, docId)),
    )
    expect((await ask(recipient, '/v1/health')).json()).toMatchObject({ overall: 'ok', conditions: [] })
    const log = JSON.stringify(recipient.process.lines)
    expect(log).toContain('/v1/pin')
    expect(log).not.toContain('7391')
    expect(log).not.toContain(`"${recipient.station.token.pin}"`)
  })
})

/** SHA-256 of a PEM certificate, as openssl computes it. */
function certificateFingerprint(file: string): string {
  const { stdout } = spawnSync('openssl', ['x509', '-in', file, '-noout', '-fingerprint', '-sha256'], {
    encoding: 'utf8',
  })
  return stdout.trim().replace(/^.*=/, '').replaceAll(':', '').toLowerCase()
}
