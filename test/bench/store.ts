// Figures of the store, each beside a baseline measured in the same run. Run it with node; asserts nothing.
// Arguments: a folder on the disk to measure (default: the system's temporary folder).
import { createHash, randomBytes } from 'node:crypto'
import { mkdtemp, open, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32c } from '../../src/equipment/store/crc32c.ts'
import { FilePacketStore } from '../../src/equipment/store/file-packet-store.ts'
import { key, range, sequencePart } from '../../src/equipment/store/namespaces.ts'
import { MemorySpace } from '../contract/memory-space.ts'
import { levelStore, never, silent } from '../fixtures/store/temporary-store.ts'

const [, , where = tmpdir()] = process.argv
const folder = await mkdtemp(join(where, 'tram-bench-'))
const { store } = levelStore(folder)
await store.start(never)

const print = (name: string, figure: number, unit: string, baseline?: number) =>
  process.stdout.write(
    `${name.padEnd(52)} ${Math.round(figure).toLocaleString('en').padStart(10)} ${unit}` +
      `${baseline === undefined ? '' : `   ${(figure / baseline).toFixed(2)} × baseline`}\n`,
  )
async function seconds(act: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await act()
  return (performance.now() - start) / 1000
}

try {
  await benchCommits()
  await benchQueue()
  await benchPacket()
  const block = randomBytes(1024 * 1024)
  const crcSeconds = await seconds(async () => {
    for (let round = 0; round < 500; round++) crc32c(block)
  })
  print('CRC-32C', 500 / crcSeconds, 'MiB/s')
} finally {
  await store.stop()
  await rm(folder, { recursive: true, force: true })
}

async function benchCommits(): Promise<void> {
  const value = randomBytes(256)
  const syncs = 2000
  const handle = await open(join(folder, 'plain'), 'w')
  const plain =
    syncs /
    (await seconds(async () => {
      for (let index = 0; index < syncs; index++) {
        await handle.write(value)
        await handle.datasync()
      }
    }))
  await handle.close()
  print('baseline: append 256 bytes and fdatasync, alone', plain, '/s')
  for (const [workers, each, bytes] of [
    [1, 3000, 256],
    [64, 800, 256],
    [256, 400, 256],
    [64, 200, 4096],
    [64, 20, 64 * 1024],
  ] as const) {
    const payload = randomBytes(bytes)
    const work = Array.from({ length: workers }, (_, worker) => async () => {
      for (let index = 0; index < each; index++)
        await store.commit([{ type: 'put', key: key('item', String(worker), sequencePart(index)), value: payload }])
    })
    const took = await seconds(async () => {
      await Promise.all(work.map((run) => run()))
    })
    print(`commits of ${bytes} bytes, ${workers} at a time`, (workers * each) / took, '/s', plain)
  }
}

async function benchQueue(): Promise<void> {
  const count = 200_000
  for (let from = 0; from < count; from += 2000)
    await store.commit(
      Array.from({ length: 2000 }, (_, index) => ({
        type: 'put',
        key: key('queue', sequencePart(from + index)),
        value: Buffer.of(1),
      })),
    )
  for (let from = 0; from < count - 1; from += 2000)
    await store.commit(
      Array.from({ length: Math.min(2000, count - 1 - from) }, (_, index) => ({
        type: 'delete',
        key: key('queue', sequencePart(from + index)),
      })),
    )
  const first = (bounds: { from: string; to: string }) =>
    seconds(async () => {
      for await (const _ of store.range({ ...bounds, limit: 1 }));
    })
  const bounds = range('queue')
  const cold = await first(bounds)
  const cursor = { ...bounds, from: key('queue', sequencePart(count - 1)) }
  await first(cursor)
  print(`first of a queue behind ${count - 1} tombstones`, cold * 1e6, 'µs')
  print('the same from its head cursor', (await first(cursor)) * 1e6, 'µs')
}

async function benchPacket(): Promise<void> {
  const piece = randomBytes(64 * 1024)
  const pieces = 8000
  const megabytes = (pieces * piece.length) / 1e6
  const hash = createHash('sha256')
  const hashing =
    megabytes /
    (await seconds(async () => {
      for (let index = 0; index < pieces; index++) hash.update(piece)
    }))
  const digest = hash.digest()
  print('baseline: SHA-256 of 524 MB', hashing, 'MB/s')
  const plain =
    megabytes /
    (await seconds(async () => {
      const handle = await open(join(folder, 'plain'), 'w')
      for (let index = 0; index < pieces; index++) await handle.write(piece)
      await handle.sync()
      await handle.close()
    }))
  print('baseline: write and fsync 524 MB', plain, 'MB/s')
  await rm(join(folder, 'plain'))
  const packets = new FilePacketStore(
    { packetsFolder: join(folder, 'packets'), incomingFolder: join(folder, 'incoming'), maxPacketBytes: 2 ** 31 },
    { records: store, space: new MemorySpace(), logger: silent },
  )
  let chunkDigests: Uint8Array[] = []
  const writing = await seconds(async () => {
    const writer = await packets.begin(null)
    for (let index = 0; index < pieces; index++) await writer.write(piece)
    chunkDigests = (await writer.finish((found) => Buffer.compare(found, digest) === 0)).chunkDigests
  })
  print('packet from a backend', megabytes / writing, 'MB/s', plain)
  await packets.remove(digest)
  const sizeBytes = pieces * piece.length
  const expected = { waybill: 'ab'.repeat(32), digest, sizeBytes, chunkBytes: 1024 * 1024, chunkDigests }
  const receiving = await seconds(async () => {
    const receiver = await packets.receive(expected)
    for (let index = 0; index < pieces; index++) await receiver.write(index * piece.length, piece)
    await receiver.finish()
  })
  print('packet from a peer, every chunk synced', megabytes / receiving, 'MB/s', plain)
  const reading = await seconds(async () => {
    for await (const _ of packets.read(digest));
  })
  print('packet read and verified', megabytes / reading, 'MB/s')
  print('memory (RSS) at the end', process.memoryUsage.rss() / 1e6, 'MB')
}
