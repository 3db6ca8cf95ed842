// The token as the station sees it: requests to the signer process over its Unix socket. Below the sealer; the other
// end is signer-server. Only ever reconnects: starting the signer is systemd's work, or in the lab signer-process's.
import { connect, type Socket } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import type { Logger } from '../../base/logger.ts'
import {
  encodeFrame,
  type Frame,
  type FrameKind,
  FrameReader,
  maxAnswerBytes,
  parseDescription,
  parseFailure,
  protocolError,
} from './signer-frames.ts'
import type { Token, TokenDescription } from './token.ts'

export interface SignerClientOptions {
  socketPath: string
  /** How long a request may take: a token that needs longer is stuck. Default 30 s. */
  requestTimeoutMs?: number
}

interface Request {
  resolve(frame: Frame): void
  reject(error: unknown): void
}

/** Requests without an answer; the server allows as many for a connection. */
const maxRequests = 1024
const firstBackOffMs = 50
const maxBackOffMs = 2000
/** A state is asked for by people and health checks: they do not wait as long as a signature may. */
const maxDescribeMs = 5000

export class SignerClient implements Token, Service {
  readonly name = 'signer-client'
  /** Called whenever the token's state is known to have changed, `unreachable` included. */
  onStateChange?: (description: TokenDescription) => void
  readonly #socketPath: string
  readonly #requestTimeoutMs: number
  readonly #logger: Logger
  readonly #clock: Clock
  readonly #requests = new Map<number, Request>()
  #socket: Socket | null = null
  #stopped = true
  #lastRequest = 0
  #backOffMs = firstBackOffMs
  #reconnect: NodeJS.Timeout | null = null
  #lostAtMs: number
  #known: TokenDescription = {
    state: 'unreachable',
    detail: 'not connected yet',
    label: '',
    serial: '',
    scheme: null,
    certificate: null,
    pinCountLow: false,
    pinFinalTry: false,
  }

  constructor(options: SignerClientOptions, deps: { logger: Logger; clock: Clock }) {
    this.#socketPath = options.socketPath
    this.#requestTimeoutMs = options.requestTimeoutMs ?? 30_000
    this.#logger = deps.logger
    this.#clock = deps.clock
    this.#lostAtMs = deps.clock.monotonic()
  }

  /** Tries to connect once, and goes on trying. A signer that is not there does not fail the start. */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#stopped = false
    await this.#connect()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    if (this.#reconnect !== null) clearTimeout(this.#reconnect)
    this.#reconnect = null
    const socket = this.#socket
    if (socket === null) return
    const { promise, resolve } = Promise.withResolvers<void>()
    socket.once('close', () => resolve())
    socket.destroy()
    await promise
  }

  async describe(signal: AbortSignal): Promise<TokenDescription> {
    signal.throwIfAborted()
    if (this.#socket === null) return { ...this.#known }
    try {
      const timeoutMs = Math.min(this.#requestTimeoutMs, maxDescribeMs)
      const { body } = await this.#ask('describe', Buffer.alloc(0), 'description', signal, timeoutMs)
      return parseDescription(body)
    } catch (error) {
      if (signal.aborted) throw error
      return { ...this.#known, state: 'unreachable', detail: asTramError(error).message }
    }
  }

  async sign(digest: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { body } = await this.#ask('sign', Buffer.from(digest), 'signature', signal, this.#requestTimeoutMs)
    return new Uint8Array(body)
  }

  async enterPin(pin: string, signal: AbortSignal): Promise<void> {
    await this.#ask('pin', Buffer.from(pin, 'utf8'), 'done', signal, this.#requestTimeoutMs)
  }

  /**
   * Sends one request and waits for its answer; `body` is wiped.
   * @throws TramError SIGNER_UNREACHABLE (no connection, none any more, no answer in time), OVERLOADED; what the
   *   signer answers; the signal's reason
   */
  async #ask(
    kind: FrameKind,
    body: Buffer,
    expected: FrameKind,
    signal: AbortSignal,
    timeoutMs: number,
  ): Promise<Frame> {
    signal.throwIfAborted()
    const socket = this.#socket
    if (socket === null) throw new TramError('SIGNER_UNREACHABLE', { detail: this.#known.detail })
    if (this.#requests.size >= maxRequests)
      throw new TramError('OVERLOADED', { detail: 'requests wait for the signer' })
    const request = this.#nextNumber()
    const { promise, resolve, reject } = Promise.withResolvers<Frame>()
    const onAbort = (): void => reject(signal.reason)
    const timer = setTimeout(
      () => reject(new TramError('SIGNER_UNREACHABLE', { detail: `no answer within ${timeoutMs} ms` })),
      timeoutMs,
    )
    this.#requests.set(request, { resolve, reject })
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      const bytes = encodeFrame({ kind, request, body })
      body.fill(0)
      // Wiped once the kernel has it: it may hold a PIN.
      socket.write(bytes, () => bytes.fill(0))
      const answer = await promise
      if (answer.kind === 'failure') throw parseFailure(answer.body)
      if (answer.kind !== expected) throw protocolError(`"${answer.kind}" answers "${kind}"`)
      return answer
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      this.#requests.delete(request)
    }
  }

  /** Numbers come round after 2^32 requests; one that still waits is passed over. */
  #nextNumber(): number {
    do this.#lastRequest = (this.#lastRequest % 0xffffffff) + 1
    while (this.#requests.has(this.#lastRequest))
    return this.#lastRequest
  }

  /** One attempt; resolves when it has succeeded or failed. A lost connection brings the next attempt. */
  #connect(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const reader = new FrameReader(maxAnswerBytes)
    const socket = connect(this.#socketPath)
    let detail = 'the connection was closed'
    socket.once('connect', () => {
      this.#socket = socket
      resolve()
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const frame of reader.push(chunk)) this.#receive(frame)
      } catch (error) {
        // attacker-controlled: whatever sits on the socket
        socket.destroy(asTramError(error))
      }
    })
    socket.on('error', (error) => {
      detail = error.message
    })
    socket.once('close', () => {
      this.#lost(detail)
      resolve()
    })
    return promise
  }

  #receive(frame: Frame): void {
    if (frame.kind === 'changed') {
      this.#backOffMs = firstBackOffMs
      this.#learn(parseDescription(frame.body))
      return
    }
    // Nobody waits any more for an answer that came too late.
    this.#requests.get(frame.request)?.resolve(frame)
  }

  #lost(detail: string): void {
    const hadConnection = this.#socket !== null
    this.#socket = null
    if (hadConnection) this.#lostAtMs = this.#clock.monotonic()
    for (const request of this.#requests.values()) request.reject(new TramError('SIGNER_UNREACHABLE', { detail }))
    this.#learn({ ...this.#known, state: 'unreachable', detail })
    if (this.#stopped) return
    // Jitter, lest several clients of a restarted signer come in step.
    this.#reconnect = setTimeout(() => void this.#connect(), this.#backOffMs * (0.5 + Math.random() / 2))
    this.#backOffMs = Math.min(this.#backOffMs * 2, maxBackOffMs)
  }

  #learn(description: TokenDescription): void {
    const before = this.#known
    this.#known = description
    const { state, detail } = description
    if (before.state === state && before.detail === detail) return
    if (before.state === 'unreachable' && state !== 'unreachable')
      this.#logger.info({ state, outageMs: Math.round(this.#clock.monotonic() - this.#lostAtMs) }, 'the signer answers')
    // A connection that we close ourselves says nothing about the token.
    else if (before.state !== state && !this.#stopped) this.#logger.warn({ state, detail }, 'the token changed')
    this.onStateChange?.({ ...description })
  }
}
