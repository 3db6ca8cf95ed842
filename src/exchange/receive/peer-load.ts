// What peers have us hold or do at once, bounded for each of them and for all together: offers, receipts, acknowledgements.
// Reception and courier ask before they begin; what finds no room is refused, not queued.

export interface LoadBounds {
  countPerPeer: number
  bytesPerPeer: number
  /** For all peers together. */
  bytes: number
}

interface Load {
  count: number
  bytes: number
}

export class PeerLoad {
  readonly #bounds: LoadBounds
  readonly #peers = new Map<object, Load>()
  #bytes = 0

  constructor(bounds: LoadBounds) {
    this.#bounds = bounds
  }

  /** Bytes that are held for all peers. */
  get bytes(): number {
    return this.#bytes
  }

  /**
   * Takes room for `bytes` of a peer, which is known by its link.
   * @returns what gives it back (idempotent), or undefined when there is no room
   */
  take(link: object, bytes: number): (() => void) | undefined {
    const load = this.#peers.get(link) ?? { count: 0, bytes: 0 }
    const { countPerPeer, bytesPerPeer, bytes: bytesForAll } = this.#bounds
    if (load.count >= countPerPeer || load.bytes + bytes > bytesPerPeer || this.#bytes + bytes > bytesForAll)
      return undefined
    this.#peers.set(link, load)
    this.#change(link, load, 1, bytes)
    let held = true
    return () => {
      if (held) this.#change(link, load, -1, -bytes)
      held = false
    }
  }

  #change(link: object, load: Load, count: number, bytes: number): void {
    load.count += count
    load.bytes += bytes
    this.#bytes += bytes
    if (load.count === 0) this.#peers.delete(link)
  }
}
