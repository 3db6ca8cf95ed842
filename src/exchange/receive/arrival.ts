// One packet on its way in from a peer, from the believed offer to the decision: reservation, chunks, checks 5 to 7 in order.
// Made by reception for each offer; decision.ts says what becomes of it.
// Long because: it is one state machine, and each way out of it has to give back the same things.
import { asTramError, TramError } from '../../base/errors.ts'
import { logFields } from '../../base/logger.ts'
import type { PeerLog } from '../../base/peer-log.ts'
import { PacketReader } from '../../document/edxml/edxml-reader.ts'
import type { PacketSummary } from '../../document/edxml/packet-summary.ts'
import { PacketKind } from '../../document/schema/waybill.ts'
import type { ControlMessage } from '../../equipment/link/peer-link.ts'
import type { Temporary } from '../../equipment/link/schema/messages.ts'
import { key } from '../../equipment/store/namespaces.ts'
import { type PacketReceiver, type StoredPacket, smallPacketBytes } from '../../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import type { Reservation, SpaceKeeper } from '../../equipment/store/space-keeper.ts'
import { InboundRecord, InboundState } from '../schema/records.ts'
import { Decision, type DecisionDeps } from './decision.ts'
import { putArriving } from './incoming-parts.ts'
import type { Offered } from './offer-checks.ts'

/** A sender that says nothing for so long loses the room that is held for its packet; durable chunks are kept. */
export const senderSilenceMs = 120_000
/** What a decision writes beside the waybill and its seal: receipt, item, audit entry, and what LevelDB makes of them. */
const decisionBytes = 8 * 1024

export interface ArrivalDeps extends DecisionDeps {
  records: RecordStore
  space: SpaceKeeper
  peerLog: PeerLog
}

/** What reception knows of an offer whose packet may come. */
export interface ArrivalOffer extends Offered {
  /** The station that delivers is the one that sealed. */
  isFromSealer: boolean
  /** There is a decision already, about fewer agencies: its receipt stays until there is another. */
  wasDecided: boolean
}

/** A temporary refusal with the usual pause. */
export function waitAndRetry(transfer: number, code: string): Temporary {
  const isSlow = code === 'DISK_FULL' || code === 'DELIVERY_EXPIRED'
  return { transfer, code, retryAfterMs: isSlow ? 60_000 : 15_000, reseal: false }
}

export class Arrival {
  readonly #offered: ArrivalOffer
  readonly #evidence: readonly RecordOperation[]
  readonly #decision: Decision
  readonly #deps: ArrivalDeps
  readonly #done: () => void
  #receiver: PacketReceiver | undefined
  /** Parses along while every byte passes through here; a resumed packet is read again at the end. */
  #reader: PacketReader | undefined
  #parseFailure: unknown
  #work: Promise<void> = Promise.resolve()
  /** Pieces of work that have not ended. */
  #working = 0
  #ended = false
  #silence: NodeJS.Timeout | undefined
  /** For what becomes a record in any case. */
  #recordRoom: Reservation | undefined

  constructor(
    own: { station: string; generation: number },
    offered: ArrivalOffer,
    evidence: readonly RecordOperation[],
    deps: ArrivalDeps,
    done: () => void,
  ) {
    this.#offered = offered
    this.#evidence = evidence
    this.#deps = deps
    this.#done = done
    this.#decision = new Decision(own, offered, evidence, deps)
  }

  /** Size of the packet as its waybill says. */
  get packetBytes(): number {
    return this.#offered.waybill.packetSize
  }

  get isFromSealer(): boolean {
    return this.#offered.isFromSealer
  }

  /** Nothing more is taken for this offer; its last work may still run. */
  get hasEnded(): boolean {
    return this.#ended
  }

