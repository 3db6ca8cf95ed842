// CRC-32C (Castagnoli, RFC 3720 appendix B.4): the checksum of LevelDB's log (log-scan.ts) and of our own records
// (record-codec.ts). zlib.crc32 will not do: it has the IEEE polynomial.

/** The polynomial 0x1EDC6F41, bits reversed. */
const polynomial = 0x82f63b78

/** Eight tables of 256, for eight bytes a step ("slicing by 8"). */
const tables = makeTables()

function makeTables(): Int32Array {
  const made = new Int32Array(8 * 256)
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1
    made[byte] = crc
  }
  for (let at = 256; at < made.length; at++) {
    const before = made[at - 256] as number
    made[at] = (before >>> 8) ^ (made[before & 0xff] as number)
  }
  return made
}

/**
 * CRC-32C of `bytes` as an unsigned number.
 * @param previous the CRC of what comes before `bytes`, to continue it
 */
export function crc32c(bytes: Uint8Array, previous = 0): number {
  const t = tables
  const length = bytes.length
  const stepsEnd = length - (length % 8)
  let crc = ~previous
  let at = 0
  for (; at < stepsEnd; at += 8) {
    // Every index is below the length: the casts only tell the compiler so.
    const low =
      crc ^
      ((bytes[at] as number) |
        ((bytes[at + 1] as number) << 8) |
        ((bytes[at + 2] as number) << 16) |
        ((bytes[at + 3] as number) << 24))
    crc =
      (t[1792 + (low & 0xff)] as number) ^
      (t[1536 + ((low >>> 8) & 0xff)] as number) ^
      (t[1280 + ((low >>> 16) & 0xff)] as number) ^
      (t[1024 + (low >>> 24)] as number) ^
      (t[768 + (bytes[at + 4] as number)] as number) ^
      (t[512 + (bytes[at + 5] as number)] as number) ^
      (t[256 + (bytes[at + 6] as number)] as number) ^
      (t[bytes[at + 7] as number] as number)
  }
  for (; at < length; at++) crc = (crc >>> 8) ^ (t[(crc ^ (bytes[at] as number)) & 0xff] as number)
  return ~crc >>> 0
}
