// The station's clock: the machine's, compared with the monotonic one, with a bound on disk and with the clocks of its peers.
// It never sets anything. While it doubts, nothing expires, nothing is deleted and nothing is sealed; everything else goes on.
// Long because: every way into a doubt and out of it stands in one place.
import type { Clock } from '../../base/clock.ts'
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { maxClockSkewMs } from '../receive/seal-checker.ts'
import { StatementRecord } from '../schema/records.ts'
import { ClockWitnesses } from './clock-witnesses.ts'

/** No machine that runs this software lives before. */
const earliestMs = Date.UTC(2025, 0, 1)
/** A station that was off for longer has its time confirmed by a peer before it acts on it. */
export const maxGapMs = 7 * 86_400_000
/** Steps within the tolerance are believed, but no more than one in so long: many small ones are a large one. */
const anchorMs = 3_600_000
const lookMs = 5_000
const saveMs = 60_000
/** How often the peers are asked for their time: seldom while all is well. */
const askMs = { trusted: 3_600_000, doubtful: 60_000 } as const

/** What the operating system knows of its clock. */
export type Synchronisation = 'synchronised' | 'unsynchronised' | 'unknown'

export interface TrustedClockDeps {
  /** The machine's clock. */
  system: Clock
  records: RecordStore
  logger: Logger
  /** Asked only while nobody else can say: no station was heard. */
  synchronisation: () => Synchronisation
}

/** Commits operations with the act that they are (audit-log.ts, which itself tells the time by this clock). */
export interface ActCommitter {
  commit(
    operations: readonly RecordOperation[],
    acts: readonly { act: 'clock-trusted'; subject: string; detail?: string }[],
  ): Promise<void>
}

/** Since when: a start far from the bound, a step while running, or the word of several stations. */
type DoubtKind = 'start' | 'step' | 'peers'

