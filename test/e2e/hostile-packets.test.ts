// A real station under packets and requests that nobody should send: each is refused with its number and a text that says
// what is wrong and where; no byte of it stays, and nothing leaves.

import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import http from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { buildPacket, type PacketFields } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { freshKit, setOption } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf } from '../fixtures/station/office.ts'
import { type KitRequest, kitBody, kitTimestamp, multipartBody, VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'

const maxPacketBytes = 1024 * 1024
let folder: string
let office: Office

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-hostile-'))
  const wishes = [{ id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22', 'G22.1'] }]
  const [first] = officesOf(await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner }))
  if (first === undefined) throw new Error('an office was asked for')
  office = first
  await setOption(office.station, 'store', 'max_packet_bytes', maxPacketBytes)
  await office.process.start()
})

afterAll(async () => {
  await office?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

const validFields: PacketFields = {
  dialect: 'prefixed',
  from: 'G22',
  to: ['G22.1'],
  codeNumber: '12',
  codeNotation: 'CT-TTg',
  subject: 'Về việc kiểm tra',
  attachments: [{ name: 'văn bản.pdf', bytes: Buffer.from('%PDF-1.7 một văn bản đủ dài để bị cắt giữa chừng') }],
}
const valid = buildPacket(validFields)

/** `valid` with the first `from` replaced; fails when there is none, lest a case test nothing. */
function replaced(from: string | RegExp, to: string): Buffer {
  const text = valid.toString()
  const other = text.replace(from, () => to)
  if (other === text) throw new Error(`the packet does not hold ${from}`)
  return Buffer.from(other)
}

const laughs = [
  '<!DOCTYPE edXML [',
  '<!ENTITY a "ha">',
  ...'bcdefgh'.split('').map((name, at) => `<!ENTITY ${name} "${`&${'abcdefgh'[at]};`.repeat(10)}">`),
  ']>',
].join('')
const nested = (depth: number) => `${'<x>'.repeat(depth)}${'</x>'.repeat(depth)}`
const inDeclaration = (text: string) => replaced('?>', `?>${text}`)

const refusals: [name: string, packet: Buffer, number: string, text: RegExp][] = [
  ['cut in the middle', valid.subarray(0, valid.length >> 1), '22', /dòng \d+.*PACKET_/],
  ['cut behind the envelope', valid.subarray(0, valid.indexOf('</edXML:edXMLEnvelope>') + 22), '22', /dòng \d+/],
  ['empty', Buffer.alloc(0), '22', /PACKET_MALFORMED/],
  ['not XML at all', Buffer.from('%PDF-1.7 không phải XML'), '22', /dòng 1, cột \d+.*PACKET_MALFORMED/],
  [
    'not UTF-8',
    Buffer.from(valid.toString('latin1').replace('CT-TTg', 'CT\xff'), 'latin1'),
    '22',
    /UTF-8.*PACKET_MALFORMED/,
  ],
  ['a DOCTYPE', inDeclaration('<!DOCTYPE edXML>'), '22', /DOCTYPE\) tại dòng 1.*PACKET_FORBIDDEN_CONSTRUCT/],
  ['a billion laughs', inDeclaration(laughs), '22', /bị cấm.*dòng 1.*PACKET_FORBIDDEN_CONSTRUCT/],
  [
    'an external entity',
    inDeclaration('<!DOCTYPE edXML [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
    '22',
    /PACKET_FORBIDDEN_CONSTRUCT/,
  ],
  ['an entity that nobody declares', replaced('Về việc', '&x; Về việc'), '22', /dòng \d+, cột \d+.*PACKET_/],
  [
    'nested deeply',
    replaced('<edXML:edXMLHeader>', `<edXML:edXMLHeader>${nested(20_000)}`),
    '22',
    /maxDepth = \d+ tại dòng \d+.*PACKET_LIMIT_EXCEEDED/,
  ],
  [
    'ten thousand attributes',
    replaced(
      '<edXML:edXMLHeader>',
      `<edXML:edXMLHeader ${Array.from({ length: 10_000 }, (_, at) => `a${at}=""`).join(' ')}>`,
    ),
    '22',
    /max\w+ = \d+ tại dòng \d+.*PACKET_LIMIT_EXCEEDED/,
  ],
  [
    'a subject of half a megabyte',
    buildPacket({ ...validFields, subject: 'dài '.repeat(100_000) }),
    '22',
    /dòng \d+.*PACKET_LIMIT_EXCEEDED/,
  ],
  ['another root', replaced(/<edXML:edXML /, '<edXML:html '), '22', /dòng \d+/],
  ['no sender', replaced(/<edXML:From>[\s\S]*?<\/edXML:From>/, ''), '22', /From.*PACKET_FIELD_MISSING/],
  ['no recipient', replaced(/<edXML:To>[\s\S]*?<\/edXML:To>/, ''), '22', /To.*PACKET_FIELD_MISSING/],
  [
    'no subject',
    replaced(/<edXML:Subject>.*<\/edXML:Subject>/, ''),
    '22',
    /Subject \(dòng \d+\).*PACKET_FIELD_MISSING/,
  ],
  [
    'two senders',
    replaced('</edXML:From>', '</edXML:From><edXML:From><edXML:OrganId>G22</edXML:OrganId></edXML:From>'),
    '22',
    /From.*dòng \d+/,
  ],
  [
    'base64 that is none',
    replaced(/(?<=ContentTransferEncoded>)..../, '?!?!'),
    '22',
    /dòng \d+.*PACKET_ATTACHMENT_INVALID/,
  ],
  [
    'an attachment that the manifest does not name',
    replaced(/(?<=Reference.*>\s*<edXML:ContentId>)cid:/, 'cid:x'),
    '22',
    /PACKET_ATTACHMENT_INVALID/,
  ],
  [
    'no date',
    replaced(/<edXML:PromulgationDate>.*<\/edXML:PromulgationDate>/, ''),
    '22',
    /PromulgationDate \(dòng \d+\).*PACKET_FIELD_MISSING/,
  ],
  [
    'a secrecy mark in the subject',
    buildPacket({ ...validFields, subject: 'Kế hoạch (MẬT)' }),
    '22',
    /Subject.*"MẬT".*QĐ 28\/2018/,
  ],
  [
    'a secrecy mark in a file name',
    buildPacket({ ...validFields, attachments: [{ name: 'TỐI MẬT.pdf', bytes: Buffer.from('%PDF') }] }),
    '22',
    /AttachmentName.*"TỐI MẬT"/,
  ],
  [
    'a secrecy suffix of the notation',
    buildPacket({ ...validFields, codeNotation: 'QĐ-UBND-TuM' }),
    '22',
    /CodeNotation.*PACKET_STATE_SECRET/,
  ],
  ['another agency as its sender', buildPacket({ ...validFields, from: 'H41' }), '19', /H41/],
  ['an unknown recipient', buildPacket({ ...validFields, to: ['G22.1', 'Z99'] }), '18', /Z99.*RECIPIENT_UNKNOWN/],
]

/** No temporary file, no packet, no document, no item. */
async function expectNothingTaken(): Promise<void> {
  const { incoming, packets } = dataPaths(office.station.dataFolder)
  const kit = freshKit(office)
  await expect.poll(() => readdir(incoming)).toEqual([])
  const files = existsSync(packets) ? await readdir(packets, { recursive: true, withFileTypes: true }) : []
  expect(files.filter((file) => file.isFile())).toEqual([])
  expect((await kit.getSentEdocList({ pageSize: 1000, pageIndex: 1 })).data).toEqual([])
  expect((await kit.getReceivedEdocList({ pageSize: 1000, pageIndex: 1 })).data).toEqual([])
  kit.close()
}

describe('packets', () => {
  afterEach(expectNothingTaken)

  test.each(refusals)('%s', async (_, packet, number, text) => {
    const kit = freshKit(office)
    const answer = await kit.sendEdoc(packet, { from: 'G22' })
    expect(answer).toMatchObject({ status: 'FAIL', ErrorCode: number, DocId: '' })
    expect(answer.ErrorDesc).toMatch(text)
    kit.close()
  })

  test('large, and wrong only at its end', async () => {
    const attachments = [{ name: 'a.pdf', bytes: Buffer.alloc(500_000, 'nội dung ') }]
    const large = buildPacket({ ...validFields, attachments })
    const kit = freshKit(office)
    const answer = await kit.sendEdoc(large.subarray(0, -12), { from: 'G22' })
    expect(answer).toMatchObject({ status: 'FAIL', ErrorCode: '22' })
    expect(answer.ErrorDesc).toMatch(/dòng \d+/)
  })

  test('another file than the signed hash names', async () => {
    const kit = freshKit(office)
    const request = await kit.prepareSend(valid, { from: 'G22' })
    request.body = kitBody(Buffer.concat([replaced('kiểm tra', 'kiểm trA'), Buffer.from('\r\n')]))
    expect(await jsonOf(kit, request)).toMatchObject({
      status: 'FAIL',
      ErrorCode: '10',
      ErrorDesc: expect.stringMatching(/hash-file.*PACKET_HASH_MISMATCH/),
    })
  })

  const oversized = () =>
    buildPacket({ ...validFields, attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(maxPacketBytes, 'x') }] })
  const tooLarge = { status: 'FAIL', ErrorCode: '10', ErrorDesc: expect.stringMatching(/PACKET_TOO_LARGE/) }

  test('too large, and says so', async () => {
    expect(await freshKit(office).sendEdoc(oversized(), { from: 'G22' })).toMatchObject(tooLarge)
  })

  test('too large, in a form that does not say how large the file is', async () => {
    const kit = freshKit(office)
    const packet = oversized()
    await kit.prepareSend(packet, { from: 'G22' })
    const request = kit.prepare(
      'sendEdoc',
      {},
      { body: multipartBody(packet), contentType: 'multipart/form-data; boundary====1795000000000===' },
    )
    expect(await jsonOf(kit, request)).toMatchObject(tooLarge)
  })

  test('too large, in chunks of no declared length', async () => {
    const packet = oversized()
    const request = await freshKit(office).prepareSend(packet, { from: 'G22' })
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const outgoing = http.request(request.url, {
      method: 'POST',
      headers: { ...Object.fromEntries(request.headers), 'Transfer-Encoding': 'chunked' },
    })
    outgoing.on('error', reject)
    outgoing.on('response', (incoming) => {
      incoming.setEncoding('utf8').on('data', resolve)
    })
    outgoing.end(packet)
    expect(JSON.parse(await promise)).toMatchObject(tooLarge)
    outgoing.destroy()
  })

  test('a connection that ends in the middle of the body', async () => {
    const packet = buildPacket({ ...validFields, attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(500_000, 'x') }] })
    const request = await freshKit(office).prepareSend(packet, { from: 'G22' })
    const socket = net.connect(office.station.vxpPort, office.station.host)
    const head = [
      'POST /tram/sendEdoc HTTP/1.1',
      'Host: x',
      ...request.headers.map(([name, value]) => `${name}: ${value}`),
    ]
    socket.write(`${head.join('\r\n')}\r\nContent-Length: ${packet.length + 2}\r\n\r\n`)
    const incoming = dataPaths(office.station.dataFolder).incoming
    socket.write(packet.subarray(0, 300_000))
    await expect.poll(() => readdir(incoming)).not.toEqual([])
    socket.destroy()
  })
})

