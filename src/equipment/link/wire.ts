// What carries the bytes of one link. Implemented by libp2p-wire.ts and memory-wire.ts, used by framed-link.ts.

export interface Wire {
  /** Hands bytes to the connection, in order, without waiting. Throws when it is closed. */
  send(bytes: Uint8Array): void
  /** Lets what was sent go out, then closes; bounded in time. Never rejects. */
  end(): Promise<void>
  /** Cuts at once. */
  cut(reason: Error): void
  /** Tries again to move what is stuck in it; called at every tick. */
  nudge(): void
}

/** The reader of a wire. Calls are synchronous: a reader never waits. */
export interface WireReader {
  receive(chunk: Uint8Array): void
  /** No more bytes will come. */
  wireClosed(error: Error | undefined): void
}
