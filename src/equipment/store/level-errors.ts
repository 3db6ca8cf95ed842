// What errors of classic-level mean, as conditions. Knows its codes and the texts of LevelDB beneath; for level-store.ts.
import { TramError } from '../../base/errors.ts'

/** The error and its causes: abstract-level wraps what LevelDB said on opening. */
function chain(error: unknown): Error[] {
  const errors: Error[] = []
  for (let next = error; next instanceof Error && errors.length < 5; next = next.cause) errors.push(next)
  return errors
}

/** Whether the disk was full (LevelDB gives the C library's text, `strerror(ENOSPC)`, not its number). */
export function isLevelDiskFull(error: unknown): boolean {
  return chain(error).some(({ message }) => /No space left on device|Disk quota exceeded|ENOSPC/.test(message))
}

/**
 * An error of LevelDB or of the file system around it as a condition.
 * @returns STORE_LOCKED, STORE_DAMAGED, DISK_FULL or STORE_FAILED; a TramError as it is
 */
export function levelFailure(error: unknown, folder: string): TramError {
  if (error instanceof TramError) return error
  const errors = chain(error)
  const codes = errors.map((each) => ('code' in each ? each.code : undefined))
  const detail = errors.at(-1)?.message ?? String(error)
  if (codes.includes('LEVEL_LOCKED')) return new TramError('STORE_LOCKED', { folder }, { cause: error })
  if (codes.includes('LEVEL_CORRUPTION'))
    return new TramError('STORE_DAMAGED', { place: folder, detail }, { cause: error })
  if (isLevelDiskFull(error)) return new TramError('DISK_FULL', { neededBytes: 0, freeBytes: 0 }, { cause: error })
  return new TramError('STORE_FAILED', { detail }, { cause: error })
}
