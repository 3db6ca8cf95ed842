// One packet on its way in from a peer, from the believed offer to the decision: reservation, chunks, checks 5 to 7 in order.
// Made by reception for each offer; decision.ts says what becomes of it.
import { asTramError, TramError } from '../base/errors.ts'
import { logFields } from '../base/logger.ts'
import { PacketReader } from '../document/edxml/edxml-reader.ts'
import type { PacketSummary } from '../document/edxml/packet-summary.ts'
import { PacketKind } from '../document/schema/waybill.ts'
import type { ControlMessage } from '../equipment/link/peer-link.ts'
import type { Temporary } from '../equipment/link/schema/messages.ts'
import { key } from '../equipment/store/namespaces.ts'
import type { PacketReceiver, StoredPacket } from '../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'
import { Decision, type DecisionDeps } from './decision.ts'
import type { Offered } from './offer-checks.ts'
import { InboundRecord, InboundState } from './schema/records.ts'

export interface ArrivalDeps extends DecisionDeps {
  records: RecordStore
}

/** A temporary refusal with the usual pause. */
export function waitAndRetry(transfer: number, code: string): Temporary {
  const isSlow = code === 'DISK_FULL' || code === 'DELIVERY_EXPIRED'
  return { transfer, code, retryAfterMs: isSlow ? 60_000 : 15_000, reseal: false }
}

export class Arrival {
  readonly #offered: Offered
  readonly #evidence: readonly RecordOperation[]
  readonly #decision: Decision
  readonly #deps: ArrivalDeps
  readonly #done: () => void
  #receiver: PacketReceiver | undefined
  /** Parses along while every byte passes through here; a resumed packet is read again at the end. */
  #reader: PacketReader | undefined
  #parseFailure: unknown
  #work: Promise<void> = Promise.resolve()
  #ended = false

  constructor(
    own: { station: string; generation: number },
    offered: Offered,
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

  /** Check 4 and what needs no bytes; then the durable offer and `want`. Throws what should be answered `temporary`. */
  async begin(): Promise<void> {
    const { link, transfer, waybill, waybillDigest } = this.#offered
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
      waybill.kind === PacketKind.STATUS ? 'status' : 'document',
    )
    const inbound = InboundRecord.encode({
      state: InboundState.RECEIVING,
      agencies: [...this.#offered.agencies],
      offeredAt: this.#deps.clock.now(),
      packetDigest: waybill.packetDigest,
    })
    // From here on it is given back when the arrival is suspended, also because the commit fails.
    this.#receiver = receiver
    if (receiver.nextChunk === 0) this.#reader = new PacketReader()
    await this.#deps.records.commit([
      ...this.#evidence,
      { type: 'put', key: key('inbound', waybillDigest), value: inbound },
      { type: 'put', key: key('arriving', waybillDigest), value: new Uint8Array(0) },
    ])
    this.#deps.logger.debug({ step: 'offer-durable', waybill: waybillDigest }, 'offer is durable')
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
      if (!('kind' in summary)) return this.#refuse(summary, packet)
      const refusal = await this.#decision.checkContent(summary)
      if (refusal !== undefined) return this.#refuse(refusal, packet)
      await this.#accept(packet, summary)
    })
  }

  /** The link is gone or the sender stopped: durable chunks are kept. */
  suspend(): void {
    if (this.#ended) return
    this.#ended = true
    this.#enqueue(() => this.#suspendNow())
    this.#done()
  }

  /**
   * The same waybill is offered again, perhaps on another link: its sender is told to come back, so that whoever else has
   * the waybill cannot leave it waiting. Resolves when nothing of this arrival is running any more.
   */
  async displaced(): Promise<void> {
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

  /** Resolves when nothing of this arrival is running. */
  idle(): Promise<void> {
    return this.#work
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
    this.#ended = true
    this.#done()
    if (!this.#offered.link.closed.aborted) this.#offered.link.send(answer)
  }
}
