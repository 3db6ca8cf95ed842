// What passes over the socket of the box's root program: a request of one JSON line, answered by JSON lines of which the last has
// `done`. box-client.ts asks, surface/box answers. The program runs as root and its clients do not: they may be taken over.
import { type ConditionCode, type ConditionData, isConditionCode } from '../../base/conditions/catalogue.ts'
import { TramError } from '../../base/errors.ts'

/** Where systemd listens for it. */
export const boxSocketPath = '/run/tram-box/box.sock'

/** The longest line in either direction, in bytes: a tram.toml fits into a request. */
export const maxLineBytes = 64 * 1024

/** `{"action": "…", …}`; what else an action takes is for the action to check. */
export interface BoxRequest {
  action: string
  [key: string]: unknown
}

/** What an action has come to, beside `done: true`. */
export type BoxResult = Readonly<Record<string, unknown>>

/** A line from the root program. */
export type BoxAnswer = { progress: string } | { done: true; result: BoxResult } | { done: false; error: TramError }

/**
 * A request line.
 * @param line attacker-controlled, at most `maxLineBytes`
 * @throws TramError REQUEST_INVALID
 */
export function parseRequest(line: string): BoxRequest {
  const value = jsonObject(line)
  if (value === undefined || typeof value.action !== 'string')
    throw new TramError('REQUEST_INVALID', { field: 'action', detail: 'one JSON object with a text "action"' })
  return { ...value, action: value.action }
}

/** The last line for an error, in the shape of TramError. */
export function errorLine(error: TramError): string {
  const { code, vi, en, todoVi, todoEn } = error.condition
  return JSON.stringify({ done: false, code, data: error.data, vi, en, todoVi, todoEn })
}

/** @throws TramError INTERNAL: no line of ours */
export function parseAnswer(line: string): BoxAnswer {
  const value = jsonObject(line)
  if (value !== undefined) {
    const { progress, done, code, data, ...result } = value
    if (typeof progress === 'string') return { progress }
    if (done === true)
      return {
        done,
        result: { ...result, ...(code === undefined ? {} : { code }), ...(data === undefined ? {} : { data }) },
      }
    if (done === false && typeof code === 'string') return { done, error: told(code, data, value.en) }
  }
  throw new TramError('INTERNAL', { detail: `the root program says ${line.slice(0, 200)}` })
}

/** A program of another version may know conditions that we do not. */
function told(code: string, data: unknown, en: unknown): TramError {
  if (!isConditionCode(code)) return new TramError('INTERNAL', { detail: `${code}: ${String(en)}` })
  return new TramError(code, (data ?? {}) as ConditionData<ConditionCode>)
}

function jsonObject(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line)
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : undefined
  } catch {
    return undefined
  }
}

/**
 * The lines of a stream, without their ends; what comes after the last line end is a line too.
 * @throws TramError REQUEST_INVALID for a line longer than `maxLineBytes`; what the stream throws
 */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let waiting = Buffer.alloc(0)
  for await (const piece of stream) {
    waiting = Buffer.concat([waiting, piece])
    for (let end = waiting.indexOf(10); end >= 0; end = waiting.indexOf(10)) {
      yield bounded(waiting.subarray(0, end)).toString('utf8')
      waiting = waiting.subarray(end + 1)
    }
    bounded(waiting)
  }
  if (waiting.length > 0) yield waiting.toString('utf8')
}

function bounded(line: Buffer): Buffer {
  if (line.length <= maxLineBytes) return line
  throw new TramError('REQUEST_INVALID', { field: '(line)', detail: `longer than ${maxLineBytes} bytes` })
}
