// The contract of the packet store, over each record store.
import { join } from 'node:path'
import { FilePacketStore } from '../../src/equipment/store/file-packet-store.ts'
import type { RecordStore } from '../../src/equipment/store/record-store.ts'
import { levelStore, never, silent, temporaryFolder } from '../fixtures/store/temporary-store.ts'
import { MemoryRecordStore } from './memory-record-store.ts'
import { MemorySpace } from './memory-space.ts'
import { maxPacketBytes, type PacketStoreUnderTest, packetStoreContract } from './packet-store-contract.ts'

function underTest(folder: string, records: RecordStore, close: () => Promise<void>): PacketStoreUnderTest {
  const space = new MemorySpace()
  const open = () =>
    new FilePacketStore(
      { packetsFolder: join(folder, 'packets'), incomingFolder: join(folder, 'incoming'), maxPacketBytes },
      { records, space, logger: silent },
    )
  return {
    packets: open(),
    records,
    reservedBytes: () => space.reservedBytes,
    setFreeBytes: (bytes) => {
      space.freeBytes = bytes
    },
    reopen: async () => open(),
    close,
  }
}

packetStoreContract('files and records in memory', async () => {
  const folder = await temporaryFolder()
  return underTest(folder.path, new MemoryRecordStore(), folder.remove)
})

packetStoreContract('files and records in LevelDB', async () => {
  const folder = await temporaryFolder()
  const { store } = levelStore(folder.path)
  await store.start(never)
  return underTest(folder.path, store, async () => {
    await store.stop()
    await folder.remove()
  })
})
