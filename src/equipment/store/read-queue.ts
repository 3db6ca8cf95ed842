// Reads that are asked for at about the same time go to LevelDB as one: each trip through its thread pool costs more than the
// lookup itself. level-store.ts gives it the reader; commit-queue.ts does the same for writes.

/** Trips at a time: while these are under way the next one fills, and a cold read holds up only its own. */
const maxTrips = 2
/** Keys of one trip at most: a reader that asks for thousands must not hold up one that asks for one. */
const maxKeys = 256

interface Asked {
  keys: readonly string[]
  done: PromiseWithResolvers<(Uint8Array | undefined)[]>
}

export class ReadQueue {
  readonly #read: (keys: string[]) => Promise<(Uint8Array | undefined)[]>
  #waiting: Asked[] = []
  #trips = 0
  #isScheduled = false

  /** @param read reads stored values in the order of its keys; when it throws, all that asked in this trip get its error */
  constructor(read: (keys: string[]) => Promise<(Uint8Array | undefined)[]>) {
    this.#read = read
  }

  /** Stored values of `keys`, in order. Reads no earlier than now. Throws what `read` throws. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    const done = Promise.withResolvers<(Uint8Array | undefined)[]>()
    this.#waiting.push({ keys, done })
    this.#schedule()
    return done.promise
  }

  /** Reads of the same turn of the event loop belong together: without this the first would go alone. */
  #schedule(): void {
    if (this.#isScheduled || this.#trips >= maxTrips || this.#waiting.length === 0) return
    this.#isScheduled = true
    queueMicrotask(() => {
      this.#isScheduled = false
      void this.#trip()
    })
  }

  async #trip(): Promise<void> {
    const asked = this.#takeSome()
    this.#trips += 1
    this.#schedule()
    try {
      const values = await this.#read(asked.flatMap(({ keys }) => keys))
      let at = 0
      for (const { keys, done } of asked) {
        done.resolve(values.slice(at, at + keys.length))
        at += keys.length
      }
    } catch (error) {
      for (const { done } of asked) done.reject(error)
    } finally {
      this.#trips -= 1
      this.#schedule()
    }
  }

  #takeSome(): Asked[] {
    let keys = 0
    let count = 0
    for (const asked of this.#waiting) {
      if (count > 0 && keys + asked.keys.length > maxKeys) break
      keys += asked.keys.length
      count += 1
    }
    return this.#waiting.splice(0, count)
  }
}
