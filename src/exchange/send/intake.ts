// Intake: a backend's packet becomes a document of ours. Streams it to disk while parsing, applies the rules, resolves
// sender and recipients, and commits packet, document, waybill and deliveries at once. Below surface/vxp and rest; then the sealer.
// Long because: one acceptance, from its first byte to its commit, is told in one place.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import type { Logger } from '../../base/logger.ts'
import { documentId, documentReference, hex, sha256 } from '../../document/document-id.ts'
import { PacketReader } from '../../document/edxml/edxml-reader.ts'
import type { PacketSummary } from '../../document/edxml/packet-summary.ts'
import type { AgencyEntry } from '../../document/schema/directory.ts'
import { PacketKind } from '../../document/schema/waybill.ts'
import { findSecrecyMark } from '../../document/secrecy.ts'
import { encodeWaybill } from '../../document/waybill.ts'
import { key, sequencePart } from '../../equipment/store/namespaces.ts'
import { defaultChunkBytes, type PacketStore, type StoredPacket } from '../../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { Backend, Submission, SubmissionResult } from '../desk.ts'
import type { Directory } from '../directory/directory.ts'
import { keepDirectory } from '../directory/directory-versions.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import type { KeyedLock } from '../keyed-lock.ts'
import type { PacketOwners } from '../packet-owners.ts'
import { documentRecipients, notationOf, statusRecipients } from '../recipients.ts'
import type { References } from '../references.ts'
import { type Addressee, DocumentRecord } from '../schema/records.ts'
import { type WaybillGroup, waybillGroups } from './addressing.ts'
import { type Outbox, queueRank } from './outbox.ts'
import type { Sealer } from './sealer.ts'

export interface IntakeOptions {
  station: string
  generation: number
  /** How long a delivery is tried and dedupe records are kept, ms. */
  deliveryMs: number
  /** After this, the same submission again is a deliberate re-send, ms. */
  resendAfterMs: number
  secrecyMarks: readonly string[]
}

export interface IntakeDeps {
  records: RecordStore
  packets: PacketStore
  directory: Directory
  references: References
  owners: PacketOwners
  outbox: Outbox
  sealer: Sealer
  audit: AuditLog
  clock: Clock
  logger: Logger
  /** As in ArrivalDeps: one decision about a packet at a time. */
  decisions: KeyedLock
}

/** Who shuts intake; each opens only what it has shut. */
export type IntakeCloser = 'recovery' | 'power'

/** Added to the delivery time of what is taken in while the time is in doubt. */
const doubtfulExtraMs = 10 * 365 * 86_400_000

export class Intake {
  readonly #options: IntakeOptions
  readonly #deps: IntakeDeps
  readonly #closedBecause = new Map<IntakeCloser, TramError>()
  readonly #running = new Set<Promise<SubmissionResult>>()

