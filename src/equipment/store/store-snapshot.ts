// Port: all records of one moment, as they are stored, while the store goes on. Adapter: level-snapshot.ts. A backup is made of it;
// record-segments.ts says how records lie in one.

export interface StoreSnapshot {
  /**
   * Every record in the order of keys, key and value as the store has them (checksums inside), so that damage travels as
   * damage and is found and mended where the backup is restored.
   * @param prefix only keys that begin so
   * @throws TramError STORE_DAMAGED when the store cannot read on, STORE_FAILED; the signal's reason
   */
  records(signal: AbortSignal, prefix?: string): AsyncIterable<readonly [key: Uint8Array, stored: Uint8Array]>
  /** Lets the moment go: until then the store keeps what it has deleted since. */
  close(): Promise<void>
}
