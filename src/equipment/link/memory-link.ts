// Links without a network: the loopback by which a station delivers to itself, and networks in one process for tests.
// Both run the same framed-link.ts over a wire in memory; the libp2p network is libp2p-link.ts.
import { randomBytes, randomUUID } from 'node:crypto'
import { type Clock, systemClock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { createLogger, type Logger } from '../../base/logger.ts'
import { FramedLink, type FramedLinkParts, liveness } from './framed-link.ts'
import { LinkTable, unreachable } from './link-table.ts'
import { MemoryWire } from './memory-wire.ts'
import type { LinkHandler, LinkPolicy, Network, PeerLink } from './peer-link.ts'
import type { Hello } from './schema/messages.ts'
import { StationBudget } from './station-budget.ts'
import type { Wire } from './wire.ts'

const quiet: Logger = createLogger('silent')

/**
 * A link of the station to itself: what is sent on the returned end comes to `handler` as from `peerId`, on the other
 * end, and the answers to it likewise. Frames, order and credits are those of any link. Both ends are open when this
 * returns: onOpen was called for the receiving end first and for the returned one last.
 */
export function createLoopback(
  peerId: string,
  handler: LinkHandler,
  hello: () => Hello,
  deps: { clock?: Clock; logger?: Logger; budget?: StationBudget } = {},
): PeerLink {
  const [openerWire, acceptorWire] = MemoryWire.pair()
  const run = new Uint8Array(randomBytes(16))
  const shared: Omit<FramedLinkParts, 'role' | 'wire' | 'onGreeted'> = {
    peerId,
    handler,
    budget: deps.budget ?? new StationBudget(),
    clock: deps.clock ?? systemClock,
    logger: deps.logger ?? quiet,
    onGone: () => undefined,
  }
  const opener = new FramedLink({ ...shared, role: 'opener', wire: openerWire, onGreeted: (link) => link.open() })
  const acceptor = new FramedLink({
    ...shared,
    role: 'acceptor',
    wire: acceptorWire,
    onGreeted: (link) => {
      link.greet({ run, greeting: 2 }, hello())
      link.open()
    },
  })
  openerWire.receiver = opener
  acceptorWire.receiver = acceptor
  opener.greet({ run, greeting: 1 }, hello())
  acceptorWire.flush()
  openerWire.flush()
  return opener
}

export interface MemoryNetworkOptions {
  peerId?: string
  policy: LinkPolicy
  handler: LinkHandler
  maxPeers?: number
  helloTimeoutMs?: number
  clock?: Clock
  logger?: Logger
}

/**
 * Networks in one process that reach each other, and all others with the same `air`, at their `addresses`
 * (`/memory/<peer id>`), once started.
 */
export function createMemoryNetworks(
  stations: readonly MemoryNetworkOptions[],
  air: Map<string, MemoryNetwork> = new Map(),
): MemoryNetwork[] {
  return stations.map((station) => new MemoryNetwork(station, air))
}

export class MemoryNetwork implements Network, Service {
  readonly name = 'memory network'
  readonly peerId: string
  readonly addresses: readonly string[]
  readonly #options: MemoryNetworkOptions
  readonly #air: Map<string, MemoryNetwork>
  readonly #table: LinkTable
  readonly #budget = new StationBudget()
  #tick: NodeJS.Timeout | undefined

  constructor(options: MemoryNetworkOptions, air: Map<string, MemoryNetwork>) {
    this.#options = options
    this.#air = air
    this.peerId = options.peerId ?? randomUUID()
    this.addresses = [`/memory/${this.peerId}`]
    this.#table = new LinkTable({
      ownPeerId: this.peerId,
      run: new Uint8Array(randomBytes(16)),
      maxPeers: options.maxPeers ?? 300,
      budget: this.#budget,
      hello: () => options.policy.hello(),
    })
  }

  async start(): Promise<void> {
    for (const address of this.addresses) this.#air.set(address, this)
    this.#tick = setInterval(() => this.tick(), liveness.tickMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#tick)
    for (const address of this.addresses) this.#air.delete(address)
    await this.#table.closeAll('the station stops')
  }

  link(peerId: string): PeerLink | undefined {
    return this.#table.get(peerId)
  }

  async connect(peerId: string, addresses: readonly string[], signal: AbortSignal): Promise<PeerLink> {
    signal.throwIfAborted()
    const present = this.#table.get(peerId)
    if (present !== undefined) return present
    if (!(await this.#options.policy.admitPeer(peerId))) throw new TramError('PEER_NOT_ADMITTED', { peer: peerId })
    const ending = new AbortController()
    const opened = this.#table.whenOpen(peerId, AbortSignal.any([signal, ending.signal]))
    // It may fail while the other side is still asked; it is awaited below.
    opened.catch(() => undefined)
    const there = addresses.map((address) => this.#air.get(address)).find((network) => network?.peerId === peerId)
    try {
      if (there === undefined) throw new Error('nobody with this identity listens there')
      await there.#answer(this, (wire) => this.#greetOn(wire, peerId, ending))
    } catch (error) {
      ending.abort(error)
    }
    try {
      return await opened
    } catch (error) {
      signal.throwIfAborted()
      throw unreachable(peerId, error)
    }
  }

  /** Bytes that the station lends its peers now, for tests. */
  get lentBytes(): number {
    return this.#budget.lentBytes
  }

  /** Looks after all links as the timer does. */
  tick(): void {
    for (const link of this.#table.all) link.tick()
  }

  /** Raw access for tests of hostile peers: a wire to this station that says what it likes. */
  intrude(peerId: string): { send(bytes: Uint8Array): void; closed: Promise<void> } {
    const [wire, far] = MemoryWire.pair()
    const { promise: closed, resolve } = Promise.withResolvers<void>()
    wire.receiver = { receive: () => undefined, wireClosed: () => resolve() }
    far.receiver = this.#accept(peerId, far)
    return { send: (bytes) => wire.send(bytes), closed }
  }

  async #answer(caller: MemoryNetwork, dialled: (wire: MemoryWire) => void): Promise<void> {
    if (!(await this.#options.policy.admitPeer(caller.peerId))) throw new Error('cut by the peer')
    const [wire, far] = MemoryWire.pair()
    far.receiver = this.#accept(caller.peerId, far)
    dialled(wire)
  }

  #accept(peerId: string, wire: MemoryWire): FramedLink {
    const link = new FramedLink(
      this.#parts(peerId, 'acceptor', wire, (gone) => {
        clearTimeout(timer)
        this.#table.onGone(gone)
      }),
    )
    const timer = setTimeout(() => {
      if (this.#table.get(peerId) !== link) link.cut('no hello in time')
    }, this.#options.helloTimeoutMs ?? 10_000)
    return link
  }

  #greetOn(wire: MemoryWire, peerId: string, ending: AbortController): void {
    const onGone = (link: FramedLink): void => {
      this.#table.onGone(link)
      // A lost tie is followed by the other stream; any other end of the greeting is the end of the attempt.
      if (!link.lostTie) ending.abort(link.closed.reason)
    }
    const link = new FramedLink(this.#parts(peerId, 'opener', wire, onGone))
    wire.receiver = link
    if (!this.#table.startGreeting(link)) link.decline('not needed any more', true)
  }

  #parts(
    peerId: string,
    role: FramedLinkParts['role'],
    wire: Wire,
    onGone: FramedLinkParts['onGone'],
  ): FramedLinkParts {
    return {
      peerId,
      role,
      wire,
      handler: this.#options.handler,
      budget: this.#budget,
      clock: this.#options.clock ?? systemClock,
      logger: this.#options.logger ?? quiet,
      onGreeted: this.#table.onGreeted,
      onGone,
    }
  }
}
