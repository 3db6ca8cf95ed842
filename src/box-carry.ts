// Composition root of backups, restores and support bundles by stick (surface/box/stick-carry.ts), as root does them on a box.
import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { TramError } from './base/errors.ts'
import { asUser, isThere, keepPin, startConfigured, stationFolder, tram, writeDescriptor } from './box-medium.ts'
import { applianceConfigFile } from './box-network.ts'
import { loadConfig } from './config.ts'
import { FileChanges } from './equipment/box/file-changes.ts'
import { makeRootFolder, readRootBytes } from './equipment/box/root-files.ts'
import { runProgram } from './equipment/box/system-program.ts'
import { backupName } from './exchange/backup/backup-parts.ts'
import { isRestoreUnfinished } from './exchange/backup/restore-staging.ts'
import type { StickCarryDeps } from './surface/box/stick-carry.ts'

const softHsmFile = '/etc/tram/softhsm2.conf'
const maxBundleBytes = 128 * 1024 * 1024

/** @param signal the system wants the program to end */
export const stickCarry = (signal: AbortSignal): StickCarryDeps => ({
  async backup(folder, { recipients, passphrase, withSoftHsm }) {
    const { createBackup } = await import('./backup.ts')
    const key = passphrase === undefined ? {} : { passphrase }
    return await createBackup(
      { configFile: applianceConfigFile, folder, recipients, withSoftHsm, softHsmFile, ...key },
      signal,
    )
  },

  async restore(folder, wishFile, { passphrase, pin, generation, withSoftHsm }) {
    const isConfigured = await isThere(applianceConfigFile)
    // One that was cut off while it was put in place may have come as far as the configuration.
    if (isConfigured && !(await isRestoreUnfinished(stationFolder))) {
      const detail = 'this box is a station already; reset it first (factory-reset.txt)'
      throw new TramError('RESTORE_REFUSED', { folder: stationFolder, detail })
    }
    // Whose they are decides whose the restored files become.
    await makeRootFolder(stationFolder, { mode: 0o700, user: 'tram', group: 'tram' })
    await makeRootFolder('/var/lib/tram/tokens', { mode: 0o710, user: 'tram-signer', group: 'tram' })
    const { restoreBackup } = await import('./backup.ts')
    const wish = {
      ...{ configFile: applianceConfigFile, dataFolder: stationFolder, from: folder, softHsmFile, withSoftHsm },
      ...(passphrase === undefined ? { identityFile: wishFile } : {}),
      ...(generation === undefined ? {} : { generation }),
      askPassphrase: async () => passphrase ?? '',
      replace: false,
    }
    const changes = new FileChanges()
    try {
      // Before the configuration, whose presence makes this a station: a cut in between must not cost the PIN.
      if (pin !== undefined) await keepPin(pin, changes)
      const done = await restoreBackup(wish, signal)
      await changes.keep()
      return done
    } catch (error) {
      await changes.takeBack()
      throw error
    }
  },

  async start(medium, lines) {
    await runProgram(['systemctl', 'restart', 'tram-network.service'])
    await startConfigured()
    await writeDescriptor(await loadConfig(applianceConfigFile), medium, lines)
  },

  async support() {
    const folder = await mkdtemp('/run/tram-box/support-')
    try {
      await makeRootFolder(folder, { mode: 0o700, user: 'tram', group: 'tram' })
      const { station } = await loadConfig(applianceConfigFile)
      const file = join(folder, `${backupName(station.id, Date.now())}.zip`)
      const argv = [tram, 'support-bundle', '--config', applianceConfigFile, '--output', file] as const
      await runProgram(asUser('tram')([...argv]), { timeoutMs: 300_000 })
      return { name: basename(file), bytes: await readRootBytes(file, maxBundleBytes) }
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  },
})
