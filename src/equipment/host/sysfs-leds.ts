// The lights of a box, below /sys/class/leds: what a technician sees who has no screen. Driven from one table (led-table.ts).
// A board without them, or a kernel that refuses, is no failure of the station: then nothing is shown.
import { access, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { type LedColour, type LedOccasion, type LedPattern, ledPatterns, ledStateOf } from './led-table.ts'

const pollMs = 10_000
const reportDeadlineMs = 5_000
/** The kernel takes less where a light has fewer steps. */
const fullBrightness = '255'

export interface SysfsLedsOptions {
  /** `/sys`, or a tree that looks like it. */
  sysFolder: string
  /** What the lights are called below class/leds. */
  names: Record<LedColour, string>
}

export interface SysfsLedsDeps {
  /** What is true of the station. Asked only on a box that has lights, and only once the station is ready. */
  conditions: (signal: AbortSignal) => Promise<LedOccasion['conditions']>
  logger: Logger
}

export class SysfsLeds implements Service {
  readonly name = 'lights'
  readonly #options: SysfsLedsOptions
  readonly #deps: SysfsLedsDeps
  #colours: LedColour[] = []
  #shown = ''
  #isReady = false
  #soughtUntilMs = Number.NEGATIVE_INFINITY
  #isRefused = false
  #updating: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(options: SysfsLedsOptions, deps: SysfsLedsDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** The lights that this box has; none before the start. */
  get colours(): readonly LedColour[] {
    return this.#colours
  }

  /** Looks which lights there are, and shows that the station starts. */
  async start(): Promise<void> {
    const colours: LedColour[] = ['green', 'red']
    const there = await Promise.all(colours.map((colour) => isThere(this.#folder(colour))))
    this.#colours = colours.filter((_, index) => there[index])
    if (this.#colours.length === 0) return
    await this.update()
    this.#timer = setInterval(() => void this.update(), pollMs)
    this.#timer.unref()
  }

  /** Leaves the light of a station that does not serve. */
  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.#updating
    this.#isReady = false
    this.#soughtUntilMs = Number.NEGATIVE_INFINITY
    await this.update()
  }

  /** The station serves: from now on its conditions are shown. */
  markReady(): void {
    this.#isReady = true
    void this.update()
  }

  /**
   * Shows for `forMs` which box this is, from now on: a later call replaces an earlier one.
   * @throws TramError LIGHTS_ABSENT
   */
  identify(forMs: number): void {
    if (this.#colours.length === 0) throw new TramError('LIGHTS_ABSENT', {})
    this.#soughtUntilMs = performance.now() + forMs
    const timer = setTimeout(() => void this.update(), forMs)
    timer.unref()
    void this.update()
  }

  /** Shows what is true now; one update at a time. Never rejects. */
  async update(): Promise<void> {
    if (this.#colours.length === 0) return
    const before = this.#updating ?? Promise.resolve()
    const updating = before.then(() => this.#show())
    this.#updating = updating
    await updating
    if (this.#updating === updating) this.#updating = undefined
  }

  async #show(): Promise<void> {
    try {
      const isSought = performance.now() < this.#soughtUntilMs
      const conditions = isSought || !this.#isReady ? [] : await this.#conditions()
      const state = ledStateOf({ isSought, isReady: this.#isReady, conditions })
      if (state.id === this.#shown) return
      // Should one light refuse, the other may show the new state already: nothing is known until both have obeyed.
      this.#shown = ''
      for (const colour of this.#colours) await this.#drive(colour, ledPatterns[state[colour]])
      this.#shown = state.id
      this.#isRefused = false
    } catch (error) {
      if (!this.#isRefused) this.#deps.logger.warn(logFields(asTramError(error)), 'the lights cannot be driven')
      this.#isRefused = true
    }
  }

  /** A station that cannot even say how it is has failed. */
  async #conditions(): Promise<LedOccasion['conditions']> {
    try {
      return await this.#deps.conditions(AbortSignal.timeout(reportDeadlineMs))
    } catch (error) {
      const { code } = asTramError(error)
      return [{ code, severity: 'critical' }]
    }
  }

  async #drive(colour: LedColour, { onMs, offMs }: LedPattern): Promise<void> {
    if (onMs > 0 && offMs > 0) {
      // The two files exist only while this trigger is on.
      await this.#write(colour, 'trigger', 'timer')
      await this.#write(colour, 'delay_on', String(onMs))
      await this.#write(colour, 'delay_off', String(offMs))
    } else {
      await this.#write(colour, 'trigger', 'none')
      await this.#write(colour, 'brightness', onMs > 0 ? fullBrightness : '0')
    }
  }

  /** `r+` makes no file: what the kernel does not offer is refused. */
  #write(colour: LedColour, file: string, text: string): Promise<void> {
    return writeFile(join(this.#folder(colour), file), text, { flag: 'r+' })
  }

  #folder(colour: LedColour): string {
    const { sysFolder, names } = this.#options
    return join(sysFolder, 'class/leds', names[colour])
  }
}

async function isThere(folder: string): Promise<boolean> {
  return access(join(folder, 'trigger')).then(
    () => true,
    () => false,
  )
}
