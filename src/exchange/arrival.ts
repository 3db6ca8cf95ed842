// One packet on its way in from a peer, from the believed offer to the decision: reservation, chunks, checks 4 to 7, items and
// the receipt that is due, in one commit. Made by reception for each offer.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../base/clock.ts'
import { asTramError, TramError } from '../base/errors.ts'
import { type Logger, logFields } from '../base/logger.ts'
import { documentId, documentReference, inboxItemId } from '../document/document-id.ts'
import { PacketReader } from '../document/edxml/edxml-reader.ts'
import type { PacketSummary } from '../document/edxml/packet-summary.ts'
import { type AgencyVerdict, encodeReceipt, Outcome } from '../document/receipt.ts'
import { PacketKind } from '../document/schema/waybill.ts'
import type { Waybill } from '../document/waybill.ts'
import type { PeerLink } from '../equipment/link/peer-link.ts'
import type { Temporary } from '../equipment/link/schema/messages.ts'
import { key } from '../equipment/store/namespaces.ts'
import type { PacketReceiver, PacketStore, StoredPacket } from '../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'
import type { AuditLog } from './audit-log.ts'
import type { Directory } from './directory.ts'
import type { Inbox } from './inbox.ts'
import type { KeyedLock } from './keyed-lock.ts'
import type { PacketOwners } from './packet-owners.ts'
import { notationOf } from './recipients.ts'
import type { References } from './references.ts'
import { InboundRecord, InboundState } from './schema/records.ts'
import type { Sealer } from './sealer.ts'
import type { Statuses } from './statuses.ts'

/** An offer whose seal has verified. */
export interface Offered {
  link: PeerLink
  transfer: number
  waybill: Waybill
  /** Hex. */
  waybillDigest: string
  /** The waybill's agencies that the sender believes to be ours. */
  agencies: readonly string[]
}

export interface ArrivalDeps {
  records: RecordStore
  packets: PacketStore
  directory: Directory
  references: References
  statuses: Statuses
  inbox: Inbox
  owners: PacketOwners
  sealer: Sealer
  audit: AuditLog
  clock: Clock
  logger: Logger
  /** Decisions about one packet wait for each other: two waybills of it must not both list it. */
  decisions: KeyedLock
}

/** An agency that the offer asks about: what it is called there, and who it is today. */
interface Recipient {
  named: string
  code: string
}

/** A temporary refusal with the usual pause. */
export function waitAndRetry(transfer: number, code: string): Temporary {
  return { transfer, code, retryAfterMs: code === 'DISK_FULL' ? 60_000 : 15_000, reseal: false }
}

export class Arrival {
  readonly #own: { station: string; generation: number }
  readonly #offered: Offered
  readonly #evidence: readonly RecordOperation[]
  readonly #deps: ArrivalDeps
  readonly #done: () => void
  #receiver: PacketReceiver | undefined
  /** Parses along while every byte passes through here; a resumed packet is read again at the end. */
  #reader: PacketReader | undefined
  #parseFailure: unknown
  #ours: Recipient[] = []
  #foreign: AgencyVerdict[] = []
  #work: Promise<void> = Promise.resolve()
  #ended = false

  constructor(
    own: { station: string; generation: number },
    offered: Offered,
    evidence: readonly RecordOperation[],
    deps: ArrivalDeps,
    done: () => void,
  ) {
    this.#own = own
    this.#offered = offered
    this.#evidence = evidence
    this.#deps = deps
    this.#done = done
  }

