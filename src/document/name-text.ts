// The Name of a certificate's subject or issuer (RFC 5280 §4.1.2.4) for people: messages, logs, consoles. certificate.ts
// calls it; paths compare raw DER instead.
import { DerReader, derTag } from './der.ts'

const maxCharacters = 200

const attributeNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
}

/**
 * A raw DER Name (attacker-controlled) as `CN=…, O=…` in the order of the certificate, at most 200 characters.
 * @throws TramError DER_MALFORMED
 */
export function nameText(name: Uint8Array): string {
  const sequence = new DerReader(name).enter(derTag.sequence)
  const parts: string[] = []
  while (!sequence.atEnd) {
    const relative = sequence.enter(derTag.set)
    do {
      const attribute = relative.enter(derTag.sequence)
      const oid = attribute.oid()
      const tag = attribute.nextTag
      const bytes = Buffer.from(attribute.content(tag))
      attribute.end()
      const text =
        tag === derTag.bmpString && bytes.length % 2 === 0 ? bytes.swap16().toString('utf16le') : bytes.toString()
      parts.push(`${attributeNames[oid] ?? oid}=${text}`)
    } while (!relative.atEnd)
  }
  // Goes to logs and consoles: no line breaks, escape sequences or tricks of writing direction.
  return parts
    .join(', ')
    .slice(0, maxCharacters)
    .replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '?')
}
