// A LinkHandler that writes down what it is told, and lets a test wait for it. Used by the peer-link contract.
import type { ControlMessage, DataLane, LinkHandler, PeerLink } from '../../src/equipment/link/peer-link.ts'

export type LinkEvent =
  | { kind: 'open' | 'close'; link: PeerLink }
  | { kind: 'message'; link: PeerLink; message: ControlMessage }
  | {
      kind: 'data'
      link: PeerLink
      lane: DataLane
      transfer: number
      offset: number
      length: number
      first: number
      release: () => void
    }

export class LinkRecorder implements LinkHandler {
  readonly events: LinkEvent[] = []
  /** Whether data is released as soon as it comes. */
  releaseAtOnce = true
  /** Called after each event is written down. */
  onEvent: ((event: LinkEvent) => void) | undefined
  readonly #waiting = new Set<() => void>()

  onOpen(link: PeerLink): void {
    this.#add({ kind: 'open', link })
  }

  onMessage(link: PeerLink, message: ControlMessage): void {
    this.#add({ kind: 'message', link, message })
  }

  onData(
    link: PeerLink,
    lane: DataLane,
    transfer: number,
    offset: number,
    bytes: Uint8Array,
    release: () => void,
  ): void {
    // The bytes themselves are not kept: a test of memory must not be the one that holds it.
    this.#add({ kind: 'data', link, lane, transfer, offset, length: bytes.length, first: bytes[0] ?? -1, release })
    if (this.releaseAtOnce) release()
  }

  onClose(link: PeerLink): void {
    this.#add({ kind: 'close', link })
  }

  count(kind: LinkEvent['kind']): number {
    return this.events.filter((event) => event.kind === kind).length
  }

  get data(): Extract<LinkEvent, { kind: 'data' }>[] {
    return this.events.filter((event) => event.kind === 'data')
  }

  get messages(): ControlMessage[] {
    return this.events.flatMap((event) => (event.kind === 'message' ? [event.message] : []))
  }

  /** Resolves as soon as `isTrue` holds; looks at once and after each event. */
  until(isTrue: (recorder: LinkRecorder) => boolean): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (!isTrue(this)) return
      this.#waiting.delete(look)
      resolve()
    }
    this.#waiting.add(look)
    look()
    return promise
  }

  #add(event: LinkEvent): void {
    this.events.push(event)
    this.onEvent?.(event)
    for (const look of [...this.#waiting]) look()
  }
}
