// The serial line in memory: the fake of the port, kept honest by the same contract suite as serialport-line. Its far end is
// the test: what it says arrives, what was written is kept, and the cable comes out and goes in when the test says so.
import { maxQueuedBytes, type SerialLine } from '../../src/equipment/serial/serial-line.ts'

export class MemorySerialLine implements SerialLine {
  readonly path = '/dev/serial/by-id/memory'
  /** All that was written since the start. */
  written = Buffer.alloc(0)
  /** While set, what is written waits, as on a device that takes nothing. */
  isStuck = false
  #isOpen = false
  #onBytes: (bytes: Uint8Array) => void = () => undefined
  #onChange: (isOpen: boolean) => void = () => undefined
  #waiting: { bytes: Uint8Array; resolve: (written: boolean) => void }[] = []
  #onWrite: (bytes: Buffer) => void = () => undefined

  get isOpen(): boolean {
    return this.#isOpen
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener
  }

  onChange(listener: (isOpen: boolean) => void): void {
    this.#onChange = listener
  }

  /** Calls `listener` with each piece that the line's user writes: a device that answers. */
  onWrite(listener: (bytes: Buffer) => void): void {
    this.#onWrite = listener
  }

  async write(bytes: Uint8Array): Promise<boolean> {
    const queuedBytes = this.#waiting.reduce((sum, one) => sum + one.bytes.length, 0)
    if (!this.#isOpen || queuedBytes + bytes.length > maxQueuedBytes) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#waiting.push({ bytes, resolve })
    queueMicrotask(() => this.#flow())
    return promise
  }

  #flow(): void {
    while (!this.isStuck && this.#isOpen) {
      const next = this.#waiting.shift()
      if (next === undefined) return
      this.written = Buffer.concat([this.written, next.bytes])
      next.resolve(true)
      this.#onWrite(Buffer.from(next.bytes))
    }
  }

  /** The far end says `bytes`. */
  say(bytes: Uint8Array | string): void {
    if (this.#isOpen) this.#onBytes(Buffer.from(bytes))
  }

  plug(): void {
    if (this.#isOpen) return
    this.#isOpen = true
    this.#onChange(true)
  }

  unplug(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    const waiting = this.#waiting
    this.#waiting = []
    for (const { resolve } of waiting) resolve(false)
    this.#onChange(false)
  }
}
