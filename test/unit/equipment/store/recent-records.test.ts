// RecentRecords: what it keeps, what it forgets, and that it never exceeds its bytes.
import { expect, test } from 'vitest'
import type { StoredOperation } from '../../../../src/equipment/store/commit-queue.ts'
import { RecentRecords } from '../../../../src/equipment/store/recent-records.ts'
import { encodeRecord } from '../../../../src/equipment/store/record-codec.ts'

const put = (key: string, text: string): StoredOperation => ({
  type: 'put',
  key,
  value: encodeRecord(key, Buffer.from(text)),
})
const text = (records: RecentRecords, key: string) => {
  const value = records.get(key)
  return value === undefined ? undefined : Buffer.from(value).toString()
}

test('the last operation on a key is the one that counts', () => {
  const records = new RecentRecords(10_000)
  records.applied([put('waybill:a', '1'), put('waybill:b', '1'), put('waybill:a', '2')])
  expect(text(records, 'waybill:a')).toBe('2')
  records.applied([{ type: 'del', key: 'waybill:a' }, put('waybill:b', '3')])
  expect(records.get('waybill:a')).toBeUndefined()
  expect(text(records, 'waybill:b')).toBe('3')
  records.clear()
  expect(records.get('waybill:b')).toBeUndefined()
})

test('the oldest records make room, and one that was written again is young', () => {
  const value = 'x'.repeat(100)
  const records = new RecentRecords(350)
  records.applied([put('item:a', value), put('item:b', value), put('item:c', value)])
  records.applied([put('item:a', value)])
  records.applied([put('item:d', value)])
  const kept = ['item:a', 'item:b', 'item:c', 'item:d'].filter((key) => records.get(key) !== undefined)
  expect(kept).toEqual(['item:a', 'item:c', 'item:d'])
  records.applied([put('item:big', 'x'.repeat(1000))])
  expect(kept.filter((key) => records.get(key) !== undefined)).toEqual([])
  expect(records.get('item:big')).toBeUndefined()
})

test('bytes are counted exactly: writing and deleting for ever leaves the same room', () => {
  const records = new RecentRecords(350)
  for (let round = 0; round < 1000; round++) {
    records.applied([put('item:a', `${round}`), put('item:b', 'x'.repeat(round % 50))])
    records.applied([{ type: 'del', key: 'item:a' }])
  }
  records.applied([put('item:c', 'x'.repeat(100)), put('item:d', 'x'.repeat(100))])
  expect(['item:b', 'item:c', 'item:d'].filter((key) => records.get(key) !== undefined)).toHaveLength(3)
})

test('what nobody asks for by its key takes no room', () => {
  const records = new RecentRecords(10_000)
  records.applied([put('audit:0000000000000001', 'act'), put('queue:h41:3s:0000000000000001', 'waybill')])
  expect(records.get('audit:0000000000000001')).toBeUndefined()
  expect(records.get('queue:h41:3s:0000000000000001')).toBeUndefined()
})
