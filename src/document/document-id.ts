// Names derived from content: no clock, no counter, so that a repeat survives a lost record.
// Intake names documents with them, reception names inbox items.
import { createHash } from 'node:crypto'

const derive = (...parts: string[]): string => createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32)

/** The DocId of a packet that an agency hands in: 32 hex digits from its current code and the packet's SHA-256. */
export function documentId(senderAgency: string, packetDigest: Uint8Array): string {
  return derive('tram-document-1', senderAgency, hex(packetDigest))
}

/** The id under which a recipient agency's backend sees a document: the dedupe key, hashed to 32 hex digits. */
export function inboxItemId(
  sealingStation: string,
  senderAgency: string,
  packetDigest: Uint8Array,
  recipientAgency: string,
): string {
  return derive('tram-item-1', sealingStation, senderAgency, hex(packetDigest), recipientAgency)
}

/**
 * A document's name among clerks: (issuing agency, number/notation, date), which status and recall packets use.
 * 32 hex digits. Spaces and letter case are folded, since clerks type these by hand.
 */
export function documentReference(agency: string, code: string, promulgationDate: string): string {
  const fold = (text: string) => text.normalize('NFC').replace(/\s+/g, '').toUpperCase()
  return derive('tram-reference-1', fold(agency), fold(code), fold(promulgationDate))
}

/** Lower-case hex of bytes. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')
}

/** SHA-256 of bytes. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return createHash('sha256').update(bytes).digest()
}
