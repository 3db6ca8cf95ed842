// After damage: every index entry of our own documents and items is put back from the records that are still there, what leads
// nowhere goes, and what cannot be delivered any more is named and can be sent again.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { key } from '../../../src/equipment/store/namespaces.ts'
import { KeyedLock } from '../../../src/exchange/keyed-lock.ts'
import { IndexRebuild } from '../../../src/exchange/recovery/index-rebuild.ts'
import { numberAfterLoss } from '../../../src/exchange/recovery/recovery-marks.ts'
import { StoreScrub } from '../../../src/exchange/recovery/store-scrub.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { dayMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { never, silent } from '../../fixtures/store/temporary-store.ts'

let world: TestWorld
let folder: string
let station: LoneStation

beforeAll(async () => {
  world = await TestWorld.create({ one: ['H01'], two: ['H02'] })
})
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-rebuild-'))
  station = await LoneStation.start({ world, id: 'one', folder })
  await station.startSealing()
})
afterEach(async () => {
  await station.stop()
  await rm(folder, { recursive: true, force: true })
})

const packetOf = (subject: string, from = 'H01', to = 'H02', bytes = 10) =>
  buildPacket({
    ...{ dialect: 'plain', from, to: [to], codeNumber: subject, codeNotation: 'UBND', subject },
    attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(bytes, 7) }],
  })
const waybillOf = async (docId: string) => (await station.document(docId)).addressees[0]?.waybill ?? ''

async function sealed(subject: string): Promise<string> {
  const { docId } = await station.submit(packetOf(subject))
  await station.until(async () =>
    (await station.outbox.delivery(await waybillOf(docId), 'two'))?.queueKey ? true : undefined,
  )
  return docId
}

async function received(subject: string): Promise<void> {
  const packet = packetOf(subject, 'H02', 'H01')
  const link = await station.link('two')
  const waybill = world.waybill(packet, { station: 'two', senderAgency: 'H02', recipients: ['H01'] })
  expect(await station.deliver(link, { waybill, packet })).toBe('stored')
  await link.next('receipt')
}

async function rebuild(): Promise<string[]> {
  const lost: string[] = []
  const indices = new IndexRebuild(station)
  await indices.run(async (docId) => void lost.push(docId), never)
  return lost
}

async function drop(...namespaces: string[]): Promise<void> {
  for (const namespace of namespaces)
    await station.records.commit((await station.keys(namespace)).map((name) => ({ type: 'delete', key: name })))
}

