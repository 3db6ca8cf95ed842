// The desk: everything a backend (or the CLI) can ask of its station, whatever interface it speaks.
// surface/vxp and surface/rest talk to this; intake, inbox, sent register and directory stand behind it.
import type { AgencyChange } from '../document/agency-change.ts'
import type { AgencyEntry } from '../document/schema/directory.ts'

export type PacketKindName = 'document' | 'status'

/** Who asks: a configured backend, already authenticated by the surface. */
export interface Backend {
  systemid: string
  /** Codes that it may send for and whose inbox it sees: as configured; resolved through the directory at use. */
  agencies: readonly string[]
}

/** A packet handed in. */
export interface Submission {
  backend: Backend
  /** The `from` that the surface was told; null = take the packet's own From. */
  from: string | null
  kind: PacketKindName
  /** Narrows delivery to these codes; null = every To of the packet. For statuses: the signed route. */
  to: readonly string[] | null
  /** Content-Length, null when unknown. */
  declaredBytes: number | null
  body: AsyncIterable<Uint8Array>
  /** Whether the SHA-256 of the packet is what the caller announced. */
  acceptsDigest: (digest: Uint8Array) => boolean
  /** A deliberate re-send of what was delivered already. */
  resend: boolean
}

export interface SubmissionResult {
  docId: string
  /** False when this was a repetition of something already accepted. */
  isNew: boolean
  warnings: string[]
}

/** Local handling of an item by the backend, over VXP `updateStatus`. */
export type ItemMark = 'initial' | 'processing' | 'done' | 'fail'

/** One received document or status for one of our agencies. */
export interface InboxItem {
  itemId: string
  docId: string
  kind: PacketKindName
  from: string
  to: string
  /** ms since 1970 */
  receivedAt: number
  updatedAt: number
  mark: ItemMark
  failures: number
  sizeBytes: number
  digest: Uint8Array
  /** Number of deliberate re-sends, 0 = the first. */
  resend: number
  /** The sender has recalled the document. */
  recalled: boolean
  /** Its place in the list, for `ListQuery.after`; '' when it is done. */
  cursor: string
}

export interface ListQuery {
  backend: Backend
  kind: PacketKindName
  /** ms since 1970, inclusive / exclusive; null = open. */
  fromMs: number | null
  toMs: number | null
  /** From 1. Pages far from the start are walked to: `after` is not. */
  pageIndex: number
  pageSize: number
  /** `cursor` of the item before the page, whatever has become of that item: costs the page only. Then `pageIndex` is ignored. */
  after?: string | null
}

/** State of a delivery to one agency, as the sender sees it. */
export type DeliveryStateName = 'sealing' | 'sending' | 'stored' | 'delivered' | 'refused' | 'expired'

/** One (document, recipient agency) pair that we sent. */
export interface SentItem {
  docId: string
  itemId: string
  kind: PacketKindName
  title: string
  notation: string
  from: string
  to: string
  state: DeliveryStateName
  /** Condition code and English text when refused. */
  refusal: { code: string; detail: string } | null
  /** Furthest processing status that came back ('01'…'16'), and its description. */
  processing: { code: string; description: string; at: number } | null
  sentAt: number
  /** When the receipt says it was stored, null before. */
  deliveredAt: number | null
  /** Its place in the list, for `ListQuery.after`. */
  cursor: string
}

/** How far a wanted change of the directory is: `in-force` when the directory says it already. */
export interface AgencyChangeOutcome {
  requestId: string
  state: 'queued' | 'exported' | 'in-force'
}

/** A backend with more open items has stopped working through them: it need not know how many exactly. */
export const maxCountedItems = 100_000

export interface Desk {
  /**
   * Takes a packet in. When it resolves, the packet and its waybill are durable (acknowledged).
   * @throws TramError PACKET_*, SENDER_*, RECIPIENT_UNKNOWN, DISK_FULL, INTAKE_CLOSED, UPS_BATTERY_LOW, DIRECTORY_MISSING, STORE_FAILED:
   * nothing was accepted.
   */
  submit(submission: Submission, signal: AbortSignal): Promise<SubmissionResult>
  /** Items that are not `done`, oldest first. */
  listReceived(query: ListQuery): Promise<InboxItem[]>
  /** One page of what was sent, newest first; `docId` narrows to one document. */
  listSent(query: ListQuery & { docId: string | null }): Promise<SentItem[]>
  /** How many items are not `done`; counting ends at `maxCountedItems`. */
  countReceived(backend: Backend, kind: PacketKindName): Promise<number>
  /** An item's exact bytes. @throws TramError DOCUMENT_UNKNOWN (also when it is another backend's), PACKET_MISSING */
  openItem(backend: Backend, itemId: string): Promise<{ item: InboxItem; bytes: AsyncIterable<Uint8Array> }>
  /** Records what the backend did with an item. Idempotent. @throws TramError DOCUMENT_UNKNOWN */
  markItem(backend: Backend, itemId: string, mark: Exclude<ItemMark, 'initial'>): Promise<void>
  /** Every agency of the directory, streamed. @throws TramError DIRECTORY_MISSING */
  agencies(): AsyncIterable<AgencyEntry>
  /**
   * Keeps what a backend wants changed in the directory, durably, until the authority has signed it. Idempotent.
   * @throws TramError AGENCY_NOT_OWN, AGENCY_CHANGE_REFUSED, RECIPIENT_UNKNOWN, REQUEST_INVALID, OVERLOADED (too many open
   * ones), DIRECTORY_MISSING
   */
  changeAgency(backend: Backend, change: AgencyChange): Promise<AgencyChangeOutcome>
  /** Version of the directory in use, 0 = none. */
  directoryVersion(): number
}
