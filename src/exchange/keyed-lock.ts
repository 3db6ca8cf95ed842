// One at a time for each name: read, change and commit of a record must not interleave with another change of it.

export class KeyedLock {
  readonly #tails = new Map<string, Promise<unknown>>()

  /** Runs `work` after everything that was asked for under `name` before. Throws what `work` throws. */
  async run<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const before = this.#tails.get(name)
    const run = before === undefined ? work() : before.then(work, work)
    this.#tails.set(name, run)
    try {
      return await run
    } finally {
      if (this.#tails.get(name) === run) this.#tails.delete(name)
    }
  }

  /** As `run`, for work that ends elsewhere: resolves when its turn has come, with what ends it (idempotent). */
  async hold(name: string): Promise<() => void> {
    const turn = Promise.withResolvers<void>()
    const over = Promise.withResolvers<void>()
    void this.run(name, () => {
      turn.resolve()
      return over.promise
    })
    await turn.promise
    return () => over.resolve()
  }
}
