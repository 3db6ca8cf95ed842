// Outbox and courier against recipients that a test plays: order, windows, refusals of each kind, receipts that are not
// believed, expiry, and that everything open is offered again after a cut or a restart.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { Outcome } from '../../../src/document/receipt.ts'
import { Seal } from '../../../src/document/schema/seal.ts'
import type { Offer } from '../../../src/equipment/link/schema/messages.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { queueRank } from '../../../src/exchange/send/outbox.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { buildPacket, type PacketFields } from '../../fixtures/edxml/build-packet.ts'
import { backendOf, type LoneOptions, LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { type PlayedReceipt, PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { dayMs, TestWorld } from '../../fixtures/exchange/test-world.ts'

const packetOf = (subject: string, changes: Partial<PacketFields> = {}) =>
  buildPacket({
    dialect: 'plain',
    from: 'H01',
    to: ['H02'],
    codeNumber: '12',
    codeNotation: 'UBND',
    subject,
    ...changes,
  })
const bulky = (subject: string, changes: Partial<PacketFields> = {}) =>
  packetOf(subject, { ...changes, attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(100_000, 7) }] })
const turn = () => new Promise(setImmediate)

describe('queueRank', () => {
  it.each([
    [4, 1, '0s'],
    [3, 65_536, '0s'],
    [3, 65_537, '0b'],
    [2, 1, '1s'],
    [1, 70_000, '2b'],
    [0, 1, '3s'],
    [0, 70_000, '3b'],
  ])('of priority %i and %i bytes is %s', (priority, packetSize, rank) => {
    expect(queueRank({ priority, packetSize })).toBe(rank)
  })
})

