// The audit chain: whole after any failed commit, and any change of it is found.
import { describe, expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { TramError } from '../../../src/base/errors.ts'
import { CommitQueue } from '../../../src/equipment/store/commit-queue.ts'
import { AuditLog } from '../../../src/exchange/evidence/audit-log.ts'
import { AuditRecord } from '../../../src/exchange/schema/records.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { startMs } from '../../fixtures/exchange/test-world.ts'
import { levelStore, never, silent, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const failed = new TramError('STORE_FAILED', { detail: 'pulled' })

async function opened(records = new MemoryRecordStore(), clock = new TestClock(startMs)) {
  const audit = new AuditLog(records, clock, silent)
  await audit.start()
  return { records, clock, audit }
}
const act = (subject: string) => [{ act: 'accepted' as const, subject }]
async function subjects(audit: AuditLog): Promise<string[]> {
  const found: string[] = []
  for await (const entry of audit.entries()) found.push(`${entry.sequence} ${entry.subject}`)
  return found
}
/** Commits until the log has found its head again. */
async function commitAfterTrouble(audit: AuditLog, subject: string): Promise<void> {
  for (;;) {
    try {
      await audit.commit([], act(subject))
      return
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_FAILED' })
      await new Promise(setImmediate)
    }
  }
}

describe('audit log', () => {
  it('keeps acts in order, in the commit of what they are, over restarts', async () => {
    const { records, clock, audit } = await opened()
    await audit.commit(
      [{ type: 'put', key: 'meta:x', value: Buffer.from('1') }],
      [...act('a'), { act: 'sealed', subject: 'b', detail: '7' }],
    )
    expect(records.commits).toHaveLength(1)
    clock.advance(5)
    const { audit: again } = await opened(records, clock)
    await again.commit([], act('c'))
    const entries = []
    for await (const entry of again.entries()) entries.push(entry)
    expect(entries).toEqual([
      { sequence: 0, timeMs: startMs, act: 'accepted', subject: 'a', detail: '' },
      { sequence: 1, timeMs: startMs, act: 'sealed', subject: 'b', detail: '7' },
      { sequence: 2, timeMs: startMs + 5, act: 'accepted', subject: 'c', detail: '' },
    ])
    expect(await again.verify()).toBe(3)
    const tail = []
    for await (const { sequence } of again.entries(2)) tail.push(sequence)
    expect(tail).toEqual([2])
  })

  it('is whole after commits at once, on a disk', async () => {
    const folder = await temporaryFolder()
    const { store } = levelStore(folder.path)
    await store.start(never)
    const audit = new AuditLog(store, new TestClock(startMs), silent)
    await audit.start()
    await Promise.all(Array.from({ length: 500 }, (_, at) => audit.commit([], act(`${at}`))))
    expect(await audit.verify()).toBe(500)
    await store.stop()
    await folder.remove()
  })

  it('is whole after a failed commit: nothing is written over and no act is missing', async () => {
    const { records, audit } = await opened()
    await audit.commit([], act('a'))
    records.failure = failed
    const lost = await Promise.allSettled([audit.commit([], act('lost 1')), audit.commit([], act('lost 2'))])
    expect(lost.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
    records.failure = undefined
    // At once, before the head was read again: refused rather than chained to what was never written.
    await expect(audit.commit([], act('too early'))).rejects.toMatchObject({ code: 'STORE_FAILED' })
    await commitAfterTrouble(audit, 'b')
    expect(await subjects(audit)).toEqual(['0 a', '1 b'])
    expect(await audit.verify()).toBe(2)
    await audit.stop()
  })

  it('is whole when a commit is refused while earlier ones still wait for the disk', async () => {
    const records = new MemoryRecordStore()
    const { promise: disk, resolve: write } = Promise.withResolvers<void>()
    const plain = MemoryRecordStore.prototype.commit.bind(records)
    const { audit } = await opened(records)
    await audit.commit([], act('a'))
    let isFull = false
    records.commit = async (operations) => {
      if (isFull) throw new TramError('OVERLOADED', { detail: 'too much waits' })
      await disk
      await plain(operations)
    }
    const waiting = audit.commit([], act('waits'))
    isFull = true
    await expect(audit.commit([], act('refused'))).rejects.toMatchObject({ code: 'OVERLOADED' })
    isFull = false
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    const early = audit.commit([], act('while it waits')).catch((error: unknown) => error)
    write()
    await waiting
    await early
    await commitAfterTrouble(audit, 'last')
    expect(await audit.verify()).toBe((await subjects(audit)).length)
    expect((await subjects(audit)).map((line) => line.slice(2))).toEqual(expect.arrayContaining(['a', 'waits', 'last']))
    await audit.stop()
  })

  it('is whole when a large commit is refused and a small one behind it would fit', async () => {
    const records = new MemoryRecordStore()
    const plain = MemoryRecordStore.prototype.commit.bind(records)
    const limits = { maxBatchOperations: 4, maxBatchBytes: 1e6, maxWaitingOperations: 4, maxWaitingBytes: 1e6 }
    const queue = new CommitQueue(limits, (stored) =>
      plain(stored.map((operation) => (operation.type === 'put' ? operation : { type: 'delete', key: operation.key }))),
    )
    records.commit = (operations) =>
      queue.commit(
        operations.map((operation) => (operation.type === 'put' ? operation : { type: 'del', key: operation.key })),
        1,
      )
    const { audit } = await opened(records)
    const results = await Promise.allSettled([
      audit.commit([], act('a')),
      audit.commit([], [...act('b'), ...act('b'), ...act('b'), ...act('b')]),
      audit.commit([], act('c')),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected'])
    await commitAfterTrouble(audit, 'd')
    expect(await subjects(audit)).toEqual(['0 a', '1 d'])
    expect(await audit.verify()).toBe(2)
    await audit.stop()
  })

  it.each<[string, (records: MemoryRecordStore, keys: string[]) => Promise<void>, string]>([
    ['a changed act', (records, keys) => alter(records, keys[1] ?? '', swapSubject), 'audit:0000000000000002'],
    [
      'an act cut short',
      (records, keys) => alter(records, keys[1] ?? '', (value) => value.subarray(0, -1)),
      'audit:0000000000000001',
    ],
    [
      'a removed act',
      (records, keys) => records.commit([{ type: 'delete', key: keys[2] ?? '' }]),
      'audit:0000000000000003',
    ],
    [
      'a removed first act',
      (records, keys) => records.commit([{ type: 'delete', key: keys[0] ?? '' }]),
      'audit:0000000000000001',
    ],
    [
      'two acts that changed places',
      async (records, keys) => {
        const [one, other] = await records.getMany([keys[1] ?? '', keys[2] ?? ''])
        await records.commit([
          { type: 'put', key: keys[1] ?? '', value: other ?? Buffer.alloc(0) },
          { type: 'put', key: keys[2] ?? '', value: one ?? Buffer.alloc(0) },
        ])
      },
      'audit:0000000000000001',
    ],
    [
      'an inserted act',
      async (records, keys) => {
        const [first] = await records.getMany([keys[0] ?? ''])
        await records.commit([{ type: 'put', key: 'audit:0000000000000005', value: first ?? Buffer.alloc(0) }])
      },
      'audit:0000000000000005',
    ],
  ])('shows %s', async (_, tamper, place) => {
    const { records, audit } = await opened()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await audit.commit([], act(subject))
    expect(await audit.verify()).toBe(5)
    await tamper(
      records,
      records.keys().filter((name) => name.startsWith('audit:')),
    )
    await expect(audit.verify()).rejects.toMatchObject({ code: 'STORE_DAMAGED', data: { place } })
  })
})

/** Another subject in a record that is otherwise as it was. */
function swapSubject(value: Uint8Array): Uint8Array {
  return AuditRecord.encode({ ...AuditRecord.decode(value), subject: 'x' })
}

async function alter(
  records: MemoryRecordStore,
  key: string,
  change: (value: Uint8Array) => Uint8Array,
): Promise<void> {
  const value = await records.get(key)
  await records.commit([{ type: 'put', key, value: change(value ?? Buffer.alloc(0)) }])
}
