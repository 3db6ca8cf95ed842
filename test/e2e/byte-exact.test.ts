// What a backend hands in is what the recipients' backends fetch, byte for byte: every way in which real packets are written
// and sent, over two real stations. And who gets it: narrowed, widened, by old codes, after mergers, on the own station.
import { createHash } from 'node:crypto'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { digestOf } from '../fixtures/digest-of.ts'
import {
  buildPacket,
  buildStatusPacket,
  type PacketDialect,
  type PacketFields,
} from '../fixtures/edxml/build-packet.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, closedAgency, freshKit } from '../fixtures/station/lab-changes.ts'
import { type Office, officesOf } from '../fixtures/station/office.ts'
import { kitBody, kitHex, multipartBody } from '../fixtures/vxp-kit/vxp-kit.ts'

let folder: string
let sender: Office
let recipient: Office

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-bytes-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22', 'G22.1'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1', 'H41.2'] },
  ]
  // Merged into one that was itself merged into H41; and one that nobody serves any more.
  const otherAgencies = [
    closedAgency('H97', 'H98'),
    closedAgency('H98', 'H41'),
    closedAgency('H99', ''),
    agency('H90', ''),
  ]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner, otherAgencies })
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
function fieldsOf(more: Partial<PacketFields> = {}): PacketFields {
  number += 1
  return {
    dialect: 'prefixed',
    from: 'G22',
    to: ['H41', 'H41.1', 'G22.1'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Về việc số ${number} <"kiểm" & 'tra'>`,
    attachments: [{ name: `văn bản ${number}.pdf`, bytes: Buffer.from(`%PDF-1.7 số ${number}`) }],
    ...more,
  }
}

/** Bytes that neither repeat nor compress, the same for the same seed. */
function noise(seed: string, bytes: number): Buffer {
  const blocks: Buffer[] = []
  for (let at = 0; at * 64 < bytes; at++) blocks.push(createHash('sha512').update(`${seed} ${at}`).digest())
  return Buffer.concat(blocks).subarray(0, bytes)
}

const withBefore = (text: string | Buffer, packet: Buffer) => Buffer.concat([Buffer.from(text), packet])
const withAfter = (packet: Buffer, text: string) => Buffer.concat([packet, Buffer.from(text)])
const withCrLf = (packet: Buffer) => Buffer.from(packet.toString().replaceAll('\r\n', '\n').replaceAll('\n', '\r\n'))
const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf])
const ofSize = (dialect: PacketDialect, bytes: number, name = 'a.pdf') =>
  buildPacket(fieldsOf({ dialect, attachments: [{ name, bytes: noise(name + dialect, bytes) }] }))
const allKinds = [
  { name: 'gốc.pdf', bytes: noise('pdf', 3000) },
  { name: 'bảng tính.xlsx', bytes: noise('xlsx', 3000) },
  { name: 'ghi chú.txt', bytes: Buffer.from('dòng một\r\ndòng hai\r\n') },
  { name: 'rỗng.doc', bytes: Buffer.alloc(0) },
  { name: 'nén.zip', bytes: noise('zip', 300) },
]

const packets: [name: string, make: () => Buffer][] = [
  ['prefixed, base64 on one line, xlink undeclared', () => ofSize('prefixed', 3000)],
  ['plain, base64 in lines, other order', () => ofSize('plain', 3000)],
  ['prefixed, just above 64 KiB', () => ofSize('prefixed', 50_000)],
  ['plain, just above 64 KiB', () => ofSize('plain', 50_000)],
  ['prefixed, several MB', () => ofSize('prefixed', 4_000_000)],
  ['plain, several MB, zipped', () => ofSize('plain', 3_000_000, 'a.xlsx')],
  ['prefixed, every kind of attachment', () => buildPacket(fieldsOf({ attachments: allKinds }))],
  ['plain, every kind of attachment', () => buildPacket(fieldsOf({ dialect: 'plain', attachments: allKinds }))],
  ['no attachment', () => buildPacket(fieldsOf({ attachments: [] }))],
  ['a byte order mark', () => withBefore(byteOrderMark, buildPacket(fieldsOf()))],
  ['CR LF throughout, base64 lines included', () => withCrLf(ofSize('plain', 3000))],
  ['digits before the declaration', () => withBefore('1212', buildPacket(fieldsOf()))],
  [
    'byte order mark and digits',
    () => withBefore(Buffer.concat([byteOrderMark, Buffer.from('7')]), buildPacket(fieldsOf())),
  ],
  ['a Signature of XML-DSig', () => buildPacket(fieldsOf({ signature: 'xmldsig' }))],
  ['a Signature in the edXML namespace', () => buildPacket(fieldsOf({ dialect: 'plain', signature: 'edxml' }))],
  ['ends in CR LF', () => withAfter(buildPacket(fieldsOf()), '\r\n')],
  ['ends in CR LF CR LF', () => withAfter(buildPacket(fieldsOf()), '\r\n\r\n')],
  ['ends in CR', () => withAfter(buildPacket(fieldsOf()), '\r')],
  ['large, ends in CR LF', () => withAfter(ofSize('prefixed', 2_000_000), '\r\n')],
  ['comments and no DocumentId', () => withAfter(buildPacket(fieldsOf({ documentId: null })), '<!-- hết -->\n')],
]

/** Both offices' items with these bytes, by recipient agency, fetched both ways; each listed once. */
async function expectFetched(docId: string, packet: Buffer, codes: readonly string[]): Promise<void> {
  const rows = await sender.delivered(docId)
  expect(rows.map((row) => row.toCode).sort()).toEqual(codes.toSorted())
  for (const office of [sender, recipient]) {
    const listed = await itemsOf(office)
    const own = rows.filter((row) => office.station.agencyCodes.includes(row.toCode))
    for (const { toCode, receiverDocId } of own) {
      expect(listed.filter((item) => item.docId === receiverDocId)).toMatchObject([{ from: 'G22', to: toCode }])
      const kit = freshKit(office)
      // By digest: a difference of two megabytes is nothing to print.
      expect(digestOf(await kit.downloadEdoc(receiverDocId))).toBe(digestOf(packet))
      expect(digestOf(await kit.getEdoc(receiverDocId))).toBe(digestOf(packet))
      kit.close()
    }
  }
}

async function itemsOf(office: Office): Promise<Record<string, string>[]> {
  const kit = freshKit(office)
  const { data } = await kit.getReceivedEdocList({ pageSize: 1000, pageIndex: 1 })
  kit.close()
  return data
}

async function sendTo(office: Office, packet: Buffer, to?: readonly string[], from = office.code) {
  const kit = freshKit(office)
  const answer = await kit.sendEdoc(packet, { from, ...(to === undefined ? {} : { to }) })
  kit.close()
  return answer
}

describe('a packet arrives as it was handed in', () => {
  test.each(packets)('%s', async (_, make) => {
    const packet = make()
    const answer = await sendTo(sender, packet)
    expect(answer).toMatchObject({ status: 'OK', ErrorCode: '0' })
    await expectFetched(answer.DocId, packet, ['H41', 'H41.1', 'G22.1'])
  })

  const parametersOf = (hashFile: string) => ({
    ...{ from: 'G22', servicetype: 'eDoc', messagetype: 'edoc' },
    'hash-file': hashFile,
  })

  test.each([
    ['small', 3000],
    ['large', 1_000_000],
  ])('in a form with one part file_doc, %s', async (_, bytes) => {
    const packet = withAfter(ofSize('prefixed', bytes), '\r\n')
    const kit = freshKit(sender)
    const digest = createHash('sha256').update(packet).digest()
    const request = kit.prepare('sendEdoc', parametersOf(kitHex(digest)), {
      body: multipartBody(packet),
      contentType: 'multipart/form-data; boundary====1795000000000===',
    })
    const answer = JSON.parse((await kit.send(request)).body.toString())
    expect(answer).toMatchObject({ status: 'OK' })
    await expectFetched(answer.DocId, packet, ['H41', 'H41.1', 'G22.1'])
  })

  test('with a hash that lost many zeros, and with a whole one and no CR LF behind the file', async () => {
    let packet = buildPacket(fieldsOf())
    const hashOf = (bytes: Buffer) => kitHex(createHash('sha256').update(bytes).digest())
    while (hashOf(packet).length > 59) packet = buildPacket(fieldsOf())
    const first = await sendTo(sender, packet)
    const kit = freshKit(sender)
    const request = kit.prepare('sendEdoc', parametersOf(digestOf(packet)), {
      body: kitBody(packet),
      contentType: 'application/octet-stream',
    })
    const again = JSON.parse((await kit.send(request)).body.toString())
    expect(again).toMatchObject({ status: 'OK', DocId: first.DocId })
    await expectFetched(first.DocId, packet, ['H41', 'H41.1', 'G22.1'])
  })

  test.each<PacketDialect>(['prefixed', 'plain'])('a status, %s', async (dialect) => {
    const fields = fieldsOf({ to: ['H41.1'] })
    const { DocId } = await sendTo(sender, buildPacket(fields))
    await sender.delivered(DocId)
    const code = `${fields.codeNumber}/${fields.codeNotation}`
    const responseFor = { organId: 'G22', code, promulgationDate: '2026/03/16' }
    const status = buildStatusPacket({ dialect, from: 'H41.1', responseFor, statusCode: '03' })
    const kit = freshKit(recipient)
    const query = { serviceType: 'status', messageType: 'status' }
    const answer = await kit.sendEdoc(status, { from: 'H41.1', ...query })
    expect(answer).toMatchObject({ status: 'OK' })
    await expect
      .poll(async () => (await kit.getSentEdocList({ ...query, docId: answer.DocId })).data, { timeout: 30_000 })
      .toMatchObject([{ toCode: 'G22', sendStatus: 'done' }])
    const own = (await sender.received('status')).filter((item) => item.bytes.equals(status))
    expect(own).toMatchObject([{ from: 'H41.1' }])
    expect(await sender.sent(DocId)).toMatchObject([{ toCode: 'H41.1', receiveStatus: '03' }])
    kit.close()
  })
})

describe('who gets it', () => {
  test('the same bytes again: the same DocId, no second item, also after done', async () => {
    const packet = buildPacket(fieldsOf({ to: ['H41'] }))
    const { DocId } = await sendTo(sender, packet)
    const [row] = await sender.delivered(DocId)
    expect((await sendTo(sender, packet)).DocId).toBe(DocId)
    const before = await itemsOf(recipient)
    expect(before.filter((item) => item.docId === row?.receiverDocId)).toHaveLength(1)
    await freshKit(recipient).updateStatus(row?.receiverDocId ?? '', 'done')
    expect((await sendTo(sender, packet)).DocId).toBe(DocId)
    // What is sent after it has arrived: the repeat would have, too.
    const later = buildPacket(fieldsOf({ to: ['H41'] }))
    await expectFetched((await sendTo(sender, later)).DocId, later, ['H41'])
    expect((await itemsOf(recipient)).filter((item) => item.docId === row?.receiverDocId)).toEqual([])
    expect(await sender.sent(DocId)).toHaveLength(1)
  })

  test('new recipients of known bytes: only those get it', async () => {
    const packet = buildPacket(fieldsOf({ to: ['H41', 'H41.1', 'H41.2', 'G22.1'] }))
    const { DocId } = await sendTo(sender, packet, ['H41'])
    await expectFetched(DocId, packet, ['H41'])
    const [row] = await sender.sent(DocId)
    await freshKit(recipient).updateStatus(row?.receiverDocId ?? '', 'done')
    expect((await sendTo(sender, packet, ['H41', 'H41.1'])).DocId).toBe(DocId)
    await expect.poll(() => sender.sent(DocId), { timeout: 30_000 }).toHaveLength(2)
    const rows = await sender.delivered(DocId)
    expect(rows.map((one) => one.toCode).sort()).toEqual(['H41', 'H41.1'])
    expect((await sendTo(sender, packet)).DocId).toBe(DocId)
    const all = await sender.delivered(DocId)
    expect(all.map((one) => one.toCode).sort()).toEqual(['G22.1', 'H41', 'H41.1', 'H41.2'])
    const own = (await recipient.received()).filter((item) => item.bytes.equals(packet))
    const wanted = all.filter((one) => ['H41.1', 'H41.2'].includes(one.toCode)).map((one) => one.receiverDocId)
    expect(own.map((item) => item.docId).sort()).toEqual(wanted.sort())
  })

  test('old codes and closed agencies: one item for whoever they are today', async () => {
    const packet = buildPacket(fieldsOf({ from: '000.00.00.G22', to: ['000.00.00.H41', 'H41', 'H97', 'H98'] }))
    const { DocId } = await sendTo(sender, packet, undefined, '000.00.00.G22')
    await expectFetched(DocId, packet, ['H41'])
    const status = await sendTo(sender, packet, ['H97'])
    expect(status.DocId).toBe(DocId)
    expect(await sender.sent(DocId)).toHaveLength(1)
  })

  test('codes that lead nowhere are all named, and nobody gets it', async () => {
    const packet = buildPacket(fieldsOf({ to: ['H41', 'H99', 'H90', 'Z77'] }))
    const answer = await sendTo(sender, packet)
    expect(answer).toMatchObject({ status: 'FAIL', ErrorCode: '18', DocId: '' })
    for (const code of ['H99', 'H90', 'Z77']) expect(answer.ErrorDesc).toContain(code)
    expect(answer.ErrorDesc).not.toContain('H41')
    const { DocId } = await sendTo(sender, packet, ['H41'])
    await expectFetched(DocId, packet, ['H41'])
  })
})

test('nothing is left half done on the disks', async () => {
  for (const { station } of [sender, recipient]) {
    expect(await readdir(dataPaths(station.dataFolder).incoming)).toEqual([])
  }
})
