// Hands out the token's sessions, one operation each: two operations in one session pass by luck or fail.
// Waiters queue in order, within a bound. Used by pkcs11-token.
import { TramError } from '../../base/errors.ts'

/** Operations that may wait for a session. The sealer batches, so a handful is normal. */
const maxWaiting = 1024

interface Waiter<Session> {
  resolve(session: Session): void
  reject(error: unknown): void
}

export class SessionPool<Session> {
  readonly #idle: Session[]
  readonly #size: number
  readonly #waiters = new Set<Waiter<Session>>()
  #whenWhole: (() => void) | null = null
  #closed: TramError | null = null

  constructor(sessions: readonly Session[]) {
    this.#idle = [...sessions]
    this.#size = sessions.length
  }

  /** How many operations are on their way. */
  get busy(): number {
    return this.#size - this.#idle.length
  }

  /**
   * Runs `operation` with a session of its own.
   * @throws TramError OVERLOADED when too many wait; the reason of `close`; the signal's reason while waiting
   */
  async use<Result>(signal: AbortSignal, operation: (session: Session) => Promise<Result> | Result): Promise<Result> {
    const session = this.#take() ?? (await this.#wait(signal))
    try {
      return await operation(session)
    } finally {
      this.#give(session)
    }
  }

  /** Refuses everybody from now on with `reason`; resolves when no session is in use. */
  async close(reason: TramError): Promise<void> {
    this.#closed ??= reason
    for (const waiter of this.#waiters) waiter.reject(reason)
    this.#waiters.clear()
    if (this.busy === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const earlier = this.#whenWhole
    this.#whenWhole = () => {
      earlier?.()
      resolve()
    }
    await promise
  }

  #take(): Session | undefined {
    if (this.#closed !== null) throw this.#closed
    return this.#idle.pop()
  }

  async #wait(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted()
    if (this.#waiters.size >= maxWaiting) throw new TramError('OVERLOADED', { detail: 'signatures wait for the token' })
    const { promise, resolve, reject } = Promise.withResolvers<Session>()
    const waiter: Waiter<Session> = { resolve, reject }
    const onAbort = (): void => {
      if (this.#waiters.delete(waiter)) reject(signal.reason)
    }
    this.#waiters.add(waiter)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  #give(session: Session): void {
    const [next] = this.#waiters
    if (next !== undefined) {
      this.#waiters.delete(next)
      next.resolve(session)
      return
    }
    this.#idle.push(session)
    if (this.busy === 0) this.#whenWhole?.()
  }
}
