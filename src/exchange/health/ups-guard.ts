// What the station does when its power fails: on battery it warns; when the battery runs low too it shuts the doors (intake and
// reception), lets the work in hand end, syncs the store, and waits in that safe state until the mains is back to stay.
import type { Clock } from '../../base/clock.ts'
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { Ups, UpsReading, UpsState } from '../../equipment/serial/ups.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import type { Reception } from '../receive/reception.ts'
import type { Intake } from '../send/intake.ts'

export interface UpsGuardOptions {
  /** The mains must stay for so long before the doors open again, ms. */
  resumeMs: number
  /** How long submissions that are under way may take to end, ms. None that takes longer was acknowledged. */
  finishMs: number
}

export interface UpsGuardDeps {
  ups: Ups
  intake: Pick<Intake, 'close' | 'open' | 'settled'>
  reception: Pick<Reception, 'close' | 'open'>
  audit: Pick<AuditLog, 'commit'>
  clock: Clock
  logger: Logger
  /** Switches the box off; only when the configuration says so. */
  powerOff?: () => Promise<void>
}

/** So many readings in a row must say the same: the line has no check sum, and one wrong bit is still an answer. */
const agreeing = 2
/** A box that still runs so long after the last word of its UPS does not run on a battery that was low. */
const forgetMs = 15 * 60_000

export class UpsGuard implements Service {
  readonly name = 'ups guard'
  readonly #options: UpsGuardOptions
  readonly #deps: UpsGuardDeps
  readonly #logger: Logger
  /** Readings in a row that said so. */
  #rows = { mains: 0, battery: 0, low: 0, fault: 0 }
  #power: 'mains' | 'battery' | 'low' = 'mains'
  /** When the mains was seen first in a row of readings without a gap, monotonic ms. */
  #mainsSince: number | undefined
  /** When the UPS spoke last, monotonic ms. */
  #heardAt = 0
  /** How often the doors were shut, and which of these times all was on disk. */
  #shutCount = 0
  #settledCount = 0
  #settling: Promise<void> | undefined

  constructor(options: UpsGuardOptions, deps: UpsGuardDeps) {
    this.#options = options
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'ups' })
  }

  /** What the UPS says of itself, as it is. */
  get state(): UpsState {
    return this.#deps.ups.state
  }

  /** What is true of the power now. */
  conditions(): StateError[] {
    const conditions: StateError[] = []
    if (this.#power === 'low') conditions.push(new TramError('UPS_BATTERY_LOW', {}))
    if (this.#power === 'battery') conditions.push(new TramError('UPS_ON_BATTERY', {}))
    if (this.#rows.fault >= agreeing) conditions.push(new TramError('UPS_FAULT', {}))
    if (this.state === 'silent') conditions.push(new TramError('UPS_SILENT', { line: this.#deps.ups.line }))
    return conditions
  }

  async start(): Promise<void> {
    this.#deps.ups.onState((state) => {
      if (state === 'silent') this.#silence()
      else if (state !== 'unknown') this.#reading(state)
    })
  }

  async stop(): Promise<void> {
    this.#deps.ups.onState(() => undefined)
    await this.#settling
  }

  #reading({ onMains, batteryLow, fault }: UpsReading): void {
    const now = this.#deps.clock.monotonic()
    this.#heardAt = now
    this.#rows = {
      mains: onMains ? this.#rows.mains + 1 : 0,
      battery: onMains ? 0 : this.#rows.battery + 1,
      low: !onMains && batteryLow ? this.#rows.low + 1 : 0,
      fault: fault ? this.#rows.fault + 1 : 0,
    }
    this.#mainsSince = onMains ? (this.#mainsSince ?? now) : undefined
    if (this.#power === 'low') {
      if (this.#mainsSince !== undefined && now - this.#mainsSince >= this.#options.resumeMs) this.#resume('mains')
      else this.#settle()
    } else if (this.#rows.low >= agreeing) this.#shut()
    else if (this.#rows.battery >= agreeing) this.#move('battery')
    else if (this.#rows.mains >= agreeing) this.#move('mains')
  }

  /** Nobody knows: what was true stays true, but not for ever. */
  #silence(): void {
    this.#rows = { mains: 0, battery: 0, low: 0, fault: 0 }
    this.#mainsSince = undefined
    if (this.#deps.clock.monotonic() - this.#heardAt < forgetMs) return
    if (this.#power === 'low') this.#resume('silence')
    else this.#move('mains')
  }

  #move(power: 'mains' | 'battery'): void {
    if (this.#power === power) return
    this.#power = power
    if (power === 'battery') this.#logger.warn({ code: 'UPS_ON_BATTERY' }, 'the mains power has failed')
    else this.#logger.info('the mains power is back')
  }

  #shut(): void {
    const { intake, reception } = this.#deps
    const reason = new TramError('UPS_BATTERY_LOW', {})
    this.#power = 'low'
    intake.close('power', reason)
    reception.close(reason)
    this.#shutCount += 1
    this.#logger.error({ code: reason.code, step: 'doors-shut' }, 'the battery is low: nothing more is taken')
    this.#settle()
  }

  /** Once in a safe state; after a failure again with the next reading. */
  #settle(): void {
    if (this.#settledCount === this.#shutCount || this.#settling !== undefined) return
    this.#settling = this.#finish()
      .catch((error: unknown) => {
        this.#logger.error(logFields(asTramError(error)), 'what the low battery asks for is not done yet')
      })
      .finally(() => {
        this.#settling = undefined
      })
  }

  async #finish(): Promise<void> {
    const { intake, audit, powerOff } = this.#deps
    const count = this.#shutCount
    if (!(await within(intake.settled(), this.#options.finishMs)))
      this.#logger.warn('a submission takes too long to be waited for; it was not acknowledged')
    // Commits reach the disk in the order of their calls, each with its own sync: when this one is there, all are.
    await audit.commit([], [{ act: 'power-failing', subject: 'ups' }])
    // Meanwhile it may have come back: then nobody would switch the box on again.
    if (powerOff !== undefined && this.#rows.low > 0) {
      this.#logger.warn({ step: 'power-off' }, 'all is on disk; switching the box off, as configured')
      await powerOff()
    }
    this.#settledCount = count
    this.#logger.info({ step: 'safe-state' }, 'all is on disk; waiting for the mains')
  }

  #resume(because: 'mains' | 'silence'): void {
    const { intake, reception, audit } = this.#deps
    this.#power = 'mains'
    intake.open('power')
    reception.open()
    this.#logger.info({ step: 'doors-open', because }, 'documents are taken again')
    // The doors are open whether this is written or not.
    audit.commit([], [{ act: 'power-back', subject: 'ups', detail: because }]).catch((error: unknown) => {
      this.#logger.error(logFields(asTramError(error)), 'the return of the mains is not in the audit log')
    })
  }
}

/** Whether `work` ended within `ms`. */
async function within(work: Promise<void>, ms: number): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => resolve(false), ms)
  try {
    return await Promise.race([work.then(() => true), late])
  } finally {
    clearTimeout(timer)
  }
}
