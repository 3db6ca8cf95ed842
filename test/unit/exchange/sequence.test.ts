// Numbers that never repeat, whatever happens between two starts.
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { Sequence } from '../../../src/exchange/sequence.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'

const blockSize = 1 << 20
const take = (sequence: Sequence, count: number) => Array.from({ length: count }, () => sequence.next())

describe('sequence', () => {
  it('grows by one within a run and never repeats over restarts', async () => {
    const records = new MemoryRecordStore()
    let last = 0
    for (let run = 0; run < 20; run++) {
      const sequence = new Sequence(records)
      await sequence.start()
      const numbers = take(sequence, 50)
      expect(numbers[0]).toBeGreaterThan(last)
      expect(numbers).toEqual(Array.from({ length: 50 }, (_, at) => (numbers[0] ?? 0) + at))
      last = numbers.at(-1) ?? 0
    }
  })

  it('costs no write for a number, and one for half a block', async () => {
    const records = new MemoryRecordStore()
    const sequence = new Sequence(records)
    await sequence.start()
    take(sequence, blockSize / 2)
    expect(records.commits).toHaveLength(1)
    take(sequence, 10)
    await new Promise(setImmediate)
    expect(records.commits).toHaveLength(2)
    expect(new Set(take(sequence, blockSize)).size).toBe(blockSize)
  })

  it('never hands out what is not reserved on disk: not while the store fails, and again when it works', async () => {
    const records = new MemoryRecordStore()
    const sequence = new Sequence(records)
    await sequence.start()
    records.failure = new TramError('STORE_FAILED', { detail: 'pulled' })
    const numbers = new Set<number>()
    for (;;) {
      try {
        numbers.add(sequence.next())
      } catch (error) {
        expect(error).toMatchObject({ code: 'OVERLOADED' })
        break
      }
    }
    expect(numbers.size).toBe(blockSize)
    const reserved = Number(Buffer.from((await records.get('meta:sequence')) ?? '').toString())
    expect(Math.max(...[...numbers].slice(-1))).toBeLessThan(reserved)
    // The attempt that failed has ended by now; the store works again, and so does the sequence.
    await new Promise(setImmediate)
    records.failure = undefined
    let again: number | undefined
    while (again === undefined) {
      try {
        again = sequence.next()
      } catch (error) {
        expect(error).toMatchObject({ code: 'OVERLOADED' })
        await new Promise(setImmediate)
      }
    }
    expect(numbers.has(again)).toBe(false)
    const later = new Sequence(records)
    await later.start()
    expect(later.next()).toBeGreaterThan(again)
  }, 5_000)

  it('does not start on a mark that is no number', async () => {
    const records = new MemoryRecordStore()
    await records.commit([{ type: 'put', key: 'meta:sequence', value: Buffer.from('NaN') }])
    await expect(new Sequence(records).start()).rejects.toMatchObject({ code: 'STORE_DAMAGED' })
  })
})
