import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export enum PacketKind {
  DOCUMENT = 'DOCUMENT',
  STATUS = 'STATUS'
}

enum __PacketKindValues {
  DOCUMENT = 0,
  STATUS = 1
}

export namespace PacketKind {
  export const codec = (): Codec<PacketKind> => {
    return enumeration<PacketKind>(__PacketKindValues)
  }
}

export interface Waybill {
  version: number
  salt: Uint8Array<ArrayBuffer>
  kind: PacketKind
  priority: number
  station: string
  generation: number
  senderAgency: string
  recipients: string[]
  packetDigest: Uint8Array<ArrayBuffer>
  packetSize: number
  chunkSize: number
  chunkDigests: Uint8Array<ArrayBuffer>[]
  contentEncoding: string
  created: number
  notAfter: number
  attempt: number
  resend: number
}

export namespace Waybill {
  let _codec: Codec<Waybill>

  export const codec = (): Codec<Waybill> => {
    if (_codec == null) {
      _codec = message<Waybill>((obj, w, opts = {}) => {
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

        if (obj.kind != null && __PacketKindValues[obj.kind] !== 0) {
          w.uint32(24)
          PacketKind.codec().encode(obj.kind, w)
        }

        if ((obj.priority != null && obj.priority !== 0)) {
          w.uint32(32)
          w.uint32(obj.priority)
        }

        if ((obj.station != null && obj.station !== '')) {
          w.uint32(42)
          w.string(obj.station)
        }

        if ((obj.generation != null && obj.generation !== 0)) {
          w.uint32(48)
          w.uint32(obj.generation)
        }

        if ((obj.senderAgency != null && obj.senderAgency !== '')) {
          w.uint32(58)
          w.string(obj.senderAgency)
        }

        if (obj.recipients != null && obj.recipients.length > 0) {
          for (const value of obj.recipients) {
            w.uint32(66)
            w.string(value)
          }
        }

        if ((obj.packetDigest != null && obj.packetDigest.byteLength > 0)) {
          w.uint32(74)
          w.bytes(obj.packetDigest)
        }

        if ((obj.packetSize != null && obj.packetSize !== 0)) {
          w.uint32(80)
          w.uint64Number(obj.packetSize)
        }

        if ((obj.chunkSize != null && obj.chunkSize !== 0)) {
          w.uint32(88)
          w.uint32(obj.chunkSize)
        }

        if (obj.chunkDigests != null && obj.chunkDigests.length > 0) {
          for (const value of obj.chunkDigests) {
            w.uint32(98)
            w.bytes(value)
          }
        }

        if ((obj.contentEncoding != null && obj.contentEncoding !== '')) {
          w.uint32(106)
          w.string(obj.contentEncoding)
        }

        if ((obj.created != null && obj.created !== 0)) {
          w.uint32(112)
          w.uint64Number(obj.created)
        }

        if ((obj.notAfter != null && obj.notAfter !== 0)) {
          w.uint32(120)
          w.uint64Number(obj.notAfter)
        }

        if ((obj.attempt != null && obj.attempt !== 0)) {
          w.uint32(128)
          w.uint32(obj.attempt)
        }

        if ((obj.resend != null && obj.resend !== 0)) {
          w.uint32(136)
          w.uint32(obj.resend)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          salt: uint8ArrayAlloc(0),
          kind: PacketKind.DOCUMENT,
          priority: 0,
          station: '',
          generation: 0,
          senderAgency: '',
          recipients: [],
          packetDigest: uint8ArrayAlloc(0),
          packetSize: 0,
          chunkSize: 0,
          chunkDigests: [],
          contentEncoding: '',
          created: 0,
          notAfter: 0,
          attempt: 0,
          resend: 0
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
              obj.kind = PacketKind.codec().decode(reader)
              break
            }
            case 4: {
              obj.priority = reader.uint32()
              break
            }
            case 5: {
              obj.station = reader.string()
              break
            }
            case 6: {
              obj.generation = reader.uint32()
              break
            }
            case 7: {
              obj.senderAgency = reader.string()
              break
            }
            case 8: {
              if (opts.limits?.recipients != null && obj.recipients.length === opts.limits.recipients) {
                throw new MaxLengthError('Decode error - repeated field "recipients" had too many elements')
              }

              if (obj.recipients.length === 4096) {
                throw new MaxLengthError('Decode error - repeated field "recipients" had too many elements')
              }

              obj.recipients.push(reader.string())
              break
            }
            case 9: {
              obj.packetDigest = reader.bytes()
              break
            }
            case 10: {
              obj.packetSize = reader.uint64Number()
              break
            }
            case 11: {
              obj.chunkSize = reader.uint32()
              break
            }
            case 12: {
              if (opts.limits?.chunkDigests != null && obj.chunkDigests.length === opts.limits.chunkDigests) {
                throw new MaxLengthError('Decode error - repeated field "chunkDigests" had too many elements')
              }

              if (obj.chunkDigests.length === 8192) {
                throw new MaxLengthError('Decode error - repeated field "chunkDigests" had too many elements')
              }

              obj.chunkDigests.push(reader.bytes())
              break
            }
            case 13: {
              obj.contentEncoding = reader.string()
              break
            }
            case 14: {
              obj.created = reader.uint64Number()
              break
            }
            case 15: {
              obj.notAfter = reader.uint64Number()
              break
            }
            case 16: {
              obj.attempt = reader.uint32()
              break
            }
            case 17: {
              obj.resend = reader.uint32()
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
          recipients: 4096,
          chunkDigests: 8192
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
                field: `${prefix}.kind`,
                value: PacketKind.codec().decode(reader)
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.priority`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.station`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.generation`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.senderAgency`,
                value: reader.string()
              }
              break
            }
            case 8: {
              if (opts.limits?.recipients != null && obj.recipients === opts.limits.recipients) {
                throw new MaxLengthError('Streaming decode error - repeated field "recipients" had too many elements')
              }

              if (obj.recipients === 4096) {
                throw new MaxLengthError('Streaming decode error - repeated field "recipients" had too many elements')
              }

              yield {
                field: `${prefix}.recipients[]`,
                index: obj.recipients,
                value: reader.string()
              }

              obj.recipients++

              break
            }
            case 9: {
              yield {
                field: `${prefix}.packetDigest`,
                value: reader.bytes()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.packetSize`,
                value: reader.uint64Number()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.chunkSize`,
                value: reader.uint32()
              }
              break
            }
            case 12: {
              if (opts.limits?.chunkDigests != null && obj.chunkDigests === opts.limits.chunkDigests) {
                throw new MaxLengthError('Streaming decode error - repeated field "chunkDigests" had too many elements')
              }

              if (obj.chunkDigests === 8192) {
                throw new MaxLengthError('Streaming decode error - repeated field "chunkDigests" had too many elements')
              }

              yield {
                field: `${prefix}.chunkDigests[]`,
                index: obj.chunkDigests,
                value: reader.bytes()
              }

              obj.chunkDigests++

              break
            }
            case 13: {
              yield {
                field: `${prefix}.contentEncoding`,
                value: reader.string()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.created`,
                value: reader.uint64Number()
              }
              break
            }
            case 15: {
              yield {
                field: `${prefix}.notAfter`,
                value: reader.uint64Number()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.attempt`,
                value: reader.uint32()
              }
              break
            }
            case 17: {
              yield {
                field: `${prefix}.resend`,
                value: reader.uint32()
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

  export interface WaybillVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface WaybillSaltFieldEvent {
    field: '$.salt'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WaybillKindFieldEvent {
    field: '$.kind'
    value: PacketKind
  }

  export interface WaybillPriorityFieldEvent {
    field: '$.priority'
    value: number
  }

  export interface WaybillStationFieldEvent {
    field: '$.station'
    value: string
  }

  export interface WaybillGenerationFieldEvent {
    field: '$.generation'
    value: number
  }

  export interface WaybillSenderAgencyFieldEvent {
    field: '$.senderAgency'
    value: string
  }

  export interface WaybillRecipientsFieldEvent {
    field: '$.recipients[]'
    index: number
    value: string
  }

  export interface WaybillPacketDigestFieldEvent {
    field: '$.packetDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WaybillPacketSizeFieldEvent {
    field: '$.packetSize'
    value: number
  }

  export interface WaybillChunkSizeFieldEvent {
    field: '$.chunkSize'
    value: number
  }

  export interface WaybillChunkDigestsFieldEvent {
    field: '$.chunkDigests[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface WaybillContentEncodingFieldEvent {
    field: '$.contentEncoding'
    value: string
  }

  export interface WaybillCreatedFieldEvent {
    field: '$.created'
    value: number
  }

  export interface WaybillNotAfterFieldEvent {
    field: '$.notAfter'
    value: number
  }

  export interface WaybillAttemptFieldEvent {
    field: '$.attempt'
    value: number
  }

  export interface WaybillResendFieldEvent {
    field: '$.resend'
    value: number
  }

  export function encode (obj: Partial<Waybill>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Waybill.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Waybill>): Waybill {
    return decodeMessage(buf, Waybill.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Waybill>): Generator<WaybillVersionFieldEvent | WaybillSaltFieldEvent | WaybillKindFieldEvent | WaybillPriorityFieldEvent | WaybillStationFieldEvent | WaybillGenerationFieldEvent | WaybillSenderAgencyFieldEvent | WaybillRecipientsFieldEvent | WaybillPacketDigestFieldEvent | WaybillPacketSizeFieldEvent | WaybillChunkSizeFieldEvent | WaybillChunkDigestsFieldEvent | WaybillContentEncodingFieldEvent | WaybillCreatedFieldEvent | WaybillNotAfterFieldEvent | WaybillAttemptFieldEvent | WaybillResendFieldEvent> {
    return streamMessage(buf, Waybill.codec(), opts)
  }
}
