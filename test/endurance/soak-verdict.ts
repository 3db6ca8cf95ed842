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

export interface SoakFacts {
  books: BooksVerdict
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

/** Why the run has failed, a line each; none when it has not. */
export function soakFailures({ books, queued, incoming, samples, unexpectedErrors }: SoakFacts): string[] {
  const failures: string[] = []
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
