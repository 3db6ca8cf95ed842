// Structured logs (pino, one JSON object a line). Never a document's content, a subject, a PIN or a secret:
// call sites log identifiers, sizes, codes and durations; the paths below are redacted should one slip through.
import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino'
import type { TramError } from './errors.ts'

export type Logger = Pick<PinoLogger, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'child'>
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent'

/** A logger that writes to `destination` (default: standard output). */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const redact = ['pin', '*.pin', 'secret', '*.secret', 'subject', '*.subject', 'content', '*.content']
  return pino(
    { level, base: null, timestamp: pino.stdTimeFunctions.isoTime, redact },
    destination ?? pino.destination(1),
  )
}

/** What to log of a TramError: its code and data, and the chain of causes as texts. */
export function logFields(error: TramError): { code: string; data: object; message: string; causes: string[] } {
  const causes: string[] = []
  for (let cause = error.cause; cause instanceof Error && causes.length < 5; cause = cause.cause)
    causes.push(cause.message)
  return { code: error.code, data: error.data, message: error.message, causes }
}