describe('courier', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation
  const stations: LoneStation[] = []

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01', 'H01.1'], two: ['H02', 'H02.1'], three: ['H03'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-courier-'))
    station = await started()
  })
  afterEach(async () => {
    for (const one of stations.splice(0)) await one.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function started(options: Partial<LoneOptions> = {}): Promise<LoneStation> {
    const one = await LoneStation.start({ world, id: 'one', folder: join(folder, `${stations.length}`), ...options })
    stations.push(one)
    await one.startSealing()
    return one
  }
  /** Sealed and queued, with nobody to take it yet. */
  async function queued(...packets: Uint8Array[]): Promise<string[]> {
    const ids: string[] = []
    for (const packet of packets) {
      const { docId } = await station.submit(packet)
      ids.push(docId)
      const waybill = await waybillOf(docId)
      await station.until(async () => ((await station.outbox.waybill(waybill))?.seal != null ? true : undefined))
    }
    return ids
  }
  const waybillOf = async (docId: string) => (await station.document(docId)).addressees[0]?.waybill ?? ''
  const deliveryOf = async (docId: string, id = 'two') => station.outbox.delivery(await waybillOf(docId), id)
  const inState = (docId: string, state: DeliveryState) =>
    station.until(async () => ((await deliveryOf(docId))?.state === state ? true : undefined))
  const titleOf = (offer: Offer, titles: Map<string, string>) => titles.get(hex(sha256(offer.waybill))) ?? '?'
  async function titles(ids: readonly string[], names: readonly string[]): Promise<Map<string, string>> {
    return new Map(await Promise.all(ids.map(async (id, at) => [await waybillOf(id), names[at] ?? ''] as const)))
  }
  const settle = async () => {
    for (let turns = 0; turns < 30; turns++) await turn()
  }

  it('offers waybill and seal, sends the bytes that are wanted, and closes with the receipt', async () => {
    const packet = packetOf('a')
    const [id = ''] = await queued(packet)
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const offer = await two.nextOffer()
    expect(offer).toMatchObject({ agencies: ['H02'], parsed: { recipients: ['H02'], station: 'one' } })
    expect(Seal.decode(offer.seal).leafIndex).toBe(0)
    two.says({ want: { transfer: offer.transfer, firstChunk: 0 } })
    expect(await two.link.next('end')).toEqual({ transfer: offer.transfer })
    expect(Buffer.concat(two.link.data.map(({ bytes }) => bytes)).equals(packet)).toBe(true)
    expect(two.link.data.every(({ lane }) => lane === 'urgent')).toBe(true)
    station.clock.advance(100)
    two.says({ stored: { transfer: offer.transfer } })
    await inState(id, DeliveryState.AWAITING_RECEIPT)
    two.says({ receipt: two.receipt(offer) })
    expect(hex((await two.link.next('ack')).waybillDigest)).toBe(await waybillOf(id))
    expect(await deliveryOf(id)).toMatchObject({ state: DeliveryState.CLOSED, queueKey: '' })
    expect([await station.keys('queue'), (await station.keys('closed')).length]).toEqual([[], 1])
    expect(station.courier.inFlight().get('two')).toBe(0)
  })

  it('offers the urgent before the ordinary and small before large', async () => {
    const names = ['3b', '3s', '2b', '2s', '1s', '0b', '0s']
    const ids = await queued(
      bulky('3b'),
      packetOf('3s'),
      bulky('2b', { priority: 1 }),
      packetOf('2s', { priority: 1 }),
      packetOf('1s', { priority: 2 }),
      bulky('0b', { priority: 4 }),
      packetOf('0s', { priority: 3 }),
    )
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const found: string[] = []
    const known = await titles(ids, names)
    for (const _ of names) found.push(titleOf(await two.nextOffer(), known))
    expect(found).toEqual(
      [...names].sort((a, b) => (a[0] === b[0] ? (a.endsWith('s') ? -1 : 1) : (a[0] ?? '') < (b[0] ?? '') ? -1 : 1)),
    )
  })

  it('sends ordinary bulk on the bulk lane and hỏa tốc bulk on the urgent one', async () => {
    await queued(bulky('a'), bulky('b', { priority: 3 }))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const offers = [await two.nextOffer(), await two.nextOffer()]
    for (const [at, lane] of ['urgent', 'bulk'].entries()) {
      const transfer = offers[at]?.transfer ?? 0
      two.says({ want: { transfer, firstChunk: 0 } })
      await two.link.next('end')
      expect(new Set(two.link.data.filter((one) => one.transfer === transfer).map((one) => one.lane))).toEqual(
        new Set([lane]),
      )
    }
  })

  it('keeps at most four large and 256 small offers without an answer, and goes on with each answer', async () => {
    await queued(...[1, 2, 3, 4, 5, 6].map((at) => bulky(`${at}`)))
    const small = Array.from({ length: 260 }, (_, at) => packetOf(`s${at}`))
    await Promise.all(small.map((packet) => station.submit(packet)))
    await station.until(async () => ((await station.keys('queue')).length === 266 ? true : undefined))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    await settle()
    const large = () =>
      two.link.all('offer').filter(({ waybill }) => waybill.byteLength > 0 && queueOf(waybill) === 'b')
    const queueOf = (waybill: Uint8Array) =>
      Buffer.from(waybill).includes(Buffer.from('zz')) ? '?' : sizes.get(hex(sha256(waybill)))
    const sizes = new Map(
      [...(await station.waybills())].map(([digest, { packetSize }]) => [digest, packetSize > 65_536 ? 'b' : 's']),
    )
    while (two.link.all('offer').length < 260) await turn()
    await settle()
    expect([two.link.all('offer').length, large().length]).toEqual([260, 4])
    expect(station.courier.inFlight().get('two')).toBe(260)
    const [first] = large()
    two.says({ stored: { transfer: first?.transfer ?? 0 } })
    while (large().length < 5) await turn()
    await settle()
    expect([two.link.all('offer').length, large().length]).toEqual([261, 5])
  })

  it('connects when something is queued, and not when nothing is', async () => {
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    await settle()
    expect(station.dials).toBe(0)
    await station.submit(packetOf('a'))
    await two.nextOffer()
  })

  describe('a temporary refusal', () => {
    it('is retried after the time that the recipient asks for, and not before', async () => {
      const [id = ''] = await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const { transfer } = await two.nextOffer()
      two.says({ temporary: { transfer, code: 'DISK_FULL', retryAfterMs: 100_000, reseal: false } })
      await station.until(async () => ((await deliveryOf(id))?.lastTrouble === 'DISK_FULL' ? true : undefined))
      station.clock.advance(74_000)
      station.outbox.wake('two')
      await settle()
      expect(two.link.all('offer')).toHaveLength(1)
      station.clock.advance(52_000)
      station.outbox.wake('two')
      expect((await two.nextOffer()).transfer).not.toBe(transfer)
      await station.until(async () => ((await deliveryOf(id))?.state === DeliveryState.SENDING ? true : undefined))
    })

    it('is bounded: not sooner than in a second, not later than in an hour', async () => {
      await queued(packetOf('a'), packetOf('b'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const first = await two.nextOffer()
      const second = await two.nextOffer()
      two.says({ temporary: { transfer: first.transfer, code: 'X', retryAfterMs: 0, reseal: false } })
      two.says({ temporary: { transfer: second.transfer, code: 'X', retryAfterMs: 0xffff_ffff, reseal: false } })
      station.clock.advance(740)
      station.outbox.wake('two')
      await settle()
      expect(two.link.all('offer')).toHaveLength(2)
      station.clock.advance(520)
      station.outbox.wake('two')
      await two.nextOffer()
      station.clock.advance(1.25 * 3_600_000)
      station.outbox.wake('two')
      await two.nextOffer()
    })

    it('that asks for a new seal gets the same waybill under a new statement', async () => {
      const [id = ''] = await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const offer = await two.nextOffer()
      station.clock.advance(5_000)
      await station.renewCertificate(2)
      two.says({ temporary: { transfer: offer.transfer, code: 'SEAL_INVALID', retryAfterMs: 30_000, reseal: true } })
      const again = await two.nextOffer()
      expect(hex(again.waybill)).toBe(hex(offer.waybill))
      expect(hex(again.seal)).not.toBe(hex(offer.seal))
      expect(await station.keys('queue')).toHaveLength(1)
      two.says({ receipt: two.receipt(again) })
      await two.link.next('ack')
      expect([await station.keys('queue'), (await deliveryOf(id))?.state]).toEqual([[], DeliveryState.CLOSED])
    })

    it('that asks for a new seal, by two stations at once, leaves one entry in each queue', async () => {
      await queued(packetOf('a', { to: ['H02', 'H03'] }))
      await station.startCarrying()
      const both = await Promise.all(['two', 'three'].map((id) => PlayedRecipient.connect(station, id)))
      const offers = await Promise.all(both.map((one) => one.nextOffer()))
      await station.sealer.stop()
      await station.renewCertificate(2)
      both.forEach((one, at) => {
        one.says({
          temporary: { transfer: offers[at]?.transfer ?? 0, code: 'SEAL_INVALID', retryAfterMs: 1, reseal: true },
        })
      })
      await station.until(async () => ((await station.keys('toseal')).length === 2 ? true : undefined))
      expect(await station.keys('queue')).toEqual([])
    })
  })

  it('tries a rejected offer again after minutes', async () => {
    await queued(packetOf('a'))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const { transfer } = await two.nextOffer()
    two.says({ reject: { transfer, code: 'SEAL_INVALID', detail: 'x'.repeat(5000) } })
    station.clock.advance(0.74 * 300_000)
    station.outbox.wake('two')
    await settle()
    expect(two.link.all('offer')).toHaveLength(1)
    station.clock.advance(0.52 * 300_000)
    station.outbox.wake('two')
    await two.nextOffer()
  })

  describe('a receipt is not believed', () => {
    const wrong: [string, (two: PlayedRecipient, offer: Offer) => PlayedReceipt][] = [
      ['from another station than was addressed', () => ({ sealedBy: 'three', changes: { station: 'three' } })],
      ['sealed by another station than it speaks for', () => ({ sealedBy: 'three' })],
      ['that speaks for another station than sealed it', () => ({ changes: { station: 'three' } })],
      ['for another waybill', () => ({ changes: { waybillDigest: Buffer.alloc(32, 1) } })],
      ['without a verdict for one of the agencies', () => ({ without: ['H02.1'] })],
      [
        'with a verdict for another agency only',
        () => ({ changes: { verdicts: [{ agency: 'H03', outcome: Outcome.STORED, code: '', detail: '' }] } }),
      ],
      ['for another packet', () => ({ changes: { packetDigest: Buffer.alloc(32, 1) } })],
      ['for another sender', () => ({ changes: { senderStation: 'three' } })],
      ['that is malformed', () => ({ changes: { version: 9 } })],
      ['with noise for a seal', () => ({ seal: Buffer.alloc(50, 1) })],
      [
        'under a seal over another receipt',
        () => ({ seal: world.seal('two', { type: 'receipt', leaves: [Buffer.from('another')] }) }),
      ],
    ]

    it.each(wrong)('%s, and the right one is after that', async (_, make) => {
      const [id = ''] = await queued(packetOf('a', { to: ['H02', 'H02.1'] }))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const offer = await two.nextOffer()
      two.says({ stored: { transfer: offer.transfer } })
      await inState(id, DeliveryState.AWAITING_RECEIPT)
      const played = make(two, offer)
      two.says({ receipt: two.receipt(offer, played) })
      await settle()
      expect([two.link.all('ack'), (await deliveryOf(id))?.state]).toEqual([[], DeliveryState.AWAITING_RECEIPT])
      two.says({ receipt: two.receipt(offer) })
      await two.link.next('ack')
      expect((await deliveryOf(id))?.state).toBe(DeliveryState.CLOSED)
    })

    it('from a station that holds the waybill but was not addressed', async () => {
      const [id = ''] = await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const three = await PlayedRecipient.connect(station, 'three')
      const offer = await two.nextOffer()
      three.says({ receipt: three.receipt(offer) })
      await settle()
      expect([three.link.all('ack'), (await deliveryOf(id))?.state]).toEqual([[], DeliveryState.SENDING])
    })
  })

  it('says who refused, and keeps what the receipt says of each agency', async () => {
    const [id = ''] = await queued(packetOf('a', { to: ['H02', 'H02.1'] }))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    await two.take({ refused: ['H02.1'] })
    const rows = await station.desk.listSent({
      backend: backendOf('H01'),
      kind: 'document',
      fromMs: null,
      toMs: null,
      pageIndex: 1,
      pageSize: 10,
      docId: id,
    })
    expect(rows.map(({ to, state, refusal }) => [to, state, refusal?.code])).toEqual([
      ['H02', 'delivered', undefined],
      ['H02.1', 'refused', 'PACKET_MALFORMED'],
    ])
  })

  it('acknowledges a receipt that is repeated, and a late `stored` does not reopen what is closed', async () => {
    const [id = ''] = await queued(packetOf('a'))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const offer = await two.nextOffer()
    const receipt = two.receipt(offer)
    two.says({ receipt })
    await two.link.next('ack')
    const closed = await deliveryOf(id)
    two.says({ stored: { transfer: offer.transfer } })
    two.says({ known: { transfer: offer.transfer } })
    two.says({ temporary: { transfer: offer.transfer, code: 'X', retryAfterMs: 1, reseal: true } })
    const waybill = await waybillOf(id)
    await station.outbox.noteProgress(waybill, 'two', { state: DeliveryState.AWAITING_RECEIPT })
    expect(await deliveryOf(id)).toEqual(closed)
    await station.outbox.reseal(waybill, 'two')
    expect(await deliveryOf(id)).toEqual(closed)
    await station.outbox.expire(waybill, 'two')
    expect(await deliveryOf(id)).toEqual(closed)
    two.says({ receipt })
    await two.link.next('ack')
    expect(await deliveryOf(id)).toEqual(closed)
    expect(await station.keys('closed')).toHaveLength(1)
  })

  it('writes with the receipt what was said before it, and nothing in between', async () => {
    const [id = ''] = await queued(packetOf('a'))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const offer = await two.nextOffer()
    const offeredAt = station.clock.now()
    station.clock.advance(100)
    two.says({ stored: { transfer: offer.transfer } })
    station.clock.advance(100)
    expect((await deliveryOf(id))?.state).toBe(DeliveryState.SENDING)
    two.says({ receipt: two.receipt(offer) })
    await two.link.next('ack')
    const told = { offeredAt, storedAt: offeredAt + 100, closedAt: offeredAt + 200 }
    expect(await deliveryOf(id)).toMatchObject({ state: DeliveryState.CLOSED, ...told })
  })

  describe('everything open is offered again', () => {
    it('on a new link, whatever was said on the old one', async () => {
      const ids = await queued(packetOf('a'), packetOf('b'), packetOf('c'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const [a, b, c] = [await two.nextOffer(), await two.nextOffer(), await two.nextOffer()]
      two.says({ stored: { transfer: a.transfer } })
      await inState(ids[0] ?? '', DeliveryState.AWAITING_RECEIPT)
      two.says({ temporary: { transfer: b.transfer, code: 'X', retryAfterMs: 3_600_000, reseal: false } })
      two.says({ receipt: two.receipt(c) })
      await two.link.next('ack')
      await two.reconnect()
      const again = [await two.nextOffer(), await two.nextOffer()]
      expect(again.map(({ waybill }) => hex(waybill))).toEqual([a, b].map(({ waybill }) => hex(waybill)))
      await settle()
      expect(two.link.all('offer')).toHaveLength(2)
    })

    it('after a restart, also what waits for its receipt', async () => {
      const records = new MemoryRecordStore()
      station = await started({ records })
      const [id = ''] = await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const offer = await two.nextOffer()
      two.says({ stored: { transfer: offer.transfer } })
      await inState(id, DeliveryState.AWAITING_RECEIPT)
      await station.stop()
      stations.pop()
      station = await started({ records, clock: station.clock })
      await station.startCarrying()
      const back = await PlayedRecipient.connect(station, 'two')
      expect(hex((await back.take()).waybill)).toBe(hex(offer.waybill))
      expect((await deliveryOf(id))?.state).toBe(DeliveryState.CLOSED)
    })

    it('and what was being sent stops with its link', async () => {
      await queued(bulky('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const { transfer } = await two.nextOffer()
      const { promise: never } = Promise.withResolvers<void>()
      two.link.gate = never
      two.says({ want: { transfer, firstChunk: 0 } })
      const old = two.link
      await two.reconnect()
      await two.nextOffer()
      expect(old.data).toEqual([])
    })
  })

  describe('at notAfter', () => {
    it('a delivery expires instead of being offered', async () => {
      const [id = ''] = await queued(packetOf('a'))
      station.clock.advance(30 * dayMs)
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      await inState(id, DeliveryState.EXPIRED)
      expect([two.link.all('offer'), await station.keys('queue')]).toEqual([[], []])
    })

    it('it expires also while nobody answers, and not before', async () => {
      const [id = ''] = await queued(packetOf('a'))
      station.clock.advance(30 * dayMs - 1)
      await station.startCarrying()
      while (station.dials === 0) await turn()
      await settle()
      expect((await deliveryOf(id))?.state).toBe(DeliveryState.SENDING)
      station.clock.advance(60_000)
      station.outbox.wake('two')
      await inState(id, DeliveryState.EXPIRED)
    })

    it('a receipt that comes after it still closes the delivery', async () => {
      const [id = ''] = await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const offer = await two.nextOffer()
      await station.outbox.expire(await waybillOf(id), 'two')
      two.says({ receipt: two.receipt(offer) })
      await two.link.next('ack')
      expect((await deliveryOf(id))?.state).toBe(DeliveryState.CLOSED)
    })
  })

  describe('a hostile recipient', () => {
    it('that closes each link before it answers is dialled like one that cannot be reached', async () => {
      await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      await two.nextOffer()
      await station.cut(two.link)
      station.outbox.wake('two')
      await settle()
      expect(station.dials).toBe(0)
      station.clock.advance(1000)
      station.outbox.wake('two')
      while (station.dials === 0) await turn()
    })

    it('cannot want a chunk that there is not', async () => {
      await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const { transfer } = await two.nextOffer()
      expect(() => two.says({ want: { transfer, firstChunk: 2 } })).toThrow(
        expect.objectContaining({ code: 'LINK_PROTOCOL_VIOLATION' }),
      )
    })

    it('cannot have a packet read many times at once', async () => {
      await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const { transfer } = await two.nextOffer()
      two.says({ want: { transfer, firstChunk: 0 } })
      expect(() => two.says({ want: { transfer, firstChunk: 0 } })).toThrow(
        expect.objectContaining({ code: 'LINK_PROTOCOL_VIOLATION' }),
      )
      await two.link.next('end')
      await settle()
      expect(two.link.data).toHaveLength(1)
    })

    it('answers nothing by transfers that it was never offered', async () => {
      const [id = ''] = await queued(packetOf('a'))
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const { transfer } = await two.nextOffer()
      for (const other of [0, transfer + 1, 0xffff_ffff]) {
        two.says({ want: { transfer: other, firstChunk: 0 } })
        two.says({ stored: { transfer: other } })
        two.says({ known: { transfer: other } })
        two.says({ reject: { transfer: other, code: 'X', detail: 'x' } })
        two.says({ temporary: { transfer: other, code: 'X', retryAfterMs: 1, reseal: true } })
      }
      await settle()
      expect([(await deliveryOf(id))?.state, two.link.data, station.courier.inFlight().get('two')]).toEqual([
        DeliveryState.SENDING,
        [],
        1,
      ])
    })
  })

  it('tells the recipient when the packet cannot be read here, and tries again later', async () => {
    const packet = packetOf('a')
    await queued(packet)
    await station.records.commit(await station.packets.remove(sha256(packet)))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const { transfer } = await two.nextOffer()
    two.says({ want: { transfer, firstChunk: 0 } })
    expect(await two.link.next('cancel')).toEqual({ transfer, code: 'PACKET_MISSING' })
    station.clock.advance(90_000)
    station.outbox.wake('two')
    await two.nextOffer()
  })

  it('outlives a link that takes nothing any more', async () => {
    const packet = packetOf('a')
    await queued(packet)
    await station.records.commit(await station.packets.remove(sha256(packet)))
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const { transfer } = await two.nextOffer()
    two.link.failure = new TramError('OVERLOADED', { detail: 'it reads nothing' })
    two.says({ want: { transfer, firstChunk: 0 } })
    while (two.link.refused === 0) await turn()
    two.link.failure = undefined
    station.clock.advance(90_000)
    station.outbox.wake('two')
    expect((await two.nextOffer()).transfer).not.toBe(transfer)
  })

  it('does not keep waiting for an offer that its link did not take', async () => {
    await station.startCarrying()
    const link = await station.link('two')
    station.reachable.set('two', link)
    link.failure = new TramError('OVERLOADED', { detail: 'it reads nothing' })
    await station.submit(packetOf('a'))
    while (link.refused === 0) await turn()
    await settle()
    expect(station.courier.inFlight().get('two')).toBe(0)
    link.failure = undefined
    station.outbox.wake('two')
    await link.next('offer')
  })
})
