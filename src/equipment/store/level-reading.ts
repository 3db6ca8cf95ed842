// Reads LevelDB in bounded pieces: ranges for the exchange, and everything for the scrub, so that damage is found before
// a document needs what is damaged. Beneath level-store.ts.
import { setTimeout as delay } from 'node:timers/promises'
import { TramError } from '../../base/errors.ts'
import type { Level } from './level-open.ts'
import { recordDamage } from './record-codec.ts'
import type { KeyRange } from './record-store.ts'

/** What is read at once, at most. */
const piece = { records: 256, bytes: 256 * 1024 }

/** Pause between two pieces of a scrub: at most some 25 MB/s, so that documents go first. */
const scrubPauseMs = 10

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
    const iterator = openDb().iterator({ ...bounds, reverse, highWaterMarkBytes: piece.bytes })
    const entries = await iterator.nextv(Math.min(piece.records, remaining)).finally(() => iterator.close())
    yield* entries
    const lastKey = entries.at(-1)?.[0]
    if (lastKey === undefined) return
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
    signal.throwIfAborted()
    // Raw keys: a damaged key need not be UTF-8, and must still be passed.
    const iterator = openDb().iterator<Uint8Array, Uint8Array>({
      gt: after,
      keyEncoding: 'view',
      valueEncoding: 'view',
      fillCache: false,
      highWaterMarkBytes: piece.bytes,
    })
    const entries = await iterator.nextv(piece.records).finally(() => iterator.close())
    for (const [rawKey, stored] of entries) {
      checked++
      const detail = recordDamage(rawKey, stored)
      if (detail !== undefined)
        onDamaged(new TramError('STORE_DAMAGED', { place: Buffer.from(rawKey).toString(), detail }))
    }
    const lastKey = entries.at(-1)?.[0]
    if (lastKey === undefined) return checked
    after = lastKey
    await delay(scrubPauseMs, undefined, { signal })
  }
}
