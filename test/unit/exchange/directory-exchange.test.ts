// Passing directories between stations: newer ones are offered and fetched, older and forged ones change nothing, and a peer
// that stops answering holds up nobody for long.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DirectoryEntry } from '../../../src/document/schema/directory.ts'
import { LoneStation, type RecordedLink } from '../../fixtures/exchange/lone-station.ts'
import { agencyEntry, TestWorld } from '../../fixtures/exchange/test-world.ts'

const settle = async () => {
  for (let turns = 0; turns < 20; turns++) await new Promise(setImmediate)
}

describe('directory exchange', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation
  const more: DirectoryEntry[] = Array.from({ length: 1500 }, (_, at) => ({ agency: agencyEntry(`N${at}`, 'two') }))

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02'], three: ['H03'], four: ['H04'], five: ['H05'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-directories-'))
    station = await LoneStation.start({ world, id: 'one', folder })
  })
  afterEach(async () => {
    vi.useRealTimers()
    await station.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const file = (version: number) => world.directoryFile({ version, entries: world.entries(more) })
  const offer = (link: RecordedLink, version: number, size: number) =>
    station.switchboard.onMessage(link, { directoryOffer: { version, size } })
  const piece = (link: RecordedLink, version: number, offset: number, bytes: Uint8Array) =>
    station.switchboard.onMessage(link, { directoryPiece: { version, offset, bytes: Buffer.from(bytes) } })
  /** Serves a file to the station as an honest peer does, `change` apart. */
  async function serve(
    link: RecordedLink,
    version: number,
    bytes: Uint8Array,
    change = (part: Uint8Array) => part,
  ): Promise<void> {
    offer(link, version, bytes.byteLength)
    for (let offset = 0; offset < bytes.byteLength; ) {
      const want = await link.next('directoryWant')
      expect(want).toEqual({ version, offset })
      const part = bytes.subarray(offset, offset + 48 * 1024)
      piece(link, version, offset, change(part))
      offset += part.byteLength
    }
  }
  const inUse = async (version: number) => {
    while (station.directory.version !== version) await new Promise(setImmediate)
  }

  it('offers ours to a peer with an older one when its link opens, and not to others', async () => {
    await station.useDirectory(5, world.entries())
    const older = await station.link('two', { directoryVersion: 4 })
    const same = await station.link('three', { directoryVersion: 5 })
    expect(await older.next('directoryOffer')).toEqual({ version: 5, size: station.directory.fileBytes })
    expect(same.all('directoryOffer')).toEqual([])
  })

  it('raises an alarm when a peer has another of the same version, signed by the authority too, and only then', async () => {
    await station.useDirectory(5, world.entries())
    const other = world.directoryFile({ version: 5, entries: world.entries(more) })
    const same = world.directoryFile({ version: 5, entries: world.entries() })
    const forged = world.directoryFile({ version: 5, entries: world.entries(more), signer: world.leaf('three') })
    const answers: [string, Uint8Array, boolean][] = [
      ['two', same, false],
      ['three', forged, false],
      ['four', Buffer.from('no directory'), false],
      ['five', other, true],
    ]
    for (const [peer, bytes, isForked] of answers) {
      const link = await station.link(peer, { directoryVersion: 5 })
      expect(await link.next('directoryWant')).toEqual({ version: 5, offset: 0 })
      piece(link, 5, 0, bytes.subarray(0, 48 * 1024))
      expect(station.directory.isForked()).toBe(isForked)
      // Once for each version, however often it comes back.
      await station.cut(link)
      expect((await station.link(peer, { directoryVersion: 5 })).all('directoryWant')).toEqual([])
    }
  })

  it('offers a directory that was imported to every link that is up, and to none that is gone', async () => {
    const up = await station.link('two')
    const gone = await station.link('three')
    await station.cut(gone)
    await station.useDirectory(5, world.entries())
    expect(await up.next('directoryOffer')).toMatchObject({ version: 5 })
    expect(gone.sent).toEqual([])
  })

  it('fetches a newer one piece by piece and passes it on', async () => {
    const link = await station.link('two')
    const neighbour = await station.link('three')
    const bytes = file(2)
    expect(bytes.byteLength).toBeGreaterThan(48 * 1024)
    await serve(link, 2, bytes)
    await inUse(2)
    expect(await station.directory.agency('N1499')).toBeDefined()
    expect(await neighbour.next('directoryOffer')).toEqual({ version: 2, size: bytes.byteLength })
  })

  it('answers wants with the very bytes of the version in use, and others not at all', async () => {
    await station.useDirectory(2, world.entries(more))
    const link = await station.link('two')
    // Its own size: two signatures of one directory differ in length.
    for (const offset of [0, 48 * 1024, station.directory.fileBytes - 1]) {
      station.switchboard.onMessage(link, { directoryWant: { version: 2, offset } })
      const found = await link.next('directoryPiece')
      expect(found).toMatchObject({ version: 2, offset })
      const whole = Buffer.concat([...(await collected(station.directory.streamFile()))])
      expect(Buffer.from(found.bytes).equals(whole.subarray(offset, offset + 48 * 1024))).toBe(true)
    }
    const before = link.sent.length
    for (const [version, offset] of [
      [1, 0],
      [3, 0],
      [2, station.directory.fileBytes],
      [2, Number.MAX_SAFE_INTEGER],
    ] as const) {
      station.switchboard.onMessage(link, { directoryWant: { version, offset } })
    }
    await settle()
    expect(link.sent.length).toBe(before)
  })

  it('reads the file for one want a link at a time, however many are asked for', async () => {
    await station.useDirectory(2, world.entries(more))
    const link = await station.link('two')
    for (let at = 0; at < 500; at++) station.switchboard.onMessage(link, { directoryWant: { version: 2, offset: 0 } })
    await link.next('directoryPiece')
    await settle()
    expect(link.all('directoryPiece')).toHaveLength(1)
    station.switchboard.onMessage(link, { directoryWant: { version: 2, offset: 0 } })
    await link.next('directoryPiece')
  })

  it.each([
    ['the same version', 1, 1000],
    ['an older version', 0, 1000],
    ['no bytes', 2, 0],
    ['more bytes than any directory has', 2, 2 ** 31],
  ])('ignores an offer of %s', async (_, version, size) => {
    const link = await station.link('two')
    offer(link, version, size)
    await settle()
    expect(link.sent).toEqual([])
  })

  it('takes nothing from forged pieces, and the true file after that', async () => {
    const forger = await station.link('three')
    const bytes = file(2)
    // In the last piece: an earlier one may be found wrong at once, and no more be asked for.
    await serve(forger, 2, bytes, (part) =>
      part.byteLength === 48 * 1024
        ? part
        : Uint8Array.from(part, (byte, at) => (at === part.byteLength - 100 ? byte ^ 1 : byte)),
    )
    await settle()
    expect(station.directory.version).toBe(1)
    const link = await station.link('two')
    await serve(link, 2, bytes)
    await inUse(2)
  })

  it('ignores pieces that nobody asked for: of another peer, version or place', async () => {
    const link = await station.link('two')
    const other = await station.link('three')
    const bytes = file(2)
    offer(link, 2, bytes.byteLength)
    await link.next('directoryWant')
    piece(other, 2, 0, Buffer.from('forged'))
    piece(link, 3, 0, Buffer.from('forged'))
    piece(link, 2, 7, Buffer.from('forged'))
    for (let offset = 0; offset < bytes.byteLength; offset += 48 * 1024) {
      piece(link, 2, offset, bytes.subarray(offset, offset + 48 * 1024))
      if (offset + 48 * 1024 < bytes.byteLength) await link.next('directoryWant')
    }
    await inUse(2)
  })

  it.each([
    ['an empty piece', 0],
    ['one byte at a time', 1],
    ['more than was asked for', 1001],
  ])('gives up on %s', async (_, bytes) => {
    const link = await station.link('two')
    offer(link, 2, 1000)
    await link.next('directoryWant')
    piece(link, 2, 0, Buffer.from(file(2).subarray(0, bytes)))
    await settle()
    expect(link.all('directoryWant')).toHaveLength(1)
    offer(link, 2, 1000)
    expect(await link.next('directoryWant')).toEqual({ version: 2, offset: 0 })
  })

  it('lets an import of its own site go before a peer that sends slowly, and asks that peer again', async () => {
    const link = await station.link('two')
    const bytes = file(3)
    offer(link, 3, bytes.byteLength)
    await link.next('directoryWant')
    await station.useDirectory(2, world.entries())
    expect(station.directory.version).toBe(2)
    expect(await link.next('directoryWant')).toEqual({ version: 3, offset: 0 })
  })

  it('asks the next peer that offered one when the first stops answering', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const silentPeer = await station.link('three')
    const link = await station.link('two')
    const bytes = file(2)
    offer(silentPeer, 9, 1_000_000)
    await silentPeer.next('directoryWant')
    offer(link, 2, bytes.byteLength)
    await settle()
    expect(link.sent).toEqual([])
    vi.advanceTimersByTime(30_000)
    for (let offset = 0; offset < bytes.byteLength; offset += 48 * 1024) {
      expect(await link.next('directoryWant')).toEqual({ version: 2, offset })
      piece(link, 2, offset, bytes.subarray(offset, offset + 48 * 1024))
    }
    await inUse(2)
  })

  it('asks the next peer when the link of the first is cut', async () => {
    const first = await station.link('three')
    const link = await station.link('two')
    offer(first, 2, 1_000_000)
    await first.next('directoryWant')
    offer(link, 2, 1_000_000)
    await station.cut(first)
    expect(await link.next('directoryWant')).toEqual({ version: 2, offset: 0 })
  })

  it('stops at once while two peers offer', async () => {
    const first = await station.link('three')
    const link = await station.link('two')
    offer(first, 2, 1_000_000)
    offer(link, 3, 1_000_000)
    await first.next('directoryWant')
    await station.directories.stop()
    await settle()
    expect(link.all('directoryWant')).toEqual([])
  })
})

async function collected(source: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const found: Uint8Array[] = []
  for await (const bytes of source) found.push(bytes)
  return found
}
