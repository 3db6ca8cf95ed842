// Reception against peers that a test plays: each check in its order, what is stored when one fails, dedupe, recalls, and
// what others than the sender can do with a waybill that they have (nothing).

import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { hex, inboxItemId, sha256 } from '../../../src/document/document-id.ts'
import { Outcome, parseReceipt } from '../../../src/document/receipt.ts'
import { PacketKind } from '../../../src/document/schema/waybill.ts'
import { encodeWaybill, type Waybill } from '../../../src/document/waybill.ts'
import { ackNoteMs } from '../../../src/exchange/receive/outgoing-receipts.ts'
import { InboundRecord, InboundState } from '../../../src/exchange/schema/records.ts'
import { MemorySpace } from '../../contract/memory-space.ts'
import { buildPacket, buildStatusPacket, type PacketFields } from '../../fixtures/edxml/build-packet.ts'
import {
  backendOf,
  type LoneOptions,
  LoneStation,
  type PlayedOffer,
  RecordedLink,
} from '../../fixtures/exchange/lone-station.ts'
import { agencyEntry, dayMs, peerIdOf, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'

const documentPacket = (to: string[], changes: Partial<PacketFields> = {}) =>
  buildPacket({
    dialect: 'plain',
    from: 'H01',
    to,
    codeNumber: '12',
    codeNotation: 'UBND',
    subject: 'Giấy mời',
    ...changes,
  })
const bulky = (to: string[]) =>
  documentPacket(to, { attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(1_800_000, 7) }] })

