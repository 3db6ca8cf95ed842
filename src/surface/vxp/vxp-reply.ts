// Sends the answers of the VXP interface: whole, or streamed with back-pressure, compressed when the client asks for
// it. Between vxp-operations.ts and the socket.
import type { ServerResponse } from 'node:http'
import { promisify } from 'node:util'
import { createGzip, type Gzip, gzip } from 'node:zlib'
import { TramError } from '../../base/errors.ts'
import { okAnswer, type VxpAnswer } from './vxp-answers.ts'

const gzipWhole = promisify(gzip)

/** Answers below this many bytes are sent as they are. */
const gzipFromBytes = 4096
/** Rows are gathered into pieces of about this many characters. */
const pieceCharacters = 32 * 1024
/** Level 4: within a tenth of level 6 for directory rows at twice the speed. */
const gzipLevel = 4
const jsonType = 'application/json; charset=utf-8'

/** The answer to one request. Exactly one of its send methods is called. */
export class VxpReply {
  readonly #response: ServerResponse
  readonly #acceptsGzip: boolean
  readonly #idleMs: number
  #isClientGone = false

  /** @param idleMs a client that takes nothing for so long is given up */
  constructor(response: ServerResponse, acceptsGzip: boolean, idleMs: number) {
    this.#response = response
    this.#acceptsGzip = acceptsGzip
    this.#idleMs = idleMs
  }

  /** Whether a byte of the answer may have left already: then a failure can only be told by cutting the connection. */
  get isStarted(): boolean {
    return this.#response.headersSent
  }

  /** Whether the client left, or stopped taking the answer: nobody is there to be told of a failure. */
  get isClientGone(): boolean {
    return this.#isClientGone
  }

