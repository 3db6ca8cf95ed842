// One libp2p stream as the wire of a link, and who uses which connection: a connection without users is closed.
// Neighbours: libp2p-link.ts makes them, framed-link.ts sends and receives on them.
import type { Connection, Stream } from '@libp2p/interface'
import type { Wire, WireReader } from './wire.ts'

/** How long what was sent may take to leave, once a link is closed. */
const endTimeoutMs = 1000

/** What `nudge` may pass on at once. */
const nudgeBytes = 64 * 1024

/** Frames of a turn of the event loop leave together up to so many bytes: each write goes through yamux, TLS and the system. */
const gatherBytes = 64 * 1024
/** Copying a frame of so many bytes would cost more than a write of its own. */
const ownWriteBytes = 16 * 1024

/** Counts the users of each connection. */
export class ConnectionUsers {
  readonly #counts = new Map<Connection, number>()

  has(connection: Connection): boolean {
    return this.#counts.has(connection)
  }

  /** Keeps `connection` until released; the last to release it closes it. */
  hold(connection: Connection): { release(): void } {
    this.#counts.set(connection, (this.#counts.get(connection) ?? 0) + 1)
    let released = false
    return {
      release: () => {
        if (released) return
        released = true
        const count = (this.#counts.get(connection) ?? 1) - 1
        if (count > 0) {
          this.#counts.set(connection, count)
          return
        }
        this.#counts.delete(connection)
        closeConnection(connection)
      },
    }
  }
}

function closeConnection(connection: Connection): void {
  connection.close({ signal: AbortSignal.timeout(endTimeoutMs) }).catch((error) => connection.abort(error))
}

export class Libp2pWire implements Wire {
  readonly #stream: Stream
  readonly #hold: { release(): void }
  #ending = false
  #wasFull = false
  #gathered: Uint8Array[] = []
  #gatheredBytes = 0
  #link: WireReader | undefined

  constructor(stream: Stream, connection: Connection, users: ConnectionUsers) {
    this.#stream = stream
    this.#hold = users.hold(connection)
  }

  /** Hands everything that the stream brings to `link`, from what it has buffered on. */
  attach(link: WireReader): void {
    this.#link = link
    const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>()
    this.#stream.addEventListener('message', (event) => {
      const { data } = event
      if (data instanceof Uint8Array) link.receive(data)
      // Chunk by chunk: joining them would copy every byte once more.
      else for (const chunk of data) link.receive(chunk)
    })
    this.#stream.addEventListener('remoteCloseWrite', () => resolve(undefined), { once: true })
    this.#stream.addEventListener('close', (event) => resolve(event.error), { once: true })
    closed.then((error) => {
      link.wireClosed(error)
      // A link that has ended by itself releases the connection when `end` is done.
      if (!this.#ending) this.#hold.release()
    })
  }

  send(bytes: Uint8Array): void {
    if (this.#stream.status !== 'open') throw new Error(`the stream is ${this.#stream.status}`)
    if (bytes.byteLength >= ownWriteBytes || this.#gatheredBytes + bytes.byteLength > gatherBytes) this.#flush()
    if (bytes.byteLength >= ownWriteBytes) {
      // The return value and `drain` say nothing reliable; flight.ts and the stream's maxWriteBufferLength bound the buffer.
      this.#stream.send(bytes)
      return
    }
    if (this.#gathered.length === 0) process.nextTick(() => this.#flushLate())
    this.#gathered.push(bytes)
    this.#gatheredBytes += bytes.byteLength
  }

  /** Hands what was gathered to the stream. Throws as `send`. */
  #flush(): void {
    const [first, ...rest] = this.#gathered
    if (first === undefined) return
    const bytes = rest.length === 0 ? first : Buffer.concat(this.#gathered, this.#gatheredBytes)
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#stream.send(bytes)
  }

  /** At the end of the turn nobody is there any more to whom it could be thrown. */
  #flushLate(): void {
    try {
      this.#flush()
    } catch (error) {
      this.#link?.wireClosed(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async end(): Promise<void> {
    this.#ending = true
    const signal = AbortSignal.timeout(endTimeoutMs)
    try {
      this.#flush()
      await this.#stream.close({ signal })
      // A TLS connection that is closed at once loses what was just sent (tried): wait until the peer closes too.
      await this.#streamClosed(signal)
    } catch (error) {
      this.#stream.abort(error instanceof Error ? error : new Error(String(error)))
    }
    this.#hold.release()
  }

  /**
   * yamux forgets to say `drain` when a message used its send window up to the last byte (read in 8.0.3: it does so only
   * while something is buffered); the stream would stay full for ever. An extra `drain` is harmless: it only tries again.
   * Not with much in the buffer: then the peer reads nothing, and the buffer's bound has to hold.
   */
  nudge(): void {
    const { writableNeedsDrain, writeBufferLength } = this.#stream
    if (writableNeedsDrain && this.#wasFull && writeBufferLength < nudgeBytes)
      this.#stream.dispatchEvent(new Event('drain'))
    this.#wasFull = writableNeedsDrain
  }

  #streamClosed(signal: AbortSignal): Promise<void> {
    if (this.#stream.status !== 'open' && this.#stream.status !== 'closing') return Promise.resolve()
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#stream.addEventListener('close', () => resolve(), { once: true })
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    return promise
  }

  cut(reason: Error): void {
    this.#gathered = []
    this.#gatheredBytes = 0
    this.#stream.abort(reason)
    this.#hold.release()
  }
}
