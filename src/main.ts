// The program `tram`: argv, signals and exit codes. Everything else is in the composition roots and the command line surface.
import { join } from 'node:path'
import { asTramError } from './base/errors.ts'
import { createLogger, logFields } from './base/logger.ts'
import { loadConfig } from './config.ts'
import { startStation } from './station.ts'

/** argv of the signer program that belongs to this one: the bundle beside it, or the source when run from source. */
function signerCommand(): string[] {
  const folder = import.meta.dirname
  if (!import.meta.filename.endsWith('.ts')) return [process.execPath, join(folder, 'tram-signer.mjs')]
  return [process.execPath, '--import', 'tsx', join(folder, 'equipment/token/signer-main.ts')]
}

async function run(configFile: string): Promise<number> {
  const config = await loadConfig(configFile)
  const logger = createLogger(config.station.log_level)
  const stopping = new AbortController()
  const { promise: asked, resolve: stop } = Promise.withResolvers<string>()
  for (const name of ['SIGTERM', 'SIGINT'] as const) {
    process.once(name, () => {
      stopping.abort()
      stop(name)
    })
  }
  const station = await startStation(config, signerCommand(), logger, stopping.signal)
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

const [command, flag, file] = process.argv.slice(2)
if (command === 'run' && flag === '--config' && file !== undefined) {
  try {
    process.exitCode = await run(file)
  } catch (error) {
    const trouble = asTramError(error)
    createLogger('fatal').fatal(logFields(trouble), trouble.condition.vi)
    process.exitCode = 1
  }
} else {
  process.stderr.write('tram run --config FILE\n')
  process.exitCode = 2
}
