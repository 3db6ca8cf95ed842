// What a station does after it lost something: damage of its store, or a restore from a backup. Intake is closed, numbers jump,
// own indices are rebuilt, and every peer is asked for what we receipted and may have lost; then intake opens again.
// Long because: one story from the report of a loss to its end.
import type { Clock } from '../../base/clock.ts'
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { parseWaybill } from '../../document/waybill.ts'
import { range } from '../../equipment/store/namespaces.ts'
import type { KeyRange, RecordOperation } from '../../equipment/store/record-store.ts'
import type { Directory } from '../directory/directory.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import type { Inbox } from '../receive/inbox.ts'
import { maxClockSkewMs } from '../receive/seal-checker.ts'
import type { RecoveryRecord } from '../schema/records.ts'
import type { Intake } from '../send/intake.ts'
import type { Outbox } from '../send/outbox.ts'
import { WakeSignal } from '../wake-signal.ts'
import type { GenerationWatch } from './generation-watch.ts'
import type { IndexRebuild } from './index-rebuild.ts'
import { LostDocuments, lookAfterLostMs } from './lost-documents.ts'
import type { MissingQuestions } from './missing-questions.ts'
import {
  type DamagedStore,
  dropRecovery,
  jumpSequence,
  jumpStatements,
  type Marks,
  mendMarks,
  putGeneration,
  putRecovery,
  readMarks,
  statementKey,
} from './recovery-marks.ts'

