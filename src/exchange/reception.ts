// Reception: what a peer offers is checked in the order of the design (1 peer, 2 waybill, 3 seal, 4 sender; 5 digest, 6 content,
// 7 dedupe), made durable and answered with a sealed receipt. Links are below it, inbox and sealer beside it.
import { asTramError, TramError } from '../base/errors.ts'
import type { Logger } from '../base/logger.ts'
import { logFields } from '../base/logger.ts'
import { hex, sha256 } from '../document/document-id.ts'
import { Outcome, parseReceipt } from '../document/receipt.ts'
import { parseWaybill, type Waybill } from '../document/waybill.ts'
import type { ControlMessage, PeerLink } from '../equipment/link/peer-link.ts'
import type { Offer } from '../equipment/link/schema/messages.ts'
import { key } from '../equipment/store/namespaces.ts'
import { smallPacketBytes } from '../equipment/store/packet-store.ts'
import type { RecordOperation, RecordStore } from '../equipment/store/record-store.ts'
import { Arrival, type ArrivalDeps, waitAndRetry } from './arrival.ts'
import { keepDirectory } from './directory-versions.ts'
import { KeyedLock } from './keyed-lock.ts'
import type { Offered } from './offer-checks.ts'
import type { OutgoingReceipts } from './outgoing-receipts.ts'
import { InboundRecord, InboundState, WaybillRecord } from './schema/records.ts'
import type { SealChecker } from './seal-checker.ts'

/** Offers of one peer that are being checked or received; an honest courier keeps within 260. */
const maxOffers = 1024
/** Of these, packets that are files: each holds a chunk in memory and a descriptor. An honest courier keeps within 4. */
const maxLargeOffers = 16

export interface ReceptionDeps extends ArrivalDeps {
  records: RecordStore
  seals: SealChecker
  receipts: OutgoingReceipts
  logger: Logger
}

export class Reception {
  readonly #own: { station: string; generation: number }
  readonly #deps: ReceptionDeps
  readonly #arrivals = new Map<PeerLink, Map<number, Arrival | 'checking'>>()
  /** Two links may carry the same waybill (a sender that came back before its old link was missed): one at a time. */
  readonly #byWaybill = new KeyedLock()
  readonly #holders = new Map<string, Arrival>()

  constructor(own: { station: string; generation: number }, deps: ReceptionDeps) {
    this.#own = own
    this.#deps = deps
  }

  /** A message of a sender (attacker-controlled). Throws LINK_PROTOCOL_VIOLATION when it keeps to no rule. */
  message(link: PeerLink, message: ControlMessage): void {
    if (message.offer != null) this.#offer(link, message.offer)
    if (message.end != null) this.#arrival(link, message.end.transfer)?.end()
    if (message.cancel != null) {
      this.#arrival(link, message.cancel.transfer)?.suspend()
      this.#arrivals.get(link)?.delete(message.cancel.transfer)
    }
    if (message.ack != null) void this.#deps.receipts.acknowledged(hex(message.ack.waybillDigest))
  }

  /** Packet bytes (attacker-controlled). Credit goes back when they are durable or not wanted. */
  data(link: PeerLink, transfer: number, offset: number, bytes: Uint8Array, release: () => void): void {
    const arrival = this.#arrival(link, transfer)
    if (arrival === undefined) release()
    else arrival.data(offset, bytes, release)
  }

  /** Durable chunks are kept; the sender comes back. */
  linkClosed(link: PeerLink): void {
    const arrivals = this.#arrivals.get(link)
    this.#arrivals.delete(link)
    for (const arrival of arrivals?.values() ?? []) if (arrival !== 'checking') arrival.suspend()
  }

  /** Hex digests of the waybills whose packets are on their way in, for the sweep of incoming files at start. */
  async wantedWaybills(): Promise<Set<string>> {
    const wanted = new Set<string>()
    for await (const [name] of this.#deps.records.range({ from: 'arriving:', to: 'arriving;' })) {
      wanted.add(name.slice('arriving:'.length))
    }
    return wanted
  }

