// One act at a time, in the order of the calls: for files on which a write, an end and a discard may meet.

export class Turns {
  #last: Promise<unknown> = Promise.resolve()

  /** Runs `act` when all acts before it have ended, however they ended. */
  run<Result>(act: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(act, act)
    // The caller gets the failure; the next act must only wait for it.
    this.#last = result.catch(() => undefined)
    return result
  }
}
