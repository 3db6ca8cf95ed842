// One round of the lab: the sender's backend hands a circular in, every recipient's backend fetches it, compares it, marks it done
// and answers with status 03, and the sender's backend fetches the answers. All of it over VXP, like any vendor's software.
// Long because: both sides of one conversation, and the times of each step.
import { setTimeout as delay } from 'node:timers/promises'
import type { LogLine } from '../test/fixtures/station/station-process.ts'
import { VxpKit } from '../test/fixtures/vxp-kit/vxp-kit.ts'
import { type Circular, currentCode, makeAcceptance, makeCircular, readAcceptance } from './lab-documents.ts'
import { endpointOf } from './lab-folder.ts'
import type { LabStation } from './lab-keys.ts'

/** The way of the circular to one recipient, in order. */
export const waySteps = ['accepted', 'sealed', 'offered', 'stored', 'receipt', 'fetched', 'answered'] as const
export type WayStep = (typeof waySteps)[number]

/** How far one recipient has come. */
export interface RecipientWay {
  station: LabStation
  /** Milliseconds since the sender's backend began to send. */
  times: Partial<Record<WayStep, number>>
  /** Bytes that were fetched, all equal to those sent. */
  fetchedBytes: number
  /** The last thing that went wrong; '' when nothing did. */
  trouble: string
}

export interface RoundEvents {
  onSending(circular: Circular): void
  onStep(way: RecipientWay, step: WayStep): void
  /** This recipient's way is complete. */
  onComplete(way: RecipientWay): void
  /** Hands in what the sender's station has logged by now, by `take`. */
  readSenderLog(): Promise<void>
}

export interface RoundResult {
  docId: string
  circular: Circular
  ways: RecipientWay[]
  delivered: number
  elapsedMs: number
}

const documents = { serviceType: 'eDoc', messageType: 'edoc' }
const statuses = { serviceType: 'status', messageType: 'status' }
const wholeList = { pageSize: 1000, pageIndex: 1 }

export class Round {
  readonly #sender: LabStation
  readonly #ways: RecipientWay[]
  readonly #reachable: ReadonlySet<LabStation>
  readonly #events: RoundEvents
  readonly #pollMs: number
  readonly #senderLog: LogLine[] = []
  #startedMs = 0
  #docId = ''

