// Base64 of one attachment, checked as it streams by: RFC 4648 §4 with white space anywhere, nothing kept but the first
// bytes. Used by edxml-reader; edxml-extract decodes as well.

/** Why a text is not base64; `undefined` as long as it is. */
export type Base64Fault = string | undefined

const whiteSpace = 64
const padding = 65
const notBase64 = 255

/** Value of each ASCII character: 0–63, `whiteSpace`, `padding` or `notBase64`. */
const values = new Uint8Array(128).fill(notBase64)
for (const [value, character] of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'].entries()) {
  values[character.charCodeAt(0)] = value
}
for (const character of ' \t\r\n') values[character.charCodeAt(0)] = whiteSpace
values['='.charCodeAt(0)] = padding

/** Number of the first digits kept: enough for a signature of 4 bytes. */
const headDigits = 6

/** Counts and checks base64 digits. The unused bits of a last digit are not looked at (RFC 4648 §3.5 leaves it open). */
export class Base64Checker {
  #digits = 0
  #padding = 0
  readonly #head: number[] = []

  /** Takes the next piece. @returns the fault, located by the digits before it, or undefined */
  write(piece: string): Base64Fault {
    let digits = this.#digits
    for (let index = 0; index < piece.length; index++) {
      const code = piece.charCodeAt(index)
      const value = code < 128 ? (values[code] ?? notBase64) : notBase64
      if (value < 64) {
        if (this.#padding > 0) return `a base64 digit after the padding, after ${digits} digits`
        if (digits < headDigits) this.#head.push(value)
        digits++
      } else if (value === padding) {
        this.#padding++
        if (this.#padding > 2) return `more than two padding characters, after ${digits} digits`
      } else if (value === notBase64) {
        const name = code.toString(16).toUpperCase().padStart(4, '0')
        return `the character U+${name} is not base64, after ${digits} digits`
      }
    }
    this.#digits = digits
    return undefined
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
