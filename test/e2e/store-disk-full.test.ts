// A real disk that is really full: what was committed stays, the store says so at once, and comes back by itself when
// there is room. After ENOSPC LevelDB takes neither a delete nor a reopening; the ballast is what gets it going.
import { randomBytes } from 'node:crypto'
import { readdir, rm, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { DiskSpace } from '../../src/equipment/store/disk-space.ts'
import { FilePacketStore } from '../../src/equipment/store/file-packet-store.ts'
import type { LevelStore } from '../../src/equipment/store/level-store.ts'
import { key, sequencePart } from '../../src/equipment/store/namespaces.ts'
import type { SpaceKeeper } from '../../src/equipment/store/space-keeper.ts'
import { MemorySpace } from '../contract/memory-space.ts'
import { fillDisk, type LoopDisk, makeLoopDisk, rootCommand } from '../fixtures/store/loop-disk.ts'
import { levelStore, never, silent, type TemporaryFolder, temporaryFolder } from '../fixtures/store/temporary-store.ts'

const mebibyte = 1024 * 1024
const diskFull = { code: 'DISK_FULL' }
const patience = { timeout: 30_000, interval: 50 }

describe.runIf(rootCommand)('on a disk of 96 MiB', () => {
  let folder: TemporaryFolder
  let disk: LoopDisk
  let space: DiskSpace
  let store: LevelStore
  let damage: unknown[]
  const fillerFile = () => join(disk.path, 'filler')

  beforeEach(async () => {
    folder = await temporaryFolder()
    disk = await makeLoopDisk(folder.path, 96 * mebibyte)
    space = new DiskSpace(
      {
        folder: disk.path,
        ballastFile: join(disk.path, 'ballast'),
        ballastBytes: 24 * mebibyte,
        watermarkBytes: 8 * mebibyte,
        statusReserveBytes: mebibyte,
        checkIntervalMs: 3_600_000,
      },
      { logger: silent },
    )
    await space.start(never)
    ;({ store, damage } = levelStore(disk.path, { onDiskFull: () => space.freeBallast() }))
  })
  afterEach(async () => {
    await store.stop()
    await space.stop()
    await disk.unmount()
    await folder.remove()
  })

  const freeBytes = async () => {
    const { bavail, bsize } = await statfs(disk.path)
    return bavail * bsize
  }
  const put = (recordKey: string) => ({ type: 'put', key: recordKey, value: randomBytes(10_000) }) as const

  /** Commits, several at a time, until the disk is full. Returns the keys that were acknowledged. */
  async function commitUntilFull(name: string): Promise<string[]> {
    const acknowledged: string[] = []
    const workers = Array.from({ length: 8 }, async (_, worker) => {
      for (let index = 0; ; index++) {
        const recordKey = key('item', name, String(worker), sequencePart(index))
        await store.commit([put(recordKey)])
        acknowledged.push(recordKey)
      }
    })
    const results = await Promise.allSettled(workers)
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: diskFull })
    return acknowledged
  }

  async function expectAll(keys: readonly string[]): Promise<void> {
    const missing: string[] = []
    for (const recordKey of keys) if ((await store.get(recordKey)) === undefined) missing.push(recordKey)
    expect(missing).toEqual([])
    expect(damage).toEqual([])
  }

  test('commits fail at once, the ballast brings the store back, and room brings intake back', async () => {
    await store.start(never)
    await fillDisk(fillerFile(), 10 * mebibyte)
    const acknowledged = await commitUntilFull('first')
    expect(acknowledged.length).toBeGreaterThan(100)
    // Nobody has done anything: the failed store refuses writers and readers, each with the code that is theirs.
    await expect(store.commit([put('item:refused')])).rejects.toMatchObject(diskFull)
    await expect(store.get('item:refused')).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await vi.waitFor(() => store.commit([put('item:after')]), patience)
    await expectAll([...acknowledged, 'item:after'])
    expect(await stat(join(disk.path, 'ballast')).catch(() => undefined)).toBeUndefined()
    expect(space.report().open).toBe(false)
    expect(() => space.reserve(1, 'document')).toThrow(expect.objectContaining(diskFull))
    // A person, or retention, makes room.
    await rm(fillerFile())
    await store.commit(acknowledged.map((recordKey) => ({ type: 'delete', key: recordKey })))
    await space.check()
    expect((await stat(join(disk.path, 'ballast'))).size).toBe(24 * mebibyte)
    expect(space.report().open).toBe(true)
    await expectAll(['item:after'])
  })

  test('full again without a ballast: everything waits for room, and nothing is lost by the attempts to reopen', async () => {
    await store.start(never)
    await fillDisk(fillerFile(), 20 * mebibyte)
    await space.freeBallast()
    const acknowledged = await commitUntilFull('first')
    await fillDisk(join(disk.path, 'rest'), 0)
    await expect(store.commit([put('item:refused')])).rejects.toMatchObject(diskFull)
    await expect(store.commit([{ type: 'delete', key: 'item:x' }])).rejects.toMatchObject(diskFull)
    await rm(join(disk.path, 'rest'), { force: true })
    await rm(fillerFile())
    await vi.waitFor(() => store.commit([put('item:after')]), patience)
    await expectAll([...acknowledged, 'item:after'])
    await store.stop()
    await store.start(never)
    await expectAll([...acknowledged, 'item:after'])
  })

  test('a station that starts on a full disk gives up its ballast and comes up', async () => {
    await store.start(never)
    const recordKeys = Array.from({ length: 500 }, (_, index) => key('item', String(index)))
    await store.commit(recordKeys.map(put))
    await store.stop()
    await fillDisk(fillerFile(), 0)
    await store.start(never)
    await expectAll(recordKeys)
    await store.commit([put('item:after')])
    expect(space.report().open).toBe(false)
  })

  describe('packets', () => {
    const packetStore = (keeper: SpaceKeeper) =>
      new FilePacketStore(
        {
          packetsFolder: join(disk.path, 'packets'),
          incomingFolder: join(disk.path, 'incoming'),
          maxPacketBytes: 1024 * mebibyte,
        },
        { records: store, space: keeper, logger: silent },
      )

    test('what does not fit above the watermark is refused before a byte is written', async () => {
      await store.start(never)
      const packets = packetStore(space)
      const free = await freeBytes()
      await expect(packets.begin(free - 7 * mebibyte)).rejects.toMatchObject(diskFull)
      const writer = await packets.begin(null)
      const write = async () => {
        for (;;) await writer.write(randomBytes(mebibyte))
      }
      await expect(write()).rejects.toMatchObject(diskFull)
      expect(await readdir(join(disk.path, 'incoming'))).toEqual([])
      await space.check()
      expect(await freeBytes()).toBeGreaterThan(8 * mebibyte)
      const fitting = await packets.begin(mebibyte)
      await fitting.write(randomBytes(mebibyte))
      const { digest } = await fitting.finish(() => true)
      expect(await packets.size(digest)).toBe(mebibyte)
    })

    test('a disk that fills up during intake costs that packet, not the store', async () => {
      await store.start(never)
      await store.commit([put('item:before')])
      await fillDisk(fillerFile(), 6 * mebibyte)
      // Somebody else fills the disk: the reservation is no help.
      const packets = packetStore(new MemorySpace())
      const writer = await packets.begin(20 * mebibyte)
      const write = async () => {
        for (let written = 0; written < 20; written++) await writer.write(randomBytes(mebibyte))
      }
      await expect(write()).rejects.toMatchObject(diskFull)
      expect(await readdir(join(disk.path, 'incoming'))).toEqual([])
      await store.commit([put('item:after')])
      await expectAll(['item:before', 'item:after'])
    })

    test('a disk that fills up under a packet from a peer keeps its durable chunks', async () => {
      await store.start(never)
      const bytes = randomBytes(16 * mebibyte)
      const writer = await packetStore(new MemorySpace()).begin(bytes.length)
      await writer.write(bytes)
      const { digest, chunkDigests } = await writer.finish(() => true)
      const packets = packetStore(new MemorySpace())
      await packets.remove(digest)
      await fillDisk(fillerFile(), 6 * mebibyte)
      const expected = {
        waybill: 'ab'.repeat(32),
        digest,
        sizeBytes: bytes.length,
        chunkBytes: mebibyte,
        chunkDigests,
      }
      const receiver = await packets.receive(expected)
      const feed = async (from: number, into: typeof receiver) => {
        for (let at = from; at < bytes.length; at += mebibyte) await into.write(at, bytes.subarray(at, at + mebibyte))
      }
      await expect(feed(0, receiver)).rejects.toMatchObject(diskFull)
      expect(receiver.nextChunk).toBeGreaterThan(1)
      await receiver.suspend()
      await rm(fillerFile())
      const resumed = await packetStore(new MemorySpace()).receive(expected)
      expect(resumed.nextChunk).toBe(receiver.nextChunk)
      await feed(resumed.nextChunk * mebibyte, resumed)
      await resumed.finish()
      expect(await packets.size(digest)).toBe(bytes.length)
    })
  })
})

test.skipIf(rootCommand)('a full disk: NOT RUN (needs root)')
