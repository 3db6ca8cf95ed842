// The VXP interface of the station: takes HTTP(S) requests from backends, verifies them (vxp-request.ts), runs their
// operation (vxp-operations.ts) on the desk and answers JSON whatever happens. First file on the way of a document.
// Long because: the life of a request, from its first byte to the answer on every path, is told in one place.
import { randomUUID } from 'node:crypto'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { acceptsGzip } from '../../base/accept-encoding.ts'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { PeerLog } from '../../base/peer-log.ts'
import { listenOn } from '../../base/tcp-listen.ts'
import { UploadPace } from '../../base/upload-pace.ts'
import type { Desk } from '../../exchange/desk.ts'
import { errorNumberOf, failAnswer, isPublic } from './vxp-answers.ts'
import { type BackendRegister, loadBackends } from './vxp-backends.ts'
import { RequestBody } from './vxp-body.ts'
import { createListener, maxHeaderBytes } from './vxp-listener.ts'
import { findOperation, operationNameOf } from './vxp-operations.ts'
import type { VxpOptions } from './vxp-options.ts'
import { PageMarks } from './vxp-page-marks.ts'
import { RefusalLog } from './vxp-refusal-log.ts'
import { VxpReply } from './vxp-reply.ts'
import { printable, type VxpRequest, verifyRequest } from './vxp-request.ts'
import { Shares } from './vxp-shares.ts'

const mib = 1024 * 1024
/** Bodies of operations that take no packet: kits send `{}`, or one agency as JSON. */
const maxSmallBodyBytes = 64 * 1024
/** What still comes after an early refusal is read so that the client gets the answer: strangers get less of it. */
const lingerForStranger = { maxBytes: 16 * mib, maxMs: 5_000 }
const lingerForBackendMs = 60_000
/** A client that waited for 100-continue sends nothing after the answer; few send all the same. */
const lingerForAwaited = { maxBytes: mib, maxMs: 1_000 }
/** stop() cuts what still runs after this; less than the deadline of base/lifecycle.ts. */
const stopGraceMs = 8_000

export interface VxpDeps {
  desk: Desk
  logger: Logger
  clock: Clock
}

/** What is known of a request while it runs. */
interface Visit {
  operation: string
  reply: VxpReply
  body: RequestBody
  request: VxpRequest | null
  outcome: string
}

export class VxpServer implements Service {
  readonly name = 'vxp'
  readonly #options: VxpOptions
  readonly #deps: VxpDeps
  /** Aborts when stop() begins, and when its patience ends. */
  readonly #closing = new AbortController()
  readonly #stopping = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #answering = new WeakMap<object, ServerResponse>()
  readonly #pages = new PageMarks()
  readonly #places: Shares
  readonly #refusals: RefusalLog
  readonly #addressLog: PeerLog
  #server: Server | null = null
  #backends: BackendRegister | null = null
  #endpoint = ''

  constructor(options: VxpOptions, deps: VxpDeps) {
    this.#options = options
    this.#deps = deps
    this.#places = new Shares(options.max_concurrent)
    this.#refusals = new RefusalLog(deps.logger, deps.clock)
    this.#addressLog = new PeerLog(deps)
  }

  /** `http://host:port` (or https), as it listens; '' before start. */
  get endpoint(): string {
    return this.#endpoint
  }

