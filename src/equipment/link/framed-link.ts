// One link over any ordered wire: greeting, frames, lanes, credits, liveness, closing. libp2p-link.ts and memory-link.ts
// bring the wire, link-table.ts decides which of two crossing links stays, the exchange is the LinkHandler above.
//
// Greeting. Both sides say Session and Hello and nothing else: the opener at once, the acceptor when link-table.ts has
// accepted. For the acceptor the link is open when it answers, for the opener when the answer is read; so whatever comes
// behind a hello belongs to the link that stays, and the losing stream has carried nothing that could be lost.
//
// Sending. Own small messages go at once; then control, urgent, bulk, as long as the flight (flight.ts) has room.
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { ControlQueue } from './control-queue.ts'
import { frameCost, ReceiveLane, SendLane, type WaitingFrame } from './credits.ts'
import { assertDataFits, dataPayloadBytes, encodeDataFrame } from './data-frame.ts'
import { Flight } from './flight.ts'
import { dataLaneOf, FrameParser, frameHeaderBytes, framesOf, type Lane, laneNumbers } from './frames.ts'
import { type ControlMessage, type DataLane, type LinkHandler, maxFrameBytes, type PeerLink } from './peer-link.ts'
import { type Bye, type Hello, LinkMessage, type Session } from './schema/messages.ts'
import type { BudgetShare, StationBudget } from './station-budget.ts'

/** What carries the bytes of one stream. */
export interface Wire {
  /** Hands bytes to the connection, in order, without waiting. Throws when it is closed. */
  send(bytes: Uint8Array): void
  /** Lets what was sent go out, then closes; bounded in time. Never rejects. */
  end(): Promise<void>
  /** Cuts at once. */
  cut(reason: Error): void
  /** Tries again to move what is stuck in it; called at every tick. */
  nudge(): void
}

/** How long a peer may be silent, in milliseconds. */
export const liveness = { pingAfterMs: 15_000, deadAfterMs: 45_000, tickMs: 5_000 } as const

/** Data frames that may wait for credit on one lane of one link. */
const maxWaitingFrames = 4096
/** The receiver tells of arrivals at the latest after so many bytes, else at the end of the event loop's turn. */
const arrivedStepBytes = 64 * 1024
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

export class FramedLink implements PeerLink {
  readonly peerId: string
  readonly role: 'opener' | 'acceptor'
  readonly closed: AbortSignal
  readonly #parts: FramedLinkParts
  readonly #closing = new AbortController()
  readonly #parser: FrameParser
  readonly #control: ControlQueue
  readonly #sendLanes: Record<DataLane, SendLane>
  readonly #receiveLanes: Record<DataLane, ReceiveLane>
  readonly #flight: Flight
  readonly #share: BudgetShare
  #state: 'greeting' | 'open' | 'gone' = 'greeting'
  #remoteSession: Session | undefined
  #remote: Hello | undefined
  #wasOpened = false
  #lostTie = false
  #pumping = false
  #arrivedBytes = 0
  #arrivedScheduled = false
  #lastHeardMs: number
  #pingsInTick = 0
  #laneUsed: Record<DataLane, boolean> = { urgent: false, bulk: false }

  constructor(parts: FramedLinkParts) {
    this.#parts = parts
    this.peerId = parts.peerId
    this.role = parts.role
    this.closed = this.#closing.signal
    const nowMs = parts.clock.monotonic()
    this.#lastHeardMs = nowMs
    this.#flight = new Flight(nowMs)
    this.#share = parts.budget.join()
    this.#control = new ControlQueue(parts.peerId)
    this.#sendLanes = {
      urgent: new SendLane(parts.peerId, maxWaitingFrames),
      bulk: new SendLane(parts.peerId, maxWaitingFrames),
    }
    this.#receiveLanes = {
      urgent: new ReceiveLane(parts.peerId, 'urgent', this.#share, nowMs),
      bulk: new ReceiveLane(parts.peerId, 'bulk', this.#share, nowMs),
    }
    this.#parser = new FrameParser(parts.peerId, {
      onMessage: (lane, message, wireBytes) => this.#onMessage(lane, message, wireBytes),
      onPiece: (wireBytes) => this.#countArrived(wireBytes),
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
    this.#sendOwn({ session })
    this.#sendOwn({ hello })
  }

