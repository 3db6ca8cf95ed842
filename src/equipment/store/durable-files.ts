// Small acts on files that must survive a power cut. A new or renamed file is only there for certain once the folder
// that names it has been synced. Used by the stores of records and packets.
import { mkdir, open, readdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'

/** Makes the names in `folder` durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes `folder` and its missing parents (mode 0700) and makes their names durable. */
export async function makeFolder(folder: string): Promise<void> {
  const firstMade = await mkdir(folder, { recursive: true, mode: 0o700 })
  if (firstMade === undefined) return
  for (let made = folder; made.length >= firstMade.length; made = dirname(made)) await syncFolder(dirname(made))
}

/** The names in `folder`; none when it is not there. */
export async function listFolder(folder: string): Promise<string[]> {
  try {
    return await readdir(folder)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return []
    throw error
  }
}

/**
 * A failed write as a TramError: DISK_FULL for ENOSPC and EDQUOT, else STORE_FAILED.
 * @param neededBytes what was to be written
 */
export function writeFailure(error: unknown, neededBytes: number): TramError {
  if (error instanceof TramError) return error
  if (isSystemError(error, 'ENOSPC') || isSystemError(error, 'EDQUOT'))
    return new TramError('DISK_FULL', { neededBytes, freeBytes: 0 }, { cause: error })
  const detail = error instanceof Error ? error.message : String(error)
  return new TramError('STORE_FAILED', { detail }, { cause: error })
}
