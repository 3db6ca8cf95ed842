// What every record store must do, whatever lies beneath. Run on the memory store and on LevelDB by record-store.test.ts.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { key, range, sequencePart } from '../../src/equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../src/equipment/store/record-store.ts'

export interface StoreUnderTest {
  store: RecordStore
  close(): Promise<void>
}

const put = (recordKey: string, text: string): RecordOperation => ({
  type: 'put',
  key: recordKey,
  value: Buffer.from(text),
})
const remove = (recordKey: string): RecordOperation => ({ type: 'delete', key: recordKey })

export function recordStoreContract(name: string, make: () => Promise<StoreUnderTest>): void {
  describe(`record store: ${name}`, () => {
    let made: StoreUnderTest
    let store: RecordStore
    beforeEach(async () => {
      made = await make()
      store = made.store
    })
    afterEach(() => made.close())

    const text = async (recordKey: string) => {
      const value = await store.get(recordKey)
      return value === undefined ? undefined : Buffer.from(value).toString()
    }
    const keysOf = async (...found: Parameters<RecordStore['range']>) => {
      const keys: string[] = []
      for await (const [recordKey] of store.range(...found)) keys.push(recordKey)
      return keys
    }

    test('what was committed is read back, byte for byte, until it is deleted', async () => {
      const value = Uint8Array.from({ length: 300_000 }, (_, index) => index % 251)
      await store.commit([{ type: 'put', key: 'item:a', value }, put('item:b', '')])
      expect(Buffer.compare((await store.get('item:a')) ?? Buffer.of(), value)).toBe(0)
      expect(await store.get('item:b')).toHaveLength(0)
      expect(await store.get('item:c')).toBeUndefined()
      await store.commit([remove('item:a'), remove('item:c')])
      expect(await store.get('item:a')).toBeUndefined()
    })

    test('getMany answers in the order of the question', async () => {
      await store.commit([put('item:a', '1'), put('item:b', '2')])
      const values = await store.getMany(['item:b', 'item:none', 'item:a', 'item:b'])
      expect(values.map((value) => value && Buffer.from(value).toString())).toEqual(['2', undefined, '1', '2'])
      expect(await store.getMany([])).toEqual([])
    })

    test('operations of a commit apply in their order', async () => {
      await store.commit([put('item:a', '1'), remove('item:a'), put('item:b', '1'), put('item:b', '2')])
      expect(await text('item:a')).toBeUndefined()
      expect(await text('item:b')).toBe('2')
    })

    test('commits that run at the same time apply in the order of their calls', async () => {
      const commits = Array.from({ length: 2000 }, (_, index) => store.commit([put('item:last', String(index))]))
      await Promise.all(commits)
      expect(await text('item:last')).toBe('1999')
    })

    test('a commit that resolved is visible, and all of it is', async () => {
      const workers = Array.from({ length: 20 }, async (_, worker) => {
        for (let round = 0; round < 20; round++) {
          const keys = [1, 2, 3].map((part) => key('item', String(worker), String(round), String(part)))
          await store.commit(keys.map((each) => put(each, each)))
          const values = await store.getMany(keys)
          expect(values.map((value) => Buffer.from(value ?? []).toString())).toEqual(keys)
        }
      })
      await Promise.all(workers)
      expect(await keysOf(range('item'))).toHaveLength(1200)
    })

    test('the bytes of a value are those at the time of the call', async () => {
      const value = Buffer.from('before')
      const commit = store.commit([{ type: 'put', key: 'item:a', value }])
      value.fill('x')
      await commit
      expect(await text('item:a')).toBe('before')
    })

    test('an empty commit resolves', async () => {
      await store.commit([])
      expect(await keysOf(range('item'))).toEqual([])
    })

    test('a range includes its beginning, excludes its end, and keeps to limit and direction', async () => {
      await store.commit(['a', 'b', 'c', 'd'].map((last) => put(key('item', last), last)))
      const bounds = { from: 'item:b', to: 'item:d' }
      expect(await keysOf(bounds)).toEqual(['item:b', 'item:c'])
      expect(await keysOf({ ...bounds, reverse: true })).toEqual(['item:c', 'item:b'])
      expect(await keysOf({ ...bounds, limit: 1 })).toEqual(['item:b'])
      expect(await keysOf({ ...bounds, limit: 1, reverse: true })).toEqual(['item:c'])
      expect(await keysOf({ ...bounds, limit: 0 })).toEqual([])
      expect(await keysOf({ from: 'item:d', to: 'item:b' })).toEqual([])
    })

    test('a range of a namespace or prefix holds exactly its keys', async () => {
      const inside = [key('item', 'a', '1'), key('item', 'a', 'x:y')]
      const outside = [key('item', 'a'), key('item', 'ab', '1'), key('items' as 'item', 'a', '1'), key('dir', 'a', '1')]
      await store.commit([...inside, ...outside].map((each) => put(each, '')))
      expect(await keysOf(range('item', 'a'))).toEqual(inside)
      expect(await keysOf(range('item'))).toEqual([key('item', 'a'), ...inside, key('item', 'ab', '1')])
    })

    test('keys sort by their UTF-8 bytes, not by UTF-16 units', async () => {
      // U+FF5E is one unit 0xFF5E, U+1F4E8 the units 0xD83D 0xDCE8: the other way round than their bytes.
      const sorted = ['item:Z', 'item:a', 'item:Đ', 'item:ặ', 'item:～', 'item:📨']
      await store.commit([...sorted].reverse().map((each) => put(each, '')))
      expect(await keysOf(range('item'))).toEqual(sorted)
      expect(await keysOf({ from: 'item:～', to: 'item:📨' })).toEqual(['item:～'])
    })

    test('a range longer than any piece is whole in both directions, large values too', async () => {
      const keys = Array.from({ length: 1500 }, (_, index) => key('queue', sequencePart(index)))
      await store.commit(keys.map((each) => put(each, each.repeat(40))))
      expect(await keysOf(range('queue'))).toEqual(keys)
      expect(await keysOf({ ...range('queue'), reverse: true })).toEqual([...keys].reverse())
      expect(await keysOf({ ...range('queue'), limit: 700 })).toEqual(keys.slice(0, 700))
    })

    test('a range that is read while it is cleared ends well, and leaving it early hurts nobody', async () => {
      await store.commit(Array.from({ length: 1000 }, (_, index) => put(key('queue', sequencePart(index)), 'x')))
      const seen: string[] = []
      for await (const [recordKey] of store.range(range('queue'))) {
        seen.push(recordKey)
        await store.commit([remove(recordKey)])
        if (seen.length === 400) break
      }
      const rest = await keysOf(range('queue'))
      expect(rest).toHaveLength(600)
      expect(new Set([...seen, ...rest]).size).toBe(1000)
    })
  })
}