  /** @param reachable recipients whose station runs; for the others nobody waits */
  constructor(
    stations: { sender: LabStation; recipients: readonly LabStation[]; reachable: ReadonlySet<LabStation> },
    events: RoundEvents,
  ) {
    this.#sender = stations.sender
    this.#reachable = stations.reachable
    this.#ways = stations.recipients.map((station) => {
      const trouble = stations.reachable.has(station) ? '' : 'trạm không chạy · its station does not run'
      return { station, times: {}, fetchedBytes: 0, trouble }
    })
    this.#events = events
    this.#pollMs = Math.max(50, this.#ways.length * 5) // dozens of backends must not busy the stations with lists
  }

  /** A line of the sender's log, as it comes: it tells what VXP does not. */
  take(line: LogLine): void {
    if (this.#startedMs === 0) return
    if (this.#docId === '') this.#senderLog.push(line)
    else this.#read(line)
  }

  /** Resolves when every recipient has answered, or when `signal` ends it. */
  async run(signal: AbortSignal): Promise<RoundResult> {
    const recipients = this.#ways.map(({ station }) => station)
    const circular = await makeCircular(this.#sender, recipients, Date.now())
    const kit = kitOf(this.#sender)
    try {
      this.#events.onSending(circular)
      this.#startedMs = Date.now()
      const answer = await kit.sendEdoc(circular.packet, { from: currentCode(this.#sender), ...documents })
      if (answer.status !== 'OK') throw new Error(`sendEdoc: ${answer.ErrorCode} ${answer.ErrorDesc}`)
      this.#docId = answer.DocId
      const acceptedAt = Date.now()
      for (const way of this.#ways) this.#note(way, 'accepted', acceptedAt)
      for (const line of this.#senderLog.splice(0)) this.#read(line)
      const backends = this.#ways
        .filter(({ station }) => this.#reachable.has(station))
        .map((way) => this.#receive(way, circular, signal))
      await Promise.all([this.#collectAnswers(kit, circular, signal), ...backends])
    } finally {
      kit.close()
    }
    const delivered = this.#ways.filter(isComplete).length
    return { docId: this.#docId, circular, ways: this.#ways, delivered, elapsedMs: Date.now() - this.#startedMs }
  }

  /** The recipient's backend. */
  async #receive(way: RecipientWay, circular: Circular, signal: AbortSignal): Promise<void> {
    const kit = kitOf(way.station)
    const notOurs = new Set<string>()
    try {
      const docId = await this.#patiently(way, signal, async () => {
        for (const { docId = '', from } of (await kit.getReceivedEdocList({ ...documents, ...wholeList })).data) {
          if (from !== currentCode(this.#sender) || notOurs.has(docId)) continue
          const bytes = await kit.downloadEdoc(docId)
          // Somebody else's document of the same sender is not ours to compare.
          if (!bytes.includes(circular.documentId)) {
            notOurs.add(docId)
            continue
          }
          if (!bytes.equals(circular.packet)) throw new Error(`${docId} has other bytes than were sent`)
          way.fetchedBytes = bytes.byteLength
          return docId
        }
        return undefined
      })
      if (docId === undefined) return
      this.#note(way, 'fetched', Date.now())
      await this.#patiently(way, signal, async () => {
        const { status, ErrorDesc } = await kit.updateStatus(docId, 'done')
        if (status !== 'OK') throw new Error(`updateStatus: ${ErrorDesc}`)
        return true
      })
      const acceptance = makeAcceptance(way.station, this.#sender, circular, Date.now())
      await this.#patiently(way, signal, async () => {
        const answer = await kit.sendEdoc(acceptance, { from: currentCode(way.station), ...statuses })
        if (answer.status !== 'OK') throw new Error(`status 03: ${answer.ErrorCode} ${answer.ErrorDesc}`)
        return true
      })
    } finally {
      kit.close()
    }
  }

  /** The sender's backend: fetches status packets, and looks up what the station says of each recipient. */
  async #collectAnswers(kit: VxpKit, circular: Circular, signal: AbortSignal): Promise<void> {
    const seen = new Set<string>()
    const answered = new Set<string>()
    const expected = this.#ways.filter(({ station }) => this.#reachable.has(station))
    const general: RecipientWay = { station: this.#sender, times: {}, fetchedBytes: 0, trouble: '' }
    await this.#patiently(general, signal, async () => {
      for (const { docId = '' } of (await kit.getReceivedEdocList({ ...statuses, ...wholeList })).data) {
        if (seen.has(docId)) continue
        const { organId, code, statusCode } = readAcceptance(await kit.downloadEdoc(docId))
        seen.add(docId)
        if (code !== circular.code || statusCode !== '03') continue
        await kit.updateStatus(docId, 'done')
        answered.add(organId)
      }
      const { data } = await kit.getSentEdocList({ ...documents, docId: this.#docId, ...wholeList })
      await this.#events.readSenderLog() // it knows the times better than a list that was asked for now and then
      for (const way of expected) {
        const row = data.find(({ toCode }) => toCode === currentCode(way.station))
        if (row?.sendStatus === 'fail') way.trouble = row.sendStatusDesc ?? ''
        if (row?.sendStatus !== 'done') continue
        this.#note(way, 'receipt', Date.now())
        if (row.receiveStatus === '03' && answered.has(currentCode(way.station)))
          this.#note(way, 'answered', Date.now())
      }
      return expected.every(isComplete) ? true : undefined
    })
    for (const way of expected) way.trouble ||= general.trouble
  }

  /** Asks until there is an answer, as a backend does whose station is being started again. Undefined when `signal` ends it. */
  async #patiently<Value>(
    way: RecipientWay,
    signal: AbortSignal,
    ask: () => Promise<Value | undefined>,
  ): Promise<Value | undefined> {
    while (!signal.aborted) {
      try {
        const value = await ask()
        way.trouble = ''
        if (value !== undefined) return value
      } catch (error) {
        way.trouble = error instanceof Error ? error.message : String(error)
      }
      await delay(this.#pollMs)
    }
    return undefined
  }

  /** The steps that only the sender's log tells. Batches are sealed in order: ours is in the first one that comes. */
  #read(line: LogLine): void {
    const at = Date.parse(String(line.time))
    if (line.step === 'sealed') {
      for (const way of this.#ways) this.#note(way, 'sealed', at)
      return
    }
    if (line.document !== this.#docId) return
    const way = this.#ways.find(({ station }) => station.id === line.station)
    if (way === undefined) return
    if (line.step === 'offering') this.#note(way, 'offered', at)
    else if (line.step === 'stored-heard') this.#note(way, 'stored', at)
    else if (line.step === 'closed') this.#note(way, 'receipt', at)
  }

  /** The first time counts: a step that is repeated after a crash was taken before it. */
  #note(way: RecipientWay, step: WayStep, at: number): void {
    if (way.times[step] !== undefined) return
    way.times[step] = Math.max(0, at - this.#startedMs)
    this.#events.onStep(way, step)
    if (step === 'answered' || step === 'fetched') {
      if (isComplete(way)) this.#events.onComplete(way)
    }
  }
}

/** Receipt, bytes and answer: nothing less is delivered. */
export function isComplete({ times, fetchedBytes }: RecipientWay): boolean {
  return times.receipt !== undefined && times.answered !== undefined && fetchedBytes > 0
}

function kitOf(station: LabStation): VxpKit {
  return new VxpKit({ endpoint: endpointOf(station), ...station.backend })
}
