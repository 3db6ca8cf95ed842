// A flag that a loop waits on: set by whoever has work for it, at most one wake-up is remembered.

export class WakeSignal {
  #set = false
  #waiting: (() => void) | undefined

  /** Wakes the loop, or lets its next wait return at once. */
  wake(): void {
    this.#set = true
    this.#waiting?.()
  }

  /** Resolves when woken, after `timeoutMs` (if given), or when `signal` aborts; never rejects. */
  async wait(signal: AbortSignal, timeoutMs?: number): Promise<void> {
    if (!this.#set && !signal.aborted) {
      const { promise, resolve } = Promise.withResolvers<void>()
      this.#waiting = resolve
      const timer = timeoutMs === undefined ? undefined : setTimeout(resolve, timeoutMs)
      const onAbort = (): void => resolve()
      signal.addEventListener('abort', onAbort, { once: true })
      await promise
      clearTimeout(timer)
      // The signal lives as long as the station: a listener for every wait would pile up.
      signal.removeEventListener('abort', onAbort)
      this.#waiting = undefined
    }
    this.#set = false
  }
}
