// Data frames, written by hand: header, LinkMessage and the packet bytes in one buffer with one copy (the generated
// encoder would copy twice). What is written is what LinkMessage.encode gives. Neighbours: framed-link.ts, frames.ts.
import { frameHeaderBytes, writeFrameHeader } from './frames.ts'
import { type DataLane, maxDataBytes } from './peer-link.ts'

const dataTag = (8 << 3) | 2
const transferTag = (1 << 3) | 0
const offsetTag = (2 << 3) | 0
const bytesTag = (3 << 3) | 2

function varintBytes(value: number): number {
  let length = 1
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1
  return length
}

function writeVarint(target: Uint8Array, at: number, value: number): number {
  let position = at
  let rest = value
  // Division, not shifts: an offset may be above 2^32.
  for (; rest >= 128; rest = Math.floor(rest / 128)) target[position++] = (rest % 128) | 128
  target[position++] = rest
  return position
}

/** protobuf leaves a zero out. */
const fieldBytes = (value: number): number => (value === 0 ? 0 : 1 + varintBytes(value))

const innerBytes = (transfer: number, offset: number, length: number): number =>
  fieldBytes(transfer) + fieldBytes(offset) + 1 + varintBytes(length) + length

/** Bytes of the payload of a data frame. */
export function dataPayloadBytes(transfer: number, offset: number, length: number): number {
  const inner = innerBytes(transfer, offset, length)
  return 1 + varintBytes(inner) + inner
}

/**
 * The frame for `bytes` (1 to maxDataBytes) of a packet.
 * @throws RangeError when a number is out of range
 */
export function encodeDataFrame(lane: DataLane, transfer: number, offset: number, bytes: Uint8Array): Uint8Array {
  assertDataFits(transfer, offset, bytes.byteLength)
  const payloadBytes = dataPayloadBytes(transfer, offset, bytes.byteLength)
  const frame = Buffer.allocUnsafe(frameHeaderBytes + payloadBytes)
  writeFrameHeader(frame, lane, false, payloadBytes)
  let at = frameHeaderBytes
  frame[at++] = dataTag
  at = writeVarint(frame, at, innerBytes(transfer, offset, bytes.byteLength))
  if (transfer !== 0) {
    frame[at++] = transferTag
    at = writeVarint(frame, at, transfer)
  }
  if (offset !== 0) {
    frame[at++] = offsetTag
    at = writeVarint(frame, at, offset)
  }
  frame[at++] = bytesTag
  at = writeVarint(frame, at, bytes.byteLength)
  frame.set(bytes, at)
  return frame
}

/** @throws RangeError when a data message with these numbers cannot be written */
export function assertDataFits(transfer: number, offset: number, length: number): void {
  if (!Number.isInteger(transfer) || transfer < 0 || transfer > 0xffff_ffff)
    throw new RangeError(`transfer ${transfer} is not a uint32`)
  if (!Number.isSafeInteger(offset) || offset < 0) throw new RangeError(`offset ${offset} is not a safe integer`)
  if (length < 1 || length > maxDataBytes) throw new RangeError(`${length} data bytes do not fit 1 to ${maxDataBytes}`)
}
