// The best that natural batching can do with two slow tokens: whatever waits is sealed together as soon as the token is free, and
// nothing else takes time but the work that the machine has with each document. What a real run is compared with
// (figures/slow-token.ts).

export interface IdealRun {
  /** Of the sender's token. */
  signatures: number
  /** From arrival to receipt, ms, by arrival. */
  latenciesMs: number[]
}

export interface IdealTokens {
  /** What one signature takes, at the sender and at the recipient. */
  signingMs: number
  /** Leaves that one signature seals at most. */
  maxBatch: number
  /** Between the two tokens documents pass one by one, each in so long; 0: no time. */
  workMs: number
}

/** @param arrivalsMs when each document was handed in, in any order */
export function simulateIdealBatcher(
  arrivalsMs: readonly number[],
  { signingMs, maxBatch, workMs }: IdealTokens,
): IdealRun {
  const arrivals = arrivalsMs.toSorted((left, right) => left - right)
  const sealed = batchTimes(arrivals, signingMs, maxBatch)
  let worked = Number.NEGATIVE_INFINITY
  const carried = sealed.times.map((time) => {
    worked = Math.max(worked, time) + workMs
    return worked
  })
  const receipted = batchTimes(carried, signingMs, maxBatch)
  return {
    signatures: sealed.batches,
    latenciesMs: receipted.times.map((time, at) => time - (arrivals[at] ?? 0)),
  }
}

/** When each of `ready` (ascending) has left a server that takes all that waits at once. */
function batchTimes(
  ready: readonly number[],
  serviceMs: number,
  maxBatch: number,
): { times: number[]; batches: number } {
  const times: number[] = []
  let batches = 0
  let freeAt = Number.NEGATIVE_INFINITY
  while (times.length < ready.length) {
    const start = Math.max(freeAt, ready[times.length] ?? 0)
    freeAt = start + serviceMs
    batches += 1
    for (let taken = 0; taken < maxBatch && times.length < ready.length; taken++) {
      if ((ready[times.length] ?? 0) > start) break
      times.push(freeAt)
    }
  }
  return { times, batches }
}
