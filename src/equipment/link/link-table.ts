// Which links there are, at most one a peer, and which of two crossing greetings stays. Neighbours: libp2p-link.ts and
// memory-link.ts bring streams, framed-link.ts greets on them.
//
// The tie. When both stations dial at once there are two streams, and on each its opener has said hello. Only the station
// with the lower peer id (compared as strings) decides: it never accepts the other's stream while its own greeting is
// unanswered, and never opens one after it has accepted. The station with the higher id accepts whatever the lower one
// opens and drops its own unanswered greeting. So exactly one stream is ever answered.
//
// A greeting that comes while there is a link is either a late loser of a tie, or the peer lost the link without our
// noticing (power cut, NAT). The session tells: greetings of a run are counted, and the loser's was said before the one
// that opened the link. A newer greeting, or one of another run, replaces the link.
import { TramError } from '../../base/errors.ts'
import type { FramedLink } from './framed-link.ts'
import type { Hello, Session } from './schema/messages.ts'
import type { StationBudget } from './station-budget.ts'

interface Waiter {
  opened(link: FramedLink): void
}

export interface LinkTableOptions {
  ownPeerId: string
  /** 16 random bytes, new with each start of the station. */
  run: Uint8Array<ArrayBuffer>
  maxPeers: number
  budget: StationBudget
  hello: () => Hello
}

export class LinkTable {
  readonly #ownPeerId: string
  readonly #run: Uint8Array<ArrayBuffer>
  readonly #maxPeers: number
  readonly #budget: StationBudget
  readonly #hello: () => Hello
  readonly #open = new Map<string, FramedLink>()
  readonly #greeting = new Map<string, FramedLink>()
  readonly #waiters = new Map<string, Set<Waiter>>()
  #greetings = 0

  constructor(options: LinkTableOptions) {
    this.#ownPeerId = options.ownPeerId
    this.#run = options.run
    this.#maxPeers = options.maxPeers
    this.#budget = options.budget
    this.#hello = options.hello
  }

  /** The open link to a peer. */
  get(peerId: string): FramedLink | undefined {
    return this.#open.get(peerId)
  }

  get all(): FramedLink[] {
    return [...this.#open.values(), ...this.#greeting.values()]
  }

  /** Whether another link may open. Gone links count while bytes of theirs are not released: see station-budget.ts. */
  hasRoom(): boolean {
    return this.#open.size < this.#maxPeers && this.#budget.links <= 2 * this.#maxPeers
  }

  /** Resolves with the link to a peer as soon as there is one, whoever opened it. */
  whenOpen(peerId: string, signal: AbortSignal): Promise<FramedLink> {
    const link = this.#open.get(peerId)
    if (link !== undefined) return Promise.resolve(link)
    const { promise, resolve, reject } = Promise.withResolvers<FramedLink>()
    const waiters = this.#waiters.get(peerId) ?? new Set<Waiter>()
    this.#waiters.set(peerId, waiters)
    const onAbort = (): void => {
      leave()
      reject(signal.reason)
    }
    const leave = (): void => {
      waiters.delete(waiter)
      if (waiters.size === 0 && this.#waiters.get(peerId) === waiters) this.#waiters.delete(peerId)
      signal.removeEventListener('abort', onAbort)
    }
    const waiter: Waiter = {
      opened: (opened) => {
        leave()
        resolve(opened)
      },
    }
    waiters.add(waiter)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    return promise
  }

  /**
   * Greets on a stream of ours, unless there is a link by now: then the stream is not needed.
   * @returns whether the greeting was said
   */
  startGreeting(link: FramedLink): boolean {
    if (this.#open.has(link.peerId) || this.#greeting.has(link.peerId)) return false
    this.#greeting.set(link.peerId, link)
    link.greet(this.#nextSession(), this.#hello())
    return true
  }

  /** FramedLinkParts.onGreeted */
  readonly onGreeted = (link: FramedLink): void => {
    if (link.role === 'opener') this.#answered(link)
    else this.#asked(link)
  }

  /** FramedLinkParts.onGone */
  readonly onGone = (link: FramedLink): void => {
    if (this.#open.get(link.peerId) === link) this.#open.delete(link.peerId)
    if (this.#greeting.get(link.peerId) === link) this.#greeting.delete(link.peerId)
  }

  /** Closes everything, because the station stops. */
  async closeAll(reason: string): Promise<void> {
    await Promise.all(this.all.map((link) => link.close(reason)))
  }

  /** The peer answered a greeting of ours. */
  #answered(link: FramedLink): void {
    if (this.#greeting.get(link.peerId) === link) {
      this.#greeting.delete(link.peerId)
      this.#opened(link)
    } else link.decline('this greeting was given up', true)
  }

  /** The peer greets. */
  #asked(link: FramedLink): void {
    const present = this.#open.get(link.peerId)
    if (present !== undefined) {
      if (!isNewer(link.remoteSession, present.remoteSession)) {
        link.decline('there is a link already', true)
        return
      }
      present.cut('the peer opened a new link')
    }
    const mine = this.#greeting.get(link.peerId)
    if (mine !== undefined) {
      if (this.#ownPeerId < link.peerId) {
        link.decline('my own stream stays', true)
        return
      }
      this.#greeting.delete(link.peerId)
      mine.decline("the peer's stream stays", true)
    }
    if (!this.hasRoom()) {
      link.decline('too many links', false)
      return
    }
    link.greet(this.#nextSession(), this.#hello())
    this.#opened(link)
  }

  #opened(link: FramedLink): void {
    if (link.isGone) return
    this.#open.set(link.peerId, link)
    link.open()
    if (link.isGone) return
    for (const waiter of [...(this.#waiters.get(link.peerId) ?? [])]) waiter.opened(link)
  }

  #nextSession(): Session {
    this.#greetings += 1
    return { run: this.#run, greeting: this.#greetings }
  }
}

/** Whether greeting `a` was said after `b`, or by another run of the station. */
function isNewer(a: Session, b: Session): boolean {
  return Buffer.compare(a.run, b.run) !== 0 || a.greeting > b.greeting
}

/** The error of a station that cannot be reached. */
export function unreachable(peerId: string, cause: unknown): TramError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new TramError('PEER_UNREACHABLE', { station: peerId, detail }, { cause })
}
