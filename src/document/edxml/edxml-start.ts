// What stands before the XML declaration of real packets: a byte order mark, and one to 16 digits (`1212<?xml …`).
// Nothing else is skipped. Used by edxml-scanner.

const declaration = '<?xml'
const maxDigits = 16

/** How many characters to keep from the XML parser, and how many of them are digits. */
export interface PacketStart {
  skipped: number
  digits: number
}

/**
 * Looks at the first text of a packet.
 * @returns undefined while more text is needed to tell; a byte order mark alone is not skipped, parsers know it
 */
export function readPacketStart(text: string): PacketStart | undefined {
  const mark = text.startsWith('\uFEFF') ? 1 : 0
  let digits = 0
  while (digits <= maxDigits && isDigit(text.charCodeAt(mark + digits))) digits++
  if (digits > maxDigits) return { skipped: 0, digits: 0 }
  const rest = text.slice(mark + digits, mark + digits + declaration.length)
  if (rest !== declaration && declaration.startsWith(rest)) return undefined
  return digits > 0 && rest === declaration ? { skipped: mark + digits, digits } : { skipped: 0, digits: 0 }
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}