describe('after damage', () => {
  it.each(['sent', 'docref', 'packetref', 'inbox'])('entries of `%s` come back as they were', async (namespace) => {
    await sealed('1')
    await received('2')
    const before = await station.keys(namespace)
    expect(before.length).toBeGreaterThan(0)
    await drop(namespace)
    expect(await rebuild()).toEqual([])
    expect(await station.keys(namespace)).toEqual(before)
  })

  it('a delivery that lost its place, its record or its seal is offered', async () => {
    const ids = [await sealed('1'), await sealed('2'), await sealed('3')]
    const [queueless = '', recordless = '', sealless = ''] = await Promise.all(ids.map(waybillOf))
    const queueKey = (await station.outbox.delivery(queueless, 'two'))?.queueKey ?? ''
    const cms = key('cms', hex((await station.outbox.waybill(sealless))?.seal?.cmsDigest ?? new Uint8Array(0)))
    await station.records.commit([
      { type: 'delete', key: queueKey },
      { type: 'delete', key: key('delivery', recordless, 'two') },
      { type: 'delete', key: cms },
    ])
    expect(await rebuild()).toEqual([])
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    const offered = new Set<string>()
    while (offered.size < 3) offered.add(hex(sha256((await two.nextOffer()).waybill)))
    expect(offered).toEqual(new Set([queueless, recordless, sealless]))
  })

  it('what waits for the token waits again, once', async () => {
    await station.sealer.stop()
    const { docId } = await station.submit(packetOf('1'))
    await drop('toseal')
    await rebuild()
    await rebuild()
    expect(await station.keys('toseal')).toHaveLength(1)
    expect((await station.outbox.delivery(await waybillOf(docId), 'two'))?.state).toBe(DeliveryState.SEALING)
  })

  it('what was receipted can be asked for again', async () => {
    const docId = await sealed('1')
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    two.says({ receipt: two.receipt(await two.nextOffer()) })
    await two.link.next('ack')
    const before = await station.keys('closed')
    await drop('closed')
    expect(await rebuild()).toEqual([])
    expect(await station.keys('closed')).toEqual(before)
    expect(before).toEqual([expect.stringContaining(await waybillOf(docId))])
  })

  it('entries that lead nowhere go', async () => {
    const docId = await sealed('1')
    await received('2')
    await station.records.commit([
      { type: 'put', key: key('queue', 'two', '3s', '0000000000000001'), value: Buffer.from(await waybillOf(docId)) },
      { type: 'put', key: key('inbox', 'H01', 'document', '0000000000000001'), value: Buffer.alloc(32, 'a') },
    ])
    await rebuild()
    expect([await station.keys('queue'), await station.keys('inbox')].map((names) => names.length)).toEqual([1, 1])
  })

  it.each(['waybill', 'packet'])(
    'a document whose `%s` is gone is named, and is delivered when it is sent again',
    async (lost) => {
      const docId = await sealed('1')
      await drop(lost)
      expect(await rebuild()).toEqual([docId])
      const indices = new IndexRebuild(station)
      expect(await indices.isWhole(docId)).toBe(false)
      expect(await station.submit(packetOf('1'))).toMatchObject({ docId, isNew: false })
      expect(await indices.isWhole(docId)).toBe(true)
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const offer = await two.nextOffer()
      two.says({ want: { transfer: offer.transfer, firstChunk: 0 } })
      await two.link.next('end')
      expect(hex(offer.parsed.packetDigest)).toBe(hex(sha256(packetOf('1'))))
    },
  )

  it('numbers go on above all that were ever given out', () => {
    expect(numberAfterLoss(7, 0)).toBe(7 + 2 ** 32)
    const later = numberAfterLoss(0, Date.UTC(2027, 0))
    expect(later).toBeGreaterThan(numberAfterLoss(2 ** 40, Date.UTC(2026, 0)))
    expect(Number.isSafeInteger(numberAfterLoss(later, Date.UTC(2100, 0)))).toBe(true)
  })
})

describe('the scrub', () => {
  const scrubOf = (isRecovering: boolean, quarantineFolder = join(folder, 'quarantine')) =>
    new StoreScrub(
      { intervalMs: dayMs, quarantineFolder },
      {
        ...{ packets: station.packets, owners: station.owners, decisions: new KeyedLock(), clock: station.clock },
        ...{ records: { scrub: async () => ({ checked: 0, damaged: [] }) }, logger: silent },
        isRecovering: () => isRecovering,
        onPacketLost: async () => undefined,
      },
    )

  it.each([false, true])(
    'clears away files of nobody after a day (while recovering: %s), and no others',
    async (isRecovering) => {
      const orphan = packetOf('9', 'H01', 'H02', 100_000)
      const writer = await station.packets.begin(orphan.byteLength)
      await writer.write(orphan)
      await writer.finish(() => true)
      const owned = packetOf('1', 'H01', 'H02', 100_000)
      await station.submit(owned)
      const has = async () => Promise.all([orphan, owned].map((packet) => station.packets.has(sha256(packet))))
      // Files carry the machine's time.
      station.clock.jump(Date.now() + dayMs / 2)
      expect(await scrubOf(isRecovering).pass(never)).toMatchObject({ files: 2, orphans: 0, damaged: 0 })
      expect(await has()).toEqual([true, true])
      station.clock.jump(Date.now() + dayMs + 60_000)
      expect(await scrubOf(isRecovering).pass(never)).toMatchObject({ files: 2, orphans: 1, damaged: 0 })
      expect(await has()).toEqual([false, true])
    },
  )
})
