// Control frames that wait for room in the flight: bounded, because offers are. Neighbour: framed-link.ts.
import { TramError } from '../../base/errors.ts'
import { maxMessageBytes } from './peer-link.ts'

/** Bytes and frames of control that may wait on one link. */
export const maxControlBytes = 8 * maxMessageBytes
export const maxControlFrames = 16_384

export class ControlQueue {
  readonly #peerId: string
  #frames: Uint8Array[] = []
  // Taken from the front by index: shifting an array of thousands for each frame would be slow.
  #next = 0
  #bytes = 0

  constructor(peerId: string) {
    this.#peerId = peerId
  }

  /** @throws TramError OVERLOADED when more would wait than the bounds allow; nothing of it is queued then */
  add(frames: readonly Uint8Array[]): void {
    const bytes = frames.reduce((sum, frame) => sum + frame.byteLength, 0)
    const count = this.#frames.length - this.#next
    if (this.#bytes + bytes > maxControlBytes || count + frames.length > maxControlFrames)
      throw new TramError('OVERLOADED', { detail: `${this.#bytes} bytes of control wait for ${this.#peerId}` })
    this.#frames.push(...frames)
    this.#bytes += bytes
  }

  peek(): Uint8Array | undefined {
    return this.#frames[this.#next]
  }

  take(): Uint8Array | undefined {
    const frame = this.#frames[this.#next]
    if (frame === undefined) return undefined
    this.#bytes -= frame.byteLength
    this.#next += 1
    if (this.#next * 2 >= this.#frames.length) {
      this.#frames = this.#frames.slice(this.#next)
      this.#next = 0
    }
    return frame
  }

  clear(): void {
    this.#frames = []
    this.#next = 0
    this.#bytes = 0
  }
}
