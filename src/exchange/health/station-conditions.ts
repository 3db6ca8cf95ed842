// Which conditions follow from what the parts of a station say of themselves. Pure; station-health.ts asks.
import { type StateError, TramError } from '../../base/errors.ts'
import type { SpaceReport } from '../../equipment/store/space-keeper.ts'
import type { TokenDescription } from '../../equipment/token/token.ts'
import type { Directory } from '../directory/directory.ts'
import type { Overdue } from '../send/open-deliveries.ts'

const dayMs = 86_400_000
/** An authority's office needs days for a new certificate or directory; the last week is no time for letters any more. */
const warnDays = { certificate: 30, certificateSoon: 7, directory: 14 } as const

export function directoryConditions(
  directory: Pick<Directory, 'version' | 'current' | 'isForked'>,
  now: number,
): StateError[] {
  const { version } = directory
  if (version === 0) return [new TramError('DIRECTORY_MISSING', {})]
  const forked: StateError[] = directory.isForked() ? [new TramError('DIRECTORY_FORKED', { version })] : []
  return [...forked, ...directoryEndConditions(version, directory.current?.expires ?? 0, now)]
}

/** @param expires when the directory of this version ends; 0: never */
export function directoryEndConditions(version: number, expires: number, now: number): StateError[] {
  if (expires === 0 || expires - now > warnDays.directory * dayMs) return []
  if (now >= expires) return [new TramError('DIRECTORY_EXPIRED', { version, expired: dateOf(expires) })]
  return [new TramError('DIRECTORY_EXPIRING', { version, expires: dateOf(expires) })]
}

/** Whether the token can sign is token-trouble.ts; these warn of what comes. */
export function tokenConditions({ label, pinCountLow, pinFinalTry }: TokenDescription): StateError[] {
  if (pinFinalTry) return [new TramError('TOKEN_PIN_FINAL_TRY', { token: label })]
  return pinCountLow ? [new TramError('TOKEN_PIN_COUNT_LOW', { token: label })] : []
}

/** @param endsMs when the first of the certificates ends; null when there is none. One that has ended is the sealer's trouble. */
export function certificateConditions(endsMs: number | null, now: number): StateError[] {
  if (endsMs === null || endsMs <= now) return []
  const days = (endsMs - now) / dayMs
  const data = { expires: dateOf(endsMs), days: Math.ceil(days) }
  if (days <= warnDays.certificateSoon) return [new TramError('CERTIFICATE_EXPIRES_SOON', data)]
  return days <= warnDays.certificate ? [new TramError('CERTIFICATE_EXPIRING', data)] : []
}

export function diskConditions({ open, freeBytes, reservedBytes, watermarkBytes }: SpaceReport): StateError[] {
  if (open) return []
  const aboveBytes = freeBytes - reservedBytes - watermarkBytes
  return [new TramError('DISK_FULL', { neededBytes: Math.max(1, -aboveBytes), freeBytes: Math.max(0, aboveBytes) })]
}

export function overdueConditions({ count, station, oldestAt }: Overdue): StateError[] {
  if (count === 0 || station === null || oldestAt === null) return []
  return [new TramError('DEADLINE_MISSED', { count, station, since: new Date(oldestAt).toISOString() })]
}

const dateOf = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 10)