  constructor(options: IntakeOptions, deps: IntakeDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** Refuses new submissions with `reason` until whoever shut it opens it again. What is under way goes on. */
  close(closer: IntakeCloser, reason: TramError): void {
    this.#closedBecause.set(closer, reason)
  }

  open(closer: IntakeCloser): void {
    this.#closedBecause.delete(closer)
  }

  /** Resolves when each submission that is under way now was acknowledged or refused. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#running)
  }

  /** See Desk.submit. */
  async submit(submission: Submission, signal: AbortSignal): Promise<SubmissionResult> {
    const [reason] = this.#closedBecause.values()
    if (reason !== undefined) throw reason
    const running = this.#take(submission, signal)
    this.#running.add(running)
    try {
      return await running
    } finally {
      this.#running.delete(running)
    }
  }

  async #take(submission: Submission, signal: AbortSignal): Promise<SubmissionResult> {
    if (this.#deps.directory.version === 0) throw new TramError('DIRECTORY_MISSING', {})
    const writer = await this.#deps.packets.begin(submission.declaredBytes, submission.kind)
    try {
      const reader = new PacketReader()
      for await (const bytes of submission.body) {
        signal.throwIfAborted()
        reader.write(bytes)
        await writer.write(bytes)
      }
      signal.throwIfAborted()
      const summary = reader.end()
      const sender = await this.#checkedSender(submission, summary)
      const recipients = await this.#recipients(submission, summary, sender)
      const packet = await writer.finish(submission.acceptsDigest)
      this.#deps.logger.debug({ step: 'intake-packet-durable' }, 'packet is on disk')
      return await this.#accept(submission, summary, sender, recipients, packet)
    } finally {
      await writer.discard()
    }
  }

  async #checkedSender(submission: Submission, summary: PacketSummary): Promise<AgencyEntry> {
    if (summary.kind !== submission.kind) {
      throw new TramError('REQUEST_INVALID', { field: 'messagetype', detail: `the packet is a ${summary.kind}` })
    }
    const mark = findSecrecyMark(summary, this.#options.secrecyMarks)
    if (mark !== undefined) throw new TramError('PACKET_STATE_SECRET', mark)
    const packetCode = summary.from.organId
    const sender = await this.#ownAgency(packetCode, submission.backend)
    if (submission.from !== null) {
      const asked = await this.#ownAgency(submission.from, submission.backend)
      if (asked.code !== sender.code) throw new TramError('SENDER_MISMATCH', { packetCode, code: submission.from })
    }
    return sender
  }

  /** The agency of ours that `code` means, if this backend may send for it. */
  async #ownAgency(code: string, backend: Backend): Promise<AgencyEntry> {
    const resolved = await this.#deps.directory.resolve(code)
    const refusal = () => new TramError('SENDER_NOT_ALLOWED', { code, systemid: backend.systemid })
    if (!resolved.ok || resolved.value.station !== this.#options.station) throw refusal()
    for (const allowed of backend.agencies) {
      const own = await this.#deps.directory.resolve(allowed)
      if (own.ok && own.value.code === resolved.value.code) return resolved.value
    }
    throw refusal()
  }

  async #recipients(submission: Submission, summary: PacketSummary, sender: AgencyEntry): Promise<AgencyEntry[]> {
    const { directory, references } = this.#deps
    if (summary.kind === 'document') return documentRecipients(summary, submission.to, directory)
    return statusRecipients(summary, submission.to, sender.code, directory, references)
  }

