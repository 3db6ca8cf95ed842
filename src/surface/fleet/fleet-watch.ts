// `tram fleet`: joins a broker with the model and prints it: as a screen that follows, once, or as lines of JSON. Made by src/fleet.ts.
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import type { Language } from '../../base/text-format.ts'
import type { FleetBroker } from '../../equipment/mqtt/fleet-broker.ts'
import { FleetKeys } from './fleet-keys.ts'
import { FleetModel } from './fleet-model.ts'
import { screenText } from './fleet-news.ts'
import { type Overall, verdictOf } from './fleet-row.ts'
import { fleetTable, overallColours, screenLines } from './fleet-screen.ts'
import { overallTexts } from './fleet-texts.ts'

/** Where it is printed; a screen is a terminal with its keys. */
export interface FleetTerminal {
  stdout: {
    write(text: string): unknown
    readonly isTTY?: boolean | undefined
    readonly columns?: number | undefined
    readonly rows?: number | undefined
    readonly writableNeedDrain?: boolean | undefined
  }
  stdin: NodeJS.ReadableStream & {
    readonly isTTY?: boolean | undefined
    setRawMode?: ((isRaw: boolean) => unknown) | undefined
  }
}

export interface FleetWatchOptions {
  language: Language
  /** For the title: its address. */
  brokerName: string
  isJson: boolean
  isOnce: boolean
}

export interface FleetWatchDeps {
  broker: FleetBroker
  terminal: FleetTerminal
  clock: Clock
}

/** Twice a second at most. */
const tickMs = 500
const enterScreen = '\u001b[?1049h\u001b[?25l\u001b[?7l'
const leaveScreen = '\u001b[?7h\u001b[?25h\u001b[?1049l'

export class FleetWatch {
  readonly #options: FleetWatchOptions
  readonly #deps: FleetWatchDeps
  readonly #model: FleetModel
  readonly #settled = Promise.withResolvers<void>()
  readonly #keys = new FleetKeys()
  #isConnected = false
  #trouble = ''
  /** The connection has changed since it was told. */
  #isTold = true

  constructor(options: FleetWatchOptions, deps: FleetWatchDeps) {
    this.#options = options
    this.#deps = deps
    this.#model = new FleetModel(options, deps.clock)
  }

  /**
   * Watches until `signal` or the key `q`; or prints once, when everything that the broker has kept has come, as it always does
   * as text where there is no terminal.
   * @returns what the fleet is as a whole, when it was printed once; undefined when somebody has watched
   * @throws TramError FLEET_UNREADABLE when it is to print once and there is no connection
   */
  async run(signal: AbortSignal): Promise<'ok' | 'degraded' | 'failed' | undefined> {
    const { broker, terminal } = this.#deps
    const isScreen = terminal.stdout.isTTY === true && !this.#options.isJson && !this.#options.isOnce
    broker.listen({
      connected: () => {
        this.#isConnected = true
        this.#isTold = false
        this.#model.connected()
      },
      message: (message) => this.#model.take(message),
      settled: () => {
        this.#model.settled()
        this.#settled.resolve()
      },
      lost: (detail) => this.#lost(detail),
    })
    await broker.start(signal)
    try {
      if (isScreen) await this.#showScreen(signal)
      else if (this.#options.isJson && !this.#options.isOnce) await this.#printChanges(signal)
      else return await this.#printOnce(signal)
      return undefined
    } finally {
      await broker.stop()
    }
  }

  #lost(detail: string): void {
    this.#isConnected = false
    this.#isTold = false
    this.#trouble = screenText(detail)
    this.#settled.reject(new TramError('FLEET_UNREADABLE', { broker: this.#options.brokerName, detail: this.#trouble }))
    // Only who prints once waits for it.
    this.#settled.promise.catch(() => undefined)
  }

