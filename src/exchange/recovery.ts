// What a station does after it lost something: damage of its store, or a restore from a backup. Intake is closed, numbers jump,
// own indices are rebuilt, and every peer is asked for what we receipted and may have lost; then intake opens again.
// Long because: one story from the report of a loss to its end.
import type { Clock } from '../base/clock.ts'
import { asTramError, TramError } from '../base/errors.ts'
import type { Service } from '../base/lifecycle.ts'
import { type Logger, logFields } from '../base/logger.ts'
import { key, range } from '../equipment/store/namespaces.ts'
import type { KeyRange, RecordOperation, RecordStore } from '../equipment/store/record-store.ts'
import type { AuditLog } from './audit-log.ts'
import type { Directory } from './directory.ts'
import type { GenerationWatch } from './generation-watch.ts'
import type { Intake } from './intake.ts'
import type { MissingQuestions } from './missing-questions.ts'
import {
  dropRecovery,
  jumpSequence,
  jumpStatements,
  type Marks,
  putGeneration,
  putRecovery,
  readMarks,
} from './recovery-marks.ts'
import type { RecoveryRecord } from './schema/records.ts'
import { WakeSignal } from './wake-signal.ts'

/** Senders keep packet and receipt for so long: nobody knows what damage has taken. */
const damageWindowMs = 30 * 86_400_000
/** Before the last durable act of a backup: clocks differ, and a commit may have been under way. */
const restoreMarginMs = 3_600_000
/** How often who has not answered is dialled. */
const roundMs = 600_000
/** How often a directory that lists us is looked for. */
const seekMs = 60_000
const failedMs = 10_000
/** Pieces of evidence that are remembered by name. */
const maxEvidence = 1000

/** The store as recovery needs it (level-store.ts). */
export interface DamagedStore extends RecordStore {
  /** Copies damaged records of a range into quarantine and deletes them; names of the evidence. */
  quarantineRecords(range: KeyRange): Promise<string[]>
  settleDamage(): Promise<void>
  /** Resolves when the store is no longer mending itself. */
  mended(): Promise<void>
}

export interface RecoveryDeps {
  records: DamagedStore
  questions: MissingQuestions
  generations: GenerationWatch
  directory: Directory
  intake: Intake
  audit: AuditLog
  clock: Clock
  logger: Logger
  /** Looks for a newer directory at a few other stations. */
  seekDirectory: () => void
  /** Puts back what of our own can be derived from other records (index-rebuild.ts). */
  rebuild: (signal: AbortSignal) => Promise<void>
}

export class Recovery implements Service {
  readonly name = 'recovery'
  readonly #own: { station: string; generation: number }
  readonly #deps: RecoveryDeps
  readonly #logger: Logger
  readonly #wake = new WakeSignal()
  readonly #stopping = new AbortController()
  /** Reported and not dealt with yet. */
  #reports: TramError[] = []
  #record: RecoveryRecord | undefined
  #trouble: TramError | undefined
  #isPrepared = false
  #isRebuilt = false
  #isNew = false
  #loop: Promise<void> = Promise.resolve()
  #unsubscribe: () => void = () => undefined

