// What the heartbeat asks: the store, whether writes reach the disk, and the signer, whether its process runs.
import { setTimeout as delay } from 'node:timers/promises'
import { asTramError } from '../../base/errors.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { HeartbeatPart } from './heartbeat.ts'

const overloadedMs = 200

export interface StorePartDeps {
  records: Pick<RecordStore, 'commit'> & {
    /** Whether a write has reached the disk within the last `ms`, and nothing waits for it now. */
    syncedWithin(ms: number): boolean
  }
  /** Writes something to the disk beside the store. @throws TramError DISK_FULL, STORE_FAILED */
  writeAside: () => Promise<void>
}

/**
 * Whether writes reach the disk. What the station wrote of itself lately says so as well as a record of the heartbeat's own; that
 * one is written behind whatever waits, and when it is long ago that anything was. A store that has failed refuses at once,
 * whatever the disk does: then something is written beside it.
 * @param quietMs how old the last write may be: each of ours costs some 20 KB of the disk's life
 */
export function storePart({ records, writeAside }: StorePartDeps, quietMs: number): HeartbeatPart {
  return {
    name: 'kho dữ liệu / store',
    async ask(signal) {
      if (records.syncedWithin(quietMs)) return
      try {
        await write(records, signal)
      } catch (error) {
        await writeAside()
        throw error
      }
    },
  }
}

/** OVERLOADED is no answer of the disk: behind a write that hangs, the queue fills up and then refuses at once. */
async function write(records: Pick<RecordStore, 'commit'>, signal: AbortSignal): Promise<void> {
  const beat = { type: 'put', key: key('meta', 'heartbeat'), value: new Uint8Array([1]) } as const
  for (;;) {
    try {
      await records.commit([beat])
      return
    } catch (error) {
      if (asTramError(error).code !== 'OVERLOADED') throw error
    }
    await delay(overloadedMs, undefined, { signal })
  }
}

/** @param isAlive equipment/token/signer-alive.ts: rejects when no signer runs, for it is somebody's work to start it */
export function signerPart(isAlive: (signal: AbortSignal) => Promise<void>): HeartbeatPart {
  return { name: 'chương trình ký / signer', ask: isAlive }
}