  /** @throws TramError CONFIG_INVALID when a file cannot be used or the address cannot be listened on */
  async start(_signal: AbortSignal): Promise<void> {
    this.#backends = await loadBackends(this.#options.backends)
    const server = await createListener(this.#options, (address) =>
      this.#addressLog.write('warn', address, {}, 'vxp: connections of an address beyond its share'),
    )
    this.#attend(server)
    const scheme = server instanceof https.Server ? 'https' : 'http'
    this.#endpoint = `${scheme}://${await listenOn(server, this.#options.listen, 'vxp.listen')}`
    server.on('error', (error) => this.#deps.logger.error({ message: error.message }, 'vxp server error'))
    this.#server = server
    this.#deps.logger.info({ endpoint: this.#endpoint, backends: this.#options.backends.length }, 'vxp listens')
  }

  /** Takes no further request, finishes those that run and cuts what is left after a while. */
  async stop(): Promise<void> {
    const server = this.#server
    if (!server) return
    this.#server = null
    this.#closing.abort()
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    server.close(() => resolve())
    const timer = setTimeout(() => {
      this.#stopping.abort(new TramError('INTAKE_CLOSED', { detail: 'trạm đang dừng' }))
      server.closeAllConnections()
    }, stopGraceMs)
    while (this.#running.size > 0) await Promise.allSettled([...this.#running])
    // Every answer has been handed to the system; what is left carries no request.
    server.closeAllConnections()
    await closed
    clearTimeout(timer)
  }

  /** Hands every request to #serve, whatever it expects, and what is no request to #refuseSocket. */
  #attend(server: Server): void {
    const take = (request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void => {
      const visit = this.#serve(request, response, awaitsContinue).catch((error: unknown) => {
        this.#deps.logger.error(logFields(asTramError(error)), 'vxp request broke')
        response.destroy()
      })
      this.#running.add(visit)
      visit.finally(() => this.#running.delete(visit))
    }
    server.on('request', (request, response) => take(request, response, false))
    server.on('checkContinue', (request, response) => take(request, response, true))
    server.on('checkExpectation', (request, response) => take(request, response, false))
    server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => this.#refuseSocket(error, socket))
  }

  async #serve(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Promise<void> {
    const startedMs = this.#deps.clock.monotonic()
    this.#answering.set(request.socket, response)
    response.on('error', () => undefined) // a client that leaves is seen by the writer
    const idleMs = this.#options.idle_seconds * 1000
    const pace = new UploadPace({ idleMs, minBytesPerSecond: this.#options.min_bytes_per_second }, this.#deps.clock)
    const operation = operationNameOf(request.url ?? '')
    const maxBytes = findOperation(operation)?.body === 'packet' ? this.#options.max_body_mib * mib : maxSmallBodyBytes
    const visit: Visit = {
      operation,
      body: new RequestBody(request, response, awaitsContinue, { maxBytes, pace }),
      reply: new VxpReply(response, acceptsGzip(request.headers['accept-encoding']), idleMs),
      request: null,
      outcome: '0',
    }
    if (this.#closing.signal.aborted) visit.reply.closeConnection()
    try {
      await this.#run(request, visit)
    } catch (error) {
      await this.#fail(visit, error)
    }
    await this.#leave(visit)
    if (this.#answering.get(request.socket) === response) this.#answering.delete(request.socket)
    if (!visit.request) return
    const ms = Math.round(this.#deps.clock.monotonic() - startedMs)
    const { systemid } = visit.request.backend
    const { receivedBytes } = visit.body
    this.#deps.logger.info({ operation, systemid, outcome: visit.outcome, receivedBytes, ms }, 'vxp request')
  }

  /** Verifies and runs. Whatever it throws becomes the FAIL answer. */
  async #run(request: IncomingMessage, visit: Visit): Promise<void> {
    const { desk, clock } = this.#deps
    const { operation, body, reply } = visit
    if (!this.#backends) throw new TramError('INTERNAL', { detail: 'vxp is not started' })
    const { rawHeaders, socket, method } = request
    const nowMs = clock.now()
    const raw = { rawHeaders, sourceAddress: socket.remoteAddress ?? '' }
    // Backends are served whatever our clock does; what is handed in twice is one document anyway.
    const windowMs = clock.doubt === undefined ? this.#options.window_hours * 3_600_000 : Number.POSITIVE_INFINITY
    const verdict = verifyRequest(raw, this.#backends, nowMs, windowMs)
    if (!verdict.ok) throw verdict.reason
    visit.request = verdict.value
    if (method !== 'GET' && method !== 'POST')
      throw new TramError('REQUEST_INVALID', { field: 'method', detail: 'phải là GET hoặc POST' })
    const known = findOperation(operation)
    if (!known)
      throw new TramError('REQUEST_INVALID', {
        field: 'operation',
        detail: `không có nghiệp vụ ${printable(operation) || '(trống)'}`,
      })
    const contentTypes = valuesOf(rawHeaders, 'content-type')
    // Counted after the credentials: strangers cannot take the places of backends.
    const { systemid } = verdict.value.backend
    if (!this.#places.take(systemid)) throw new TramError('OVERLOADED', { detail: 'quá nhiều yêu cầu cùng lúc' })
    try {
      if (known.body === 'ignored') await body.discard()
      const isBodyTrusted = verdict.value.isAddressTrusted || socket instanceof TLSSocket
      const signal = this.#stopping.signal
      const call = { body, isBodyTrusted, contentTypes, reply, pages: this.#pages, desk, nowMs, signal }
      await known.run({ ...verdict.value, ...call })
    } finally {
      this.#places.release(systemid)
    }
  }

  async #fail(visit: Visit, failure: unknown): Promise<void> {
    const { reply, body, operation, request } = visit
    const error = asTramError(failure)
    const incident = randomUUID()
    visit.outcome = error.code
    if (reply.isClientGone) {
      visit.outcome = 'CLIENT_GONE'
      return reply.cut()
    }
    if (error.code === 'CREDENTIALS_REFUSED') this.#refusals.note(error, operation)
    else if (!isPublic(error))
      this.#deps.logger.error({ ...logFields(error), incident, operation }, 'vxp request failed')
    // What is refused for its content is only counted (outcome): its text may quote the packet.
    // Part of another answer has left: cutting the connection is the only way to say that it is not whole.
    if (reply.isStarted) return reply.cut()
    if (body.isPresent && !body.isDrained) reply.closeConnection()
    try {
      await reply.json(failAnswer(error, operation, incident), httpStatusOf(error, operation))
    } catch (cause) {
      this.#deps.logger.debug(
        { operation, systemid: request?.backend.systemid, ...logFields(asTramError(cause)) },
        'vxp answer not taken',
      )
      reply.cut()
    }
  }

  /** Ends the answer; before, reads what the client may still be sending, or it would never see the answer. */
  async #leave(visit: Visit): Promise<void> {
    const { body, reply, request } = visit
    if (body.isPresent && !body.isDrained) {
      const forBackend = { maxBytes: this.#options.max_body_mib * mib, maxMs: lingerForBackendMs }
      const sending = request ? forBackend : lingerForStranger
      const { maxBytes, maxMs } = body.isAwaited ? lingerForAwaited : sending
      await body.linger(maxBytes, maxMs, this.#closing.signal)
    }
    await reply.end()
  }

  /** Answers what Node could not parse: an attacker's bytes, or headers beyond every bound. */
  #refuseSocket(error: NodeJS.ErrnoException, socket: Socket): void {
    const response = this.#answering.get(socket)
    if (response?.req.complete && !response.writableFinished && !response.destroyed) {
      // The bytes come behind a whole request (a Content-Length that is too small): that one gets its answer first.
      if (!response.headersSent) response.setHeader('Connection', 'close')
      response.once('finish', () => socket.end())
      return
    }
    if (error.code === 'ECONNRESET' || !socket.writable || response?.headersSent) {
      socket.destroy()
      return
    }
    const { status, detail } = noRequest(error.code)
    const refusal = new TramError('REQUEST_INVALID', { field: 'HTTP', detail })
    const text = JSON.stringify(failAnswer(refusal, '', ''))
    socket.end(
      `HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(text)}\r\nConnection: close\r\n\r\n${text}`,
    )
    // Until the client has read the answer: closing with unread bytes would reset the connection under it.
    const timer = setTimeout(() => socket.destroy(), 2_000)
    socket.once('close', () => clearTimeout(timer))
    socket.resume()
  }
}

/** What Node found instead of a request. */
function noRequest(code: string | undefined): { status: string; detail: string } {
  if (code === 'HPE_HEADER_OVERFLOW')
    return {
      status: '431 Request Header Fields Too Large',
      detail: `quá nhiều header hoặc dài hơn ${maxHeaderBytes} byte`,
    }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { status: '408 Request Timeout', detail: 'không đến kịp' }
  return { status: '400 Bad Request', detail: 'không phải HTTP hợp lệ' }
}

/** All values of a header, in order; Node keeps only the first of some. */
function valuesOf(rawHeaders: readonly string[], name: string): string[] {
  return rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name)
}

/** Kits read only answers with 200, so a FAIL has it too; a failed download must not pass for a document. */
function httpStatusOf(error: TramError, operation: string): number {
  if (operation !== 'downloadEdoc') return 200
  const number = errorNumberOf(error)
  if (number === '15') return 403
  if (number === '21') return 404
  return error.code === 'REQUEST_INVALID' ? 400 : 503
}
