// Opens LevelDB for level-store.ts: judges the logs first, makes folders and format version durable, and finds out what
// the opening has lost. The same way at the start and after a failure.
import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ClassicLevel } from 'classic-level'
import { TramError } from '../../base/errors.ts'
import { syncFolder } from './durable-files.ts'
import { levelFailure } from './level-errors.ts'
import { key } from './namespaces.ts'
import { decodeRecord, encodeRecord, recordDamage } from './record-codec.ts'
import {
  type Inspection,
  inspectInfoLog,
  inspectLogs,
  keepEvidence,
  keepRecord,
  moveLost,
  openDamage,
  withdrawCopies,
} from './store-inspection.ts'

/** Version of the meaning of keys and values. Raise it with a migration. */
export const storeFormatVersion = 1

/** Readable by every version, so never moved or encoded otherwise. */
const formatKey = key('meta', 'format')

/** Packets of 64 KiB in LevelDB's default files of 2 MiB made it rewrite itself at half the speed. */
export const levelTuning = { writeBufferSize: 16 * 1024 * 1024, maxFileSize: 8 * 1024 * 1024 }

export type Level = ClassicLevel<string, Uint8Array>

export interface OpenedLevel {
  db: Level
  /** STORE_DAMAGED: something is lost. STORE_TORN: the end of a log, and nobody knows whether it was acknowledged. */
  damaged: TramError[]
}

/**
 * Opens the store in `folder`, or makes it. When it resolves, the disk has also taken a synced write.
 * @param nowMs names what goes into quarantine
 * @param isStart false = the store reopens after a write of this process that failed
 * @throws TramError STORE_LOCKED, STORE_FORMAT_UNKNOWN, STORE_DAMAGED, DISK_FULL, STORE_FAILED; the signal's reason
 */
export async function openLevel(
  folder: string,
  quarantineFolder: string,
  nowMs: number,
  isStart: boolean,
  signal: AbortSignal,
): Promise<OpenedLevel> {
  let db: Level | undefined
  let inspection: Inspection | undefined
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const stamp = quarantineStamp(nowMs)
    inspection = await inspectLogs(folder, quarantineFolder, stamp, isStart, signal)
    // Made only now: its constructor already begins to open, and opening destroys what we have just looked at.
    db = new ClassicLevel<string, Uint8Array>(folder, { valueEncoding: 'view', ...levelTuning })
    await db.open()
    // LevelDB syncs the folder only with its manifest; CURRENT and the folder itself are named after that.
    await syncFolder(folder)
    await syncFolder(dirname(folder))
    await inspectInfoLog(folder, quarantineFolder, stamp, inspection.judged)
    const formatDamage = await checkFormat(db, quarantineFolder, stamp)
    return { db, damaged: [...formatDamage, ...(await openDamage(quarantineFolder))] }
  } catch (error) {
    await db?.close()
    const failure = levelFailure(error, folder)
    if (failure.code === 'STORE_LOCKED' && inspection) await withdrawCopies(inspection)
    throw signal.aborted ? signal.reason : failure
  }
}

/** What names go into quarantine with. */
export const quarantineStamp = (nowMs: number): string => new Date(nowMs).toISOString().replaceAll(':', '')

/**
 * Makes a closed store readable again that LevelDB cannot read on: what its tables still give is kept, the rest is lost. An
 * older version of a lost record may come back.
 * @param why what LevelDB said; kept as evidence, so that the next opening reports the loss
 * @throws TramError STORE_*
 */
export async function repairLevel(folder: string, quarantineFolder: string, nowMs: number, why: string): Promise<void> {
  const stamp = quarantineStamp(nowMs)
  try {
    // First, or a crash between the two would hide the loss.
    await keepEvidence(quarantineFolder, `${stamp}-tables`, Buffer.from(`${why}\n`))
    await ClassicLevel.repair(folder)
    await moveLost(folder, quarantineFolder, stamp)
    await syncFolder(folder)
  } catch (error) {
    throw levelFailure(error, folder)
  }
}

/** Writes the format version into a new store and checks it in an old one. */
async function checkFormat(db: Level, quarantineFolder: string, stamp: string): Promise<TramError[]> {
  const damage: TramError[] = []
  const stored = await db.get(formatKey)
  if (stored !== undefined && recordDamage(Buffer.from(formatKey), stored) !== undefined) {
    // Written anew below. `openDamage` reports it.
    await keepRecord(quarantineFolder, stamp, formatKey, stored)
  } else if (stored !== undefined) {
    const found = Buffer.from(decodeRecord(formatKey, stored)).toString()
    if (!/^\d{1,9}$/.test(found) || Number(found) > storeFormatVersion)
      throw new TramError('STORE_FORMAT_UNKNOWN', { found, supported: storeFormatVersion })
  } else if ((await db.keys({ limit: 1 }).all()).length > 0) {
    // It is the first record ever written: a store that has others has lost it.
    damage.push(new TramError('STORE_DAMAGED', { place: formatKey, detail: 'the format version is missing' }))
  }
  // Always, although it changes nothing: after a failure only a synced write shows that writing works again.
  const value = encodeRecord(formatKey, Buffer.from(String(storeFormatVersion)))
  await db.batch([{ type: 'put', key: formatKey, value }], { sync: true })
  return damage
}
