// The records that were committed last, by key, so that the next step of a document finds in memory what the step before has
// just written. Part of level-store.ts; holds nothing that is not on disk.
import type { StoredOperation } from './commit-queue.ts'
import type { Namespace } from './namespaces.ts'
import { headerBytes, payloadOf } from './record-codec.ts'

/** What a document's next steps ask for by key; the other namespaces are walked, or read long after. */
const readBack: ReadonlySet<string> = new Set<Namespace>([
  'meta',
  'cms',
  'packet',
  'document',
  'waybill',
  'delivery',
  'inbound',
  'item',
])

export class RecentRecords {
  readonly #maxBytes: number
  /** Oldest first. */
  readonly #payloads = new Map<string, Uint8Array>()
  #bytes = 0

  /** @param maxBytes keys and values that are kept at most */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  get(key: string): Uint8Array | undefined {
    return this.#payloads.get(key)
  }

  /** `operations` are on disk now, behind all that was told before. */
  applied(operations: readonly StoredOperation[]): void {
    for (const operation of operations) {
      const { key } = operation
      if (!readBack.has(key.slice(0, key.indexOf(':')))) continue
      this.#forget(key)
      if (operation.type === 'del') continue
      this.#payloads.set(key, payloadOf(operation.value))
      this.#bytes += key.length + operation.value.length
    }
    for (const oldest of this.#payloads.keys()) {
      if (this.#bytes <= this.#maxBytes) return
      this.#forget(oldest)
    }
  }

  /** What is on disk is not known any more. */
  clear(): void {
    this.#payloads.clear()
    this.#bytes = 0
  }

  #forget(key: string): void {
    const payload = this.#payloads.get(key)
    if (payload === undefined) return
    this.#payloads.delete(key)
    this.#bytes -= key.length + payload.length + headerBytes
  }
}
