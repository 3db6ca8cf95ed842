// Checks of the doctor: the data folder, the disk beneath it, and the files that hold secrets. Their contents are never read.
import { constants } from 'node:fs'
import { access, stat, statfs } from 'node:fs/promises'
import { isSystemError, TramError } from '../../base/errors.ts'
import { dataPaths } from '../../base/paths.ts'
import { byteSize } from '../../base/text-format.ts'
import { inodePercent } from '../../exchange/health/box-health.ts'
import { absent, pass, troublesOr } from './doctor-report.ts'
import type { Check } from './doctor-site.ts'

/** Anybody but the owner. */
const others = 0o077

const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, '0')
const textOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

export const dataCheck: Check = async (site) => {
  const folder = (await site.config()).station.data_folder
  const unusable = (detail: string, cause?: unknown): TramError =>
    new TramError('DATA_FOLDER_UNUSABLE', { folder, detail }, { cause })
  const found = await stat(folder).catch((error: unknown) => Promise.reject(unusable(textOf(error), error)))
  if (!found.isDirectory()) throw unusable('it is no folder')
  await access(folder, constants.R_OK | constants.W_OK | constants.X_OK).catch((error: unknown) =>
    Promise.reject(unusable(isSystemError(error, 'EROFS') ? 'the file system is read-only' : textOf(error), error)),
  )
  const troubles: TramError[] = []
  if ((found.mode & others) !== 0)
    troubles.push(new TramError('FILE_EXPOSED', { file: folder, mode: octal(found.mode) }))
  const { store, peerKey } = dataPaths(folder)
  for (const path of [store, peerKey]) {
    const owner = await ownerOf(path)
    // A command once run as root leaves files that the station cannot write.
    if (owner !== undefined && owner !== found.uid)
      troubles.push(unusable(`${path} belongs to the user ${owner}, the folder to ${found.uid}`))
  }
  const text = `${folder} (${octal(found.mode)})`
  return troublesOr(troubles, pass(text, text))
}

async function ownerOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).uid
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

export const diskCheck: Check = async (site) => {
  const { station, store } = await site.config()
  const found = await statfs(station.data_folder).catch((error: unknown) =>
    Promise.reject(
      new TramError('DATA_FOLDER_UNUSABLE', { folder: station.data_folder, detail: textOf(error) }, { cause: error }),
    ),
  )
  const freeBytes = found.bavail * found.bsize
  const [free, watermark] = [byteSize(freeBytes), byteSize(store.watermark_bytes)]
  return troublesOr(
    roomTroubles(found, store.watermark_bytes),
    pass(`còn trống ${free}, mức dự trữ ${watermark}`, `${free} free, watermark ${watermark}`, { freeBytes }),
  )
}

/** What is short on a file system. */
export function roomTroubles(
  { bavail, bsize, ffree, files }: Record<'bavail' | 'bsize' | 'ffree' | 'files', number>,
  watermarkBytes: number,
): TramError[] {
  const troubles: TramError[] = []
  const aboveBytes = bavail * bsize - watermarkBytes
  if (aboveBytes <= 0) troubles.push(new TramError('DISK_FULL', { neededBytes: 1 - aboveBytes, freeBytes: 0 }))
  // Some file systems (btrfs) have no fixed number.
  const percent = files > 0 ? (ffree / files) * 100 : 100
  if (percent <= inodePercent.raise) troubles.push(new TramError('DISK_INODES_LOW', { percent: Math.round(percent) }))
  return troubles
}

export const secretsCheck: Check = async (site) => {
  const { file, station, token, vxp, mqtt, backend } = await site.config()
  const wanted: [key: string, file: string | undefined][] = [
    ['token.pin_file', token.pin_file],
    ['vxp.https_key_file', vxp.https_key_file],
    ['mqtt.key_file', mqtt.key_file],
    ...backend.map((one, at): [string, string | undefined] => [`backend[${at}].secret_file`, one.secret_file]),
  ]
  const troubles: TramError[] = []
  let count = 0
  for (const [key, path] of wanted) {
    if (path === undefined) continue
    count += 1
    try {
      const { mode, size } = await stat(path)
      if (size === 0) throw new Error('it is empty')
      await access(path, constants.R_OK)
      if ((mode & others) !== 0) troubles.push(new TramError('FILE_EXPOSED', { file: path, mode: octal(mode) }))
    } catch (error) {
      // A signer that is a user of its own keeps its PIN from everybody else.
      if (key === 'token.pin_file' && token.folder !== undefined && isSystemError(error, 'EACCES')) continue
      troubles.push(new TramError('FILE_UNUSABLE', { key, file: path, detail: textOf(error) }, { cause: error }))
    }
  }
  const inline = backend.some(({ secret_file }) => secret_file === undefined)
  const { mode } = await stat(file)
  // Group and others may read a configuration without secrets.
  if (inline && (mode & others) !== 0) troubles.push(new TramError('FILE_EXPOSED', { file, mode: octal(mode) }))
  const { peerKey } = dataPaths(station.data_folder)
  const peerMode = (await stat(peerKey).catch(() => undefined))?.mode ?? 0
  if ((peerMode & others) !== 0) troubles.push(new TramError('FILE_EXPOSED', { file: peerKey, mode: octal(peerMode) }))
  if (troubles.length === 0 && count === 0) return [absent('không có tệp bí mật riêng', 'there are none')]
  return troublesOr(
    troubles,
    pass(`${count} tệp, chỉ chủ sở hữu đọc được`, `${count} files, readable by their owner only`),
  )
}
