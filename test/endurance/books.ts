// The books of an endurance run: what a station has acknowledged, what must therefore arrive where, and what did. Knows
// nothing of faults: restless-backends.ts writes it, power-cuts.ts and soak.ts read the verdict.

export type PacketSort = 'document' | 'status'

/** A packet that a station has acknowledged. */
export interface Acknowledged {
  docId: string
  sort: PacketSort
  /** SHA-256 of the packet, hex. Every packet of a run differs. */
  digest: string
  /** Station that acknowledged it. */
  station: string
  /** How many inbox items it makes at each recipient station. */
  items: ReadonlyMap<string, number>
}

/** What is wrong with the books, a line each; empty lists when all is well. */
export interface BooksVerdict {
  acknowledged: number
  /** Acknowledged, and not in the inbox of an agency that it names. */
  lost: string[]
  /** More than once in an inbox, or listed again after the backend was told that it is done. */
  doubled: string[]
  /** Listed, with bytes that nobody sent. */
  strange: string[]
  /** Arrived, but its sender holds no receipt. */
  unreceipted: string[]
}

export class Books {
  readonly #acknowledged = new Map<string, Acknowledged>()
  /** Every packet that was ever handed in: one that was never acknowledged may arrive all the same. */
  readonly #handedIn = new Set<string>()
  /** Item ids by digest, by station. */
  readonly #items = new Map<string, Map<string, Set<string>>>()
  readonly #done = new Map<string, Set<string>>()
  readonly #doubled: string[] = []
  readonly #strange: string[] = []

  get size(): number {
    return this.#acknowledged.size
  }

  /** Before a packet is handed in for the first time. */
  handsIn(digest: string): void {
    this.#handedIn.add(digest)
  }

  acknowledge(entry: Acknowledged): void {
    this.#acknowledged.set(entry.docId, entry)
  }

  /** An item was listed and its bytes were fetched. */
  arrived(station: string, itemId: string, digest: string): void {
    if (!this.#handedIn.has(digest)) this.#strange.push(`${station}: ${itemId}`)
    const byDigest = getOrMake(this.#items, station, () => new Map<string, Set<string>>())
    getOrMake(byDigest, digest, () => new Set<string>()).add(itemId)
  }

  /** An item was listed: true when its backend was told already that it is done, which it must never hear of again. */
  listed(station: string, itemId: string): boolean {
    const isAgain = this.#done.get(station)?.has(itemId) === true
    if (isAgain) this.#doubled.push(`${station}: ${itemId} again after it was done`)
    return isAgain
  }

  /** The station has confirmed that an item is done. */
  done(station: string, itemId: string): void {
    getOrMake(this.#done, station, () => new Set<string>()).add(itemId)
  }

  /** All that `station` acknowledged, to ask it for the receipts. */
  acknowledgedBy(station: string): Acknowledged[] {
    return [...this.#acknowledged.values()].filter((entry) => entry.station === station)
  }

  /** Acknowledged packets of which not every item has arrived yet. */
  missing(): string[] {
    const missing: string[] = []
    for (const { docId, digest, items } of this.#acknowledged.values()) {
      for (const [station, count] of items) {
        const found = this.#items.get(station)?.get(digest)?.size ?? 0
        if (found < count) missing.push(`${docId} at ${station}: ${found} of ${count}`)
      }
    }
    return missing
  }

  /** @param unreceipted DocIds of whose delivery the sender holds no receipt */
  verdict(unreceipted: readonly string[]): BooksVerdict {
    const doubled = [...this.#doubled]
    for (const { docId, digest, items } of this.#acknowledged.values()) {
      for (const [station, byDigest] of this.#items) {
        const found = byDigest.get(digest)?.size ?? 0
        const wanted = items.get(station) ?? 0
        if (found > wanted) doubled.push(`${docId} at ${station}: ${found} items instead of ${wanted}`)
      }
    }
    return {
      acknowledged: this.size,
      lost: this.missing(),
      doubled,
      strange: [...this.#strange],
      unreceipted: [...unreceipted],
    }
  }
}

/** Whether the books are in order. */
export function isInOrder({ lost, doubled, strange, unreceipted }: BooksVerdict): boolean {
  return lost.length + doubled.length + strange.length + unreceipted.length === 0
}

function getOrMake<Value>(map: Map<string, Value>, name: string, make: () => Value): Value {
  const found = map.get(name)
  if (found !== undefined) return found
  const made = make()
  map.set(name, made)
  return made
}
