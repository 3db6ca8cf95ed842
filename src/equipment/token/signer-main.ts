// The signer program: holds the token and nothing else, and answers the station over a Unix socket. Composition root
// of equipment/token: argv, signals, exit codes. Recovers by exiting; whoever started it starts it again.
import { closeSync, openSync, readSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { asTramError, TramError } from '../../base/errors.ts'
import { type Service, startAll, stopAll } from '../../base/lifecycle.ts'
import { createLogger, type Logger, logFields } from '../../base/logger.ts'
import { maxConfigLength, parseOptions } from '../../base/options.ts'
import { type DataPaths, dataPaths } from '../../base/paths.ts'
import { PinFile } from './pin-file.ts'
import { PinGuard } from './pin-guard.ts'
import { lookAtToken } from './pkcs11-look.ts'
import { Pkcs11Module } from './pkcs11-module.ts'
import { Pkcs11Token } from './pkcs11-token.ts'
import { encodeDescription } from './signer-frames.ts'
import { lookMark } from './signer-look.ts'
import { SignerServer } from './signer-server.ts'
import { type SignerWatchdog, startSignerWatchdog } from './signer-watchdog.ts'
import { signerStationOptions, type TokenOptions, tokenOptions } from './token-options.ts'

/**
 * How the signer ends. `stopped`: told to. `failed`: an error of ours. `usage`: arguments or configuration; starting
 * again does not help. `running`: another signer serves the folder. `broken`: the token or its library needs a new process.
 * A library call that never returns ends it by SIGKILL.
 */
const exitCodes = { stopped: 0, failed: 1, usage: 2, running: 3, broken: 4 } as const

const usage = 'usage: signer-main --config tram.toml [--until-stdin-ends] [--stuck-after-ms 60000] | --look'

interface Arguments {
  config: string
  untilStdinEnds: boolean
  /** Print what the token says without a login, and end. */
  look: boolean
  /** A call of the library that takes longer will never return. */
  stuckAfterMs: number
}

function readArguments(argv: readonly string[]): Arguments {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      config: { type: 'string' },
      'until-stdin-ends': { type: 'boolean', default: false },
      look: { type: 'boolean', default: false },
      'stuck-after-ms': { type: 'string', default: '60000' },
    },
  })
  const stuckAfterMs = Number(values['stuck-after-ms'])
  if (values.config === undefined || !(stuckAfterMs >= 100)) throw new TypeError(usage)
  return { config: values.config, untilStdinEnds: values['until-stdin-ends'], look: values.look, stuckAfterMs }
}

/** The file's beginning; parseOptions refuses what is longer than it allows, so no more than that is ever read. */
function readBounded(file: string): string {
  const handle = openSync(file, 'r')
  try {
    const buffer = Buffer.alloc(3 * maxConfigLength + 3)
    return buffer.toString('utf8', 0, readSync(handle, buffer))
  } finally {
    closeSync(handle)
  }
}

function readConfig(file: string): { paths: DataPaths; token: TokenOptions; folder: string } {
  const sections = { station: signerStationOptions, token: tokenOptions }
  const { station, token } = parseOptions(readBounded(file), file, sections, 'ignore')
  const folder = dirname(resolve(file))
  const dataFolder = resolve(folder, station.data_folder)
  const ownFolder = token.folder === undefined ? undefined : resolve(folder, token.folder)
  return { paths: dataPaths(dataFolder, ownFolder), token, folder }
}

/** No lock, no socket, no PIN: others may use the token meanwhile. */
function look({ config }: Arguments): void {
  const { paths, token, folder } = readConfig(config)
  const description = lookAtToken(
    new Pkcs11Module(resolve(folder, token.module)),
    new PinGuard({ folder: paths.pinState }),
    { label: token.label, serial: token.serial, keyId: token.key_id },
  )
  process.stdout.write(`${lookMark}${encodeDescription(description)}\n`)
}

/** Only once the signer's own socket has proven that we are alone. */
const alive = (watchdog: SignerWatchdog, path: string, mode: number): Service => ({
  name: 'signer-alive',
  start: () => watchdog.answerOn(path, mode),
  stop: () => rm(path, { force: true }),
})

type OnBroken = (reason: TramError, stuck: boolean) => void

/** The parts in start order: first the socket, which proves that we are alone, then the token. */
function compose(
  { config, stuckAfterMs }: Arguments,
  watchdog: SignerWatchdog,
  logger: Logger,
  onBroken: OnBroken,
): Service[] {
  const { paths, token: options, folder } = readConfig(config)
  const guard = new PinGuard({ folder: paths.pinState })
  const pinFile =
    options.pin_file === undefined
      ? null
      : new PinFile({ path: resolve(folder, options.pin_file), stateFolder: paths.pinState })
  const token = new Pkcs11Token(
    {
      module: resolve(folder, options.module),
      label: options.label,
      serial: options.serial,
      keyId: options.key_id,
      sessions: options.sessions,
      rsaPss: options.rsa_pss,
      operationTimeoutMs: stuckAfterMs,
    },
    { logger, guard, pinFile, onBroken },
  )
  // In a folder of its own the station is another user, and in the group that the service has.
  const mode = options.folder === undefined ? 0o600 : 0o660
  const server = new SignerServer({ socketPath: paths.signerSocket, mode }, { token, logger })
  token.onStateChange = (description) => server.announce(description)
  return [server, alive(watchdog, paths.signerAlive, mode), token]
}

function fail(logger: Logger, error: unknown): never {
  const failure = asTramError(error)
  logger.fatal(logFields(failure), 'the signer cannot go on')
  process.exit(
    failure.code === 'CONFIG_INVALID'
      ? exitCodes.usage
      : failure.code === 'SIGNER_RUNNING'
        ? exitCodes.running
        : exitCodes.failed,
  )
}

async function main(): Promise<void> {
  const logger = createLogger('info')
  process.on('uncaughtException', (error) => fail(logger, error))
  let given: Arguments
  try {
    given = readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${usage}\n`)
    process.exit(exitCodes.usage)
  }
  if (given.look) return look(given)
  const abort = new AbortController()
  const ended = Promise.withResolvers<number>()
  const end = (code: number): void => {
    abort.abort(new TramError('SIGNER_UNREACHABLE', { detail: 'the signer is stopping' }))
    ended.resolve(code)
  }
  for (const name of ['SIGTERM', 'SIGINT'] as const) process.on(name, () => end(exitCodes.stopped))
  if (given.untilStdinEnds) process.stdin.once('close', () => end(exitCodes.stopped)).resume()
  const watchdog = startSignerWatchdog(given.stuckAfterMs)
  const services = compose(given, watchdog, logger, (reason, stuck) => {
    logger.fatal({ ...logFields(reason), stuck }, 'the token needs a new process')
    // An orderly exit joins the thread that hangs in the library.
    if (stuck) process.kill(process.pid, 'SIGKILL')
    else end(exitCodes.broken)
  })
  try {
    await startAll(services, abort.signal)
  } catch (error) {
    if (abort.signal.aborted) process.exit(await ended.promise) // told to end while starting; nothing is left running
    throw error
  }
  const code = await ended.promise
  const failures = await stopAll(services)
  for (const [service, error] of failures) logger.error({ service, detail: error.message }, 'did not stop')
  await watchdog.stop()
  // What did not stop may hang in the library: see above.
  if (failures.size > 0) process.kill(process.pid, 'SIGKILL')
  process.exit(code)
}

main().catch((error) => fail(createLogger('info'), error))
