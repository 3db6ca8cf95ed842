// Reception: what a peer offers is checked in the order of the design (1 peer, 2 waybill, 3 seal, 4 sender; 5 digest, 6 content,
// 7 dedupe), made durable and answered with a sealed receipt. Links are below it, inbox and sealer beside it.
import { Allowance } from '../../base/allowance.ts'
import { asTramError, TramError } from '../../base/errors.ts'
import { logFields } from '../../base/logger.ts'
import { hex, sha256 } from '../../document/document-id.ts'
import { Outcome, parseReceipt } from '../../document/receipt.ts'
import { parseWaybill, type Waybill } from '../../document/waybill.ts'
import type { ControlMessage, PeerLink } from '../../equipment/link/peer-link.ts'
import type { Offer } from '../../equipment/link/schema/messages.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordOperation, RecordStore } from '../../equipment/store/record-store.ts'
import { keepDirectory } from '../directory/directory-versions.ts'
import { KeyedLock } from '../keyed-lock.ts'
import { isLost } from '../recovery/lost-receipts.ts'
import { InboundRecord, InboundState, WaybillRecord } from '../schema/records.ts'
import { Arrival, type ArrivalDeps, waitAndRetry } from './arrival.ts'
import type { Offered } from './offer-checks.ts'
import { OpenOffers } from './open-offers.ts'
import type { OutgoingReceipts } from './outgoing-receipts.ts'
import { PeerLoad } from './peer-load.ts'
import type { SealChecker } from './seal-checker.ts'

/** Seals of one peer that may fail in a minute; past it, its offers are not looked at until the minute is over. */
const maxWrongSeals = 512
/** Acknowledgements that are being noted: as many as one batch of receipts may bring. What is above is not noted. */
const ackBounds = { countPerPeer: 4096, bytesPerPeer: 4096 * 64, bytes: 2 ** 24 }

export interface ReceptionDeps extends ArrivalDeps {
  records: RecordStore
  seals: SealChecker
  receipts: OutgoingReceipts
}

export class Reception {
  readonly #own: { station: string; generation: number }
  readonly #deps: ReceptionDeps
  readonly #offers = new OpenOffers()
  readonly #acks = new PeerLoad(ackBounds)
  readonly #wrongSeals: Allowance
  /** Two links may carry the same waybill (a sender that came back before its old link was missed): one at a time. */
  readonly #byWaybill = new KeyedLock()
  readonly #holders = new Map<string, Arrival>()
  #closedBecause: TramError | undefined

  constructor(own: { station: string; generation: number }, deps: ReceptionDeps) {
    this.#own = own
    this.#deps = deps
    this.#wrongSeals = new Allowance(maxWrongSeals, deps.clock)
  }

  /** Bytes of waybills and seals that are held for offers, of all peers. */
  get heldBytes(): number {
    return this.#offers.heldBytes
  }

  /** Sends new offers away for a while, with `reason`, until `open`. What is on its way in goes on. */
  close(reason: TramError): void {
    this.#closedBecause = reason
  }

  open(): void {
    this.#closedBecause = undefined
  }

  /** A message of a sender (attacker-controlled). Throws LINK_PROTOCOL_VIOLATION when it keeps to no rule. */
  message(link: PeerLink, message: ControlMessage): void {
    if (message.offer != null) this.#offer(link, message.offer)
    if (message.end != null) this.#offers.arrival(link, message.end.transfer)?.end()
    if (message.cancel != null) {
      this.#offers.arrival(link, message.cancel.transfer)?.suspend()
      this.#offers.end(link, message.cancel.transfer)
    }
    if (message.ack != null) void this.#acknowledged(link, message.ack.waybillDigest)
  }

  /** Packet bytes (attacker-controlled). Credit goes back when they are durable or not wanted. */
  data(link: PeerLink, transfer: number, offset: number, bytes: Uint8Array, release: () => void): void {
    const arrival = this.#offers.arrival(link, transfer)
    if (arrival === undefined) release()
    else arrival.data(offset, bytes, release)
  }

  /** Durable chunks are kept; the sender comes back. */
  linkClosed(link: PeerLink): void {
    for (const arrival of this.#offers.endAll(link)) arrival.suspend()
  }

  async #acknowledged(link: PeerLink, waybillDigest: Uint8Array): Promise<void> {
    const { directory, receipts, peerLog } = this.#deps
    const release = this.#acks.take(link, waybillDigest.byteLength)
    if (release === undefined) {
      peerLog.write('warn', link.peerId, { code: 'OVERLOADED' }, 'too many acknowledgements at once')
      return
    }
    try {
      const station = await directory.stationOfPeer(link.peerId)
      if (station !== undefined) await receipts.acknowledged(hex(waybillDigest), station.id)
    } catch (error) {
      peerLog.write('error', link.peerId, logFields(asTramError(error)), 'an acknowledgement was not stored')
    } finally {
      release()
    }
  }

