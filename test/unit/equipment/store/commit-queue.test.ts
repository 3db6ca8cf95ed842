// Group commit: what shares a batch, what is bounded, and whose error is whose.
import { expect, test } from 'vitest'
import { CommitQueue, type StoredOperation } from '../../../../src/equipment/store/commit-queue.ts'

const limits = { maxBatchOperations: 4, maxBatchBytes: 1000, maxWaitingOperations: 10, maxWaitingBytes: 10_000 }
const del = (...keys: string[]): StoredOperation[] => keys.map((key) => ({ type: 'del', key }))

/** A queue whose writer waits until the test lets it go on. */
function heldQueue() {
  const batches: { keys: string[]; done: PromiseWithResolvers<void> }[] = []
  const queue = new CommitQueue(limits, (operations) => {
    const done = Promise.withResolvers<void>()
    batches.push({ keys: operations.map(({ key }) => key), done })
    return done.promise
  })
  // Two: whoever has just been told that a batch is durable commits in the next one.
  const turn = async () => {
    for (let at = 0; at < 2; at++) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { batches, queue, turn }
}

test('commits of one turn share a batch; those that come meanwhile share the next', async () => {
  const { batches, queue, turn } = heldQueue()
  const first = [queue.commit(del('a'), 1), queue.commit(del('b'), 1)]
  await turn()
  expect(batches.map(({ keys }) => keys)).toEqual([['a', 'b']])
  const second = [queue.commit(del('c'), 1), queue.commit(del('d'), 1)]
  await turn()
  expect(batches).toHaveLength(1)
  batches[0]?.done.resolve()
  await Promise.all(first)
  await turn()
  expect(batches[1]?.keys).toEqual(['c', 'd'])
  batches[1]?.done.resolve()
  await Promise.all(second)
  await queue.idle()
})

test('a batch keeps its bounds, a commit stays whole', async () => {
  const { batches, queue, turn } = heldQueue()
  const commits = [
    queue.commit(del('a', 'b', 'c'), 3),
    queue.commit(del('d', 'e'), 2),
    queue.commit(del('f'), 999),
    queue.commit(del('g', 'h', 'i', 'j'), 4),
  ]
  for (const expected of [['a', 'b', 'c'], ['d', 'e'], ['f'], ['g', 'h', 'i', 'j']]) {
    await turn()
    expect(batches.at(-1)?.keys).toEqual(expected)
    batches.at(-1)?.done.resolve()
  }
  await Promise.all(commits)
})

test('a commit larger than every bound goes alone when nothing waits, and is refused when something does', async () => {
  const { batches, queue, turn } = heldQueue()
  const huge = del(...Array.from({ length: 50 }, (_, index) => String(index)))
  const first = queue.commit(huge, 50_000)
  await expect(queue.commit(del('x'), 1)).rejects.toMatchObject({ code: 'OVERLOADED' })
  await turn()
  const waiting = queue.commit(del('a'), 1)
  await expect(queue.commit(huge, 1)).rejects.toMatchObject({ code: 'OVERLOADED' })
  await expect(queue.commit(del('b'), 10_000)).rejects.toMatchObject({ code: 'OVERLOADED' })
  batches[0]?.done.resolve()
  await first
  await turn()
  expect(batches[1]?.keys).toEqual(['a'])
  batches[1]?.done.resolve()
  await waiting
})

test('a failed batch fails all that wait behind it, and the queue works again after', async () => {
  const { batches, queue, turn } = heldQueue()
  const failing = queue.commit(del('a'), 1)
  await turn()
  const behind = queue.commit(del('b'), 1)
  batches[0]?.done.reject(new Error('disk'))
  await expect(failing).rejects.toThrow('disk')
  await expect(behind).rejects.toThrow('disk')
  await queue.idle()
  const next = queue.commit(del('c'), 1)
  await turn()
  expect(batches.map(({ keys }) => keys)).toEqual([['a'], ['c']])
  batches[1]?.done.resolve()
  await next
})

test('a commit that is called just as the last one became durable does not wait for a third', async () => {
  const written: string[] = []
  const queue = new CommitQueue(limits, async (operations) => {
    written.push(...operations.map(({ key }) => key))
  })
  // Without an await between: the very next step after `a` is durable.
  const second = queue.commit(del('a'), 1).then(() => queue.commit(del('b'), 1))
  const timeout = new Promise((resolve) => setTimeout(resolve, 5_000, 'hangs').unref())
  expect(await Promise.race([second.then(() => 'durable'), timeout])).toBe('durable')
  expect(written).toEqual(['a', 'b'])
})
