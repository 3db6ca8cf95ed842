// ReadQueue: reads share trips, everyone gets the own values, and nobody waits for a trip that is not theirs.
import { expect, test } from 'vitest'
import { ReadQueue } from '../../../../src/equipment/store/read-queue.ts'

const storedOf = (key: string) => (key.startsWith('none') ? undefined : Buffer.from(key))
const texts = (values: (Uint8Array | undefined)[]) => values.map((value) => value && Buffer.from(value).toString())

/** A queue whose trips end when the test says so. */
function heldQueue() {
  const trips: { keys: string[]; done: PromiseWithResolvers<(Uint8Array | undefined)[]> }[] = []
  const queue = new ReadQueue((keys) => {
    const done = Promise.withResolvers<(Uint8Array | undefined)[]>()
    trips.push({ keys, done })
    return done.promise
  })
  const end = (at: number) => trips[at]?.done.resolve((trips[at]?.keys ?? []).map(storedOf))
  return { queue, trips, end }
}

test('reads of one turn go together, and each gets its own', async () => {
  const { queue, trips, end } = heldQueue()
  const reads = [queue.getMany(['a', 'none']), queue.getMany(['b']), queue.getMany([])]
  await Promise.resolve()
  expect(trips.map(({ keys }) => keys)).toEqual([['a', 'none', 'b']])
  end(0)
  expect((await Promise.all(reads)).map(texts)).toEqual([['a', undefined], ['b'], []])
})

test('a slow trip holds up only its own readers; behind two of them the next one fills', async () => {
  const { queue, trips, end } = heldQueue()
  const slow = queue.getMany(['slow'])
  await Promise.resolve()
  const quick = queue.getMany(['quick'])
  await Promise.resolve()
  const later = [queue.getMany(['c']), queue.getMany(['d'])]
  await Promise.resolve()
  expect(trips.map(({ keys }) => keys)).toEqual([['slow'], ['quick']])
  end(1)
  expect(texts(await quick)).toEqual(['quick'])
  await expect.poll(() => trips.length).toBe(3)
  expect(trips[2]?.keys).toEqual(['c', 'd'])
  end(2)
  expect((await Promise.all(later)).flatMap(texts)).toEqual(['c', 'd'])
  end(0)
  expect(texts(await slow)).toEqual(['slow'])
})

test('an error reaches everyone of its trip and nobody else', async () => {
  const { queue, trips, end } = heldQueue()
  const failing = Promise.allSettled([queue.getMany(['a']), queue.getMany(['b'])])
  await Promise.resolve()
  trips[0]?.done.reject(new Error('disk'))
  const good = queue.getMany(['c'])
  expect((await failing).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await Promise.resolve()
  end(1)
  expect(texts(await good)).toEqual(['c'])
})

test('a trip takes a bounded number of keys, but a long question is never split', async () => {
  const { queue, trips, end } = heldQueue()
  const many = Array.from({ length: 1000 }, (_, at) => `k${at}`)
  const reads = [queue.getMany(many), queue.getMany(['after'])]
  await expect.poll(() => trips.length).toBe(2)
  expect(trips.map(({ keys }) => keys.length)).toEqual([1000, 1])
  end(0)
  end(1)
  expect((await Promise.all(reads)).map((values) => values.length)).toEqual([1000, 1])
})
