// What makes a soak a failure: books, queues, growth of memory and of open files, and what the stations logged. Pure, so that a
// test can show that each of them fails; soak.ts gathers the facts.
import { type BooksVerdict, isInOrder } from './books.ts'

export interface SoakSample {
  atMs: number
  /** Proportional set size of station and signer, MB. */
  pssMb: number
  /** Open files of the station. */
  descriptors: number
}

/** What the conditions of one station came to: as it wrote them down, and as the operators were told. */
export interface ConditionBooks {
  station: string
  /** How often each code was raised, by the audit log. */
  raised: ReadonlyMap<string, number>
  /** The same when `told` had been counted. */
  raisedLater: ReadonlyMap<string, number>
  /** How many events of different ids said so. */
  told: ReadonlyMap<string, number>
  /** Counted in EVENTS_DROPPED. */
  dropped: number
  /** Told anew with the same id, as QoS 1 may. */
  repeated: number
  /** One id with two texts. */
  contradictions: readonly string[]
}

export interface SoakFacts {
  books: BooksVerdict
  conditions: readonly ConditionBooks[]
  /** Kills and full disks: each may come between the telling of a look's changes and the note of it, and then they are told again. */
  interruptions: number
  /** Deliveries in the queues at the end, by station. */
  queued: ReadonlyMap<string, number>
  /** Files in the incoming folder at the end, by station. */
  incoming: ReadonlyMap<string, number>
  /** Of the station that was never killed, over the whole run. */
  samples: readonly SoakSample[]
  /** Lines of error or worse with a code that no injected fault explains. */
  unexpectedErrors: readonly string[]
}

/** What a run may grow by from its second quarter to its last. */
const growth = { share: 0.1, megabytes: 5, descriptors: 20 }

/** The median of the second and of the last quarter of a run. @throws RangeError with fewer than eight samples */
export function quarters(samples: readonly SoakSample[], of: (sample: SoakSample) => number): [number, number] {
  if (samples.length < 8) throw new RangeError(`too few samples to tell growth: ${samples.length}`)
  const quarter = Math.floor(samples.length / 4)
  return [median(samples.slice(quarter, 2 * quarter).map(of)), median(samples.slice(-quarter).map(of))]
}

const sum = (counts: Iterable<number>): number => [...counts].reduce((total, count) => total + count, 0)

/** How many more `wanted` has of each name than `given`, together. */
const beyond = (wanted: ReadonlyMap<string, number>, given: ReadonlyMap<string, number>): number =>
  sum([...wanted].map(([name, count]) => Math.max(0, count - (given.get(name) ?? 0))))

/** How many conditions were raised and never told. */
export const untold = ({ raised, told }: Pick<ConditionBooks, 'raised' | 'told'>): number => beyond(raised, told)

function conditionFailures(books: readonly ConditionBooks[], interruptions: number): string[] {
  const failures = books.flatMap(({ station, contradictions }) =>
    contradictions.slice(0, 10).map((line) => `${station}: two events of one id: ${line}`),
  )
  if (sum(books.map(({ told }) => sum(told.values()))) === 0) failures.push('no condition was told')
  for (const each of books) {
    const missing = untold(each)
    if (missing > each.dropped) failures.push(`${each.station}: ${missing} conditions untold, ${each.dropped} dropped`)
  }
  const tooOften = sum(books.map(({ told, raisedLater }) => beyond(told, raisedLater)))
  if (tooOften > interruptions) failures.push(`${tooOften} conditions told twice, after ${interruptions} interruptions`)
  return failures
}

/** Why the run has failed, a line each; none when it has not. */
export function soakFailures(facts: SoakFacts): string[] {
  const { books, queued, incoming, samples, unexpectedErrors } = facts
  const failures = conditionFailures(facts.conditions, facts.interruptions)
  if (books.acknowledged === 0) failures.push('nothing was acknowledged')
  if (!isInOrder(books)) {
    for (const sort of ['lost', 'doubled', 'strange', 'unreceipted'] as const)
      failures.push(...books[sort].slice(0, 10).map((line) => `${sort}: ${line}`))
  }
  for (const [station, count] of queued) if (count > 0) failures.push(`${station}: ${count} deliveries are queued`)
  for (const [station, count] of incoming) if (count > 0) failures.push(`${station}: ${count} files are incoming`)
  const [pssBefore, pssAfter] = quarters(samples, ({ pssMb }) => pssMb)
  if (pssAfter > pssBefore * (1 + growth.share) + growth.megabytes)
    failures.push(`memory grew from ${pssBefore.toFixed(1)} to ${pssAfter.toFixed(1)} MB`)
  const [filesBefore, filesAfter] = quarters(samples, ({ descriptors }) => descriptors)
  if (filesAfter > filesBefore + growth.descriptors)
    failures.push(`open files grew from ${filesBefore} to ${filesAfter}`)
  failures.push(...unexpectedErrors.slice(0, 20).map((line) => `unexpected: ${line}`))
  return failures
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? 0
}
