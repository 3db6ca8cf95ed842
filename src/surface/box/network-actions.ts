// Actions on the box's network: another configuration is tried, and taken back by itself unless somebody confirms that the box can still
// be reached. On trial it lies below /run only: the file on the disk is the old one until it is confirmed, so that a box that is
// switched off meanwhile comes up as it was.
import { mkdir, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'
import { maxLineBytes } from '../../equipment/box/box-protocol.ts'
import { type FileOwner, readRootFile, writeRootFile } from '../../equipment/box/root-files.ts'
import type { RunProgram } from '../../equipment/box/system-program.ts'
import type { BoxAction } from './box-action.ts'

/** How long a configuration is on trial: what tram-network-revert.timer says. */
export const trialSeconds = 120
const timer = 'tram-network-revert.timer'
const applying = 'tram-network.service'

export interface NetworkTrialDeps {
  run: RunProgram
  /** The station's tram.toml. */
  configFile: string
  /** Whose that is, and who may read it. */
  configOwner: FileOwner
  /** The one on trial; below /run. */
  trialFile: string
  /** Whether `text` would do as tram.toml, nftables and all. @throws TramError */
  check(text: string): Promise<void>
  /** Whether the station has to start again when `text` takes the place of `before`. */
  isStationChanged(before: string, text: string): boolean
}

export class NetworkTrial {
  readonly #deps: NetworkTrialDeps

  constructor(deps: NetworkTrialDeps) {
    this.#deps = deps
  }

  /** Tries `text`; in `trialSeconds` it is taken back. @throws TramError: then all is as it was */
  async begin(text: string): Promise<void> {
    const { run, trialFile, check } = this.#deps
    await check(text)
    // Armed before anything changes, and by systemd: whatever becomes of us, it fires.
    await run(['systemctl', 'restart', timer])
    try {
      await mkdir(dirname(trialFile), { recursive: true, mode: 0o755 })
      await writeRootFile(trialFile, text, { mode: 0o600 })
      await run(['systemctl', 'restart', applying])
    } catch (error) {
      await this.end().catch(() => undefined) // the timer tries again
      throw error
    }
  }

  /** Keeps what is on trial, and starts the station again where it has to. @throws TramError NETWORK_NOT_ON_TRIAL */
  async confirm(): Promise<{ isStationRestarted: boolean }> {
    const isStationRestarted = await this.keep()
    if (isStationRestarted)
      await this.#deps.run(['systemctl', 'restart', 'tram-signer.service', 'tram.service'], { timeoutMs: 240_000 })
    return { isStationRestarted }
  }

  /**
   * Keeps what is on trial: it is durable when this resolves.
   * @returns whether the station has to start again
   * @throws TramError NETWORK_NOT_ON_TRIAL
   */
  async keep(): Promise<boolean> {
    const { run, configFile, configOwner, trialFile, isStationChanged } = this.#deps
    const kept = `${trialFile}.confirmed`
    try {
      // Of the timer and us only one gets hold of it.
      await rename(trialFile, kept)
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) throw new TramError('NETWORK_NOT_ON_TRIAL', {}, { cause: error })
      throw error
    }
    const text = await readRootFile(kept, 1024 * 1024)
    const before = await readRootFile(configFile, 1024 * 1024).catch(() => '')
    await writeRootFile(configFile, text, configOwner)
    await rm(kept)
    await run(['systemctl', 'stop', timer])
    // Had the timer fired just before, it would have gone back to the file as it was.
    await run(['systemctl', 'restart', applying])
    return isStationChanged(before, text)
  }

  /** Takes back what is on trial, if anything. */
  async end(): Promise<void> {
    const { run, trialFile } = this.#deps
    await rm(trialFile, { force: true })
    await run(['systemctl', 'restart', applying])
    await run(['systemctl', 'stop', timer])
  }

  /** Whether one is on trial. */
  async isOn(): Promise<boolean> {
    return await readRootFile(this.#deps.trialFile, 1024 * 1024).then(
      () => true,
      () => false,
    )
  }
}

export const networkActions = (trial: NetworkTrial): Record<string, BoxAction> => ({
  'network-apply': {
    async run(input) {
      const text = input.longText('toml', maxLineBytes)
      input.end()
      await trial.begin(text)
      return { seconds: trialSeconds }
    },
  },
  'network-confirm': {
    async run(input) {
      input.end()
      return await trial.confirm()
    },
  },
  'network-revert': {
    async run(input) {
      input.end()
      if (!(await trial.isOn())) throw new TramError('NETWORK_NOT_ON_TRIAL', {})
      await trial.end()
      return {}
    },
  },
  'network-status': {
    isReading: true,
    async run(input) {
      input.end()
      return { isOnTrial: await trial.isOn() }
    },
  },
})
