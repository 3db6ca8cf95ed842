// Composition root of `tram console`, the service console on a serial line: a program of its own, so that a technician finds it
// also when the station does not start. main.ts calls it. What it cannot do on this box is handed on as absent.
import { execFile } from 'node:child_process'
import { access } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { promisify } from 'node:util'
import { systemClock } from './base/clock.ts'
import { asTramError, isSystemError, TramError } from './base/errors.ts'
import { startAll, stopAll } from './base/lifecycle.ts'
import { createLogger, type Logger, logFields } from './base/logger.ts'
import { parseOptions } from './base/options.ts'
import { type DataPaths, dataPaths } from './base/paths.ts'
import { tramVersion } from './base/version.ts'
import { loadConfig, readConfigText } from './config.ts'
import { changeConfigFile } from './config-edit.ts'
import { boxActions } from './console-box.ts'
import { peerFingerprint } from './document/peer-fingerprint.ts'
import { publicKeyFromFile } from './equipment/link/peer-key-file.ts'
import { bootedSlot } from './equipment/rauc/update-records.ts'
import { SerialportLine } from './equipment/serial/serialport-line.ts'
import type { HealthReport, TokenHealth } from './exchange/health/station-health.ts'
import { ApiClient, type ApiRequest } from './surface/cli/api-client.ts'
import type { ConsoleActions } from './surface/console/console-actions.ts'
import { type ConsoleOptions, consoleOptions } from './surface/console/console-options.ts'
import { withoutDocuments } from './surface/console/console-texts.ts'
import { networkText } from './surface/console/network-facts.ts'
import { ServiceConsole } from './surface/console/service-console.ts'
import { type StickFile, saveToStick } from './surface/console/stick.ts'
import { maxBundleBytes } from './surface/doctor/support-bundle.ts'

const baudRate = 115_200
/** The station answers from memory; what takes longer does not come. */
const apiMs = 60_000
const commandMs = 60_000
/** The menu does not wait longer to know whether there are lights. */
const lightsMs = 2_000

export interface ConsoleWish {
  configFile: string
  /** Instead of the one in the configuration. */
  line: string | undefined
  /** argv of the signer program, without `--config`: the doctor looks at the token with it. */
  signerCommand: readonly string[]
}

/**
 * Serves the console until `signal`.
 * @throws TramError CONFIG_INVALID when no line is named anywhere
 */
export async function runConsole(wish: ConsoleWish, logger: Logger, signal: AbortSignal): Promise<void> {
  const file = resolve(wish.configFile)
  const options = await readConsoleOptions(file, wish.line, logger)
  const path = wish.line ?? options.line
  if (path === undefined)
    throw new TramError('CONFIG_INVALID', { file, line: 1, key: 'console.line', detail: 'is missing' })
  const line = new SerialportLine({ path, baudRate }, { logger })
  const actions = consoleActions(file, options, wish.signerCommand)
  // For the greeting.
  await actions.title()
  const serviceConsole = new ServiceConsole(
    {
      language: options.language,
      idleMs: options.idle_seconds * 1000,
      version: tramVersion,
      slot: await bootedSlot('/proc'),
    },
    { line, actions, clock: systemClock, logger },
  )
  const services = [serviceConsole, line]
  await startAll(services, signal)
  logger.info({ step: 'console-ready', line: path, pid: process.pid }, 'the service console listens')
  const { promise: asked, resolve: stop } = Promise.withResolvers<void>()
  signal.addEventListener('abort', () => stop(), { once: true })
  if (signal.aborted) stop()
  // While the plug is out nothing else keeps the process: the line's own timers hold up no station that wants to end.
  const alive = setInterval(() => undefined, 3_600_000)
  await asked
  clearInterval(alive)
  await stopAll(services)
}

/** The section alone: a mistake elsewhere must not keep the technician out who comes because of it. */
async function readConsoleOptions(file: string, line: string | undefined, logger: Logger): Promise<ConsoleOptions> {
  const parse = (text: string): ConsoleOptions =>
    parseOptions(text, file, { console: consoleOptions }, 'ignore').console
  try {
    return parse(await readConfigText(file))
  } catch (error) {
    if (line === undefined) throw error
    logger.warn(logFields(asTramError(error)), 'the configuration cannot be read; the console uses its defaults')
    return parse('')
  }
}

