// Reads LevelDB in bounded pieces: ranges for the exchange, and everything for the scrub, so that damage is found before
// a document needs what is damaged. Beneath level-store.ts.
import { setTimeout as delay } from 'node:timers/promises'
import { TramError } from '../../base/errors.ts'
import type { Level } from './level-open.ts'
import { recordDamage } from './record-codec.ts'
import type { KeyRange } from './record-store.ts'

/** What is read at once, at most: so many slices, and one record more. */
const slice = { records: 64, bytes: 64 * 1024 }
const slicesOfPiece = 4

/** Pause between two pieces of a scrub: at most some 25 MB/s, so that documents go first. */
const scrubPauseMs = 10
/** Pieces of a scrub that share an iterator, which pins tables and memory of LevelDB: less than a second. */
const piecesOfIterator = 64

/**
 * Records of `range` as stored. Each piece has an iterator of its own: a slow reader pins no snapshot, and one that
 * breaks off leaves nothing open.
 * @param openDb asked again for each piece: the store may reopen meanwhile
 * @throws what `openDb` throws; what LevelDB says
 */
export async function* readRange(openDb: () => Level, range: KeyRange): AsyncIterable<[string, Uint8Array]> {
  const reverse = range.reverse === true
  let remaining = range.limit ?? Number.POSITIVE_INFINITY
  let bounds: { gt?: string; gte?: string; lt: string } = { gte: range.from, lt: range.to }
  while (remaining > 0) {
    const iterator = openDb().iterator({ ...bounds, reverse, highWaterMarkBytes: slice.bytes })
    const { entries, isEnd } = await readPiece(iterator, remaining).finally(() => iterator.close())
    yield* entries
    const lastKey = entries.at(-1)?.[0]
    if (isEnd || lastKey === undefined) return
    remaining -= entries.length
    bounds = reverse ? { gte: range.from, lt: lastKey } : { gt: lastKey, lt: range.to }
  }
}

/**
 * Checks every record.
 * @param openDb asked again for each piece: the store may reopen meanwhile. What it throws ends the scrub.
 * @param onDamaged gets STORE_DAMAGED for each damaged record
 * @returns how many records were checked
 * @throws what LevelDB says when it cannot read on; the signal's reason
 */
export async function scrubLevel(
  openDb: () => Level,
  onDamaged: (error: TramError) => void,
  signal: AbortSignal,
): Promise<number> {
  let checked = 0
  let after: Uint8Array = new Uint8Array()
  for (;;) {
    const db = openDb()
    // Raw keys: a damaged key need not be UTF-8, and must still be passed.
    const iterator = db.iterator<Uint8Array, Uint8Array>({
      gt: after,
      keyEncoding: 'view',
      valueEncoding: 'view',
      fillCache: false,
      highWaterMarkBytes: slice.bytes,
    })
    try {
      for (let pieces = 0; pieces < piecesOfIterator && openDb() === db; pieces++) {
        signal.throwIfAborted()
        const { entries, isEnd } = await readPiece(iterator, Number.POSITIVE_INFINITY)
        for (const [rawKey, stored] of entries) {
          checked++
          const detail = recordDamage(rawKey, stored)
          if (detail !== undefined)
            onDamaged(new TramError('STORE_DAMAGED', { place: Buffer.from(rawKey).toString(), detail }))
        }
        if (isEnd) return checked
        after = entries.at(-1)?.[0] ?? after
        await delay(scrubPauseMs, undefined, { signal })
      }
    } finally {
      await iterator.close()
    }
  }
}

/**
 * The next records, `records` or a piece at most; whether the iterator is at its end. classic-level keeps a copy of what the
 * last call has read until V8 collects the closed iterator, which on an idle station does not happen for hours: a walk of
 * 250,000 records left 75 MB so. Hence slices, and a last call for a single record, which is all that is then kept.
 */
async function readPiece<Key>(
  iterator: { nextv(size: number): Promise<[Key, Uint8Array][]> },
  records: number,
): Promise<{ entries: [Key, Uint8Array][]; isEnd: boolean }> {
  const entries: [Key, Uint8Array][] = []
  for (let slices = 0; slices <= slicesOfPiece && entries.length < records; slices++) {
    const size = slices === slicesOfPiece ? 1 : Math.min(slice.records, records - entries.length)
    const read = await iterator.nextv(size)
    if (read.length === 0) return { entries, isEnd: true }
    entries.push(...read)
  }
  return { entries, isEnd: false }
}
