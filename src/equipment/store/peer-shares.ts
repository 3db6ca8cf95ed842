// How much of the disk's room each peer has, so that none of them can keep the others out. Part of disk-space.ts, which
// measures the room and asks here before it promises any.

/** One peer holds at most this part of the room that there is. */
const share = 1 / 2
/** Of the statuses' reserve one peer writes at most this part before documents are taken again. */
const reserveShare = 1 / 8

export class PeerShares {
  readonly #quotaBytes: number
  /** What each peer holds, or has given back since the last measurement: offers that come and go hold room as well. */
  readonly #heldBytes = new Map<string, number>()
  #givenBack: { peer: string; bytes: number }[] = []
  /** What each peer has taken of the statuses' reserve since documents were shut out. */
  readonly #drawnBytes = new Map<string, number>()

  constructor(statusReserveBytes: number) {
    this.#quotaBytes = Math.floor(statusReserveBytes * reserveShare)
  }

  /**
   * Bytes that a peer may still take, where `roomBytes` are left for all.
   * @param onReserve of the reserve that statuses have while documents are shut out
   */
  leftFor(peer: string, roomBytes: number, onReserve: boolean): number {
    const heldBytes = this.#heldBytes.get(peer) ?? 0
    const leftBytes = Math.floor((roomBytes + heldBytes) * share) - heldBytes
    return onReserve ? Math.min(leftBytes, this.#quotaBytes - (this.#drawnBytes.get(peer) ?? 0)) : leftBytes
  }

  /** A peer takes room. What it takes of the reserve counts until documents are taken again, also when it gives it back. */
  take(peer: string, bytes: number, onReserve: boolean): void {
    add(this.#heldBytes, peer, bytes)
    if (onReserve) add(this.#drawnBytes, peer, bytes)
  }

  giveBack(peer: string, bytes: number): void {
    this.#givenBack.push({ peer, bytes })
  }

  /** For `settle`: what was given back before a measurement began. */
  get givenBackCount(): number {
    return this.#givenBack.length
  }

  /** The measurement has counted what was written: the first `count` that were given back are held no more. */
  settle(count: number): void {
    for (const { peer, bytes } of this.#givenBack.splice(0, count)) add(this.#heldBytes, peer, -bytes)
  }

  /** Documents are taken again. */
  forgetDrawn(): void {
    this.#drawnBytes.clear()
  }
}

function add(counts: Map<string, number>, name: string, bytes: number): void {
  const count = (counts.get(name) ?? 0) + bytes
  if (count === 0) counts.delete(name)
  else counts.set(name, count)
}