  #offer(link: PeerLink, offer: Offer): void {
    const arrivals = this.#arrivals.get(link) ?? new Map<number, Arrival | 'checking'>()
    this.#arrivals.set(link, arrivals)
    if (arrivals.has(offer.transfer) || arrivals.size >= maxOffers) {
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: link.peerId, detail: 'too many offers, or one twice' })
    }
    arrivals.set(offer.transfer, 'checking')
    const settle = (arrival?: Arrival): void => {
      if (arrival === undefined) arrivals.delete(offer.transfer)
      else arrivals.set(offer.transfer, arrival)
    }
    const waybillDigest = hex(sha256(offer.waybill))
    void this.#byWaybill
      .run(waybillDigest, () => this.#consider(link, offer, waybillDigest, settle))
      .catch((error: unknown) => {
        settle()
        this.#answerTrouble(link, offer.transfer, asTramError(error))
      })
  }

  /** Checks 1 to 4, then durable offer and `want`; or the answer to what is known already. */
  async #consider(
    link: PeerLink,
    offer: Offer,
    waybillDigest: string,
    settle: (arrival?: Arrival) => void,
  ): Promise<void> {
    const { logger, records, seals } = this.#deps
    logger.debug({ step: 'offer-heard', waybill: waybillDigest }, 'an offer')
    const value = await records.get(key('inbound', waybillDigest))
    const known = value === undefined ? undefined : InboundRecord.decode(value)
    // What an offer asks about is not sealed: whoever has the waybill may ask less than its sender will.
    const isAnswered = offer.agencies.every((code) => known?.agencies.includes(code))
    if (known?.state === InboundState.DECIDED && isAnswered) {
      settle()
      link.send({ known: { transfer: offer.transfer } })
      await this.#deps.receipts.repeat(link, waybillDigest, known)
      return
    }
    const waybill = parseWaybill(offer.waybill)
    assertOfferedAgencies(offer, waybill)
    const checked = await seals.check('waybill', offer.waybill, offer.seal)
    if (!checked.ok) {
      settle()
      const { reason, temporary, reseal } = checked
      logger.warn({ ...logFields(reason), waybill: waybillDigest, peer: link.peerId }, 'seal not accepted')
      if (temporary)
        link.send({ temporary: { transfer: offer.transfer, code: reason.code, retryAfterMs: 30_000, reseal } })
      else link.send({ reject: { transfer: offer.transfer, code: reason.code, detail: reason.message.slice(0, 500) } })
      return
    }
    // A restored station seals its old waybills anew, in its next generation.
    if (checked.value.station !== waybill.station || checked.value.generation < waybill.generation) {
      settle()
      link.send({ reject: { transfer: offer.transfer, code: 'SEAL_INVALID', detail: 'sealed by another station' } })
      return
    }
    const { seal, cmsDigest, sealedAtMs, directoryVersion } = checked.value
    const reference = {
      cmsDigest: Buffer.from(cmsDigest),
      leafIndex: seal.leafIndex,
      path: seal.path,
      sealedAt: sealedAtMs,
      directoryVersion,
    }
    const agencies = [...new Set([...(known?.agencies ?? []), ...offer.agencies])]
    const before = known?.state === InboundState.DECIDED ? parseReceipt(known.receipt).verdicts : []
    const storedBefore = before.filter(({ outcome }) => outcome === Outcome.STORED)
    const offered: Offered = { link, transfer: offer.transfer, waybill, waybillDigest, agencies, storedBefore }
    const evidence: RecordOperation[] = [
      ...keepDirectory(directoryVersion),
      { type: 'put', key: key('cms', hex(cmsDigest)), value: seal.cms },
    ]
    const waybillKey = key('waybill', waybillDigest)
    // Of a waybill of our own the outbox has the record, which also says where else it goes.
    if (waybill.station !== this.#own.station || (await records.get(waybillKey)) === undefined) {
      const value = WaybillRecord.encode({ waybill: offer.waybill, seal: reference })
      evidence.push({ type: 'put', key: waybillKey, value })
    }
    const holder = this.#holders.get(waybillDigest)
    if (holder !== undefined) {
      await holder.displaced()
      // It may have decided meanwhile: a second decision could say something else than the first.
      return this.#consider(link, offer, waybillDigest, settle)
    }
    if (waybill.packetSize > smallPacketBytes && this.#largeArrivals(link) >= maxLargeOffers) {
      throw new TramError('OVERLOADED', { detail: `${maxLargeOffers} large packets of this peer are on their way in` })
    }
    const arrival = new Arrival(this.#own, offered, evidence, this.#deps, () => {
      this.#arrivals.get(link)?.delete(offer.transfer)
      // Not before its last work is over: that may be the commit of its decision, on a link that is gone.
      void arrival.idle().then(() => {
        if (this.#holders.get(waybillDigest) === arrival) this.#holders.delete(waybillDigest)
      })
    })
    this.#holders.set(waybillDigest, arrival)
    settle(arrival)
    try {
      await arrival.begin()
    } catch (error) {
      arrival.suspend()
      throw error
    }
    if (!this.#arrivals.has(link)) arrival.suspend()
  }

  /** Nothing about this waybill is stored: the failure belongs to this connection. */
  #answerTrouble(link: PeerLink, transfer: number, trouble: TramError): void {
    if (link.closed.aborted || trouble.code === 'LINK_CLOSED') return
    this.#deps.logger.warn({ ...logFields(trouble), peer: link.peerId }, 'offer not accepted')
    try {
      if (trouble.code === 'WAYBILL_INVALID') {
        link.send({ reject: { transfer, code: trouble.code, detail: trouble.message.slice(0, 500) } })
      } else {
        link.send({ temporary: waitAndRetry(transfer, trouble.code) })
      }
    } catch (error) {
      this.#deps.logger.debug(logFields(asTramError(error)), 'the link closed before the answer')
    }
  }

  #largeArrivals(link: PeerLink): number {
    let count = 0
    for (const arrival of this.#arrivals.get(link)?.values() ?? []) {
      if (arrival !== 'checking' && arrival.packetBytes > smallPacketBytes) count += 1
    }
    return count
  }

  #arrival(link: PeerLink, transfer: number): Arrival | undefined {
    const arrival = this.#arrivals.get(link)?.get(transfer)
    return arrival === 'checking' ? undefined : arrival
  }
}

/** An offer asks for verdicts on agencies of its waybill, at least one, each once. */
function assertOfferedAgencies(offer: Offer, waybill: Waybill): void {
  const named = new Set(waybill.recipients)
  const asked = new Set(offer.agencies)
  if (asked.size === 0 || asked.size !== offer.agencies.length || offer.agencies.some((code) => !named.has(code))) {
    throw new TramError('WAYBILL_INVALID', { detail: 'the offer names agencies that its waybill does not' })
  }
}