describe('reception', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation
  const stations: LoneStation[] = []

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01', 'H01.1'], two: ['H02', 'H02.1'], three: ['H03'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-reception-'))
    station = await started()
  })
  afterEach(async () => {
    for (const one of stations.splice(0)) await one.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function started(options: Partial<LoneOptions> = {}): Promise<LoneStation> {
    const one = await LoneStation.start({ world, id: 'two', folder: join(folder, `${stations.length}`), ...options })
    stations.push(one)
    return one
  }
  const played = (
    packet: Uint8Array,
    changes: Partial<Waybill> = {},
    offer: Partial<PlayedOffer> = {},
  ): PlayedOffer => {
    const waybill = world.waybill(packet, { station: 'one', senderAgency: 'H01', recipients: ['H02'], ...changes })
    return { waybill, packet, agencies: ['H02'], ...offer }
  }
  const verdictsOf = async (waybill: Waybill) => {
    const inbound = await station.inbound(waybill)
    if (inbound === undefined || inbound.receipt.byteLength === 0) return undefined
    return parseReceipt(inbound.receipt).verdicts.map(({ agency, outcome, code }) =>
      `${agency} ${outcome} ${code}`.trim(),
    )
  }
  const listed = async (code: string, kind: 'document' | 'status' = 'document') =>
    station.desk.listReceived({ backend: backendOf(code), kind, fromMs: null, toMs: null, pageIndex: 1, pageSize: 100 })
  /** That nothing of this waybill is in the records. */
  const expectNoTrace = async (waybill: Waybill) => {
    const digest = hex(sha256(encodeWaybill(waybill)))
    for (const namespace of ['inbound', 'arriving', 'waybill', 'toseal', 'item', 'packet', 'cms']) {
      expect([namespace, await station.keys(namespace)]).toEqual([namespace, []])
    }
    expect(digest).toHaveLength(64)
  }
  const lastAnswer = (link: RecordedLink) => link.sent.at(-1)

  it('takes a document: listed for its agency, packet readable, receipt due, all in one commit', async () => {
    const link = await station.link('one')
    const packet = documentPacket(['H02'])
    const offer = played(packet)
    expect(await station.deliver(link, offer)).toBe('stored')
    expect(await verdictsOf(offer.waybill)).toEqual([`H02 ${Outcome.STORED}`])
    const [item] = await listed('H02')
    expect(item).toMatchObject({
      itemId: inboxItemId('one', 'H01', sha256(packet), 'H02'),
      from: 'H01',
      to: 'H02',
      mark: 'initial',
      resend: 0,
      recalled: false,
    })
    const opened = await station.desk.openItem(backendOf('H02'), item?.itemId ?? '')
    const bytes: Uint8Array[] = []
    for await (const piece of opened.bytes) bytes.push(piece)
    expect(Buffer.concat(bytes).equals(packet)).toBe(true)
    expect(await station.keys('toseal')).toHaveLength(1)
    expect(await station.keys('arriving')).toEqual([])
    expect(station.space.reservedBytes).toBe(0)
  })

  describe('refuses, in this order,', () => {
    it('1: a peer that the directory does not name, before it may say a word', async () => {
      expect(await station.switchboard.admitPeer(peerIdOf('nobody'))).toBe(false)
      expect(await station.switchboard.admitPeer(peerIdOf('one'))).toBe(true)
      const stranger = new RecordedLink(peerIdOf('nobody'))
      station.switchboard.onOpen(stranger)
      while (!stranger.closed.aborted) await new Promise(setImmediate)
      expect(stranger.closeReason).toBe('the directory does not name this peer')
      expect(station.switchboard.connected().size).toBe(0)
    })

    it.each<[string, (packet: Uint8Array) => PlayedOffer]>([
      ['that is malformed', (packet) => played(packet, { chunkDigests: [] })],
      ['of a version that nobody knows', (packet) => played(packet, { version: 2 })],
      [
        'when the offer asks for agencies that it does not name',
        (packet) => played(packet, {}, { agencies: ['H02', 'H02.1'] }),
      ],
      ['when the offer asks for no agency', (packet) => played(packet, {}, { agencies: [] })],
      ['when the offer asks for an agency twice', (packet) => played(packet, {}, { agencies: ['H02', 'H02'] })],
    ])('2: a waybill %s, unsealed and without a trace', async (_, make) => {
      const link = await station.link('one')
      // The seal is wrong as well: it is not what is complained of.
      const offer = { ...make(documentPacket(['H02'])), seal: Buffer.alloc(10) }
      expect(await station.deliver(link, offer)).toBe('reject')
      expect(lastAnswer(link)?.reject).toMatchObject({ code: 'WAYBILL_INVALID' })
      await expectNoTrace(offer.waybill)
    })

    it.each<[string, (offer: PlayedOffer) => PlayedOffer]>([
      ['noise', (offer) => ({ ...offer, seal: randomBytes(200) })],
      [
        'a seal over other bytes',
        (offer) => ({ ...offer, seal: world.seal('one', { type: 'waybill', leaves: [Buffer.from('another')] }) }),
      ],
      [
        'a seal over these bytes as a receipt',
        (offer) => ({ ...offer, seal: world.seal('one', { type: 'receipt', leaves: [encodeWaybill(offer.waybill)] }) }),
      ],
      ['the seal of another station', (offer) => ({ ...offer, sealedBy: 'three' })],
    ])('3: %s, unsealed and without a trace, though the sender is unknown as well', async (_, change) => {
      const link = await station.link('three')
      const offer = change(played(documentPacket(['H02']), { senderAgency: 'H99' }))
      expect(await station.deliver(link, offer)).toBe('reject')
      expect(lastAnswer(link)?.reject).toMatchObject({ code: 'SEAL_INVALID' })
      await expectNoTrace(offer.waybill)
    })

    it.each<[string, Partial<Parameters<TestWorld['seal']>[1]>, boolean]>([
      ['of a certificate that the directory does not list for this station', {}, false],
      ['from more than five minutes ahead', { statement: { time: startMs + 301_000 } }, false],
      ['of a generation that the directory does not list yet', { statement: { generation: 2 } }, false],
    ])('3: a seal %s for now only, without a trace', async (name, seal, reseal) => {
      const link = await station.link('one')
      const offer = played(documentPacket(['H02']))
      const signer = name.startsWith('of a certificate') ? await world.pki.issue({ commonName: 'one' }) : undefined
      const bytes = world.seal('one', {
        type: 'waybill',
        leaves: [encodeWaybill(offer.waybill)],
        ...seal,
        ...(signer === undefined ? {} : { signer }),
      })
      expect(await station.deliver(link, { ...offer, seal: bytes })).toBe('temporary')
      expect(lastAnswer(link)?.temporary).toMatchObject({ code: 'SEAL_INVALID', reseal })
      await expectNoTrace(offer.waybill)
      expect(await station.deliver(link, offer)).toBe('stored')
    })

    it('3: a seal from five minutes ahead is taken', async () => {
      const link = await station.link('one')
      const offer = played(documentPacket(['H02']))
      const seal = world.seal('one', {
        type: 'waybill',
        leaves: [encodeWaybill(offer.waybill)],
        statement: { time: startMs + 300_000 },
      })
      expect(await station.deliver(link, { ...offer, seal })).toBe('stored')
    })

    it('3: a certificate that has expired by now, asking for a new seal', async () => {
      const leaf = await world.pki.issue({ commonName: 'one', notAfter: new Date(startMs + dayMs) })
      const der = Buffer.from(leaf.certificateDer)
      const certificates = [{ sha256: Buffer.from(sha256(der)), der }, ...world.stationEntry('one').certificates]
      await station.useDirectory(2, world.entries([{ station: world.stationEntry('one', { certificates }) }]))
      const link = await station.link('one')
      const offer = played(documentPacket(['H02']))
      const seal = world.seal('one', { type: 'waybill', leaves: [encodeWaybill(offer.waybill)], signer: leaf })
      station.clock.jump(startMs + dayMs + 1)
      expect(await station.deliver(link, { ...offer, seal })).toBe('temporary')
      expect(lastAnswer(link)?.temporary).toMatchObject({ code: 'SEAL_INVALID', reseal: true })
      await expectNoTrace(offer.waybill)
    })

    it('4: a sender agency of another station than sealed, for good', async () => {
      const link = await station.link('one')
      const offer = played(documentPacket(['H02'], { from: 'H03' }), { senderAgency: 'H03' })
      expect(await station.deliver(link, offer)).toBe('known')
      expect(await verdictsOf(offer.waybill)).toEqual([`H02 ${Outcome.REFUSED} SENDER_NOT_ALLOWED`])
      expect(link.all('want')).toEqual([])
      expect(await listed('H02')).toEqual([])
    })

    it('4: is about the station that sealed, not the one that delivers', async () => {
      const carrier = await station.link('three')
      const offer = played(documentPacket(['H02']))
      expect(await station.deliver(carrier, offer)).toBe('stored')
      expect(await verdictsOf(offer.waybill)).toEqual([`H02 ${Outcome.STORED}`])
    })

    it('4: a waybill past its time, for now only: its sender lets it expire, by its own clock', async () => {
      const link = await station.link('one')
      const offer = played(documentPacket(['H02']), { notAfter: startMs + 1000 })
      station.clock.advance(1001)
      expect(await station.deliver(link, offer)).toBe('temporary')
      expect(lastAnswer(link)?.temporary).toMatchObject({ code: 'DELIVERY_EXPIRED', retryAfterMs: 60_000 })
      expect(await station.inbound(offer.waybill)).toBeUndefined()
      station.clock.jump(startMs)
      expect(await station.deliver(link, offer)).toBe('stored')
    })

    it.each<[string, Partial<Waybill>]>([
      ['the sender', { senderAgency: 'H01.9' }],
      ['an agency', { recipients: ['H02', 'H02.9'] }],
    ])('4: %s that only a newer directory knows, for now only and without a trace', async (_, changes) => {
      const ahead = await station.link('one', { directoryVersion: 2 })
      const offer = played(documentPacket(['H02', 'H02.9'], { from: 'H01.9' }), { senderAgency: 'H01.9', ...changes })
      const asking = { ...offer, agencies: offer.waybill.recipients }
      expect(await station.deliver(ahead, asking)).toBe('temporary')
      await expectNoTrace(offer.waybill)
      await station.useDirectory(
        2,
        world.entries([{ agency: agencyEntry('H01.9', 'one') }, { agency: agencyEntry('H02.9', 'two') }]),
      )
      expect(await station.deliver(ahead, asking)).toBe('stored')
    })

    it.each<[string, (packet: Buffer) => Buffer]>([
      ['other bytes', (packet) => Buffer.from(packet.toString('utf8').replace('mời', 'mới'))],
      ['fewer bytes', (packet) => packet.subarray(0, -1)],
      ['more bytes', (packet) => Buffer.concat([packet, Buffer.alloc(1)])],
    ])('5: %s than the waybill promises, for now only; the true bytes are taken after that', async (_, change) => {
      const carrier = await station.link('three')
      const packet = documentPacket(['H02'])
      const offer = played(packet)
      expect(await station.deliver(carrier, { ...offer, packet: change(packet) })).toBe('temporary')
      expect(await verdictsOf(offer.waybill)).toBeUndefined()
      expect([await listed('H02'), station.space.reservedBytes]).toEqual([[], 0])
      const link = await station.link('one')
      expect(await station.deliver(link, offer)).toBe('stored')
      expect(await listed('H02')).toHaveLength(1)
    })

    it.each<[string, Uint8Array, Partial<Waybill>]>([
      ['PACKET_NOT_XML', Buffer.from('not a packet at all'), {}],
      ['SENDER_MISMATCH', documentPacket(['H02'], { from: 'H01.1' }), {}],
      ['RECIPIENT_UNKNOWN', documentPacket(['H03']), {}],
      ['WAYBILL_INVALID', documentPacket(['H02']), { kind: PacketKind.STATUS }],
      [
        'WAYBILL_INVALID',
        buildStatusPacket({
          dialect: 'plain',
          from: 'H01',
          statusCode: '03',
          responseFor: { organId: 'H02', code: '1/A', promulgationDate: '2026/03/16' },
        }),
        {},
      ],
    ])('6: content that is not what the waybill says (%s), for good', async (code, packet, changes) => {
      const link = await station.link('one')
      const offer = played(packet, changes)
      expect(await station.deliver(link, offer)).toBe('known')
      const [verdict] = (await verdictsOf(offer.waybill)) ?? []
      if (code === 'PACKET_NOT_XML') expect(verdict).toMatch(/^H02 REFUSED PACKET_/)
      else expect(verdict).toBe(`H02 ${Outcome.REFUSED} ${code}`)
      expect([await listed('H02'), await station.keys('packetref'), station.space.reservedBytes]).toEqual([[], [], 0])
      // The verdict stands, and is repeated without asking for the bytes again.
      expect(await station.deliver(link, offer)).toBe('known')
      expect(link.all('want')).toHaveLength(1)
    })
  })

  describe('cannot be turned against a sender by others who have its waybill:', () => {
    it('a wrong seal beside the true waybill is not remembered', async () => {
      const poisoner = await station.link('three')
      const offer = played(documentPacket(['H02']))
      expect(await station.deliver(poisoner, { ...offer, seal: randomBytes(300) })).toBe('reject')
      expect(await station.deliver(poisoner, { ...offer, sealedBy: 'three' })).toBe('reject')
      const link = await station.link('one')
      expect(await station.deliver(link, offer)).toBe('stored')
    })

    it('an offer that leaves out one of our agencies decides for it as well', async () => {
      const poisoner = await station.link('three')
      const packet = documentPacket(['H02', 'H02.1', 'H03'])
      const offer = played(packet, { recipients: ['H02', 'H02.1', 'H03'] })
      expect(await station.deliver(poisoner, { ...offer, agencies: ['H02'] })).toBe('stored')
      const link = await station.link('one')
      expect(await station.deliver(link, { ...offer, agencies: ['H02', 'H02.1'] })).toBe('known')
      expect(await verdictsOf(offer.waybill)).toEqual([`H02 ${Outcome.STORED}`, `H02.1 ${Outcome.STORED}`])
      expect([(await listed('H02')).length, (await listed('H02.1')).length]).toEqual([1, 1])
    })

    it('an offer that asks only about foreign agencies does not answer for ours', async () => {
      const poisoner = await station.link('three')
      const offer = played(documentPacket(['H02', 'H03']), { recipients: ['H02', 'H03'] })
      expect(await station.deliver(poisoner, { ...offer, agencies: ['H03'] })).toBe('stored')
      expect(await verdictsOf(offer.waybill)).toEqual([
        `H02 ${Outcome.STORED}`,
        `H03 ${Outcome.REFUSED} RECIPIENT_UNKNOWN`,
      ])
    })

    it('a refusal of agencies that are not ours says nothing yet about others that are asked later', async () => {
      const poisoner = await station.link('three')
      const offer = played(documentPacket(['H09', 'H03']), { recipients: ['H09', 'H03'] })
      expect(await station.deliver(poisoner, { ...offer, agencies: ['H03'] })).toBe('known')
      const link = await station.link('one')
      expect(await station.deliver(link, { ...offer, agencies: ['H09'] })).toBe('known')
      expect((await verdictsOf(offer.waybill))?.sort()).toEqual([
        `H03 ${Outcome.REFUSED} RECIPIENT_UNKNOWN`,
        `H09 ${Outcome.REFUSED} RECIPIENT_UNKNOWN`,
      ])
      // The poisoner cannot push it back: what it asks is answered already.
      const receipts = (await station.keys('toseal')).length
      expect(await station.deliver(poisoner, { ...offer, agencies: ['H03'] })).toBe('known')
      expect((await station.keys('toseal')).length).toBe(receipts)
    })

    it('an offer of another station leaves the sender’s alone, and the sender’s displaces one of another', async () => {
      const link = await station.link('one')
      const packet = bulky(['H02'])
      const offer = played(packet)
      const transfer = station.offer(link, offer)
      await link.next('want')
      station.switchboard.onData(link, 'bulk', transfer, 0, packet.subarray(0, 1000), () => undefined)
      const poisoner = await station.link('three')
      expect(await station.deliver(poisoner, offer)).toBe('temporary')
      expect(link.all('temporary')).toEqual([])
      station.switchboard.onMessage(link, { cancel: { transfer, code: 'PACKET_DAMAGED' } })
      const poisoned = station.offer(poisoner, offer)
      await poisoner.next('want')
      expect(await station.deliver(link, offer)).toBe('stored')
      expect(await poisoner.next('temporary')).toMatchObject({ transfer: poisoned, code: 'OVERLOADED' })
    })
  })

  it('gives verdicts on foreign agencies beside ours, and asks for bytes once for two agencies', async () => {
    const link = await station.link('one')
    const offer = played(documentPacket(['H02', 'H02.1', 'H03', 'H01.1']), {
      recipients: ['H02', 'H02.1', 'H03', 'H01.1'],
    })
    expect(await station.deliver(link, { ...offer, agencies: ['H02', 'H02.1', 'H03'] })).toBe('stored')
    expect(await verdictsOf(offer.waybill)).toEqual([
      `H02 ${Outcome.STORED}`,
      `H02.1 ${Outcome.STORED}`,
      `H03 ${Outcome.REFUSED} RECIPIENT_UNKNOWN`,
    ])
    const [one] = await listed('H02')
    const [other] = await listed('H02.1')
    expect(one?.itemId).not.toBe(other?.itemId)
    expect(link.all('want')).toHaveLength(1)
    expect(await station.keys('packetref')).toHaveLength(2)
  })

  it('resolves old codes and successors of its agencies', async () => {
    const closed = { validity: { from: 0, until: startMs }, successor: 'H02' }
    await station.useDirectory(
      2,
      world.entries([
        { agency: agencyEntry('H02', 'two', { code102: '000.00.02.H02' }) },
        { agency: agencyEntry('H02.5', 'two', closed) },
      ]),
    )
    const link = await station.link('one', { directoryVersion: 2 })
    const packet = documentPacket(['H02.5'])
    const offer = played(packet, { recipients: ['H02.5'] }, { agencies: ['H02.5'] })
    expect(await station.deliver(link, offer)).toBe('stored')
    expect(await verdictsOf(offer.waybill)).toEqual([`H02.5 ${Outcome.STORED}`])
    expect(await listed('000.00.02.H02')).toHaveLength(1)
  })

  describe('dedupe', () => {
    it('lists two waybills of one packet once, and answers each', async () => {
      const link = await station.link('one')
      const packet = documentPacket(['H02', 'H02.1'])
      const first = played(packet)
      const again = played(packet, { attempt: 1, salt: Buffer.alloc(32, 1) })
      expect(await station.deliver(link, first)).toBe('stored')
      expect(await station.deliver(link, again)).toBe('stored')
      expect(link.all('want')).toHaveLength(1)
      expect(await verdictsOf(again.waybill)).toEqual([`H02 ${Outcome.STORED}`])
      const other = played(packet, { recipients: ['H02.1'], salt: Buffer.alloc(32, 2) }, { agencies: ['H02.1'] })
      expect(await station.deliver(link, other)).toBe('stored')
      expect([(await listed('H02')).length, (await listed('H02.1')).length]).toEqual([1, 1])
    })

    it('lists once when two waybills of one packet arrive together', async () => {
      const link = await station.link('one')
      const packet = documentPacket(['H02'])
      const offers = [1, 2, 3, 4].map((salt) => played(packet, { salt: Buffer.alloc(32, salt) }))
      const transfers = offers.map((offer) => station.offer(link, offer))
      for (let wants = 0; wants < 4; wants++) {
        const { transfer } = await link.next('want')
        expect(transfers).toContain(transfer)
      }
      for (const transfer of transfers) station.sendBytes(link, transfer, packet)
      for (let stored = 0; stored < 4; stored++) await link.next('stored')
      expect(await listed('H02')).toHaveLength(1)
      expect(await station.keys('item')).toHaveLength(1)
    })

    it('lists a re-send again, marked, and a repeat of the re-send not', async () => {
      const link = await station.link('one')
      const packet = documentPacket(['H02'])
      expect(await station.deliver(link, played(packet))).toBe('stored')
      const [item] = await listed('H02')
      await station.desk.markItem(backendOf('H02'), item?.itemId ?? '', 'done')
      expect(await listed('H02')).toEqual([])
      const resent = played(packet, { resend: 1, salt: Buffer.alloc(32, 1) })
      expect(await station.deliver(link, resent)).toBe('stored')
      expect(await listed('H02')).toMatchObject([{ itemId: item?.itemId, resend: 1, mark: 'initial' }])
      expect(await station.deliver(link, played(packet, { resend: 1, salt: Buffer.alloc(32, 2) }))).toBe('stored')
      expect(await station.deliver(link, played(packet, { salt: Buffer.alloc(32, 3) }))).toBe('stored')
      expect(await listed('H02')).toHaveLength(1)
      expect(await station.keys('inbox')).toHaveLength(1)
    })

    it('tells apart the same bytes of other senders', async () => {
      const one = await station.link('one')
      const packet = documentPacket(['H02'])
      expect(await station.deliver(one, played(packet))).toBe('stored')
      const moved = { agency: agencyEntry('H01', 'three') }
      await station.useDirectory(2, world.entries([moved]))
      const three = await station.link('three', { directoryVersion: 2 })
      expect(await station.deliver(three, played(packet, { station: 'three' }))).toBe('stored')
      expect(await listed('H02')).toHaveLength(2)
    })
  })

  describe('receipts', () => {
    it('go back on the same link when sealed, are repeated for the same offer, and name what they are about', async () => {
      await station.startSealing()
      const link = await station.link('one')
      const packet = documentPacket(['H02'])
      const offer = played(packet)
      expect(await station.deliver(link, offer)).toBe('stored')
      const first = await link.next('receipt')
      expect(parseReceipt(first.receipt)).toMatchObject({
        station: 'two',
        senderStation: 'one',
        generation: 1,
        decided: startMs,
      })
      expect(hex(parseReceipt(first.receipt).waybillDigest)).toBe(hex(sha256(encodeWaybill(offer.waybill))))
      expect(hex(parseReceipt(first.receipt).packetDigest)).toBe(hex(sha256(packet)))
      station.clock.advance(1000)
      expect(await station.deliver(link, offer)).toBe('known')
      const again = await link.next('receipt')
      expect([hex(again.receipt), hex(again.seal)]).toEqual([hex(first.receipt), hex(first.seal)])
    })

    it('are kept while the sender is away, and told when it asks again', async () => {
      const link = await station.link('one')
      const offer = played(documentPacket(['H02']))
      expect(await station.deliver(link, offer)).toBe('stored')
      await station.cut(link)
      await station.startSealing()
      await station.until(async () => ((await station.inbound(offer.waybill))?.receiptSeal != null ? true : undefined))
      const back = await station.link('one')
      expect(await station.deliver(back, offer)).toBe('known')
      expect((await back.next('receipt')).receipt.byteLength).toBeGreaterThan(100)
    })

    it('are acknowledged once and for all, and only when there is one', async () => {
      const link = await station.link('one')
      const offer = played(documentPacket(['H02']))
      const digest = Buffer.from(sha256(encodeWaybill(offer.waybill)))
      const ack = () => station.switchboard.onMessage(link, { ack: { waybillDigest: digest } })
      expect(await station.deliver(link, offer)).toBe('stored')
      ack()
      for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
      await station.startSealing()
      await link.next('receipt')
      await delay(2 * ackNoteMs)
      expect(await station.inbound(offer.waybill)).toMatchObject({ acknowledged: false })
      ack()
      ack()
      await station.until(async () =>
        (await station.inbound(offer.waybill))?.acknowledged === true ? true : undefined,
      )
      station.switchboard.onMessage(link, { ack: { waybillDigest: Buffer.alloc(32) } })
      station.switchboard.onMessage(link, { ack: { waybillDigest: Buffer.alloc(1000) } })
      expect(await station.deliver(link, offer)).toBe('known')
      expect(await station.inbound(offer.waybill)).toMatchObject({ acknowledged: true, state: InboundState.DECIDED })
      expect((await station.keys('inbound')).length).toBe(1)
    })
  })

  describe('statuses and recalls', () => {
    const statusPacket = (statusCode: string, from = 'H01', organId = 'H02') =>
      buildStatusPacket({
        dialect: 'plain',
        from,
        statusCode,
        responseFor: { organId, code: '12/UBND', promulgationDate: '2026/03/16' },
      })
    const recall = () => documentPacket(['H02'], { subject: 'Thu hồi', business: { docType: '1', reason: 'Nhầm' } })

    it('mark a document that is here', async () => {
      const link = await station.link('one')
      expect(await station.deliver(link, played(documentPacket(['H02'])))).toBe('stored')
      expect(await station.deliver(link, played(recall()))).toBe('stored')
      const items = await listed('H02')
      expect(items.map(({ recalled }) => recalled).sort()).toEqual([false, true])
    })

    it.each<[string, () => PlayedOffer]>([
      ['a recall', () => played(recall())],
      ['a status 13', () => played(statusPacket('13', 'H01', 'H01'), { kind: PacketKind.STATUS })],
    ])('mark a document that arrives after %s', async (_, make) => {
      const link = await station.link('one')
      expect(await station.deliver(link, make())).toBe('stored')
      const packet = documentPacket(['H02'])
      expect(await station.deliver(link, played(packet))).toBe('stored')
      const item = (await listed('H02')).find(
        ({ itemId }) => itemId === inboxItemId('one', 'H01', sha256(packet), 'H02'),
      )
      expect(item).toMatchObject({ recalled: true })
    })

    it('mark a document that arrives together with its recall', async () => {
      const link = await station.link('one')
      const packet = documentPacket(['H02'])
      const offers = [played(packet), played(recall())]
      const transfers = offers.map((offer) => station.offer(link, offer))
      await link.next('want')
      await link.next('want')
      offers.forEach((offer, at) => {
        station.sendBytes(link, transfers[at] ?? 0, offer.packet)
      })
      await link.next('stored')
      await link.next('stored')
      const item = (await listed('H02')).find(
        ({ itemId }) => itemId === inboxItemId('one', 'H01', sha256(packet), 'H02'),
      )
      expect(item).toMatchObject({ recalled: true })
    })

    it('of another agency do not', async () => {
      const link = await station.link('one')
      expect(await station.deliver(link, played(documentPacket(['H02'])))).toBe('stored')
      const foreign = played(documentPacket(['H02'], { from: 'H01.1', business: { docType: '1' } }), {
        senderAgency: 'H01.1',
      })
      expect(await station.deliver(link, foreign)).toBe('stored')
      expect((await listed('H02')).map(({ recalled }) => recalled)).toEqual([false, false])
    })

    it('do not bring back an item that its backend marks at the same time', async () => {
      const link = await station.link('one')
      expect(await station.deliver(link, played(documentPacket(['H02'])))).toBe('stored')
      const [item] = await listed('H02')
      const offer = played(recall())
      const transfer = station.offer(link, offer)
      await link.next('want')
      station.sendBytes(link, transfer, offer.packet)
      await station.desk.markItem(backendOf('H02'), item?.itemId ?? '', 'done')
      await link.next('stored')
      expect(await station.inbox.find(item?.itemId ?? '')).toMatchObject({ mark: 'done', inboxKey: '' })
    })
  })

  describe('large packets', () => {
    it('resume at the first chunk that is missing, also over a restart of the link', async () => {
      const link = await station.link('one')
      const packet = bulky(['H02'])
      const offer = played(packet)
      const transfer = station.offer(link, offer)
      expect(await link.next('want')).toMatchObject({ firstChunk: 0 })
      let released = 0
      const mib = 1024 * 1024
      for (let at = 0; at < mib + 1000; at += 32 * 1024) {
        const piece = packet.subarray(at, Math.min(at + 32 * 1024, mib + 1000))
        station.switchboard.onData(link, 'bulk', transfer, at, piece, () => {
          released += piece.byteLength
        })
      }
      while (released < mib + 1000) await new Promise(setImmediate)
      await station.cut(link)
      expect(await station.inbound(offer.waybill)).toMatchObject({ state: InboundState.RECEIVING })
      const back = await station.link('one')
      const again = station.offer(back, offer)
      expect(await back.next('want')).toEqual({ transfer: again, firstChunk: 1 })
      station.sendBytes(back, again, packet, mib)
      await back.next('stored')
      expect(await listed('H02')).toHaveLength(1)
      expect([await station.keys('arriving'), station.space.reservedBytes]).toEqual([[], 0])
    })

    it('wait while the disk is full, holding nothing, and statuses and others go on', async () => {
      station = await started({ space: new MemorySpace(1_000_000) })
      const link = await station.link('one')
      const offer = played(bulky(['H02']))
      expect(await station.deliver(link, offer)).toBe('temporary')
      expect(lastAnswer(link)?.temporary).toMatchObject({ code: 'DISK_FULL', retryAfterMs: 60_000, reseal: false })
      await expectNoTrace(offer.waybill)
      expect(station.space.reservedBytes).toBe(0)
      expect(await station.deliver(link, played(documentPacket(['H02'])))).toBe('stored')
      station.space.freeBytes = 10_000_000
      expect(await station.deliver(link, offer)).toBe('stored')
    })

    it('give credit and room back when the sender stops', async () => {
      const link = await station.link('one')
      const packet = bulky(['H02'])
      const transfer = station.offer(link, played(packet))
      await link.next('want')
      expect(station.space.reservedBytes).toBeGreaterThan(0)
      station.switchboard.onMessage(link, { cancel: { transfer, code: 'PACKET_DAMAGED' } })
      const { promise, resolve } = Promise.withResolvers<void>()
      station.switchboard.onData(link, 'bulk', transfer, 0, packet.subarray(0, 100), resolve)
      await promise
      while (station.space.reservedBytes > 0) await new Promise(setImmediate)
      expect(await station.keys('item')).toEqual([])
    })
  })

  it('answers `temporary` when its store fails, and takes the document when it works again', async () => {
    const { MemoryRecordStore } = await import('../../contract/memory-record-store.ts')
    const records = new MemoryRecordStore()
    station = await started({ records })
    const link = await station.link('one')
    const packet = documentPacket(['H02'])
    const offer = played(packet)
    records.failure = new TramError('STORE_FAILED', { detail: 'pulled' })
    expect(await station.deliver(link, offer)).toBe('temporary')
    expect(station.space.reservedBytes).toBe(0)
    records.failure = undefined
    const transfer = station.offer(link, offer)
    await link.next('want')
    records.failure = new TramError('STORE_FAILED', { detail: 'pulled' })
    station.sendBytes(link, transfer, packet)
    expect(await link.next('temporary')).toMatchObject({ transfer, code: 'STORE_FAILED' })
    records.failure = undefined
    expect(await station.keys('item')).toEqual([])
    while ((await station.deliver(link, offer)) === 'temporary') await new Promise(setImmediate)
    expect(await listed('H02')).toHaveLength(1)
    expect(await station.audit.verify()).toBe(1)
  })

  it('outlives a peer that takes no answer', async () => {
    const link = await station.link('one')
    const packet = documentPacket(['H02'])
    const offer = played(packet)
    const transfer = station.offer(link, offer)
    await link.next('want')
    link.failure = new TramError('OVERLOADED', { detail: 'it reads nothing' })
    station.sendBytes(link, transfer, Buffer.alloc(packet.byteLength, 1))
    while (station.space.reservedBytes > 0) await new Promise(setImmediate)
    station.offer(link, { ...offer, seal: Buffer.alloc(3) })
    station.offer(link, played(documentPacket(['H03'])))
    await new Promise(setImmediate)
    link.failure = undefined
    expect(await station.deliver(link, offer)).toBe('stored')
  })

  it('cuts a link that offers more than the bound, or one transfer twice, or answers what was never asked', async () => {
    const link = await station.link('one')
    const packet = documentPacket(['H02'])
    const many = Array.from({ length: 1024 }, (_, at) =>
      played(packet, { salt: Buffer.alloc(32, at % 250), attempt: at }),
    )
    const seal = Buffer.alloc(0)
    for (const offer of many) station.offer(link, { ...offer, seal })
    const violation = expect.objectContaining({ code: 'LINK_PROTOCOL_VIOLATION' })
    expect(() => station.offer(link, { ...played(packet), seal })).toThrow(violation)
    const other = await station.link('three')
    const transfer = station.offer(other, played(packet))
    expect(() => station.offer(other, { ...played(packet), transfer })).toThrow(violation)
    expect(() =>
      station.switchboard.onMessage(new RecordedLink(peerIdOf('one')), { want: { transfer: 1, firstChunk: 0 } }),
    ).toThrow(violation)
  })

  it('notes durably that a packet is on its way in', async () => {
    const link = await station.link('one')
    const offer = played(bulky(['H02']))
    station.offer(link, offer)
    await link.next('want')
    expect(await station.keys('arriving')).toEqual([`arriving:${hex(sha256(encodeWaybill(offer.waybill)))}`])
    expect(
      InboundRecord.decode((await station.records.get((await station.keys('inbound'))[0] ?? '')) ?? Buffer.alloc(0))
        .state,
    ).toBe(InboundState.RECEIVING)
  })
})
