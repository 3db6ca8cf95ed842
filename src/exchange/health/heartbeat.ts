// Whether the station is alive, told to systemd, which ends and starts again one that is not. Each round asks the event loop,
// the store and the signer (heartbeat-parts.ts), and only answers of all of them feed the watchdog: no timer does by itself.
// A refusal is an answer too: a full disk, a failed store, an absent token or a latched PIN have conditions of their
// own, and a restart would not cure them. What counts is silence,
// and a question that fails by a fault of this program: then nobody knows.
import { setTimeout as delay } from 'node:timers/promises'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { Notify } from '../../equipment/systemd/notify.ts'

export interface HeartbeatPart {
  /** For people, in both languages. */
  name: string
  /** Settles, well or badly, when the part has answered. Ends soon after the signal. */
  ask(signal: AbortSignal): Promise<void>
}

export interface HeartbeatDeps {
  parts: readonly HeartbeatPart[]
  notify: Notify
  logger: Logger
}

const loopName = 'vòng lặp sự kiện / event loop'
const readyStatus = 'sẵn sàng / ready'

export class Heartbeat implements Service {
  readonly name = 'heartbeat'
  readonly #deps: HeartbeatDeps
  readonly #logger: Logger
  readonly #roundMs: number
  readonly #answerMs: number
  /** Parts that have not answered yet. None is asked twice at a time: behind one that hangs nothing piles up. */
  readonly #asked = new Map<string, Promise<void>>()
  /** Parts whose last question failed by a fault of this program. */
  readonly #broken = new Set<string>()
  #stopping = new AbortController()
  #running: Promise<void> | undefined
  #trouble: TramError<'HEARTBEAT_LATE'> | undefined
  #lateSinceMs = 0

  /**
   * @param options.watchdogMs systemd's WatchdogSec. A round begins after a third of it, and an answer is late after a further
   *   sixth: a part that hangs is named half a period before systemd acts.
   */
  constructor(options: { watchdogMs: number }, deps: HeartbeatDeps) {
    this.#deps = deps
    this.#logger = deps.logger.child({ part: 'heartbeat' })
    this.#roundMs = options.watchdogMs / 3
    this.#answerMs = options.watchdogMs / 6
  }

  /** HEARTBEAT_LATE while something does not answer, and until a whole round after it was well. */
  conditions(): readonly TramError<'HEARTBEAT_LATE'>[] {
    return this.#trouble === undefined ? [] : [this.#trouble]
  }

  /** Resolves at once; a station whose first round fails is not refused its start. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#running = this.#run(this.#stopping.signal)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(signal: AbortSignal): Promise<void> {
    for (let waitMs = 0; ; waitMs = this.#roundMs) {
      const wasLate = await this.#rest(waitMs, signal)
      if (wasLate) this.#late([loopName])
      while (!(await this.#round(signal))) {
        if (signal.aborted) return
        // Only its own answer ends the silence of a part; then all are asked anew.
        if (this.#asked.size === 0) await this.#rest(this.#answerMs, signal)
        else await Promise.race([Promise.all(this.#asked.values()), ended(signal)])
      }
      if (signal.aborted) return
      this.#alive(wasLate)
    }
  }

  /** Asks every part; whether all have answered in time. */
  async #round(signal: AbortSignal): Promise<boolean> {
    for (const part of this.#deps.parts) this.#ask(part, signal)
    const answers = Promise.all(this.#asked.values())
    for (;;) {
      const waited = new AbortController()
      const rest = this.#rest(this.#answerMs, AbortSignal.any([signal, waited.signal]))
      const wasLate = await Promise.race([answers.then(() => false), rest])
      waited.abort()
      if (signal.aborted) return false
      if (this.#asked.size === 0) {
        if (this.#broken.size > 0) this.#late([...this.#broken])
        return this.#broken.size === 0
      }
      // When the loop stood still, what the parts answered may lie unread: they get their time once more.
      if (wasLate) this.#late([loopName])
      else {
        this.#late([...this.#asked.keys()])
        return false
      }
    }
  }

  #ask(part: HeartbeatPart, signal: AbortSignal): void {
    const { name } = part
    if (this.#asked.has(name)) return
    this.#broken.delete(name)
    const answer = part
      .ask(signal)
      .catch((error: unknown) => this.#noteRefusal(name, asTramError(error)))
      .finally(() => this.#asked.delete(name))
    this.#asked.set(name, answer)
  }

  /** Whoever refuses tells why in a condition of its own; what is no condition is a fault of this program. */
  #noteRefusal(name: string, error: TramError): void {
    if (this.#stopping.signal.aborted) return
    const isFault = error.code === 'INTERNAL'
    if (isFault) this.#broken.add(name)
    const text = isFault ? 'a part cannot be asked' : 'a refusal is an answer'
    this.#logger[isFault ? 'error' : 'debug']({ ...logFields(error), name }, text)
  }

  /** Waits; whether the event loop came round so late that it must have stood still. */
  async #rest(ms: number, signal: AbortSignal): Promise<boolean> {
    const fromMs = performance.now()
    await delay(ms, undefined, { signal }).catch(() => undefined) // aborted: the caller looks
    return performance.now() - fromMs - ms > this.#answerMs
  }

  #late(names: readonly string[]): void {
    if (this.#trouble === undefined) this.#lateSinceMs = performance.now()
    const trouble = new TramError('HEARTBEAT_LATE', { part: names.join(', ') })
    const isNews = this.#trouble?.data.part !== trouble.data.part
    this.#trouble = trouble
    if (!isNews) return
    this.#logger.error(logFields(trouble), 'the watchdog is not fed')
    // Stays to be read in `systemctl status` when systemd has ended the station.
    this.#deps.notify.tell({ status: trouble.condition.vi })
  }

  #alive(wasLate: boolean): void {
    this.#deps.notify.tell({ watchdog: true })
    // What stood still a moment ago is over, but it is said for a whole round: somebody may look only now and then.
    if (this.#trouble === undefined || wasLate) return
    this.#logger.info({ lateMs: Math.round(performance.now() - this.#lateSinceMs) }, 'the watchdog is fed again')
    this.#trouble = undefined
    this.#deps.notify.tell({ status: readyStatus })
  }
}

/** Resolves with the signal. */
const ended = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