  async #accept(
    submission: Submission,
    summary: PacketSummary,
    sender: AgencyEntry,
    recipients: readonly AgencyEntry[],
    packet: StoredPacket,
  ): Promise<SubmissionResult> {
    const docId = documentId(sender.code, packet.digest)
    // The second submission of a document must see the first, and retention must not delete what is being taken.
    return this.#deps.decisions.run(hex(packet.digest), () =>
      this.#commit(submission, summary, sender, recipients, packet, docId),
    )
  }

  async #commit(
    submission: Submission,
    summary: PacketSummary,
    sender: AgencyEntry,
    recipients: readonly AgencyEntry[],
    packet: StoredPacket,
    docId: string,
  ): Promise<SubmissionResult> {
    const { records, packets, sealer, audit, clock, logger, references, owners } = this.#deps
    const warnings = summary.warnings.map(({ field, detail }) => `${field}: ${detail}`)
    const stored = await records.get(key('document', docId))
    const existing = stored === undefined ? undefined : DocumentRecord.decode(stored)
    // The same submission after a day is a deliberate re-send: no backend repeats itself for that long.
    const isLate =
      existing !== undefined &&
      clock.doubt === undefined &&
      clock.now() - existing.submittedAt > this.#options.resendAfterMs
    const groups = await waybillGroups(existing, recipients, submission.resend || isLate, this.#deps.outbox)
    if (existing !== undefined && groups.length === 0) {
      // Its packet may have been lost to damage: sent again, it is here again (a file is already).
      if (packet.operations.length > 0 && !(await packets.has(packet.digest)))
        await records.commit([...packet.operations, owners.add(packet.digest, `document-${docId}`)])
      // The commit that accepted it may have failed for its caller and yet be on disk: then nobody woke the sealer.
      sealer.wake()
      return { docId, isNew: false, warnings }
    }

    if (packet.operations.length === 0 && !(await packets.has(packet.digest))) {
      throw new TramError('PACKET_MISSING', { digest: hex(packet.digest) })
    }
    const addressees = new Map((existing?.addressees ?? []).map((addressee) => [addressee.agency, addressee]))
    const operations: RecordOperation[] = [
      ...packet.operations,
      owners.add(packet.digest, `document-${docId}`),
      // The seal may come under a later version, in which the sender has moved to another station.
      ...keepDirectory(this.#deps.directory.version),
    ]
    for (const group of groups) operations.push(...this.#open(group, summary, sender, packet, docId, addressees))
    const now = clock.now()
    const reference = documentReference(sender.code, notationOf(summary), summary.promulgationDate)
    const record: DocumentRecord = {
      docId,
      isStatus: summary.kind === 'status',
      senderAgency: sender.code,
      packetDigest: Buffer.from(packet.digest),
      packetSize: packet.sizeBytes,
      title: summary.subject,
      notation: summary.kind === 'status' ? (summary.responseFor[0]?.code ?? '') : notationOf(summary),
      reference,
      priority: summary.priority,
      acceptedAt: existing?.acceptedAt ?? now,
      submittedAt: now,
      systemid: submission.backend.systemid,
      addressees: [...addressees.values()],
      statusCode: summary.statusCode,
    }
    operations.push({ type: 'put', key: key('document', docId), value: DocumentRecord.encode(record) })
    if (existing === undefined) {
      const place = key('sent', sender.code, summary.kind, sequencePart(now), docId)
      operations.push({ type: 'put', key: place, value: new Uint8Array(0) })
      if (summary.kind === 'document') operations.push(references.putDocument(reference, docId))
    }
    logger.debug({ step: 'intake-committing', document: docId }, 'committing')
    await audit.commit(operations, [
      { act: existing === undefined ? 'accepted' : 'resent', subject: docId, detail: sender.code },
    ])
    logger.debug({ step: 'accepted', document: docId }, 'accepted')
    sealer.wake()
    return { docId, isNew: existing === undefined, warnings }
  }

  /** One waybill: its operations, and its recipients entered into `addressees`. */
  #open(
    group: WaybillGroup,
    summary: PacketSummary,
    sender: AgencyEntry,
    packet: StoredPacket,
    docId: string,
    addressees: Map<string, Addressee>,
  ): RecordOperation[] {
    const { clock } = this.#deps
    // In a doubtful time nobody can say when it is late: it is given years, which a person can end.
    const deliveryMs = this.#options.deliveryMs + (clock.doubt === undefined ? 0 : doubtfulExtraMs)
    const created = clock.now()
    const waybill = {
      version: 1,
      salt: randomBytes(32),
      kind: summary.kind === 'status' ? PacketKind.STATUS : PacketKind.DOCUMENT,
      priority: summary.priority,
      station: this.#options.station,
      generation: this.#options.generation,
      senderAgency: sender.code,
      recipients: group.agencies.map((agency) => agency.code),
      packetDigest: Buffer.from(packet.digest),
      packetSize: packet.sizeBytes,
      chunkSize: defaultChunkBytes,
      chunkDigests: packet.chunkDigests.map((digest) => Buffer.from(digest)),
      contentEncoding: '',
      created,
      notAfter: created + deliveryMs,
      attempt: group.attempt,
      resend: group.resend,
    }
    const bytes = encodeWaybill(waybill)
    const digest = hex(sha256(bytes))
    const deliveries = new Map<string, string[]>()
    for (const { code, station } of group.agencies) {
      deliveries.set(station, [...(deliveries.get(station) ?? []), code])
      addressees.set(code, { agency: code, station, waybill: digest, attempt: group.attempt, resend: group.resend })
    }
    return this.#deps.outbox.open({ bytes, digest, docId, rank: queueRank(waybill), deliveries })
  }
}
