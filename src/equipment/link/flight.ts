// Flight: wire bytes that were handed to the connection and have not reached the peer's reader. They lie in libp2p, TLS
// and both kernels' sockets, where nothing overtakes them; `drain` tells nothing reliable about them, so the peer's
// reader says what arrived (Arrived). Neighbour: framed-link.ts stops sending when the flight is full.
//
// The limit is 192 KiB that may stand in queues, which is all an urgent frame ever waits behind, and on long lines what
// the line itself holds (rate × shortest round trip): 192 KiB alone would be 5 MB/s at 40 ms. The first 5 ms of a round
// trip do not count; they are our own event loops, not the line. Counted are control and data frames, header included, but not
// the link's own small messages (session, hello, credit, arrived, yield, ping, pong, bye).

/** Bytes that may stand in queues on the way, and the whole limit until the line is known. */
export const queuedFlightBytes = 192 * 1024
/** The most that is ever in flight: a window of 4 MB is all the bulk credit there is. */
export const maxFlightBytes = 4_000_000

/** The part of a round trip that is not the line's. */
const localRoundTripMs = 5

/** Rates are measured over at least this long. */
const spanMs = 50

export class Flight {
  #sentBytes = 0
  #arrivedBytes = 0
  #roundTripMs = Number.POSITIVE_INFINITY
  #markBytes: number | undefined
  #markMs = 0
  #rateBytesPerMs = 0
  #progressMs: number
  #spanStartMs: number
  #spanBytes = 0

  /** `nowMs` is monotonic, here and below. */
  constructor(nowMs: number) {
    this.#spanStartMs = nowMs
    this.#progressMs = nowMs
  }

  /** For how long nothing has arrived of what is in flight; 0 when nothing is. */
  stalledMs(nowMs: number): number {
    return this.bytes === 0 ? 0 : nowMs - this.#progressMs
  }

  get bytes(): number {
    return this.#sentBytes - this.#arrivedBytes
  }

  /** How many bytes may be in flight. */
  get limitBytes(): number {
    if (!Number.isFinite(this.#roundTripMs)) return queuedFlightBytes
    const lineMs = Math.max(0, this.#roundTripMs - localRoundTripMs)
    return Math.min(maxFlightBytes, queuedFlightBytes + this.#rateBytesPerMs * lineMs)
  }

  sent(bytes: number, nowMs: number): void {
    if (this.bytes === 0) this.#progressMs = nowMs
    // One frame at a time is timed; the shortest time is that of a frame sent into an empty line.
    if (this.#markBytes === undefined) {
      this.#markBytes = this.#sentBytes + bytes
      this.#markMs = nowMs
    }
    this.#sentBytes += bytes
  }

  /** The peer's reader has these bytes. Returns false when it names more than was sent: attacker-controlled. */
  arrived(bytes: number, nowMs: number): boolean {
    if (bytes === 0 || bytes > this.bytes) return false
    this.#arrivedBytes += bytes
    this.#progressMs = nowMs
    if (this.#markBytes !== undefined && this.#arrivedBytes >= this.#markBytes) {
      this.#roundTripMs = Math.min(this.#roundTripMs, nowMs - this.#markMs)
      this.#markBytes = undefined
    }
    this.#spanBytes += bytes
    const elapsedMs = nowMs - this.#spanStartMs
    if (elapsedMs >= spanMs) {
      this.#rateBytesPerMs = this.#spanBytes / elapsedMs
      this.#spanBytes = 0
      this.#spanStartMs = nowMs
    }
    return true
  }
}
