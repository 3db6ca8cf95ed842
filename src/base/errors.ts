// The one error class. Its code is a condition, so that every failure has texts and a "what to do".
// Expected outcomes (a bad signature, a temporary refusal) are verdicts, not errors: see `Verdict`.
import {
  type ConditionCode,
  type ConditionData,
  isStateCode,
  type RenderedCondition,
  renderCondition,
  type StateCode,
} from './conditions/catalogue.ts'

/** A failure with a closed code, the data of its texts and its cause. `message` is the English text. */
export class TramError<Code extends ConditionCode = ConditionCode> extends Error {
  readonly code: Code
  readonly data: Readonly<Record<string, string | number>>

  constructor(code: Code, data: ConditionData<Code>, options?: { cause?: unknown }) {
    super(renderCondition(code, data).en, options)
    this.name = 'TramError'
    this.code = code
    this.data = data
  }

  /** The condition with its texts in both languages. */
  get condition(): RenderedCondition<Code> {
    return renderCondition(this.code, this.data)
  }
}

/** An expected outcome: `ok` with a value, or the reason as an error that was not thrown. */
export type Verdict<Value> = { ok: true; value: Value } | { ok: false; reason: TramError }

/** A condition that lasts: what parts of the station say of themselves to the health report. */
export type StateError = TramError<StateCode>

/** Whether `error` is about something that lasts, and not about one call. */
export function isStateError(error: TramError): error is StateError {
  return isStateCode(error.code)
}

/** `error` as a TramError: itself, or `INTERNAL` with `error` as its cause. */
export function asTramError(error: unknown): TramError {
  if (error instanceof TramError) return error
  const detail = error instanceof Error ? error.message : String(error)
  return new TramError('INTERNAL', { detail }, { cause: error })
}

/** An error as data of another condition, whose texts are in two languages: its code and what it is about, no sentence. */
export function briefOf({ code, data }: TramError): string {
  const about = Object.values(data).join(', ')
  return (about === '' ? code : `${code} (${about})`).slice(0, 300)
}

/** Whether `error` is a system error with this `code` (`'ENOENT'`, `'ENOSPC'`, …). */
export function isSystemError(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}

/** The verdict of `run`: a TramError becomes a reason, anything else is thrown on. */
export function verdictOf<Value>(run: () => Value): Verdict<Value> {
  try {
    return { ok: true, value: run() }
  } catch (error) {
    if (error instanceof TramError) return { ok: false, reason: error }
    throw error
  }
}