describe('requests', () => {
  const refused = { status: 'FAIL', ErrorCode: '15', ErrorDesc: expect.stringMatching(/CREDENTIALS_REFUSED/) }
  let itemId: string

  test('(a document for the ones below)', async () => {
    const docId = await office.send(valid)
    const [row] = await office.delivered(docId)
    itemId = row?.receiverDocId ?? ''
    expect(itemId).not.toBe('')
  })

  test('altered, unsigned, of an unknown system, from long ago', async () => {
    const changes: ((kit: VxpKit, request: KitRequest) => void)[] = [
      (_, request) => put(request, 'XroadVnpt-from', 'G22.1'),
      (_, request) => put(request, 'XroadVnpt-hash-header', '00'.repeat(32)),
      (_, request) => {
        request.headers = request.headers.filter(([name]) => name !== 'XroadVnpt-hash-header')
      },
      (_, request) => {
        request.headers = request.headers.filter(([name]) => !name.startsWith('XroadVnpt-sign'))
      },
      (kit, request) => resign(kit, request, 'systemid', 'qlvb-khác'),
      (kit, request) => resign(kit, request, 'timestamp', kitTimestamp(new Date(Date.now() - 3 * 86_400_000))),
      (kit, request) => resign(kit, request, 'timestamp', kitTimestamp(new Date(Date.now() + 3 * 86_400_000))),
    ]
    const other = buildPacket({ ...validFields, codeNumber: '13' })
    for (const change of changes) {
      const kit = freshKit(office)
      const request = await kit.prepareSend(other, { from: 'G22' })
      change(kit, request)
      expect(await jsonOf(kit, request)).toMatchObject(refused)
      kit.close()
    }
    const stranger = new VxpKit({ endpoint: office.endpoint, ...office.station.backend, secret: 'đoán' })
    expect(await stranger.getReceivedEdocList()).toMatchObject({ ...refused, data: [] })
    expect((await freshKit(office).getSentEdocList()).data).toHaveLength(1)
  })

  test('a captured getEdoc does not become an updateStatus', async () => {
    const captured = freshKit(office).prepare('getEdoc', { docId: itemId }, { body: kitBody('{}') })
    const turned = { ...captured, url: captured.url.replace('getEdoc', 'updateStatus') }
    turned.headers = [...captured.headers, ['XroadVnpt-status', 'done']]
    const kit = freshKit(office)
    expect(await jsonOf(kit, turned)).toMatchObject({ status: 'FAIL' })
    expect((await kit.getReceivedEdocList()).data).toMatchObject([{ docId: itemId, status: 'initial' }])
    expect(await kit.updateStatus(itemId, 'done')).toMatchObject({ status: 'OK' })
    expect((await kit.getReceivedEdocList()).data).toEqual([])
  })
})

async function jsonOf(kit: VxpKit, request: KitRequest): Promise<Record<string, unknown>> {
  return JSON.parse((await kit.send(request)).body.toString())
}

function put(request: KitRequest, name: string, value: string): void {
  request.headers = request.headers.map(([known, old]): [string, string] => [known, known === name ? value : old])
}

function resign(kit: VxpKit, request: KitRequest, name: string, value: string): void {
  kit.parameters.set(name, value)
  kit.sign(request)
}
