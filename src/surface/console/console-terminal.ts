// One session's view of the line: text out, wrapped for 80 columns and in the letters that the terminal has, and one question
// at a time. Made by service-console.ts; dies with the session.
import type { Text } from '../../base/text-format.ts'
import type { SerialLine } from '../../equipment/serial/serial-line.ts'
import type { ReaderMode } from './line-reader.ts'

/** Vietnamese, English, Vietnamese without diacritics. */
export type ConsoleLanguage = 'vi' | 'en' | 'ascii'

/** A dumb terminal has 80 columns, and some break the line after the last. */
const columns = 79
/** Written at a time: the line's queue holds several, and echo finds room beside them. */
const pieceBytes = 1024

export interface TerminalOptions {
  line: SerialLine
  /** A question is open so long without a letter: then `onIdle`. */
  idleMs: number
  setMode(mode: ReaderMode): void
  onIdle(): void
}

export class ConsoleTerminal {
  language: ConsoleLanguage
  readonly #options: TerminalOptions
  readonly #ended = new AbortController()
  #answer: ((text: string) => void) | undefined
  #cancelled = new AbortController()
  #idle: NodeJS.Timeout | undefined

  constructor(language: ConsoleLanguage, options: TerminalOptions) {
    this.language = language
    this.#options = options
  }

  /** Aborts when the session has ended. */
  get ended(): AbortSignal {
    return this.#ended.signal
  }

  /** Aborts when the session has ended, or somebody cancels what runs now. */
  get signal(): AbortSignal {
    return AbortSignal.any([this.#ended.signal, this.#cancelled.signal])
  }

  text(text: Text): string {
    return this.language === 'en' ? text.en : text.vi
  }

  /**
   * Writes lines. What is in them may come from anywhere: it cannot steer the terminal.
   * @throws the reason of `ended`
   */
  async say(...lines: readonly string[]): Promise<void> {
    await this.#write(
      lines
        .flatMap((line) => line.split('\n'))
        .flatMap(wrapped)
        .map((line) => `${line}\r\n`)
        .join(''),
    )
  }

  /**
   * Asks for a line.
   * @param hidden asterisks are shown instead of what is typed
   * @returns what was typed, without the blanks around it
   * @throws the reason of `signal`: the session has ended, or Ctrl-C
   */
  async ask(prompt: string, hidden = false): Promise<string> {
    const { signal } = this
    signal.throwIfAborted()
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#answer = resolve
    const onAbort = (): void => reject(signal.reason)
    signal.addEventListener('abort', onAbort, { once: true })
    // First: whoever answers the prompt at once must be heard, and a PIN must not be echoed.
    this.#options.setMode(hidden ? 'hidden' : 'shown')
    this.heard()
    try {
      await this.#write(prompt)
      return await promise
    } finally {
      clearTimeout(this.#idle)
      this.#answer = undefined
      this.#options.setMode('off')
      signal.removeEventListener('abort', onAbort)
      // A rejection after a failed write is told by that write.
      promise.catch(() => undefined)
    }
  }

  /** Something was typed. */
  heard(): void {
    clearTimeout(this.#idle)
    if (this.#answer !== undefined) this.#idle = setTimeout(this.#options.onIdle, this.#options.idleMs).unref()
  }

  /** The answer to the open question. */
  answer(text: string): void {
    this.#answer?.(text)
  }

  /** Ctrl-C: ends the open question, or what is running. */
  cancel(): void {
    this.#cancelled.abort(new Error('cancelled'))
  }

  /** What runs from now on has not been cancelled. */
  arm(): void {
    if (this.#cancelled.signal.aborted) this.#cancelled = new AbortController()
  }

  end(reason: string): void {
    clearTimeout(this.#idle)
    this.#ended.abort(new Error(reason))
  }

  async #write(text: string): Promise<void> {
    const bytes = Buffer.from(this.language === 'ascii' ? withoutDiacritics(text) : text, 'utf8')
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      this.#ended.signal.throwIfAborted()
      if (!(await this.#options.line.write(bytes.subarray(at, at + pieceBytes)))) this.end('the line has gone')
    }
    this.#ended.signal.throwIfAborted()
  }
}

/** Vietnamese as it is typed where there are no diacritics; other letters beyond ASCII become `?`. */
export function withoutDiacritics(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
    .replaceAll('→', '->')
    .replaceAll('…', '...')
    .replace(/[–—]/g, '-')
    .replace(/[“”]/g, '"')
    .replace(/[^\0-\x7f]/gu, '?')
}

/** Lines of at most 79 letters; what is continued is indented. Control characters become blanks. */
export function wrapped(line: string): string[] {
  let rest = line
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trimEnd()
  const indent = `${/^ */.exec(rest)?.[0] ?? ''}  `.slice(0, columns / 2)
  const lines: string[] = []
  while (rest.length > columns) {
    const blank = rest.lastIndexOf(' ', columns)
    // A word that is longer than a line is cut.
    const at = blank > indent.length ? blank : columns
    lines.push(rest.slice(0, at).trimEnd())
    rest = `${indent}${rest.slice(at).trimStart()}`
  }
  return [...lines, rest]
}
