// Check of the doctor: the record store, looked at while nobody has it open. Nothing is opened as a store, repaired or put aside:
// that is level-open.ts at the next start.
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { dataPaths } from '../../base/paths.ts'
import { scanLogFile } from '../../equipment/store/log-scan.ts'
import { openDamage } from '../../equipment/store/store-inspection.ts'
import { readStart } from './bounded-file.ts'
import { absent, pass, troublesOr } from './doctor-report.ts'
import type { Check } from './doctor-site.ts'

/** LevelDB leaves two or three; thousands are no store of ours. */
const maxLogs = 64
const maxLockBytes = 1024 * 1024

export const storeCheck: Check = async (site, signal) => {
  const { station } = await site.config()
  const { store, quarantine } = dataPaths(station.data_folder)
  const names = await list(store)
  if (names === undefined)
    return [absent('chưa có: trạm chưa chạy lần nào', 'not there yet: the station has never run')]
  const troubles = await openDamage(quarantine)
  const holder = await holderOf(join(store, 'LOCK'))
  if (holder !== undefined) {
    // What is read of a log that is being written means nothing.
    return troublesOr(
      troubles,
      pass(`đang được tiến trình ${holder} dùng`, `in use by the process ${holder}`, { pid: holder }),
    )
  }
  const dataNames = names.filter((name) => /^\d+\.(log|ldb|sst)$/.test(name))
  if (dataNames.length > 0) {
    const manifest = (await readStart(join(store, 'CURRENT'), 100).catch(() => Buffer.alloc(0)))
      .toString('latin1')
      .trim()
    if (!names.includes(manifest))
      troubles.push(new TramError('STORE_DAMAGED', { place: store, detail: 'CURRENT names no manifest' }))
  }
  let records = 0
  const logs = dataNames.filter((name) => name.endsWith('.log')).sort()
  for (const name of logs.slice(-maxLogs)) {
    const scan = await scanLogFile(join(store, name), signal)
    records += scan.records
    if (scan.state === 'torn') troubles.push(new TramError('STORE_TORN', { file: name }))
    else if (scan.state === 'corrupt')
      troubles.push(new TramError('STORE_DAMAGED', { place: name, detail: scan.detail }))
  }
  const counts = { files: dataNames.length, records }
  return troublesOr(
    troubles,
    pass(
      `${counts.files} tệp, ${records} lần ghi trong nhật ký đọc được`,
      `${counts.files} files, ${records} batches in logs that read`,
      counts,
    ),
  )
}

/** Names in a folder; undefined when it is not there. @throws TramError STORE_FAILED */
async function list(folder: string): Promise<string[] | undefined> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    const detail = error instanceof Error ? error.message : String(error)
    throw new TramError('STORE_FAILED', { detail }, { cause: error })
  }
}

/** The process that has LevelDB's lock, as the kernel lists it; undefined when nobody has. */
async function holderOf(lockFile: string): Promise<number | undefined> {
  const found = await stat(lockFile, { bigint: true }).catch((error: unknown) => {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  })
  if (found === undefined) return undefined
  const locks = (await readStart('/proc/locks', maxLockBytes)).toString('latin1')
  // `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`. Device numbers differ on some file systems (btrfs, overlay): the inode has to do.
  for (const [, pid, inode] of locks.matchAll(/POSIX\s+ADVISORY\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/g))
    if (BigInt(inode ?? 0) === found.ino) return Number(pid)
  return undefined
}
