// The body of a VXP request on its way in: bounded, given up when it comes too slowly, and asked for (100-continue) only
// when somebody starts to read it, so that whoever refuses early spares the client the upload.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { TramError } from '../../base/errors.ts'
import type { UploadPace } from '../../base/upload-pace.ts'

/** After the answer, a client that sends nothing for so long has stopped. */
const lingerIdleMs = 2_000

/** How a body may behave. */
export interface BodyLimits {
  maxBytes: number
  /** There is no limit on the whole time: 500 MB over a slow line is legitimate. */
  pace: UploadPace
}

/** The bytes of one request. Read once. */
export class RequestBody implements AsyncIterable<Uint8Array> {
  /** Content-Length, null when the client sends chunks. */
  readonly declaredBytes: number | null
  /** Whether the client sends a body at all. */
  readonly isPresent: boolean
  /** Bytes read so far. */
  receivedBytes = 0
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #limits: BodyLimits
  #awaitsContinue: boolean
  #isGivenUp = false

  constructor(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean, limits: BodyLimits) {
    this.#request = request
    this.#response = response
    this.#limits = limits
    const length = request.headers['content-length']
    const isChunked = request.headers['transfer-encoding'] !== undefined
    this.declaredBytes = isChunked ? null : Number(length ?? 0)
    this.isPresent = isChunked || this.declaredBytes !== 0
    this.#awaitsContinue = awaitsContinue
    // Without a listener a broken upload would be an uncaught error; the reader below sees it as well.
    request.on('error', () => undefined)
  }

  /** Whether every byte has been read, so that the connection can carry another request. */
  get isDrained(): boolean {
    return this.#request.readableEnded
  }

  /** Whether the client waits for 100-continue and will send nothing without it. */
  get isAwaited(): boolean {
    return this.#awaitsContinue
  }

  /** @throws TramError PACKET_TOO_LARGE, PACKET_TRUNCATED (the client left), PACKET_TOO_SLOW */
  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { maxBytes } = this.#limits
    if ((this.declaredBytes ?? 0) > maxBytes) throw this.#tooLarge(this.declaredBytes ?? 0)
    for (;;) {
      const piece = await this.#nextInTime()
      if (piece === null) return
      this.receivedBytes += piece.length
      if (this.receivedBytes > maxBytes) throw this.#tooLarge(this.receivedBytes)
      yield piece
    }
  }

  /**
   * Reads and drops what is left, within the body's own limits.
   * @throws as the iteration
   */
  async discard(): Promise<void> {
    for await (const _piece of this);
  }

  /**
   * Reads and drops what still comes after the answer, so that the client gets to read it; gives up at `maxMs`, and
   * soon when nothing comes.
   */
  async linger(maxBytes: number, maxMs: number, signal: AbortSignal): Promise<void> {
    const request = this.#request
    if (request.readableEnded || request.destroyed || this.#isGivenUp || signal.aborted) return
    const { promise, resolve } = Promise.withResolvers<void>()
    let left = maxBytes
    const timer = setTimeout(resolve, maxMs)
    const idleTimer = setTimeout(resolve, lingerIdleMs)
    const onData = (piece: Buffer): void => {
      idleTimer.refresh()
      left -= piece.length
      if (left < 0) resolve()
    }
    for (const event of ['end', 'close', 'error'] as const) request.once(event, resolve)
    const onAbort = (): void => resolve()
    signal.addEventListener('abort', onAbort)
    request.on('data', onData)
    request.resume()
    await promise
    clearTimeout(timer)
    clearTimeout(idleTimer)
    signal.removeEventListener('abort', onAbort)
    request.off('data', onData)
    for (const event of ['end', 'close', 'error'] as const) request.off(event, resolve)
    request.pause()
  }

  /** As `#next`. Who is too slow is not waited for after the answer either. */
  async #nextInTime(): Promise<Uint8Array | null> {
    try {
      const piece = await this.#next()
      if (piece !== null) this.#limits.pace.came(piece.length)
      return piece
    } catch (error) {
      this.#isGivenUp = true
      throw error
    }
  }

  /** The next piece, null at the end. */
  async #next(): Promise<Uint8Array | null> {
    const request = this.#request
    if (this.#awaitsContinue) {
      this.#awaitsContinue = false
      this.#response.writeContinue()
    }
    for (;;) {
      const piece: unknown = request.read()
      if (piece instanceof Uint8Array) return piece
      if (request.readableEnded) return null
      if (request.destroyed || request.errored) throw this.#truncated()
      await this.#change()
    }
  }

  /** Until the request can be read, ends or breaks. */
  async #change(): Promise<void> {
    const request = this.#request
    const events = ['readable', 'end', 'close', 'error', 'aborted'] as const
    const { promise, resolve } = Promise.withResolvers<void>()
    for (const event of events) request.once(event, resolve)
    try {
      await this.#limits.pace.wait(promise)
    } finally {
      for (const event of events) request.off(event, resolve)
    }
  }

  #tooLarge(bytes: number): TramError {
    return new TramError('PACKET_TOO_LARGE', { bytes, maximum: this.#limits.maxBytes })
  }

  #truncated(): TramError {
    return new TramError('PACKET_TRUNCATED', { bytes: this.receivedBytes, expected: this.declaredBytes ?? '?' })
  }
}
