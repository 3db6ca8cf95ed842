// A person's PIN on its way to the token: whether it was taken or not is an act in the audit log, the PIN itself is nowhere. Between
// the API and the token.
import type { Clock } from '../../base/clock.ts'
import type { ConditionCode } from '../../base/conditions/catalogue.ts'
import { asTramError } from '../../base/errors.ts'
import type { Token } from '../../equipment/token/token.ts'
import type { AuditLog } from './audit-log.ts'

/** Of failures alike, one is an act: a program that asks again and again must not fill the log. */
const repeatMs = 60_000
/** The token has not seen the PIN. */
const notTried: readonly ConditionCode[] = ['SIGNER_UNREACHABLE', 'OVERLOADED']

export interface PinEntryDeps {
  token: Pick<Token, 'enterPin'>
  audit: Pick<AuditLog, 'commit'>
  clock: Pick<Clock, 'monotonic'>
}

export class PinEntry {
  readonly #station: string
  readonly #deps: PinEntryDeps
  #failure: { code: ConditionCode; atMs: number } | undefined

  /** @param station whose token it is: the subject of the act */
  constructor(station: string, deps: PinEntryDeps) {
    this.#station = station
    this.#deps = deps
  }

  /**
   * One login is tried. Its outcome is on disk when this ends.
   * @throws as Token.enterPin; as AuditLog.commit, when the PIN was taken all the same
   */
  async enter(pin: string, signal: AbortSignal): Promise<void> {
    try {
      await this.#deps.token.enterPin(pin, signal)
    } catch (error) {
      if (!signal.aborted) await this.#failed(asTramError(error).code)
      throw error
    }
    this.#failure = undefined
    await this.#note('accepted')
  }

  async #failed(code: ConditionCode): Promise<void> {
    if (notTried.includes(code)) return
    const atMs = this.#deps.clock.monotonic()
    const isRepeat = this.#failure?.code === code && atMs - this.#failure.atMs < repeatMs
    if (isRepeat) return
    this.#failure = { code, atMs }
    await this.#note(code)
  }

  async #note(detail: string): Promise<void> {
    await this.#deps.audit.commit([], [{ act: 'pin-entered', subject: this.#station, detail }])
  }
}
