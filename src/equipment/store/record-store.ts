// Port: the ordered, durable records of the station. Adapters: level-store (LevelDB), memory-store (in the contract tests).
// Every service above keeps its state here; a commit that resolved has reached the disk.

export type RecordOperation = { type: 'put'; key: string; value: Uint8Array } | { type: 'delete'; key: string }

/** Keys are `<namespace>:<rest>` (namespaces.ts), ordered by their UTF-8 bytes. */
export interface KeyRange {
  /** First key, inclusive. */
  from: string
  /** First key after the range, exclusive. */
  to: string
  /** At most so many records (default: all). */
  limit?: number
  /** From the end backwards (default: forwards). */
  reverse?: boolean
}

export interface RecordStore {
  /**
   * A value that others may have too: never change it.
   * @throws TramError STORE_DAMAGED when the record's checksum does not match; STORE_FAILED
   */
  get(key: string): Promise<Uint8Array | undefined>

  /** Values of `keys` in the same order. Throws as `get`. */
  getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]>

  /**
   * Applies `operations` atomically and resolves when they are on disk (fsync). Concurrent commits share one batch
   * and one fsync (group commit); commits apply in the order of their calls.
   * @throws TramError DISK_FULL, STORE_FAILED. Whether the operations will be there after a restart is then unknown.
   * OVERLOADED when too much waits for the disk already: then nothing was written.
   */
  commit(operations: readonly RecordOperation[]): Promise<void>

  /** Records of a range, read in bounded pieces; a snapshot of each piece, not of the whole. Throws as `get`. */
  range(range: KeyRange): AsyncIterable<[key: string, value: Uint8Array]>
}
