// Whether something that we receipted is no longer here: looked at closely while its sender is asked after a loss, since the
// answer `known` would leave it lost. Part of reception.ts; missing-questions.ts asks.
import { hex, inboxItemId, sha256 } from '../../document/document-id.ts'
import { Outcome, parseReceipt } from '../../document/receipt.ts'
import { parseWaybill } from '../../document/waybill.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { PacketStore } from '../../equipment/store/packet-store.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { Directory } from '../directory/directory.ts'
import type { Inbox } from '../receive/inbox.ts'
import { type InboundRecord, WaybillRecord } from '../schema/records.ts'

export interface LostReceiptsDeps {
  records: RecordStore
  packets: PacketStore
  directory: Directory
  inbox: Inbox
  /** Whether a station was asked to offer again what it has our receipt for; never, when absent. */
  isAskedOf?: (station: string) => boolean
}

/**
 * Whether waybill, its seal, inbox item or packet of a decided offer is gone. False for stations that nobody asks.
 * @param offer of a peer (attacker-controlled)
 * @throws TramError WAYBILL_INVALID, STORE_*
 */
export async function isLost(
  offer: { waybill: Uint8Array },
  known: InboundRecord,
  { records, packets, directory, inbox, isAskedOf }: LostReceiptsDeps,
): Promise<boolean> {
  if (isAskedOf === undefined) return false
  const { station, senderAgency, packetDigest } = parseWaybill(offer.waybill)
  if (!isAskedOf(station)) return false
  const stored = parseReceipt(known.receipt).verdicts.filter(({ outcome }) => outcome === Outcome.STORED)
  if (stored.length === 0) return false
  const value = await records.get(key('waybill', hex(sha256(offer.waybill))))
  const seal = value === undefined ? undefined : WaybillRecord.decode(value).seal
  if (seal == null || (await records.get(key('cms', hex(seal.cmsDigest)))) === undefined) return true
  for (const { agency } of stored) {
    // It may be listed for an agency that this one has become since.
    const codes = await directory.codesOf(agency)
    const items = await Promise.all(
      codes.map((code) => inbox.find(inboxItemId(station, senderAgency, packetDigest, code))),
    )
    const item = items.find((found) => found !== undefined)
    if (item === undefined || (item.mark !== 'done' && !(await packets.has(packetDigest)))) return true
  }
  return false
}
