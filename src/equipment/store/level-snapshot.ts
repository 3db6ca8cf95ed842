// A moment of LevelDB for backups, and a new LevelDB from what one holds. Beside level-store.ts, which hands snapshots out.
import { ClassicLevel } from 'classic-level'
import { makeFolder, syncFolder } from './durable-files.ts'
import { levelFailure } from './level-errors.ts'
import { type Level, levelTuning } from './level-open.ts'
import type { StoreSnapshot } from './store-snapshot.ts'

/** What is read at once, at most; with an iterator of its own, since one that is used for long keeps all that it has read. */
const piece = { records: 256, bytes: 256 * 1024 }
const batchBytes = 4 * 1024 * 1024

export class LevelSnapshot implements StoreSnapshot {
  readonly #db: Level
  readonly #folder: string
  readonly #snapshot: ReturnType<Level['snapshot']>

  constructor(db: Level, folder: string) {
    this.#db = db
    this.#folder = folder
    this.#snapshot = db.snapshot()
  }

  async *records(signal: AbortSignal, prefix = ''): AsyncIterable<readonly [Uint8Array, Uint8Array]> {
    const first = Buffer.from(prefix)
    let bounds: { gte: Uint8Array } | { gt: Uint8Array } = { gte: first }
    try {
      for (;;) {
        signal.throwIfAborted()
        // Raw keys: a damaged one need not be UTF-8, and must still be passed.
        const iterator: { nextv(size: number): Promise<[Uint8Array, Uint8Array][]>; close(): Promise<void> } =
          this.#db.iterator<Uint8Array, Uint8Array>({
            ...bounds,
            ...{ keyEncoding: 'view', valueEncoding: 'view', fillCache: false, highWaterMarkBytes: piece.bytes },
            snapshot: this.#snapshot,
          })
        const entries: [Uint8Array, Uint8Array][] = await iterator.nextv(piece.records).finally(() => iterator.close())
        for (const entry of entries) {
          if (Buffer.compare(entry[0].subarray(0, first.length), first) !== 0) return
          yield entry
        }
        const last = entries.at(-1)
        if (last === undefined) return
        bounds = { gt: last[0] }
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : levelFailure(error, this.#folder)
    }
  }

  async close(): Promise<void> {
    await this.#snapshot.close()
  }
}

/**
 * Makes a store in `folder`, which must be empty or missing, of records as a snapshot gives them. Durable when it resolves.
 * @throws TramError DISK_FULL, STORE_FAILED; what `records` throws
 */
export async function writeLevel(
  folder: string,
  records: AsyncIterable<readonly [key: Uint8Array, stored: Uint8Array]>,
): Promise<void> {
  let db: ClassicLevel<Uint8Array, Uint8Array> | undefined
  try {
    await makeFolder(folder)
    db = new ClassicLevel<Uint8Array, Uint8Array>(folder, {
      ...{ keyEncoding: 'view', valueEncoding: 'view', errorIfExists: true, ...levelTuning },
    })
    await db.open()
    let batch: { type: 'put'; key: Uint8Array; value: Uint8Array }[] = []
    let bytes = 0
    for await (const [key, value] of records) {
      batch.push({ type: 'put', key, value })
      bytes += key.length + value.length
      if (bytes < batchBytes) continue
      // Synced each time: only the newest log of LevelDB is synced at the end.
      await db.batch(batch, { sync: true })
      batch = []
      bytes = 0
    }
    await db.batch(batch, { sync: true })
    await db.close()
    await syncFolder(folder)
  } catch (error) {
    await db?.close()
    throw levelFailure(error, folder)
  }
}