/** Senders keep packet and receipt for so long: nobody knows what damage has taken. */
const damageWindowMs = 30 * 86_400_000
/** Before the last durable act of a backup: clocks differ, and a commit may have been under way. */
const restoreMarginMs = 3_600_000
/** Before the last act of a torn log: two clocks that both are as wrong as a station lets them be. */
const tornMarginMs = 2 * maxClockSkewMs
/** How often who has not answered is dialled. */
const roundMs = 600_000
/** How often a directory that lists us is looked for. */
const seekMs = 60_000
const failedMs = 10_000
const everything: KeyRange = { from: '', to: '\u{10ffff}' }
/** Pieces of evidence that are remembered by name. */
const maxEvidence = 1000

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
  indices: IndexRebuild
  inbox: Inbox
  outbox: Outbox
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
  /** Torn ends of logs that are not noted yet. */
  #torn: string[] = []
  #record: RecoveryRecord | undefined
  #trouble: StateError | undefined
  readonly #lost: LostDocuments
  #isPrepared = false
  #isRebuilt = false
  #isNew = false
  #isRaised = false
  #loop: Promise<void> = Promise.resolve()
  #unsubscribe: () => void = () => undefined

  constructor(own: { station: string; generation: number }, deps: RecoveryDeps) {
    this.#own = own
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'recovery' })
    this.#lost = new LostDocuments({ ...deps, logger: this.#logger })
  }

  /** Something is lost (`LevelStore.onDamage`): at any time, also before `prepare`. */
  damaged(error: TramError): void {
    if (error.code === 'STORE_TORN') {
      this.#torn.push(String(error.data.file))
      return
    }
    if (this.#reports.length < maxEvidence) this.#reports.push(error)
    if (!this.#isPrepared) return
    this.#moveIntake()
    this.#wake.wake()
  }

  /**
   * The packet of `digestHex` was damaged and is in quarantine: the senders of listed items are asked for it, and documents
   * of ours that still need it are named.
   * @throws TramError STORE_*
   */
  async packetLost(digestHex: string): Promise<void> {
    const { records, questions, inbox, outbox, indices } = this.#deps
    for await (const [name] of records.range(range('packetref', digestHex))) {
      const owner = name.slice(name.lastIndexOf(':') + 1)
      if (owner.startsWith('document-')) {
        const docId = owner.slice('document-'.length)
        if (!(await indices.isWhole(docId))) await this.#lost.add(docId)
        continue
      }
      const item = await inbox.find(owner.slice('item-'.length))
      const record = item === undefined || item.mark === 'done' ? undefined : await outbox.waybill(item.waybill)
      if (item === undefined || record === undefined) continue
      await questions.add([parseWaybill(record.waybill).station], item.receivedAt - restoreMarginMs)
    }
    this.#wake.wake()
  }

  /** Whether something may still be missing: then nothing is thrown away that nobody seems to need. */
  get isOpen(): boolean {
    return this.#record !== undefined || this.#reports.length > 0
  }

  /** Whether single records are lost, out of the middle of what is kept. */
  get isDamaged(): boolean {
    return this.#reports.length > 0 || (this.#record !== undefined && this.#record.reason !== 'torn')
  }

  /** What is wrong now, for health. */
  conditions(): StateError[] {
    const conditions: StateError[] = this.#trouble === undefined ? [] : [this.#trouble]
    conditions.push(...this.#lost.conditions())
    const record = this.#record
    if (record === undefined) return conditions
    const [place] = record.evidence
    if (record.reason === 'torn') {
      conditions.push(new TramError('STORE_TORN', { file: place ?? '' }))
      return conditions
    }
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
    const evidence = await mendMarks(records)
    const marks = await readMarks(records)
    await questions.load()
    await this.#lost.load()
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

  async #beginIfLost(marks: Marks, evidence: readonly string[], nowMs: number): Promise<void> {
    const { records } = this.#deps
    const [{ generation }, before] = [this.#own, this.#record]
    const operations: RecordOperation[] = []
    const news = evidence.filter((name) => !before?.evidence.includes(name))
    const sinces = news.length > 0 ? [nowMs - damageWindowMs] : []
    // Nobody knows which numbers were given out since; two boxes may even be restored to one generation, one after the other.
    if (news.length > 0 || this.#torn.length > 0 || generation > (marks.generation ?? generation))
      operations.push(jumpStatements(marks.statement, generation, nowMs), await jumpSequence(records, nowMs))
    // A new box without any backup has lost everything, but the first generation of all has nothing to lose.
    this.#isRaised = generation > (marks.generation ?? 1)
    if (this.#isRaised)
      sinces.push(marks.lastWrittenMs === undefined ? nowMs - damageWindowMs : marks.lastWrittenMs - restoreMarginMs)
    if (generation > (marks.generation ?? 0)) {
      operations.push(putGeneration(generation))
      this.#deps.generations.keep(generation)
    }
    if (sinces.length > 0) operations.push(...(await this.#begin(sinces, news, nowMs)))
    else if (this.#torn.length > 0) operations.push(await this.#beginSoftly(marks.lastWrittenMs, nowMs))
    await records.commit(operations)
    if (this.#torn.length > 0) await records.settleTorn()
    this.#torn = []
  }

  /**
   * The end of the log is gone: what a power cut leaves, and what decay of the last acts looks like. What is left is a whole
   * state of a moment before, so nothing is rebuilt; intake stays open, and peers are asked for what came after.
   * @returns what to commit
   */
  async #beginSoftly(lastWrittenMs: number | undefined, nowMs: number): Promise<RecordOperation> {
    const { questions } = this.#deps
    const before = this.#record
    const sinceMs = Math.max(0, (lastWrittenMs ?? nowMs - damageWindowMs) - tornMarginMs)
    // Who answered is asked anew since now; who has not is asked since then, by a new name: the answer may have been lost.
    const waiting = questions.waiting()
    await questions.drop((station) => waiting.includes(station))
    await questions.add(waiting, sinceMs)
    const isAsked = before?.reason === 'torn' && before.reopened
    const earliestMs = Math.min(sinceMs, isAsked ? sinceMs : (before?.sinceMs ?? sinceMs))
    const fresh = { reason: 'torn', reopened: false, unlisted: false, evidence: this.#torn.slice(-maxEvidence) }
    const kept = before === undefined || before.reason === 'torn' ? fresh : before
    this.#record = { ...kept, sinceMs: earliestMs, begunMs: nowMs }
    this.#logger.info({ code: 'STORE_TORN', sinceMs: earliestMs }, 'peers are asked for what a torn log may have held')
    return putRecovery(this.#record)
  }

  /** Begins, or begins anew. Returns what to commit. */
  async #begin(sinces: readonly number[], news: readonly string[], nowMs: number): Promise<RecordOperation[]> {
    const before = this.#record
    const reason = news.length > 0 ? 'damage' : 'restore'
    const sinceMs = Math.max(0, Math.min(nowMs, ...sinces, before?.sinceMs ?? nowMs))
    const evidence = [...(before?.evidence ?? []), ...news].slice(-maxEvidence)
    const unlisted = this.#isRaised || before?.unlisted === true
    this.#record = { reason, sinceMs, begunMs: nowMs, reopened: false, evidence, unlisted }
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
        await this.#lost.look()
        const isQuiet = this.#record === undefined && this.#deps.questions.isEmpty
        waitMs = isQuiet ? (this.#lost.isEmpty ? undefined : lookAfterLostMs) : roundMs
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
      if (place === statementKey) await records.commit([jumpStatements(undefined, this.#own.generation, nowMs)])
      const kept = await records.quarantineRecords({ from: place, to: `${place}\0` })
      evidence.push(...(kept.size === 0 ? [place] : kept.values()))
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
    if (record === undefined) return this.#askFor(signal)
    // The old box must ask nobody: what peers hold for the station belongs to its successor.
    if (this.#trouble?.code === 'STATION_SUPERSEDED') return
    if (!this.#isRebuilt && record.reason !== 'torn') {
      await directory.reload()
      const more = await records.quarantineRecords(everything)
      if (more.size > 0)
        this.#record = { ...record, evidence: [...record.evidence, ...more.values()].slice(-maxEvidence) }
      if (more.has(statementKey)) await records.commit([jumpStatements(undefined, this.#own.generation, clock.now())])
      // Read and reported meanwhile, or by the scrub: part of this loss, not another one, for which all were asked again.
      this.#reports = this.#reports.filter(({ data }) => !more.has(String(data.place)))
      await this.#deps.indices.run((docId) => this.#lost.add(docId), signal)
      this.#isRebuilt = true
      if (more.size > 0) await records.commit([putRecovery(this.#record ?? record)])
      return this.#goOn(signal)
    }
    if (directory.version === 0) return
    if (record.unlisted && this.#trouble === undefined) return this.#askAnew(record, signal)
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
        'every station was asked or is out of reach: intake is open',
      )
    }
    const isOver = clock.now() > record.begunMs + damageWindowMs
    if (this.#trouble !== undefined || (questions.waiting().length > 0 && !isOver)) return
    await records.settleDamage()
    await audit.commit([dropRecovery], [{ act: 'loss-made-good', subject: record.reason, detail: `${stations.size}` }])
    this.#record = undefined
    await questions.drop()
    this.#logger.info({ step: 'recovered' }, 'every station has offered again what it sent here')
  }

  /** Until now the former generation could receipt what it alone has; they answer once they know that it is closed. */
  async #askAnew(record: RecoveryRecord, signal: AbortSignal): Promise<void> {
    await this.#deps.questions.drop((station) => station === this.#own.station)
    this.#record = { ...record, unlisted: false, begunMs: this.#deps.clock.now() }
    await this.#deps.records.commit([putRecovery(this.#record)])
    return this.#goOn(signal)
  }

  /** Single packets that were found damaged: only their senders are asked, and intake stays open. */
  async #askFor(signal: AbortSignal): Promise<void> {
    const { questions, directory } = this.#deps
    if (questions.isEmpty || this.#trouble !== undefined || directory.version === 0) return
    await questions.askAll(signal)
    if (questions.waiting().length === 0 && this.#record === undefined) await questions.drop()
  }

  #moveIntake(): void {
    const { intake } = this.#deps
    const close = (detail: string): void => intake.close('recovery', new TramError('INTAKE_CLOSED', { detail }))
    if (this.#trouble?.code === 'STATION_SUPERSEDED') close('STATION_SUPERSEDED')
    else if (this.#reports.length > 0 || (this.#record?.reopened === false && this.#record.reason !== 'torn'))
      close('STATION_RECOVERING')
    else intake.open('recovery')
  }
}
