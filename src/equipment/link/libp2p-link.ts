// The network of stations: libp2p over TCP with noise (TLS as fallback) and yamux, one long-lived stream a peer.
// Neighbours: framed-link.ts runs on each stream, link-table.ts settles crossing dials, libp2p-node.ts
// sets libp2p up, libp2p-wire.ts carries the bytes,
// libp2p-identity.ts holds the key. The exchange is above, as LinkHandler and LinkPolicy.
// Long because: the ways of a stream from dial or accept to a link share their timeouts and ends.
import { randomBytes } from 'node:crypto'
import type { Connection, Libp2p, Stream } from '@libp2p/interface'
import { peerIdFromPrivateKey } from '@libp2p/peer-id'
import type { Clock } from '../../base/clock.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { PeerLog } from '../../base/peer-log.ts'
import { FramedLink, type FramedLinkParts, liveness } from './framed-link.ts'
import { privateKeyFromFile } from './libp2p-identity.ts'
import {
  createLinkNode,
  dialAddress,
  dialTimeoutMs,
  maxConnectionsPerPeer,
  maxStreamsPerConnection,
} from './libp2p-node.ts'
import { ConnectionUsers, Libp2pWire } from './libp2p-wire.ts'
import { LinkTable, unreachable } from './link-table.ts'
import type { LinkHandler, LinkPolicy, Network, PeerLink } from './peer-link.ts'
import { StationBudget } from './station-budget.ts'

export const linkProtocol = '/tram/link/1'

const defaultHelloTimeoutMs = 10_000

export interface Libp2pNetworkOptions {
  /** Ed25519 key, protobuf-marshalled; created with mode 0600 when absent. */
  privateKeyFile: string
  /** Multiaddrs. */
  listen: readonly string[]
  maxPeers: number
  /** From the connection to the hello, in milliseconds. */
  helloTimeoutMs?: number
}

export interface Libp2pNetworkDeps {
  policy: LinkPolicy
  handler: LinkHandler
  logger: Logger
  clock: Clock
}

/** A dial in progress, shared by all who wait for this peer. */
interface Attempt {
  promise: Promise<PeerLink>
  abort: AbortController
  callers: number
}

interface Running {
  node: Libp2p
  table: LinkTable
  users: ConnectionUsers
  tick: NodeJS.Timeout
}

export class Libp2pNetwork implements Network, Service {
  readonly name = 'libp2p network'
  readonly #options: Libp2pNetworkOptions
  readonly #deps: Libp2pNetworkDeps
  readonly #budget = new StationBudget()
  readonly #attempts = new Map<string, Attempt>()
  readonly #helloTimeoutMs: number
  readonly #peerLog: PeerLog
  #peerId: string | undefined
  #running: Running | undefined

  constructor(options: Libp2pNetworkOptions, deps: Libp2pNetworkDeps) {
    this.#options = options
    this.#deps = deps
    this.#peerLog = new PeerLog(deps)
    this.#helloTimeoutMs = options.helloTimeoutMs ?? defaultHelloTimeoutMs
  }

  /** Known once started. */
  get peerId(): string {
    if (this.#peerId === undefined) throw new Error('the network is not started')
    return this.#peerId
  }

  get addresses(): readonly string[] {
    return this.#assertRunning()
      .node.getMultiaddrs()
      .map((address) => address.decapsulate('/p2p').toString())
  }

  /** @throws the system's error when the key or an address cannot be used */
  async start(signal: AbortSignal): Promise<void> {
    const privateKey = await privateKeyFromFile(this.#options.privateKeyFile)
    signal.throwIfAborted()
    this.#peerId = peerIdFromPrivateKey(privateKey).toString()
    const node = await createLinkNode({
      privateKey,
      listen: this.#options.listen,
      maxPeers: this.#options.maxPeers,
      helloTimeoutMs: this.#helloTimeoutMs,
      admits: (peerId) => this.#admits(peerId),
    })
    const table = new LinkTable({
      ownPeerId: this.#peerId,
      run: new Uint8Array(randomBytes(16)),
      maxPeers: this.#options.maxPeers,
      budget: this.#budget,
      hello: () => this.#deps.policy.hello(),
    })
    const tick = setInterval(() => {
      for (const link of table.all) link.tick()
    }, liveness.tickMs)
    this.#running = { node, table, users: new ConnectionUsers(), tick }
    try {
      node.addEventListener('connection:open', (event) => {
        if (this.#isTooMany(node, event.detail)) event.detail.abort(new Error('too many connections of this peer'))
        else this.#watchIdle(event.detail)
      })
      await node.handle(linkProtocol, (stream, connection) => this.#onStream(stream, connection), {
        maxInboundStreams: maxStreamsPerConnection,
        maxOutboundStreams: maxStreamsPerConnection,
      })
      await node.start()
    } catch (error) {
      await this.stop()
      throw error
    }
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    clearInterval(running.tick)
    for (const attempt of this.#attempts.values()) attempt.abort.abort(new Error('the station stops'))
    await running.table.closeAll('the station stops')
    await running.node.stop()
  }

  link(peerId: string): PeerLink | undefined {
    return this.#running?.table.get(peerId)
  }

  async connect(peerId: string, addresses: readonly string[], signal: AbortSignal): Promise<PeerLink> {
    signal.throwIfAborted()
    const running = this.#assertRunning()
    const present = running.table.get(peerId)
    if (present !== undefined) return present
    const attempt = this.#attempts.get(peerId) ?? this.#startAttempt(running, peerId, addresses)
    attempt.callers += 1
    const { promise: aborted, reject } = Promise.withResolvers<never>()
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([attempt.promise, aborted])
    } finally {
      signal.removeEventListener('abort', onAbort)
      attempt.callers -= 1
      if (attempt.callers === 0) attempt.abort.abort(new Error('nobody waits for this peer any more'))
    }
  }

  #assertRunning(): Running {
    if (this.#running === undefined) throw new Error('the network is not started')
    return this.#running
  }

  /** Whether the policy admits a peer; a policy that fails admits nobody. */
  async #admits(peerId: string): Promise<boolean> {
    try {
      const admitted = await this.#deps.policy.admitPeer(peerId)
      // All of them together: whoever is not admitted may come under a new name each time.
      if (!admitted)
        this.#peerLog.write(
          'warn',
          'strangers',
          { code: 'PEER_NOT_ADMITTED', peerId },
          'a peer that is not admitted was cut',
        )
      return admitted
    } catch (error) {
      this.#deps.logger.error(logFields(asTramError(error)), 'the link policy failed')
      return false
    }
  }

