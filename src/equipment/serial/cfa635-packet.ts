// The packets of a Crystalfontz CFA635: type, length (0 to 22), data, CRC-16 with the low byte first (CRC-16/X-25: polynomial
// 0x1021 reflected, begun with and inverted by 0xFFFF). cfa635-panel.ts talks in them.

export interface PanelPacket {
  /** A command is below 0x40; its answer is 0x40 above it, a refusal 0xC0 above; 0x80 is the report of a key. */
  type: number
  data: Uint8Array
}

export const maxDataBytes = 22
/** Type, length and CRC. */
const frameBytes = 4

function crcOf(bytes: Uint8Array): number {
  let crc = 0xffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc & 1) === 1 ? (crc >>> 1) ^ 0x8408 : crc >>> 1
  }
  return ~crc & 0xffff
}

/** @throws RangeError when there are more than 22 bytes of data */
export function encodePanelPacket({ type, data }: PanelPacket): Buffer {
  if (data.length > maxDataBytes) throw new RangeError(`${data.length} bytes of data`)
  const packet = Buffer.alloc(data.length + frameBytes)
  packet[0] = type
  packet[1] = data.length
  packet.set(data, 2)
  packet.writeUInt16LE(crcOf(packet.subarray(0, data.length + 2)), data.length + 2)
  return packet
}

/** Finds packets in the bytes of a line (untrusted): what has no valid CRC is stepped over, a byte at a time. */
export class PanelReader {
  #held = Buffer.alloc(0)

  /** @returns the packets that these bytes complete */
  read(bytes: Uint8Array): PanelPacket[] {
    const found: PanelPacket[] = []
    // In pieces, so that no more than a packet and a piece is ever held.
    for (let at = 0; at < bytes.length; at += 256) {
      this.#held = Buffer.concat([this.#held, bytes.subarray(at, at + 256)])
      found.push(...this.#packets())
    }
    return found
  }

  /** What was begun is not going on: it was no packet, but one may lie inside it. */
  giveUp(): PanelPacket[] {
    const found: PanelPacket[] = []
    while (this.#held.length > 0) {
      this.#held = this.#held.subarray(1)
      found.push(...this.#packets())
    }
    return found
  }

  #packets(): PanelPacket[] {
    const found: PanelPacket[] = []
    while (this.#held.length >= frameBytes) {
      const length = this.#held[1] ?? 0
      const end = length + frameBytes
      if (length <= maxDataBytes && this.#held.length < end) break
      if (length <= maxDataBytes && this.#held.readUInt16LE(end - 2) === crcOf(this.#held.subarray(0, end - 2))) {
        found.push({ type: this.#held[0] ?? 0, data: Uint8Array.from(this.#held.subarray(2, end - 2)) })
        this.#held = this.#held.subarray(end)
      } else this.#held = this.#held.subarray(1)
    }
    return found
  }
}
