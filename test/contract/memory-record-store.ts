// The record store in memory: the fake of the port, kept honest by the same contract suite as LevelDB.
// Tests of the exchange use it where a disk adds nothing.
import { TramError } from '../../src/base/errors.ts'
import type { KeyRange, RecordOperation, RecordStore } from '../../src/equipment/store/record-store.ts'

export class MemoryRecordStore implements RecordStore {
  readonly #values = new Map<string, Uint8Array>()
  /** Sorted by UTF-8 bytes, as LevelDB sorts. */
  readonly #keys: string[] = []
  /** Commits that were applied, oldest first: lets a test see what went into one batch. */
  readonly commits: (readonly RecordOperation[])[] = []
  /** When set, commits throw it and apply nothing. */
  failure: Error | undefined
  /** The key of a record that cannot be read by its key. */
  damaged: string | undefined

  get size(): number {
    return this.#keys.length
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    return this.#read(key)
  }

  async getMany(keys: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.#read(key))
  }

  async commit(operations: readonly RecordOperation[]): Promise<void> {
    // Copied before the first await, as LevelStore does: a caller may reuse its buffers at once.
    const copies = operations.map((operation) =>
      operation.type === 'put' ? { ...operation, value: Uint8Array.from(operation.value) } : operation,
    )
    await Promise.resolve()
    if (this.failure) throw this.failure
    for (const operation of copies) {
      if (operation.type === 'put') this.#put(operation.key, operation.value)
      else this.#delete(operation.key)
    }
    this.commits.push(copies)
  }

  async *range(range: KeyRange): AsyncIterable<[key: string, value: Uint8Array]> {
    let remaining = range.limit ?? Number.POSITIVE_INFINITY
    const found = this.#keys.slice(this.#position(range.from), this.#position(range.to))
    if (range.reverse) found.reverse()
    for (const key of found) {
      if (remaining-- <= 0) return
      const value = this.#values.get(key)
      if (value) yield [key, value.slice()]
    }
  }

  /** All keys, in order. */
  keys(): string[] {
    return [...this.#keys]
  }

  #read(key: string): Uint8Array | undefined {
    if (key === this.damaged) throw new TramError('STORE_DAMAGED', { place: key, detail: 'injected' })
    return this.#values.get(key)?.slice()
  }

  #put(key: string, value: Uint8Array): void {
    if (!this.#values.has(key)) this.#keys.splice(this.#position(key), 0, key)
    this.#values.set(key, value)
  }

  #delete(key: string): void {
    if (this.#values.delete(key)) this.#keys.splice(this.#position(key), 1)
  }

  /** Index of the first key that is not before `key`. */
  #position(key: string): number {
    const wanted = Buffer.from(key)
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (Buffer.compare(Buffer.from(this.#keys[middle] ?? ''), wanted) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
