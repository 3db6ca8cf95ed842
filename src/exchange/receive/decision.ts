// What a station decides about one offer: whether its parties are right (check 4), whether the packet says what the waybill
// says (6), what is listed (7), and the receipt that says so, in one commit. Asked by arrival.ts, which moves the bytes.
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import { TramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { documentId, documentReference, hex, inboxItemId } from '../../document/document-id.ts'
import type { PacketSummary } from '../../document/edxml/packet-summary.ts'
import { type AgencyVerdict, encodeReceipt, Outcome } from '../../document/receipt.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { PacketStore, StoredPacket } from '../../equipment/store/packet-store.ts'
import type { RecordOperation } from '../../equipment/store/record-store.ts'
import type { Directory } from '../directory/directory.ts'
import type { AuditLog } from '../evidence/audit-log.ts'
import type { KeyedLock } from '../keyed-lock.ts'
import type { PacketOwners } from '../packet-owners.ts'
import { notationOf } from '../recipients.ts'
import type { References } from '../references.ts'
import { InboundRecord, InboundState } from '../schema/records.ts'
import type { Sealer } from '../send/sealer.ts'
import type { Statuses } from '../statuses.ts'
import type { Inbox } from './inbox.ts'
import {
  checkContent,
  checkParties,
  currentCode,
  type Offered,
  type Parties,
  type Recipient,
  refusedVerdict,
} from './offer-checks.ts'

export interface DecisionDeps {
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
  /** Whether a station was asked to offer again what it has our receipt for (missing-questions.ts). */
  isAskedOf?: (station: string) => boolean
  /** Decisions about one packet wait for each other: two waybills of it must not both list it. */
  decisions: KeyedLock
}

export class Decision {
  readonly #own: { station: string; generation: number }
  readonly #offered: Offered
  readonly #evidence: readonly RecordOperation[]
  readonly #deps: DecisionDeps
  #parties: Parties = { ours: [], foreign: [] }

  /** @param evidence the operations that keep waybill and seal, for the commit of the decision */
  constructor(
    own: { station: string; generation: number },
    offered: Offered,
    evidence: readonly RecordOperation[],
    deps: DecisionDeps,
  ) {
    this.#own = own
    this.#offered = offered
    this.#evidence = evidence
    this.#deps = deps
  }

  /** Check 4. See `checkParties`; remembers which agencies are ours. */
  async checkParties(): Promise<TramError | undefined> {
    const checked = await checkParties(this.#own.station, this.#offered, this.#deps)
    if (checked instanceof TramError) return checked
    this.#parties = checked
    return undefined
  }

  /** Check 6. See `checkContent`. @throws what depends on the windows of the directory, while the time is in doubt */
  async checkContent(summary: PacketSummary): Promise<TramError | undefined> {
    const { directory, clock } = this.#deps
    const refusal = await checkContent(summary, this.#offered.waybill, this.#parties.ours, directory)
    if (refusal !== undefined && refusal.code !== 'WAYBILL_INVALID' && clock.doubt !== undefined) throw refusal
    return refusal
  }

  /** Check 7 before a byte is asked for: every agency of ours has it, and this is no deliberate re-send. */
  async isKnown(): Promise<boolean> {
    for (const recipient of this.#parties.ours) {
      const item = await this.#deps.inbox.find(this.#itemId(recipient))
      if (item === undefined || item.resend < this.#offered.waybill.resend) return false
      // Listed, and its bytes are lost: they are asked for.
      if (item.mark !== 'done' && !(await this.#deps.packets.has(item.packetDigest))) return false
    }
    return true
  }

  /** Check 7 and the commit: packet, items, effects, receipt due. Without packet: everything is here already. */
  accept(packet: StoredPacket | undefined, summary: PacketSummary | undefined): Promise<void> {
    const { waybill } = this.#offered
    const items = this.#parties.ours.map((recipient) => this.#itemId(recipient))
    return this.#deps.decisions.run(hex(waybill.packetDigest), () =>
      this.#deps.inbox.whileUnchanged(items, () => this.#accept(packet, summary)),
    )
  }

  async #accept(packet: StoredPacket | undefined, summary: PacketSummary | undefined): Promise<void> {
    const { waybill } = this.#offered
    const { directory } = this.#deps
    // Retention may have deleted the file for an older owner since it arrived. Nothing is listed that cannot be read.
    if (packet?.operations.length === 0 && !(await this.#deps.packets.has(packet.digest))) {
      throw new TramError('PACKET_MISSING', { digest: hex(packet.digest) })
    }
    const lists: (() => RecordOperation[])[] = []
    for (const recipient of distinct(this.#parties.ours)) {
      const list = summary === undefined ? undefined : await this.#newItem(recipient, summary)
      if (list !== undefined) lists.push(list)
    }
    const isFirst = lists.length > 0 && summary !== undefined
    const effects = isFirst
      ? await this.#deps.statuses.effects(
          summary,
          await currentCode(waybill.senderAgency, directory),
          this.#offered.waybillDigest,
        )
      : []
    const verdicts = this.#parties.ours.map(({ named }) => ({
      agency: named,
      outcome: Outcome.STORED,
      code: '',
      detail: '',
    }))
    await this.#commit([...verdicts, ...this.#parties.foreign], 'received', () => [
      ...(packet?.operations ?? []),
      ...lists.flatMap((list) => list()),
      ...effects,
    ])
  }

  /** Refuses for good: a receipt with the reason for every agency of ours and every one that was asked about. */
  async refuse(reason: TramError, packet?: StoredPacket): Promise<void> {
    const agencies = new Set([...this.#parties.ours.map(({ named }) => named), ...this.#offered.agencies])
    const verdicts = [...agencies].map((agency) => refusedVerdict(agency, reason))
    this.#deps.logger.warn({ ...logFields(reason), waybill: this.#offered.waybillDigest }, 'refused for good')
    await this.#commit(verdicts, 'refused', () => [])
    if (packet?.operations.length === 0) await this.#dropFile(packet.digest)
  }

  /** A refused packet that is a file belongs to nobody, unless others have the same: nothing else would ever delete it. */
  #dropFile(digest: Uint8Array): Promise<void> {
    const { decisions, owners, packets } = this.#deps
    return decisions.run(hex(digest), async () => {
      if (!(await owners.hasOthers(digest, ''))) await packets.remove(digest)
    })
  }

  /** How to list the document for one agency; undefined when it is listed already. */
  async #newItem(recipient: Recipient, summary: PacketSummary): Promise<(() => RecordOperation[]) | undefined> {
    const { waybill, waybillDigest } = this.#offered
    const { directory, inbox, owners, references, clock } = this.#deps
    const itemId = this.#itemId(recipient)
    const item = await inbox.find(itemId)
    if (item !== undefined && item.resend >= waybill.resend) return undefined
    const from = await currentCode(waybill.senderAgency, directory)
    const reference = documentReference(from, notationOf(summary), summary.promulgationDate)
    const isStatus = summary.kind === 'status'
    const isRecall = !isStatus && summary.business.docType === '1'
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
        // Nothing answers a status or a recall by its own name.
        reference: isStatus || isRecall ? '' : reference,
        fetchedAt: 0,
        priority: waybill.priority,
      }),
      owners.add(waybill.packetDigest, `item-${itemId}`),
      ...(isStatus || isRecall ? [] : [references.putItem(reference, itemId)]),
    ]
  }

  #itemId(recipient: Recipient): string {
    const { station, senderAgency, packetDigest } = this.#offered.waybill
    return inboxItemId(station, senderAgency, packetDigest, recipient.code)
  }

  /** Makes the decision durable, with the receipt queued for the token. */
  async #commit(
    decidedNow: AgencyVerdict[],
    act: 'received' | 'refused',
    operations: () => RecordOperation[],
  ): Promise<void> {
    const { waybill, waybillDigest, storedBefore } = this.#offered
    const stays = new Set(storedBefore.map(({ agency }) => agency))
    const verdicts = [...storedBefore, ...decidedNow.filter(({ agency }) => !stays.has(agency))]
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
      agencies: verdicts.map(({ agency }) => agency),
      receipt: Buffer.from(receipt),
      offeredAt: decided,
      decidedAt: decided,
      packetDigest: waybill.packetDigest,
      stored: act === 'received' || storedBefore.length > 0,
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
    sealer.wake()
  }
}

/** Two agencies of a waybill may have become one on its way: the document is listed once for it. */
function distinct(recipients: readonly Recipient[]): Recipient[] {
  return [...new Map(recipients.map((recipient) => [recipient.code, recipient])).values()]
}
