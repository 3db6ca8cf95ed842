// Looks at the health report again and again, and tells what has changed: events for far away (event-outbox.ts) and acts of the audit
// log. What was told is kept, so that a condition that ended while the station was off is told to have ended. Whoever shows the
// report (LEDs, panel, numbers) gets it here, so that they share one.
import type { Clock } from '../../base/clock.ts'
import {
  type ConditionCode,
  isConditionCode,
  isStateCode,
  renderCondition,
  type StateCode,
} from '../../base/conditions/catalogue.ts'
import { asTramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { key, range } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { AuditLog, NewAct } from '../evidence/audit-log.ts'
import { WakeSignal } from '../wake-signal.ts'
import type { HealthEvent } from './event-outbox.ts'
import type { HealthCondition, HealthReport } from './station-health.ts'

export interface ConditionWatchDeps {
  /** A report of now. */
  report: (signal: AbortSignal) => Promise<HealthReport>
  /** Takes events, in order; when it resolves they are kept. */
  tell: (events: readonly HealthEvent[]) => Promise<void>
  records: RecordStore
  audit: AuditLog
  clock: Clock
  logger: Logger
  /** Of the software, told at the start. */
  version: string
}

/** What is told and not yet taken back. */
interface Alarm {
  code: HealthCondition['code']
  subject: string
  data: Readonly<Record<string, string | number>>
}

const lookMs = 10_000
/** Looking takes at most this share of the time: with a hundred thousand open deliveries a report reads for a while. */
const workShare = 0.05
/** A report so young is good enough for who asks. */
const freshMs = 5_000
/** A condition that is gone for so long has ended: what wavers is one alarm, not many. */
const goneMs = 20_000
/** A start is full of beginnings: so long after it a condition must have held for a while, or every token would be told as absent. */
const young = { forMs: 60_000, settleMs: 15_000 }
/** So many changes are told in an hour at most; what is not told now is told when it still holds later. */
const maxPerHour = 120
const hourMs = 3_600_000
/** Known from what the store holds: while it does not read, they have not ended. */
const readFromStore: ReadonlySet<StateCode> = new Set(['PEER_UNREACHABLE', 'DEADLINE_MISSED'])
/** Events that stand for themselves and wait for their telling; of more only the number is kept. */
const maxHappened = 50

export class ConditionWatch implements Service {
  readonly name = 'condition watch'
  readonly #deps: ConditionWatchDeps
  readonly #alarms = new Map<string, Alarm>()
  /** When an alarm was last seen to hold, by the monotonic clock; and since when what is not told yet holds. */
  readonly #seenMs = new Map<string, number>()
  #sinceMs: ReadonlyMap<string, number> = new Map()
  #startedMs = 0
  readonly #stopping = new AbortController()
  readonly #wake = new WakeSignal()
  #happened: HealthEvent[] = []
  #latest: { report: HealthReport; atMs: number } | undefined
  #asking: Promise<HealthReport> | undefined
  #allowance = { left: maxPerHour, atMs: 0 }
  #loop: Promise<void> = Promise.resolve()
  #isTroubled = false

  constructor(deps: ConditionWatchDeps) {
    this.#deps = deps
  }

  /** Reads what was told in earlier runs, tells that the station has started, and looks. Throws as `RecordStore.get`. */
  async start(): Promise<void> {
    const { records, clock } = this.#deps
    this.#startedMs = clock.monotonic()
    this.#allowance.atMs = this.#startedMs
    for await (const [name, value] of records.range(range('alarm'))) {
      const alarm = alarmOf(value)
      if (alarm === undefined) continue
      this.#alarms.set(name, alarm)
      this.#seenMs.set(name, clock.monotonic())
    }
    this.happened('STATION_STARTED', { version: this.#deps.version })
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loop
  }

  /** The report, some seconds old at most; whoever asks at the same time shares one. Throws what a report throws. */
  async current(): Promise<HealthReport> {
    const { clock } = this.#deps
    if (this.#latest !== undefined && clock.monotonic() - this.#latest.atMs < freshMs) return this.#latest.report
    this.#asking ??= this.#ask().finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  /** Something happened that is no condition: told with the next look. */
  happened(code: ConditionCode, data: Readonly<Record<string, string | number>>): void {
    const { severity, vi, en } = renderCondition(code, data)
    const same = this.#happened.findLast((event) => event.code === code)
    if (this.#happened.length >= maxHappened && same !== undefined) {
      same.data = { ...same.data, more: Number(same.data.more ?? 0) + 1 }
      return
    }
    if (this.#happened.length >= maxHappened) this.#happened.shift()
    const timeMs = this.#deps.clock.now()
    this.#happened.push({ timeMs, code, severity, change: 'happened', textVi: vi, textEn: en, data })
  }

  /** Looks now instead of in a few seconds. */
  wake(): void {
    this.#wake.wake()
  }

  async #run(): Promise<void> {
    const { clock, logger } = this.#deps
    while (!this.#stopping.signal.aborted) {
      const startMs = clock.monotonic()
      try {
        await this.#look(await this.#ask())
        this.#isTroubled = false
      } catch (error) {
        // Once: a store that cannot be written fails every look, and has a condition of its own.
        if (!this.#stopping.signal.aborted && !this.#isTroubled)
          logger.warn(logFields(asTramError(error)), 'changes of health are not told')
        this.#isTroubled = true
      }
      const tookMs = clock.monotonic() - startMs
      await this.#wake.wait(this.#stopping.signal, Math.max(lookMs, tookMs / workShare))
    }
  }

  async #ask(): Promise<HealthReport> {
    const report = await this.#deps.report(this.#stopping.signal)
    this.#latest = { report, atMs: this.#deps.clock.monotonic() }
    return report
  }

  /** Tells what is different from what was told. */
  async #look(report: HealthReport): Promise<void> {
    const now = this.#deps.clock.monotonic()
    const holds = new Map(report.conditions.map((one) => [key('alarm', one.code, one.subject || '-'), one]))
    for (const name of holds.keys()) this.#seenMs.set(name, now)
    if (report.store.state === 'failed') {
      for (const [name, { code }] of this.#alarms) if (readFromStore.has(code)) this.#seenMs.set(name, now)
    }
    const before = this.#sinceMs
    this.#sinceMs = new Map([...holds.keys()].map((name) => [name, before.get(name) ?? now]))
    const settleMs = now - this.#startedMs < young.forMs ? young.settleMs : 0
    const raised = [...holds].filter(
      ([name]) => !this.#alarms.has(name) && now - (this.#sinceMs.get(name) ?? now) >= settleMs,
    )
    const ended = [...this.#alarms].filter(
      ([name]) => !holds.has(name) && now - (this.#seenMs.get(name) ?? Number.NEGATIVE_INFINITY) >= goneMs,
    )
    for (const name of this.#seenMs.keys()) {
      if (!holds.has(name) && !this.#alarms.has(name)) this.#seenMs.delete(name)
    }
    // Ends first: who looks at a list of alarms is better off with one that is short and true.
    const changes = [
      ...ended.map(([name, alarm]) => ({ name, alarm, change: 'cleared' as const })),
      ...raised.map(([name, { code, subject, data }]) => ({
        name,
        alarm: { code, subject, data },
        change: 'raised' as const,
      })),
    ].slice(0, this.#allowed(now))
    const happened = this.#happened
    if (changes.length === 0 && happened.length === 0) return
    this.#happened = []
    try {
      await this.#deps.tell([
        ...happened,
        ...changes.map(({ alarm, change }) => this.#event(alarm, change, report.now)),
      ])
    } catch (error) {
      this.#happened = [...happened, ...this.#happened].slice(0, maxHappened)
      throw error
    }
    // Told is told: what cannot be noted comes again with each look, and must not come without end.
    this.#allowance.left -= changes.length
    if (changes.length > 0) await this.#note(changes)
  }

  /** Only then: a crash before it tells a change twice, which is better than never. */
  async #note(changes: readonly { name: string; alarm: Alarm; change: 'raised' | 'cleared' }[]): Promise<void> {
    const operations = changes.map(
      ({ name, alarm, change }): RecordOperation =>
        change === 'raised'
          ? { type: 'put', key: name, value: Buffer.from(JSON.stringify(alarm)) }
          : { type: 'delete', key: name },
    )
    const acts = changes.map(
      ({ alarm: { code, subject }, change }): NewAct => ({
        act: `condition-${change}`,
        subject: code,
        detail: subject,
      }),
    )
    await this.#deps.audit.commit(operations, acts)
    for (const { name, alarm, change } of changes) {
      if (change === 'raised') this.#alarms.set(name, alarm)
      else this.#alarms.delete(name)
    }
  }

  #event({ code, data }: Alarm, change: 'raised' | 'cleared', timeMs: number): HealthEvent {
    const { severity, vi, en } = renderCondition(code, data)
    return { timeMs, code, severity, change, textVi: vi, textEn: en, data }
  }

  /** How many changes may be told now. */
  #allowed(nowMs: number): number {
    const { left, atMs } = this.#allowance
    this.#allowance = { left: Math.min(maxPerHour, left + ((nowMs - atMs) / hourMs) * maxPerHour), atMs: nowMs }
    return Math.floor(this.#allowance.left)
  }
}

/** Our own record. One of a version that knows other conditions, or none at all, is not taken up. */
function alarmOf(value: Uint8Array): Alarm | undefined {
  try {
    const { code, subject, data } = JSON.parse(Buffer.from(value).toString('utf8')) as Alarm
    return isConditionCode(code) && isStateCode(code)
      ? { code, subject: String(subject), data: { ...data } }
      : undefined
  } catch {
    // Damaged bytes have failed their checksum before; this is a record of another format.
    return undefined
  }
}
