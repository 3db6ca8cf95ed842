// What people do with a document by its id: read its packet or an attachment again, or send it again on purpose. Beside the desk, which is what
// backends do; surface/rest calls it. Sent register, inbox and packet store stand behind it; a re-send goes through intake.
import { TramError } from '../base/errors.ts'
import { equalBytes } from '../document/der.ts'
import { hex } from '../document/document-id.ts'
import type { PacketStore } from '../equipment/store/packet-store.ts'
import { attachmentFile } from './attachment-file.ts'
import type { Backend } from './desk.ts'
import type { Inbox } from './receive/inbox.ts'
import type { DocumentRecord } from './schema/records.ts'
import type { Intake } from './send/intake.ts'
import type { SentRegister } from './send/sent-register.ts'

export interface StoredDocument {
  docId: string
  sizeBytes: number
  /** Hex SHA-256. */
  digest: string
  bytes: AsyncIterable<Uint8Array>
}

export interface ResendResult {
  docId: string
  /** Agencies that get a new waybill; empty when every delivery is still under way. */
  resentTo: string[]
  warnings: string[]
}

export class DocumentAccess {
  readonly #deps: { sent: SentRegister; inbox: Inbox; packets: PacketStore; intake: Intake }

  constructor(deps: { sent: SentRegister; inbox: Inbox; packets: PacketStore; intake: Intake }) {
    this.#deps = deps
  }

  /**
   * The packet of a document of ours (DocId) or of an inbox item (item id). Reading it marks nothing.
   * @throws TramError DOCUMENT_UNKNOWN, PACKET_MISSING
   */
  async openPacket(id: string): Promise<StoredDocument> {
    const { sent, inbox } = this.#deps
    const found = (await sent.document(id)) ?? (await inbox.find(id))
    if (found === undefined) throw new TramError('DOCUMENT_UNKNOWN', { document: id })
    return this.#open(found.docId, found.packetDigest)
  }

  /**
   * The file of one attachment of such a packet, as attachmentFile gives it: errors of the packet come while it is read.
   * @param contentId as the packet has it; `cid:` may be missing
   * @throws TramError as openPacket
   */
  async openAttachment(id: string, contentId: string): Promise<AsyncIterable<Uint8Array>> {
    const { bytes } = await this.openPacket(id)
    return attachmentFile(bytes, contentId)
  }

  /**
   * A deliberate re-send of a document of ours, from the packet that is kept.
   * @param to agency codes among those that the packet names; null = everyone whom it was sent to
   * @throws TramError DOCUMENT_UNKNOWN, PACKET_MISSING, REQUEST_INVALID, and as Desk.submit
   */
  async resend(
    docId: string,
    backend: Backend,
    to: readonly string[] | null,
    signal: AbortSignal,
  ): Promise<ResendResult> {
    const { sent, intake } = this.#deps
    const before = await sent.document(docId)
    if (before === undefined) throw new TramError('DOCUMENT_UNKNOWN', { document: docId })
    const { bytes, sizeBytes } = await this.#open(docId, before.packetDigest)
    const { warnings } = await intake.submit(
      {
        backend,
        from: null,
        kind: before.isStatus ? 'status' : 'document',
        to: to ?? before.addressees.map(({ agency }) => agency),
        declaredBytes: sizeBytes,
        body: bytes,
        acceptsDigest: (digest) => equalBytes(digest, before.packetDigest),
        resend: true,
      },
      signal,
    )
    return { docId, resentTo: changedAddressees(before, await sent.document(docId)), warnings }
  }

  async #open(docId: string, packetDigest: Uint8Array): Promise<StoredDocument> {
    const { packets } = this.#deps
    const sizeBytes = await packets.size(packetDigest)
    const digest = hex(packetDigest)
    if (sizeBytes === undefined) throw new TramError('PACKET_MISSING', { digest })
    return { docId, sizeBytes, digest, bytes: packets.read(packetDigest) }
  }
}

/** Agencies whose waybill is another one than before. */
function changedAddressees(before: DocumentRecord, after: DocumentRecord | undefined): string[] {
  const waybills = new Map(before.addressees.map(({ agency, waybill }) => [agency, waybill]))
  const changed = (after?.addressees ?? []).filter(({ agency, waybill }) => waybills.get(agency) !== waybill)
  return changed.map(({ agency }) => agency)
}
