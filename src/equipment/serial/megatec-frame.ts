// The answer of a Megatec UPS to `Q1` (Voltronic's `QS` is laid out alike), and where it begins in what a line brings: noise,
// halves, echoes. 46 characters from `(`, then a carriage return. megatec-ups.ts asks.
import type { UpsReading } from './ups.ts'

/** `(226.0 195.0 226.0 014 49.0 27.5 30.0 00001000`: input V, fault V, output V, load, Hz, battery V, °C, flags. */
const frame = /^\(([\d.-]{5}) ([\d.-]{5}) ([\d.-]{5}) ([\d.-]{3}) ([\d.-]{4}) ([\d.-]{4}) ([\d.-]{4}) ([01]{8})$/
const frameLength = 46
const opening = 0x28
const carriageReturn = 0x0d

/**
 * One answer without its carriage return.
 * @returns undefined when it is none: every field has its width, is a number or says that it is unknown (`---.-`)
 */
export function parseMegatec(text: string): Omit<UpsReading, 'at'> | undefined {
  const match = frame.exec(text)
  if (match === null) return undefined
  const numbers = match.slice(1, 8).map(numberOf)
  if (numbers.includes(undefined)) return undefined
  const [inputVolt = null, , outputVolt = null, loadPercent = null, frequencyHz = null, ...rest] = numbers
  const [batteryVolt = null, temperatureC = null] = rest
  const [utilityFail, batteryLow, bypass, fault] = Array.from(match[8] ?? '', (bit) => bit === '1')
  return {
    onMains: utilityFail === false,
    batteryLow: batteryLow === true,
    bypass: bypass === true,
    fault: fault === true,
    ...{ loadPercent, inputVolt, outputVolt, batteryVolt, frequencyHz, temperatureC },
  }
}

/** A field: its number, null when the device does not know it, undefined when it is neither. */
function numberOf(field: string): number | null | undefined {
  if (/^\d+(\.\d+)?$/.test(field)) return Number(field)
  return /^-+(\.-+)?$/.test(field) ? null : undefined
}

/** Cuts answers out of the bytes of a line (untrusted). Holds at most one frame. */
export class MegatecReader {
  #held = ''

  /** @returns what lies between each `(` and its carriage return; the content is not looked at */
  read(bytes: Uint8Array): string[] {
    const found: string[] = []
    for (const byte of bytes) {
      if (byte === opening) this.#held = '('
      else if (this.#held === '') continue
      else if (byte === carriageReturn) {
        found.push(this.#held)
        this.#held = ''
      } else if (byte < 0x20 || byte > 0x7e || this.#held.length === frameLength) this.#held = ''
      else this.#held += String.fromCharCode(byte)
    }
    return found
  }

  /** The line went: what was begun will not go on. */
  clear(): void {
    this.#held = ''
  }
}
