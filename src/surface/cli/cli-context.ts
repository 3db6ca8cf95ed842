// What every command works with: its options, the station's API, and ways to print. Made by cli-program.ts for one command.

import { type Language, oneLine, type Text } from '../../base/text-format.ts'
import type { EvidenceReport } from '../../document/evidence-report.ts'
import type { DirectoryStatement } from '../../document/schema/directory.ts'
import type { BoxClient } from '../../equipment/box/box-client.ts'
import type { DirectoryPlan } from '../../exchange/directory/directory-builder.ts'
import { ApiClient } from './api-client.ts'
import type { Terminal } from './cli-terminal.ts'

/** What the process ends with. docs/cli.md explains them; a test compares. */
export const exitCodes = {
  ok: 0,
  failed: 1,
  usage: 2,
  notRunning: 3,
  notVerified: 4,
  degraded: 5,
  interrupted: 130,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** Certificates that `verify` believes: those of the configuration, or files named on the command line. */
export type TrustSource =
  | { configFile: string }
  | { anchors: readonly string[]; intermediates: readonly string[]; authorities: readonly string[] }

/** Commands that need no running station; main.ts hands in offline.ts. */
export interface OfflineCommands {
  writeDescriptor(configFile: string, signal: AbortSignal): Promise<Uint8Array>
  buildDirectory(
    configFile: string,
    plan: DirectoryPlan,
    outFile: string,
    signal: AbortSignal,
  ): Promise<DirectoryStatement>
  inspectDirectory(
    configFile: string,
    file: string,
  ): Promise<{ statement: DirectoryStatement; stations: number; agencies: number; served: number }>
  verifyEvidence(trust: TrustSource, path: string): Promise<EvidenceReport>
}

/** What an examination has found, ready to be printed. */
export interface Examination {
  overall: 'ok' | 'degraded' | 'failed'
  /** For `--json`. */
  value: unknown
  text(language: Language): string
}

/** Commands that examine a station, running or not; main.ts hands in doctor.ts. */
export interface DoctorCommands {
  examine(configFile: string, options: { network: boolean }, signal: AbortSignal): Promise<Examination>
  selfTest(configFile: string, signal: AbortSignal): Promise<Examination>
  /** A zip, and what is in it. */
  supportBundle(
    configFile: string,
    signal: AbortSignal,
  ): Promise<{ stream: AsyncIterable<Uint8Array>; members: readonly { name: string; failure?: string }[] }>
}

/** Which broker `fleet` reads, as whom, and how it prints. */
export interface FleetWish {
  /** URL. */
  broker: string
  /** PEM files. */
  ca?: string
  cert?: string
  key?: string
  user?: string
  /** Its first line; without it somebody is asked. */
  passwordFile?: string
  askPassword(): Promise<string>
  site?: string
  isJson: boolean
  isOnce: boolean
  language: Language
}

/** What `backup` is to write. */
export interface BackupWish {
  configFile: string
  folder: string
  /** `age1…` keys; none = a passphrase. */
  recipients: readonly string[]
  /** undefined = one is made. */
  passphrase?: string
  withSoftHsm: boolean
  /** SOFTHSM2_CONF. */
  softHsmFile?: string
  /** Smaller parts than usual. */
  partBytes?: number
}

export interface BackupDone {
  name: string
  files: readonly string[]
  sizeBytes: number
  /** Whether the station ran meanwhile. */
  isRunning: boolean
  /** The one that was made: told once, kept nowhere. */
  passphrase?: string
}

/** What `restore` is to do. */
export interface RestoreWish {
  configFile: string
  /** A folder, or the first part; undefined = only finish what was cut off. */
  from?: string
  identityFile?: string
  askPassphrase(): Promise<string>
  /** Also over documents. */
  replace: boolean
  /** Default: the next one. */
  generation?: number
  /** Default: as in the backup. */
  dataFolder?: string
  withSoftHsm: boolean
  softHsmFile?: string
}

export interface RestoreDone {
  station: string
  generation: number
  dataFolder: string
  configFile: string
  /** When the backup was made; undefined when only the rest of a restore was done. */
  createdMs?: number
  /** Where the former data is. */
  replaced?: string
}

/** Commands that carry a station from one box to another; main.ts hands in backup.ts. */
export interface BackupCommands {
  create(wish: Omit<BackupWish, 'softHsmFile'>, signal: AbortSignal): Promise<BackupDone>
  restore(wish: Omit<RestoreWish, 'softHsmFile'>, signal: AbortSignal): Promise<RestoreDone>
}

/** That of the worst station. */
export type FleetVerdict = 'ok' | 'degraded' | 'failed'

export interface CliDeps {
  terminal: Terminal
  /** Aborts on SIGINT or SIGTERM. */
  signal: AbortSignal
  /** The configuration file when `--config` is not given. */
  defaultConfigFile(): string
  /** Runs the station until it is told to stop. Returns the exit code. */
  run(configFile: string): Promise<number>
  /** Serves the console on a serial line until it is told to stop. @throws TramError CONFIG_INVALID */
  console(configFile: string, line: string | undefined): Promise<void>
  /** Where the station of a configuration has its API. @throws TramError CONFIG_INVALID */
  apiSocket(configFile: string): Promise<string>
  offline: OfflineCommands
  doctor: DoctorCommands
  /** The root program of an appliance. */
  box: Pick<BoxClient, 'ask'>
  backup: BackupCommands
  /** Watches the stations of a broker; prints by itself. The verdict when it was to print once. @throws TramError */
  fleet(wish: FleetWish, signal: AbortSignal): Promise<FleetVerdict | undefined>
  /** Milliseconds since 1970. */
  now(): number
}

/** Options that every command has. */
export interface SharedOptions {
  config?: string
  json?: boolean
}

export class CliContext {
  readonly deps: CliDeps
  readonly language: Language
  readonly #options: SharedOptions

  constructor(deps: CliDeps, language: Language, options: SharedOptions) {
    this.deps = deps
    this.language = language
    this.#options = options
  }

  get configFile(): string {
    return this.#options.config ?? this.deps.defaultConfigFile()
  }

  get signal(): AbortSignal {
    return this.deps.signal
  }

  /** The station's API. @throws TramError CONFIG_INVALID; what it is asked throws STATION_NOT_RUNNING */
  async api(): Promise<ApiClient> {
    return new ApiClient(await this.deps.apiSocket(this.configFile), this.signal)
  }

  text(text: Text): string {
    return text[this.language]
  }

  /** Prints `value` as JSON when that was asked for, else what `lines` makes of it. */
  print(value: unknown, lines: () => string): void {
    const output = this.#options.json === true ? JSON.stringify(value, undefined, 2) : lines()
    this.deps.terminal.stdout.write(output === '' ? '' : `${output}\n`)
  }

  /** Tells people something that is not the answer; JSON has it all in one. */
  note(...lines: readonly string[]): void {
    if (this.#options.json === true) return
    for (const line of lines) this.deps.terminal.stderr.write(`${oneLine(line)}\n`)
  }
}

/** Runs one command. */
export type CliAction = (context: CliContext) => Promise<ExitCode | undefined>
