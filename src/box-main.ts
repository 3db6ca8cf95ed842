// The program `tram-box`: what an appliance needs root for, asked by the station's user over a socket of systemd's (tram-box.socket), or
// started by systemd at boot. A process for each request: nothing stays in memory, and nothing of one client reaches the next.
// Composition root: argv, signals, exit codes; the closed list of actions.
import { asTramError, isSystemError, TramError } from './base/errors.ts'
import { createLogger, logFields } from './base/logger.ts'
import { tramVersion } from './base/version.ts'
import { takePartition } from './box-medium.ts'
import { applianceConfigFile, networkPlan, networkTrial, trialFile } from './box-network.ts'
import { takeStick } from './box-stick.ts'
import { parseConfig } from './config.ts'
import { underBoxLock } from './equipment/box/box-lock.ts'
import { readRootFile } from './equipment/box/root-files.ts'
import { runProgram } from './equipment/box/system-program.ts'
import { applyNetwork } from './equipment/network/box-network.ts'
import { Rauc } from './equipment/rauc/rauc.ts'
import { UpdateRecords } from './equipment/rauc/update-records.ts'
import type { BoxActions } from './surface/box/box-action.ts'
import { serveBoxRequest } from './surface/box/box-connection.ts'
import { networkActions } from './surface/box/network-actions.ts'
import { restartStation } from './surface/box/station-actions.ts'
import { type UpdateActionDeps, updateActions } from './surface/box/update-actions.ts'

const lockFile = '/run/tram-box/lock'
const maxConfigBytes = 1024 * 1024

// Standard output is the connection.
const logger = createLogger('info', process.stderr)
const stopping = new AbortController()
for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => stopping.abort(new Error(name)))

const update: UpdateActionDeps = {
  rauc: new Rauc({ program: ['/usr/bin/rauc'] }),
  records: new UpdateRecords('/var/lib/tram/update'),
  ...{ version: tramVersion, procFolder: '/proc', sysFolder: '/sys' },
  run: runProgram,
  // A box without a configuration has no time of its own for it.
  rebootAt: async () => (await configOf(applianceConfigFile))?.update.reboot_at,
  now: () => Date.now(),
}

/** Every action that there is. */
const actions: BoxActions = {
  'restart-station': restartStation(runProgram),
  ...updateActions(update),
  ...networkActions(networkTrial()),
}

const alone = <Result>(act: () => Promise<Result>): Promise<Result> => underBoxLock(lockFile, act)

/** A tram.toml that root reads; undefined when there is none. */
async function configOf(file: string) {
  try {
    return parseConfig(await readRootFile(file, maxConfigBytes), applianceConfigFile)
  } catch (error) {
    if (isSystemError(error, 'ENOENT')) return undefined
    throw error
  }
}

/** What systemd starts, by its first argument. */
const commands: Readonly<Record<string, (argument: string) => Promise<void>>> = {
  async serve() {
    await serveBoxRequest({
      ...{ input: process.stdin, output: process.stdout, actions, alone, logger },
      signal: stopping.signal,
    })
    process.stdin.destroy()
  },
  /** At boot, and whenever an interface comes or the configuration changes. Not under the lock: who changes it holds that. */
  async network() {
    const config = (await configOf(trialFile)) ?? (await configOf(applianceConfigFile))
    const missing = await applyNetwork(networkPlan(config), { run: '/run', sys: '/sys' }, runProgram)
    logger.info({ missing }, 'the network is as configured')
  },
  /** At boot: what lies on the FAT partition. */
  async 'first-boot'() {
    logger.info({ outcome: await alone(() => takePartition('/boot/firmware')) }, 'the FAT partition was looked at')
  },
  /** When a stick labelled TRAM is plugged in: the kernel's name of its partition. */
  async stick(device) {
    if (!/^[a-z0-9]{1,32}$/.test(device)) throw new TramError('REQUEST_INVALID', { field: 'device', detail: device })
    await takeStick(device, update, alone, logger, stopping.signal)
  },
}

const [name = '', argument, ...rest] = process.argv.slice(2)
const command = Object.hasOwn(commands, name) && rest.length === 0 ? commands[name] : undefined
// By hand, on a machine that is no appliance, it would close the packet filter and change the name of that machine.
if (process.env.INVOCATION_ID === undefined) {
  process.stderr.write(
    'tram-box: systemd starts this on an appliance; by hand, start its unit: systemctl start tram-network\n',
  )
  process.exitCode = 2
} else if (command === undefined || (argument !== undefined) !== (name === 'stick')) {
  process.stderr.write(`usage: tram-box ${Object.keys(commands).join(' | ')} DEVICE\n`)
  process.exitCode = 2
} else {
  try {
    await command(argument ?? '')
  } catch (error) {
    logger.fatal({ command: name, ...logFields(asTramError(error)) }, 'failed')
    process.exitCode = 1
  }
}