  async #printOnce(signal: AbortSignal): Promise<'ok' | 'degraded' | 'failed'> {
    await Promise.race([this.#settled.promise, aborted(signal)])
    signal.throwIfAborted()
    const { isJson, language, brokerName } = this.#options
    const at = this.#deps.clock.now()
    const rows = this.#model.rows()
    const overall = verdictOf(rows)
    const answer = { format: 1, at, broker: brokerName, overall, evicted: this.#model.evicted }
    const text = isJson ? JSON.stringify({ ...answer, stations: rows }, undefined, 2) : fleetTable(rows, at, language)
    this.#deps.terminal.stdout.write(`${text}\n`)
    return overall
  }

  /** One line of JSON for each station that has changed, and for each change of the connection. */
  async #printChanges(signal: AbortSignal): Promise<void> {
    const { stdout } = this.#deps.terminal
    await this.#everyTick(signal, () => {
      // Who reads slowly is told less often: what is not told yet is kept once for each station.
      if (stdout.writableNeedDrain === true) return
      const lines: object[] = []
      if (!this.#isTold)
        lines.push({
          type: 'connection',
          isConnected: this.#isConnected,
          detail: this.#isConnected ? '' : this.#trouble,
        })
      this.#isTold = true
      const { rows, gone } = this.#model.changes()
      for (const key of gone) {
        const [site, station] = key.split('/')
        lines.push({ type: 'gone', site, station })
      }
      for (const row of rows) lines.push({ type: 'station', ...row })
      if (lines.length > 0) stdout.write(`${lines.map((line) => JSON.stringify(line)).join('\n')}\n`)
    })
  }

  async #showScreen(signal: AbortSignal): Promise<void> {
    const { stdout, stdin } = this.#deps.terminal
    const quit = new AbortController()
    const either = AbortSignal.any([signal, quit.signal])
    const isTyped = stdin.isTTY === true && stdin.setRawMode !== undefined
    const onKeys = (text: string): void => {
      if (this.#keys.typed(text) === 'quit') quit.abort()
      else this.#draw()
    }
    if (isTyped) {
      stdin.setRawMode?.(true)
      stdin.setEncoding('utf8')
      // Whoever asked for the password has paused it.
      stdin.on('data', onKeys).resume()
    }
    stdout.write(enterScreen)
    try {
      await this.#everyTick(either, () => this.#draw())
    } finally {
      stdout.write(leaveScreen)
      if (isTyped) {
        stdin.off('data', onKeys)
        stdin.setRawMode?.(false)
        stdin.pause()
      }
    }
  }

  #draw(): void {
    const { stdout } = this.#deps.terminal
    // A terminal that is behind gets the next one.
    if (stdout.writableNeedDrain === true) return
    const { language, brokerName: broker } = this.#options
    const { columns: width = 80, rows: height = 24 } = stdout
    const rows = this.#model.rows()
    this.#keys.limit(rows, height)
    const lines = screenLines({
      ...{ rows, now: this.#deps.clock.now(), language, broker, width, height },
      ...{ isConnected: this.#isConnected, trouble: this.#trouble, evicted: this.#model.evicted },
      ...this.#keys.view,
    })
    const drawn = lines.map((line, at) => {
      const isFrame = at === 0 || at === lines.length - 1
      return `${isFrame ? `\u001b[7m${line.padEnd(width)}\u001b[0m` : this.#coloured(line)}\u001b[K`
    })
    stdout.write(`\u001b[H${drawn.join('\r\n')}\u001b[J`)
  }

  /** The word at its beginning in its colour. */
  #coloured(line: string): string {
    for (const [overall, colour] of Object.entries(overallColours)) {
      const word = overallTexts[overall as Overall][this.#options.language]
      if (line.startsWith(`${word} `)) return `\u001b[${colour}m${word}\u001b[0m${line.slice(word.length)}`
    }
    return line
  }

  async #everyTick(signal: AbortSignal, act: () => void): Promise<void> {
    const timer = setInterval(act, tickMs)
    try {
      act()
      await aborted(signal)
    } finally {
      clearInterval(timer)
    }
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
