// A UPS that speaks Megatec over a serial line, as most that are sold in Vietnam do: asked `Q1` (or Voltronic's `QS`) every few
// seconds. Nothing else is ever written: commands that begin with S switch the output off.
import type { Clock } from '../../base/clock.ts'
import type { Service } from '../../base/lifecycle.ts'
import type { Logger } from '../../base/logger.ts'
import { MegatecReader, parseMegatec } from './megatec-frame.ts'
import type { SerialLine } from './serial-line.ts'
import type { Ups, UpsState } from './ups.ts'

/** The questions by protocol. */
const questions = { q1: Buffer.from('Q1\r'), qs: Buffer.from('QS\r') }

/** After so many questions in a row without an answer the UPS counts as silent. */
export const silentAfterPolls = 3

export interface MegatecUpsOptions {
  protocol: keyof typeof questions
  /** Between two questions, ms. An answer takes 200 ms at 2400 baud. */
  pollMs: number
}

export class MegatecUps implements Ups, Service {
  readonly name = 'ups'
  readonly #options: MegatecUpsOptions
  readonly #line: SerialLine
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #reader = new MegatecReader()
  #onState: (state: UpsState) => void = () => undefined
  #state: UpsState = 'unknown'
  #unanswered = 0
  #isAsked = false
  #timer: NodeJS.Timeout | undefined

  constructor(options: MegatecUpsOptions, deps: { line: SerialLine; clock: Clock; logger: Logger }) {
    this.#options = options
    this.#line = deps.line
    this.#clock = deps.clock
    this.#logger = deps.logger.child({ part: 'ups' })
    deps.line.onBytes((bytes) => this.#hear(bytes))
    deps.line.onChange(() => this.#reader.clear())
  }

  get line(): string {
    return this.#line.path
  }

  get state(): UpsState {
    return this.#state
  }

  onState(listener: (state: UpsState) => void): void {
    this.#onState = listener
  }

  /** Asks for the first time; resolves without waiting for the answer. */
  async start(): Promise<void> {
    this.#timer = setInterval(() => this.poll(), this.#options.pollMs)
    this.#timer.unref()
    this.poll()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
  }

  /** Asks once, after having counted whether the question before was answered. The timer does it. */
  poll(): void {
    if (this.#isAsked) this.#unanswered += 1
    if (this.#unanswered >= silentAfterPolls) {
      if (this.#state !== 'silent') this.#logger.warn({ line: this.line }, 'the UPS does not answer')
      this.#state = 'silent'
      this.#onState('silent')
    }
    this.#isAsked = true
    // A line that is not there takes no question, and gives no answer.
    void this.#line.write(questions[this.#options.protocol])
  }

  #hear(bytes: Uint8Array): void {
    for (const text of this.#reader.read(bytes)) {
      const values = parseMegatec(text)
      // One answer to each question: a device that talks without end must not keep the station busy.
      if (values === undefined || !this.#isAsked) continue
      if (this.#state === 'silent') this.#logger.info({ line: this.line }, 'the UPS answers again')
      this.#isAsked = false
      this.#unanswered = 0
      this.#state = { ...values, at: this.#clock.now() }
      this.#onState(this.#state)
    }
  }
}