  /** Check 4 and what needs no bytes; then the durable offer and `want`. Throws what should be answered `temporary`. */
  async begin(): Promise<void> {
    const { link, transfer, waybill, waybillDigest } = this.#offered
    const refusal = await this.#checkParties()
    if (refusal !== undefined) return this.#refuse(refusal)
    if (await this.#isKnown()) return this.#decide(undefined, undefined)
    const receiver = await this.#deps.packets.receive({
      waybill: waybillDigest,
      digest: waybill.packetDigest,
      sizeBytes: waybill.packetSize,
      chunkBytes: waybill.chunkSize,
      chunkDigests: waybill.chunkDigests,
    })
    const inbound = InboundRecord.encode({
      state: InboundState.RECEIVING,
      agencies: [...this.#offered.agencies],
      offeredAt: this.#deps.clock.now(),
      packetDigest: waybill.packetDigest,
    })
    await this.#deps.records.commit([
      ...this.#evidence,
      { type: 'put', key: key('inbound', waybillDigest), value: inbound },
      { type: 'put', key: key('arriving', waybillDigest), value: new Uint8Array(0) },
    ])
    this.#deps.logger.debug({ step: 'offer-durable', waybill: waybillDigest }, 'offer is durable')
    this.#receiver = receiver
    if (receiver.nextChunk === 0) this.#reader = new PacketReader()
    if (this.#ended) return this.#suspendNow()
    link.send({ want: { transfer, firstChunk: receiver.nextChunk } })
  }

  /** Bytes of the packet, in order. */
  data(offset: number, bytes: Uint8Array, release: () => void): void {
    this.#enqueue(async () => {
      try {
        if (this.#ended || this.#receiver === undefined) return
        this.#parse(bytes)
        await this.#receiver.write(offset, bytes)
        this.#deps.logger.trace(
          { step: 'data-durable', waybill: this.#offered.waybillDigest, offset },
          'bytes are taken',
        )
      } finally {
        release()
      }
    })
  }

  /** All chunks are sent: checks 5 to 7, then stored. */
  end(): void {
    this.#enqueue(async () => {
      if (this.#ended || this.#receiver === undefined) return
      this.#deps.logger.debug({ step: 'end-heard', waybill: this.#offered.waybillDigest }, 'all chunks are here')
      const packet = await this.#receiver.finish()
      this.#deps.logger.debug({ step: 'packet-durable', waybill: this.#offered.waybillDigest }, 'packet is complete')
      const summary = await this.#summary(packet)
      if (!('kind' in summary)) return this.#refuse(summary)
      const refusal = await this.#checkContent(summary)
      if (refusal !== undefined) return this.#refuse(refusal)
      await this.#decide(packet, summary)
    })
  }

  /** The link is gone or the sender stopped: durable chunks are kept. */
  suspend(): void {
    if (this.#ended) return
    this.#ended = true
    this.#enqueue(() => this.#suspendNow())
    this.#done()
  }

  /** Resolves when nothing of this arrival is running any more. */
  async suspended(): Promise<void> {
    this.suspend()
    await this.#work
  }

  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(work).catch((error: unknown) => this.#fail(asTramError(error)))
  }

  async #suspendNow(): Promise<void> {
    await this.#receiver?.suspend()
    this.#receiver = undefined
  }

  /** Bytes that are not what the waybill says are the deliverer's fault or a disk's: temporary, never against the waybill. */
  async #fail(trouble: TramError): Promise<void> {
    const { link, transfer, waybillDigest } = this.#offered
    this.#deps.logger.error(
      { ...logFields(trouble), waybill: waybillDigest, peer: link.peerId },
      'a packet did not arrive',
    )
    if (this.#ended) return
    this.#ended = true
    this.#done()
    if (trouble.code !== 'LINK_CLOSED' && !link.closed.aborted)
      link.send({ temporary: waitAndRetry(transfer, trouble.code) })
    await this.#suspendNow()
  }

  #parse(bytes: Uint8Array): void {
    if (this.#reader === undefined || this.#parseFailure !== undefined) return
    try {
      this.#reader.write(bytes)
    } catch (error) {
      this.#parseFailure = error
    }
  }

  /** The packet's own words, or why they cannot be read: then nobody ever can, and the refusal is final. */
  async #summary(packet: StoredPacket): Promise<PacketSummary | TramError> {
    try {
      if (this.#parseFailure !== undefined) throw this.#parseFailure
      if (this.#reader === undefined) {
        this.#reader = new PacketReader()
        for await (const bytes of this.#deps.packets.read(packet.digest)) this.#reader.write(bytes)
      }
      return this.#reader.end()
    } catch (error) {
      if (error instanceof TramError && error.code.startsWith('PACKET_') && error.code !== 'PACKET_DAMAGED')
        return error
      throw error
    }
  }

  /** Check 4, and which of the asked agencies are ours. Throws when our directory may be behind the sender's. */
  async #checkParties(): Promise<TramError | undefined> {
    const { waybill, agencies } = this.#offered
    const sender = await this.#deps.directory.agency(waybill.senderAgency)
    if (sender?.station !== waybill.station) {
      const reason = new TramError('SENDER_NOT_ALLOWED', { code: waybill.senderAgency, systemid: waybill.station })
      this.#throwIfLagging(reason)
      return reason
    }
    for (const named of agencies) {
      const resolved = await this.#deps.directory.resolve(named)
      if (resolved.ok && resolved.value.station === this.#own.station)
        this.#ours.push({ named, code: resolved.value.code })
      else {
        const reason = new TramError('RECIPIENT_UNKNOWN', { codes: named })
        this.#throwIfLagging(reason)
        this.#foreign.push(refused(named, reason))
      }
    }
    if (this.#ours.length === 0) return new TramError('RECIPIENT_UNKNOWN', { codes: agencies.slice(0, 20).join(', ') })
    if (this.#deps.clock.now() > waybill.notAfter)
      return new TramError('WAYBILL_INVALID', { detail: 'past its notAfter' })
    return undefined
  }

  #throwIfLagging(reason: TramError): void {
    if (this.#offered.link.remote.directoryVersion > this.#deps.directory.version) throw reason
  }

  /** Check 6: the packet says what the waybill says. */
  async #checkContent(summary: PacketSummary): Promise<TramError | undefined> {
    const { waybill } = this.#offered
    const isStatus = waybill.kind === PacketKind.STATUS
    if ((summary.kind === 'status') !== isStatus)
      return new TramError('WAYBILL_INVALID', { detail: `the packet is a ${summary.kind}` })
    const from = await this.#codeOf(summary.from.organId)
    if (from !== (await this.#codeOf(waybill.senderAgency))) {
      return new TramError('SENDER_MISMATCH', { packetCode: summary.from.organId, code: waybill.senderAgency })
    }
    // A status packet has no To: its route is the signed waybill itself.
    if (isStatus) return undefined
    const named = new Set(await Promise.all(summary.to.map((party) => this.#codeOf(party.organId))))
    const strangers = this.#ours.filter(({ code }) => !named.has(code)).map((recipient) => recipient.named)
    return strangers.length === 0 ? undefined : new TramError('RECIPIENT_UNKNOWN', { codes: strangers.join(', ') })
  }

  async #codeOf(code: string): Promise<string> {
    const resolved = await this.#deps.directory.resolve(code)
    return resolved.ok ? resolved.value.code : code
  }

  #itemId(recipient: Recipient): string {
    const { station, senderAgency, packetDigest } = this.#offered.waybill
    return inboxItemId(station, senderAgency, packetDigest, recipient.code)
  }

  /** Check 7 before a byte is asked for: every agency of ours has it, and this is no deliberate re-send. */
  async #isKnown(): Promise<boolean> {
    for (const recipient of this.#ours) {
      const item = await this.#deps.inbox.find(this.#itemId(recipient))
      if (item === undefined || item.resend < this.#offered.waybill.resend) return false
    }
    return true
  }

  /** Check 7 and the commit: packet, items, effects, receipt due. Without packet: everything is here already. */
  #decide(packet: StoredPacket | undefined, summary: PacketSummary | undefined): Promise<void> {
    const { waybill } = this.#offered
    return this.#deps.decisions.run(Buffer.from(waybill.packetDigest).toString('hex'), async () => {
      const lists: (() => RecordOperation[])[] = []
      for (const recipient of this.#ours) {
        const list = summary === undefined ? undefined : await this.#newItem(recipient, summary)
        if (list !== undefined) lists.push(list)
      }
      const isFirst = lists.length > 0 && summary !== undefined
      const effects = isFirst
        ? await this.#deps.statuses.effects(
            summary,
            await this.#codeOf(waybill.senderAgency),
            this.#offered.waybillDigest,
          )
        : []
      const verdicts = this.#ours.map(({ named }) => ({ agency: named, outcome: Outcome.STORED, code: '', detail: '' }))
      await this.#commit([...verdicts, ...this.#foreign], 'received', () => [
        ...(packet?.operations ?? []),
        ...lists.flatMap((list) => list()),
        ...effects,
      ])
    })
  }

  /** How to list the document for one agency; undefined when it is listed already. */
  async #newItem(recipient: Recipient, summary: PacketSummary): Promise<(() => RecordOperation[]) | undefined> {
    const { waybill, waybillDigest } = this.#offered
    const { inbox, owners, references, statuses, clock } = this.#deps
    const itemId = this.#itemId(recipient)
    const item = await inbox.find(itemId)
    if (item !== undefined && item.resend >= waybill.resend) return undefined
    const from = await this.#codeOf(waybill.senderAgency)
    const reference = documentReference(from, notationOf(summary), summary.promulgationDate)
    const isStatus = summary.kind === 'status'
    const isRecall = !isStatus && summary.business.docType === '1'
    const recalled = !isStatus && !isRecall && (await statuses.isRecalled(reference, from))
    const now = clock.now()
    return () => [
      ...(item === undefined || item.inboxKey === '' ? [] : [{ type: 'delete' as const, key: item.inboxKey }]),
      ...inbox.put({
        itemId,
        docId: documentId(from, waybill.packetDigest),
        isStatus,
        from,
        to: recipient.code,
        packetDigest: waybill.packetDigest,
        packetSize: waybill.packetSize,
        waybill: waybillDigest,
        receivedAt: now,
        updatedAt: now,
        mark: 'initial',
        failures: item?.failures ?? 0,
        resend: waybill.resend,
        recalled,
        reference,
        fetchedAt: 0,
        priority: waybill.priority,
      }),
      owners.add(waybill.packetDigest, `item-${itemId}`),
      ...(isStatus || isRecall ? [] : [references.putItem(reference, itemId)]),
    ]
  }

  async #refuse(reason: TramError): Promise<void> {
    const verdicts = this.#offered.agencies.map((agency) => refused(agency, reason))
    this.#deps.logger.warn({ ...logFields(reason), waybill: this.#offered.waybillDigest }, 'refused for good')
    await this.#commit(verdicts, 'refused', () => [])
    await this.#receiver?.discard()
    this.#receiver = undefined
  }

  /** Makes the decision durable, with the receipt queued for the token, and tells the sender. */
  async #commit(
    verdicts: AgencyVerdict[],
    act: 'received' | 'refused',
    operations: () => RecordOperation[],
  ): Promise<void> {
    const { link, transfer, waybill, waybillDigest, agencies } = this.#offered
    const { audit, sealer, clock, logger } = this.#deps
    const decided = clock.now()
    const receipt = encodeReceipt({
      version: 1,
      salt: randomBytes(32),
      station: this.#own.station,
      generation: this.#own.generation,
      senderStation: waybill.station,
      waybillDigest: Buffer.from(waybillDigest, 'hex'),
      packetDigest: waybill.packetDigest,
      verdicts,
      decided,
    })
    const inbound = InboundRecord.encode({
      state: InboundState.DECIDED,
      agencies: [...agencies],
      receipt: Buffer.from(receipt),
      offeredAt: decided,
      decidedAt: decided,
      packetDigest: waybill.packetDigest,
      stored: act === 'received',
    })
    logger.debug({ step: 'deciding', waybill: waybillDigest }, 'committing the decision')
    await audit.commit(
      [
        ...this.#evidence,
        ...operations(),
        { type: 'put', key: key('inbound', waybillDigest), value: inbound },
        { type: 'delete', key: key('arriving', waybillDigest) },
        sealer.queue('receipt', waybillDigest),
      ],
      [{ act, subject: documentId(waybill.senderAgency, waybill.packetDigest), detail: waybill.station }],
    )
    logger.debug({ step: 'stored', waybill: waybillDigest, act }, 'decision is durable')
    this.#ended = true
    this.#done()
    sealer.wake()
    if (!link.closed.aborted) link.send(act === 'received' ? { stored: { transfer } } : { known: { transfer } })
  }
}

function refused(agency: string, reason: TramError): AgencyVerdict {
  return { agency, outcome: Outcome.REFUSED, code: reason.code, detail: reason.message.slice(0, 500) }
}
