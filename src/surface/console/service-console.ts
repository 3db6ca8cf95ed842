// The service console: a line menu on a serial line for the technician who stands before the box. No shell; nothing of a document.
// It holds one session at a time and drops it, with whatever was being entered, when the line goes, makes noise or stays silent.
// line-reader.ts reads, console-entries.ts does; src/console.ts makes the program `tram console` of it.
import { asTramError, type TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { SerialLine } from '../../equipment/serial/serial-line.ts'
import type { ConsoleActions } from './console-actions.ts'
import { entries } from './console-entries.ts'
import { type ConsoleLanguage, ConsoleTerminal, withoutDiacritics } from './console-terminal.ts'
import { errorText, type labels, texts } from './console-texts.ts'
import { type LineEvent, LineReader } from './line-reader.ts'
import { PinPace } from './pin-pace.ts'

export interface ServiceConsoleOptions {
  language: ConsoleLanguage
  /** A session in which nobody types for so long ends. */
  idleMs: number
  /** After junk, the line must have been silent for so long before it is listened to again. Default 500. */
  quietMs?: number
  version: string
  /** Of an appliance: the software slot that runs. */
  slot?: string | undefined
}

export interface ServiceConsoleDeps {
  line: SerialLine
  actions: ConsoleActions
  clock: { monotonic(): number }
  logger: Logger
}

type Chosen = keyof typeof labels | 'menu' | undefined

export class ServiceConsole implements Service {
  readonly name = 'service console'
  readonly #options: ServiceConsoleOptions
  readonly #deps: ServiceConsoleDeps
  readonly #reader: LineReader
  readonly #pace: PinPace
  #terminal: ConsoleTerminal | undefined
  /** Set while the line makes noise: nothing is listened to. */
  #noise: NodeJS.Timeout | undefined

  constructor(options: ServiceConsoleOptions, deps: ServiceConsoleDeps) {
    this.#options = options
    this.#deps = deps
    this.#pace = new PinPace(deps.clock)
    this.#reader = new LineReader(
      (text) => this.#echo(text),
      (event) => this.#take(event),
    )
  }

  /** Listens to the line, which is started afterwards. */
  async start(): Promise<void> {
    const { line } = this.#deps
    line.onBytes((bytes) => {
      if (this.#noise !== undefined) this.#noise.refresh()
      else this.#reader.take(bytes)
    })
    line.onChange((isOpen) => {
      this.#drop('the line has changed')
      if (isOpen) this.#greet()
    })
    if (line.isOpen) this.#greet()
  }

  async stop(): Promise<void> {
    this.#drop('the console stops')
  }

  /** Ends the session and forgets what was typed and whether there was noise. */
  #drop(reason: string): void {
    clearTimeout(this.#noise)
    this.#noise = undefined
    this.#terminal?.end(reason)
    this.#terminal = undefined
    this.#reader.reset()
    this.#reader.mode = 'shown'
  }

  /** For every terminal and both languages: who reads this has chosen nothing yet. */
  #greet(...hint: readonly string[]): void {
    const { version, slot } = this.#options
    const fingerprint = this.#deps.actions.fingerprint?.()
    const who = [
      `Trạm ${version}${slot === undefined ? '' : `, slot ${slot}`}`,
      ...(fingerprint === undefined ? [] : [fingerprint]),
    ]
    this.#echo(['', ...hint, ...who, texts.pressEnter.vi, texts.pressEnter.en, ''].join('\r\n'))
  }

  /** Outside a session, or a letter: what the line does not take is lost, and nobody waits for it. */
  #echo(text: string): void {
    const language = this.#terminal?.language ?? this.#options.language
    // A greeting goes to terminals that may know no UTF-8; what was typed goes back as it came.
    const isGreeting = this.#terminal === undefined
    void this.#deps.line.write(Buffer.from(isGreeting || language === 'ascii' ? withoutDiacritics(text) : text, 'utf8'))
  }

  #take(event: LineEvent): void {
    const terminal = this.#terminal
    if (event.kind === 'junk') this.#startNoise()
    else if (terminal === undefined) {
      if (event.kind === 'line' && event.text === '') this.#openSession()
      else this.#greet()
    } else {
      terminal.heard()
      if (event.kind === 'cancel') terminal.cancel()
      else terminal.answer(event.text)
    }
  }

  /** Noise is full of line ends and digits: nothing counts until it has stopped, and then a session starts anew. */
  #startNoise(): void {
    this.#deps.logger.info('noise on the serial line; the session, if any, is dropped')
    this.#drop('noise on the line')
    this.#noise = setTimeout(() => {
      this.#noise = undefined
      this.#greet(texts.noise.vi, texts.noise.en)
    }, this.#options.quietMs ?? 500).unref()
  }

  #openSession(): void {
    const terminal: ConsoleTerminal = new ConsoleTerminal(this.#options.language, {
      line: this.#deps.line,
      idleMs: this.#options.idleMs,
      setMode: (mode) => {
        if (this.#terminal === terminal) this.#reader.mode = mode
      },
      onIdle: () => this.#leave(terminal),
    })
    this.#terminal = terminal
    this.#reader.mode = 'off'
    this.#runMenu(terminal).catch((error: unknown) => {
      // Ended by the line or by time: that was seen to. Anything else is ours, and the technician needs a way back.
      if (terminal.ended.aborted) return
      this.#deps.logger.error(logFields(asTramError(error)), 'the console session failed')
      this.#leave(terminal)
    })
  }

  #leave(terminal: ConsoleTerminal): void {
    if (this.#terminal !== terminal) return
    this.#drop('the session has ended')
    this.#greet()
  }

  async #runMenu(terminal: ConsoleTerminal): Promise<void> {
    let last: Chosen = 'menu'
    while (last !== 'leave') {
      terminal.arm()
      try {
        // The menu need not scroll away every answer.
        last = await this.#choose(terminal, ['menu', 'language', 'settings'].includes(last ?? ''))
      } catch (error) {
        last = undefined
        if (terminal.ended.aborted) throw error
        if (terminal.signal.aborted) await terminal.say('', terminal.text(texts.cancelled))
        else await this.#tell(asTramError(error), terminal)
      }
    }
    this.#leave(terminal)
  }

  /** Runs the entry that is chosen. Returns its name, or that the menu is wanted. */
  async #choose(terminal: ConsoleTerminal, isMenuDue: boolean): Promise<Chosen> {
    const { actions, logger } = this.#deps
    const isThere = await Promise.all(entries.map((entry) => entry.isThere(actions, terminal.signal)))
    const there = entries.filter((_, index) => isThere[index])
    if (isMenuDue) {
      await terminal.say('', `== Trạm ${await actions.title()} ==`)
      await terminal.say(...there.map(({ key, label }) => `${key.padStart(3)}  ${terminal.text(label)}`))
    }
    const choice = (await terminal.ask(terminal.text(texts.choose))).toLowerCase()
    if (choice === '') return 'menu'
    const entry = there.find(({ key }) => key === choice)
    if (entry === undefined) {
      await terminal.say(terminal.text(texts.unknownChoice))
      return undefined
    }
    logger.info({ entry: entry.name }, 'chosen on the service console')
    await entry.run({ terminal, actions, pace: this.#pace })
    return entry.name
  }

  async #tell(error: TramError, terminal: ConsoleTerminal): Promise<void> {
    this.#deps.logger.info({ code: error.code }, 'refused on the service console')
    const [what, todo] = errorText(error, terminal.language)
    await terminal.say(what, todo)
  }
}
