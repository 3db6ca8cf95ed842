// Every namespace of keys in the record store, in one place, so that two services can never share one by accident.
// The exchange builds its keys and ranges here; record-store.ts says how they are ordered.
import type { KeyRange } from './record-store.ts'

/** The namespaces in use: what a record of each is. Never reuse a retired name. */
export const namespaces = {
  meta: 'facts about the store and the station: format version, generation, sequence numbers, cursors of queues',
  cms: 'signed root statements by sequence: one token signature for a batch of seals',
  packet: 'packets up to 64 KiB by hex digest (larger ones are files)',
  document: 'accepted submissions by DocId',
  sent: 'documents of an agency in the order of their acceptance',
  waybill: 'exact bytes of waybills by hex digest, with their seals',
  toseal: 'leaves that wait for a token signature',
  delivery: 'a waybill on its way to one recipient station, with its state',
  queue: 'open deliveries of a recipient station in the order of sending',
  closed: 'deliveries that a recipient station has receipted as stored, by station and time: what it may ask for again',
  inbound: 'waybills that peers offered, from the decision (of a file: the verified offer) to the acknowledged receipt',
  arriving: 'when a packet that is on its way into a file was last offered, by waybill, until decided or over',
  item: 'inbox items by (document, recipient agency)',
  inbox: 'undelivered inbox items of an agency in the order of listing',
  docref: 'own documents and inbox items by the reference that clerks use (agency, number and notation, date)',
  packetref: 'who still needs a packet: own documents and inbox items, by packet digest',
  status: 'processing statuses and recalls by the reference of the document that they answer, known or not yet',
  audit: 'the hash chain of acts by sequence',
  alarm: 'conditions that were told to have begun and not yet to have ended, by code and what they are about',
  dir: 'directory extracts: stations and agencies',
  dirmeta: 'the directory in use, the versions whose files are kept, and under which of them something was sealed',
  event: "events for the operators' broker that it has not taken yet, by sequence",
  dirrequest: 'what backends want changed in the directory, by backend and agency',
} as const

/** Names that older versions used and what they held: never to be used again. */
export const retired: Readonly<Record<string, string>> = {}

export type Namespace = keyof typeof namespaces

const separator = ':'
/** The byte after ':': `a;` is the first key that does not start with `a:`. */
const afterSeparator = ';'
/** Digits of the largest safe integer. */
const sequenceDigits = 16

/**
 * The key `<namespace>:<part>:…:<part>`. Only the last part may contain ':'.
 * @throws RangeError when another part contains ':', or one is not well-formed Unicode (two such keys could collide)
 */
export function key(namespace: Namespace, ...parts: readonly string[]): string {
  let name: string = namespace
  const last = parts.length - 1
  // Made some forty times for a document: no lists.
  for (let index = 0; index <= last; index++) {
    const part = parts[index] ?? ''
    if (index < last) assertInnerPart(part)
    assertWellFormed(part)
    name += separator + part
  }
  return name
}

/**
 * All keys of `namespace` that start with `prefixParts` and have at least one more part. `key(ns, 'a')` itself is not
 * in `range(ns, 'a')`.
 * @throws RangeError when a prefix part contains ':' or is not well-formed Unicode
 */
export function range(namespace: Namespace, ...prefixParts: readonly string[]): KeyRange {
  prefixParts.forEach((part) => {
    assertInnerPart(part)
    assertWellFormed(part)
  })
  const prefix = [namespace, ...prefixParts].join(separator)
  return { from: prefix + separator, to: prefix + afterSeparator }
}

/** Whether a key, or what claims to be one (attacker-controlled), lies in `range`. */
export function isWithin(range: KeyRange, name: string): boolean {
  return (
    Buffer.compare(Buffer.from(range.from), Buffer.from(name)) <= 0 &&
    Buffer.compare(Buffer.from(name), Buffer.from(range.to)) < 0
  )
}

/**
 * A number as a part that sorts as the number does: 16 decimal digits.
 * @throws RangeError unless `n` is a safe integer ≥ 0
 */
export function sequencePart(n: number): string {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`not a sequence number: ${n}`)
  return String(n).padStart(sequenceDigits, '0')
}

function assertInnerPart(part: string): void {
  if (part.includes(separator)) throw new RangeError(`only the last part of a key may contain ':': ${part}`)
}

function assertWellFormed(part: string): void {
  if (!part.isWellFormed()) throw new RangeError('a part of a key is not well-formed Unicode')
}
