// What chronyd says of the machine's clock, asked again and again in the background with `chronyc -c tracking`. Nothing is ever set.
// exchange/time/trusted-clock.ts asks this while no other station can say; linux-box.ts adds it to the readings.
import { execFile } from 'node:child_process'
import type { Clock } from '../../base/clock.ts'
import type { Service } from '../../base/lifecycle.ts'
import type { Logger } from '../../base/logger.ts'
import { type BoxReadings, known } from './box-readings.ts'

const pollMs = { synchronised: 60_000, otherwise: 15_000 } as const
const deadlineMs = 5_000
const maxAnswerBytes = 4096
/** An answer older than this says nothing any more. */
const staleMs = 180_000
/** A step of the clock so large since the answer: the answer was about another time. */
const maxStepMs = 1_000
/** A clock that may be further off is not synchronised. chronyd itself goes on to say "Normal" when its sources are gone. */
const maxErrorSeconds = 1
/** Nor is one that nothing was compared with for so long; chronyd compares at least every 17 minutes as it comes. */
const maxAgeSeconds = 4 * 3600
/** The reference of a chronyd that follows its own clock (`local`). */
const ownClockReference = '7F7F0101'

export type ClockState = 'synchronised' | 'unsynchronised' | 'unknown'

/** What chronyd has said of the clock. */
export interface Tracking {
  state: 'synchronised' | 'unsynchronised'
  stratum: number
  /** How far the clock is from its source as far as is known, without sign, and with the uncertainty; finite. */
  offsetSeconds: number
  errorSeconds: number
}

export interface ChronyClockOptions {
  /** UDP port on the loopback at which chronyd answers; undefined: chronyc finds it by itself. */
  port: number | undefined
  /** chronyc, by name or path. */
  program: string
}

export class ChronyClock implements Service {
  readonly name = 'clock synchronisation'
  readonly #options: ChronyClockOptions
  readonly #deps: { clock: Clock; logger: Logger }
  #answer: { tracking: Tracking; wallMs: number; atMs: number } | undefined
  #shown: ClockState = 'unknown'
  #stop = new AbortController()
  #polling: Promise<void> = Promise.resolve()
  #timer: NodeJS.Timeout | undefined

  /** `clock` is the machine's, as chronyd sees it. */
  constructor(options: ChronyClockOptions, deps: { clock: Clock; logger: Logger }) {
    this.#options = options
    this.#deps = deps
  }

  /** Asks in the background: a station does not wait for its clock. */
  async start(): Promise<void> {
    this.#stop = new AbortController()
    this.#schedule(0)
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer)
    this.#stop.abort()
    await this.#polling
  }

  /** What the last answer means now; `unknown` when there is none that still counts. */
  state(): ClockState {
    return this.#current()?.state ?? 'unknown'
  }

  /** The same as readings; none when it is unknown. */
  readings(): BoxReadings {
    const tracking = this.#current()
    if (tracking === undefined) return {}
    const ms = (seconds: number): number => Math.round(seconds * 1e6) / 1e3
    return known({
      clockSynchronised: tracking.state === 'synchronised',
      clockErrorMs: ms(tracking.errorSeconds),
      clockOffsetMs: ms(tracking.offsetSeconds),
      clockStratum: tracking.stratum,
    })
  }

  /** Asks once, now. Never rejects. */
  async poll(): Promise<void> {
    const text = await this.#ask()
    const { clock, logger } = this.#deps
    const [wallMs, atMs] = [clock.now(), clock.monotonic()]
    const tracking = text === undefined ? undefined : parseTracking(text, wallMs)
    this.#answer = tracking === undefined ? undefined : { tracking, wallMs, atMs }
    const state = this.state()
    if (state === this.#shown) return
    this.#shown = state
    logger.info({ state, ...tracking }, 'synchronisation of the clock')
  }

  #current(): Tracking | undefined {
    if (this.#answer === undefined) return undefined
    const { tracking, wallMs, atMs } = this.#answer
    const passedMs = this.#deps.clock.monotonic() - atMs
    const stepMs = Math.abs(this.#deps.clock.now() - wallMs - passedMs)
    return passedMs <= staleMs && stepMs <= maxStepMs ? tracking : undefined
  }

  #schedule(afterMs: number): void {
    this.#timer = setTimeout(() => {
      this.#polling = this.poll().then(() => {
        if (this.#stop.signal.aborted) return
        this.#schedule(this.state() === 'synchronised' ? pollMs.synchronised : pollMs.otherwise)
      })
    }, afterMs)
    this.#timer.unref()
  }

  /** What chronyc prints; undefined when there is no chronyc, no chronyd, or no answer in time. */
  #ask(): Promise<string | undefined> {
    const { port, program } = this.#options
    const where = port === undefined ? [] : ['-h', '127.0.0.1', '-p', String(port)]
    const { promise, resolve } = Promise.withResolvers<string | undefined>()
    execFile(
      program,
      ['-c', '-n', ...where, 'tracking'],
      { timeout: deadlineMs, maxBuffer: maxAnswerBytes, killSignal: 'SIGKILL', signal: this.#stop.signal },
      (error, stdout) => {
        if (error !== null) this.#deps.logger.debug({ detail: error.message }, 'chronyd was not heard')
        resolve(error === null ? stdout : undefined)
      },
    )
    return promise
  }
}

/**
 * Reads the answer of `chronyc -c tracking`: reference, name, stratum, reference time, offset, two more offsets, frequency,
 * residual, skew, root delay, root dispersion, interval, leap status (client.c of chrony 4).
 * @param text at most some kilobytes, from outside
 * @param wallMs the machine's clock, ms since 1970
 * @returns undefined when it is not such an answer
 */
export function parseTracking(text: string, wallMs: number): Tracking | undefined {
  const fields = text.trim().split(',')
  const [reference = '', , stratumText = '', , , , , , , , , , , leap = ''] = fields
  if (fields.length !== 14 || !/^[0-9A-F]{8}$/.test(reference) || !/^\d{1,2}$/.test(stratumText)) return undefined
  const [comparedAt, offset, delay, dispersion] = [3, 4, 10, 11].map((index) => decimal(fields[index] ?? ''))
  if (comparedAt === undefined || offset === undefined || delay === undefined || dispersion === undefined)
    return undefined
  const offsetSeconds = Math.abs(offset)
  // The bound that chronyd's own manual gives (chronyc(1), "tracking").
  const errorSeconds = offsetSeconds + Math.abs(dispersion) + Math.abs(delay) / 2
  const ageSeconds = wallMs / 1000 - comparedAt
  const isSynchronised =
    ['Normal', 'Insert second', 'Delete second'].includes(leap) &&
    reference !== ownClockReference &&
    errorSeconds <= maxErrorSeconds &&
    ageSeconds >= -maxErrorSeconds &&
    ageSeconds <= maxAgeSeconds
  return {
    state: isSynchronised ? 'synchronised' : 'unsynchronised',
    stratum: Number(stratumText),
    offsetSeconds,
    errorSeconds,
  }
}

const decimal = (text: string): number | undefined =>
  /^-?\d{1,12}(\.\d{1,12})?$/.test(text) ? Number(text) : undefined
