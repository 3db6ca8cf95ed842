// What the station has done since it started, and when it last did it: counted from the acts of the audit log, so that nothing
// is counted that did not reach the disk. station-state.ts reads it.
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { AuditAct, AuditLog } from '../evidence/audit-log.ts'

/** So far back is looked for the last seal and the last delivery of earlier runs. */
const maxLookedBack = 2_000

export class Tally {
  readonly #audit: AuditLog
  readonly #logger: Logger
  readonly #counts = new Map<AuditAct, number>()
  readonly #lastAt = new Map<AuditAct, number>()
  /** Leaves under the statements of this run: one act seals a batch. */
  #leaves = 0

  constructor(audit: AuditLog, logger: Logger) {
    this.#audit = audit
    this.#logger = logger
    audit.onActs((acts, timeMs) => {
      for (const { act, detail } of acts) {
        this.#counts.set(act, this.count(act) + 1)
        this.#lastAt.set(act, timeMs)
        if (act === 'sealed') this.#leaves += Number(detail)
      }
    })
  }

  /** Looks for the last acts of earlier runs, as far as they can be read. */
  async start(): Promise<void> {
    try {
      for await (const { act, timeMs } of this.#audit.latest(maxLookedBack)) {
        if (!this.#lastAt.has(act)) this.#lastAt.set(act, timeMs)
      }
    } catch (error) {
      this.#logger.warn(logFields(asTramError(error)), 'when something was sealed or delivered last is not known')
    }
  }

  /** How often since the start. */
  count(act: AuditAct): number {
    return this.#counts.get(act) ?? 0
  }

  /** Waybills and receipts sealed since the start. */
  get sealedLeaves(): number {
    return this.#leaves
  }

  /** When last, ms since 1970; undefined when not within the acts that were looked at. */
  lastAt(act: AuditAct): number | undefined {
    return this.#lastAt.get(act)
  }
}
