// The program `tram`: argv, environment, signals and exit codes. Everything else is in the composition roots, which are loaded
// when a command needs them, and in surface/cli.
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { asTramError } from './base/errors.ts'
import { createLogger, logFields } from './base/logger.ts'
import { dataPaths } from './base/paths.ts'
import { BoxClient } from './equipment/box/box-client.ts'
import { boxSocketPath } from './equipment/box/box-protocol.ts'
import { signerFlags } from './equipment/token/signer-flags.ts'
import type { BackupCommands, DoctorCommands, OfflineCommands } from './surface/cli/cli-context.ts'
import { runCli } from './surface/cli/cli-program.ts'

/** argv of the signer program that belongs to this one: the bundle beside it, or the source when run from source. */
function signerCommand(): string[] {
  const folder = import.meta.dirname
  if (!import.meta.filename.endsWith('.ts')) return [process.execPath, ...signerFlags, join(folder, 'tram-signer.mjs')]
  return [process.execPath, ...signerFlags, '--import', 'tsx', join(folder, 'equipment/token/signer-main.ts')]
}

/** argv of the program that prints the box's inventory, in the same way. */
function inventoryCommand(): string[] {
  const folder = import.meta.dirname
  if (!import.meta.filename.endsWith('.ts')) return [process.execPath, join(folder, 'tram-inventory.mjs')]
  return [process.execPath, '--import', 'tsx', join(folder, 'equipment/host/systeminformation-inventory.ts')]
}

const stopping = new AbortController()
const { promise: asked, resolve: stop } = Promise.withResolvers<string>()
for (const name of ['SIGTERM', 'SIGINT'] as const) {
  process.once(name, () => {
    stopping.abort()
    stop(name)
  })
}

/** Runs the station until a signal. Its failures go to its log: nobody reads a service's terminal. */
async function run(configFile: string): Promise<number> {
  try {
    return await runStation(configFile)
  } catch (error) {
    // Asked to stop before it was ready: what was under way was told to end, and nothing is wrong.
    if (stopping.signal.aborted && (error as Error).name === 'AbortError') return 0
    const trouble = asTramError(error)
    createLogger('fatal').fatal(logFields(trouble), trouble.condition.vi)
    return 1
  }
}

async function runStation(configFile: string): Promise<number> {
  const { loadConfig } = await import('./config.ts')
  const { startStation } = await import('./station.ts')
  const config = await loadConfig(configFile)
  const logger = createLogger(config.station.log_level)
  const commands = { signer: signerCommand(), inventory: inventoryCommand() }
  const { NOTIFY_SOCKET: socket, WATCHDOG_USEC: watchdogUsec, WATCHDOG_PID: watchdogPid } = process.env
  const supervision = { socket, watchdogUsec, watchdogPid }
  const station = await startStation(config, commands, logger, stopping.signal, supervision)
  const { vxpEndpoint, apiSocket, addresses, peerId } = station
  logger.info(
    { step: 'ready', station: config.station.id, vxpEndpoint, apiSocket, addresses, peerId, pid: process.pid },
    'ready',
  )
  logger.info({ signal: await asked }, 'stopping')
  const failures = await station.stop()
  for (const [part, error] of failures) logger.error({ part, detail: error.message }, 'did not stop cleanly')
  return failures.size === 0 ? 0 : 1
}

/** Serves the console until a signal; its log is a service's. */
async function serveConsole(configFile: string, line: string | undefined): Promise<void> {
  const { runConsole } = await import('./console.ts')
  await runConsole({ configFile, line, signerCommand: signerCommand() }, createLogger('info'), stopping.signal)
}

/** Where the configuration is when nobody says: `TRAM_CONFIG`, the folder that we are in, the system's. */
function defaultConfigFile(): string {
  const named = process.env.TRAM_CONFIG
  if (named !== undefined && named !== '') return named
  return existsSync('tram.toml') ? resolve('tram.toml') : '/etc/tram/tram.toml'
}

const load = async (configFile: string) => (await import('./config.ts')).loadConfig(configFile)
// Standard output belongs to what was asked for.
const offlineLogger = () => createLogger('warn', process.stderr)

const offline: OfflineCommands = {
  async writeDescriptor(configFile, signal) {
    const { writeDescriptor } = await import('./offline.ts')
    return writeDescriptor(await load(configFile), signerCommand(), offlineLogger(), signal)
  },
  async buildDirectory(configFile, plan, outFile, signal) {
    const { buildDirectory } = await import('./offline.ts')
    return buildDirectory(await load(configFile), plan, signerCommand(), offlineLogger(), outFile, signal)
  },
  async inspectDirectory(configFile, file) {
    const { inspectDirectory } = await import('./offline.ts')
    return inspectDirectory(await load(configFile), file)
  },
  async verifyEvidence(trust, path) {
    const { verifyEvidenceWith } = await import('./offline.ts')
    if ('configFile' in trust) return verifyEvidenceWith((await load(trust.configFile)).trust, path)
    const { anchors, intermediates, authorities } = trust
    return verifyEvidenceWith(
      { anchors: [...anchors], intermediates: [...intermediates], authority_certificates: [...authorities] },
      path,
    )
  },
}

const doctor: DoctorCommands = {
  async examine(configFile, { network }, signal) {
    const { examine } = await import('./doctor.ts')
    const { doctorText } = await import('./surface/doctor/doctor-text.ts')
    const options = { isNetworkAsked: network }
    const report = await examine(configFile, options, signerCommand(), createLogger('silent'), signal)
    return { value: report, overall: report.overall, text: (language) => doctorText(report, language) }
  },
  async selfTest(configFile, signal) {
    const { testStation } = await import('./doctor.ts')
    const { selfTestText } = await import('./surface/doctor/self-test-text.ts')
    const report = await testStation(configFile, signerCommand(), createLogger('silent'), signal)
    return { value: report, overall: report.overall, text: (language) => selfTestText(report, language) }
  },
  async supportBundle(configFile, signal) {
    const { bundleSupport } = await import('./doctor.ts')
    return bundleSupport(configFile, signerCommand(), createLogger('silent'), signal)
  },
}

const softHsmFile = process.env.SOFTHSM2_CONF
const softHsm = softHsmFile === undefined || softHsmFile === '' ? {} : { softHsmFile }

const backup: BackupCommands = {
  async create(wish, signal) {
    const { createBackup } = await import('./backup.ts')
    return createBackup({ ...wish, ...softHsm }, signal)
  },
  async restore(wish, signal) {
    const { restoreBackup } = await import('./backup.ts')
    return restoreBackup({ ...wish, ...softHsm }, signal)
  },
}

process.exitCode = await runCli(process.argv.slice(2), {
  terminal: { stdout: process.stdout, stderr: process.stderr, stdin: process.stdin },
  signal: stopping.signal,
  defaultConfigFile,
  run,
  console: serveConsole,
  apiSocket: async (configFile) => dataPaths((await load(configFile)).station.data_folder).apiSocket,
  offline,
  doctor,
  box: new BoxClient({ socketPath: boxSocketPath }),
  backup,
  async fleet(wish, signal) {
    const { watchFleet } = await import('./fleet.ts')
    return watchFleet(wish, process, signal)
  },
  now: () => Date.now(),
})
