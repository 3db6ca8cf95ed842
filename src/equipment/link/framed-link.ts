// One link over any ordered wire: greeting, dispatch of what comes in, liveness, closing. link-sender.ts and
// link-receiver.ts are its halves; libp2p-link.ts and memory-link.ts bring the wire, link-table.ts decides which of two
// crossing links stays, the exchange is the LinkHandler above.
// Long because: the three states of a link and every message that may come in each are easier to check side by side.
//
// Greeting. Both sides say Session and Hello and nothing else: the opener at once, the acceptor when link-table.ts has
// accepted. For the acceptor the link is open when it answers, for the opener when the answer is read; so whatever comes
// behind a hello belongs to the link that stays, and the losing stream has carried nothing that could be lost.
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { frameCost } from './credits.ts'
import { dataLaneOf, FrameParser, type Lane } from './frames.ts'
import { LinkReceiver } from './link-receiver.ts'
import { LinkSender } from './link-sender.ts'
import { type ControlMessage, type DataLane, type LinkHandler, maxFrameBytes, type PeerLink } from './peer-link.ts'
import { type Bye, type Hello, LinkMessage, type Session } from './schema/messages.ts'
import type { StationBudget } from './station-budget.ts'
import type { Wire, WireReader } from './wire.ts'

/** How long a peer may be silent, in milliseconds. */
export const liveness = { pingAfterMs: 15_000, deadAfterMs: 45_000, tickMs: 5_000 } as const

/** Pings that a peer may send between two ticks. */
const maxPingsPerTick = 20
const maxReasonLength = 200

export interface FramedLinkParts {
  peerId: string
  role: 'opener' | 'acceptor'
  wire: Wire
  handler: LinkHandler
  budget: StationBudget
  clock: Clock
  logger: Logger
  /** Both greetings are read. Decides at once: `open()`, `accept()` or `decline()`. */
  onGreeted(link: FramedLink): void
  /** The link or the greeting is over, for whatever reason. */
  onGone(link: FramedLink): void
}

export class FramedLink implements PeerLink, WireReader {
  readonly peerId: string
  readonly role: 'opener' | 'acceptor'
  readonly closed: AbortSignal
  readonly #parts: FramedLinkParts
  readonly #closing = new AbortController()
  readonly #parser: FrameParser
  readonly #sender: LinkSender
  readonly #receiver: LinkReceiver
  #state: 'greeting' | 'open' | 'gone' = 'greeting'
  #remoteSession: Session | undefined
  #remote: Hello | undefined
  #wasOpened = false
  #lostTie = false
  #lastHeardMs: number
  #pingsInTick = 0
  /** When the oldest ping without an answer was sent. */
  #pingMs: number | undefined

