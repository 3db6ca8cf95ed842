// The signer's ear: answers the station's frames on a Unix socket with what the token says.
// Between signer-client, in the station, and pkcs11-token beside it. Trusts the station with the token, not with memory.
import { chmod, mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises'
import { createServer, type Server, type Socket } from 'node:net'
import { dirname, join } from 'node:path'
import { asTramError, isSystemError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import {
  encodeDescription,
  encodeFailure,
  encodeFrame,
  type Frame,
  type FrameKind,
  FrameReader,
  maxRequestBytes,
} from './signer-frames.ts'
import { isSocketAlive, takeSignerLock } from './signer-lock.ts'
import type { Token, TokenDescription } from './token.ts'

/** The station, and a second connection while it reconnects; more is somebody else's mistake. */
const maxConnections = 8
/** Requests of one connection that are not answered yet. */
export const maxOutstandingRequests = 1024
/** Answers that a connection has not read: beyond this it is cut. */
const maxUnreadBytes = 4 * 1024 * 1024
/** sockaddr_un holds 108 bytes with the final zero. */
const maxSocketPathBytes = 107

export class SignerServer implements Service {
  readonly name = 'signer-server'
  readonly #socketPath: string
  readonly #mode: number
  readonly #token: Token
  readonly #logger: Logger
  #lock: Server | null = null
  #server: Server | null = null
  #inode: bigint | null = null
  readonly #connections = new Set<Socket>()

  /** `options.mode`: of the socket; default 0600, nobody but its owner. */
  constructor(options: { socketPath: string; mode?: number }, deps: { token: Token; logger: Logger }) {
    this.#socketPath = options.socketPath
    this.#mode = options.mode ?? 0o600
    this.#token = deps.token
    this.#logger = deps.logger
  }

  /**
   * Listens. A stale socket is replaced.
   * @throws TramError SIGNER_RUNNING when another signer serves this folder; SIGNER_UNREACHABLE when nobody could
   */
  async start(): Promise<void> {
    const folder = dirname(this.#socketPath)
    // Its nest, below, has a longer name than some sockets.
    const longest = Math.max(Buffer.byteLength(this.#socketPath), Buffer.byteLength(join(folder, '.s-123456', 's')))
    if (longest > maxSocketPathBytes)
      throw new TramError('SIGNER_UNREACHABLE', { detail: `the socket path is too long: ${this.#socketPath}` })
    await mkdir(folder, { recursive: true, mode: 0o700 })
    this.#lock = await takeSignerLock(folder)
    if (this.#lock === null || (await isSocketAlive(this.#socketPath))) {
      await this.stop()
      throw new TramError('SIGNER_RUNNING', { folder })
    }
    try {
      await this.#listen(folder)
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#server === null) resolve()
    else this.#server.close(() => resolve())
    for (const connection of this.#connections) connection.destroy()
    await promise
    this.#server = null
    await this.#removeSocket()
    this.#lock?.close()
    this.#lock = null
  }

  /** Tells every connection that the token is now as described. */
  announce(description: TokenDescription): void {
    const frame = encodeFrame({ kind: 'changed', request: 0, body: encodeDescription(description) })
    for (const connection of this.#connections) this.#write(connection, frame)
  }

  /** The socket appears under its name with its mode: nobody can connect in between, and a stale one is replaced in one step. */
  async #listen(folder: string): Promise<void> {
    const nest = await mkdtemp(join(folder, '.s-'))
    try {
      const path = join(nest, 's')
      const server = createServer((socket) => this.#serve(socket))
      server.maxConnections = maxConnections
      this.#server = server
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      server.once('error', reject)
      server.listen(path, resolve)
      await promise
      await chmod(path, this.#mode)
      this.#inode = (await stat(path, { bigint: true })).ino
      await rename(path, this.#socketPath)
    } finally {
      await rm(nest, { recursive: true, force: true })
    }
  }

  async #removeSocket(): Promise<void> {
    if (this.#inode === null) return
    try {
      const { ino } = await stat(this.#socketPath, { bigint: true })
      if (ino === this.#inode) await rm(this.#socketPath)
    } catch (error) {
      if (!isSystemError(error, 'ENOENT')) throw error
    }
    this.#inode = null
  }

  #serve(socket: Socket): void {
    const reader = new FrameReader(maxRequestBytes)
    const gone = new AbortController()
    const outstanding = { count: 0 }
    this.#connections.add(socket)
    socket.once('close', () => {
      this.#connections.delete(socket)
      gone.abort(new TramError('SIGNER_UNREACHABLE', { detail: 'the station has closed the connection' }))
    })
    socket.on('error', (error) => this.#logger.info({ detail: error.message }, 'a connection of the station broke'))
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#accept(socket, frame, outstanding, gone.signal)
      } catch (error) {
        this.#logger.warn(logFields(asTramError(error)), 'a connection is cut')
        socket.destroy()
      }
    })
    void this.#token.describe(gone.signal).then(
      (description) =>
        this.#write(socket, encodeFrame({ kind: 'changed', request: 0, body: encodeDescription(description) })),
      (error) => socket.destroy(asTramError(error)),
    )
  }

  #accept(socket: Socket, frame: Frame, outstanding: { count: number }, signal: AbortSignal): void {
    const { request } = frame
    const answer = (kind: FrameKind, body: Buffer): void => {
      this.#write(socket, encodeFrame({ kind, request, body }))
    }
    if (outstanding.count >= maxOutstandingRequests) {
      frame.body.fill(0)
      answer('failure', encodeFailure(new TramError('OVERLOADED', { detail: 'requests wait for the token' })))
      return
    }
    outstanding.count += 1
    this.#answer(frame, signal)
      .then(
        ({ kind, body }) => answer(kind, body),
        (error) => answer('failure', encodeFailure(asTramError(error))),
      )
      .finally(() => {
        outstanding.count -= 1
      })
  }

  async #answer({ kind, body }: Frame, signal: AbortSignal): Promise<{ kind: FrameKind; body: Buffer }> {
    switch (kind) {
      case 'describe':
        return { kind: 'description', body: encodeDescription(await this.#token.describe(signal)) }
      case 'sign':
        return { kind: 'signature', body: Buffer.from(await this.#token.sign(body, signal)) }
      case 'pin': {
        const pin = body.toString('utf8')
        body.fill(0)
        await this.#token.enterPin(pin, signal)
        return { kind: 'done', body: Buffer.alloc(0) }
      }
      default:
        throw new TramError('SIGNER_UNREACHABLE', { detail: `"${kind}" is no request` })
    }
  }

  #write(socket: Socket, bytes: Buffer): void {
    if (socket.destroyed) return
    socket.write(bytes)
    if (socket.writableLength > maxUnreadBytes) {
      this.#logger.warn({ unreadBytes: socket.writableLength }, 'a connection does not read its answers and is cut')
      socket.destroy()
    }
  }
}