  /** The greeting is settled: this link stays. Tells the handler. */
  open(): void {
    if (this.#state !== 'greeting') return
    this.#state = 'open'
    this.#wasOpened = true
    for (const lane of ['urgent', 'bulk'] as const) this.#sendCredit(lane, this.#receiveLanes[lane].open())
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
    this.#control.add(framesOf('control', LinkMessage.encode(message)))
    this.#pump()
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
    assertDataFits(transfer, offset, bytes.byteLength)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const payloadBytes = dataPayloadBytes(transfer, offset, bytes.byteLength)
    const waiting: WaitingFrame = {
      cost: frameCost(payloadBytes),
      wireBytes: frameHeaderBytes + payloadBytes,
      encode: () => encodeDataFrame(lane, transfer, offset, bytes),
      sent: resolve,
      failed: reject,
    }
    this.#sendLanes[lane].add(waiting)
    this.#pump()
    const onAbort = (): void => {
      // A frame that already went out has resolved; the abort comes too late for it.
      if (!this.#sendLanes[lane].remove(waiting)) return
      reject(signal.reason)
      // A smaller frame behind the aborted one may fit the credit that there is.
      this.#pump()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  async close(reason: string): Promise<void> {
    if (this.#state === 'open') {
      // Control that was accepted before the close still goes out, whatever is in flight.
      try {
        for (let frame = this.#control.take(); frame !== undefined; frame = this.#control.take())
          this.#parts.wire.send(frame)
      } catch (error) {
        this.fail(error)
      }
    }
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
    if (this.#flight.stalledMs(this.#parts.clock.monotonic()) >= liveness.deadAfterMs) {
      this.#gone(this.#closedError('the peer reads nothing'))
      return
    }
    this.#pingsInTick = 0
    this.#parts.wire.nudge()
    if (silentMs >= liveness.pingAfterMs) this.#sendOwn({ ping: {} })
    for (const lane of ['urgent', 'bulk'] as const) {
      const idleBytes = this.#laneUsed[lane] ? 0 : this.#sendLanes[lane].yieldIdle()
      this.#laneUsed[lane] = false
      if (idleBytes > 0) this.#sendOwn({ yield: { lane: laneNumbers[lane], bytes: idleBytes } })
    }
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
    // When the wire refuses even the bye, #sendOwn has come through here already.
    if (bye !== undefined && !this.#sendOwn({ bye: { ...bye, reason: bye.reason.slice(0, maxReasonLength) } })) return
    this.#state = 'gone'
    this.#receiveLanes.urgent.close()
    this.#receiveLanes.bulk.close()
    this.#share.sending(false)
    this.#endShareWhenEmpty()
    this.#control.clear()
    this.#closing.abort(error)
    this.#sendLanes.urgent.failAll(error)
    this.#sendLanes.bulk.failAll(error)
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

  /** Sends a message of the link itself: not counted in the flight, not queued. Returns whether the wire took it. */
  #sendOwn(message: LinkMessage): boolean {
    if (this.#state === 'gone') return false
    try {
      for (const frame of framesOf('control', LinkMessage.encode(message))) this.#parts.wire.send(frame)
      return true
    } catch (error) {
      this.#gone(this.#closedError(asTramError(error).message, error))
      return false
    }
  }

  /** What a gone link still holds counts until it is released: reconnecting must not buy memory. */
  #endShareWhenEmpty(): void {
    const { urgent, bulk } = this.#receiveLanes
    if (this.#state === 'gone' && urgent.heldBytes + bulk.heldBytes === 0) this.#share.end()
  }

  #sendCredit(lane: DataLane, bytes: number): void {
    if (bytes > 0) this.#sendOwn({ credit: { lane: laneNumbers[lane], bytes } })
  }

  /** Sends what may go now: control first, then urgent, then bulk. */
  #pump(): void {
    if (this.#pumping || this.#state !== 'open') return
    this.#pumping = true
    try {
      while (this.#state === 'open' && this.#sendNext());
      this.#share.sending(this.#flight.bytes > 0)
    } catch (error) {
      this.#gone(this.#closedError(asTramError(error).message, error))
    } finally {
      this.#pumping = false
    }
  }

  #sendNext(): boolean {
    const limitBytes = this.#share.flightBytes(this.#flight.limitBytes)
    const hasRoom = (wireBytes: number): boolean =>
      this.#flight.bytes === 0 || this.#flight.bytes + wireBytes <= limitBytes
    const control = this.#control.peek()
    if (control !== undefined) {
      if (!hasRoom(control.byteLength)) return false
      this.#control.take()
      this.#toWire(control)
      return true
    }
    for (const lane of ['urgent', 'bulk'] as const) {
      const waiting = this.#sendLanes[lane].peek()
      if (waiting === undefined) continue
      if (!hasRoom(waiting.wireBytes)) return false
      this.#sendLanes[lane].take(waiting)
      this.#laneUsed[lane] = true
      this.#toWire(waiting.encode())
      waiting.sent()
      return true
    }
    return false
  }

  #toWire(frame: Uint8Array): void {
    this.#flight.sent(frame.byteLength, this.#parts.clock.monotonic())
    this.#parts.wire.send(frame)
  }

  #countArrived(wireBytes: number): void {
    this.#arrivedBytes += wireBytes
    if (this.#arrivedBytes >= arrivedStepBytes) this.#tellArrived()
    else if (!this.#arrivedScheduled) {
      this.#arrivedScheduled = true
      // One Arrived a turn of the event loop: small frames are told of together, and no sender waits for a remainder.
      setImmediate(() => {
        this.#arrivedScheduled = false
        this.#tellArrived()
      })
    }
  }

  #tellArrived(): void {
    if (this.#arrivedBytes === 0) return
    const bytes = this.#arrivedBytes
    this.#arrivedBytes = 0
    this.#sendOwn({ arrived: { bytes } })
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
      this.#countArrived(wireBytes)
      this.#onData(lane, data.transfer, data.offset, data.bytes, frameCost(payload.byteLength))
      return
    }
    if (this.#onOwn(message)) {
      if (payload.byteLength > maxFrameBytes) throw this.#violation('a message of the link in several frames')
      return
    }
    this.#countArrived(wireBytes)
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
    this.#receiveLanes[lane].receive(cost)
    let released = false
    const release = (): void => {
      if (released) return
      released = true
      const credit = this.#receiveLanes[lane].release(cost, this.#parts.clock.monotonic())
      if (this.#state === 'gone') this.#endShareWhenEmpty()
      else this.#sendCredit(lane, credit)
    }
    this.#parts.handler.onData(this, lane, transfer, offset, bytes, release)
  }

  /** Handles what the links say to each other. Returns whether the message was of that kind. */
  #onOwn(message: LinkMessage): boolean {
    const { credit, arrived, ping, pong, bye } = message
    if (credit !== undefined) {
      this.#sendLanes[this.#dataLane(credit.lane)].grant(credit.bytes)
      this.#pump()
    } else if (arrived !== undefined) {
      if (!this.#flight.arrived(arrived.bytes, this.#parts.clock.monotonic()))
        throw this.#violation(`${arrived.bytes} bytes arrived that were not sent`)
      this.#pump()
    } else if (message.yield !== undefined) {
      this.#receiveLanes[this.#dataLane(message.yield.lane)].takeBack(message.yield.bytes)
    } else if (ping !== undefined) {
      this.#pingsInTick += 1
      if (this.#pingsInTick > maxPingsPerTick) throw this.#violation('a flood of pings')
      this.#sendOwn({ pong: {} })
    } else if (bye !== undefined) {
      this.#onBye(bye)
    } else if (message.session !== undefined || message.hello !== undefined) {
      throw this.#violation('a second greeting')
    } else return pong !== undefined
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