/** What this box can do. The configuration is read anew each time: it is changed here, and elsewhere. */
function consoleActions(file: string, options: ConsoleOptions, signerCommand: readonly string[]): ConsoleActions {
  const { restart_command: restart, unmount_command: unmount, stick_folder } = options
  const station = async () => (await loadConfig(file)).station
  const paths = async (): Promise<DataPaths> => dataPaths((await station()).data_folder)
  const ask = async <Answer>(what: ApiRequest, signal: AbortSignal): Promise<Answer> => {
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(apiMs)])
    return await new ApiClient((await paths()).apiSocket, bounded).ask<Answer>(what)
  }
  const saveBundle = async (folder: string, signal: AbortSignal): Promise<StickFile> => {
    // Collected once the stick has been found good.
    const collect = async function* (): AsyncGenerator<Uint8Array> {
      const { bundleSupport } = await import('./doctor.ts')
      yield* (await bundleSupport(file, signerCommand, createLogger('silent'), signal)).stream
    }
    // With the time in it, so that the one before stays. FAT takes these letters.
    const time = new Date(systemClock.now()).toISOString().replace(/[-:]|\.\d+Z$/g, '')
    const id = await station().then(
      ({ id: known }) => known,
      () => 'unknown',
    )
    return await saveToStick(folder, `tram-${id}-${time}.zip`, collect(), maxBundleBytes)
  }
  let known: string | undefined
  const fingerprint = async (): Promise<string | undefined> => {
    known = (await fingerprintOf((await paths()).peerKey)) ?? undefined
    return known
  }
  const health = (signal: AbortSignal) => ask<HealthReport>({ path: 'health' }, signal)
  const lights = async (signal: AbortSignal) => await ask<{ lights: string[] }>({ path: 'identify' }, signal)
  return {
    fingerprint: () => known,
    async title() {
      // Entry 3 tells why there is none.
      await fingerprint().catch(() => undefined)
      return await station().then(
        ({ id, name }) => `${id} - ${name}`,
        // Why is told by every entry that needs it.
        () => '',
      )
    },
    health,
    network: async (language) => networkText(language, (await loadConfig(file)).box.sys_folder),
    fingerprints: async (signal) => ({
      version: tramVersion,
      station: (await station()).id,
      fingerprint: (await fingerprint()) ?? null,
      peerId: await peerId((await paths()).peerKey),
      certificateSha256: await health(signal).then(
        ({ token }) => token.certificateSha256,
        (error: unknown) => {
          if (asTramError(error).code === 'STATION_NOT_RUNNING') return null
          throw error
        },
      ),
    }),
    doctor: async (language, signal) => {
      const { examine } = await import('./doctor.ts')
      const { doctorText } = await import('./surface/doctor/doctor-text.ts')
      const report = await examine(file, { isNetworkAsked: false }, signerCommand, createLogger('silent'), signal)
      return doctorText({ ...report, checks: report.checks.map(withoutDocuments) }, language)
    },
    selftest: async (language, signal) => {
      const { testStation } = await import('./doctor.ts')
      const { selfTestText } = await import('./surface/doctor/self-test-text.ts')
      const report = await testStation(file, signerCommand, createLogger('silent'), signal)
      return selfTestText({ ...report, checks: report.checks.map(withoutDocuments) }, language)
    },
    ...(stick_folder === undefined
      ? {}
      : {
          stick: {
            saveBundle: async (signal: AbortSignal) => await saveBundle(resolve(dirname(file), stick_folder), signal),
            release: async (signal: AbortSignal) => {
              if (unmount !== undefined) await runCommand(unmount, signal)
            },
          },
        }),
    lights: {
      areThere: (signal) =>
        lights(AbortSignal.any([signal, AbortSignal.timeout(lightsMs)])).then(
          (answer) => answer.lights.length > 0,
          // The lights are the station's; why it does not answer is told by every entry that needs it.
          () => false,
        ),
      identify: async (seconds, signal) => {
        await ask({ method: 'POST', path: 'identify', json: { seconds } }, signal)
      },
    },
    enterPin: (pin, signal) => ask<TokenHealth>({ method: 'POST', path: 'pin', json: { pin } }, signal),
    settings: {
      read: async () => {
        const { station, backend } = await loadConfig(file)
        return { name: station.name, backends: backend.map(({ systemid, agencies }) => ({ systemid, agencies })) }
      },
      change: (change) => changeConfigFile(file, change),
    },
    box: boxActions(file),
    ...(restart === undefined ? {} : { restart: (signal: AbortSignal) => runCommand(restart, signal) }),
  }
}

/** Null before the station has made its key, which is not the console's to make. */
async function fingerprintOf(keyFile: string): Promise<string | null> {
  try {
    return peerFingerprint(await publicKeyFromFile(keyFile))
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null
    throw error
  }
}

/** The same. */
async function peerId(keyFile: string): Promise<string | null> {
  try {
    await access(keyFile)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return null
    throw error
  }
  const { peerIdFromKeyFile } = await import('./equipment/link/libp2p-identity.ts')
  return await peerIdFromKeyFile(keyFile)
}

/** Runs a command of the configuration (argv, no shell). @throws TramError COMMAND_FAILED */
export async function runCommand([program = '', ...argv]: readonly string[], signal: AbortSignal): Promise<void> {
  try {
    await promisify(execFile)(program, argv, { signal, timeout: commandMs, maxBuffer: 1024 * 1024 })
  } catch (error) {
    const detail = (error instanceof Error ? error.message : String(error)).slice(0, 500)
    throw new TramError('COMMAND_FAILED', { command: program, detail }, { cause: error })
  }
}
