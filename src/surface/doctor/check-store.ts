// Check of the doctor: the record store, looked at while nobody has it open. Nothing is opened as a store, repaired or put aside:
// that is level-open.ts at the next start.
import { open, readdir } from 'node:fs/promises'
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
const maxFactBytes = 4096

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
  try {
    await using handle = await open(lockFile)
    const { ino } = await handle.stat({ bigint: true })
    // What stat calls the device is another number on some file systems (btrfs); the mount's is the one that the kernel locks by.
    const facts = (await readStart(`/proc/self/fdinfo/${handle.fd}`, maxFactBytes)).toString('latin1')
    const mounts = (await readStart('/proc/self/mountinfo', maxLockBytes)).toString('latin1')
    const locks = (await readStart('/proc/locks', maxLockBytes)).toString('latin1')
    const device = deviceOfMount(mounts, /^mnt_id:\s+(\d+)$/m.exec(facts)?.[1])
    return lockHolder(locks, device, ino)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** `8:1` by mountinfo (proc(5): id, parent, major:minor, …); undefined when it does not say. */
function deviceOfMount(mounts: string, id: string | undefined): string | undefined {
  const line = mounts.split('\n').find((one) => one.split(' ', 1)[0] === id)
  return line === undefined ? undefined : /^\d+ \d+ (\d{1,6}:\d{1,7}) /.exec(line)?.[1]
}

/**
 * The process that has a write lock on a file.
 * @param locks /proc/locks: `1: POSIX  ADVISORY  WRITE 1234 08:01:5678 0 EOF`, the device in hexadecimal
 * @param device `major:minor`, decimal; undefined: any, the inode has to do
 */
export function lockHolder(locks: string, device: string | undefined, inode: bigint): number | undefined {
  const found = locks.matchAll(/POSIX\s+ADVISORY\s+WRITE\s+(\d{1,10})\s+([0-9a-f]{1,6}):([0-9a-f]{1,6}):(\d{1,20})\s/g)
  for (const [, pid, major = '', minor = '', ino = ''] of found) {
    const isThere = device === undefined || device === `${Number.parseInt(major, 16)}:${Number.parseInt(minor, 16)}`
    if (isThere && BigInt(ino) === inode) return Number(pid)
  }
  return undefined
}
