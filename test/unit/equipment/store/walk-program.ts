// Program of level-reading-memory.test: walks a store of 25 MB again and again, and prints by how much it has grown meanwhile.
// Arguments: an empty folder, and what walks.
import { key, range, sequencePart } from '../../../../src/equipment/store/namespaces.ts'
import { levelStore, never } from '../../../fixtures/store/temporary-store.ts'

const [, , folder = '', walker = ''] = process.argv
const records = 25_000
const walks = 5
const { store } = levelStore(folder)
await store.start(never)
for (let at = 0; at < records; at += 1000) {
  await store.commit(
    Array.from({ length: 1000 }, (_, index) => ({
      type: 'put' as const,
      key: key('dir', sequencePart(at + index)),
      value: Buffer.alloc(1000, `${at + index} `),
    })),
  )
}

let walked = 0
async function walk(): Promise<void> {
  if (walker === 'scrub') walked += (await store.scrub(never)).checked
  else for await (const _ of store.range({ ...range('dir'), reverse: walker === 'backwards' })) walked += 1
}

// The first maps the tables and fills caches.
await walk()
walked = 0
const before = process.memoryUsage.rss()
for (let count = 0; count < walks; count++) await walk()
process.stdout.write(JSON.stringify({ walked, grownBytes: process.memoryUsage.rss() - before }))
await store.stop()
