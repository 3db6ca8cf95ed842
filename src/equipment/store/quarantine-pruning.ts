// Bounds what lies in quarantine. Evidence of a loss that nobody has made good yet is not counted and never deleted; the rest is
// for people who look for a cause, may hold whole packets, and goes by age and when there is too much of it.
import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../base/errors.ts'
import { syncFolder, writeFailure } from './durable-files.ts'
import { isUnsettled } from './store-inspection.ts'

export interface QuarantineBounds {
  /** How long settled evidence is kept, ms. */
  keepMs: number
  /** How many bytes of settled evidence are kept. */
  maxBytes: number
}

/**
 * Deletes settled evidence beyond the bounds, oldest first. Its age counts from when it came here or was settled.
 * @param nowMs ms since 1970, of a clock that is believed
 * @returns how many files were deleted
 * @throws TramError STORE_FAILED
 */
export async function pruneQuarantine(folder: string, bounds: QuarantineBounds, nowMs: number): Promise<number> {
  try {
    const newestFirst = (await settledEvidence(folder)).sort((a, b) => b.changedMs - a.changedMs)
    let bytes = 0
    let deleted = 0
    for (const { file, sizeBytes, changedMs } of newestFirst) {
      bytes += sizeBytes
      if (bytes <= bounds.maxBytes && nowMs - changedMs < bounds.keepMs) continue
      await rm(file, { force: true })
      deleted += 1
    }
    if (deleted > 0) await syncFolder(folder)
    return deleted
  } catch (error) {
    throw writeFailure(error, 0)
  }
}

interface Evidence {
  file: string
  sizeBytes: number
  changedMs: number
}

async function settledEvidence(folder: string): Promise<Evidence[]> {
  const found: Evidence[] = []
  try {
    for (const name of await readdir(folder)) {
      if (isUnsettled(name)) continue
      const file = join(folder, name)
      // The time of the last change of its name: that of its bytes is often from long before it was found damaged.
      const stats = await lstat(file)
      if (stats.isFile()) found.push({ file, sizeBytes: stats.size, changedMs: stats.ctimeMs })
    }
  } catch (error) {
    // No folder yet; or it was settled or replaced just now, and the next pass sees it.
    if (!isSystemError(error, 'ENOENT')) throw error
  }
  return found
}
