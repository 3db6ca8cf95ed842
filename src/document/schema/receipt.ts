import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export enum Outcome {
  STORED = 'STORED',
  REFUSED = 'REFUSED'
}

enum __OutcomeValues {
  STORED = 0,
  REFUSED = 1
}

export namespace Outcome {
  export const codec = (): Codec<Outcome> => {
    return enumeration<Outcome>(__OutcomeValues)
  }
}

export interface AgencyVerdict {
  agency: string
  outcome: Outcome
  code: string
  detail: string
}

export namespace AgencyVerdict {
  let _codec: Codec<AgencyVerdict>

  export const codec = (): Codec<AgencyVerdict> => {
    if (_codec == null) {
      _codec = message<AgencyVerdict>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.agency != null && obj.agency !== '')) {
          w.uint32(10)
          w.string(obj.agency)
        }

        if (obj.outcome != null && __OutcomeValues[obj.outcome] !== 0) {
          w.uint32(16)
          Outcome.codec().encode(obj.outcome, w)
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(26)
          w.string(obj.code)
        }

        if ((obj.detail != null && obj.detail !== '')) {
          w.uint32(34)
          w.string(obj.detail)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          agency: '',
          outcome: Outcome.STORED,
          code: '',
          detail: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.agency = reader.string()
              break
            }
            case 2: {
              obj.outcome = Outcome.codec().decode(reader)
              break
            }
            case 3: {
              obj.code = reader.string()
              break
            }
            case 4: {
              obj.detail = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.agency`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.outcome`,
                value: Outcome.codec().decode(reader)
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.detail`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AgencyVerdictAgencyFieldEvent {
    field: '$.agency'
    value: string
  }

  export interface AgencyVerdictOutcomeFieldEvent {
    field: '$.outcome'
    value: Outcome
  }

  export interface AgencyVerdictCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface AgencyVerdictDetailFieldEvent {
    field: '$.detail'
    value: string
  }

  export function encode (obj: Partial<AgencyVerdict>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AgencyVerdict.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AgencyVerdict>): AgencyVerdict {
    return decodeMessage(buf, AgencyVerdict.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AgencyVerdict>): Generator<AgencyVerdictAgencyFieldEvent | AgencyVerdictOutcomeFieldEvent | AgencyVerdictCodeFieldEvent | AgencyVerdictDetailFieldEvent> {
    return streamMessage(buf, AgencyVerdict.codec(), opts)
  }
}

export interface Receipt {
  version: number
  salt: Uint8Array<ArrayBuffer>
  station: string
  generation: number
  senderStation: string
  waybillDigest: Uint8Array<ArrayBuffer>
  packetDigest: Uint8Array<ArrayBuffer>
  verdicts: AgencyVerdict[]
  decided: number
}

export namespace Receipt {
  let _codec: Codec<Receipt>

  export const codec = (): Codec<Receipt> => {
    if (_codec == null) {
      _codec = message<Receipt>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.salt != null && obj.salt.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.salt)
        }

        if ((obj.station != null && obj.station !== '')) {
          w.uint32(26)
          w.string(obj.station)
        }

        if ((obj.generation != null && obj.generation !== 0)) {
          w.uint32(32)
          w.uint32(obj.generation)
        }

        if ((obj.senderStation != null && obj.senderStation !== '')) {
          w.uint32(42)
          w.string(obj.senderStation)
        }

        if ((obj.waybillDigest != null && obj.waybillDigest.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.waybillDigest)
        }

        if ((obj.packetDigest != null && obj.packetDigest.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.packetDigest)
        }

        if (obj.verdicts != null && obj.verdicts.length > 0) {
          for (const value of obj.verdicts) {
            w.uint32(66)
            AgencyVerdict.codec().encode(value, w)
          }
        }

        if ((obj.decided != null && obj.decided !== 0)) {
          w.uint32(72)
          w.uint64Number(obj.decided)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          salt: uint8ArrayAlloc(0),
          station: '',
          generation: 0,
          senderStation: '',
          waybillDigest: uint8ArrayAlloc(0),
          packetDigest: uint8ArrayAlloc(0),
          verdicts: [],
          decided: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.salt = reader.bytes()
              break
            }
            case 3: {
              obj.station = reader.string()
              break
            }
            case 4: {
              obj.generation = reader.uint32()
              break
            }
            case 5: {
              obj.senderStation = reader.string()
              break
            }
            case 6: {
              obj.waybillDigest = reader.bytes()
              break
            }
            case 7: {
              obj.packetDigest = reader.bytes()
              break
            }
            case 8: {
              if (opts.limits?.verdicts != null && obj.verdicts.length === opts.limits.verdicts) {
                throw new MaxLengthError('Decode error - repeated field "verdicts" had too many elements')
              }

              if (obj.verdicts.length === 4096) {
                throw new MaxLengthError('Decode error - repeated field "verdicts" had too many elements')
              }

              obj.verdicts.push(AgencyVerdict.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.verdicts$
              }))
              break
            }
            case 9: {
              obj.decided = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          verdicts: 4096
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.salt`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.station`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.generation`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.senderStation`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.waybillDigest`,
                value: reader.bytes()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.packetDigest`,
                value: reader.bytes()
              }
              break
            }
            case 8: {
              if (opts.limits?.verdicts != null && obj.verdicts === opts.limits.verdicts) {
                throw new MaxLengthError('Streaming decode error - repeated field "verdicts" had too many elements')
              }

              if (obj.verdicts === 4096) {
                throw new MaxLengthError('Streaming decode error - repeated field "verdicts" had too many elements')
              }

              for (const evt of AgencyVerdict.codec().stream(reader, reader.uint32(), `${prefix}.verdicts[]`, {
                limits: opts.limits?.verdicts$
              })) {
                yield {
                  ...evt,
                  index: obj.verdicts
                }
              }

              obj.verdicts++

              break
            }
            case 9: {
              yield {
                field: `${prefix}.decided`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ReceiptVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface ReceiptSaltFieldEvent {
    field: '$.salt'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptStationFieldEvent {
    field: '$.station'
    value: string
  }

  export interface ReceiptGenerationFieldEvent {
    field: '$.generation'
    value: number
  }

  export interface ReceiptSenderStationFieldEvent {
    field: '$.senderStation'
    value: string
  }

  export interface ReceiptWaybillDigestFieldEvent {
    field: '$.waybillDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptPacketDigestFieldEvent {
    field: '$.packetDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ReceiptVerdictsAgencyFieldEvent {
    field: '$.verdicts[].agency'
    value: string
    index: number
  }

  export interface ReceiptVerdictsOutcomeFieldEvent {
    field: '$.verdicts[].outcome'
    value: Outcome
    index: number
  }

  export interface ReceiptVerdictsCodeFieldEvent {
    field: '$.verdicts[].code'
    value: string
    index: number
  }

  export interface ReceiptVerdictsDetailFieldEvent {
    field: '$.verdicts[].detail'
    value: string
    index: number
  }

  export interface ReceiptDecidedFieldEvent {
    field: '$.decided'
    value: number
  }

  export function encode (obj: Partial<Receipt>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Receipt.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Receipt {
    return decodeMessage(buf, Receipt.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Receipt>): Generator<ReceiptVersionFieldEvent | ReceiptSaltFieldEvent | ReceiptStationFieldEvent | ReceiptGenerationFieldEvent | ReceiptSenderStationFieldEvent | ReceiptWaybillDigestFieldEvent | ReceiptPacketDigestFieldEvent | ReceiptVerdictsAgencyFieldEvent | ReceiptVerdictsOutcomeFieldEvent | ReceiptVerdictsCodeFieldEvent | ReceiptVerdictsDetailFieldEvent | ReceiptDecidedFieldEvent> {
    return streamMessage(buf, Receipt.codec(), opts)
  }
}
