// The station's memory for packet data on links: 32 MB to receive and as much to send, shared fairly between peers.
// Neighbours: credits.ts asks it before a window grows, framed-link.ts before a frame is sent.
//
// Every link may always have one frame a lane, or it would never move; what is left of the budget is lent. With so many
// links that nothing (less than a quarter) would be left, a quarter is lent all the same: with 300 links the bound is
// 300 × 2 frames + 8 MB = 47 MB instead of 32 MB.
import { type DataLane, maxFrameBytes } from './peer-link.ts'

/** Bytes of packet data that a station holds for its links, each way. */
export const stationBudgetBytes = 32_000_000

/** The least that every link has, in bytes of credit: a frame (frameCost) on each of both lanes. */
const leastPerLink = 2 * (maxFrameBytes + 256)

/** What one link has of the budget. */
export interface BudgetShare {
  /** How many bytes above the least frame this lane may have, of `wantedBytes`. */
  allow(lane: DataLane, wantedBytes: number): number
  /** Notes how many bytes above the least frame this lane has now. */
  hold(lane: DataLane, bytes: number): void
  /** This lane does not ask for more until it asks again. */
  rest(lane: DataLane): void
  /** Bytes of data frames that may be in flight on this link. */
  flightBytes(limitBytes: number): number
  /** Whether this link has data in flight. */
  sending(active: boolean): void
  /** The link is gone. */
  end(): void
}

export class StationBudget {
  readonly #totalBytes: number
  #links = 0
  #lentBytes = 0
  #borrowers = 0
  #senders = 0

  constructor(totalBytes = stationBudgetBytes) {
    this.#totalBytes = totalBytes
  }

  /** Bytes that are lent now, above one frame a lane. */
  get lentBytes(): number {
    return this.#lentBytes
  }

  /** Links with a share, those included that are gone while bytes of theirs are not released. */
  get links(): number {
    return this.#links
  }

  /** A share for a new link. */
  join(): BudgetShare {
    this.#links += 1
    const held: Record<DataLane, number> = { urgent: 0, bulk: 0 }
    // One that asks counts as a borrower though it got nothing: or a full pool would never make room for a newcomer.
    const asks: Record<DataLane, boolean> = { urgent: false, bulk: false }
    let isBorrower = false
    const count = (): void => {
      const borrows = held.urgent + held.bulk > 0 || asks.urgent || asks.bulk
      this.#borrowers += Number(borrows) - Number(isBorrower)
      isBorrower = borrows
    }
    let isSending = false
    let ended = false
    const hold = (lane: DataLane, bytes: number): void => {
      if (ended) return
      this.#lentBytes += bytes - held[lane]
      held[lane] = bytes
      count()
    }
    const rest = (lane: DataLane): void => {
      asks[lane] = false
      count()
    }
    const sending = (active: boolean): void => {
      if (ended || active === isSending) return
      isSending = active
      this.#senders += active ? 1 : -1
    }
    return {
      allow: (lane, wantedBytes) => {
        asks[lane] = wantedBytes > 0
        count()
        const pool = this.#poolBytes()
        const fair = pool / Math.max(1, this.#borrowers)
        const other = held.urgent + held.bulk - held[lane]
        const free = Math.max(0, pool - this.#lentBytes) + held[lane]
        return Math.max(0, Math.floor(Math.min(wantedBytes, fair - other, free)))
      },
      hold,
      rest,
      flightBytes: (limitBytes) => Math.min(limitBytes, this.#totalBytes / Math.max(1, this.#senders)),
      sending,
      end: () => {
        if (ended) return
        for (const lane of ['urgent', 'bulk'] as const) {
          hold(lane, 0)
          rest(lane)
        }
        sending(false)
        ended = true
        this.#links -= 1
      },
    }
  }

  #poolBytes(): number {
    return Math.max(this.#totalBytes - this.#links * leastPerLink, this.#totalBytes / 4)
  }
}
