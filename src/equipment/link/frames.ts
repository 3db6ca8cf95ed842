// Frames: what one stream between two stations is cut into, so that an urgent message waits behind one frame at most.
// Neighbours: framed-link.ts writes and reads them; messages.proto says what is inside.
//
//   byte 0      bits 7-3 zero · bits 2-1 lane (0 control, 1 urgent, 2 bulk) · bit 0 `more`
//   bytes 1-3   length of the payload, big-endian, 1 to 65,536
//   payload
//
// A control message larger than a frame goes in pieces: `more` is set on all but the last. Pieces of different lanes may
// alternate; a data message is always one frame.
import { TramError } from '../../base/errors.ts'
import { type DataLane, maxFrameBytes, maxMessageBytes } from './peer-link.ts'

/** The lanes by their number on the wire; the same numbers name a lane in Credit and Yield. */
export const laneNumbers = { control: 0, urgent: 1, bulk: 2 } as const
export type Lane = keyof typeof laneNumbers

/** Bytes before the payload of a frame. */
export const frameHeaderBytes = 4

/** The data lane with this number on the wire, or undefined. */
export function dataLaneOf(number: number): DataLane | undefined {
  if (number === laneNumbers.urgent) return 'urgent'
  if (number === laneNumbers.bulk) return 'bulk'
  return undefined
}

/** Writes the header of a frame with `payloadBytes` (1 to maxFrameBytes) at the start of `target`. */
export function writeFrameHeader(target: Uint8Array, lane: Lane, more: boolean, payloadBytes: number): void {
  target[0] = (laneNumbers[lane] << 1) | (more ? 1 : 0)
  target[1] = payloadBytes >>> 16
  target[2] = (payloadBytes >>> 8) & 0xff
  target[3] = payloadBytes & 0xff
}

/**
 * The frames of a message, header and payload of each in one new buffer.
 * @throws RangeError when the message is empty, above maxMessageBytes, or a data message above one frame: ours to prevent
 */
export function framesOf(lane: Lane, message: Uint8Array): Uint8Array[] {
  const maxBytes = lane === 'control' ? maxMessageBytes : maxFrameBytes
  if (message.byteLength === 0 || message.byteLength > maxBytes)
    throw new RangeError(`a ${lane} message of ${message.byteLength} bytes does not fit 1 to ${maxBytes}`)
  const frames: Uint8Array[] = []
  for (let start = 0; start < message.byteLength; start += maxFrameBytes) {
    const payload = message.subarray(start, start + maxFrameBytes)
    const frame = Buffer.allocUnsafe(frameHeaderBytes + payload.byteLength)
    writeFrameHeader(frame, lane, start + maxFrameBytes < message.byteLength, payload.byteLength)
    frame.set(payload, frameHeaderBytes)
    frames.push(frame)
  }
  return frames
}

/** What a parser tells as it goes; calls are synchronous and in wire order. */
export interface FrameSink {
  /** A whole message. `wireBytes` are those of its last frame, header included. */
  onMessage(lane: Lane, message: Uint8Array, wireBytes: number): void
  /** A piece of a control message that goes on; it is kept here. */
  onPiece(wireBytes: number): void
  /** Whether the rest of the chunk is still wanted: a sink that closed its link is told nothing more. */
  isOpen(): boolean
}

/**
 * Puts messages together from chunks of any size. Holds at most one frame and one control message.
 * A payload that lies whole in a chunk is handed on without a copy.
 */
export class FrameParser {
  readonly #peerId: string
  readonly #sink: FrameSink
  readonly #header = new Uint8Array(frameHeaderBytes)
  #headerFilled = 0
  #lane: Lane = 'control'
  #more = false
  #payloadBytes = 0
  #payload: Uint8Array | undefined
  #payloadFilled = 0
  #pieces: Uint8Array[] = []
  #piecesBytes = 0

  constructor(peerId: string, sink: FrameSink) {
    this.#peerId = peerId
    this.#sink = sink
  }

  /**
   * Takes the next bytes of the stream, attacker-controlled.
   * @throws TramError LINK_PROTOCOL_VIOLATION: the stream is beyond repair and has to be closed
   */
  push(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.byteLength && this.#sink.isOpen()) {
      if (this.#headerFilled < frameHeaderBytes) {
        this.#header[this.#headerFilled++] = chunk[at++] ?? 0
        if (this.#headerFilled === frameHeaderBytes) this.#readHeader()
        continue
      }
      const wanted = this.#payloadBytes - this.#payloadFilled
      const here = chunk.subarray(at, at + wanted)
      at += here.byteLength
      if (this.#payload === undefined && here.byteLength === this.#payloadBytes) {
        this.#endFrame(here)
        continue
      }
      // The length was checked before anything is allocated for it.
      this.#payload ??= Buffer.allocUnsafe(this.#payloadBytes)
      this.#payload.set(here, this.#payloadFilled)
      this.#payloadFilled += here.byteLength
      if (this.#payloadFilled === this.#payloadBytes) this.#endFrame(this.#payload)
    }
  }

  #readHeader(): void {
    const [first = 0, high = 0, middle = 0, low = 0] = this.#header
    const lane = first >>> 1
    this.#more = (first & 1) === 1
    this.#payloadBytes = (high << 16) | (middle << 8) | low
    if (lane === laneNumbers.control) this.#lane = 'control'
    else {
      const dataLane = dataLaneOf(lane)
      if (dataLane === undefined) throw this.#violation(`a frame begins with byte ${first}`)
      if (this.#more) throw this.#violation('a data message in several frames')
      this.#lane = dataLane
    }
    if (this.#payloadBytes === 0) throw this.#violation('an empty frame')
    if (this.#payloadBytes > maxFrameBytes) throw this.#violation(`a frame of ${this.#payloadBytes} bytes`)
    if (this.#lane === 'control' && this.#piecesBytes + this.#payloadBytes > maxMessageBytes)
      throw this.#violation(`a message of more than ${maxMessageBytes} bytes`)
    // Without this rule one byte a frame would make a million pieces of one message.
    if (this.#more && this.#payloadBytes !== maxFrameBytes) throw this.#violation('a short piece of a message')
  }

  #endFrame(payload: Uint8Array): void {
    const wireBytes = frameHeaderBytes + payload.byteLength
    this.#headerFilled = 0
    this.#payloadFilled = 0
    this.#payload = undefined
    if (this.#more) {
      this.#pieces.push(payload)
      this.#piecesBytes += payload.byteLength
      this.#sink.onPiece(wireBytes)
      return
    }
    if (this.#lane !== 'control' || this.#pieces.length === 0) {
      this.#sink.onMessage(this.#lane, payload, wireBytes)
      return
    }
    const message = Buffer.concat([...this.#pieces, payload], this.#piecesBytes + payload.byteLength)
    this.#pieces = []
    this.#piecesBytes = 0
    this.#sink.onMessage('control', message, wireBytes)
  }

  #violation(detail: string): TramError {
    return new TramError('LINK_PROTOCOL_VIOLATION', { peer: this.#peerId, detail })
  }
}
