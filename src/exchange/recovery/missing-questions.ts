// After a loss: asks every other station for what we have receipted and no longer have. The list of those still to be asked is
// durable; who is out of reach is asked when it connects. recovery.ts begins and ends it; re-offers.ts at the sender answers.
import type { Clock } from '../../base/clock.ts'
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { PeerLink } from '../../equipment/link/peer-link.ts'
import type { MissingDone } from '../../equipment/link/schema/messages.ts'
import { key, range } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { QuestionRecord } from '../schema/records.ts'
import type { Connector } from '../send/connector.ts'

/** Stations that are dialled at the same time in a round. */
const maxDials = 8
const dialTimeoutMs = 15_000

const questionKey = (station: string): string => key('meta', 'ask', station)

export interface MissingQuestionsDeps {
  records: RecordStore
  connector: Connector
  /** The version of the directory in use: who answers must know it, and so that our former generation is closed. */
  directoryVersion: () => number
  clock: Clock
  logger: Logger
}

export class MissingQuestions {
  readonly #deps: MissingQuestionsDeps
  readonly #logger: Logger
  /** By station: as many as the directory has. */
  readonly #questions = new Map<string, QuestionRecord>()
  /** Called when a station has answered. */
  onAnswered: () => void = () => undefined

  constructor(deps: MissingQuestionsDeps) {
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'recovery' })
  }

  /** Reads the list. @throws TramError STORE_FAILED, STORE_DAMAGED */
  async load(): Promise<void> {
    this.#questions.clear()
    for await (const [name, value] of this.#deps.records.range(range('meta', 'ask'))) {
      this.#questions.set(name.split(':')[2] ?? '', QuestionRecord.decode(value))
    }
  }

  /** Whether this station owes us an answer: what it offers may be what we lost, and is looked at closely. */
  isAskedOf(station: string): boolean {
    return this.#questions.get(station)?.answered === false
  }

  /** Stations that have not answered yet. */
  waiting(): string[] {
    return [...this.#questions].filter(([, { answered }]) => !answered).map(([station]) => station)
  }

  get isEmpty(): boolean {
    return this.#questions.size === 0
  }

  isListed(station: string): boolean {
    return this.#questions.has(station)
  }

  /** Puts stations on the list, durably; one that is there already is asked anew, since the earlier of the two times. */
  async add(stations: readonly string[], sinceMs: number): Promise<void> {
    const nowMs = this.#deps.clock.now()
    const operations: RecordOperation[] = []
    for (const station of stations) {
      const before = this.#questions.get(station)
      const since = Math.min(sinceMs, before?.answered === false ? before.sinceMs : sinceMs)
      // Never the name of an earlier question, whatever the clock says: its answer would stand for this one.
      const recovery = Math.max(nowMs, (before?.recovery ?? 0) + 1)
      const question = { sinceMs: Math.max(0, since), recovery, answered: false }
      this.#questions.set(station, question)
      operations.push({ type: 'put', key: questionKey(station), value: QuestionRecord.encode(question) })
    }
    await this.#deps.records.commit(operations)
  }

  /** Drops stations from the list: all of them, or those that `isWanted` does not name. */
  async drop(isWanted: (station: string) => boolean = () => false): Promise<void> {
    const gone = [...this.#questions.keys()].filter((station) => !isWanted(station))
    await this.#deps.records.commit(gone.map((station) => ({ type: 'delete', key: questionKey(station) })))
    for (const station of gone) this.#questions.delete(station)
  }

  /** Asks every station that has not answered, once. Resolves when each was asked or found out of reach. */
  async askAll(signal: AbortSignal): Promise<void> {
    const waiting = this.waiting()
    const workers = Array.from({ length: maxDials }, async () => {
      for (let station = waiting.pop(); station !== undefined && !signal.aborted; station = waiting.pop())
        await this.#askOne(station, signal)
    })
    await Promise.all(workers)
  }

  /** A link is up: the moment to ask who was out of reach, and to ask again who has not answered on an older link. */
  linkOpened(station: string, link: PeerLink): void {
    this.#send(station, link)
  }

  /** A station has offered all that we may have lost (attacker-controlled: it can only keep back its own documents). */
  answered(station: string, { recovery, offered, unavailable }: MissingDone): void {
    const question = this.#questions.get(station)
    if (question === undefined || question.answered || question.recovery !== recovery) return
    this.#logger.info({ station, offered, unavailable }, 'a station has offered again what it sent to us')
    const answered = { ...question, answered: true }
    this.#questions.set(station, answered)
    this.#deps.records
      .commit([{ type: 'put', key: questionKey(station), value: QuestionRecord.encode(answered) }])
      .catch((error: unknown) => this.#logger.warn(logFields(asTramError(error)), 'asked again after a restart'))
      .finally(() => this.onAnswered())
  }

  async #askOne(station: string, signal: AbortSignal): Promise<void> {
    try {
      const link = await this.#deps.connector.connect(
        station,
        AbortSignal.any([signal, AbortSignal.timeout(dialTimeoutMs)]),
      )
      this.#send(station, link)
    } catch (error) {
      this.#logger.info(logFields(asTramError(error)), 'a station is out of reach; it is asked when it connects')
    }
  }

  #send(station: string, link: PeerLink): void {
    const question = this.#questions.get(station)
    if (question === undefined || question.answered) return
    try {
      const directoryVersion = this.#deps.directoryVersion()
      link.send({ missing: { sinceMs: question.sinceMs, recovery: question.recovery, directoryVersion } })
    } catch (error) {
      // Asked again on its next link.
      this.#logger.warn({ ...logFields(asTramError(error)), station }, 'a station could not be asked')
    }
  }
}
