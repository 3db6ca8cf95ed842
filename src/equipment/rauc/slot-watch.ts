// How the running slot stands, for the health report: on trial, fallen back to, or the last installation failed. Looks at the records
// of updates again and again; on a machine without slots it says nothing.
import type { Clock } from '../../base/clock.ts'
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { bootedSlot, bootId, type UpdateRecords } from './update-records.ts'

const lookMs = 30_000
/** What commits a slot waits for 14 minutes at most before it gives up. */
const commitMs = 20 * 60_000

export interface SlotWatchDeps {
  records: UpdateRecords
  /** `/proc` */
  procFolder: string
  /** The version that runs. */
  version: string
  clock: Pick<Clock, 'monotonic'>
  logger: Logger
}

export class SlotWatch implements Service {
  readonly name = 'slots'
  readonly #deps: SlotWatchDeps
  #slot: string | undefined
  #conditions: readonly StateError[] = []
  #startedMs = 0
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> = Promise.resolve()
  #isTroubled = false

  constructor(deps: SlotWatchDeps) {
    this.#deps = deps
  }

  async start(): Promise<void> {
    this.#startedMs = this.#deps.clock.monotonic()
    await this.look()
    this.#timer = setInterval(() => {
      this.#looking = this.look()
    }, lookMs).unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#looking
  }

  /** The booted slot by its boot loader's name; undefined on a machine without slots. */
  get slot(): string | undefined {
    return this.#slot
  }

  conditions(): readonly StateError[] {
    return this.#conditions
  }

  /** Looks once, now. Never rejects: what cannot be read is logged once, and the last that was known stands. */
  async look(): Promise<void> {
    try {
      this.#slot = await bootedSlot(this.#deps.procFolder)
      this.#conditions = this.#slot === undefined ? [] : await this.#found(this.#slot)
      this.#isTroubled = false
    } catch (error) {
      if (!this.#isTroubled)
        this.#deps.logger.warn(logFields(asTramError(error)), 'the records of updates cannot be read')
      this.#isTroubled = true
    }
  }

  async #found(slot: string): Promise<StateError[]> {
    const { records, procFolder, version, clock } = this.#deps
    const found: StateError[] = []
    const last = await records.last()
    // The version that failed to install runs after all: it was installed again, or by hand.
    if (last !== undefined && last.failure !== '' && last.version !== version)
      found.push(new TramError('UPDATE_FAILED', { version: last.version, detail: last.failure }))
    const isRestarted = last !== undefined && last.boot !== (await bootId(procFolder))
    if (isRestarted && last.failure === '' && last.slot !== slot)
      found.push(new TramError('UPDATE_FELL_BACK', { version: last.version, slot }))
    const isCommitted = (await records.good())[slot] === version
    if (!isCommitted && clock.monotonic() - this.#startedMs > commitMs)
      found.push(new TramError('SLOT_NOT_COMMITTED', { version, slot }))
    return found
  }
}
