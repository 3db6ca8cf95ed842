// What operators see of the station far away: publishes `info`, `state`, `details` and `event` under
// tram/v1/<site>/<station>/ (docs/monitoring).
// `availability` is the broker's own (equipment/mqtt). Fed by exchange/health; whoever listens can do nothing to the station.
import type { Clock } from '../../base/clock.ts'
import { asTramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { HealthBroker } from '../../equipment/mqtt/health-broker.ts'
import type { EventOutbox } from '../../exchange/health/event-outbox.ts'
import { WakeSignal } from '../../exchange/wake-signal.ts'
import { detailsEvery, splitState } from './state-topics.ts'

export interface HealthPublisherOptions {
  /** `tram/v1/<site>/<station>`. */
  topicBase: string
  stateIntervalMs: number
}

export interface HealthPublisherDeps {
  broker: HealthBroker
  events: Pick<EventOutbox, 'next' | 'published' | 'onAdded'>
  /** The numbers of now by name; state-topics.ts says which is published where. `ts` and `seq` are added here. */
  state: () => Promise<Readonly<Record<string, number>>>
  /** What seldom changes: versions, fingerprints, dates. JSON; the same texts in the same order while nothing changes. */
  info: () => Promise<object>
  /** Announces the station to who looks for it, when it is due (home-assistant.ts); says when to be called again, ms. */
  announce: () => Promise<number | undefined>
  clock: Clock
  logger: Logger
}

/** All numbers together are 3 KiB; more than twice as much is a mistake of ours. */
export const maxStateBytes = 8 * 1024
export const maxInfoBytes = 16 * 1024
/** A state that was missed twice is no state any more. */
const stateLives = 3
/** Events that wait for the broker's answer at a time. */
const eventWindow = 8
/** After a broker that refuses, or a store that cannot be read. */
const retryMs = 60_000

export class HealthPublisher implements Service {
  readonly name = 'health publisher'
  readonly #options: HealthPublisherOptions
  readonly #deps: HealthPublisherDeps
  readonly #stopping = new AbortController()
  readonly #stateDue = new WakeSignal()
  readonly #eventsDue = new WakeSignal()
  readonly #announcementDue = new WakeSignal()
  #loops: Promise<unknown> = Promise.resolve()
  /** Since the station started: a reader sees gaps and restarts. */
  #seq = 0
  #publishedInfo = ''
  /** States until the details are due again. */
  #untilDetails = 0
  /** The names in the last details. */
  #publishedDetails: ReadonlySet<string> = new Set()
  #isTroubled = false

  constructor(options: HealthPublisherOptions, deps: HealthPublisherDeps) {
    this.#options = options
    this.#deps = deps
    deps.broker.onConnected(() => {
      // It may be another one, or have lost what it kept.
      this.#publishedInfo = ''
      this.#untilDetails = 0
      this.#stateDue.wake()
      this.#eventsDue.wake()
      this.#announcementDue.wake()
    })
    deps.events.onAdded(() => this.#eventsDue.wake())
  }

  async start(): Promise<void> {
    this.#loops = Promise.all([
      this.#repeat(this.#stateDue, async () => {
        await this.#publishInfo()
        await this.#publishState()
        return this.#options.stateIntervalMs
      }),
      this.#repeat(this.#eventsDue, () => this.#publishEvents()),
      this.#repeat(this.#announcementDue, () => this.#deps.announce()),
    ])
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#loops
  }

  /** Does `work` while there is a connection: when it is due, when woken, and again after as many ms as it says. */
  async #repeat(due: WakeSignal, work: () => Promise<number | undefined>): Promise<void> {
    const { signal } = this.#stopping
    while (!signal.aborted) {
      let waitMs: number | undefined
      if (this.#deps.broker.isConnected) {
        try {
          waitMs = await this.#untilStopped(work())
          this.#isTroubled = false
        } catch (error) {
          this.#failed(error)
          waitMs = Math.min(retryMs, this.#options.stateIntervalMs)
        }
      }
      await due.wait(signal, waitMs)
    }
  }

  async #publishInfo(): Promise<void> {
    const payload = JSON.stringify(await this.#deps.info())
    if (payload === this.#publishedInfo) return
    await this.#publish('info', payload, maxInfoBytes, { retain: true })
    this.#publishedInfo = payload
  }

  async #publishState(): Promise<void> {
    const values = splitState(await this.#deps.state())
    const mark = { ts: this.#deps.clock.now(), seq: ++this.#seq }
    await this.#publishNumbers('state', { ...mark, ...values.state }, 1)
    const names = Object.keys(values.details)
    // A token that is ready at last has numbers that nobody should wait a quarter of an hour for.
    const hasNew = names.some((name) => !this.#publishedDetails.has(name))
    if ((this.#untilDetails === 0 || hasNew) && names.length > 0) {
      await this.#publishNumbers('details', { ...mark, ...values.details }, detailsEvery)
      this.#publishedDetails = new Set(names)
      this.#untilDetails = detailsEvery
    }
    this.#untilDetails = Math.max(0, this.#untilDetails - 1)
  }

  /** @param every how many intervals lie between two of them */
  async #publishNumbers(topic: string, numbers: Readonly<Record<string, number>>, every: number): Promise<void> {
    const expirySeconds = Math.ceil((stateLives * every * this.#options.stateIntervalMs) / 1000)
    await this.#publish(topic, JSON.stringify(numbers), maxStateBytes, { retain: true, expirySeconds })
  }

  /** The next window of the outbox. Returns when to come back: at once while there is more, undefined when there is nothing. */
  async #publishEvents(): Promise<number | undefined> {
    const { broker, events } = this.#deps
    const next = await events.next(eventWindow)
    if (next.length === 0) return undefined
    const topic = `${this.#options.topicBase}/event`
    const results = await Promise.allSettled(
      next.map(({ payload }) => broker.publish(topic, payload, { retain: false })),
    )
    await events.published(
      next.flatMap(({ sequence }, index) => (results[index]?.status === 'fulfilled' ? [sequence] : [])),
    )
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return 0
  }

  async #publish(
    topic: string,
    payload: string,
    maxBytes: number,
    options: { retain: boolean; expirySeconds?: number },
  ): Promise<void> {
    const bytes = Buffer.from(payload)
    if (bytes.byteLength > maxBytes)
      throw new RangeError(`${topic} has ${bytes.byteLength} bytes of at most ${maxBytes}`)
    await this.#deps.broker.publish(`${this.#options.topicBase}/${topic}`, bytes, options)
  }

  /** A broker that answers nobody must not hold up the end of the station. */
  async #untilStopped<Value>(work: Promise<Value>): Promise<Value | undefined> {
    const { signal } = this.#stopping
    const { promise, resolve } = Promise.withResolvers<undefined>()
    const onAbort = (): void => resolve(undefined)
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([work, promise])
    } finally {
      signal.removeEventListener('abort', onAbort)
      // What it ends in after that has nobody to hear it.
      if (signal.aborted) work.catch(() => undefined)
    }
  }

  /** The broker tells of its own trouble; the rest is logged once, until something comes through again. */
  #failed(error: unknown): void {
    const trouble = asTramError(error)
    if (trouble.code.startsWith('BROKER_') || this.#isTroubled) return
    this.#isTroubled = true
    this.#deps.logger.error(logFields(trouble), 'health is not published')
  }
}
