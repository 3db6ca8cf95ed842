// Takes an update from the office's network: PUT /update with a bearer secret, over plain HTTP, and nothing else. Off unless configured.
// Whoever has heard the secret can do no more than hand in a bundle that is signed and newer; strangers get a refusal and no bytes in.
import { createHash, timingSafeEqual } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'
import { Allowance } from '../../base/allowance.ts'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { listenOn } from '../../base/tcp-listen.ts'
import { defaultMinBytesPerSecond, UploadPace } from '../../base/upload-pace.ts'
import { maxBundleBytes } from '../../equipment/rauc/install-bundle.ts'
import type { SpaceKeeper } from '../../equipment/store/space-keeper.ts'

const patienceMs = 15_000
const maxConnections = 8
/** Of one address: a person with curl. */
const requestsPerMinute = 6

export interface UploadServerOptions {
  listen: string
  secret: string
  /** For what is on its way; emptied at the start. */
  folder: string
}

export interface UploadServerDeps {
  space: SpaceKeeper
  /** Checks and installs a file; what the root program answers. @throws TramError */
  install(file: string, signal: AbortSignal): Promise<Readonly<Record<string, unknown>>>
  clock: Clock
  logger: Logger
}

export class UploadServer implements Service {
  readonly name = 'update upload'
  readonly #options: UploadServerOptions
  readonly #deps: UploadServerDeps
  readonly #allowance: Allowance
  readonly #stopping = new AbortController()
  readonly #server = createServer(
    {
      maxHeaderSize: 8 * 1024,
      headersTimeout: patienceMs,
      // A bundle may be slow; its pace is watched.
      requestTimeout: 0,
      keepAliveTimeout: patienceMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => void this.#serve(request, response),
  )
  #endpoint = ''
  #isBusy = false

  constructor(options: UploadServerOptions, deps: UploadServerDeps) {
    this.#options = options
    this.#deps = deps
    this.#allowance = new Allowance(requestsPerMinute, deps.clock)
    this.#server.maxConnections = maxConnections
  }

  /** `host:port` as it listens. */
  get endpoint(): string {
    return this.#endpoint
  }

  /** @throws TramError CONFIG_INVALID when it cannot listen */
  async start(): Promise<void> {
    await rm(this.#options.folder, { recursive: true, force: true })
    this.#endpoint = await listenOn(this.#server, this.#options.listen, 'update.upload_listen')
    this.#server.on('error', (error) => this.#deps.logger.error(logFields(asTramError(error)), 'upload server error'))
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    if (!this.#server.listening) return
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeAllConnections()
    await closed
  }

  /** Answers one request. Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => response.destroy())
    request.on('error', () => request.destroy())
    // What is refused before its body costs the connection.
    const refuse = (status: number): void =>
      void response.writeHead(status, { Connection: 'close', 'Content-Length': 0 }).end(() => request.destroy())
    const sizeBytes = Number(request.headers['content-length'])
    if (this.#allowance.take(request.socket.remoteAddress ?? '') === undefined) return refuse(429)
    if (!this.#isAllowed(request.headers.authorization ?? '')) return refuse(401)
    if (request.url !== '/update') return refuse(404)
    if (request.method !== 'PUT') return refuse(405)
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes < 1) return refuse(411)
    if (sizeBytes > maxBundleBytes) return refuse(413)
    if (this.#isBusy) return refuse(503)
    this.#isBusy = true
    try {
      const answer = await this.#take(request, sizeBytes)
      this.#deps.logger.info(answer, 'update uploaded and installed')
      answerWith(response, 200, answer)
    } catch (error) {
      const failure = asTramError(error)
      this.#deps.logger.warn(logFields(failure), 'uploaded update refused')
      const { code, vi, en, todoVi, todoEn } = failure.condition
      answerWith(response, 422, { code, vi, en, todoVi, todoEn })
    } finally {
      this.#isBusy = false
    }
  }

  async #take(request: IncomingMessage, sizeBytes: number): Promise<Readonly<Record<string, unknown>>> {
    const { folder } = this.#options
    const { space, install } = this.#deps
    const file = join(folder, 'upload.raucb')
    const room = space.reserve(sizeBytes, 'document')
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      await this.#write(request, file, sizeBytes)
      return await install(file, this.#stopping.signal)
    } finally {
      room.release()
      await rm(folder, { recursive: true, force: true })
    }
  }

  async #write(request: IncomingMessage, file: string, sizeBytes: number): Promise<void> {
    const pace = new UploadPace({ idleMs: patienceMs, minBytesPerSecond: defaultMinBytesPerSecond }, this.#deps.clock)
    await using handle = await open(file, 'w', 0o600)
    const pieces = request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>
    let size = 0
    for (;;) {
      const { value, done } = await pace.wait(pieces.next())
      if (done === true) break
      size += value.length
      pace.came(value.length)
      await handle.writeFile(value)
    }
    // Node ends a body that is cut with an error; this is for what it may let through.
    if (size !== sizeBytes)
      throw new TramError('UPDATE_UNSIGNED', { file: '(upload)', detail: `${size} of ${sizeBytes} bytes` })
    await handle.sync()
  }

  #isAllowed(authorization: string): boolean {
    // Node reads a header's bytes as Latin-1; a secret may be in Vietnamese.
    const given = createHash('sha256').update(Buffer.from(authorization, 'latin1')).digest()
    return timingSafeEqual(given, createHash('sha256').update(`Bearer ${this.#options.secret}`).digest())
  }
}

function answerWith(response: ServerResponse, status: number, answer: unknown): void {
  const text = `${JSON.stringify(answer)}\n`
  response.writeHead(status, { 'Content-Type': 'application/json', Connection: 'close' }).end(text)
}
