// Group commit: concurrent commits share one batch and one fsync, in the order of their calls. level-store.ts gives it
// the writer; one batch is being written at a time, the next fills meanwhile.
import { setImmediate as turnOfLoop } from 'node:timers/promises'
import { TramError } from '../../base/errors.ts'

/** A record operation as LevelDB takes it, the value already encoded. */
export type StoredOperation = { type: 'put'; key: string; value: Uint8Array } | { type: 'del'; key: string }

export interface CommitQueueLimits {
  /** A batch closes before it would pass so many operations; a commit is never split. */
  maxBatchOperations: number
  maxBatchBytes: number
  /** What may wait at most; a commit beyond it is refused, but one that finds nothing waiting never is. */
  maxWaitingOperations: number
  maxWaitingBytes: number
}

interface Waiting {
  operations: readonly StoredOperation[]
  bytes: number
  done: PromiseWithResolvers<void>
}

export class CommitQueue {
  readonly #limits: CommitQueueLimits
  readonly #write: (operations: StoredOperation[], bytes: number) => Promise<void>
  #waiting: Waiting[] = []
  #waitingOperations = 0
  #waitingBytes = 0
  /** A refused commit was followed by others in its caller's mind: they are refused as well until a batch is taken. */
  #isRefusing = false
  #pump: Promise<void> | undefined

  /** @param write makes a batch durable; when it throws, the batch and all that wait get its error */
  constructor(limits: CommitQueueLimits, write: (operations: StoredOperation[], bytes: number) => Promise<void>) {
    this.#limits = limits
    this.#write = write
  }

  /**
   * Resolves when `operations` are durable. `bytes` is what they hold, keys and values.
   * @throws TramError OVERLOADED when too much waits (then nothing was written); what `write` throws
   */
  commit(operations: readonly StoredOperation[], bytes: number): Promise<void> {
    const full =
      this.#waitingOperations + operations.length > this.#limits.maxWaitingOperations ||
      this.#waitingBytes + bytes > this.#limits.maxWaitingBytes
    if ((full || this.#isRefusing) && this.#waiting.length > 0) {
      this.#isRefusing = true
      return Promise.reject(
        new TramError('OVERLOADED', { detail: `${this.#waitingOperations} store operations wait for the disk` }),
      )
    }
    const done = Promise.withResolvers<void>()
    this.#waiting.push({ operations, bytes, done })
    this.#waitingOperations += operations.length
    this.#waitingBytes += bytes
    this.#pump ??= this.#run()
    return done.promise
  }

  /** Whether something waits or is being written. */
  get isBusy(): boolean {
    return this.#pump !== undefined
  }

  /** Resolves when nothing waits and nothing is being written. Never rejects: each commit has its own error. */
  async idle(): Promise<void> {
    while (this.#pump) await this.#pump
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Commits of the same turn of the event loop belong together, whichever socket's or file's event they come from. With nothing
      // else to do this is no time; with much to do the next events are at hand, and would have to wait for a sync of their own.
      await turnOfLoop()
      const { commits, operations, bytes } = this.#takeBatch()
      try {
        await this.#write(operations, bytes)
        for (const { done } of commits) done.resolve()
      } catch (error) {
        // What waits was called after what failed; writing it now would break the order of calls.
        for (const { done } of [...commits, ...this.#waiting]) done.reject(error)
        this.#waiting = []
        this.#waitingOperations = 0
        this.#waitingBytes = 0
      }
    }
    // In the same step as the last look: a commit between the two would find a pump that no longer looks, and hang.
    this.#pump = undefined
  }

  #takeBatch(): { commits: Waiting[]; operations: StoredOperation[]; bytes: number } {
    const operations: StoredOperation[] = []
    let bytes = 0
    let count = 0
    for (const commit of this.#waiting) {
      const passes =
        operations.length + commit.operations.length > this.#limits.maxBatchOperations ||
        bytes + commit.bytes > this.#limits.maxBatchBytes
      if (count > 0 && passes) break
      for (const operation of commit.operations) operations.push(operation)
      bytes += commit.bytes
      count++
    }
    this.#waitingOperations -= operations.length
    this.#waitingBytes -= bytes
    this.#isRefusing = false
    return { commits: this.#waiting.splice(0, count), operations, bytes }
  }
}
