// `tram doctor`: every check at the same time, each with a deadline, none able to stop another. Nothing is written, no PIN is tried.
// Called through src/doctor.ts by the command line and the service console; the checks are in check-*.ts.
import { TramError } from '../../base/errors.ts'
import { brokerCheck, powerCheck, timeCheck } from './check-box.ts'
import { directoryCheck, trustCheck } from './check-directory.ts'
import { dataCheck, diskCheck, secretsCheck } from './check-folders.ts'
import { addressesCheck, listenersCheck, peersCheck } from './check-network.ts'
import { configurationCheck, platformCheck, stationCheck } from './check-station.ts'
import { storeCheck } from './check-store.ts'
import { certificateCheck, moduleCheck, tokenCheck } from './check-token.ts'
import {
  absent,
  type CheckLine,
  type CheckName,
  type DoctorReport,
  lineOf,
  overallOf,
  trouble,
} from './doctor-report.ts'
import type { Check, DoctorSite } from './doctor-site.ts'

export interface DoctorOptions {
  /** Also call other stations. */
  isNetworkAsked: boolean
  /** How long one check may take, ms. Default 20 s: a signer that starts, a directory of 125,000 agencies. */
  checkTimeoutMs?: number
}

const defaultCheckTimeoutMs = 20_000

const checks: readonly [CheckName, Check][] = [
  ['configuration', configurationCheck],
  ['platform', platformCheck],
  ['station', stationCheck],
  ['data', dataCheck],
  ['disk', diskCheck],
  ['store', storeCheck],
  ['secrets', secretsCheck],
  ['module', moduleCheck],
  ['token', tokenCheck],
  ['certificate', certificateCheck],
  ['trust', trustCheck],
  ['directory', directoryCheck],
  ['listeners', listenersCheck],
  ['addresses', addressesCheck],
  ['power', powerCheck],
  ['time', timeCheck],
  ['broker', brokerCheck],
]

/**
 * Runs every check. Takes little longer than the slowest, at most the deadline of one.
 * @throws the signal's reason, nothing else
 */
export async function runDoctor(site: DoctorSite, options: DoctorOptions, signal: AbortSignal): Promise<DoctorReport> {
  const network: Check = options.isNetworkAsked
    ? peersCheck
    : async () => [absent('chưa thử (thêm --network)', 'not tried (add --network)')]
  const wanted: [CheckName, Check][] = [...checks, ['peers', network]]
  const timeoutMs = options.checkTimeoutMs ?? defaultCheckTimeoutMs
  const lines = await Promise.all(wanted.map(([name, check]) => runCheck(name, check, site, timeoutMs, signal)))
  signal.throwIfAborted()
  return reportOf(site, withoutRepeats(lines.flat()))
}

/** The report of lines that were found; the configuration may be one that cannot be read. */
export async function reportOf(site: DoctorSite, lines: CheckLine[]): Promise<DoctorReport> {
  const station = await site.config().then(
    (config) => config.station.id,
    () => null, // the configuration's own line says why
  )
  return { format: 1, station, version: site.version, at: site.now(), overall: overallOf(lines), checks: lines }
}

/** One check within its deadline, whatever it waits for. Never throws. */
export async function runCheck(
  name: CheckName,
  check: Check,
  site: DoctorSite,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<CheckLine[]> {
  const ending = new AbortController()
  const { promise: late, reject } = Promise.withResolvers<never>()
  const end = (detail: string): void => {
    const reason = new TramError('CHECK_UNFINISHED', { check: name, detail })
    ending.abort(reason)
    reject(reason)
  }
  const onAbort = (): void => end('stopped')
  const timer = setTimeout(() => end(`no answer within ${timeoutMs} ms`), timeoutMs)
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    return (await Promise.race([check(site, ending.signal), late])).map((finding) => lineOf(name, finding))
  } catch (error) {
    // Every check needs the configuration, and its own line says what is wrong with it.
    if (name !== 'configuration' && error instanceof TramError && error.code === 'CONFIG_INVALID')
      return [lineOf(name, absent('cần cấu hình đúng', 'needs a valid configuration'))]
    return [lineOf(name, trouble(isOurs(error) ? error : unfinished(name, error)))]
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

const isOurs = (error: unknown): boolean => error instanceof TramError && error.code !== 'INTERNAL'

function unfinished(check: CheckName, cause: unknown): TramError {
  const detail = cause instanceof Error ? cause.message : String(cause)
  return new TramError('CHECK_UNFINISHED', { check, detail }, { cause })
}

/** The running station reports conditions that a check of its own has found as well: they are said there. */
function withoutRepeats(lines: readonly CheckLine[]): CheckLine[] {
  const told = new Set(lines.flatMap(({ check, code }) => (check === 'station' || code === null ? [] : code)))
  const kept = lines.filter(({ check, code }) => check !== 'station' || code === null || !told.has(code))
  if (kept.some(({ check }) => check === 'station')) return kept
  const at = kept.findIndex(({ check }) => check === 'data')
  return kept.toSpliced(
    at,
    0,
    lineOf('station', absent('đang chạy; xem các dòng dưới', 'it runs; see the lines below')),
  )
}
