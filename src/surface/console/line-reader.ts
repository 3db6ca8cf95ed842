// Bytes of a serial line into typed lines, with echo and editing. Everything is attacker-controlled, and most of it at a wrong
// baud rate is noise: a byte that nobody types ends the line and whatever else came with it. Used by service-console.ts.

/** What came in. `junk`: the line and all before it are not to be trusted. */
export type LineEvent = { kind: 'line'; text: string } | { kind: 'cancel' } | { kind: 'junk' }

/** `shown`: echoed; `hidden`: an asterisk for each letter; `off`: what comes is thrown away, but for Ctrl-C and junk. */
export type ReaderMode = 'shown' | 'hidden' | 'off'

/** Letters of one line; more are no line of ours. */
export const maxLineLetters = 1024

// Control and format characters, halves, and what is no UTF-8: not to be typed. An escape sequence starts with one.
const unprintable = /[\p{C}\p{Zl}\p{Zp}\uFFFD]/u
const erase = ['\b', '\u007f']
const eraseLine = '\u0015'
const interrupt = '\u0003'

export class LineReader {
  readonly #echo: (text: string) => void
  readonly #onEvent: (event: LineEvent) => void
  #decoder = new TextDecoder()
  #mode: ReaderMode = 'off'
  #letters: string[] = []
  #wasReturn = false

  /** `echo` writes to the line; `onEvent` may change the mode, which counts from the next letter on. */
  constructor(echo: (text: string) => void, onEvent: (event: LineEvent) => void) {
    this.#echo = echo
    this.#onEvent = onEvent
  }

  /** What is typed from now on; a line that was begun is forgotten. */
  set mode(mode: ReaderMode) {
    this.#mode = mode
    this.#letters = []
  }

  /** Forgets everything, half a letter too: another technician may come, or another baud rate. */
  reset(): void {
    this.#decoder = new TextDecoder()
    this.#letters = []
    this.#wasReturn = false
  }

  /** Takes bytes as they come. After junk, the rest of `bytes` is thrown away. */
  take(bytes: Uint8Array): void {
    for (const letter of this.#decoder.decode(bytes, { stream: true })) {
      if (this.#takeLetter(letter)) continue
      this.reset()
      this.#onEvent({ kind: 'junk' })
      return
    }
  }

  /** False when the letter is junk. */
  #takeLetter(letter: string): boolean {
    const isSecondHalf = letter === '\n' && this.#wasReturn
    this.#wasReturn = letter === '\r'
    if (isSecondHalf) return true
    if (letter === interrupt) {
      this.#letters = []
      this.#onEvent({ kind: 'cancel' })
      return true
    }
    if (letter === '\r' || letter === '\n') this.#endLine()
    else if (erase.includes(letter)) this.#erase(1)
    else if (letter === eraseLine) this.#erase(this.#letters.length)
    else return this.#add(letter === '\t' ? ' ' : letter)
    return true
  }

  #endLine(): void {
    if (this.#mode === 'off') return
    // One form for each letter, whatever the keyboard of the terminal makes of them.
    const text = this.#letters.join('').normalize('NFC').trim()
    this.#letters = []
    this.#echo('\r\n')
    this.#onEvent({ kind: 'line', text })
  }

  #erase(count: number): void {
    const erased = this.#letters.splice(Math.max(0, this.#letters.length - count))
    this.#echo('\b \b'.repeat(erased.length))
  }

  #add(letter: string): boolean {
    if (unprintable.test(letter)) return false
    if (this.#mode === 'off') return true
    if (this.#letters.length >= maxLineLetters) return false
    this.#letters.push(letter)
    this.#echo(this.#mode === 'hidden' ? '*' : letter)
    return true
  }
}
