// The record store and the packet store, beside what the disk does for one process that appends and syncs alone.
import { createHash, randomBytes } from 'node:crypto'
import { open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { FilePacketStore } from '../../../src/equipment/store/file-packet-store.ts'
import { key, sequencePart } from '../../../src/equipment/store/namespaces.ts'
import { MemorySpace } from '../../contract/memory-space.ts'
import { levelStore, never, silent } from '../../fixtures/store/temporary-store.ts'
import { type Figure, secondsOf } from '../figure.ts'

const workers = 256
const chunkBytes = 64 * 1024

export const figure: Figure = {
  id: 'store',
  title: 'Durable commits of 256 concurrent writers, and packets from a peer, ÷ the bare disk',
  target: 'reported',
  async run({ folder, isQuick }) {
    const { store } = levelStore(folder)
    await store.start(never)
    try {
      const value = randomBytes(256)
      const syncs = isQuick ? 50 : 2000
      const each = isQuick ? 4 : 400
      const plain = syncs / (await secondsOf(() => appendAndSync(join(folder, 'plain'), value, syncs, 1)))
      const write = async (worker: number) => {
        for (let at = 0; at < each; at++)
          await store.commit([{ type: 'put', key: key('item', String(worker), sequencePart(at)), value }])
      }
      const all = () => Promise.all(Array.from({ length: workers }, (_, worker) => write(worker)))
      const grouped = (workers * each) / (await secondsOf(async () => void (await all())))

      const pieces = isQuick ? 64 : 4096
      const piece = randomBytes(chunkBytes)
      const megabytes = (pieces * chunkBytes) / 1e6
      const bare = megabytes / (await secondsOf(() => appendAndSync(join(folder, 'plain'), piece, pieces, 16)))
      const digest = createHash('sha256')
      for (let at = 0; at < pieces; at++) digest.update(piece)
      const chunk = createHash('sha256')
      for (let at = 0; at < 16; at++) chunk.update(piece)
      const chunkDigests = Array.from({ length: pieces / 16 }, () => chunk.copy().digest())
      const packets = new FilePacketStore(
        { packetsFolder: join(folder, 'packets'), incomingFolder: join(folder, 'incoming'), maxPacketBytes: 2 ** 31 },
        { records: store, space: new MemorySpace(), logger: silent },
      )
      const received = await secondsOf(async () => {
        const receiver = await packets.receive({
          waybill: 'ab'.repeat(32),
          digest: digest.digest(),
          sizeBytes: pieces * chunkBytes,
          chunkBytes: 16 * chunkBytes,
          chunkDigests,
        })
        for (let at = 0; at < pieces; at++) await receiver.write(at * chunkBytes, piece)
        await receiver.finish()
      })
      return {
        values: [
          { name: 'durable commits of 256 bytes, 256 at a time', value: grouped, unit: '/s' },
          { name: 'a packet from a peer, hashed, each chunk synced', value: megabytes / received, unit: 'MB/s' },
          { name: 'write and fdatasync of 1 MiB, one after the other', value: bare, unit: 'MB/s' },
        ],
        baseline: { name: 'append 256 bytes and fdatasync, alone', value: plain, unit: '/s' },
        ratio: grouped / plain,
        met: 'reported',
      }
    } finally {
      await store.stop()
    }
  },
}

/** Appends `bytes` so often, with fdatasync after each `every`. */
async function appendAndSync(file: string, bytes: Uint8Array, times: number, every: number): Promise<void> {
  const handle = await open(file, 'w')
  for (let at = 1; at <= times; at++) {
    await handle.write(bytes)
    if (at % every === 0) await handle.datasync()
  }
  await handle.close()
  await rm(file)
}
