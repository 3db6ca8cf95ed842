// The sender's answer to a station that lost what it had receipted: all of it is offered again, once, with bounds; a receipt
// that comes a second time is acknowledged and the first one stays.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { walkIntervalMs } from '../../../src/exchange/send/re-offers.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { dayMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { never } from '../../fixtures/store/temporary-store.ts'

let world: TestWorld
let folder: string
let station: LoneStation
let two: PlayedRecipient

beforeAll(async () => {
  world = await TestWorld.create({ one: ['H01'], two: ['H02'], three: ['H03'] })
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-again-'))
  station = await LoneStation.start({ world, id: 'one', folder })
  await station.startSealing()
  await station.startCarrying()
  two = await PlayedRecipient.connect(station, 'two')
})
afterEach(async () => {
  await station.stop()
  await rm(folder, { recursive: true, force: true })
})

const packetOf = (subject: string, to = 'H02') =>
  buildPacket({ dialect: 'plain', from: 'H01', to: [to], codeNumber: subject, codeNotation: 'UBND', subject })

/** Sent and receipted; the waybill's hex digest. */
async function delivered(subject: string, refused: readonly string[] = []): Promise<string> {
  const { docId } = await station.submit(packetOf(subject))
  const offer = await two.nextOffer()
  two.says({ receipt: two.receipt(offer, { refused }) })
  await two.link.next('ack')
  const [addressee] = (await station.document(docId)).addressees
  return addressee?.waybill ?? ''
}
const receiptOf = async (waybill: string) =>
  hex((await station.outbox.delivery(waybill, 'two'))?.receipt ?? Buffer.alloc(0))
const ask = (sinceMs: number, recovery: number) => two.says({ missing: { sinceMs, recovery, directoryVersion: 0 } })

/** The digests of the next `count` offers, each answered with a receipt that says something new. */
async function takeAll(count: number): Promise<string[]> {
  const digests: string[] = []
  for (let at = 0; at < count; at++) {
    const offer = await two.nextOffer()
    digests.push(hex(sha256(offer.waybill)))
    two.says({ receipt: two.receipt(offer, { changes: { salt: Buffer.alloc(32, 99) } }) })
    await two.link.next('ack')
  }
  return digests
}

describe('what was receipted and lost', () => {
  it('is offered again since a time, and the first receipt stays', async () => {
    const old = await delivered('1')
    station.clock.advance(dayMs)
    const sinceMs = station.clock.now()
    const lost = [await delivered('2'), await delivered('3')]
    const refused = await delivered('4', ['H02'])
    const before = await Promise.all(lost.map(receiptOf))
    ask(sinceMs, 7)
    expect((await takeAll(2)).sort()).toEqual([...lost].sort())
    expect(await two.link.next('missingDone')).toEqual({ recovery: 7, offered: 2, unavailable: 0 })
    expect(await Promise.all(lost.map(receiptOf))).toEqual(before)
    expect((await station.outbox.delivery(lost[0] ?? '', 'two'))?.state).toBe(DeliveryState.CLOSED)
    expect(await station.keys('closed')).toHaveLength(3)
    expect([old, refused].filter((waybill) => lost.includes(waybill))).toEqual([])
  })

  it('goes on where it stood after a cut, and answers the same question with the same words', async () => {
    const all = [await delivered('1'), await delivered('2')]
    ask(0, 7)
    const [first] = await takeAll(1)
    await two.nextOffer()
    await two.reconnect()
    ask(0, 7)
    const [second] = await takeAll(1)
    expect([first, second].sort()).toEqual([...all].sort())
    const done = { recovery: 7, offered: 2, unavailable: 0 }
    expect(await two.link.next('missingDone')).toEqual(done)
    ask(0, 7)
    expect(await two.link.next('missingDone')).toEqual(done)
    expect(two.link.all('offer')).toHaveLength(1)
  })

  it('is not begun anew more often than every few minutes', async () => {
    await delivered('1')
    ask(0, 7)
    await takeAll(1)
    await two.link.next('missingDone')
    const offers = two.link.all('offer').length
    for (let recovery = 8; recovery < 60; recovery++) ask(0, recovery)
    // Something else goes through meanwhile, and nothing was begun.
    await delivered('2')
    expect(two.link.all('offer').length).toBe(offers + 1)
    station.clock.advance(walkIntervalMs)
    ask(0, 60)
    await takeAll(2)
    expect(await two.link.next('missingDone')).toMatchObject({ recovery: 60, offered: 2 })
  })

  it('counts what is no longer here, and does not wait for it', async () => {
    await delivered('1')
    await delivered('2')
    await station.records.commit(await station.packets.remove(sha256(packetOf('1'))))
    ask(0, 7)
    const offers = [await two.nextOffer(), await two.nextOffer()]
    for (const { transfer } of offers) two.says({ want: { transfer, firstChunk: 0 } })
    const { transfer: gone } = await two.link.next('cancel')
    for (const { transfer } of offers) if (transfer !== gone) two.says({ stored: { transfer } })
    expect(await two.link.next('missingDone')).toEqual({ recovery: 7, offered: 2, unavailable: 1 })
  })

  it('is told only to the station whose link asks', async () => {
    await delivered('1')
    const three = await PlayedRecipient.connect(station, 'three')
    three.says({ missing: { sinceMs: 0, recovery: 3, directoryVersion: 0 } })
    expect(await three.link.next('missingDone')).toEqual({ recovery: 3, offered: 0, unavailable: 0 })
    expect(three.link.all('offer')).toEqual([])
  })

  it('is forgotten when its packet may be deleted, and not before', async () => {
    await delivered('1')
    station.clock.advance(29 * dayMs)
    const kept = await delivered('2')
    await station.retention.sweep(never)
    expect(await station.keys('closed')).toHaveLength(2)
    station.clock.advance(dayMs + 1)
    await station.retention.sweep(never)
    expect(await station.keys('closed')).toEqual([expect.stringContaining(kept)])
  })

  it('cannot be asked for since no time', async () => {
    expect(() => ask(2 ** 60, 7)).toThrowError(expect.objectContaining({ code: 'LINK_PROTOCOL_VIOLATION' }))
  })

  it('past its last day is offered all the same, and sealed anew for who wants that', async () => {
    const waybill = await delivered('1')
    station.clock.advance(31 * dayMs)
    ask(0, 7)
    const offer = await two.nextOffer()
    await station.renewCertificate(2)
    two.says({ temporary: { transfer: offer.transfer, code: 'SEAL_INVALID', retryAfterMs: 1000, reseal: true } })
    await station.until(async () => {
      const sealedAt = (await station.outbox.waybill(waybill))?.seal?.sealedAt ?? 0
      return sealedAt > 0 && sealedAt >= station.clock.now() - 1000 ? true : undefined
    })
    station.clock.advance(5_000)
    await two.reconnect()
    expect(await takeAll(1)).toEqual([waybill])
    expect(await two.link.next('missingDone')).toMatchObject({ offered: 1 })
  })
})