  constructor(own: { station: string; generation: number }, deps: RecoveryDeps) {
    this.#own = own
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'recovery' })
  }

  /** Something is lost (`LevelStore.onDamage`): at any time, also before `prepare`. */
  damaged(error: TramError): void {
    if (this.#reports.length < maxEvidence) this.#reports.push(error)
    if (!this.#isPrepared) return
    this.#moveIntake()
    this.#wake.wake()
  }

  /** Whether something may still be missing: then nothing is thrown away that nobody seems to need. */
  get isOpen(): boolean {
    return this.#record !== undefined || this.#reports.length > 0
  }

  /** What is wrong now, for health. */
  conditions(): TramError[] {
    const conditions = this.#trouble === undefined ? [] : [this.#trouble]
    const record = this.#record
    if (record === undefined) return conditions
    const [place] = record.evidence
    if (place !== undefined) conditions.push(new TramError('STORE_DAMAGED', { place, detail: 'in quarantine' }))
    const since = new Date(record.sinceMs).toISOString()
    const waiting = this.#deps.questions.waiting().length
    conditions.push(new TramError('STATION_RECOVERING', { reason: record.reason, since, waiting }))
    return conditions
  }

  /**
   * Right after the store is open, before anything else reads it: finds out whether something was lost, and moves on the
   * numbers that must not be used twice.
   * @throws TramError STORE_FAILED, STORE_DAMAGED when the store cannot be mended
   */
  async prepare(): Promise<void> {
    const { records, questions, clock, generations } = this.#deps
    const evidence = await this.#mendMarks()
    const marks = await readMarks(records)
    await questions.load()
    generations.keep(marks.generation ?? 0)
    this.#record = marks.recovery
    this.#isNew = marks.generation === undefined
    evidence.push(...this.#reports.map((report) => String(report.data.place)))
    this.#reports = []
    await this.#beginIfLost(marks, evidence, clock.now())
    this.#isPrepared = true
    this.#moveIntake()
  }

  async start(): Promise<void> {
    const { directory, questions } = this.#deps
    questions.onAnswered = () => this.#wake.wake()
    this.#unsubscribe = directory.onChange(() => this.#wake.wake())
    this.#trouble = await this.#deps.generations.trouble()
    this.#moveIntake()
    // A box that was replaced while it was off has nobody to tell it, and must not take documents for long.
    if (!this.#isNew && directory.version > 0) this.#deps.seekDirectory()
    this.#loop = this.#run()
  }

  async stop(): Promise<void> {
    this.#unsubscribe()
    this.#stopping.abort()
    await this.#loop
  }

  /** Records that everybody reads at the start: a damaged one would keep the station from starting at all. */
  async #mendMarks(): Promise<string[]> {
    const { records } = this.#deps
    for (let attempt = 1; ; attempt++) {
      try {
        const evidence: string[] = []
        for (const each of [range('meta'), range('dirmeta'), { ...range('audit'), reverse: true, limit: 1 }])
          evidence.push(...(await records.quarantineRecords(each)))
        return evidence
      } catch (error) {
        // LevelDB could not read on, and the store is mending itself: what is lost then is reported.
        if (attempt === 3) throw error
        await records.mended()
      }
    }
  }

  async #beginIfLost(marks: Marks, evidence: readonly string[], nowMs: number): Promise<void> {
    const { records } = this.#deps
    const { generation } = this.#own
    const before = this.#record
    const operations: RecordOperation[] = []
    const news = evidence.filter((name) => !before?.evidence.includes(name))
    const sinces: number[] = []
    if (news.length > 0) {
      sinces.push(nowMs - damageWindowMs)
      operations.push(jumpStatements(marks.statement, generation, nowMs), await jumpSequence(records, nowMs))
    }
    // A new box without any backup has lost everything, but the first generation of all has nothing to lose.
    if (generation > (marks.generation ?? 1))
      sinces.push(marks.lastWrittenMs === undefined ? nowMs - damageWindowMs : marks.lastWrittenMs - restoreMarginMs)
    if (generation > (marks.generation ?? 0)) {
      operations.push(putGeneration(generation))
      this.#deps.generations.keep(generation)
    }
    if (sinces.length > 0) operations.push(...(await this.#begin(sinces, news, nowMs)))
    await records.commit(operations)
  }

  /** Begins, or begins anew. Returns what to commit. */
  async #begin(sinces: readonly number[], news: readonly string[], nowMs: number): Promise<RecordOperation[]> {
    const before = this.#record
    const reason = news.length > 0 ? 'damage' : 'restore'
    const sinceMs = Math.max(0, Math.min(nowMs, ...sinces, before?.sinceMs ?? nowMs))
    const evidence = [...(before?.evidence ?? []), ...news].slice(-maxEvidence)
    this.#record = { reason, sinceMs, begunMs: nowMs, reopened: false, evidence }
    this.#isRebuilt = false
    this.#logger.error(
      { code: 'STATION_RECOVERING', reason, sinceMs, evidence: news },
      'something was lost; peers are asked',
    )
    // Who has answered is asked again: it is another loss.
    await this.#deps.questions.drop()
    return [putRecovery(this.#record)]
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs: number | undefined
      try {
        this.#trouble = await this.#deps.generations.trouble()
        await this.#takeReports()
        this.#moveIntake()
        await this.#goOn(signal)
        this.#moveIntake()
        waitMs = this.#record === undefined ? undefined : roundMs
        if (this.#trouble?.code === 'GENERATION_UNLISTED') {
          this.#deps.seekDirectory()
          waitMs = seekMs
        }
      } catch (error) {
        if (signal.aborted) return
        this.#logger.warn(logFields(asTramError(error)), 'the recovery will try again')
        waitMs = failedMs
      }
      await this.#wake.wait(signal, waitMs)
    }
  }

  /** Damage that was found while the station runs. */
  async #takeReports(): Promise<void> {
    const reports = this.#reports
    if (reports.length === 0) return
    const { records, audit, clock } = this.#deps
    await records.mended()
    const nowMs = clock.now()
    const evidence: string[] = []
    for (const { data } of reports) {
      const place = String(data.place)
      // The sealer must never find no statement at all: it would begin to count anew.
      if (place === key('meta', 'statement'))
        await records.commit([jumpStatements(undefined, this.#own.generation, nowMs)])
      const kept = await records.quarantineRecords({ from: place, to: `${place}\0` })
      evidence.push(...(kept.length === 0 ? [place] : kept))
    }
    const news = evidence.filter((name) => !this.#record?.evidence.includes(name))
    if (news.length > 0) {
      const operations = await this.#begin([nowMs - damageWindowMs], news, nowMs)
      const { statement } = await readMarks(records)
      operations.push(jumpStatements(statement, this.#own.generation, nowMs))
      await audit.commit(operations, [{ act: 'loss-found', subject: news[0] ?? '', detail: `${news.length}` }])
    }
    this.#reports = this.#reports.slice(reports.length)
  }

  async #goOn(signal: AbortSignal): Promise<void> {
    const { questions, directory, records, clock, audit } = this.#deps
    const record = this.#record
    // The old box must ask nobody: what peers hold for the station belongs to its successor.
    if (record === undefined || this.#trouble?.code === 'STATION_SUPERSEDED') return
    if (!this.#isRebuilt) {
      await directory.reload()
      await this.#deps.rebuild(signal)
      this.#isRebuilt = true
    }
    if (directory.version === 0) return
    const stations = new Set<string>()
    for await (const { id } of directory.stations()) stations.add(id)
    await questions.drop((station) => stations.has(station))
    await questions.add(
      [...stations].filter((station) => !questions.isListed(station)),
      record.sinceMs,
    )
    await questions.askAll(signal)
    if (signal.aborted || this.#record !== record) return
    if (!record.reopened) {
      const reopened = { ...record, reopened: true }
      await records.commit([putRecovery(reopened)])
      this.#record = reopened
      this.#logger.info(
        { waiting: questions.waiting().length },
        'every station was asked or is out of reach: intake opens',
      )
    }
    const isOver = clock.now() > record.begunMs + damageWindowMs
    if (questions.waiting().length > 0 && !isOver) return
    await records.settleDamage()
    await audit.commit([dropRecovery], [{ act: 'loss-made-good', subject: record.reason, detail: `${stations.size}` }])
    this.#record = undefined
    await questions.drop()
    this.#logger.info({ step: 'recovered' }, 'every station has offered again what it sent here')
  }

  #moveIntake(): void {
    const { intake } = this.#deps
    if (this.#trouble?.code === 'STATION_SUPERSEDED') intake.close(this.#trouble.condition.vi)
    else if (this.#reports.length > 0 || this.#record?.reopened === false)
      intake.close('đang hỏi lại các trạm khác sau khi mất dữ liệu')
    else intake.open()
  }
}