  /** One peer must not take the places of all others: `maxConnections` is for the whole station. */
  #isTooMany(node: Libp2p, { remotePeer }: Connection): boolean {
    const count = node.getConnections(remotePeer).length
    if (count <= maxConnectionsPerPeer) return false
    this.#peerLog.write(
      'warn',
      remotePeer.toString(),
      { code: 'OVERLOADED', count },
      'too many connections of this peer',
    )
    return true
  }

  /** Cuts a connection on which no stream of ours is opened in time. */
  #watchIdle(connection: Connection): void {
    const users = this.#running?.users
    const timer = setTimeout(() => {
      if (users?.has(connection) !== true) connection.abort(new Error('no link was opened in time'))
    }, this.#helloTimeoutMs)
    connection.addEventListener('close', () => clearTimeout(timer), { once: true })
  }

  #onStream(stream: Stream, connection: Connection): void {
    const running = this.#running
    if (running === undefined) stream.abort(new Error('the station stops'))
    else this.#linkOn(running, stream, connection, 'acceptor', running.table.onGone)
  }

  /** A link on a fresh stream; its reader is attached before this returns. */
  #linkOn(
    running: Running,
    stream: Stream,
    connection: Connection,
    role: FramedLinkParts['role'],
    onGone: FramedLinkParts['onGone'],
  ): FramedLink {
    const wire = new Libp2pWire(stream, connection, running.users)
    let timer: NodeJS.Timeout | undefined
    const link = new FramedLink({
      peerId: connection.remotePeer.toString(),
      role,
      wire,
      handler: this.#deps.handler,
      budget: this.#budget,
      clock: this.#deps.clock,
      logger: this.#deps.logger,
      onGreeted: (greeted) => {
        clearTimeout(timer)
        running.table.onGreeted(greeted)
      },
      onGone: (gone) => {
        clearTimeout(timer)
        onGone(gone)
      },
    })
    timer = setTimeout(() => link.cut('no hello in time'), this.#helloTimeoutMs)
    wire.attach(link)
    return link
  }

  #startAttempt(running: Running, peerId: string, addresses: readonly string[]): Attempt {
    const abort = new AbortController()
    const promise = this.#dial(running, peerId, addresses, abort).finally(() => {
      abort.abort(new Error('the attempt is over'))
      this.#attempts.delete(peerId)
    })
    // Callers may all have left before it fails.
    promise.catch(() => undefined)
    const attempt = { promise, abort, callers: 0 }
    this.#attempts.set(peerId, attempt)
    return attempt
  }

  /** Dials and greets, until there is a link, by this stream or by one that the peer opened meanwhile. */
  async #dial(
    running: Running,
    peerId: string,
    addresses: readonly string[],
    ending: AbortController,
  ): Promise<PeerLink> {
    if (!(await this.#admits(peerId))) throw new TramError('PEER_NOT_ADMITTED', { peer: peerId })
    if (ending.signal.aborted) throw unreachable(peerId, ending.signal.reason)
    const opened = running.table.whenOpen(peerId, ending.signal)
    this.#dialAndGreet(running, peerId, addresses, ending).catch((error) => ending.abort(error))
    try {
      return await opened
    } catch (error) {
      throw unreachable(peerId, error)
    }
  }

  async #dialAndGreet(
    running: Running,
    peerId: string,
    addresses: readonly string[],
    ending: AbortController,
  ): Promise<void> {
    const { node, table, users } = running
    const targets = addresses.map((address) => dialAddress(address, peerId))
    if (targets.length === 0) throw new Error('the directory names no address')
    const connection = await node.dial(targets, {
      // One after the other: those that do not answer must leave time for the last.
      signal: AbortSignal.any([ending.signal, AbortSignal.timeout(targets.length * dialTimeoutMs)]),
    })
    const hold = users.hold(connection)
    try {
      const stream = await connection.newStream(linkProtocol, {
        signal: AbortSignal.any([ending.signal, AbortSignal.timeout(this.#helloTimeoutMs)]),
        maxOutboundStreams: maxStreamsPerConnection,
      })
      const link = this.#linkOn(running, stream, connection, 'opener', (gone) => {
        table.onGone(gone)
        if (!gone.lostTie) ending.abort(gone.closed.reason)
        else if (table.get(peerId) === undefined) {
          // The peer's stream is on its way; if it never comes, the attempt has failed.
          const timer = setTimeout(() => ending.abort(gone.closed.reason), this.#helloTimeoutMs)
          ending.signal.addEventListener('abort', () => clearTimeout(timer), { once: true })
        }
      })
      if (!table.startGreeting(link)) link.decline('not needed any more', true)
    } finally {
      hold.release()
    }
  }
}
