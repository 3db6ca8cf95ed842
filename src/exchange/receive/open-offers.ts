// The offers of each link that are being checked or received, by transfer number, and how much all of it may be.
// Part of reception.ts.
import { TramError } from '../../base/errors.ts'
import type { PeerLink } from '../../equipment/link/peer-link.ts'
import { smallPacketBytes } from '../../equipment/store/packet-store.ts'
import type { Arrival } from './arrival.ts'
import { PeerLoad } from './peer-load.ts'

/** Offers of one peer that are being checked or received; an honest courier keeps within 260. */
const maxOffers = 1024
/** Of these, packets that are files: each holds a chunk in memory and a descriptor. An honest courier keeps within 4. */
const maxLargeOffers = 16
/** Waybills and seals stay in memory until their packet is decided about: those of 260 ordinary offers are 2 MB. */
const bounds = { countPerPeer: maxOffers, bytesPerPeer: 8 * 1024 * 1024, bytes: 48 * 1024 * 1024 }

interface OpenOffer {
  /** Undefined while it is being checked. */
  arrival: Arrival | undefined
  release: () => void
}

export class OpenOffers {
  readonly #byLink = new Map<PeerLink, Map<number, OpenOffer>>()
  readonly #load = new PeerLoad(bounds)

  /** Bytes of waybills and seals that are held. */
  get heldBytes(): number {
    return this.#load.bytes
  }

  /**
   * An offer of `bytes` comes in (attacker-controlled).
   * @returns whether there is room for it
   * @throws TramError LINK_PROTOCOL_VIOLATION when its number is in use, or no honest peer would have so many
   */
  begin(link: PeerLink, transfer: number, bytes: number): boolean {
    const offers = this.#byLink.get(link) ?? new Map<number, OpenOffer>()
    if (offers.has(transfer) || offers.size >= maxOffers) {
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: link.peerId, detail: 'too many offers, or one twice' })
    }
    const release = this.#load.take(link, bytes)
    if (release === undefined) return false
    this.#byLink.set(link, offers)
    offers.set(transfer, { arrival: undefined, release })
    return true
  }

  /**
   * Its seal is believed: the packet may come.
   * @throws TramError OVERLOADED when enough large packets of this peer are on their way in
   */
  arrives(link: PeerLink, transfer: number, arrival: Arrival): void {
    const offers = this.#byLink.get(link)
    const offer = offers?.get(transfer)
    const isLarge = (one: Arrival | undefined): boolean => one !== undefined && one.packetBytes > smallPacketBytes
    const large = [...(offers?.values() ?? [])].filter((one) => isLarge(one.arrival)).length
    if (isLarge(arrival) && large >= maxLargeOffers)
      throw new TramError('OVERLOADED', { detail: `${large} large packets of this peer are on their way in` })
    if (offer !== undefined) offer.arrival = arrival
  }

  arrival(link: PeerLink, transfer: number): Arrival | undefined {
    return this.#byLink.get(link)?.get(transfer)?.arrival
  }

  /** The offer is over: refused, decided about or given up. */
  end(link: PeerLink, transfer: number): void {
    const offers = this.#byLink.get(link)
    offers?.get(transfer)?.release()
    offers?.delete(transfer)
    if (offers?.size === 0) this.#byLink.delete(link)
  }

  /** The link is gone, and its offers with it. Returns the packets that were on their way in. */
  endAll(link: PeerLink): Arrival[] {
    const offers = [...(this.#byLink.get(link)?.values() ?? [])]
    this.#byLink.delete(link)
    for (const { release } of offers) release()
    return offers.flatMap(({ arrival }) => (arrival === undefined ? [] : [arrival]))
  }
}
