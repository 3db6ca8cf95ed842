// Base64 of one attachment, checked as it streams by: RFC 4648 §4 with white space anywhere, nothing kept but the first
// bytes. Used by edxml-reader; edxml-extract decodes as well.

/** Why a text is not base64; `undefined` as long as it is. */
export type Base64Fault = string | undefined

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const whiteSpace = ' \t\r\n'

/** What a byte is to `takeDigits`. */
const byteKind = { other: 0, digit: 1, space: 2, lineFeed: 3, carriageReturn: 4 } as const
const byteKinds = new Uint8Array(256)
for (const character of alphabet) byteKinds[character.charCodeAt(0)] = byteKind.digit
for (const character of ' \t') byteKinds[character.charCodeAt(0)] = byteKind.space
byteKinds[0x0a] = byteKind.lineFeed
byteKinds[0x0d] = byteKind.carriageReturn

/** Whether two bytes are digits, by both as one number: the order of the bytes in it does not matter. */
const areDigits = new Uint8Array(65_536)
for (const one of alphabet) {
  for (const other of alphabet) areDigits[one.charCodeAt(0) * 256 + other.charCodeAt(0)] = 1
}

/**
 * Where the digits from `from` on end. Two at a time, which halves what a look at each digit costs.
 * @param pairs the bytes from `first` on (0 or 1: numbers of two bytes begin at even addresses), two by two
 */
function endOfDigits(bytes: Uint8Array, pairs: Uint16Array, first: number, from: number, end: number): number {
  const { digit } = byteKind
  if (from >= end) return from
  let at = from
  if ((at - first) % 2 !== 0) {
    if (byteKinds[bytes[at] ?? 0] !== digit) return at
    at++
  }
  const pairsEnd = (end - first) >> 1
  let pair = (at - first) >> 1
  while (pair < pairsEnd && areDigits[pairs[pair] ?? 0] === 1) pair++
  at = first + 2 * pair
  return at < end && byteKinds[bytes[at] ?? 0] === digit ? at + 1 : at
}

/** Bytes that `takeDigits` took, and what a parser that counts lines has to know of them. */
export interface DigitRun {
  bytes: number
  lineEnds: number
  /** Bytes behind the last of its line ends, or all. */
  column: number
}

/** Number of the first digits kept: enough for a signature of 4 bytes. */
const headDigits = 6

/** Counts and checks base64 digits. The unused bits of a last digit are not looked at (RFC 4648 §3.5 leaves it open). */
export class Base64Checker {
  #digits = 0
  #padding = 0
  readonly #head: number[] = []

  /** Takes the next piece. @returns the fault, located by the digits before it, or undefined */
  write(piece: string): Base64Fault {
    // From one character that is no digit to the next: twice as fast as looking at each in turn.
    const notDigit = /[^A-Za-z0-9+/]/g
    for (let from = 0; from < piece.length; from = notDigit.lastIndex) {
      notDigit.lastIndex = from
      const isFound = notDigit.test(piece)
      const to = isFound ? notDigit.lastIndex - 1 : piece.length
      if (to > from && this.#padding > 0) return `a base64 digit after the padding, after ${this.#digits} digits`
      this.#keepHead(piece, from, to)
      this.#digits += to - from
      if (!isFound) return undefined
      const fault = this.#takeOther(piece.charAt(to))
      if (fault !== undefined) return fault
    }
    return undefined
  }

  /**
   * Takes digits and white space from the front of `bytes`, up to the first byte that is neither: so the bulk of a packet
   * need not become text and pass the parser. A CR is taken with its LF only; after padding nothing is.
   */
  takeDigits(bytes: Uint8Array): DigitRun {
    // At the end of its buffer it would have no place for pairs.
    if (bytes.length === 0) return { bytes: 0, lineEnds: 0, column: 0 }
    let at = 0
    let spaces = 0
    let lineEnds = 0
    let lineStart = 0
    const end = this.#padding > 0 ? 0 : bytes.length
    const first = bytes.byteOffset % 2
    const pairs = new Uint16Array(bytes.buffer, bytes.byteOffset + first, Math.max(0, bytes.length - first) >> 1)
    for (;;) {
      at = endOfDigits(bytes, pairs, first, at, end)
      if (at >= end) break
      const kind = byteKinds[bytes[at] ?? 0]
      if (kind === byteKind.other) break
      if (kind === byteKind.carriageReturn) {
        if (bytes[at + 1] !== 0x0a) break
        at++
        spaces++
      }
      spaces++
      at++
      if (kind === byteKind.space) continue
      lineEnds++
      lineStart = at
    }
    for (let index = 0; index < at && this.#head.length < headDigits; index++) {
      if (byteKinds[bytes[index] ?? 0] === byteKind.digit)
        this.#head.push(alphabet.indexOf(String.fromCharCode(bytes[index] ?? 0)))
    }
    this.#digits += at - spaces
    return { bytes: at, lineEnds, column: at - lineStart }
  }

  #takeOther(character: string): Base64Fault {
    if (whiteSpace.includes(character)) return undefined
    if (character !== '=') {
      const name = character.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
      return `the character U+${name} is not base64, after ${this.#digits} digits`
    }
    this.#padding++
    return this.#padding > 2 ? `more than two padding characters, after ${this.#digits} digits` : undefined
  }

  #keepHead(piece: string, from: number, to: number): void {
    for (let index = from; index < to && this.#head.length < headDigits; index++) {
      this.#head.push(alphabet.indexOf(piece.charAt(index)))
    }
  }

  /** To be asked once, after the last piece. */
  end(): Base64Fault {
    if ((this.#digits + this.#padding) % 4 !== 0) {
      return `${this.#digits} base64 digits with ${this.#padding} padding characters do not end a group of four`
    }
    return undefined
  }

  /** Bytes that the digits so far stand for. */
  get decodedBytes(): number {
    return Math.floor((this.#digits * 3) / 4)
  }

  /** The first bytes, at most 4. */
  get head(): Uint8Array {
    const bytes: number[] = []
    let bits = 0
    let held = 0
    for (const digit of this.#head) {
      bits = (bits << 6) | digit
      held += 6
      if (held >= 8) {
        held -= 8
        bytes.push((bits >> held) & 0xff)
      }
    }
    return Uint8Array.from(bytes.slice(0, 4))
  }
}