  #offer(link: PeerLink, offer: Offer): void {
    const { transfer } = offer
    const hasRoom = this.#offers.begin(link, transfer, offer.waybill.byteLength + offer.seal.byteLength)
    const end = (trouble: TramError): void => {
      this.#offers.end(link, transfer)
      this.#answerTrouble(link, transfer, trouble)
    }
    if (!hasRoom || this.#wrongSeals.isUsedUp(link.peerId)) {
      end(
        new TramError('OVERLOADED', { detail: hasRoom ? 'too many seals of this peer are wrong' : 'too many offers' }),
      )
      return
    }
    if (this.#closedBecause !== undefined) {
      end(this.#closedBecause)
      return
    }
    const waybillDigest = hex(sha256(offer.waybill))
    void this.#byWaybill
      .run(waybillDigest, () => this.#consider(link, offer, waybillDigest))
      .catch((error: unknown) => end(asTramError(error)))
  }

  /** Checks 1 to 4, then durable offer and `want`; or the answer to what is known already. */
  async #consider(link: PeerLink, offer: Offer, waybillDigest: string): Promise<void> {
    const { directory, logger, peerLog, records, seals } = this.#deps
    const { transfer } = offer
    logger.debug({ step: 'offer-heard', waybill: waybillDigest }, 'an offer')
    const value = await records.get(key('inbound', waybillDigest))
    const known = value === undefined ? undefined : InboundRecord.decode(value)
    // What an offer asks about is not sealed: whoever has the waybill may ask less than its sender will.
    const isAnswered = offer.agencies.every((code) => known?.agencies.includes(code))
    if (known?.state === InboundState.DECIDED && isAnswered && !(await isLost(offer, known, this.#deps))) {
      this.#offers.end(link, transfer)
      link.send({ known: { transfer } })
      await this.#deps.receipts.repeat(link, waybillDigest, known)
      return
    }
    const waybill = parseWaybill(offer.waybill)
    assertOfferedAgencies(offer, waybill)
    const checked = await seals.check('waybill', offer.waybill, offer.seal)
    if (!checked.ok) {
      this.#offers.end(link, transfer)
      this.#wrongSeals.take(link.peerId)
      const { reason, temporary, reseal } = checked
      peerLog.write('warn', link.peerId, { ...logFields(reason), waybill: waybillDigest }, 'seal not accepted')
      if (temporary) link.send({ temporary: { transfer, code: reason.code, retryAfterMs: 30_000, reseal } })
      else link.send({ reject: { transfer, code: reason.code, detail: reason.message.slice(0, 500) } })
      return
    }
    // A restored station seals its old waybills anew, in its next generation.
    if (checked.value.station !== waybill.station || checked.value.generation < waybill.generation) {
      this.#offers.end(link, transfer)
      link.send({ reject: { transfer, code: 'SEAL_INVALID', detail: 'sealed by another station' } })
      return
    }
    const { reference, cms } = checked.value
    const agencies = [...new Set([...(known?.agencies ?? []), ...offer.agencies])]
    const before = known?.state === InboundState.DECIDED ? parseReceipt(known.receipt).verdicts : []
    const storedBefore = before.filter(({ outcome }) => outcome === Outcome.STORED)
    const offered: Offered = { link, transfer, waybill, waybillDigest, agencies, storedBefore }
    const evidence: RecordOperation[] = [
      ...keepDirectory(reference.directoryVersion),
      { type: 'put', key: key('cms', hex(reference.cmsDigest)), value: cms },
    ]
    const waybillKey = key('waybill', waybillDigest)
    // Of a waybill of our own the outbox has the record, which also says where else it goes.
    if (waybill.station !== this.#own.station || (await records.get(waybillKey)) === undefined) {
      const value = WaybillRecord.encode({ waybill: offer.waybill, seal: reference })
      evidence.push({ type: 'put', key: waybillKey, value })
    }
    const isFromSealer = (await directory.stationOfPeer(link.peerId))?.id === waybill.station
    const holder = this.#holders.get(waybillDigest)
    if (holder !== undefined) {
      // Whoever else has the waybill must not keep the station that sealed it from delivering it.
      if (holder.isFromSealer && !isFromSealer && !holder.hasEnded)
        throw new TramError('OVERLOADED', { detail: 'the packet is on its way in from its own station' })
      await holder.giveUp()
      // It may have decided meanwhile: a second decision could say something else than the first.
      return this.#consider(link, offer, waybillDigest)
    }
    const arrival = new Arrival(
      this.#own,
      { ...offered, isFromSealer, wasDecided: known?.state === InboundState.DECIDED },
      evidence,
      this.#deps,
      () => {
        this.#offers.end(link, transfer)
        // Not before its last work is over: that may be the commit of its decision, on a link that is gone.
        void arrival.idle().then(() => {
          if (this.#holders.get(waybillDigest) === arrival) this.#holders.delete(waybillDigest)
        })
      },
    )
    this.#offers.arrives(link, transfer, arrival)
    this.#holders.set(waybillDigest, arrival)
    try {
      await arrival.begin()
    } catch (error) {
      arrival.suspend()
      throw error
    }
    // The link closed, or the sender thought better of it, before anybody could be told.
    if (this.#offers.arrival(link, transfer) !== arrival) arrival.suspend()
  }

  /** Nothing about this waybill is stored: the failure belongs to this connection. */
  #answerTrouble(link: PeerLink, transfer: number, trouble: TramError): void {
    if (link.closed.aborted || trouble.code === 'LINK_CLOSED') return
    this.#deps.peerLog.write('warn', link.peerId, logFields(trouble), 'offer not accepted')
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
}

/** An offer asks for verdicts on agencies of its waybill, at least one, each once. */
function assertOfferedAgencies(offer: Offer, waybill: Waybill): void {
  const named = new Set(waybill.recipients)
  const asked = new Set(offer.agencies)
  if (asked.size === 0 || asked.size !== offer.agencies.length || offer.agencies.some((code) => !named.has(code))) {
    throw new TramError('WAYBILL_INVALID', { detail: 'the offer names agencies that its waybill does not' })
  }
}
