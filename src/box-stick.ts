// Composition root of what a box does with a stick labelled TRAM (tram-stick@.service): factory reset or restore, and then nothing else;
// configuration, support bundle, backup, update, in this order, and what became of it in its tram-result.txt. A stick may go at any
// moment: then only nobody reads how it ended.
import { readdir, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { asTramError } from './base/errors.ts'
import { type Logger, logFields } from './base/logger.ts'
import { dataPaths } from './base/paths.ts'
import { stickCarry } from './box-carry.ts'
import {
  boxFacts,
  fingerprintOf,
  isThere,
  markTaken,
  mediumDeps,
  mediumIn,
  stationFolder,
  stationHealth,
  takenBefore,
  takenFiles,
} from './box-medium.ts'
import { applianceConfigFile } from './box-network.ts'
import { runProgram } from './equipment/box/system-program.ts'
import { endReset, factoryReset, type ResetDeps } from './surface/box/factory-reset.ts'
import { importMedium, type MediumAccess, resultName } from './surface/box/medium-import.ts'
import { type MediumPart, resultText } from './surface/box/medium-result.ts'
import { backupToStick, restoreFromStick, supportToStick } from './surface/box/stick-carry.ts'
import { updateFromStick } from './surface/box/stick-update.ts'
import { restartIn, type UpdateActionDeps } from './surface/box/update-actions.ts'

/** Where the service mounts a stick, a folder for each device. */
const mountFolder = '/run/tram-stick'
/** What makes the box this station, besides its configuration and its data. Of updates and of the box itself everything stays. */
const erased = ['/etc/credstore.encrypted/tram.pin', '/var/lib/tram/tokens', '/var/lib/tram/signer', takenFiles.stick]

/**
 * Does what the stick on `device` asks for; it is mounted, for reading.
 * @param alone runs an act while nothing else changes the box
 * @param signal the system wants the program to end
 */
export async function takeStick(
  device: string,
  update: UpdateActionDeps,
  alone: <Result>(act: () => Promise<Result>) => Promise<Result>,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const folder = join(mountFolder, device)
  const medium = mediumIn(folder, async (act) => {
    await runProgram(['mount', '-o', 'remount,rw', folder])
    try {
      return await act()
    } finally {
      await runProgram(['mount', '-o', 'remount,ro', folder])
    }
  })
  try {
    await alone(() => handle(medium, update, logger, signal))
  } catch (error) {
    const busy = asTramError(error)
    if (busy.code !== 'BOX_BUSY') throw error
    const headline = { vi: 'CHƯA LÀM GÌ', en: 'NOTHING WAS DONE' }
    await tell(medium, [{ headline, error: busy, lines: [] }], logger)
  }
}

async function handle(
  medium: MediumAccess,
  update: UpdateActionDeps,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const reset = await factoryReset(medium, resetDeps)
  if (reset !== undefined) {
    // What else is on it waits: whoever wanted a reset did not mean it for the box as it is.
    await tell(medium, [reset.part], logger)
    if (!reset.isReset) return
    await endReset(medium).catch((error: unknown) => logger.warn(logFields(asTramError(error)), 'the stick is gone'))
    await runProgram(['systemctl', '--no-wall', '--no-block', 'reboot'])
    return
  }
  const carry = stickCarry(signal)
  const restored = await restoreFromStick(medium, carry)
  // The backup brings its own configuration.
  if (restored !== undefined) return await tell(medium, [restored], logger)
  const parts: MediumPart[] = []
  const { outcome, part } = await importMedium(medium, mediumDeps('stick'))
  if (part !== undefined) parts.push(part)
  for (const done of [await supportToStick(medium, carry), await backupToStick(medium, carry)])
    if (done !== undefined) parts.push(done)
  const found = await updateFromStick(medium.folder, {
    ...update,
    signal,
    wasTaken: async (digest) => (await takenBefore('stick')).includes(digest),
    markTaken: (digest) => markTaken('stick', digest),
  })
  if (found !== undefined) parts.push(found.part)
  logger.info({ configuration: outcome, update: found?.part.headline.en ?? 'none' }, 'the stick was looked at')
  if (parts.length > 0) await tell(medium, parts, logger)
  if (found?.due !== undefined) await restartIn(found.due.minutes, found.due.installed, update)
}

/** Writes the result, for who reads it. */
async function tell(medium: MediumAccess, parts: readonly MediumPart[], logger: Logger): Promise<void> {
  for (const { headline, error } of parts)
    logger.info({ outcome: headline.en, ...(error === undefined ? {} : logFields(error)) }, 'from a stick')
  try {
    await medium.write(resultName, resultText(parts, await boxFacts()))
  } catch (error) {
    logger.warn(logFields(asTramError(error)), 'the result could not be written to the stick')
  }
}

const resetDeps: ResetDeps = {
  fingerprint: () => fingerprintOf(stationFolder),
  async openDocuments() {
    // Its documents were counted before its configuration went: what is left is a reset to be finished.
    if (!(await isThere(applianceConfigFile))) return 0
    try {
      return openDeliveries(await stationHealth())
    } catch {
      return undefined // the station does not run, so nobody can tell
    }
  },
  async erase() {
    await runProgram(['systemctl', 'stop', 'tram.service', 'tram-signer.service'], { timeoutMs: 240_000 })
    // First, so that nothing runs with a part of it; the key last: as long as it is there, the same stick finishes what was cut.
    await rm(applianceConfigFile, { force: true })
    await empty(dirname(applianceConfigFile), ['softhsm2.conf', 'tram.toml.example'])
    for (const path of erased) await rm(path, { recursive: true, force: true })
    const { peerKey } = dataPaths(stationFolder)
    await empty(stationFolder, [peerKey.slice(stationFolder.length + 1)])
    await runProgram(['sync'])
    await rm(peerKey, { force: true })
    await runProgram(['sync'])
  },
}

/** Deliveries that wait, of all recipients, and what waits for the token; undefined when the report does not know. @param report of `tram health --json` */
export function openDeliveries(report: {
  store?: { state?: unknown }
  queues?: readonly { depth?: unknown }[]
  sealing?: { waybills?: unknown }
}): number | undefined {
  if (report.store?.state !== 'ok' || !Array.isArray(report.queues)) return undefined
  const sum = report.queues.reduce((all, { depth }) => all + Number(depth), Number(report.sealing?.waybills))
  return Number.isSafeInteger(sum) ? sum : undefined
}

/** All that is in a folder but these names. */
async function empty(folder: string, but: readonly string[]): Promise<void> {
  if (!(await isThere(folder))) return
  for (const name of await readdir(folder))
    if (!but.includes(name)) await rm(join(folder, name), { recursive: true, force: true })
}