  constructor(parts: FramedLinkParts) {
    this.#parts = parts
    this.peerId = parts.peerId
    this.role = parts.role
    this.closed = this.#closing.signal
    this.#lastHeardMs = parts.clock.monotonic()
    const { peerId, wire, clock } = parts
    const share = parts.budget.join()
    this.#sender = new LinkSender({
      peerId,
      wire,
      share,
      clock,
      onBroken: (detail, cause) => {
        this.#gone(this.#closedError(detail, cause))
      },
    })
    this.#receiver = new LinkReceiver({ peerId, share, clock, own: (message) => this.#sender.own(message) })
    this.#parser = new FrameParser(parts.peerId, {
      onMessage: (lane, message, wireBytes) => this.#onMessage(lane, message, wireBytes),
      onPiece: (wireBytes) => this.#receiver.arrived(wireBytes),
      isOpen: () => this.#state !== 'gone',
    })
  }

  get remote(): Hello {
    if (this.#remote === undefined) throw new Error('the link has not heard a hello yet')
    return this.#remote
  }

  /** The other side's greeting, once `onGreeted` was called. */
  get remoteSession(): Session {
    if (this.#remoteSession === undefined) throw new Error('the link has not heard a session yet')
    return this.#remoteSession
  }

  /** Whether the greeting ended because the other stream between the two stays. */
  get lostTie(): boolean {
    return this.#lostTie
  }

  get isGone(): boolean {
    return this.#state === 'gone'
  }

  /** Says who we are: the opener first of all, the acceptor when it accepts. */
  greet(session: Session, hello: Hello): void {
    this.#sender.own({ session })
    this.#sender.own({ hello })
  }

  /** The greeting is settled: this link stays. Tells the handler. */
  open(): void {
    if (this.#state !== 'greeting') return
    this.#state = 'open'
    this.#wasOpened = true
    this.#sender.open()
    this.#receiver.open()
    // While nothing stands in queues: how long the line is, which the windows must know.
    this.#ping()
    try {
      this.#parts.handler.onOpen(this)
    } catch (error) {
      this.fail(error)
    }
  }

  /** This link does not stay: `tie` when the other stream between the two does. */
  decline(reason: string, tie: boolean): void {
    this.#lostTie = tie
    this.#gone(this.#closedError(reason), { reason, tie })
  }

  send(message: ControlMessage): void {
    this.#assertOpen()
    this.#sender.control(message)
  }

  async sendData(
    lane: DataLane,
    transfer: number,
    offset: number,
    bytes: Uint8Array,
    signal: AbortSignal,
  ): Promise<void> {
    signal.throwIfAborted()
    this.#assertOpen()
    await this.#sender.data(lane, transfer, offset, bytes, signal)
  }

  async close(reason: string): Promise<void> {
    // Control that was accepted before the close still goes out, whatever is in flight.
    if (this.#state === 'open') this.#sender.flushControl()
    await this.#gone(this.#closedError(reason), { reason, tie: false })
  }

  /** Takes bytes from the wire, attacker-controlled. Never throws: what is wrong closes the link. */
  receive(chunk: Uint8Array): void {
    if (this.#state === 'gone') return
    this.#lastHeardMs = this.#parts.clock.monotonic()
    try {
      this.#parser.push(chunk)
    } catch (error) {
      this.fail(error)
    }
  }

  /** The wire ended by itself. */
  wireClosed(error: Error | undefined): void {
    this.#gone(this.#closedError(error === undefined ? 'the peer closed the connection' : error.message, error))
  }

  /** Closes the link because of `error`; the peer is told its code only. */
  fail(error: unknown): void {
    const cause = asTramError(error)
    if (this.#state === 'gone') return
    if (cause.code === 'LINK_PROTOCOL_VIOLATION') this.#parts.logger.warn(logFields(cause), 'link closed')
    const isOurs = cause.code === 'LINK_PROTOCOL_VIOLATION' || cause.code === 'LINK_CLOSED'
    this.#gone(isOurs ? cause : this.#closedError(cause.message, cause), { reason: cause.code, tie: false })
  }

  /** Cuts without a word: an opened stream that lost the tie, or the station's end. */
  cut(reason: string): void {
    this.#gone(this.#closedError(reason))
  }

  /** Looks whether the peer is alive and gives idle credit back; called every `liveness.tickMs`. */
  tick(): void {
    if (this.#state !== 'open') return
    const silentMs = this.#parts.clock.monotonic() - this.#lastHeardMs
    if (silentMs >= liveness.deadAfterMs) {
      this.#gone(this.#closedError(`nothing heard for ${Math.round(silentMs / 1000)} s`))
      return
    }
    if (this.#sender.stalledMs >= liveness.deadAfterMs) {
      this.#gone(this.#closedError('the peer reads nothing'))
      return
    }
    this.#pingsInTick = 0
    this.#parts.wire.nudge()
    if (silentMs >= liveness.pingAfterMs) this.#ping()
    this.#sender.yieldIdle()
  }

  #ping(): void {
    this.#pingMs ??= this.#parts.clock.monotonic()
    this.#sender.own({ ping: {} })
  }

  #onPong(): void {
    if (this.#pingMs === undefined) return
    this.#receiver.measured(this.#parts.clock.monotonic() - this.#pingMs)
    this.#pingMs = undefined
  }

  #assertOpen(): void {
    if (this.#state === 'open') return
    throw this.closed.aborted ? this.closed.reason : this.#closedError('not open yet')
  }

  #closedError(detail: string, cause?: unknown): TramError {
    return new TramError('LINK_CLOSED', { peer: this.peerId, detail }, { cause })
  }

  #violation(detail: string): TramError {
    return new TramError('LINK_PROTOCOL_VIOLATION', { peer: this.peerId, detail })
  }

  /** Ends the link once; `bye` is said if the wire still takes it. */
  async #gone(error: TramError, bye?: Bye, heardBye = false): Promise<void> {
    if (this.#state === 'gone') return
    const { wire, handler, logger } = this.#parts
    // When the wire refuses even the bye, onBroken has come through here already.
    if (bye !== undefined && !this.#sender.own({ bye: { ...bye, reason: bye.reason.slice(0, maxReasonLength) } }))
      return
    this.#state = 'gone'
    this.#closing.abort(error)
    this.#sender.stop(error)
    this.#receiver.stop()
    this.#parts.onGone(this)
    if (this.#wasOpened) {
      try {
        handler.onClose(this)
      } catch (handlerError) {
        logger.error(logFields(asTramError(handlerError)), 'the link handler failed in onClose')
      }
    }
    if (bye === undefined && !heardBye) wire.cut(error)
    else await wire.end()
  }

  #onMessage(lane: Lane, payload: Uint8Array, wireBytes: number): void {
    let message: LinkMessage
    try {
      message = LinkMessage.decode(payload)
    } catch (error) {
      throw new TramError(
        'LINK_PROTOCOL_VIOLATION',
        { peer: this.peerId, detail: 'a message that does not parse' },
        { cause: error },
      )
    }
    const { data } = message
    if ((lane === 'control') === (data !== undefined)) throw this.#violation(`a message on the wrong lane (${lane})`)
    if (this.#state === 'greeting') {
      this.#onGreeting(message)
      return
    }
    if (lane !== 'control' && data !== undefined) {
      this.#receiver.arrived(wireBytes)
      this.#onData(lane, data.transfer, data.offset, data.bytes, frameCost(payload.byteLength))
      return
    }
    if (this.#onOwn(message)) {
      if (payload.byteLength > maxFrameBytes) throw this.#violation('a message of the link in several frames')
      return
    }
    this.#receiver.arrived(wireBytes)
    if (Object.keys(message).length !== 1) throw this.#violation('a message of no known kind')
    this.#parts.handler.onMessage(this, message)
  }

  #onGreeting(message: LinkMessage): void {
    if (message.bye !== undefined) {
      this.#lostTie = message.bye.tie
      this.#onBye(message.bye)
      return
    }
    if (this.#remoteSession === undefined) {
      if (message.session?.run.byteLength !== 16) throw this.#violation('the first message is not a session')
      this.#remoteSession = message.session
      return
    }
    if (message.hello === undefined || message.hello.protocol < 1) throw this.#violation('no hello behind the session')
    this.#remote = message.hello
    this.#parts.onGreeted(this)
  }

  #onData(lane: DataLane, transfer: number, offset: number, bytes: Uint8Array, cost: number): void {
    if (bytes.byteLength === 0) throw this.#violation('a data message without data')
    const release = this.#receiver.data(lane, cost)
    this.#parts.handler.onData(this, lane, transfer, offset, bytes, release)
  }

  /** Handles what the links say to each other. Returns whether the message was of that kind. */
  #onOwn(message: LinkMessage): boolean {
    const { credit, arrived, ping, pong, bye } = message
    if (credit !== undefined) {
      this.#sender.grant(this.#dataLane(credit.lane), credit.bytes)
    } else if (arrived !== undefined) {
      if (!this.#sender.arrived(arrived.bytes))
        throw this.#violation(`${arrived.bytes} bytes arrived that were not sent`)
    } else if (message.yield !== undefined) {
      this.#receiver.takeBack(this.#dataLane(message.yield.lane), message.yield.bytes)
    } else if (ping !== undefined) {
      this.#pingsInTick += 1
      if (this.#pingsInTick > maxPingsPerTick) throw this.#violation('a flood of pings')
      this.#sender.own({ pong: {} })
    } else if (bye !== undefined) {
      this.#onBye(bye)
    } else if (message.session !== undefined || message.hello !== undefined) {
      throw this.#violation('a second greeting')
    } else if (pong !== undefined) this.#onPong()
    else return false
    return true
  }

  /** Attacker-controlled text: short, and only for the log. */
  #onBye(bye: Bye): void {
    this.#gone(this.#closedError(bye.reason.slice(0, maxReasonLength)), undefined, true)
  }

  #dataLane(number: number): DataLane {
    const lane = dataLaneOf(number)
    if (lane === undefined) throw this.#violation(`lane ${number}`)
    return lane
  }
}
