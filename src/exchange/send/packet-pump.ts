// Sends the bytes of one packet that a recipient wants, from a chunk on. Started by station-courier.ts for each flight.
import { type DataLane, maxDataBytes, type PeerLink } from '../../equipment/link/peer-link.ts'
import { type PacketStore, pieceBytes, smallPacketBytes } from '../../equipment/store/packet-store.ts'
import type { Flight } from './flights.ts'

/** Bytes of one data message: a frame costs either station the same whatever it holds, so it holds a piece of the packet store. */
const dataBytes = Math.min(pieceBytes, maxDataBytes)

/** Hỏa tốc and small packets overtake bulk. */
const laneOf = ({ rank, waybill }: Flight): DataLane =>
  rank.startsWith('0') || waybill.packetSize <= smallPacketBytes ? 'urgent' : 'bulk'

/**
 * Sends the packet from `firstChunk` on, then `end`.
 * @param onSent called for each piece that the link has taken
 * @throws TramError LINK_CLOSED, PACKET_MISSING, PACKET_DAMAGED, STORE_*; the signal's reason
 */
export async function pumpPacket(
  packets: PacketStore,
  link: PeerLink,
  flight: Flight,
  firstChunk: number,
  signal: AbortSignal,
  onSent: () => void,
): Promise<void> {
  const { transfer, waybill } = flight
  let offset = firstChunk * waybill.chunkSize
  if (offset < waybill.packetSize) {
    for await (const piece of packets.read(waybill.packetDigest, offset)) {
      for (let at = 0; at < piece.byteLength; at += dataBytes) {
        const bytes = piece.subarray(at, at + dataBytes)
        await link.sendData(laneOf(flight), transfer, offset, bytes, signal)
        offset += bytes.byteLength
        onSent()
      }
    }
  }
  link.send({ end: { transfer } })
}