  /**
   * Check 4 and what needs no bytes; then the durable offer, if the packet is a file, and `want`.
   * Throws what should be answered `temporary`.
   */
  async begin(): Promise<void> {
    const { link, transfer, waybill, waybillDigest } = this.#offered
    const kind = waybill.kind === PacketKind.STATUS ? 'status' : 'document'
    // Refusals are kept as well: without this, offers that are refused for good would fill the disk to its last byte.
    this.#recordRoom = this.#deps.space.reserve(this.#recordBytes(), kind, link.peerId)
    const refusal = await this.#decision.checkParties()
    if (refusal !== undefined) return this.#refuse(refusal)
    if (await this.#decision.isKnown()) return this.#accept(undefined, undefined)
    const receiver = await this.#deps.packets.receive(
      {
        waybill: waybillDigest,
        digest: waybill.packetDigest,
        sizeBytes: waybill.packetSize,
        chunkBytes: waybill.chunkSize,
        chunkDigests: waybill.chunkDigests,
      },
      kind,
      link.peerId,
    )
    // From here on it is given back when the arrival is suspended, also because the commit fails.
    this.#receiver = receiver
    if (receiver.nextChunk === 0) this.#reader = new PacketReader()
    // A small packet is in memory until the decision, which stores all of this: after a crash both sides begin anew.
    if (waybill.packetSize > smallPacketBytes) await this.#keepOffer()
    if (this.#ended) return this.#suspendNow()
    this.#silence = setTimeout(() => this.#onSilence(), senderSilenceMs).unref()
    this.#deps.logger.debug({ step: 'wanting', waybill: waybillDigest }, 'asking for the packet')
    link.send({ want: { transfer, firstChunk: receiver.nextChunk } })
  }

  /** Makes the offer durable: the file that is about to grow belongs to it, also after a restart. */
  async #keepOffer(): Promise<void> {
    const { waybill, waybillDigest, wasDecided } = this.#offered
    const offeredAt = this.#deps.clock.now()
    const inbound = InboundRecord.encode({
      state: InboundState.RECEIVING,
      agencies: [...this.#offered.agencies],
      offeredAt,
      packetDigest: waybill.packetDigest,
    })
    await this.#deps.records.commit([
      ...this.#evidence,
      // A receipt that was given stays in force, should this packet never come.
      ...(wasDecided ? [] : [{ type: 'put' as const, key: key('inbound', waybillDigest), value: inbound }]),
      putArriving(waybillDigest, offeredAt),
    ])
    this.#deps.logger.debug({ step: 'offer-durable', waybill: waybillDigest }, 'offer is durable')
  }

  /** Bytes of the packet, in order. */
  data(offset: number, bytes: Uint8Array, release: () => void): void {
    this.#silence?.refresh()
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
      if (this.#receiver.nextChunk < this.#offered.waybill.chunkDigests.length)
        throw new TramError('WAYBILL_INVALID', { detail: 'its sender stopped before the last chunk' })
      const packet = await this.#wholePacket(this.#receiver)
      if (packet instanceof TramError) return this.#refuse(packet)
      this.#deps.logger.debug({ step: 'packet-durable', waybill: this.#offered.waybillDigest }, 'packet is complete')
      const summary = await this.#summary(packet)
      if (!('kind' in summary)) return this.#refuse(summary, packet)
      const refusal = await this.#decision.checkContent(summary)
      if (refusal !== undefined) return this.#refuse(refusal, packet)
      await this.#accept(packet, summary)
    })
  }

  /** The link is gone or the sender stopped: durable chunks are kept. */
  suspend(): void {
    if (this.#ended) return
    this.#end()
    this.#enqueue(() => this.#suspendNow())
    this.#done()
  }

  /**
   * The same waybill is offered again, perhaps on another link, or its sender is silent: it is told to come back, so that
   * whoever else has the waybill cannot leave it waiting. Resolves when nothing of this arrival is running any more.
   */
  async giveUp(): Promise<void> {
    const { link, transfer } = this.#offered
    const wasRunning = !this.#ended
    this.suspend()
    await this.#work
    try {
      if (wasRunning && !link.closed.aborted) link.send({ temporary: waitAndRetry(transfer, 'OVERLOADED') })
    } catch (error) {
      this.#deps.logger.debug({ ...logFields(asTramError(error)), peer: link.peerId }, 'the older link was not told')
    }
  }

  /** A peer must not hold room with an offer alone. */
  #onSilence(): void {
    // What it has sent is still being written: it is our disk that is slow.
    if (this.#working > 0) {
      this.#silence?.refresh()
      return
    }
    const { link, waybillDigest } = this.#offered
    this.#deps.peerLog.write('warn', link.peerId, { code: 'OVERLOADED', waybill: waybillDigest }, 'a sender is silent')
    void this.giveUp()
  }

  #recordBytes(): number {
    return this.#evidence.reduce(
      (sum, operation) => sum + (operation.type === 'put' ? operation.value.byteLength : 0),
      decisionBytes,
    )
  }

  #end(): void {
    this.#ended = true
    clearTimeout(this.#silence)
  }

  /** Resolves when nothing of this arrival is running. */
  idle(): Promise<void> {
    return this.#work
  }

  #enqueue(work: () => Promise<void>): void {
    this.#working += 1
    this.#work = this.#work
      .then(work)
      .catch((error: unknown) => this.#fail(asTramError(error)))
      .finally(() => {
        this.#working -= 1
      })
  }

  async #suspendNow(): Promise<void> {
    this.#recordRoom?.release()
    await this.#receiver?.suspend()
    this.#receiver = undefined
  }

  /**
   * The packet, or why it is none: each chunk is the one that the sealed waybill names, so if together they are not the
   * packet that it names, the waybill itself is wrong, and stays so whoever delivers it.
   */
  async #wholePacket(receiver: PacketReceiver): Promise<StoredPacket | TramError> {
    try {
      return await receiver.finish()
    } catch (error) {
      if (error instanceof TramError && error.code === 'WAYBILL_INVALID') return error
      throw error
    }
  }

  /** Bytes that are not what the waybill says are the deliverer's fault or a disk's: temporary, never against the waybill. */
  async #fail(trouble: TramError): Promise<void> {
    const { link, transfer, waybillDigest } = this.#offered
    const { peerLog } = this.#deps
    peerLog.write('error', link.peerId, { ...logFields(trouble), waybill: waybillDigest }, 'a packet did not arrive')
    if (this.#ended) return
    this.#end()
    this.#done()
    // Nothing may throw here: nobody waits for this work, and a peer that reads nothing must not end the station.
    try {
      await this.#suspendNow()
      if (trouble.code !== 'LINK_CLOSED' && !link.closed.aborted)
        link.send({ temporary: waitAndRetry(transfer, trouble.code) })
    } catch (error) {
      this.#deps.logger.warn(
        { ...logFields(asTramError(error)), waybill: waybillDigest, peer: link.peerId },
        'the sender was not told; its link or our disk will',
      )
    }
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

  async #accept(packet: StoredPacket | undefined, summary: PacketSummary | undefined): Promise<void> {
    await this.#decision.accept(packet, summary)
    this.#tell({ stored: { transfer: this.#offered.transfer } })
  }

  async #refuse(reason: TramError, packet?: StoredPacket): Promise<void> {
    await this.#decision.refuse(reason, packet)
    await this.#receiver?.discard()
    this.#receiver = undefined
    this.#tell({ known: { transfer: this.#offered.transfer } })
  }

  /** The decision is durable: nothing more is expected of this transfer. */
  #tell(answer: ControlMessage): void {
    this.#end()
    this.#recordRoom?.release()
    this.#done()
    if (!this.#offered.link.closed.aborted) this.#offered.link.send(answer)
  }
}
