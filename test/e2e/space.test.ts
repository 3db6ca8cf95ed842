// Many large packets for one disk: what finds no room is told to come back, nothing passes the watermark, and all of it is here in
// the end, without a person. A real packet store and disk keeper, and a file system whose size the test sets.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PacketKind } from '../../src/document/schema/waybill.ts'
import { DiskSpace } from '../../src/equipment/store/disk-space.ts'
import { buildPacket, buildStatusPacket } from '../fixtures/edxml/build-packet.ts'
import { LoneStation, type PlayedOffer, type RecordedLink } from '../fixtures/exchange/lone-station.ts'
import { TestWorld } from '../fixtures/exchange/test-world.ts'
import { never, silent, type TemporaryFolder, temporaryFolder } from '../fixtures/store/temporary-store.ts'

const megabyte = 1_000_000
const watermarkBytes = 10 * megabyte
const ballastBytes = megabyte
const statusReserveBytes = 4 * megabyte
const senders = Array.from({ length: 10 }, (_, at) => `s${at}`)

describe('a disk that is too small for all who come at once', () => {
  let folder: TemporaryFolder
  let world: TestWorld
  let disk: DiskSpace
  let station: LoneStation
  let diskBytes: number

  /** Bytes that files have taken. */
  async function written(): Promise<number> {
    let bytes = 0
    for (const entry of await readdir(folder.path, { recursive: true, withFileTypes: true })) {
      if (entry.isFile()) bytes += (await stat(join(entry.parentPath, entry.name))).blocks * 512
    }
    return bytes
  }

  beforeEach(async () => {
    folder = await temporaryFolder()
    diskBytes = 30 * megabyte
    world = await TestWorld.create({
      two: ['H02'],
      ...Object.fromEntries(senders.map((id, at) => [id, [`S${at}`]])),
    })
    const options = { folder: folder.path, ballastFile: join(folder.path, 'ballast'), ballastBytes }
    disk = new DiskSpace(
      { ...options, watermarkBytes, statusReserveBytes, checkIntervalMs: 3_600_000 },
      { logger: silent, statfs: async () => ({ bavail: Math.max(0, diskBytes - (await written())), bsize: 1 }) },
    )
    await disk.start(never)
    station = await LoneStation.start({ world, id: 'two', folder: join(folder.path, 'two'), disk })
  })
  afterEach(async () => {
    await station.stop()
    await disk.stop()
    await folder.remove()
  })

  function offerOf(at: number, bytes: number): PlayedOffer {
    const codes = { codeNumber: String(at), codeNotation: 'UBND', subject: 'Giấy mời' }
    const attachments = [{ name: 'a.pdf', bytes: Buffer.alloc(bytes, at) }]
    const packet = buildPacket({ dialect: 'plain', from: `S${at}`, to: ['H02'], ...codes, attachments })
    const parties = { station: senders[at] ?? '', senderAgency: `S${at}`, recipients: ['H02'] }
    return { waybill: world.waybill(packet, parties), packet }
  }

  /** What the station said to an offer. */
  async function answerTo(link: RecordedLink, offer: PlayedOffer): Promise<{ name: string; transfer: number }> {
    const transfer = station.offer(link, offer)
    for (;;) {
      const name = await link.nextName()
      if (name === 'want' || name === 'temporary' || name === 'known') return { name, transfer }
    }
  }

  it('gives room to those who come first, sends the others away for a while, and has all packets in the end', async () => {
    const links = await Promise.all(senders.map((id) => station.link(id)))
    const offers = senders.map((_, at) => offerOf(at, 2 * megabyte))
    const answers = await Promise.all(links.map((link, at) => answerTo(link, offers[at] as PlayedOffer)))
    const wanted = answers.filter(({ name }) => name === 'want').length
    expect(wanted).toBeGreaterThan(2)
    expect(wanted).toBeLessThan(10)
    for (const [at, { name }] of answers.entries()) {
      if (name === 'temporary')
        expect(links[at]?.all('temporary')[0]).toMatchObject({ code: 'DISK_FULL', reseal: false })
    }
    const { freeBytes, reservedBytes } = disk.report()
    expect(freeBytes - reservedBytes).toBeGreaterThanOrEqual(watermarkBytes)
    expect(reservedBytes).toBeGreaterThan(wanted * 2 * megabyte)

    for (const [at, { name, transfer }] of answers.entries()) {
      const link = links[at]
      if (name !== 'want' || link === undefined) continue
      station.sendBytes(link, transfer, offers[at]?.packet ?? Buffer.alloc(0))
      await link.next('stored')
    }
    await disk.check()
    expect(disk.report()).toMatchObject({ reservedBytes: 0 })
    expect(disk.report().freeBytes).toBeGreaterThanOrEqual(watermarkBytes)

    diskBytes += 40 * megabyte
    await disk.check()
    for (const [at, { name }] of answers.entries()) {
      if (name !== 'want')
        expect(await station.deliver(links[at] as RecordedLink, offers[at] as PlayedOffer)).toBe('stored')
    }
    expect(await station.keys('item')).toHaveLength(10)
    expect(disk.report().reservedBytes).toBe(0)
  })

  it('does not give one peer that offers and is silent the room of the others', async () => {
    const greedy = await station.link('s0')
    let held = 0
    for (let salt = 1; salt <= 16; salt++) {
      const offer = offerOf(0, 2 * megabyte)
      const waybill = { ...offer.waybill, salt: Buffer.alloc(32, salt) }
      if ((await answerTo(greedy, { ...offer, waybill })).name === 'want') held += 1
    }
    expect(held).toBeGreaterThan(0)
    const { freeBytes, reservedBytes } = disk.report()
    expect(reservedBytes).toBeLessThanOrEqual((freeBytes - watermarkBytes) / 2)
    expect(await station.deliver(await station.link('s1'), offerOf(1, 2 * megabyte))).toBe('stored')
  })

  it('takes statuses of all while documents are shut out, and a flood of one only up to its share', async () => {
    diskBytes = 10.5 * megabyte
    await disk.check()
    expect(disk.report().open).toBe(false)
    const flooding = await station.link('s0')
    const statusOf = (at: number, number: number): PlayedOffer => {
      const packet = buildStatusPacket({
        dialect: 'plain',
        from: `S${at}`,
        statusCode: '03',
        responseFor: [{ organId: 'H02', code: `${number}/UBND`, promulgationDate: '2026-11-20' }],
      })
      const parties = { station: senders[at] ?? '', senderAgency: `S${at}`, recipients: ['H02'] }
      return { waybill: world.waybill(packet, { ...parties, kind: PacketKind.STATUS }), packet }
    }
    let stored = 0
    while ((await station.deliver(flooding, statusOf(0, stored))) === 'stored') stored += 1
    expect(flooding.sent.at(-1)?.temporary?.code).toBe('DISK_FULL')
    expect(stored).toBeGreaterThan(10)
    // An eighth of the reserve, at 8 KiB and more each.
    expect(stored).toBeLessThan(statusReserveBytes / 8 / 8192)
    expect(await station.deliver(await station.link('s1'), statusOf(1, 0))).toBe('stored')
    expect(await station.deliver(flooding, offerOf(0, 100))).toBe('temporary')
    diskBytes = 60 * megabyte
    await disk.check()
    expect(await station.deliver(flooding, statusOf(0, stored))).toBe('stored')
  })
})
