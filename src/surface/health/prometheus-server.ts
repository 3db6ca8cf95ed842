// The endpoint that Prometheus asks: GET /metrics over plain HTTP, and nothing else. Whoever can reach it is a stranger: few
// connections, short patience, no bodies, and at most one text a second is made. Made by station-prometheus.ts.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import { acceptsGzip } from '../../base/accept-encoding.ts'
import { Allowance } from '../../base/allowance.ts'
import type { Clock } from '../../base/clock.ts'
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { listenOn } from '../../base/tcp-listen.ts'
import { prometheusContentType } from './prometheus-text.ts'

export interface PrometheusServerDeps {
  /** The exposition of now (prometheus-text.ts). */
  text: () => Promise<string>
  clock: Clock
  logger: Logger
}

/** A pair of servers, somebody with curl, and what is just being closed. */
const maxConnections = 16
const patienceMs = 5_000
/** Of one address. A pair of servers behind one, every 5 seconds, are 24. */
const scrapesPerMinute = 120
/** A text so young is good enough for who asks. */
const freshMs = 1_000
const defaultRetryMs = 30_000

interface Exposition {
  plain: Buffer
  /** A fifth as long; made when the first asks for it. */
  gzipped?: Buffer
}

export class PrometheusServer implements Service {
  readonly name = 'prometheus endpoint'
  readonly #options: { listen: string; retryMs?: number }
  readonly #deps: PrometheusServerDeps
  readonly #allowance: Allowance
  readonly #server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: patienceMs,
      requestTimeout: patienceMs,
      keepAliveTimeout: patienceMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void this.#serve(request, response),
  )
  #endpoint = ''
  #trouble: StateError | undefined
  #attempt: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined
  #latest: { exposition: Promise<Exposition | undefined>; atMs: number } | undefined

  constructor(options: { listen: string; retryMs?: number }, deps: PrometheusServerDeps) {
    this.#options = options
    this.#deps = deps
    this.#allowance = new Allowance(scrapesPerMinute, deps.clock)
    this.#server.maxConnections = maxConnections
    // Whoever does not take the answer is cut as well.
    this.#server.setTimeout(2 * patienceMs)
  }

  /** `host:port` as it listens; '' while it does not. */
  get endpoint(): string {
    return this.#endpoint
  }

  /** Why nobody can ask, while that is so. */
  conditions(): readonly StateError[] {
    return this.#trouble === undefined ? [] : [this.#trouble]
  }

  /** Listens, or goes on trying: an address that comes late, or a port that is taken, keeps no document back. Never rejects. */
  async start(_signal: AbortSignal): Promise<void> {
    this.#server.on('error', (error) =>
      this.#deps.logger.error(logFields(asTramError(error)), 'prometheus server error'),
    )
    this.#attempt = this.#listen()
    await this.#attempt
  }

  async stop(): Promise<void> {
    await this.#attempt
    clearTimeout(this.#timer)
    if (!this.#server.listening) return
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await closed
    this.#endpoint = ''
  }

  async #listen(): Promise<void> {
    const { listen, retryMs = defaultRetryMs } = this.#options
    const { logger } = this.#deps
    try {
      this.#endpoint = await listenOn(this.#server, listen, 'prometheus.listen')
      this.#trouble = undefined
      logger.info({ endpoint: this.#endpoint }, 'prometheus endpoint listens')
    } catch (error) {
      const failure = asTramError(error)
      const detail = failure.cause instanceof Error ? failure.cause.message : failure.message
      if (this.#trouble === undefined) logger.warn(logFields(failure), 'prometheus endpoint does not listen')
      this.#trouble = new TramError('METRICS_NOT_SERVED', { listen, detail }, { cause: error })
      this.#timer = setTimeout(() => {
        this.#attempt = this.#listen()
      }, retryMs)
    }
  }

  /** Answers one request. Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method, url = '', headers, socket } = request
    // A client that leaves before its answer: nothing is lost.
    response.on('error', () => response.destroy())
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) !== 0
    // What is refused costs the connection: the next refusal must be opened anew.
    const refuse = (status: number, more: Readonly<Record<string, string>> = {}): void =>
      void response.writeHead(status, { Connection: 'close', 'Content-Length': 0, ...more }).end()
    if (this.#allowance.take(socket.remoteAddress ?? '') === undefined) return refuse(429)
    if (hasBody) return refuse(400)
    if (url.split('?', 1)[0] !== '/metrics') return refuse(404)
    if (method !== 'GET') return refuse(405, { Allow: 'GET' })
    const exposition = await this.#exposition()
    if (exposition === undefined) return refuse(503)
    const isGzip = acceptsGzip(headers['accept-encoding'])
    if (isGzip) exposition.gzipped ??= gzipSync(exposition.plain)
    const body = isGzip ? exposition.gzipped : exposition.plain
    response.writeHead(200, {
      'Content-Type': prometheusContentType,
      'Content-Length': body?.length ?? 0,
      Vary: 'Accept-Encoding',
      ...(isGzip ? { 'Content-Encoding': 'gzip' } : {}),
    })
    response.end(body)
  }

  /** Shared by all that ask within a second; undefined when there is none. */
  #exposition(): Promise<Exposition | undefined> {
    const atMs = this.#deps.clock.monotonic()
    if (this.#latest === undefined || atMs - this.#latest.atMs >= freshMs)
      this.#latest = { exposition: this.#made(), atMs }
    return this.#latest.exposition
  }

  async #made(): Promise<Exposition | undefined> {
    try {
      return { plain: Buffer.from(await this.#deps.text()) }
    } catch (error) {
      this.#deps.logger.error(logFields(asTramError(error)), 'no metrics')
      return undefined
    }
  }
}
