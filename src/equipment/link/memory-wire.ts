// A wire in one process: two ends that hand each other bytes. Neighbours: memory-link.ts makes pairs, framed-link.ts runs on
// each end.
import type { Wire, WireReader } from './wire.ts'

/** One end of a wire in memory. Bytes arrive in a later turn of the event loop, in order. */
export class MemoryWire implements Wire {
  #other: MemoryWire | undefined
  #closed = false
  #queue: Uint8Array[] = []
  #scheduled = false
  receiver: WireReader | undefined

  static pair(): [MemoryWire, MemoryWire] {
    const left = new MemoryWire()
    const right = new MemoryWire()
    left.#other = right
    right.#other = left
    return [left, right]
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) throw new Error('the wire is closed')
    this.#other?.deliver(bytes)
  }

  async end(): Promise<void> {
    this.#closed = true
    this.#other?.deliver(undefined)
  }

  cut(_reason: Error): void {
    this.#closed = true
    this.#queue = []
    this.#other?.deliver(undefined)
  }

  nudge(): void {
    // Nothing gets stuck here.
  }

  /** Takes bytes from the other end; undefined is its end. */
  deliver(bytes: Uint8Array | undefined): void {
    if (this.#closed) return
    this.#queue.push(bytes ?? new Uint8Array(0))
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#hand())
  }

  /** Hands over now what was delivered; for the greeting of a loopback. */
  flush(): void {
    this.#hand()
  }

  #hand(): void {
    this.#scheduled = false
    const queue = this.#queue
    this.#queue = []
    for (const bytes of queue) {
      if (this.#closed) return
      if (bytes.byteLength > 0) this.receiver?.receive(bytes)
      else {
        this.#closed = true
        this.receiver?.wireClosed(undefined)
      }
    }
  }
}
