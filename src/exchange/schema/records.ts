import { decodeMessage, encodeMessage, enumeration, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface SealReference {
  cmsDigest: Uint8Array<ArrayBuffer>
  leafIndex: number
  path: Uint8Array<ArrayBuffer>[]
  sealedAt: number
  directoryVersion: number
}

export namespace SealReference {
  let _codec: Codec<SealReference>

  export const codec = (): Codec<SealReference> => {
    if (_codec == null) {
      _codec = message<SealReference>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.cmsDigest != null && obj.cmsDigest.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.cmsDigest)
        }

        if ((obj.leafIndex != null && obj.leafIndex !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.leafIndex)
        }

        if (obj.path != null && obj.path.length > 0) {
          for (const value of obj.path) {
            w.uint32(26)
            w.bytes(value)
          }
        }

        if ((obj.sealedAt != null && obj.sealedAt !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.sealedAt)
        }

        if ((obj.directoryVersion != null && obj.directoryVersion !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.directoryVersion)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          cmsDigest: uint8ArrayAlloc(0),
          leafIndex: 0,
          path: [],
          sealedAt: 0,
          directoryVersion: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.cmsDigest = reader.bytes()
              break
            }
            case 2: {
              obj.leafIndex = reader.uint64Number()
              break
            }
            case 3: {
              if (opts.limits?.path != null && obj.path.length === opts.limits.path) {
                throw new MaxLengthError('Decode error - repeated field "path" had too many elements')
              }

              obj.path.push(reader.bytes())
              break
            }
            case 4: {
              obj.sealedAt = reader.uint64Number()
              break
            }
            case 5: {
              obj.directoryVersion = reader.uint64Number()
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
          path: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.cmsDigest`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.leafIndex`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              if (opts.limits?.path != null && obj.path === opts.limits.path) {
                throw new MaxLengthError('Streaming decode error - repeated field "path" had too many elements')
              }

              yield {
                field: `${prefix}.path[]`,
                index: obj.path,
                value: reader.bytes()
              }

              obj.path++

              break
            }
            case 4: {
              yield {
                field: `${prefix}.sealedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.directoryVersion`,
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

  export interface SealReferenceCmsDigestFieldEvent {
    field: '$.cmsDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SealReferenceLeafIndexFieldEvent {
    field: '$.leafIndex'
    value: number
  }

  export interface SealReferencePathFieldEvent {
    field: '$.path[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface SealReferenceSealedAtFieldEvent {
    field: '$.sealedAt'
    value: number
  }

  export interface SealReferenceDirectoryVersionFieldEvent {
    field: '$.directoryVersion'
    value: number
  }

  export function encode (obj: Partial<SealReference>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, SealReference.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SealReference>): SealReference {
    return decodeMessage(buf, SealReference.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<SealReference>): Generator<SealReferenceCmsDigestFieldEvent | SealReferenceLeafIndexFieldEvent | SealReferencePathFieldEvent | SealReferenceSealedAtFieldEvent | SealReferenceDirectoryVersionFieldEvent> {
    return streamMessage(buf, SealReference.codec(), opts)
  }
}

export interface DocumentRecord {
  docId: string
  isStatus: boolean
  senderAgency: string
  packetDigest: Uint8Array<ArrayBuffer>
  packetSize: number
  title: string
  notation: string
  reference: string
  priority: number
  acceptedAt: number
  systemid: string
  addressees: Addressee[]
  statusCode: string
  submittedAt: number
}

export namespace DocumentRecord {
  let _codec: Codec<DocumentRecord>

  export const codec = (): Codec<DocumentRecord> => {
    if (_codec == null) {
      _codec = message<DocumentRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.docId != null && obj.docId !== '')) {
          w.uint32(10)
          w.string(obj.docId)
        }

        if ((obj.isStatus != null && obj.isStatus !== false)) {
          w.uint32(16)
          w.bool(obj.isStatus)
        }

        if ((obj.senderAgency != null && obj.senderAgency !== '')) {
          w.uint32(26)
          w.string(obj.senderAgency)
        }

        if ((obj.packetDigest != null && obj.packetDigest.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.packetDigest)
        }

        if ((obj.packetSize != null && obj.packetSize !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.packetSize)
        }

        if ((obj.title != null && obj.title !== '')) {
          w.uint32(50)
          w.string(obj.title)
        }

        if ((obj.notation != null && obj.notation !== '')) {
          w.uint32(58)
          w.string(obj.notation)
        }

        if ((obj.reference != null && obj.reference !== '')) {
          w.uint32(66)
          w.string(obj.reference)
        }

        if ((obj.priority != null && obj.priority !== 0)) {
          w.uint32(72)
          w.uint32(obj.priority)
        }

        if ((obj.acceptedAt != null && obj.acceptedAt !== 0)) {
          w.uint32(80)
          w.uint64Number(obj.acceptedAt)
        }

        if ((obj.systemid != null && obj.systemid !== '')) {
          w.uint32(90)
          w.string(obj.systemid)
        }

        if (obj.addressees != null && obj.addressees.length > 0) {
          for (const value of obj.addressees) {
            w.uint32(98)
            Addressee.codec().encode(value, w)
          }
        }

        if ((obj.statusCode != null && obj.statusCode !== '')) {
          w.uint32(106)
          w.string(obj.statusCode)
        }

        if ((obj.submittedAt != null && obj.submittedAt !== 0)) {
          w.uint32(112)
          w.uint64Number(obj.submittedAt)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          docId: '',
          isStatus: false,
          senderAgency: '',
          packetDigest: uint8ArrayAlloc(0),
          packetSize: 0,
          title: '',
          notation: '',
          reference: '',
          priority: 0,
          acceptedAt: 0,
          systemid: '',
          addressees: [],
          statusCode: '',
          submittedAt: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.docId = reader.string()
              break
            }
            case 2: {
              obj.isStatus = reader.bool()
              break
            }
            case 3: {
              obj.senderAgency = reader.string()
              break
            }
            case 4: {
              obj.packetDigest = reader.bytes()
              break
            }
            case 5: {
              obj.packetSize = reader.uint64Number()
              break
            }
            case 6: {
              obj.title = reader.string()
              break
            }
            case 7: {
              obj.notation = reader.string()
              break
            }
            case 8: {
              obj.reference = reader.string()
              break
            }
            case 9: {
              obj.priority = reader.uint32()
              break
            }
            case 10: {
              obj.acceptedAt = reader.uint64Number()
              break
            }
            case 11: {
              obj.systemid = reader.string()
              break
            }
            case 12: {
              if (opts.limits?.addressees != null && obj.addressees.length === opts.limits.addressees) {
                throw new MaxLengthError('Decode error - repeated field "addressees" had too many elements')
              }

              obj.addressees.push(Addressee.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.addressees$
              }))
              break
            }
            case 13: {
              obj.statusCode = reader.string()
              break
            }
            case 14: {
              obj.submittedAt = reader.uint64Number()
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
          addressees: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.docId`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.isStatus`,
                value: reader.bool()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.senderAgency`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.packetDigest`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.packetSize`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.title`,
                value: reader.string()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.notation`,
                value: reader.string()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.reference`,
                value: reader.string()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.priority`,
                value: reader.uint32()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.acceptedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.systemid`,
                value: reader.string()
              }
              break
            }
            case 12: {
              if (opts.limits?.addressees != null && obj.addressees === opts.limits.addressees) {
                throw new MaxLengthError('Streaming decode error - repeated field "addressees" had too many elements')
              }

              for (const evt of Addressee.codec().stream(reader, reader.uint32(), `${prefix}.addressees[]`, {
                limits: opts.limits?.addressees$
              })) {
                yield {
                  ...evt,
                  index: obj.addressees
                }
              }

              obj.addressees++

              break
            }
            case 13: {
              yield {
                field: `${prefix}.statusCode`,
                value: reader.string()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.submittedAt`,
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

  export interface DocumentRecordDocIdFieldEvent {
    field: '$.docId'
    value: string
  }

  export interface DocumentRecordIsStatusFieldEvent {
    field: '$.isStatus'
    value: boolean
  }

  export interface DocumentRecordSenderAgencyFieldEvent {
    field: '$.senderAgency'
    value: string
  }

  export interface DocumentRecordPacketDigestFieldEvent {
    field: '$.packetDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface DocumentRecordPacketSizeFieldEvent {
    field: '$.packetSize'
    value: number
  }

  export interface DocumentRecordTitleFieldEvent {
    field: '$.title'
    value: string
  }

  export interface DocumentRecordNotationFieldEvent {
    field: '$.notation'
    value: string
  }

  export interface DocumentRecordReferenceFieldEvent {
    field: '$.reference'
    value: string
  }

  export interface DocumentRecordPriorityFieldEvent {
    field: '$.priority'
    value: number
  }

  export interface DocumentRecordAcceptedAtFieldEvent {
    field: '$.acceptedAt'
    value: number
  }

  export interface DocumentRecordSystemidFieldEvent {
    field: '$.systemid'
    value: string
  }

  export interface DocumentRecordAddresseesAgencyFieldEvent {
    field: '$.addressees[].agency'
    value: string
    index: number
  }

  export interface DocumentRecordAddresseesStationFieldEvent {
    field: '$.addressees[].station'
    value: string
    index: number
  }

  export interface DocumentRecordAddresseesWaybillFieldEvent {
    field: '$.addressees[].waybill'
    value: string
    index: number
  }

  export interface DocumentRecordAddresseesAttemptFieldEvent {
    field: '$.addressees[].attempt'
    value: number
    index: number
  }

  export interface DocumentRecordAddresseesResendFieldEvent {
    field: '$.addressees[].resend'
    value: number
    index: number
  }

  export interface DocumentRecordStatusCodeFieldEvent {
    field: '$.statusCode'
    value: string
  }

  export interface DocumentRecordSubmittedAtFieldEvent {
    field: '$.submittedAt'
    value: number
  }

  export function encode (obj: Partial<DocumentRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DocumentRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DocumentRecord>): DocumentRecord {
    return decodeMessage(buf, DocumentRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DocumentRecord>): Generator<DocumentRecordDocIdFieldEvent | DocumentRecordIsStatusFieldEvent | DocumentRecordSenderAgencyFieldEvent | DocumentRecordPacketDigestFieldEvent | DocumentRecordPacketSizeFieldEvent | DocumentRecordTitleFieldEvent | DocumentRecordNotationFieldEvent | DocumentRecordReferenceFieldEvent | DocumentRecordPriorityFieldEvent | DocumentRecordAcceptedAtFieldEvent | DocumentRecordSystemidFieldEvent | DocumentRecordAddresseesAgencyFieldEvent | DocumentRecordAddresseesStationFieldEvent | DocumentRecordAddresseesWaybillFieldEvent | DocumentRecordAddresseesAttemptFieldEvent | DocumentRecordAddresseesResendFieldEvent | DocumentRecordStatusCodeFieldEvent | DocumentRecordSubmittedAtFieldEvent> {
    return streamMessage(buf, DocumentRecord.codec(), opts)
  }
}

export interface Addressee {
  agency: string
  station: string
  waybill: string
  attempt: number
  resend: number
}

export namespace Addressee {
  let _codec: Codec<Addressee>

  export const codec = (): Codec<Addressee> => {
    if (_codec == null) {
      _codec = message<Addressee>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.agency != null && obj.agency !== '')) {
          w.uint32(10)
          w.string(obj.agency)
        }

        if ((obj.station != null && obj.station !== '')) {
          w.uint32(18)
          w.string(obj.station)
        }

        if ((obj.waybill != null && obj.waybill !== '')) {
          w.uint32(26)
          w.string(obj.waybill)
        }

        if ((obj.attempt != null && obj.attempt !== 0)) {
          w.uint32(32)
          w.uint32(obj.attempt)
        }

        if ((obj.resend != null && obj.resend !== 0)) {
          w.uint32(40)
          w.uint32(obj.resend)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          agency: '',
          station: '',
          waybill: '',
          attempt: 0,
          resend: 0
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
              obj.station = reader.string()
              break
            }
            case 3: {
              obj.waybill = reader.string()
              break
            }
            case 4: {
              obj.attempt = reader.uint32()
              break
            }
            case 5: {
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
                field: `${prefix}.station`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.waybill`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.attempt`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
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

  export interface AddresseeAgencyFieldEvent {
    field: '$.agency'
    value: string
  }

  export interface AddresseeStationFieldEvent {
    field: '$.station'
    value: string
  }

  export interface AddresseeWaybillFieldEvent {
    field: '$.waybill'
    value: string
  }

  export interface AddresseeAttemptFieldEvent {
    field: '$.attempt'
    value: number
  }

  export interface AddresseeResendFieldEvent {
    field: '$.resend'
    value: number
  }

  export function encode (obj: Partial<Addressee>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Addressee.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Addressee>): Addressee {
    return decodeMessage(buf, Addressee.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Addressee>): Generator<AddresseeAgencyFieldEvent | AddresseeStationFieldEvent | AddresseeWaybillFieldEvent | AddresseeAttemptFieldEvent | AddresseeResendFieldEvent> {
    return streamMessage(buf, Addressee.codec(), opts)
  }
}

export interface WaybillRecord {
  waybill: Uint8Array<ArrayBuffer>
  seal?: SealReference
  docId: string
  stations: string[]
  queueRank: string
}

export namespace WaybillRecord {
  let _codec: Codec<WaybillRecord>

  export const codec = (): Codec<WaybillRecord> => {
    if (_codec == null) {
      _codec = message<WaybillRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.waybill != null && obj.waybill.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.waybill)
        }

        if (obj.seal != null) {
          w.uint32(18)
          SealReference.codec().encode(obj.seal, w)
        }

        if ((obj.docId != null && obj.docId !== '')) {
          w.uint32(26)
          w.string(obj.docId)
        }

        if (obj.stations != null && obj.stations.length > 0) {
          for (const value of obj.stations) {
            w.uint32(34)
            w.string(value)
          }
        }

        if ((obj.queueRank != null && obj.queueRank !== '')) {
          w.uint32(42)
          w.string(obj.queueRank)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          waybill: uint8ArrayAlloc(0),
          docId: '',
          stations: [],
          queueRank: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.waybill = reader.bytes()
              break
            }
            case 2: {
              obj.seal = SealReference.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.seal
              })
              break
            }
            case 3: {
              obj.docId = reader.string()
              break
            }
            case 4: {
              if (opts.limits?.stations != null && obj.stations.length === opts.limits.stations) {
                throw new MaxLengthError('Decode error - repeated field "stations" had too many elements')
              }

              obj.stations.push(reader.string())
              break
            }
            case 5: {
              obj.queueRank = reader.string()
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
          stations: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.waybill`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield * SealReference.codec().stream(reader, reader.uint32(), `${prefix}.seal`, {
                limits: opts.limits?.seal
              })

              break
            }
            case 3: {
              yield {
                field: `${prefix}.docId`,
                value: reader.string()
              }
              break
            }
            case 4: {
              if (opts.limits?.stations != null && obj.stations === opts.limits.stations) {
                throw new MaxLengthError('Streaming decode error - repeated field "stations" had too many elements')
              }

              yield {
                field: `${prefix}.stations[]`,
                index: obj.stations,
                value: reader.string()
              }

              obj.stations++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.queueRank`,
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

  export interface WaybillRecordWaybillFieldEvent {
    field: '$.waybill'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WaybillRecordSealCmsDigestFieldEvent {
    field: '$.seal.cmsDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface WaybillRecordSealLeafIndexFieldEvent {
    field: '$.seal.leafIndex'
    value: number
  }

  export interface WaybillRecordSealPathFieldEvent {
    field: '$.seal.path[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface WaybillRecordSealSealedAtFieldEvent {
    field: '$.seal.sealedAt'
    value: number
  }

  export interface WaybillRecordSealDirectoryVersionFieldEvent {
    field: '$.seal.directoryVersion'
    value: number
  }

  export interface WaybillRecordDocIdFieldEvent {
    field: '$.docId'
    value: string
  }

  export interface WaybillRecordStationsFieldEvent {
    field: '$.stations[]'
    index: number
    value: string
  }

  export interface WaybillRecordQueueRankFieldEvent {
    field: '$.queueRank'
    value: string
  }

  export function encode (obj: Partial<WaybillRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, WaybillRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WaybillRecord>): WaybillRecord {
    return decodeMessage(buf, WaybillRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<WaybillRecord>): Generator<WaybillRecordWaybillFieldEvent | WaybillRecordSealCmsDigestFieldEvent | WaybillRecordSealLeafIndexFieldEvent | WaybillRecordSealPathFieldEvent | WaybillRecordSealSealedAtFieldEvent | WaybillRecordSealDirectoryVersionFieldEvent | WaybillRecordDocIdFieldEvent | WaybillRecordStationsFieldEvent | WaybillRecordQueueRankFieldEvent> {
    return streamMessage(buf, WaybillRecord.codec(), opts)
  }
}

export enum DeliveryState {
  SEALING = 'SEALING',
  SENDING = 'SENDING',
  AWAITING_RECEIPT = 'AWAITING_RECEIPT',
  CLOSED = 'CLOSED',
  EXPIRED = 'EXPIRED'
}

enum __DeliveryStateValues {
  SEALING = 0,
  SENDING = 1,
  AWAITING_RECEIPT = 2,
  CLOSED = 3,
  EXPIRED = 4
}

export namespace DeliveryState {
  export const codec = (): Codec<DeliveryState> => {
    return enumeration<DeliveryState>(__DeliveryStateValues)
  }
}

export interface DeliveryRecord {
  state: DeliveryState
  docId: string
  agencies: string[]
  queueKey: string
  openedAt: number
  offeredAt: number
  storedAt: number
  closedAt: number
  receipt: Uint8Array<ArrayBuffer>
  receiptSeal?: SealReference
  offers: number
  lastTrouble: string
}

export namespace DeliveryRecord {
  let _codec: Codec<DeliveryRecord>

  export const codec = (): Codec<DeliveryRecord> => {
    if (_codec == null) {
      _codec = message<DeliveryRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.state != null && __DeliveryStateValues[obj.state] !== 0) {
          w.uint32(8)
          DeliveryState.codec().encode(obj.state, w)
        }

        if ((obj.docId != null && obj.docId !== '')) {
          w.uint32(18)
          w.string(obj.docId)
        }

        if (obj.agencies != null && obj.agencies.length > 0) {
          for (const value of obj.agencies) {
            w.uint32(26)
            w.string(value)
          }
        }

        if ((obj.queueKey != null && obj.queueKey !== '')) {
          w.uint32(34)
          w.string(obj.queueKey)
        }

        if ((obj.openedAt != null && obj.openedAt !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.openedAt)
        }

        if ((obj.offeredAt != null && obj.offeredAt !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.offeredAt)
        }

        if ((obj.storedAt != null && obj.storedAt !== 0)) {
          w.uint32(56)
          w.uint64Number(obj.storedAt)
        }

        if ((obj.closedAt != null && obj.closedAt !== 0)) {
          w.uint32(64)
          w.uint64Number(obj.closedAt)
        }

        if ((obj.receipt != null && obj.receipt.byteLength > 0)) {
          w.uint32(74)
          w.bytes(obj.receipt)
        }

        if (obj.receiptSeal != null) {
          w.uint32(82)
          SealReference.codec().encode(obj.receiptSeal, w)
        }

        if ((obj.offers != null && obj.offers !== 0)) {
          w.uint32(88)
          w.uint32(obj.offers)
        }

        if ((obj.lastTrouble != null && obj.lastTrouble !== '')) {
          w.uint32(98)
          w.string(obj.lastTrouble)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          state: DeliveryState.SEALING,
          docId: '',
          agencies: [],
          queueKey: '',
          openedAt: 0,
          offeredAt: 0,
          storedAt: 0,
          closedAt: 0,
          receipt: uint8ArrayAlloc(0),
          offers: 0,
          lastTrouble: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.state = DeliveryState.codec().decode(reader)
              break
            }
            case 2: {
              obj.docId = reader.string()
              break
            }
            case 3: {
              if (opts.limits?.agencies != null && obj.agencies.length === opts.limits.agencies) {
                throw new MaxLengthError('Decode error - repeated field "agencies" had too many elements')
              }

              obj.agencies.push(reader.string())
              break
            }
            case 4: {
              obj.queueKey = reader.string()
              break
            }
            case 5: {
              obj.openedAt = reader.uint64Number()
              break
            }
            case 6: {
              obj.offeredAt = reader.uint64Number()
              break
            }
            case 7: {
              obj.storedAt = reader.uint64Number()
              break
            }
            case 8: {
              obj.closedAt = reader.uint64Number()
              break
            }
            case 9: {
              obj.receipt = reader.bytes()
              break
            }
            case 10: {
              obj.receiptSeal = SealReference.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.receiptSeal
              })
              break
            }
            case 11: {
              obj.offers = reader.uint32()
              break
            }
            case 12: {
              obj.lastTrouble = reader.string()
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
          agencies: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.state`,
                value: DeliveryState.codec().decode(reader)
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.docId`,
                value: reader.string()
              }
              break
            }
            case 3: {
              if (opts.limits?.agencies != null && obj.agencies === opts.limits.agencies) {
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
            case 4: {
              yield {
                field: `${prefix}.queueKey`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.openedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.offeredAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.storedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.closedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.receipt`,
                value: reader.bytes()
              }
              break
            }
            case 10: {
              yield * SealReference.codec().stream(reader, reader.uint32(), `${prefix}.receiptSeal`, {
                limits: opts.limits?.receiptSeal
              })

              break
            }
            case 11: {
              yield {
                field: `${prefix}.offers`,
                value: reader.uint32()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.lastTrouble`,
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

  export interface DeliveryRecordStateFieldEvent {
    field: '$.state'
    value: DeliveryState
  }

  export interface DeliveryRecordDocIdFieldEvent {
    field: '$.docId'
    value: string
  }

  export interface DeliveryRecordAgenciesFieldEvent {
    field: '$.agencies[]'
    index: number
    value: string
  }

  export interface DeliveryRecordQueueKeyFieldEvent {
    field: '$.queueKey'
    value: string
  }

  export interface DeliveryRecordOpenedAtFieldEvent {
    field: '$.openedAt'
    value: number
  }

  export interface DeliveryRecordOfferedAtFieldEvent {
    field: '$.offeredAt'
    value: number
  }

  export interface DeliveryRecordStoredAtFieldEvent {
    field: '$.storedAt'
    value: number
  }

  export interface DeliveryRecordClosedAtFieldEvent {
    field: '$.closedAt'
    value: number
  }

  export interface DeliveryRecordReceiptFieldEvent {
    field: '$.receipt'
    value: Uint8Array<ArrayBuffer>
  }

  export interface DeliveryRecordReceiptSealCmsDigestFieldEvent {
    field: '$.receiptSeal.cmsDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface DeliveryRecordReceiptSealLeafIndexFieldEvent {
    field: '$.receiptSeal.leafIndex'
    value: number
  }

  export interface DeliveryRecordReceiptSealPathFieldEvent {
    field: '$.receiptSeal.path[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface DeliveryRecordReceiptSealSealedAtFieldEvent {
    field: '$.receiptSeal.sealedAt'
    value: number
  }

  export interface DeliveryRecordReceiptSealDirectoryVersionFieldEvent {
    field: '$.receiptSeal.directoryVersion'
    value: number
  }

  export interface DeliveryRecordOffersFieldEvent {
    field: '$.offers'
    value: number
  }

  export interface DeliveryRecordLastTroubleFieldEvent {
    field: '$.lastTrouble'
    value: string
  }

  export function encode (obj: Partial<DeliveryRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DeliveryRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DeliveryRecord>): DeliveryRecord {
    return decodeMessage(buf, DeliveryRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DeliveryRecord>): Generator<DeliveryRecordStateFieldEvent | DeliveryRecordDocIdFieldEvent | DeliveryRecordAgenciesFieldEvent | DeliveryRecordQueueKeyFieldEvent | DeliveryRecordOpenedAtFieldEvent | DeliveryRecordOfferedAtFieldEvent | DeliveryRecordStoredAtFieldEvent | DeliveryRecordClosedAtFieldEvent | DeliveryRecordReceiptFieldEvent | DeliveryRecordReceiptSealCmsDigestFieldEvent | DeliveryRecordReceiptSealLeafIndexFieldEvent | DeliveryRecordReceiptSealPathFieldEvent | DeliveryRecordReceiptSealSealedAtFieldEvent | DeliveryRecordReceiptSealDirectoryVersionFieldEvent | DeliveryRecordOffersFieldEvent | DeliveryRecordLastTroubleFieldEvent> {
    return streamMessage(buf, DeliveryRecord.codec(), opts)
  }
}

export enum InboundState {
  RECEIVING = 'RECEIVING',
  DECIDED = 'DECIDED'
}

enum __InboundStateValues {
  RECEIVING = 0,
  DECIDED = 1
}

export namespace InboundState {
  export const codec = (): Codec<InboundState> => {
    return enumeration<InboundState>(__InboundStateValues)
  }
}

export interface InboundRecord {
  state: InboundState
  agencies: string[]
  receipt: Uint8Array<ArrayBuffer>
  receiptSeal?: SealReference
  offeredAt: number
  decidedAt: number
  acknowledged: boolean
  packetDigest: Uint8Array<ArrayBuffer>
  stored: boolean
}

export namespace InboundRecord {
  let _codec: Codec<InboundRecord>

  export const codec = (): Codec<InboundRecord> => {
    if (_codec == null) {
      _codec = message<InboundRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.state != null && __InboundStateValues[obj.state] !== 0) {
          w.uint32(8)
          InboundState.codec().encode(obj.state, w)
        }

        if (obj.agencies != null && obj.agencies.length > 0) {
          for (const value of obj.agencies) {
            w.uint32(18)
            w.string(value)
          }
        }

        if ((obj.receipt != null && obj.receipt.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.receipt)
        }

        if (obj.receiptSeal != null) {
          w.uint32(34)
          SealReference.codec().encode(obj.receiptSeal, w)
        }

        if ((obj.offeredAt != null && obj.offeredAt !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.offeredAt)
        }

        if ((obj.decidedAt != null && obj.decidedAt !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.decidedAt)
        }

        if ((obj.acknowledged != null && obj.acknowledged !== false)) {
          w.uint32(56)
          w.bool(obj.acknowledged)
        }

        if ((obj.packetDigest != null && obj.packetDigest.byteLength > 0)) {
          w.uint32(66)
          w.bytes(obj.packetDigest)
        }

        if ((obj.stored != null && obj.stored !== false)) {
          w.uint32(72)
          w.bool(obj.stored)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          state: InboundState.RECEIVING,
          agencies: [],
          receipt: uint8ArrayAlloc(0),
          offeredAt: 0,
          decidedAt: 0,
          acknowledged: false,
          packetDigest: uint8ArrayAlloc(0),
          stored: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.state = InboundState.codec().decode(reader)
              break
            }
            case 2: {
              if (opts.limits?.agencies != null && obj.agencies.length === opts.limits.agencies) {
                throw new MaxLengthError('Decode error - repeated field "agencies" had too many elements')
              }

              obj.agencies.push(reader.string())
              break
            }
            case 3: {
              obj.receipt = reader.bytes()
              break
            }
            case 4: {
              obj.receiptSeal = SealReference.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.receiptSeal
              })
              break
            }
            case 5: {
              obj.offeredAt = reader.uint64Number()
              break
            }
            case 6: {
              obj.decidedAt = reader.uint64Number()
              break
            }
            case 7: {
              obj.acknowledged = reader.bool()
              break
            }
            case 8: {
              obj.packetDigest = reader.bytes()
              break
            }
            case 9: {
              obj.stored = reader.bool()
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
          agencies: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.state`,
                value: InboundState.codec().decode(reader)
              }
              break
            }
            case 2: {
              if (opts.limits?.agencies != null && obj.agencies === opts.limits.agencies) {
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
            case 3: {
              yield {
                field: `${prefix}.receipt`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield * SealReference.codec().stream(reader, reader.uint32(), `${prefix}.receiptSeal`, {
                limits: opts.limits?.receiptSeal
              })

              break
            }
            case 5: {
              yield {
                field: `${prefix}.offeredAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.decidedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.acknowledged`,
                value: reader.bool()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.packetDigest`,
                value: reader.bytes()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.stored`,
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

  export interface InboundRecordStateFieldEvent {
    field: '$.state'
    value: InboundState
  }

  export interface InboundRecordAgenciesFieldEvent {
    field: '$.agencies[]'
    index: number
    value: string
  }

  export interface InboundRecordReceiptFieldEvent {
    field: '$.receipt'
    value: Uint8Array<ArrayBuffer>
  }

  export interface InboundRecordReceiptSealCmsDigestFieldEvent {
    field: '$.receiptSeal.cmsDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface InboundRecordReceiptSealLeafIndexFieldEvent {
    field: '$.receiptSeal.leafIndex'
    value: number
  }

  export interface InboundRecordReceiptSealPathFieldEvent {
    field: '$.receiptSeal.path[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export interface InboundRecordReceiptSealSealedAtFieldEvent {
    field: '$.receiptSeal.sealedAt'
    value: number
  }

  export interface InboundRecordReceiptSealDirectoryVersionFieldEvent {
    field: '$.receiptSeal.directoryVersion'
    value: number
  }

  export interface InboundRecordOfferedAtFieldEvent {
    field: '$.offeredAt'
    value: number
  }

  export interface InboundRecordDecidedAtFieldEvent {
    field: '$.decidedAt'
    value: number
  }

  export interface InboundRecordAcknowledgedFieldEvent {
    field: '$.acknowledged'
    value: boolean
  }

  export interface InboundRecordPacketDigestFieldEvent {
    field: '$.packetDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface InboundRecordStoredFieldEvent {
    field: '$.stored'
    value: boolean
  }

  export function encode (obj: Partial<InboundRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, InboundRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<InboundRecord>): InboundRecord {
    return decodeMessage(buf, InboundRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<InboundRecord>): Generator<InboundRecordStateFieldEvent | InboundRecordAgenciesFieldEvent | InboundRecordReceiptFieldEvent | InboundRecordReceiptSealCmsDigestFieldEvent | InboundRecordReceiptSealLeafIndexFieldEvent | InboundRecordReceiptSealPathFieldEvent | InboundRecordReceiptSealSealedAtFieldEvent | InboundRecordReceiptSealDirectoryVersionFieldEvent | InboundRecordOfferedAtFieldEvent | InboundRecordDecidedAtFieldEvent | InboundRecordAcknowledgedFieldEvent | InboundRecordPacketDigestFieldEvent | InboundRecordStoredFieldEvent> {
    return streamMessage(buf, InboundRecord.codec(), opts)
  }
}

export interface ItemRecord {
  itemId: string
  docId: string
  isStatus: boolean
  from: string
  to: string
  packetDigest: Uint8Array<ArrayBuffer>
  packetSize: number
  waybill: string
  receivedAt: number
  updatedAt: number
  mark: string
  failures: number
  resend: number
  reference: string
  inboxKey: string
  fetchedAt: number
  priority: number
}

export namespace ItemRecord {
  let _codec: Codec<ItemRecord>

  export const codec = (): Codec<ItemRecord> => {
    if (_codec == null) {
      _codec = message<ItemRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.itemId != null && obj.itemId !== '')) {
          w.uint32(10)
          w.string(obj.itemId)
        }

        if ((obj.docId != null && obj.docId !== '')) {
          w.uint32(18)
          w.string(obj.docId)
        }

        if ((obj.isStatus != null && obj.isStatus !== false)) {
          w.uint32(24)
          w.bool(obj.isStatus)
        }

        if ((obj.from != null && obj.from !== '')) {
          w.uint32(34)
          w.string(obj.from)
        }

        if ((obj.to != null && obj.to !== '')) {
          w.uint32(42)
          w.string(obj.to)
        }

        if ((obj.packetDigest != null && obj.packetDigest.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.packetDigest)
        }

        if ((obj.packetSize != null && obj.packetSize !== 0)) {
          w.uint32(56)
          w.uint64Number(obj.packetSize)
        }

        if ((obj.waybill != null && obj.waybill !== '')) {
          w.uint32(66)
          w.string(obj.waybill)
        }

        if ((obj.receivedAt != null && obj.receivedAt !== 0)) {
          w.uint32(72)
          w.uint64Number(obj.receivedAt)
        }

        if ((obj.updatedAt != null && obj.updatedAt !== 0)) {
          w.uint32(80)
          w.uint64Number(obj.updatedAt)
        }

        if ((obj.mark != null && obj.mark !== '')) {
          w.uint32(90)
          w.string(obj.mark)
        }

        if ((obj.failures != null && obj.failures !== 0)) {
          w.uint32(96)
          w.uint32(obj.failures)
        }

        if ((obj.resend != null && obj.resend !== 0)) {
          w.uint32(104)
          w.uint32(obj.resend)
        }

        if ((obj.reference != null && obj.reference !== '')) {
          w.uint32(114)
          w.string(obj.reference)
        }

        if ((obj.inboxKey != null && obj.inboxKey !== '')) {
          w.uint32(122)
          w.string(obj.inboxKey)
        }

        if ((obj.fetchedAt != null && obj.fetchedAt !== 0)) {
          w.uint32(128)
          w.uint64Number(obj.fetchedAt)
        }

        if ((obj.priority != null && obj.priority !== 0)) {
          w.uint32(136)
          w.uint32(obj.priority)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          itemId: '',
          docId: '',
          isStatus: false,
          from: '',
          to: '',
          packetDigest: uint8ArrayAlloc(0),
          packetSize: 0,
          waybill: '',
          receivedAt: 0,
          updatedAt: 0,
          mark: '',
          failures: 0,
          resend: 0,
          reference: '',
          inboxKey: '',
          fetchedAt: 0,
          priority: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.itemId = reader.string()
              break
            }
            case 2: {
              obj.docId = reader.string()
              break
            }
            case 3: {
              obj.isStatus = reader.bool()
              break
            }
            case 4: {
              obj.from = reader.string()
              break
            }
            case 5: {
              obj.to = reader.string()
              break
            }
            case 6: {
              obj.packetDigest = reader.bytes()
              break
            }
            case 7: {
              obj.packetSize = reader.uint64Number()
              break
            }
            case 8: {
              obj.waybill = reader.string()
              break
            }
            case 9: {
              obj.receivedAt = reader.uint64Number()
              break
            }
            case 10: {
              obj.updatedAt = reader.uint64Number()
              break
            }
            case 11: {
              obj.mark = reader.string()
              break
            }
            case 12: {
              obj.failures = reader.uint32()
              break
            }
            case 13: {
              obj.resend = reader.uint32()
              break
            }
            case 14: {
              obj.reference = reader.string()
              break
            }
            case 15: {
              obj.inboxKey = reader.string()
              break
            }
            case 16: {
              obj.fetchedAt = reader.uint64Number()
              break
            }
            case 17: {
              obj.priority = reader.uint32()
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
                field: `${prefix}.itemId`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.docId`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.isStatus`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.from`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.to`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.packetDigest`,
                value: reader.bytes()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.packetSize`,
                value: reader.uint64Number()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.waybill`,
                value: reader.string()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.receivedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.updatedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.mark`,
                value: reader.string()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.failures`,
                value: reader.uint32()
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.resend`,
                value: reader.uint32()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.reference`,
                value: reader.string()
              }
              break
            }
            case 15: {
              yield {
                field: `${prefix}.inboxKey`,
                value: reader.string()
              }
              break
            }
            case 16: {
              yield {
                field: `${prefix}.fetchedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 17: {
              yield {
                field: `${prefix}.priority`,
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

  export interface ItemRecordItemIdFieldEvent {
    field: '$.itemId'
    value: string
  }

  export interface ItemRecordDocIdFieldEvent {
    field: '$.docId'
    value: string
  }

  export interface ItemRecordIsStatusFieldEvent {
    field: '$.isStatus'
    value: boolean
  }

  export interface ItemRecordFromFieldEvent {
    field: '$.from'
    value: string
  }

  export interface ItemRecordToFieldEvent {
    field: '$.to'
    value: string
  }

  export interface ItemRecordPacketDigestFieldEvent {
    field: '$.packetDigest'
    value: Uint8Array<ArrayBuffer>
  }

  export interface ItemRecordPacketSizeFieldEvent {
    field: '$.packetSize'
    value: number
  }

  export interface ItemRecordWaybillFieldEvent {
    field: '$.waybill'
    value: string
  }

  export interface ItemRecordReceivedAtFieldEvent {
    field: '$.receivedAt'
    value: number
  }

  export interface ItemRecordUpdatedAtFieldEvent {
    field: '$.updatedAt'
    value: number
  }

  export interface ItemRecordMarkFieldEvent {
    field: '$.mark'
    value: string
  }

  export interface ItemRecordFailuresFieldEvent {
    field: '$.failures'
    value: number
  }

  export interface ItemRecordResendFieldEvent {
    field: '$.resend'
    value: number
  }

  export interface ItemRecordReferenceFieldEvent {
    field: '$.reference'
    value: string
  }

  export interface ItemRecordInboxKeyFieldEvent {
    field: '$.inboxKey'
    value: string
  }

  export interface ItemRecordFetchedAtFieldEvent {
    field: '$.fetchedAt'
    value: number
  }

  export interface ItemRecordPriorityFieldEvent {
    field: '$.priority'
    value: number
  }

  export function encode (obj: Partial<ItemRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, ItemRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ItemRecord>): ItemRecord {
    return decodeMessage(buf, ItemRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ItemRecord>): Generator<ItemRecordItemIdFieldEvent | ItemRecordDocIdFieldEvent | ItemRecordIsStatusFieldEvent | ItemRecordFromFieldEvent | ItemRecordToFieldEvent | ItemRecordPacketDigestFieldEvent | ItemRecordPacketSizeFieldEvent | ItemRecordWaybillFieldEvent | ItemRecordReceivedAtFieldEvent | ItemRecordUpdatedAtFieldEvent | ItemRecordMarkFieldEvent | ItemRecordFailuresFieldEvent | ItemRecordResendFieldEvent | ItemRecordReferenceFieldEvent | ItemRecordInboxKeyFieldEvent | ItemRecordFetchedAtFieldEvent | ItemRecordPriorityFieldEvent> {
    return streamMessage(buf, ItemRecord.codec(), opts)
  }
}

export interface StatusRecord {
  code: string
  description: string
  receivedAt: number
  from: string
  waybill: string
}

export namespace StatusRecord {
  let _codec: Codec<StatusRecord>

  export const codec = (): Codec<StatusRecord> => {
    if (_codec == null) {
      _codec = message<StatusRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(10)
          w.string(obj.code)
        }

        if ((obj.description != null && obj.description !== '')) {
          w.uint32(18)
          w.string(obj.description)
        }

        if ((obj.receivedAt != null && obj.receivedAt !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.receivedAt)
        }

        if ((obj.from != null && obj.from !== '')) {
          w.uint32(34)
          w.string(obj.from)
        }

        if ((obj.waybill != null && obj.waybill !== '')) {
          w.uint32(42)
          w.string(obj.waybill)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: '',
          description: '',
          receivedAt: 0,
          from: '',
          waybill: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.string()
              break
            }
            case 2: {
              obj.description = reader.string()
              break
            }
            case 3: {
              obj.receivedAt = reader.uint64Number()
              break
            }
            case 4: {
              obj.from = reader.string()
              break
            }
            case 5: {
              obj.waybill = reader.string()
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
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.description`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.receivedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.from`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.waybill`,
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

  export interface StatusRecordCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface StatusRecordDescriptionFieldEvent {
    field: '$.description'
    value: string
  }

  export interface StatusRecordReceivedAtFieldEvent {
    field: '$.receivedAt'
    value: number
  }

  export interface StatusRecordFromFieldEvent {
    field: '$.from'
    value: string
  }

  export interface StatusRecordWaybillFieldEvent {
    field: '$.waybill'
    value: string
  }

  export function encode (obj: Partial<StatusRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StatusRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusRecord>): StatusRecord {
    return decodeMessage(buf, StatusRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatusRecord>): Generator<StatusRecordCodeFieldEvent | StatusRecordDescriptionFieldEvent | StatusRecordReceivedAtFieldEvent | StatusRecordFromFieldEvent | StatusRecordWaybillFieldEvent> {
    return streamMessage(buf, StatusRecord.codec(), opts)
  }
}

export interface StatementRecord {
  generation: number
  sequence: number
  root: Uint8Array<ArrayBuffer>
  time: number
}

export namespace StatementRecord {
  let _codec: Codec<StatementRecord>

  export const codec = (): Codec<StatementRecord> => {
    if (_codec == null) {
      _codec = message<StatementRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.generation != null && obj.generation !== 0)) {
          w.uint32(8)
          w.uint32(obj.generation)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.sequence)
        }

        if ((obj.root != null && obj.root.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.root)
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.time)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          generation: 0,
          sequence: 0,
          root: uint8ArrayAlloc(0),
          time: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.generation = reader.uint32()
              break
            }
            case 2: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 3: {
              obj.root = reader.bytes()
              break
            }
            case 4: {
              obj.time = reader.uint64Number()
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
                field: `${prefix}.generation`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.root`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.time`,
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

  export interface StatementRecordGenerationFieldEvent {
    field: '$.generation'
    value: number
  }

  export interface StatementRecordSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface StatementRecordRootFieldEvent {
    field: '$.root'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StatementRecordTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export function encode (obj: Partial<StatementRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StatementRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatementRecord>): StatementRecord {
    return decodeMessage(buf, StatementRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StatementRecord>): Generator<StatementRecordGenerationFieldEvent | StatementRecordSequenceFieldEvent | StatementRecordRootFieldEvent | StatementRecordTimeFieldEvent> {
    return streamMessage(buf, StatementRecord.codec(), opts)
  }
}

export interface AuditRecord {
  time: number
  act: string
  subject: string
  detail: string
  previous: Uint8Array<ArrayBuffer>
}

export namespace AuditRecord {
  let _codec: Codec<AuditRecord>

  export const codec = (): Codec<AuditRecord> => {
    if (_codec == null) {
      _codec = message<AuditRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.time)
        }

        if ((obj.act != null && obj.act !== '')) {
          w.uint32(18)
          w.string(obj.act)
        }

        if ((obj.subject != null && obj.subject !== '')) {
          w.uint32(26)
          w.string(obj.subject)
        }

        if ((obj.detail != null && obj.detail !== '')) {
          w.uint32(34)
          w.string(obj.detail)
        }

        if ((obj.previous != null && obj.previous.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.previous)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          time: 0,
          act: '',
          subject: '',
          detail: '',
          previous: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.time = reader.uint64Number()
              break
            }
            case 2: {
              obj.act = reader.string()
              break
            }
            case 3: {
              obj.subject = reader.string()
              break
            }
            case 4: {
              obj.detail = reader.string()
              break
            }
            case 5: {
              obj.previous = reader.bytes()
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
                field: `${prefix}.time`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.act`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.subject`,
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
            case 5: {
              yield {
                field: `${prefix}.previous`,
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

  export interface AuditRecordTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export interface AuditRecordActFieldEvent {
    field: '$.act'
    value: string
  }

  export interface AuditRecordSubjectFieldEvent {
    field: '$.subject'
    value: string
  }

  export interface AuditRecordDetailFieldEvent {
    field: '$.detail'
    value: string
  }

  export interface AuditRecordPreviousFieldEvent {
    field: '$.previous'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<AuditRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AuditRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AuditRecord>): AuditRecord {
    return decodeMessage(buf, AuditRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AuditRecord>): Generator<AuditRecordTimeFieldEvent | AuditRecordActFieldEvent | AuditRecordSubjectFieldEvent | AuditRecordDetailFieldEvent | AuditRecordPreviousFieldEvent> {
    return streamMessage(buf, AuditRecord.codec(), opts)
  }
}

export interface DirectoryRecord {
  version: number
  issued: number
  expires: number
  size: number
  cms: Uint8Array<ArrayBuffer>
}

export namespace DirectoryRecord {
  let _codec: Codec<DirectoryRecord>

  export const codec = (): Codec<DirectoryRecord> => {
    if (_codec == null) {
      _codec = message<DirectoryRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.version)
        }

        if ((obj.issued != null && obj.issued !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.issued)
        }

        if ((obj.expires != null && obj.expires !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.expires)
        }

        if ((obj.size != null && obj.size !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.size)
        }

        if ((obj.cms != null && obj.cms.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.cms)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          issued: 0,
          expires: 0,
          size: 0,
          cms: uint8ArrayAlloc(0)
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
              obj.issued = reader.uint64Number()
              break
            }
            case 3: {
              obj.expires = reader.uint64Number()
              break
            }
            case 4: {
              obj.size = reader.uint64Number()
              break
            }
            case 5: {
              obj.cms = reader.bytes()
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
                field: `${prefix}.issued`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.expires`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.size`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.cms`,
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

  export interface DirectoryRecordVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface DirectoryRecordIssuedFieldEvent {
    field: '$.issued'
    value: number
  }

  export interface DirectoryRecordExpiresFieldEvent {
    field: '$.expires'
    value: number
  }

  export interface DirectoryRecordSizeFieldEvent {
    field: '$.size'
    value: number
  }

  export interface DirectoryRecordCmsFieldEvent {
    field: '$.cms'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<DirectoryRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DirectoryRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryRecord>): DirectoryRecord {
    return decodeMessage(buf, DirectoryRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryRecord>): Generator<DirectoryRecordVersionFieldEvent | DirectoryRecordIssuedFieldEvent | DirectoryRecordExpiresFieldEvent | DirectoryRecordSizeFieldEvent | DirectoryRecordCmsFieldEvent> {
    return streamMessage(buf, DirectoryRecord.codec(), opts)
  }
}

export enum AgencyRequestState {
  QUEUED = 'QUEUED',
  EXPORTED = 'EXPORTED',
  IN_FORCE = 'IN_FORCE',
  REFUSED = 'REFUSED',
  SUPERSEDED = 'SUPERSEDED'
}

enum __AgencyRequestStateValues {
  QUEUED = 0,
  EXPORTED = 1,
  IN_FORCE = 2,
  REFUSED = 3,
  SUPERSEDED = 4
}

export namespace AgencyRequestState {
  export const codec = (): Codec<AgencyRequestState> => {
    return enumeration<AgencyRequestState>(__AgencyRequestStateValues)
  }
}

export interface AgencyRequestRecord {
  requestId: string
  systemid: string
  isDeletion: boolean
  code: string
  parent: string
  name: string
  mail: string
  mobile: string
  fax: string
  createdAt: number
  updatedAt: number
  state: AgencyRequestState
  detail: string
  directoryVersion: number
}

export namespace AgencyRequestRecord {
  let _codec: Codec<AgencyRequestRecord>

  export const codec = (): Codec<AgencyRequestRecord> => {
    if (_codec == null) {
      _codec = message<AgencyRequestRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.requestId != null && obj.requestId !== '')) {
          w.uint32(10)
          w.string(obj.requestId)
        }

        if ((obj.systemid != null && obj.systemid !== '')) {
          w.uint32(18)
          w.string(obj.systemid)
        }

        if ((obj.isDeletion != null && obj.isDeletion !== false)) {
          w.uint32(24)
          w.bool(obj.isDeletion)
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(34)
          w.string(obj.code)
        }

        if ((obj.parent != null && obj.parent !== '')) {
          w.uint32(42)
          w.string(obj.parent)
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(50)
          w.string(obj.name)
        }

        if ((obj.mail != null && obj.mail !== '')) {
          w.uint32(58)
          w.string(obj.mail)
        }

        if ((obj.mobile != null && obj.mobile !== '')) {
          w.uint32(66)
          w.string(obj.mobile)
        }

        if ((obj.fax != null && obj.fax !== '')) {
          w.uint32(74)
          w.string(obj.fax)
        }

        if ((obj.createdAt != null && obj.createdAt !== 0)) {
          w.uint32(80)
          w.uint64Number(obj.createdAt)
        }

        if ((obj.updatedAt != null && obj.updatedAt !== 0)) {
          w.uint32(88)
          w.uint64Number(obj.updatedAt)
        }

        if (obj.state != null && __AgencyRequestStateValues[obj.state] !== 0) {
          w.uint32(96)
          AgencyRequestState.codec().encode(obj.state, w)
        }

        if ((obj.detail != null && obj.detail !== '')) {
          w.uint32(106)
          w.string(obj.detail)
        }

        if ((obj.directoryVersion != null && obj.directoryVersion !== 0)) {
          w.uint32(112)
          w.uint64Number(obj.directoryVersion)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          requestId: '',
          systemid: '',
          isDeletion: false,
          code: '',
          parent: '',
          name: '',
          mail: '',
          mobile: '',
          fax: '',
          createdAt: 0,
          updatedAt: 0,
          state: AgencyRequestState.QUEUED,
          detail: '',
          directoryVersion: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.requestId = reader.string()
              break
            }
            case 2: {
              obj.systemid = reader.string()
              break
            }
            case 3: {
              obj.isDeletion = reader.bool()
              break
            }
            case 4: {
              obj.code = reader.string()
              break
            }
            case 5: {
              obj.parent = reader.string()
              break
            }
            case 6: {
              obj.name = reader.string()
              break
            }
            case 7: {
              obj.mail = reader.string()
              break
            }
            case 8: {
              obj.mobile = reader.string()
              break
            }
            case 9: {
              obj.fax = reader.string()
              break
            }
            case 10: {
              obj.createdAt = reader.uint64Number()
              break
            }
            case 11: {
              obj.updatedAt = reader.uint64Number()
              break
            }
            case 12: {
              obj.state = AgencyRequestState.codec().decode(reader)
              break
            }
            case 13: {
              obj.detail = reader.string()
              break
            }
            case 14: {
              obj.directoryVersion = reader.uint64Number()
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
                field: `${prefix}.requestId`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.systemid`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.isDeletion`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.parent`,
                value: reader.string()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.mail`,
                value: reader.string()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.mobile`,
                value: reader.string()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.fax`,
                value: reader.string()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.createdAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.updatedAt`,
                value: reader.uint64Number()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.state`,
                value: AgencyRequestState.codec().decode(reader)
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.detail`,
                value: reader.string()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.directoryVersion`,
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

  export interface AgencyRequestRecordRequestIdFieldEvent {
    field: '$.requestId'
    value: string
  }

  export interface AgencyRequestRecordSystemidFieldEvent {
    field: '$.systemid'
    value: string
  }

  export interface AgencyRequestRecordIsDeletionFieldEvent {
    field: '$.isDeletion'
    value: boolean
  }

  export interface AgencyRequestRecordCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface AgencyRequestRecordParentFieldEvent {
    field: '$.parent'
    value: string
  }

  export interface AgencyRequestRecordNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface AgencyRequestRecordMailFieldEvent {
    field: '$.mail'
    value: string
  }

  export interface AgencyRequestRecordMobileFieldEvent {
    field: '$.mobile'
    value: string
  }

  export interface AgencyRequestRecordFaxFieldEvent {
    field: '$.fax'
    value: string
  }

  export interface AgencyRequestRecordCreatedAtFieldEvent {
    field: '$.createdAt'
    value: number
  }

  export interface AgencyRequestRecordUpdatedAtFieldEvent {
    field: '$.updatedAt'
    value: number
  }

  export interface AgencyRequestRecordStateFieldEvent {
    field: '$.state'
    value: AgencyRequestState
  }

  export interface AgencyRequestRecordDetailFieldEvent {
    field: '$.detail'
    value: string
  }

  export interface AgencyRequestRecordDirectoryVersionFieldEvent {
    field: '$.directoryVersion'
    value: number
  }

  export function encode (obj: Partial<AgencyRequestRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AgencyRequestRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AgencyRequestRecord>): AgencyRequestRecord {
    return decodeMessage(buf, AgencyRequestRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AgencyRequestRecord>): Generator<AgencyRequestRecordRequestIdFieldEvent | AgencyRequestRecordSystemidFieldEvent | AgencyRequestRecordIsDeletionFieldEvent | AgencyRequestRecordCodeFieldEvent | AgencyRequestRecordParentFieldEvent | AgencyRequestRecordNameFieldEvent | AgencyRequestRecordMailFieldEvent | AgencyRequestRecordMobileFieldEvent | AgencyRequestRecordFaxFieldEvent | AgencyRequestRecordCreatedAtFieldEvent | AgencyRequestRecordUpdatedAtFieldEvent | AgencyRequestRecordStateFieldEvent | AgencyRequestRecordDetailFieldEvent | AgencyRequestRecordDirectoryVersionFieldEvent> {
    return streamMessage(buf, AgencyRequestRecord.codec(), opts)
  }
}

export interface RecoveryRecord {
  reason: string
  sinceMs: number
  begunMs: number
  reopened: boolean
  evidence: string[]
  unlisted: boolean
}

export namespace RecoveryRecord {
  let _codec: Codec<RecoveryRecord>

  export const codec = (): Codec<RecoveryRecord> => {
    if (_codec == null) {
      _codec = message<RecoveryRecord>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.reason != null && obj.reason !== '')) {
          w.uint32(10)
          w.string(obj.reason)
        }

        if ((obj.sinceMs != null && obj.sinceMs !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.sinceMs)
        }

        if ((obj.begunMs != null && obj.begunMs !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.begunMs)
        }

        if ((obj.reopened != null && obj.reopened !== false)) {
          w.uint32(32)
          w.bool(obj.reopened)
        }

        if (obj.evidence != null && obj.evidence.length > 0) {
          for (const value of obj.evidence) {
            w.uint32(42)
            w.string(value)
          }
        }

        if ((obj.unlisted != null && obj.unlisted !== false)) {
          w.uint32(48)
          w.bool(obj.unlisted)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          reason: '',
          sinceMs: 0,
          begunMs: 0,
          reopened: false,
          evidence: [],
          unlisted: false
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
              obj.sinceMs = reader.uint64Number()
              break
            }
            case 3: {
              obj.begunMs = reader.uint64Number()
              break
            }
            case 4: {
              obj.reopened = reader.bool()
              break
            }
            case 5: {
              if (opts.limits?.evidence != null && obj.evidence.length === opts.limits.evidence) {
                throw new MaxLengthError('Decode error - repeated field "evidence" had too many elements')
              }

              obj.evidence.push(reader.string())
              break
            }
            case 6: {
              obj.unlisted = reader.bool()
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
          evidence: 0
        }

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
                field: `${prefix}.sinceMs`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.begunMs`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.reopened`,
                value: reader.bool()
              }
              break
            }
            case 5: {
              if (opts.limits?.evidence != null && obj.evidence === opts.limits.evidence) {
                throw new MaxLengthError('Streaming decode error - repeated field "evidence" had too many elements')
              }

              yield {
                field: `${prefix}.evidence[]`,
                index: obj.evidence,
                value: reader.string()
              }

              obj.evidence++

              break
            }
            case 6: {
              yield {
                field: `${prefix}.unlisted`,
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

  export interface RecoveryRecordReasonFieldEvent {
    field: '$.reason'
    value: string
  }

  export interface RecoveryRecordSinceMsFieldEvent {
    field: '$.sinceMs'
    value: number
  }

  export interface RecoveryRecordBegunMsFieldEvent {
    field: '$.begunMs'
    value: number
  }

  export interface RecoveryRecordReopenedFieldEvent {
    field: '$.reopened'
    value: boolean
  }

  export interface RecoveryRecordEvidenceFieldEvent {
    field: '$.evidence[]'
    index: number
    value: string
  }

  export interface RecoveryRecordUnlistedFieldEvent {
    field: '$.unlisted'
    value: boolean
  }

  export function encode (obj: Partial<RecoveryRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RecoveryRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RecoveryRecord>): RecoveryRecord {
    return decodeMessage(buf, RecoveryRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RecoveryRecord>): Generator<RecoveryRecordReasonFieldEvent | RecoveryRecordSinceMsFieldEvent | RecoveryRecordBegunMsFieldEvent | RecoveryRecordReopenedFieldEvent | RecoveryRecordEvidenceFieldEvent | RecoveryRecordUnlistedFieldEvent> {
    return streamMessage(buf, RecoveryRecord.codec(), opts)
  }
}

export interface QuestionRecord {
  sinceMs: number
  recovery: number
  answered: boolean
}

export namespace QuestionRecord {
  let _codec: Codec<QuestionRecord>

  export const codec = (): Codec<QuestionRecord> => {
    if (_codec == null) {
      _codec = message<QuestionRecord>((obj, w, opts = {}) => {
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

        if ((obj.answered != null && obj.answered !== false)) {
          w.uint32(24)
          w.bool(obj.answered)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          sinceMs: 0,
          recovery: 0,
          answered: false
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
              obj.answered = reader.bool()
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
                field: `${prefix}.answered`,
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

  export interface QuestionRecordSinceMsFieldEvent {
    field: '$.sinceMs'
    value: number
  }

  export interface QuestionRecordRecoveryFieldEvent {
    field: '$.recovery'
    value: number
  }

  export interface QuestionRecordAnsweredFieldEvent {
    field: '$.answered'
    value: boolean
  }

  export function encode (obj: Partial<QuestionRecord>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, QuestionRecord.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<QuestionRecord>): QuestionRecord {
    return decodeMessage(buf, QuestionRecord.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<QuestionRecord>): Generator<QuestionRecordSinceMsFieldEvent | QuestionRecordRecoveryFieldEvent | QuestionRecordAnsweredFieldEvent> {
    return streamMessage(buf, QuestionRecord.codec(), opts)
  }
}
