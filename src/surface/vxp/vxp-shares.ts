// Who may have how many of a bounded number of places, so that one backend or one address cannot keep all others out: the
// requests that vxp-server.ts runs are shared between backends, its connections between addresses.
import type { Server } from 'node:http'
import { isIPv6 } from 'node:net'

/** A name may hold so many times what it leaves free: alone seven eighths, and of two that want all, each seven fifteenths. */
const timesTheFree = 7

/** Places, and how many each name holds. The last place is only for a name that holds none. */
export class Shares {
  readonly #places: number
  readonly #held = new Map<string, number>()
  #taken = 0

  constructor(places: number) {
    this.#places = places
  }

  /** Takes a place. False when all are taken, or `name` has its share; otherwise `release` gives it back. */
  take(name: string): boolean {
    const free = this.#places - this.#taken
    const own = this.#held.get(name) ?? 0
    if (free <= 0 || (own > 0 && own >= timesTheFree * (free - 1))) return false
    this.#held.set(name, own + 1)
    this.#taken += 1
    return true
  }

  release(name: string): void {
    const left = (this.#held.get(name) ?? 0) - 1
    if (left > 0) this.#held.set(name, left)
    else this.#held.delete(name)
    this.#taken -= 1
  }
}

/** Closes connections of an address that has its share of `maxConnections`, before anything is read; `onRefused` is told. */
export function shareConnections(server: Server, maxConnections: number, onRefused: (address: string) => void): void {
  const shares = new Shares(maxConnections)
  // Beyond it Node takes no connection at all: then nobody would have a share.
  server.maxConnections = maxConnections
  server.on('connection', (socket) => {
    const address = neighbourhoodOf(socket.remoteAddress ?? '')
    if (!shares.take(address)) {
      onRefused(address)
      socket.destroy()
      return
    }
    socket.once('close', () => shares.release(address))
  })
}

/** An address as its owner: of IPv6 the first 64 bits, since one machine has all the others (RFC 4291 §2.5.1). */
export function neighbourhoodOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
  if (!isIPv6(plain)) return plain
  const [head = '', tail = ''] = plain.split('::')
  const first = head.split(':').filter((group) => group !== '')
  const last = tail.split(':').filter((group) => group !== '')
  const zeros = Array.from({ length: plain.includes('::') ? 8 - first.length - last.length : 0 }, () => '0')
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`
}
