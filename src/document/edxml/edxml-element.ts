// A known element of a packet, and how to ask for what is in it. Made by edxml-tree, read by edxml-summary and
// edxml-attachments.
import { TramError } from '../../base/errors.ts'

export interface FoundElement {
  /** For people: `From.OrganId`, `To[3]`, `Attachment[1].ContentId`, `Bussiness.DocumentId`; counted from 1. */
  path: string
  line: number
  /** Without surrounding white space. '' for a group. */
  text: string
  /** By local name; never an empty list. */
  children: Map<string, FoundElement[]>
  /** By local name. */
  attributes: ReadonlyMap<string, string>
  /** Of base64 only: its size when decoded, and the first bytes, at most 4. */
  content?: { decodedBytes: number; head: Uint8Array }
}

/** Paths that say nothing to a person: those of their children start anew. */
const silentPaths: ReadonlySet<string> = new Set([
  '',
  'edXML',
  'edXMLEnvelope',
  'edXMLHeader',
  'MessageHeader',
  'TraceHeaderList',
  'edXMLBody',
  'edXMLManifest',
  'AttachmentEncoded',
])

export function pathBelow(parentPath: string, name: string): string {
  return silentPaths.has(parentPath) ? name : `${parentPath}.${name}`
}

/** First child of this name. */
export function child(parent: FoundElement | undefined, name: string): FoundElement | undefined {
  return parent?.children.get(name)?.[0]
}

export function children(parent: FoundElement | undefined, name: string): readonly FoundElement[] {
  return parent?.children.get(name) ?? []
}

/** Text of the first child of this name, '' when there is none. */
export function text(parent: FoundElement | undefined, name: string): string {
  return child(parent, name)?.text ?? ''
}

/** First child of this name. @throws TramError PACKET_FIELD_MISSING */
export function required(parent: FoundElement, name: string): FoundElement {
  const found = child(parent, name)
  if (found === undefined) throw missing(parent, name)
  return found
}

/** Asks for a first child with text. @throws TramError PACKET_FIELD_MISSING */
export function requiredText(parent: FoundElement, name: string): void {
  const found = required(parent, name)
  if (found.text === '') throw new TramError('PACKET_FIELD_MISSING', { field: found.path, line: found.line })
}

/** Located at the line of the parent. */
export function missing(parent: FoundElement, name: string): TramError {
  return new TramError('PACKET_FIELD_MISSING', { field: pathBelow(parent.path, name), line: parent.line })
}
