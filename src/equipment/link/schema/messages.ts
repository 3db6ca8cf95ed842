/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Hello {
  protocol: number
  generation: number
  directoryVersion: number
  clockMs?: number
}

export namespace Hello {
  let _codec: Codec<Hello>

  export const codec = (): Codec<Hello> => {
    if (_codec == null) {
      _codec = message<Hello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.protocol != null && obj.protocol !== 0)) {
          w.uint32(8)
          w.uint32(obj.protocol)
        }

        if ((obj.generation != null && obj.generation !== 0)) {
          w.uint32(16)
          w.uint32(obj.generation)
        }

        if ((obj.directoryVersion != null && obj.directoryVersion !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.directoryVersion)
        }

        if (obj.clockMs != null) {
          w.uint32(32)
          w.uint64Number(obj.clockMs)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          protocol: 0,
          generation: 0,
          directoryVersion: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.protocol = reader.uint32()
              break
            }
            case 2: {
              obj.generation = reader.uint32()
              break
            }
            case 3: {
              obj.directoryVersion = reader.uint64Number()
              break
            }
            case 4: {
              obj.clockMs = reader.uint64Number()
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
                field: `${prefix}.protocol`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.generation`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.directoryVersion`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.clockMs`,
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

  export interface HelloProtocolFieldEvent {
    field: '$.protocol'
    value: number
  }

  export interface HelloGenerationFieldEvent {
    field: '$.generation'
    value: number
  }

  export interface HelloDirectoryVersionFieldEvent {
    field: '$.directoryVersion'
    value: number
  }

  export interface HelloClockMsFieldEvent {
    field: '$.clockMs'
    value: number
  }

  export function encode (obj: Partial<Hello>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Hello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello {
    return decodeMessage(buf, Hello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloProtocolFieldEvent | HelloGenerationFieldEvent | HelloDirectoryVersionFieldEvent | HelloClockMsFieldEvent> {
    return streamMessage(buf, Hello.codec(), opts)
  }
}

export interface Session {
  run: Uint8Array<ArrayBuffer>
  greeting: number
}

export namespace Session {
  let _codec: Codec<Session>

  export const codec = (): Codec<Session> => {
    if (_codec == null) {
      _codec = message<Session>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.run != null && obj.run.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.run)
        }

        if ((obj.greeting != null && obj.greeting !== 0)) {
          w.uint32(16)
          w.uint32(obj.greeting)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          run: uint8ArrayAlloc(0),
          greeting: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.run = reader.bytes()
              break
            }
            case 2: {
              obj.greeting = reader.uint32()
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
                field: `${prefix}.run`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.greeting`,
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

  export interface SessionRunFieldEvent {
    field: '$.run'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SessionGreetingFieldEvent {
    field: '$.greeting'
    value: number
  }

  export function encode (obj: Partial<Session>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Session.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Session>): Session {
    return decodeMessage(buf, Session.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Session>): Generator<SessionRunFieldEvent | SessionGreetingFieldEvent> {
    return streamMessage(buf, Session.codec(), opts)
  }
}

export interface Credit {
  lane: number
  bytes: number
}

export namespace Credit {
  let _codec: Codec<Credit>

  export const codec = (): Codec<Credit> => {
    if (_codec == null) {
      _codec = message<Credit>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.lane != null && obj.lane !== 0)) {
          w.uint32(8)
          w.uint32(obj.lane)
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(16)
          w.uint32(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          lane: 0,
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.lane = reader.uint32()
              break
            }
            case 2: {
              obj.bytes = reader.uint32()
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
                field: `${prefix}.lane`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.bytes`,
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

  export interface CreditLaneFieldEvent {
    field: '$.lane'
    value: number
  }

  export interface CreditBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<Credit>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Credit.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Credit {
    return decodeMessage(buf, Credit.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Generator<CreditLaneFieldEvent | CreditBytesFieldEvent> {
    return streamMessage(buf, Credit.codec(), opts)
  }
}

export interface Offer {
  transfer: number
  waybill: Uint8Array<ArrayBuffer>
  seal: Uint8Array<ArrayBuffer>
  agencies: string[]
}

export namespace Offer {
  let _codec: Codec<Offer>

  export const codec = (): Codec<Offer> => {
    if (_codec == null) {
      _codec = message<Offer>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if ((obj.waybill != null && obj.waybill.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.waybill)
        }

        if ((obj.seal != null && obj.seal.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.seal)
        }

        if (obj.agencies != null && obj.agencies.length > 0) {
          for (const value of obj.agencies) {
            w.uint32(34)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0,
          waybill: uint8ArrayAlloc(0),
          seal: uint8ArrayAlloc(0),
          agencies: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
              break
            }
            case 2: {
              obj.waybill = reader.bytes()
              break
            }
            case 3: {
              obj.seal = reader.bytes()
              break
            }
            case 4: {
              if (opts.limits?.agencies != null && obj.agencies.length === opts.limits.agencies) {
                throw new MaxLengthError('Decode error - repeated field "agencies" had too many elements')
              }

              if (obj.agencies.length === 4096) {
                throw new MaxLengthError('Decode error - repeated field "agencies" had too many elements')
              }

              obj.agencies.push(reader.string())
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
          agencies: 4096
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.transfer`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.waybill`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.seal`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              if (opts.limits?.agencies != null && obj.agencies === opts.limits.agencies) {
                throw new MaxLengthError('Streaming decode error - repeated field "agencies" had too many elements')
              }

              if (obj.agencies === 4096) {
                throw new MaxLengthError('Streaming decode error - repeated field "agencies" had too many elements')
              }

              yield {
                field: `${prefix}.agencies[]`,
                index: obj.agencies,
                value: reader.string()
              }

              obj.agencies++

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

  export interface OfferTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export interface OfferWaybillFieldEvent {
    field: '$.waybill'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OfferSealFieldEvent {
    field: '$.seal'
    value: Uint8Array<ArrayBuffer>
  }

  export interface OfferAgenciesFieldEvent {
    field: '$.agencies[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<Offer>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Offer.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Offer>): Offer {
    return decodeMessage(buf, Offer.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Offer>): Generator<OfferTransferFieldEvent | OfferWaybillFieldEvent | OfferSealFieldEvent | OfferAgenciesFieldEvent> {
    return streamMessage(buf, Offer.codec(), opts)
  }
}

export interface Want {
  transfer: number
  firstChunk: number
}

export namespace Want {
  let _codec: Codec<Want>

  export const codec = (): Codec<Want> => {
    if (_codec == null) {
      _codec = message<Want>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if ((obj.firstChunk != null && obj.firstChunk !== 0)) {
          w.uint32(16)
          w.uint32(obj.firstChunk)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0,
          firstChunk: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
              break
            }
            case 2: {
              obj.firstChunk = reader.uint32()
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
                field: `${prefix}.transfer`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.firstChunk`,
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

  export interface WantTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export interface WantFirstChunkFieldEvent {
    field: '$.firstChunk'
    value: number
  }

  export function encode (obj: Partial<Want>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Want.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Want {
    return decodeMessage(buf, Want.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Want>): Generator<WantTransferFieldEvent | WantFirstChunkFieldEvent> {
    return streamMessage(buf, Want.codec(), opts)
  }
}

export interface Known {
  transfer: number
}

export namespace Known {
  let _codec: Codec<Known>

  export const codec = (): Codec<Known> => {
    if (_codec == null) {
      _codec = message<Known>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
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
                field: `${prefix}.transfer`,
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

  export interface KnownTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export function encode (obj: Partial<Known>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Known.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Known>): Known {
    return decodeMessage(buf, Known.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Known>): Generator<KnownTransferFieldEvent> {
    return streamMessage(buf, Known.codec(), opts)
  }
}

export interface Temporary {
  transfer: number
  code: string
  retryAfterMs: number
  reseal: boolean
}

export namespace Temporary {
  let _codec: Codec<Temporary>

  export const codec = (): Codec<Temporary> => {
    if (_codec == null) {
      _codec = message<Temporary>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(18)
          w.string(obj.code)
        }

        if ((obj.retryAfterMs != null && obj.retryAfterMs !== 0)) {
          w.uint32(24)
          w.uint32(obj.retryAfterMs)
        }

        if ((obj.reseal != null && obj.reseal !== false)) {
          w.uint32(32)
          w.bool(obj.reseal)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0,
          code: '',
          retryAfterMs: 0,
          reseal: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
              break
            }
            case 2: {
              obj.code = reader.string()
              break
            }
            case 3: {
              obj.retryAfterMs = reader.uint32()
              break
            }
            case 4: {
              obj.reseal = reader.bool()
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
                field: `${prefix}.transfer`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.retryAfterMs`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.reseal`,
                value: reader.bool()
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

  export interface TemporaryTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export interface TemporaryCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface TemporaryRetryAfterMsFieldEvent {
    field: '$.retryAfterMs'
    value: number
  }

  export interface TemporaryResealFieldEvent {
    field: '$.reseal'
    value: boolean
  }

  export function encode (obj: Partial<Temporary>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Temporary.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Temporary>): Temporary {
    return decodeMessage(buf, Temporary.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Temporary>): Generator<TemporaryTransferFieldEvent | TemporaryCodeFieldEvent | TemporaryRetryAfterMsFieldEvent | TemporaryResealFieldEvent> {
    return streamMessage(buf, Temporary.codec(), opts)
  }
}

export interface Reject {
  transfer: number
  code: string
  detail: string
}

export namespace Reject {
  let _codec: Codec<Reject>

  export const codec = (): Codec<Reject> => {
    if (_codec == null) {
      _codec = message<Reject>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(18)
          w.string(obj.code)
        }

        if ((obj.detail != null && obj.detail !== '')) {
          w.uint32(26)
          w.string(obj.detail)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0,
          code: '',
          detail: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
              break
            }
            case 2: {
              obj.code = reader.string()
              break
            }
            case 3: {
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
                field: `${prefix}.transfer`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 3: {
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

  export interface RejectTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export interface RejectCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface RejectDetailFieldEvent {
    field: '$.detail'
    value: string
  }

  export function encode (obj: Partial<Reject>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Reject.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Reject>): Reject {
    return decodeMessage(buf, Reject.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Reject>): Generator<RejectTransferFieldEvent | RejectCodeFieldEvent | RejectDetailFieldEvent> {
    return streamMessage(buf, Reject.codec(), opts)
  }
}

export interface Data {
  transfer: number
  offset: number
  bytes: Uint8Array<ArrayBuffer>
}

export namespace Data {
  let _codec: Codec<Data>

  export const codec = (): Codec<Data> => {
    if (_codec == null) {
      _codec = message<Data>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.offset)
        }

        if ((obj.bytes != null && obj.bytes.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0,
          offset: 0,
          bytes: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
              break
            }
            case 2: {
              obj.offset = reader.uint64Number()
              break
            }
            case 3: {
              obj.bytes = reader.bytes()
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
                field: `${prefix}.transfer`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offset`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.bytes()
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

  export interface DataTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export interface DataOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export interface DataBytesFieldEvent {
    field: '$.bytes'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Data>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Data.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Data>): Data {
    return decodeMessage(buf, Data.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Data>): Generator<DataTransferFieldEvent | DataOffsetFieldEvent | DataBytesFieldEvent> {
    return streamMessage(buf, Data.codec(), opts)
  }
}

export interface End {
  transfer: number
}

export namespace End {
  let _codec: Codec<End>

  export const codec = (): Codec<End> => {
    if (_codec == null) {
      _codec = message<End>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
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
                field: `${prefix}.transfer`,
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

  export interface EndTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export function encode (obj: Partial<End>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, End.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<End>): End {
    return decodeMessage(buf, End.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<End>): Generator<EndTransferFieldEvent> {
    return streamMessage(buf, End.codec(), opts)
  }
}

export interface Cancel {
  transfer: number
  code: string
}

export namespace Cancel {
  let _codec: Codec<Cancel>

  export const codec = (): Codec<Cancel> => {
    if (_codec == null) {
      _codec = message<Cancel>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(18)
          w.string(obj.code)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0,
          code: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
              break
            }
            case 2: {
              obj.code = reader.string()
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
                field: `${prefix}.transfer`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.code`,
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

  export interface CancelTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export interface CancelCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export function encode (obj: Partial<Cancel>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Cancel.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Cancel {
    return decodeMessage(buf, Cancel.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Generator<CancelTransferFieldEvent | CancelCodeFieldEvent> {
    return streamMessage(buf, Cancel.codec(), opts)
  }
}

export interface Stored {
  transfer: number
}

export namespace Stored {
  let _codec: Codec<Stored>

  export const codec = (): Codec<Stored> => {
    if (_codec == null) {
      _codec = message<Stored>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.transfer != null && obj.transfer !== 0)) {
          w.uint32(8)
          w.uint32(obj.transfer)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          transfer: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.transfer = reader.uint32()
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
                field: `${prefix}.transfer`,
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

  export interface StoredTransferFieldEvent {
    field: '$.transfer'
    value: number
  }

  export function encode (obj: Partial<Stored>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Stored.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Stored>): Stored {
    return decodeMessage(buf, Stored.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Stored>): Generator<StoredTransferFieldEvent> {
    return streamMessage(buf, Stored.codec(), opts)
  }
}

export interface SealedReceipt {
  receipt: Uint8Array<ArrayBuffer>
  seal: Uint8Array<ArrayBuffer>
}

export namespace SealedReceipt {
  let _codec: Codec<SealedReceipt>

  export const codec = (): Codec<SealedReceipt> => {
    if (_codec == null) {
      _codec = message<SealedReceipt>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.receipt != null && obj.receipt.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.receipt)
        }

        if ((obj.seal != null && obj.seal.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.seal)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          receipt: uint8ArrayAlloc(0),
          seal: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.receipt = reader.bytes()
              break
            }
            case 2: {
              obj.seal = reader.bytes()
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
                field: `${prefix}.receipt`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.seal`,
                value: reader.bytes()
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

  export interface SealedReceiptReceiptFieldEvent {
    field: '$.receipt'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SealedReceiptSealFieldEvent {
    field: '$.seal'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<SealedReceipt>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SealedReceipt.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SealedReceipt>): SealedReceipt {
    return decodeMessage(buf, SealedReceipt.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SealedReceipt>): Generator<SealedReceiptReceiptFieldEvent | SealedReceiptSealFieldEvent> {
    return streamMessage(buf, SealedReceipt.codec(), opts)
  }
}

export interface Ack {
  waybillDigest: Uint8Array<ArrayBuffer>
}

export namespace Ack {
  let _codec: Codec<Ack>

  export const codec = (): Codec<Ack> => {
    if (_codec == null) {
      _codec = message<Ack>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.waybillDigest != null && obj.waybillDigest.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.waybillDigest)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          waybillDigest: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.waybillDigest = reader.bytes()
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
                field: `${prefix}.waybillDigest`,
                value: reader.bytes()
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

  export interface AckWaybillDigestFieldEvent {
    field: '$.waybillDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Ack>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Ack.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ack>): Ack {
    return decodeMessage(buf, Ack.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ack>): Generator<AckWaybillDigestFieldEvent> {
    return streamMessage(buf, Ack.codec(), opts)
  }
}

export interface DirectoryOffer {
  version: number
  size: number
}

export namespace DirectoryOffer {
  let _codec: Codec<DirectoryOffer>

  export const codec = (): Codec<DirectoryOffer> => {
    if (_codec == null) {
      _codec = message<DirectoryOffer>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.version)
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.size)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          size: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint64Number()
              break
            }
            case 2: {
              obj.size = reader.uint64Number()
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
                field: `${prefix}.version`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.size`,
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

  export interface DirectoryOfferVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface DirectoryOfferSizeFieldEvent {
    field: '$.size'
    value: number
  }

  export function encode (obj: Partial<DirectoryOffer>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DirectoryOffer.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryOffer>): DirectoryOffer {
    return decodeMessage(buf, DirectoryOffer.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryOffer>): Generator<DirectoryOfferVersionFieldEvent | DirectoryOfferSizeFieldEvent> {
    return streamMessage(buf, DirectoryOffer.codec(), opts)
  }
}

export interface DirectoryWant {
  version: number
  offset: number
}

export namespace DirectoryWant {
  let _codec: Codec<DirectoryWant>

  export const codec = (): Codec<DirectoryWant> => {
    if (_codec == null) {
      _codec = message<DirectoryWant>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.version)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.offset)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          offset: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint64Number()
              break
            }
            case 2: {
              obj.offset = reader.uint64Number()
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
                field: `${prefix}.version`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offset`,
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

  export interface DirectoryWantVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface DirectoryWantOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export function encode (obj: Partial<DirectoryWant>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DirectoryWant.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryWant>): DirectoryWant {
    return decodeMessage(buf, DirectoryWant.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryWant>): Generator<DirectoryWantVersionFieldEvent | DirectoryWantOffsetFieldEvent> {
    return streamMessage(buf, DirectoryWant.codec(), opts)
  }
}

export interface DirectoryPiece {
  version: number
  offset: number
  bytes: Uint8Array<ArrayBuffer>
}

export namespace DirectoryPiece {
  let _codec: Codec<DirectoryPiece>

  export const codec = (): Codec<DirectoryPiece> => {
    if (_codec == null) {
      _codec = message<DirectoryPiece>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.version)
        }

        if ((obj.offset != null && obj.offset !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.offset)
        }

        if ((obj.bytes != null && obj.bytes.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          offset: 0,
          bytes: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint64Number()
              break
            }
            case 2: {
              obj.offset = reader.uint64Number()
              break
            }
            case 3: {
              obj.bytes = reader.bytes()
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
                field: `${prefix}.version`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offset`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.bytes()
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

  export interface DirectoryPieceVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface DirectoryPieceOffsetFieldEvent {
    field: '$.offset'
    value: number
  }

  export interface DirectoryPieceBytesFieldEvent {
    field: '$.bytes'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<DirectoryPiece>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DirectoryPiece.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryPiece>): DirectoryPiece {
    return decodeMessage(buf, DirectoryPiece.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryPiece>): Generator<DirectoryPieceVersionFieldEvent | DirectoryPieceOffsetFieldEvent | DirectoryPieceBytesFieldEvent> {
    return streamMessage(buf, DirectoryPiece.codec(), opts)
  }
}

export interface Missing {
  sinceMs: number
  recovery: number
  directoryVersion: number
}

export namespace Missing {
  let _codec: Codec<Missing>

  export const codec = (): Codec<Missing> => {
    if (_codec == null) {
      _codec = message<Missing>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.sinceMs != null && obj.sinceMs !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.sinceMs)
        }

        if ((obj.recovery != null && obj.recovery !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.recovery)
        }

        if ((obj.directoryVersion != null && obj.directoryVersion !== 0)) {
          w.uint32(24)
          w.uint32(obj.directoryVersion)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          sinceMs: 0,
          recovery: 0,
          directoryVersion: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.sinceMs = reader.uint64Number()
              break
            }
            case 2: {
              obj.recovery = reader.uint64Number()
              break
            }
            case 3: {
              obj.directoryVersion = reader.uint32()
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
                field: `${prefix}.sinceMs`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.recovery`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.directoryVersion`,
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

  export interface MissingSinceMsFieldEvent {
    field: '$.sinceMs'
    value: number
  }

  export interface MissingRecoveryFieldEvent {
    field: '$.recovery'
    value: number
  }

  export interface MissingDirectoryVersionFieldEvent {
    field: '$.directoryVersion'
    value: number
  }

  export function encode (obj: Partial<Missing>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Missing.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Missing>): Missing {
    return decodeMessage(buf, Missing.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Missing>): Generator<MissingSinceMsFieldEvent | MissingRecoveryFieldEvent | MissingDirectoryVersionFieldEvent> {
    return streamMessage(buf, Missing.codec(), opts)
  }
}

export interface MissingDone {
  recovery: number
  offered: number
  unavailable: number
}

export namespace MissingDone {
  let _codec: Codec<MissingDone>

  export const codec = (): Codec<MissingDone> => {
    if (_codec == null) {
      _codec = message<MissingDone>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.recovery != null && obj.recovery !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.recovery)
        }

        if ((obj.offered != null && obj.offered !== 0)) {
          w.uint32(16)
          w.uint32(obj.offered)
        }

        if ((obj.unavailable != null && obj.unavailable !== 0)) {
          w.uint32(24)
          w.uint32(obj.unavailable)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          recovery: 0,
          offered: 0,
          unavailable: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.recovery = reader.uint64Number()
              break
            }
            case 2: {
              obj.offered = reader.uint32()
              break
            }
            case 3: {
              obj.unavailable = reader.uint32()
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
                field: `${prefix}.recovery`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.offered`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.unavailable`,
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

  export interface MissingDoneRecoveryFieldEvent {
    field: '$.recovery'
    value: number
  }

  export interface MissingDoneOfferedFieldEvent {
    field: '$.offered'
    value: number
  }

  export interface MissingDoneUnavailableFieldEvent {
    field: '$.unavailable'
    value: number
  }

  export function encode (obj: Partial<MissingDone>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, MissingDone.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MissingDone>): MissingDone {
    return decodeMessage(buf, MissingDone.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<MissingDone>): Generator<MissingDoneRecoveryFieldEvent | MissingDoneOfferedFieldEvent | MissingDoneUnavailableFieldEvent> {
    return streamMessage(buf, MissingDone.codec(), opts)
  }
}

export interface Arrived {
  bytes: number
}

export namespace Arrived {
  let _codec: Codec<Arrived>

  export const codec = (): Codec<Arrived> => {
    if (_codec == null) {
      _codec = message<Arrived>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(8)
          w.uint32(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.bytes = reader.uint32()
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
                field: `${prefix}.bytes`,
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

  export interface ArrivedBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<Arrived>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Arrived.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Arrived>): Arrived {
    return decodeMessage(buf, Arrived.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Arrived>): Generator<ArrivedBytesFieldEvent> {
    return streamMessage(buf, Arrived.codec(), opts)
  }
}

export interface Yield {
  lane: number
  bytes: number
}

export namespace Yield {
  let _codec: Codec<Yield>

  export const codec = (): Codec<Yield> => {
    if (_codec == null) {
      _codec = message<Yield>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.lane != null && obj.lane !== 0)) {
          w.uint32(8)
          w.uint32(obj.lane)
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(16)
          w.uint32(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          lane: 0,
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.lane = reader.uint32()
              break
            }
            case 2: {
              obj.bytes = reader.uint32()
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
                field: `${prefix}.lane`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.bytes`,
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

  export interface YieldLaneFieldEvent {
    field: '$.lane'
    value: number
  }

  export interface YieldBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<Yield>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Yield.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Yield>): Yield {
    return decodeMessage(buf, Yield.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Yield>): Generator<YieldLaneFieldEvent | YieldBytesFieldEvent> {
    return streamMessage(buf, Yield.codec(), opts)
  }
}

export interface Ping {}

export namespace Ping {
  let _codec: Codec<Ping>

  export const codec = (): Codec<Ping> => {
    if (_codec == null) {
      _codec = message<Ping>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
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

  export function encode (obj: Partial<Ping>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Ping.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ping>): Ping {
    return decodeMessage(buf, Ping.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Ping>): Generator<{}> {
    return streamMessage(buf, Ping.codec(), opts)
  }
}

export interface Pong {}

export namespace Pong {
  let _codec: Codec<Pong>

  export const codec = (): Codec<Pong> => {
    if (_codec == null) {
      _codec = message<Pong>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
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

  export function encode (obj: Partial<Pong>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Pong.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pong>): Pong {
    return decodeMessage(buf, Pong.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Pong>): Generator<{}> {
    return streamMessage(buf, Pong.codec(), opts)
  }
}

export interface Bye {
  reason: string
  tie: boolean
}

export namespace Bye {
  let _codec: Codec<Bye>

  export const codec = (): Codec<Bye> => {
    if (_codec == null) {
      _codec = message<Bye>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.reason != null && obj.reason !== '')) {
          w.uint32(10)
          w.string(obj.reason)
        }

        if ((obj.tie != null && obj.tie !== false)) {
          w.uint32(16)
          w.bool(obj.tie)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          reason: '',
          tie: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.reason = reader.string()
              break
            }
            case 2: {
              obj.tie = reader.bool()
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
                field: `${prefix}.reason`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.tie`,
                value: reader.bool()
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

  export interface ByeReasonFieldEvent {
    field: '$.reason'
    value: string
  }

  export interface ByeTieFieldEvent {
    field: '$.tie'
    value: boolean
  }

  export function encode (obj: Partial<Bye>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Bye.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Bye>): Bye {
    return decodeMessage(buf, Bye.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Bye>): Generator<ByeReasonFieldEvent | ByeTieFieldEvent> {
    return streamMessage(buf, Bye.codec(), opts)
  }
}

export interface ClockSaid {
  clockMs: number
  ask: boolean
}

export namespace ClockSaid {
  let _codec: Codec<ClockSaid>

  export const codec = (): Codec<ClockSaid> => {
    if (_codec == null) {
      _codec = message<ClockSaid>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.clockMs != null && obj.clockMs !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.clockMs)
        }

        if ((obj.ask != null && obj.ask !== false)) {
          w.uint32(16)
          w.bool(obj.ask)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          clockMs: 0,
          ask: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.clockMs = reader.uint64Number()
              break
            }
            case 2: {
              obj.ask = reader.bool()
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
                field: `${prefix}.clockMs`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.ask`,
                value: reader.bool()
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

  export interface ClockSaidClockMsFieldEvent {
    field: '$.clockMs'
    value: number
  }

  export interface ClockSaidAskFieldEvent {
    field: '$.ask'
    value: boolean
  }

  export function encode (obj: Partial<ClockSaid>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ClockSaid.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ClockSaid>): ClockSaid {
    return decodeMessage(buf, ClockSaid.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ClockSaid>): Generator<ClockSaidClockMsFieldEvent | ClockSaidAskFieldEvent> {
    return streamMessage(buf, ClockSaid.codec(), opts)
  }
}

export interface LinkMessage {
  hello?: Hello
  credit?: Credit
  offer?: Offer
  want?: Want
  known?: Known
  temporary?: Temporary
  reject?: Reject
  data?: Data
  end?: End
  cancel?: Cancel
  stored?: Stored
  receipt?: SealedReceipt
  ack?: Ack
  directoryOffer?: DirectoryOffer
  directoryWant?: DirectoryWant
  directoryPiece?: DirectoryPiece
  session?: Session
  arrived?: Arrived
  yield?: Yield
  ping?: Ping
  pong?: Pong
  bye?: Bye
  clock?: ClockSaid
  missing?: Missing
  missingDone?: MissingDone
}

export namespace LinkMessage {
  let _codec: Codec<LinkMessage>

  export const codec = (): Codec<LinkMessage> => {
    if (_codec == null) {
      _codec = message<LinkMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.missingDone != null) {
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.missing != null) {
          obj.missingDone = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.clock != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.bye != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.pong != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.ping != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.yield != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.arrived != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.session != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.directoryPiece != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.directoryWant != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.directoryOffer != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.ack != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.receipt != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.stored != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.cancel != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.end != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.data != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.reject != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.temporary != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.known != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.want != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.offer = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.offer != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.credit = undefined
          obj.hello = undefined
        }

        if (obj.credit != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.hello = undefined
        }

        if (obj.hello != null) {
          obj.missingDone = undefined
          obj.missing = undefined
          obj.clock = undefined
          obj.bye = undefined
          obj.pong = undefined
          obj.ping = undefined
          obj.yield = undefined
          obj.arrived = undefined
          obj.session = undefined
          obj.directoryPiece = undefined
          obj.directoryWant = undefined
          obj.directoryOffer = undefined
          obj.ack = undefined
          obj.receipt = undefined
          obj.stored = undefined
          obj.cancel = undefined
          obj.end = undefined
          obj.data = undefined
          obj.reject = undefined
          obj.temporary = undefined
          obj.known = undefined
          obj.want = undefined
          obj.offer = undefined
          obj.credit = undefined
        }

        if (obj.hello != null) {
          w.uint32(10)
          Hello.codec().encode(obj.hello, w)
        }

        if (obj.credit != null) {
          w.uint32(18)
          Credit.codec().encode(obj.credit, w)
        }

        if (obj.offer != null) {
          w.uint32(26)
          Offer.codec().encode(obj.offer, w)
        }

        if (obj.want != null) {
          w.uint32(34)
          Want.codec().encode(obj.want, w)
        }

        if (obj.known != null) {
          w.uint32(42)
          Known.codec().encode(obj.known, w)
        }

        if (obj.temporary != null) {
          w.uint32(50)
          Temporary.codec().encode(obj.temporary, w)
        }

        if (obj.reject != null) {
          w.uint32(58)
          Reject.codec().encode(obj.reject, w)
        }

        if (obj.data != null) {
          w.uint32(66)
          Data.codec().encode(obj.data, w)
        }

        if (obj.end != null) {
          w.uint32(74)
          End.codec().encode(obj.end, w)
        }

        if (obj.cancel != null) {
          w.uint32(82)
          Cancel.codec().encode(obj.cancel, w)
        }

        if (obj.stored != null) {
          w.uint32(90)
          Stored.codec().encode(obj.stored, w)
        }

        if (obj.receipt != null) {
          w.uint32(98)
          SealedReceipt.codec().encode(obj.receipt, w)
        }

        if (obj.ack != null) {
          w.uint32(106)
          Ack.codec().encode(obj.ack, w)
        }

        if (obj.directoryOffer != null) {
          w.uint32(114)
          DirectoryOffer.codec().encode(obj.directoryOffer, w)
        }

        if (obj.directoryWant != null) {
          w.uint32(122)
          DirectoryWant.codec().encode(obj.directoryWant, w)
        }

        if (obj.directoryPiece != null) {
          w.uint32(130)
          DirectoryPiece.codec().encode(obj.directoryPiece, w)
        }

        if (obj.session != null) {
          w.uint32(138)
          Session.codec().encode(obj.session, w)
        }

        if (obj.arrived != null) {
          w.uint32(146)
          Arrived.codec().encode(obj.arrived, w)
        }

        if (obj.yield != null) {
          w.uint32(154)
          Yield.codec().encode(obj.yield, w)
        }

        if (obj.ping != null) {
          w.uint32(162)
          Ping.codec().encode(obj.ping, w)
        }

        if (obj.pong != null) {
          w.uint32(170)
          Pong.codec().encode(obj.pong, w)
        }

        if (obj.bye != null) {
          w.uint32(178)
          Bye.codec().encode(obj.bye, w)
        }

        if (obj.clock != null) {
          w.uint32(186)
          ClockSaid.codec().encode(obj.clock, w)
        }

        if (obj.missing != null) {
          w.uint32(194)
          Missing.codec().encode(obj.missing, w)
        }

        if (obj.missingDone != null) {
          w.uint32(202)
          MissingDone.codec().encode(obj.missingDone, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.hello = Hello.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.hello
              })
              break
            }
            case 2: {
              obj.credit = Credit.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.credit
              })
              break
            }
            case 3: {
              obj.offer = Offer.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.offer
              })
              break
            }
            case 4: {
              obj.want = Want.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.want
              })
              break
            }
            case 5: {
              obj.known = Known.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.known
              })
              break
            }
            case 6: {
              obj.temporary = Temporary.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.temporary
              })
              break
            }
            case 7: {
              obj.reject = Reject.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.reject
              })
              break
            }
            case 8: {
              obj.data = Data.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.data
              })
              break
            }
            case 9: {
              obj.end = End.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.end
              })
              break
            }
            case 10: {
              obj.cancel = Cancel.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.cancel
              })
              break
            }
            case 11: {
              obj.stored = Stored.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.stored
              })
              break
            }
            case 12: {
              obj.receipt = SealedReceipt.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.receipt
              })
              break
            }
            case 13: {
              obj.ack = Ack.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ack
              })
              break
            }
            case 14: {
              obj.directoryOffer = DirectoryOffer.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.directoryOffer
              })
              break
            }
            case 15: {
              obj.directoryWant = DirectoryWant.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.directoryWant
              })
              break
            }
            case 16: {
              obj.directoryPiece = DirectoryPiece.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.directoryPiece
              })
              break
            }
            case 17: {
              obj.session = Session.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.session
              })
              break
            }
            case 18: {
              obj.arrived = Arrived.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.arrived
              })
              break
            }
            case 19: {
              obj.yield = Yield.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.yield
              })
              break
            }
            case 20: {
              obj.ping = Ping.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.ping
              })
              break
            }
            case 21: {
              obj.pong = Pong.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.pong
              })
              break
            }
            case 22: {
              obj.bye = Bye.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.bye
              })
              break
            }
            case 23: {
              obj.clock = ClockSaid.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.clock
              })
              break
            }
            case 24: {
              obj.missing = Missing.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.missing
              })
              break
            }
            case 25: {
              obj.missingDone = MissingDone.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.missingDone
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.missingDone != null) {
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.missing != null) {
          delete obj.missingDone
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.clock != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.bye != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.pong != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.ping != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.yield != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.arrived != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.session != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.directoryPiece != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.directoryWant != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.directoryOffer != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.ack != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.receipt != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.stored != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.cancel != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.end != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.data != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.reject != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.temporary != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.known != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.want
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.want != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.offer
          delete obj.credit
          delete obj.hello
        }

        if (obj.offer != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.credit
          delete obj.hello
        }

        if (obj.credit != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.hello
        }

        if (obj.hello != null) {
          delete obj.missingDone
          delete obj.missing
          delete obj.clock
          delete obj.bye
          delete obj.pong
          delete obj.ping
          delete obj.yield
          delete obj.arrived
          delete obj.session
          delete obj.directoryPiece
          delete obj.directoryWant
          delete obj.directoryOffer
          delete obj.ack
          delete obj.receipt
          delete obj.stored
          delete obj.cancel
          delete obj.end
          delete obj.data
          delete obj.reject
          delete obj.temporary
          delete obj.known
          delete obj.want
          delete obj.offer
          delete obj.credit
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * Hello.codec().stream(reader, reader.uint32(), `${prefix}.hello`, {
                limits: opts.limits?.hello
              })

              break
            }
            case 2: {
              yield * Credit.codec().stream(reader, reader.uint32(), `${prefix}.credit`, {
                limits: opts.limits?.credit
              })

              break
            }
            case 3: {
              yield * Offer.codec().stream(reader, reader.uint32(), `${prefix}.offer`, {
                limits: opts.limits?.offer
              })

              break
            }
            case 4: {
              yield * Want.codec().stream(reader, reader.uint32(), `${prefix}.want`, {
                limits: opts.limits?.want
              })

              break
            }
            case 5: {
              yield * Known.codec().stream(reader, reader.uint32(), `${prefix}.known`, {
                limits: opts.limits?.known
              })

              break
            }
            case 6: {
              yield * Temporary.codec().stream(reader, reader.uint32(), `${prefix}.temporary`, {
                limits: opts.limits?.temporary
              })

              break
            }
            case 7: {
              yield * Reject.codec().stream(reader, reader.uint32(), `${prefix}.reject`, {
                limits: opts.limits?.reject
              })

              break
            }
            case 8: {
              yield * Data.codec().stream(reader, reader.uint32(), `${prefix}.data`, {
                limits: opts.limits?.data
              })

              break
            }
            case 9: {
              yield * End.codec().stream(reader, reader.uint32(), `${prefix}.end`, {
                limits: opts.limits?.end
              })

              break
            }
            case 10: {
              yield * Cancel.codec().stream(reader, reader.uint32(), `${prefix}.cancel`, {
                limits: opts.limits?.cancel
              })

              break
            }
            case 11: {
              yield * Stored.codec().stream(reader, reader.uint32(), `${prefix}.stored`, {
                limits: opts.limits?.stored
              })

              break
            }
            case 12: {
              yield * SealedReceipt.codec().stream(reader, reader.uint32(), `${prefix}.receipt`, {
                limits: opts.limits?.receipt
              })

              break
            }
            case 13: {
              yield * Ack.codec().stream(reader, reader.uint32(), `${prefix}.ack`, {
                limits: opts.limits?.ack
              })

              break
            }
            case 14: {
              yield * DirectoryOffer.codec().stream(reader, reader.uint32(), `${prefix}.directoryOffer`, {
                limits: opts.limits?.directoryOffer
              })

              break
            }
            case 15: {
              yield * DirectoryWant.codec().stream(reader, reader.uint32(), `${prefix}.directoryWant`, {
                limits: opts.limits?.directoryWant
              })

              break
            }
            case 16: {
              yield * DirectoryPiece.codec().stream(reader, reader.uint32(), `${prefix}.directoryPiece`, {
                limits: opts.limits?.directoryPiece
              })

              break
            }
            case 17: {
              yield * Session.codec().stream(reader, reader.uint32(), `${prefix}.session`, {
                limits: opts.limits?.session
              })

              break
            }
            case 18: {
              yield * Arrived.codec().stream(reader, reader.uint32(), `${prefix}.arrived`, {
                limits: opts.limits?.arrived
              })

              break
            }
            case 19: {
              yield * Yield.codec().stream(reader, reader.uint32(), `${prefix}.yield`, {
                limits: opts.limits?.yield
              })

              break
            }
            case 20: {
              yield * Ping.codec().stream(reader, reader.uint32(), `${prefix}.ping`, {
                limits: opts.limits?.ping
              })

              break
            }
            case 21: {
              yield * Pong.codec().stream(reader, reader.uint32(), `${prefix}.pong`, {
                limits: opts.limits?.pong
              })

              break
            }
            case 22: {
              yield * Bye.codec().stream(reader, reader.uint32(), `${prefix}.bye`, {
                limits: opts.limits?.bye
              })

              break
            }
            case 23: {
              yield * ClockSaid.codec().stream(reader, reader.uint32(), `${prefix}.clock`, {
                limits: opts.limits?.clock
              })

              break
            }
            case 24: {
              yield * Missing.codec().stream(reader, reader.uint32(), `${prefix}.missing`, {
                limits: opts.limits?.missing
              })

              break
            }
            case 25: {
              yield * MissingDone.codec().stream(reader, reader.uint32(), `${prefix}.missingDone`, {
                limits: opts.limits?.missingDone
              })

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

  export interface LinkMessageHelloProtocolFieldEvent {
    field: '$.hello.protocol'
    value: number
  }

  export interface LinkMessageHelloGenerationFieldEvent {
    field: '$.hello.generation'
    value: number
  }

  export interface LinkMessageHelloDirectoryVersionFieldEvent {
    field: '$.hello.directoryVersion'
    value: number
  }

  export interface LinkMessageHelloClockMsFieldEvent {
    field: '$.hello.clockMs'
    value: number
  }

  export interface LinkMessageCreditLaneFieldEvent {
    field: '$.credit.lane'
    value: number
  }

  export interface LinkMessageCreditBytesFieldEvent {
    field: '$.credit.bytes'
    value: number
  }

  export interface LinkMessageOfferTransferFieldEvent {
    field: '$.offer.transfer'
    value: number
  }

  export interface LinkMessageOfferWaybillFieldEvent {
    field: '$.offer.waybill'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageOfferSealFieldEvent {
    field: '$.offer.seal'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageOfferAgenciesFieldEvent {
    field: '$.offer.agencies[]'
    index: number
    value: string
  }

  export interface LinkMessageWantTransferFieldEvent {
    field: '$.want.transfer'
    value: number
  }

  export interface LinkMessageWantFirstChunkFieldEvent {
    field: '$.want.firstChunk'
    value: number
  }

  export interface LinkMessageKnownTransferFieldEvent {
    field: '$.known.transfer'
    value: number
  }

  export interface LinkMessageTemporaryTransferFieldEvent {
    field: '$.temporary.transfer'
    value: number
  }

  export interface LinkMessageTemporaryCodeFieldEvent {
    field: '$.temporary.code'
    value: string
  }

  export interface LinkMessageTemporaryRetryAfterMsFieldEvent {
    field: '$.temporary.retryAfterMs'
    value: number
  }

  export interface LinkMessageTemporaryResealFieldEvent {
    field: '$.temporary.reseal'
    value: boolean
  }

  export interface LinkMessageRejectTransferFieldEvent {
    field: '$.reject.transfer'
    value: number
  }

  export interface LinkMessageRejectCodeFieldEvent {
    field: '$.reject.code'
    value: string
  }

  export interface LinkMessageRejectDetailFieldEvent {
    field: '$.reject.detail'
    value: string
  }

  export interface LinkMessageDataTransferFieldEvent {
    field: '$.data.transfer'
    value: number
  }

  export interface LinkMessageDataOffsetFieldEvent {
    field: '$.data.offset'
    value: number
  }

  export interface LinkMessageDataBytesFieldEvent {
    field: '$.data.bytes'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageEndTransferFieldEvent {
    field: '$.end.transfer'
    value: number
  }

  export interface LinkMessageCancelTransferFieldEvent {
    field: '$.cancel.transfer'
    value: number
  }

  export interface LinkMessageCancelCodeFieldEvent {
    field: '$.cancel.code'
    value: string
  }

  export interface LinkMessageStoredTransferFieldEvent {
    field: '$.stored.transfer'
    value: number
  }

  export interface LinkMessageReceiptReceiptFieldEvent {
    field: '$.receipt.receipt'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageReceiptSealFieldEvent {
    field: '$.receipt.seal'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageAckWaybillDigestFieldEvent {
    field: '$.ack.waybillDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageDirectoryOfferVersionFieldEvent {
    field: '$.directoryOffer.version'
    value: number
  }

  export interface LinkMessageDirectoryOfferSizeFieldEvent {
    field: '$.directoryOffer.size'
    value: number
  }

  export interface LinkMessageDirectoryWantVersionFieldEvent {
    field: '$.directoryWant.version'
    value: number
  }

  export interface LinkMessageDirectoryWantOffsetFieldEvent {
    field: '$.directoryWant.offset'
    value: number
  }

  export interface LinkMessageDirectoryPieceVersionFieldEvent {
    field: '$.directoryPiece.version'
    value: number
  }

  export interface LinkMessageDirectoryPieceOffsetFieldEvent {
    field: '$.directoryPiece.offset'
    value: number
  }

  export interface LinkMessageDirectoryPieceBytesFieldEvent {
    field: '$.directoryPiece.bytes'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageSessionRunFieldEvent {
    field: '$.session.run'
    value: Uint8Array<ArrayBuffer>
  }

  export interface LinkMessageSessionGreetingFieldEvent {
    field: '$.session.greeting'
    value: number
  }

  export interface LinkMessageArrivedBytesFieldEvent {
    field: '$.arrived.bytes'
    value: number
  }

  export interface LinkMessageYieldLaneFieldEvent {
    field: '$.yield.lane'
    value: number
  }

  export interface LinkMessageYieldBytesFieldEvent {
    field: '$.yield.bytes'
    value: number
  }

  export interface LinkMessageByeReasonFieldEvent {
    field: '$.bye.reason'
    value: string
  }

  export interface LinkMessageByeTieFieldEvent {
    field: '$.bye.tie'
    value: boolean
  }

  export interface LinkMessageClockClockMsFieldEvent {
    field: '$.clock.clockMs'
    value: number
  }

  export interface LinkMessageClockAskFieldEvent {
    field: '$.clock.ask'
    value: boolean
  }

  export interface LinkMessageMissingSinceMsFieldEvent {
    field: '$.missing.sinceMs'
    value: number
  }

  export interface LinkMessageMissingRecoveryFieldEvent {
    field: '$.missing.recovery'
    value: number
  }

  export interface LinkMessageMissingDirectoryVersionFieldEvent {
    field: '$.missing.directoryVersion'
    value: number
  }

  export interface LinkMessageMissingDoneRecoveryFieldEvent {
    field: '$.missingDone.recovery'
    value: number
  }

  export interface LinkMessageMissingDoneOfferedFieldEvent {
    field: '$.missingDone.offered'
    value: number
  }

  export interface LinkMessageMissingDoneUnavailableFieldEvent {
    field: '$.missingDone.unavailable'
    value: number
  }

  export function encode (obj: Partial<LinkMessage>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, LinkMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LinkMessage>): LinkMessage {
    return decodeMessage(buf, LinkMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LinkMessage>): Generator<LinkMessageHelloProtocolFieldEvent | LinkMessageHelloGenerationFieldEvent | LinkMessageHelloDirectoryVersionFieldEvent | LinkMessageHelloClockMsFieldEvent | LinkMessageCreditLaneFieldEvent | LinkMessageCreditBytesFieldEvent | LinkMessageOfferTransferFieldEvent | LinkMessageOfferWaybillFieldEvent | LinkMessageOfferSealFieldEvent | LinkMessageOfferAgenciesFieldEvent | LinkMessageWantTransferFieldEvent | LinkMessageWantFirstChunkFieldEvent | LinkMessageKnownTransferFieldEvent | LinkMessageTemporaryTransferFieldEvent | LinkMessageTemporaryCodeFieldEvent | LinkMessageTemporaryRetryAfterMsFieldEvent | LinkMessageTemporaryResealFieldEvent | LinkMessageRejectTransferFieldEvent | LinkMessageRejectCodeFieldEvent | LinkMessageRejectDetailFieldEvent | LinkMessageDataTransferFieldEvent | LinkMessageDataOffsetFieldEvent | LinkMessageDataBytesFieldEvent | LinkMessageEndTransferFieldEvent | LinkMessageCancelTransferFieldEvent | LinkMessageCancelCodeFieldEvent | LinkMessageStoredTransferFieldEvent | LinkMessageReceiptReceiptFieldEvent | LinkMessageReceiptSealFieldEvent | LinkMessageAckWaybillDigestFieldEvent | LinkMessageDirectoryOfferVersionFieldEvent | LinkMessageDirectoryOfferSizeFieldEvent | LinkMessageDirectoryWantVersionFieldEvent | LinkMessageDirectoryWantOffsetFieldEvent | LinkMessageDirectoryPieceVersionFieldEvent | LinkMessageDirectoryPieceOffsetFieldEvent | LinkMessageDirectoryPieceBytesFieldEvent | LinkMessageSessionRunFieldEvent | LinkMessageSessionGreetingFieldEvent | LinkMessageArrivedBytesFieldEvent | LinkMessageYieldLaneFieldEvent | LinkMessageYieldBytesFieldEvent | LinkMessageByeReasonFieldEvent | LinkMessageByeTieFieldEvent | LinkMessageClockClockMsFieldEvent | LinkMessageClockAskFieldEvent | LinkMessageMissingSinceMsFieldEvent | LinkMessageMissingRecoveryFieldEvent | LinkMessageMissingDirectoryVersionFieldEvent | LinkMessageMissingDoneRecoveryFieldEvent | LinkMessageMissingDoneOfferedFieldEvent | LinkMessageMissingDoneUnavailableFieldEvent> {
    return streamMessage(buf, LinkMessage.codec(), opts)
  }
}
