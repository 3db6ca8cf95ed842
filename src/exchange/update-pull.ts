// Looks for updates at the configured place, and has them installed when that is wanted. What is fetched lies in a folder of its own on
// the data partition, within the room that documents leave, and goes when it was installed or refused.
import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asTramError, briefOf, isStateError, type StateError, TramError } from '../base/errors.ts'
import type { Service } from '../base/lifecycle.ts'
import { type Logger, logFields } from '../base/logger.ts'
import type { LastUpdate } from '../equipment/rauc/update-records.ts'
import { fetchBundle, fetchedBytes, type LatestUpdate, latestUpdate } from '../equipment/rauc/update-source.ts'
import { isNewer } from '../equipment/rauc/version-order.ts'
import type { SpaceKeeper } from '../equipment/store/space-keeper.ts'
import { WakeSignal } from './wake-signal.ts'

const hourMs = 3_600_000
/** After a start, and after a failure: within the hour, not all stations of a province at once. */
const soonMs = hourMs
/** A source that fails now and then is no trouble. */
const troubleAfter = 3
/** The same file will do later: the running slot is not committed yet, the box has something else to do, its program is not there. */
const laterCodes: readonly string[] = ['UPDATE_NOT_NOW', 'BOX_BUSY', 'BOX_AGENT_UNREACHABLE']

export interface UpdatePullOptions {
  url: string
  isAutomatic: boolean
  intervalMs: number
  /** For what is fetched. */
  folder: string
  /** The version that runs. */
  version: string
}

export interface UpdatePullDeps {
  space: SpaceKeeper
  /** Checks and installs a file, and restarts the box when it is time. @throws TramError */
  install(file: string, signal: AbortSignal): Promise<void>
  /** What the last installation has come to. */
  last(): Promise<LastUpdate | undefined>
  /** At least 0, less than 1. */
  random(): number
  logger: Logger
}

export class UpdatePull implements Service {
  readonly name = 'updates'
  readonly #options: UpdatePullOptions
  readonly #deps: UpdatePullDeps
  readonly #stopping = new AbortController()
  readonly #wake = new WakeSignal()
  #available: string | undefined
  /** A version that was fetched and refused; fetched again only once the server has another, or the station starts. */
  #refused: { version: string; why: StateError } | undefined
  #failures: { count: number; last: StateError } | undefined
  #loop: Promise<void> = Promise.resolve()

  constructor(options: UpdatePullOptions, deps: UpdatePullDeps) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  conditions(): readonly StateError[] {
    const available = this.#available
    return [
      ...(available === undefined ? [] : [new TramError('UPDATE_AVAILABLE', { version: available })]),
      ...(this.#refused === undefined ? [] : [this.#refused.why]),
      ...(this.#failures !== undefined && this.#failures.count >= troubleAfter ? [this.#failures.last] : []),
    ]
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    const { random } = this.#deps
    let waitMs = soonMs * random()
    for (;;) {
      await this.#wake.wait(signal, waitMs)
      if (signal.aborted) return
      const isDone = await this.look()
      waitMs = isDone ? this.#options.intervalMs * (0.75 + random() / 2) : soonMs * (0.5 + random())
    }
  }

  /** Asks once, now, and installs what there is if that is wanted. False: to be tried again soon. Never rejects. */
  async look(): Promise<boolean> {
    const { signal } = this.#stopping
    try {
      await this.#lookOnce(signal)
      this.#failures = undefined
      return true
    } catch (error) {
      if (signal.aborted) return true
      const failure = asTramError(error)
      // The disk, the root program: what they say is no state of the source, and is told as why nothing comes from it.
      const last = isStateError(failure)
        ? failure
        : new TramError('UPDATE_SOURCE_FAILING', { detail: briefOf(failure) }, { cause: error })
      this.#failures = { count: (this.#failures?.count ?? 0) + 1, last }
      this.#deps.logger.warn(logFields(failure), 'no update was taken')
      return false
    }
  }

  async #lookOnce(signal: AbortSignal): Promise<void> {
    const { url, version, isAutomatic } = this.#options
    const { last, logger } = this.#deps
    const latest = await latestUpdate(url, signal)
    const isWanted = isNewer(latest.version, version)
    this.#available = isWanted ? latest.version : undefined
    if (this.#refused?.version !== latest.version) this.#refused = undefined
    const before = await last()
    // Installed already: it waits for the restart, or the box has fallen back from it and would again.
    const isTried = before?.version === latest.version && before.failure === ''
    if (!isWanted || !isAutomatic || isTried || this.#refused !== undefined) {
      await this.#clear([])
      return
    }
    const name = `${latest.version}.raucb`
    await this.#clear([name, `${name}.part`])
    const file = join(this.#options.folder, name)
    await this.#fetch(latest, file, signal)
    logger.info({ version: latest.version, sizeBytes: latest.sizeBytes }, 'update fetched')
    let isKept = false
    try {
      await this.#deps.install(file, signal)
    } catch (error) {
      const failure = asTramError(error)
      // The running slot is not committed yet, or the box is busy: the same file will do later.
      isKept = signal.aborted || laterCodes.includes(failure.code)
      if (isKept) throw failure
      logger.error(logFields(failure), 'update refused')
      const why = new TramError(
        'UPDATE_SOURCE_FAILING',
        { detail: `${latest.version}: ${briefOf(failure)}` },
        { cause: failure },
      )
      this.#refused = { version: latest.version, why }
    } finally {
      if (!isKept) await this.#clear([])
    }
  }

  async #fetch(latest: LatestUpdate, file: string, signal: AbortSignal): Promise<void> {
    const whole = await stat(file).catch(() => undefined)
    if (whole?.size === latest.sizeBytes) return
    const room = this.#deps.space.reserve(Math.max(0, latest.sizeBytes - (await fetchedBytes(file))), 'document')
    try {
      await fetchBundle(latest, file, signal)
    } finally {
      room.release()
    }
  }

  /** The folder without anything but these names. */
  async #clear(kept: readonly string[]): Promise<void> {
    const { folder } = this.#options
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(folder))
      if (!kept.includes(name)) await rm(join(folder, name), { recursive: true })
  }
}
