// The contract of the record store on each of its adapters.
import { levelStore, never, temporaryFolder } from '../fixtures/store/temporary-store.ts'
import { MemoryRecordStore } from './memory-record-store.ts'
import { recordStoreContract } from './record-store-contract.ts'

recordStoreContract('memory', async () => ({ store: new MemoryRecordStore(), close: async () => undefined }))

recordStoreContract('LevelDB', async () => {
  const folder = await temporaryFolder()
  const { store } = levelStore(folder.path)
  await store.start(never)
  return {
    store,
    close: async () => {
      await store.stop()
      await folder.remove()
    },
  }
})
