// The command line's end of the API: HTTP over the station's Unix socket, JSON or streams, refusals as the errors that they are.
// On the other end is surface/rest; the socket's path comes from the configuration.
import { type IncomingMessage, request } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type ConditionCode, type ConditionData, isConditionCode } from '../../base/conditions/catalogue.ts'
import { isSystemError, TramError } from '../../base/errors.ts'

export interface ApiRequest {
  method?: 'GET' | 'POST'
  /** Path below `/v1/`, its parts encoded by `apiPath`. */
  path: string
  query?: Readonly<Record<string, string | undefined>>
  /** Sent as JSON. */
  json?: unknown
  /** Sent as it is, with its length. */
  bytes?: { stream: Readable; sizeBytes: number | undefined }
}

/** The longest JSON answer that is collected. */
const maxAnswerBytes = 64 * 1024 * 1024

/** A path of parts that may hold anything. */
export const apiPath = (...parts: readonly string[]): string => parts.map(encodeURIComponent).join('/')

export class ApiClient {
  readonly #socketPath: string
  readonly #signal: AbortSignal

  constructor(socketPath: string, signal: AbortSignal) {
    this.#socketPath = socketPath
    this.#signal = signal
  }

  /**
   * Asks and returns the JSON answer, whose shape is the route's: it is our own station that speaks.
   * @throws TramError STATION_NOT_RUNNING, STATION_SOCKET_DENIED, or whatever the station refused with
   */
  async ask<Answer>(what: ApiRequest): Promise<Answer> {
    return JSON.parse(await textOf(await this.#open(what))) as Answer
  }

  /** Asks for bytes. The stream fails when the connection is cut before its end. Throws as `ask`. */
  async open(what: ApiRequest): Promise<{ stream: Readable; sizeBytes: number | undefined }> {
    const answer = await this.#open(what)
    const length = answer.headers['content-length']
    return { stream: answer, sizeBytes: length === undefined ? undefined : Number(length) }
  }

  async #open({ method = 'GET', path, query = {}, json, bytes }: ApiRequest): Promise<IncomingMessage> {
    const search = new URLSearchParams()
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, value)
    const text = json === undefined ? undefined : JSON.stringify(json)
    const headers: Record<string, string> = {}
    if (text !== undefined) {
      headers['content-type'] = 'application/json'
      headers['content-length'] = String(Buffer.byteLength(text))
    } else if (bytes !== undefined) {
      headers['content-type'] = 'application/octet-stream'
      if (bytes.sizeBytes !== undefined) headers['content-length'] = String(bytes.sizeBytes)
    }
    const call = request({
      socketPath: this.#socketPath,
      method,
      path: `/v1/${path}?${search}`,
      headers,
      signal: this.#signal,
      agent: false,
    })
    const { promise: answered, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    call.once('response', resolve)
    call.once('error', reject)
    const body = bytes?.stream ?? Readable.from(text === undefined ? [] : [text])
    const sent = pipeline(body, call)
    // A station that refuses early answers while we still send: then the answer counts, not the broken pipe.
    const sending = sent.then(
      () => answered,
      (error: unknown) => (isSystemError(error, 'EPIPE') || call.errored !== null ? answered : Promise.reject(error)),
    )
    try {
      const answer = await Promise.race([answered, sending])
      if ((answer.statusCode ?? 500) >= 400) throw refusalOf(await textOf(answer))
      return answer
    } catch (error) {
      call.destroy()
      body.destroy()
      throw this.#explained(error)
    }
  }

  #explained(error: unknown): unknown {
    const code = ['ENOENT', 'ECONNREFUSED', 'EACCES', 'ENOTSOCK'].find((name) => isSystemError(error, name))
    const isConnect = error instanceof Error && 'syscall' in error && error.syscall === 'connect'
    if (code === undefined || !isConnect) return error
    // Something is there: to start another station would be the wrong thing to do.
    if (code === 'EACCES') return new TramError('STATION_SOCKET_DENIED', { socket: this.#socketPath }, { cause: error })
    return new TramError('STATION_NOT_RUNNING', { socket: `${this.#socketPath} (${code})` }, { cause: error })
  }
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of answer as AsyncIterable<Buffer>) {
    size += piece.byteLength
    if (size > maxAnswerBytes) throw new TramError('INTERNAL', { detail: 'the answer of the station has no end' })
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString('utf8')
}

/** The error that problem details tell of. A station of another version may know conditions that we do not. */
function refusalOf(text: string): TramError {
  let told: unknown
  try {
    told = JSON.parse(text)
  } catch (cause) {
    return new TramError('INTERNAL', { detail: text.slice(0, 200) }, { cause })
  }
  const { code, data, en } = (told ?? {}) as { code?: unknown; data?: unknown; en?: unknown }
  if (typeof code !== 'string' || !isConditionCode(code)) {
    return new TramError('INTERNAL', { detail: `${String(code)}: ${String(en)}` })
  }
  return new TramError(code, (data ?? {}) as ConditionData<ConditionCode>)
}
