// What station and signer say to each other: frames of a length (32 bits, big-endian, of what follows), a kind (8), a
// request number (32) and a body. Spoken by signer-client and signer-server over a Unix socket. Bounded both ways.
import {
  type ConditionCode,
  type ConditionData,
  isConditionCode,
  isStateCode,
} from '../../base/conditions/catalogue.ts'
import { TramError } from '../../base/errors.ts'
import { digestBytes } from './signature-encoding.ts'
import type { SignatureScheme, TokenDescription, TokenState } from './token.ts'

/**
 * Requests: `describe` (no body), `sign` (body: digest), `pin` (body: UTF-8). Answers, with the request's number:
 * `description` (JSON), `signature` (bytes), `done` (no body), `failure` (JSON of code and data).
 * `changed` (JSON description, number 0) comes unasked: first of all, and whenever the token's state changes.
 */
export type FrameKind = 'describe' | 'sign' | 'pin' | 'description' | 'signature' | 'done' | 'failure' | 'changed'

export interface Frame {
  kind: FrameKind
  /** Chosen by the station, 1 to 2^32 - 1; 0 in `changed`. */
  request: number
  body: Buffer
}

/** Bodies of requests: a digest or a PIN. */
export const maxRequestBytes = 512
/** Bodies of answers: a description with a certificate of up to 64 KiB in base64. */
export const maxAnswerBytes = 96 * 1024

const kinds: readonly FrameKind[] = [
  'describe',
  'sign',
  'pin',
  'description',
  'signature',
  'done',
  'failure',
  'changed',
]
const lengthBytes = 4
const headBytes = 5

/** A frame as bytes. */
export function encodeFrame({ kind, request, body }: Frame): Buffer {
  const bytes = Buffer.alloc(lengthBytes + headBytes + body.length)
  bytes.writeUInt32BE(headBytes + body.length, 0)
  bytes.writeUInt8(kinds.indexOf(kind), lengthBytes)
  bytes.writeUInt32BE(request, lengthBytes + 1)
  bytes.set(body, lengthBytes + headBytes)
  return bytes
}

/** Cuts a byte stream into frames. Consumed bytes are wiped: one of them may have been a PIN. */
export class FrameReader {
  readonly #maxBodyBytes: number
  #pending: Buffer = Buffer.alloc(0)

  constructor(maxBodyBytes: number) {
    this.#maxBodyBytes = maxBodyBytes
  }

  /**
   * The frames that `chunk` completes. `chunk` is wiped.
   * @param chunk attacker-controlled; at most one frame and one chunk are ever held
   * @throws TramError SIGNER_UNREACHABLE when this is not our protocol: close the connection
   */
  push(chunk: Buffer): Frame[] {
    const bytes = Buffer.concat([this.#pending, chunk])
    chunk.fill(0)
    this.#pending.fill(0)
    const frames: Frame[] = []
    let at = 0
    while (bytes.length - at >= lengthBytes) {
      const length = bytes.readUInt32BE(at)
      if (length < headBytes || length > headBytes + this.#maxBodyBytes)
        throw protocolError(`a frame of ${length} bytes`)
      const end = at + lengthBytes + length
      if (end > bytes.length) break
      const kind = kinds[bytes.readUInt8(at + lengthBytes)]
      if (kind === undefined) throw protocolError('a frame of an unknown kind')
      const request = bytes.readUInt32BE(at + lengthBytes + 1)
      frames.push({ kind, request, body: Buffer.from(bytes.subarray(at + lengthBytes + headBytes, end)) })
      at = end
    }
    this.#pending = Buffer.from(bytes.subarray(at))
    bytes.fill(0)
    return frames
  }
}

export const protocolError = (what: string): TramError =>
  new TramError('SIGNER_UNREACHABLE', { detail: `the other side does not speak our protocol: ${what}` })

/** A description as the body of a frame. */
export function encodeDescription(description: TokenDescription): Buffer {
  const { certificate, ...rest } = description
  const base64 = certificate === null ? null : Buffer.from(certificate).toString('base64')
  return Buffer.from(JSON.stringify({ ...rest, certificate: base64 }))
}

const states: readonly TokenState[] = ['ready', 'absent', 'needs-pin', 'latched', 'unreachable', 'faulty']
const isState = (value: unknown): value is TokenState => states.some((state) => state === value)
const isScheme = (value: unknown): value is SignatureScheme =>
  typeof value === 'string' && Object.hasOwn(digestBytes, value)

/**
 * Reads the body of `description` and `changed`.
 * @throws TramError SIGNER_UNREACHABLE when it is none
 */
export function parseDescription(body: Buffer): TokenDescription {
  const { state, detail, failure, label, serial, scheme, certificate, pinCountLow, pinFinalTry } = parseObject(body)
  if (!isState(state) || !(scheme === null || isScheme(scheme))) throw protocolError('a description')
  if (!(certificate === null || typeof certificate === 'string')) throw protocolError('a description')
  return {
    state,
    detail: shortText(detail),
    ...lastingFailure(failure),
    label: shortText(label),
    serial: shortText(serial),
    scheme,
    certificate: certificate === null ? null : new Uint8Array(Buffer.from(certificate, 'base64')),
    pinCountLow: pinCountLow === true,
    pinFinalTry: pinFinalTry === true,
  }
}

function lastingFailure(failure: unknown): Pick<TokenDescription, 'failure'> {
  if (typeof failure !== 'object' || failure === null) return {}
  const { code, data } = failure as Record<string, unknown>
  if (typeof code !== 'string' || !isConditionCode(code) || !isStateCode(code)) throw protocolError('a description')
  return { failure: { code, data: boundedData(data) } }
}

/** A failure as the body of a frame: code and data, from which the other side makes the texts again. */
export function encodeFailure(error: TramError): Buffer {
  return Buffer.from(JSON.stringify({ code: error.code, data: boundedData(error.data) }))
}

/**
 * Reads the body of `failure` as the error that it stands for.
 * @throws TramError SIGNER_UNREACHABLE when it is none
 */
export function parseFailure(body: Buffer): TramError {
  const { code, data } = parseObject(body)
  if (typeof code !== 'string' || !isConditionCode(code)) throw protocolError('a failure')
  // The texts' own placeholders decide what is used; one that is missing stays visible as `{name}`.
  return new TramError(code, boundedData(data) as ConditionData<ConditionCode>)
}

function boundedData(data: unknown): Record<string, string | number> {
  const entries = typeof data === 'object' && data !== null ? Object.entries(data).slice(0, 16) : []
  return Object.fromEntries(
    entries.map(([key, value]) => [key.slice(0, 64), typeof value === 'number' ? value : shortText(value)]),
  )
}

const shortText = (value: unknown): string => String(value ?? '').slice(0, 1000)

function parseObject(body: Buffer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw protocolError('a body that is no JSON object')
}
