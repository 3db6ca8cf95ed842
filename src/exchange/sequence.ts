// Numbers that only grow, across restarts: the order of queues, inboxes and of what waits to be sealed.
import { TramError } from '../base/errors.ts'
import { key } from '../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'

const blockSize = 1 << 20

/** The operation by which the next start begins at `next`, or above. */
export const sequenceOperation = (next: number): RecordOperation => ({
  type: 'put',
  key: key('meta', 'sequence'),
  value: Buffer.from(String(next)),
})

/**
 * Hands out numbers from durable blocks, so that taking one costs no write. After a restart the rest of a block is
 * skipped: numbers have gaps, never repeats.
 */
export class Sequence {
  readonly #records: RecordStore
  #next = 0
  #reserved = 0
  #extending: Promise<void> | undefined

  constructor(records: RecordStore) {
    this.#records = records
  }

  /** Loads the high-water mark and reserves the first block. @throws TramError STORE_FAILED, STORE_DAMAGED */
  async start(): Promise<void> {
    const stored = await this.#records.get(key('meta', 'sequence'))
    this.#next = stored === undefined ? 1 : Number(Buffer.from(stored).toString('utf8'))
    if (!Number.isSafeInteger(this.#next))
      throw new TramError('STORE_DAMAGED', { place: 'meta:sequence', detail: 'not a number' })
    this.#reserved = this.#next
    await this.#reserve()
  }

  /** The next number. Take it in the same synchronous step as the commit that uses it: then commit order is number order. */
  next(): number {
    this.#extendIfLow()
    if (this.#next >= this.#reserved)
      throw new TramError('OVERLOADED', { detail: 'sequence block used up before the next was durable' })
    return this.#next++
  }

  #extendIfLow(): void {
    if (this.#reserved - this.#next > blockSize / 2 || this.#extending !== undefined) return
    // A failure here is found again by the next call, also by one that finds nothing left: the reserve stays low until then.
    this.#extending = this.#reserve()
      .catch(() => undefined)
      .finally(() => {
        this.#extending = undefined
      })
  }

  async #reserve(): Promise<void> {
    const until = this.#reserved + blockSize
    await this.#records.commit([sequenceOperation(until)])
    this.#reserved = until
  }
}