  /** Says that the connection carries no further request. */
  closeConnection(): void {
    if (!this.#response.headersSent) this.#response.setHeader('Connection', 'close')
  }

  /** A whole JSON answer. */
  async json(answer: VxpAnswer, httpStatus = 200): Promise<void> {
    await this.#whole(JSON.stringify(answer), httpStatus)
  }

  /**
   * An OK answer whose `data` is a list that need not fit in memory. Nothing leaves before the first piece is full or
   * the list is at its end, so that a failure until then is still a FAIL answer.
   */
  async list(rows: AsyncIterable<Record<string, string>>): Promise<void> {
    const pieces = listPieces(rows)
    const first = await pieces.next()
    const second = first.done ? first : await pieces.next()
    if (first.done || second.done) return await this.#whole(first.value ?? '', 200)
    this.#response.writeHead(200, {
      'Content-Type': jsonType,
      ...(this.#acceptsGzip ? { 'Content-Encoding': 'gzip' } : {}),
    })
    const packer = this.#acceptsGzip ? createGzip({ level: gzipLevel }) : null
    const target = packer ?? this.#response
    packer?.pipe(this.#response, { end: false })
    try {
      await this.#write(target, Buffer.from(first.value))
      await this.#write(target, Buffer.from(second.value))
      for await (const piece of pieces) await this.#write(target, Buffer.from(piece))
      if (packer) await this.#finish(packer)
    } catch (error) {
      packer?.destroy()
      await pieces.return(undefined)
      throw error
    }
  }

  /**
   * A packet as it is. Its first piece is awaited before anything leaves.
   * @throws TramError INTERNAL when the bytes are not as many as announced
   */
  async bytes(sizeBytes: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    await this.#sized({ 'Content-Type': 'application/octet-stream', 'Content-Length': sizeBytes }, sizeBytes, bytes)
  }

  /** An OK answer whose `data` is the base64 of `bytes`, encoded as they come. */
  async base64(sizeBytes: number, bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const head = `${JSON.stringify(okAnswer()).slice(0, -1)},"data":"`
    const tail = '"}'
    const length = Buffer.byteLength(head) + Math.ceil(sizeBytes / 3) * 4 + tail.length
    const encoded = base64Pieces(bytes, sizeBytes)
    const framed = async function* (): AsyncGenerator<Uint8Array> {
      const first = await encoded.next()
      yield Buffer.from(head)
      if (!first.done) yield first.value
      yield* encoded
      yield Buffer.from(tail)
    }
    await this.#sized({ 'Content-Type': jsonType, 'Content-Length': length }, length, framed())
  }

  /** Ends the answer, after the request has been read or given up, and waits until the system has taken it. */
  async end(): Promise<void> {
    const response = this.#response
    if (response.destroyed || response.writableFinished) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(() => response.destroy(), this.#idleMs)
    response.once('finish', resolve)
    response.once('close', resolve)
    response.end()
    await promise
    clearTimeout(timer)
  }

  /** Cuts the connection: the client must not take what it has for a whole answer. */
  cut(): void {
    this.#response.destroy()
  }

  async #whole(text: string, httpStatus: number): Promise<void> {
    const plain = Buffer.from(text)
    const isPacked = this.#acceptsGzip && plain.length >= gzipFromBytes
    const body = isPacked ? await gzipWhole(plain, { level: gzipLevel }) : plain
    this.#response.writeHead(httpStatus, {
      'Content-Type': jsonType,
      'Content-Length': body.length,
      ...(isPacked ? { 'Content-Encoding': 'gzip' } : {}),
    })
    await this.#write(this.#response, body)
  }

  async #sized(
    headers: Record<string, string | number>,
    sizeBytes: number,
    bytes: AsyncIterable<Uint8Array>,
  ): Promise<void> {
    let sent = 0
    for await (const piece of bytes) {
      if (sent === 0) this.#response.writeHead(200, headers)
      sent += piece.length
      if (sent > sizeBytes) break
      await this.#write(this.#response, piece)
    }
    if (sent !== sizeBytes)
      throw new TramError('INTERNAL', { detail: `an answer of ${sizeBytes} bytes came out with ${sent}` })
  }

  /** Writes with back-pressure. @throws TramError REQUEST_INVALID when the client is gone or takes nothing for too long */
  async #write(target: ServerResponse | Gzip, piece: Uint8Array): Promise<void> {
    if (this.#response.destroyed) throw this.#clientGone('the client has gone')
    if (target.write(piece)) return
    await this.#until(target, 'drain')
  }

  #clientGone(detail: string): TramError {
    this.#isClientGone = true
    return new TramError('REQUEST_INVALID', { field: 'connection', detail })
  }

  async #finish(packer: Gzip): Promise<void> {
    packer.end()
    if (!packer.readableEnded) await this.#until(packer, 'end')
  }

  async #until(target: ServerResponse | Gzip, event: 'drain' | 'end'): Promise<void> {
    const response = this.#response
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onClose = (): void => reject(this.#clientGone('the client has gone'))
    const timer = setTimeout(() => reject(this.#clientGone('the client takes nothing')), this.#idleMs)
    target.once(event, resolve)
    response.once('close', onClose)
    try {
      await promise
    } finally {
      clearTimeout(timer)
      target.off(event, resolve)
      response.off('close', onClose)
    }
  }
}

/** The text of a list answer in pieces of about `pieceCharacters`. */
async function* listPieces(rows: AsyncIterable<Record<string, string>>): AsyncGenerator<string, undefined> {
  let piece = `${JSON.stringify(okAnswer()).slice(0, -1)},"data":[`
  let separator = ''
  for await (const row of rows) {
    piece += separator + JSON.stringify(row)
    separator = ','
    if (piece.length < pieceCharacters) continue
    yield piece
    piece = ''
  }
  yield `${piece}]}`
  return undefined
}

/** Base64 of a stream: each piece is cut to a multiple of 3 bytes, the rest goes with the next one. */
async function* base64Pieces(bytes: AsyncIterable<Uint8Array>, sizeBytes: number): AsyncGenerator<Uint8Array> {
  let rest = Buffer.alloc(0)
  let count = 0
  for await (const piece of bytes) {
    count += piece.length
    const joined =
      rest.length > 0 ? Buffer.concat([rest, piece]) : Buffer.from(piece.buffer, piece.byteOffset, piece.length)
    const whole = joined.length - (joined.length % 3)
    if (whole > 0) yield Buffer.from(joined.toString('base64', 0, whole), 'latin1')
    // A copy: the piece may be overwritten by whoever made it.
    rest = Buffer.from(joined.subarray(whole))
  }
  if (count !== sizeBytes) throw new TramError('INTERNAL', { detail: `a packet of ${sizeBytes} bytes has ${count}` })
  if (rest.length > 0) yield Buffer.from(rest.toString('base64'), 'latin1')
}
