// What the doctor stands on: the configuration as far as it is looked at, and ways to ask the parts of a station, running or not.
// src/doctor.ts makes it; the checks ask. What several checks need is asked once.
import type { StationOptions } from '../../base/station-options.ts'
import type { Trust } from '../../document/certificate-path.ts'
import type { DirectoryTrust } from '../../document/directory-file.ts'
import type { DirectoryStatement, StationEntry } from '../../document/schema/directory.ts'
import type { BoxReadings } from '../../equipment/host/box-readings.ts'
import type { LinkOptions } from '../../equipment/link/link-options.ts'
import type { StoreOptions } from '../../equipment/store/store-options.ts'
import type { TokenDescription } from '../../equipment/token/token.ts'
import type { TokenOptions } from '../../equipment/token/token-options.ts'
import type { TrustOptions } from '../../exchange/exchange-options.ts'
import type { MetricValues } from '../../exchange/health/metrics.ts'
import type { HealthReport } from '../../exchange/health/station-health.ts'
import type { Finding } from './doctor-report.ts'

/** The sections that are looked at; paths are absolute. */
export interface DoctorConfig {
  file: string
  station: StationOptions
  token: TokenOptions
  trust: TrustOptions
  link: LinkOptions
  store: StoreOptions
  vxp: { listen: string; https_key_file?: string }
  mqtt: { url?: string; key_file?: string }
  ups: { line?: string }
  backend: readonly { secret_file?: string }[]
}

/** The directory file in use, read and verified without the store. */
export interface FoundDirectory {
  statement: DirectoryStatement
  /** This station's own entry. */
  own: StationEntry | undefined
  /** Up to so many others, spread over the directory. */
  others: StationEntry[]
}

/** The token, as the running signer describes it or as it shows itself without a login. */
export interface FoundToken {
  description: TokenDescription
  /** False: nobody has logged in, and nobody shall. */
  isSignerRunning: boolean
}

/** Each method throws TramError, and has a deadline of its own: what it asks for is shared by the checks. */
export interface DoctorSite {
  version: string
  /** Milliseconds since 1970, by the machine's clock. */
  now(): number
  /** @throws TramError CONFIG_INVALID */
  config(): Promise<DoctorConfig>
  /** The running station's report. @throws TramError STATION_NOT_RUNNING, STATION_SOCKET_DENIED */
  health(): Promise<HealthReport>
  /** The running station's numbers. Throws as `health`. */
  metrics(): Promise<MetricValues>
  /** Whether the configured broker and we would have each other. @throws TramError BROKER_UNREACHABLE */
  probeBroker(signal: AbortSignal): Promise<void>
  token(): Promise<FoundToken>
  trust(): Promise<{ seals: Trust; directory: DirectoryTrust; chain: Uint8Array[] }>
  /** Undefined: the station has none. @throws TramError DIRECTORY_INVALID */
  directory(): Promise<FoundDirectory | undefined>
  /** The peer id; undefined when its key has not been made yet. */
  peerId(): Promise<string | undefined>
  box(): Promise<BoxReadings>
}

/** What a support bundle asks for besides. */
export interface BundleSite extends DoctorSite {
  /** Every section, with its secrets: only bundle-masking.ts decides what is shown. */
  config(): Promise<DoctorConfig & Readonly<Record<string, unknown>>>
  /**
   * PINs, keys and secrets that the configuration holds or names; those that can be read. Undefined: the configuration does not
   * read, and nobody can say. Never throws.
   */
  secrets(): Promise<string[] | undefined>
  /** The latest acts of the running station, oldest first. */
  auditTail(): Promise<{ sequence: number; timeMs: number; act: string }[]>
}

/** One check: what it finds, each a line. What it throws becomes a line too. */
export type Check = (site: DoctorSite, signal: AbortSignal) => Promise<Finding[]>