export class TrustedClock implements Clock, Service {
  readonly name = 'clock'
  readonly #deps: TrustedClockDeps
  readonly #witnesses = new ClockWitnesses()
  readonly #trusted = new Set<() => void>()
  #ask: (isDoubtful: boolean) => void = () => undefined
  /** The last pair of times that was believed; while in doubt, time is reckoned from it. */
  #anchor: { wallMs: number; atMs: number }
  #kind: DoubtKind | undefined
  #boundMs = earliestMs
  #hasBound = false
  #saved: { atMs: number; running: Promise<void> }
  #askedMs = Number.NEGATIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(deps: TrustedClockDeps) {
    this.#deps = deps
    const { system } = deps
    this.#anchor = { wallMs: system.now(), atMs: system.monotonic() }
    this.#saved = { atMs: Number.NEGATIVE_INFINITY, running: Promise.resolve() }
  }

  /** The machine's time; while it is in doubt, what was last believed plus what has passed since. Never below the bound. */
  now(): number {
    this.#look()
    const { system } = this.#deps
    return Math.max(this.#boundMs, this.#kind === undefined ? system.now() : this.#reckoned(system.monotonic()))
  }

  monotonic(): number {
    return this.#deps.system.monotonic()
  }

  /** CLOCK_UNTRUSTED while the time is in doubt. */
  get doubt(): StateError | undefined {
    this.#look()
    if (this.#kind === undefined) return undefined
    const { system } = this.#deps
    const told = Math.max(this.#boundMs, this.#reckoned(system.monotonic()))
    return new TramError('CLOCK_UNTRUSTED', { wall: shown(system.now()), told: shown(told) })
  }

  /** What the machine's clock says, right or wrong: for peers to compare, ms since 1970. */
  get systemMs(): number {
    return this.#deps.system.now()
  }

  /** Calls `listener` whenever a doubt has ended. */
  onTrusted(listener: () => void): void {
    this.#trusted.add(listener)
  }

  /** Who asks connected peers for their time; while in doubt also seeks some. Before start. */
  onAsk(ask: (isDoubtful: boolean) => void): void {
    this.#ask = ask
  }

  /** A station has said its time (attacker-controlled, ms since 1970). Sets nothing. */
  heard(station: string, clockMs: number): void {
    this.#witnesses.heard(station, clockMs, this.monotonic())
    this.#look()
    if (this.#kind === undefined && this.#votes() === 'disagree') this.#doubts('peers')
  }

  /**
   * An operator says that the machine's clock is right: ends the doubt, and lowers the bound if need be. An act of the log.
   * @throws as RecordStore.commit; then nothing has changed
   */
  async trust(audit: ActCommitter): Promise<void> {
    const wallMs = this.systemMs
    const subject = new Date(wallMs).toISOString()
    await audit.commit([bound(wallMs)], [{ act: 'clock-trusted', subject, detail: this.#kind ?? 'no doubt' }])
    // They said otherwise, and would cast doubt again.
    this.#witnesses.clear()
    this.#trusts()
  }

  /** Reads the bound. @throws TramError STORE_FAILED, STORE_DAMAGED */
  async start(): Promise<void> {
    const { system, records } = this.#deps
    const stored = await records.get(key('meta', 'clock'))
    const statement = stored === undefined ? await records.get(key('meta', 'statement')) : undefined
    if (stored !== undefined || statement !== undefined) {
      const boundMs = statement === undefined ? Number(Buffer.from(stored ?? []).toString('utf8')) : timeOf(statement)
      if (!Number.isSafeInteger(boundMs) || boundMs < 0)
        throw new TramError('STORE_DAMAGED', { place: 'meta:clock', detail: 'not a time' })
      this.#boundMs = boundMs
      this.#hasBound = true
    }
    const [wallMs, atMs] = [system.now(), system.monotonic()]
    this.#anchor = { wallMs, atMs }
    if (!this.#isPlausible(wallMs)) {
      this.#anchor = { wallMs: this.#boundMs, atMs }
      this.#doubts('start')
    }
    this.#timer = setInterval(() => this.tick(), lookMs)
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#saved.running
  }

  /** One look at the clocks, every few seconds; keeps the bound and asks the peers when it is time. */
  tick(): void {
    this.#look()
    const atMs = this.monotonic()
    if (this.#kind === undefined && this.#votes() === 'disagree') this.#doubts('peers')
    if (this.#kind === undefined && atMs - this.#saved.atMs >= saveMs)
      this.#save(Math.max(this.#boundMs, this.systemMs))
    if (atMs - this.#askedMs >= askMs[this.#kind === undefined ? 'trusted' : 'doubtful']) {
      this.#askedMs = atMs
      this.#ask(this.#kind !== undefined)
    }
  }

  /** Resolves when the bound that was last believed is on disk, or could not be written. */
  saved(): Promise<void> {
    return this.#saved.running
  }

  #look(): void {
    const { system } = this.#deps
    const [wallMs, atMs] = [system.now(), system.monotonic()]
    if (this.#kind !== undefined) {
      if (this.#isCleared(wallMs, atMs)) this.#trusts()
    } else if (Math.abs(wallMs - this.#reckoned(atMs)) <= maxClockSkewMs) {
      if (atMs - this.#anchor.atMs >= anchorMs) this.#anchor = { wallMs, atMs }
    } else if (this.#votes() === 'agree') {
      // A false time was put right: the peers had said so before.
      this.#trusts()
    } else {
      // Also what a machine looks like that was asleep: then what its peers said no longer compares.
      this.#witnesses.clear()
      this.#doubts('step')
    }
  }

  /** Whether a doubt is over. The word of the stations heard goes first; it takes no more than a majority of them. */
  #isCleared(wallMs: number, atMs: number): boolean {
    const votes = this.#votes()
    if (votes === 'agree') return true
    if (votes === 'disagree' || this.#kind === 'peers') return false
    // The clock is back where it was, or where a station that was off for a while would expect it.
    if (Math.abs(wallMs - this.#reckoned(atMs)) <= maxClockSkewMs) return true
    if (this.#kind === 'start' && this.#isPlausible(wallMs)) return true
    return votes === 'nobody' && this.#deps.synchronisation() === 'synchronised'
  }

  #isPlausible(wallMs: number): boolean {
    if (!this.#hasBound) return wallMs >= this.#boundMs
    return wallMs >= this.#boundMs - maxClockSkewMs && wallMs <= this.#boundMs + maxGapMs
  }

  #votes() {
    return this.#witnesses.verdict(this.systemMs, this.monotonic(), maxClockSkewMs)
  }

  #reckoned(atMs: number): number {
    // Whole milliseconds, as records and waybills hold them.
    return this.#anchor.wallMs + Math.floor(atMs - this.#anchor.atMs)
  }

  #doubts(kind: DoubtKind): void {
    this.#kind = kind
    // Peers are asked at the next tick.
    this.#askedMs = Number.NEGATIVE_INFINITY
    const { doubt } = this
    if (doubt !== undefined) this.#deps.logger.error({ ...logFields(doubt), kind }, 'the time is in doubt')
  }

  #trusts(): void {
    const kind = this.#kind
    const wallMs = this.systemMs
    this.#anchor = { wallMs, atMs: this.monotonic() }
    this.#kind = undefined
    // It may have followed a false clock, and is lowered then.
    this.#save(wallMs)
    if (kind === undefined) return
    this.#deps.logger.info({ step: 'clock-trusted', kind }, 'the time is trusted again')
    for (const listener of this.#trusted) listener()
  }

  /** The bound follows the believed time. A failure is no reason to doubt: the next one is a minute away. */
  #save(boundMs: number): void {
    const { records, logger } = this.#deps
    this.#boundMs = boundMs
    this.#hasBound = true
    const running = this.#saved.running
      .then(() => records.commit([bound(boundMs)]))
      .catch((error: unknown) => logger.warn(logFields(asTramError(error)), 'the time was not noted'))
    this.#saved = { atMs: this.monotonic(), running }
  }
}

const bound = (atMs: number): RecordOperation => ({
  type: 'put',
  key: key('meta', 'clock'),
  value: Buffer.from(String(Math.max(0, Math.floor(atMs)))),
})

const timeOf = (statement: Uint8Array): number => StatementRecord.decode(statement).time

/** A time for people; a clock may say anything. */
function shown(ms: number): string {
  return Math.abs(ms) < 8.64e15 ? new Date(ms).toISOString() : String(ms)
}
