import { expect, test } from 'vitest'
import { Books, isInOrder } from '../../endurance/books.ts'
import { type ConditionBooks, type SoakFacts, type SoakSample, soakFailures } from '../../endurance/soak-verdict.ts'

/** Books of one packet for two agencies of h41, as they are when all went well. */
function booksOf(change: (books: Books) => void = () => undefined, items = ['one', 'two']): Books {
  const books = new Books()
  books.handsIn('aa')
  books.acknowledge({ docId: 'doc', sort: 'document', digest: 'aa', station: 'g22', items: new Map([['h41', 2]]) })
  for (const item of items) {
    books.listed('h41', item)
    books.arrived('h41', item, 'aa')
    books.done('h41', item)
  }
  change(books)
  return books
}

test('books in order', () => {
  const verdict = booksOf().verdict([])
  expect(verdict).toEqual({ acknowledged: 1, lost: [], doubled: [], strange: [], unreceipted: [] })
  expect(isInOrder(verdict)).toBe(true)
})

test.each<[string, Books, string[], object]>([
  ['an item that never came', booksOf(undefined, ['one']), [], { lost: ['doc at h41: 1 of 2'] }],
  [
    'one item too many',
    booksOf(undefined, ['one', 'two', 'three']),
    [],
    { doubled: ['doc at h41: 3 items instead of 2'] },
  ],
  [
    'an item at a station that was not addressed',
    booksOf((books) => books.arrived('h25', 'four', 'aa')),
    [],
    { doubled: ['doc at h25: 1 items instead of 0'] },
  ],
  [
    'an item that is listed after it was done',
    booksOf((books) => books.listed('h41', 'one')),
    [],
    { doubled: ['h41: one again after it was done'] },
  ],
  ['bytes that nobody sent', booksOf((books) => books.arrived('h41', 'five', 'bb')), [], { strange: ['h41: five'] }],
  ['no receipt', booksOf(), ['doc'], { unreceipted: ['doc'] }],
])('books tell of %s', (_, books, unreceipted, found) => {
  const verdict = books.verdict(unreceipted)
  expect(verdict).toMatchObject(found)
  expect(isInOrder(verdict)).toBe(false)
})

test('a packet that was handed in, cut off before its acknowledgement, and arrived all the same is no fault', () => {
  const books = booksOf((own) => {
    own.handsIn('cc')
    own.arrived('h41', 'six', 'cc')
  })
  expect(isInOrder(books.verdict([]))).toBe(true)
})

const flat: SoakSample[] = Array.from({ length: 40 }, (_, at) => ({ atMs: at * 5000, pssMb: 120, descriptors: 60 }))
const growing = (change: (sample: SoakSample, at: number) => SoakSample): SoakSample[] => flat.map(change)
const told: ConditionBooks = {
  station: 'g22',
  raised: new Map([['TOKEN_ABSENT', 2]]),
  raisedLater: new Map([['TOKEN_ABSENT', 3]]),
  told: new Map([['TOKEN_ABSENT', 3]]),
  dropped: 0,
  repeated: 1,
  contradictions: [],
}
const good: SoakFacts = {
  books: booksOf().verdict([]),
  conditions: [told],
  interruptions: 0,
  queued: new Map([['g22', 0]]),
  incoming: new Map([['g22', 0]]),
  samples: flat,
  unexpectedErrors: [],
}

test('a soak that went well has no failures', () => {
  expect(soakFailures(good)).toEqual([])
  expect(
    soakFailures({
      ...good,
      conditions: [{ ...told, told: new Map([['DISK_LOW', 1]]), dropped: 2 }],
      interruptions: 1,
    }),
  ).toEqual([])
  // Memory that a run takes in its first quarter is warm-up, not growth.
  const warming = growing((sample, at) => ({ ...sample, pssMb: at < 10 ? 60 : 120 }))
  expect(soakFailures({ ...good, samples: warming })).toEqual([])
})

test.each<[string, Partial<SoakFacts>, RegExp]>([
  ['books out of order', { books: booksOf(undefined, ['one']).verdict([]) }, /^lost: doc at h41/],
  ['nothing acknowledged', { books: new Books().verdict([]) }, /nothing was acknowledged/],
  ['a queue that is not empty', { queued: new Map([['h41', 3]]) }, /h41: 3 deliveries/],
  ['files left behind', { incoming: new Map([['h41', 1]]) }, /h41: 1 files/],
  [
    'memory that grows',
    { samples: growing((one, at) => ({ ...one, pssMb: 100 + at })) },
    /memory grew from 115\.0 to 135\.0/,
  ],
  [
    'open files that grow',
    { samples: growing((one, at) => ({ ...one, descriptors: 50 + 2 * at })) },
    /open files grew/,
  ],
  ['no condition at all', { conditions: [{ ...told, raised: new Map(), told: new Map() }] }, /no condition was told/],
  [
    'a condition that nobody was told of',
    { conditions: [{ ...told, told: new Map([['TOKEN_ABSENT', 1]]) }] },
    /g22: 1 conditions untold, 0 dropped/,
  ],
  [
    'a condition that was told twice',
    { conditions: [{ ...told, told: new Map([['TOKEN_ABSENT', 4]]) }] },
    /1 conditions told twice, after 0 interruptions/,
  ],
  ['one id with two texts', { conditions: [{ ...told, contradictions: ['a | b'] }] }, /two events of one id: a | b/],
  ['an error that no fault explains', { unexpectedErrors: ['g22: INTERNAL'] }, /unexpected: g22: INTERNAL/],
])('a soak fails by %s', (_, facts, failure) => {
  expect(soakFailures({ ...good, ...facts })).toEqual([expect.stringMatching(failure)])
})

test('a run that is too short to tell growth is no success', () => {
  expect(() => soakFailures({ ...good, samples: flat.slice(0, 7) })).toThrow(RangeError)
})
