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

/**
 * Hands in documents as the load does it: `inFlight` at once, then the next one whenever one has its receipt, `count` in all.
 * @param arrivalsMs when each document is handed in instead, in any order; those of one moment come together
 */
export function simulateIdealBatcher(
  load: { count: number; inFlight: number } | { arrivalsMs: readonly number[] },
  { signingMs, maxBatch, workMs }: IdealTokens,
): IdealRun {
  const isClosed = 'count' in load
  const planned = isClosed ? [] : load.arrivalsMs.toSorted((left, right) => left - right)
  const count = isClosed ? load.count : planned.length
  const room = isClosed ? load.inFlight : Number.POSITIVE_INFINITY
  const arrivals: number[] = []
  const receipts: number[] = []
  const sender = new Server(signingMs, maxBatch)
  const recipient = new Server(signingMs, maxBatch)
  const worker = new Server(workMs, 1)
  let nowMs = planned[0] ?? 0
  while (receipts.length < count) {
    // Whatever leaves at this moment reaches the next queue before anybody takes from it.
    worker.queue += sender.leave(nowMs)
    do recipient.queue += worker.leave(nowMs)
    while (worker.take(nowMs))
    for (let left = recipient.leave(nowMs); left > 0; left--) receipts.push(nowMs)
    const isDue = () => isClosed || (planned[arrivals.length] ?? 0) <= nowMs
    while (arrivals.length < count && arrivals.length - receipts.length < room && isDue()) {
      arrivals.push(nowMs)
      sender.queue++
    }
    sender.take(nowMs)
    recipient.take(nowMs)
    const next = isClosed ? undefined : planned[arrivals.length]
    nowMs = Math.min(sender.freeAt, worker.freeAt, recipient.freeAt, next ?? Number.POSITIVE_INFINITY)
  }
  return { signatures: sender.batches, latenciesMs: receipts.map((time, at) => time - (arrivals[at] ?? 0)) }
}

/** A server that takes all that waits at once, up to a bound, and keeps it so long. */
class Server {
  queue = 0
  batches = 0
  /** Infinity: it has nothing. */
  freeAt = Number.POSITIVE_INFINITY
  readonly #serviceMs: number
  readonly #maxBatch: number
  #served = 0

  constructor(serviceMs: number, maxBatch: number) {
    this.#serviceMs = serviceMs
    this.#maxBatch = maxBatch
  }

  /** Takes what waits, when it is free. Returns whether it took anything. */
  take(nowMs: number): boolean {
    if (this.queue === 0 || this.freeAt !== Number.POSITIVE_INFINITY) return false
    this.#served = Math.min(this.queue, this.#maxBatch)
    this.queue -= this.#served
    this.batches++
    this.freeAt = nowMs + this.#serviceMs
    return true
  }

  /** How many are ready by now, and leave it. */
  leave(nowMs: number): number {
    if (this.freeAt > nowMs) return 0
    const left = this.#served
    this.freeAt = Number.POSITIVE_INFINITY
    this.#served = 0
    return left
  }
}
