import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface Window {
  from: number
  until: number
}

export namespace Window {
  let _codec: Codec<Window>

  export const codec = (): Codec<Window> => {
    if (_codec == null) {
      _codec = message<Window>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.from != null && obj.from !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.from)
        }

        if ((obj.until != null && obj.until !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.until)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          from: 0,
          until: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.from = reader.uint64Number()
              break
            }
            case 2: {
              obj.until = reader.uint64Number()
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
                field: `${prefix}.from`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.until`,
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

  export interface WindowFromFieldEvent {
    field: '$.from'
    value: number
  }

  export interface WindowUntilFieldEvent {
    field: '$.until'
    value: number
  }

  export function encode (obj: Partial<Window>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Window.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Window>): Window {
    return decodeMessage(buf, Window.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Window>): Generator<WindowFromFieldEvent | WindowUntilFieldEvent> {
    return streamMessage(buf, Window.codec(), opts)
  }
}

export interface PeerKey {
  peerId: string
  window?: Window
}

export namespace PeerKey {
  let _codec: Codec<PeerKey>

  export const codec = (): Codec<PeerKey> => {
    if (_codec == null) {
      _codec = message<PeerKey>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peerId != null && obj.peerId !== '')) {
          w.uint32(10)
          w.string(obj.peerId)
        }

        if (obj.window != null) {
          w.uint32(18)
          Window.codec().encode(obj.window, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peerId: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peerId = reader.string()
              break
            }
            case 2: {
              obj.window = Window.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.window
              })
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
                field: `${prefix}.peerId`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield * Window.codec().stream(reader, reader.uint32(), `${prefix}.window`, {
                limits: opts.limits?.window
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

  export interface PeerKeyPeerIdFieldEvent {
    field: '$.peerId'
    value: string
  }

  export interface PeerKeyWindowFromFieldEvent {
    field: '$.window.from'
    value: number
  }

  export interface PeerKeyWindowUntilFieldEvent {
    field: '$.window.until'
    value: number
  }

  export function encode (obj: Partial<PeerKey>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, PeerKey.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeerKey>): PeerKey {
    return decodeMessage(buf, PeerKey.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PeerKey>): Generator<PeerKeyPeerIdFieldEvent | PeerKeyWindowFromFieldEvent | PeerKeyWindowUntilFieldEvent> {
    return streamMessage(buf, PeerKey.codec(), opts)
  }
}

export interface StationCertificate {
  sha256: Uint8Array<ArrayBuffer>
  der: Uint8Array<ArrayBuffer>
  window?: Window
}

export namespace StationCertificate {
  let _codec: Codec<StationCertificate>

  export const codec = (): Codec<StationCertificate> => {
    if (_codec == null) {
      _codec = message<StationCertificate>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.sha256 != null && obj.sha256.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.sha256)
        }

        if ((obj.der != null && obj.der.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.der)
        }

        if (obj.window != null) {
          w.uint32(26)
          Window.codec().encode(obj.window, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          sha256: uint8ArrayAlloc(0),
          der: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.sha256 = reader.bytes()
              break
            }
            case 2: {
              obj.der = reader.bytes()
              break
            }
            case 3: {
              obj.window = Window.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.window
              })
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
                field: `${prefix}.sha256`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.der`,
                value: reader.bytes()
              }
              break
            }
            case 3: {
              yield * Window.codec().stream(reader, reader.uint32(), `${prefix}.window`, {
                limits: opts.limits?.window
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

  export interface StationCertificateSha256FieldEvent {
    field: '$.sha256'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StationCertificateDerFieldEvent {
    field: '$.der'
    value: Uint8Array<ArrayBuffer>
  }

  export interface StationCertificateWindowFromFieldEvent {
    field: '$.window.from'
    value: number
  }

  export interface StationCertificateWindowUntilFieldEvent {
    field: '$.window.until'
    value: number
  }

  export function encode (obj: Partial<StationCertificate>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StationCertificate.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StationCertificate>): StationCertificate {
    return decodeMessage(buf, StationCertificate.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StationCertificate>): Generator<StationCertificateSha256FieldEvent | StationCertificateDerFieldEvent | StationCertificateWindowFromFieldEvent | StationCertificateWindowUntilFieldEvent> {
    return streamMessage(buf, StationCertificate.codec(), opts)
  }
}

export interface StationEntry {
  id: string
  name: string
  generation: number
  peerKeys: PeerKey[]
  certificates: StationCertificate[]
  addresses: string[]
}

export namespace StationEntry {
  let _codec: Codec<StationEntry>

  export const codec = (): Codec<StationEntry> => {
    if (_codec == null) {
      _codec = message<StationEntry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== '')) {
          w.uint32(10)
          w.string(obj.id)
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(18)
          w.string(obj.name)
        }

        if ((obj.generation != null && obj.generation !== 0)) {
          w.uint32(24)
          w.uint32(obj.generation)
        }

        if (obj.peerKeys != null && obj.peerKeys.length > 0) {
          for (const value of obj.peerKeys) {
            w.uint32(34)
            PeerKey.codec().encode(value, w)
          }
        }

        if (obj.certificates != null && obj.certificates.length > 0) {
          for (const value of obj.certificates) {
            w.uint32(42)
            StationCertificate.codec().encode(value, w)
          }
        }

        if (obj.addresses != null && obj.addresses.length > 0) {
          for (const value of obj.addresses) {
            w.uint32(50)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: '',
          name: '',
          generation: 0,
          peerKeys: [],
          certificates: [],
          addresses: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.string()
              break
            }
            case 2: {
              obj.name = reader.string()
              break
            }
            case 3: {
              obj.generation = reader.uint32()
              break
            }
            case 4: {
              if (opts.limits?.peerKeys != null && obj.peerKeys.length === opts.limits.peerKeys) {
                throw new MaxLengthError('Decode error - repeated field "peerKeys" had too many elements')
              }

              if (obj.peerKeys.length === 16) {
                throw new MaxLengthError('Decode error - repeated field "peerKeys" had too many elements')
              }

              obj.peerKeys.push(PeerKey.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.peerKeys$
              }))
              break
            }
            case 5: {
              if (opts.limits?.certificates != null && obj.certificates.length === opts.limits.certificates) {
                throw new MaxLengthError('Decode error - repeated field "certificates" had too many elements')
              }

              if (obj.certificates.length === 16) {
                throw new MaxLengthError('Decode error - repeated field "certificates" had too many elements')
              }

              obj.certificates.push(StationCertificate.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.certificates$
              }))
              break
            }
            case 6: {
              if (opts.limits?.addresses != null && obj.addresses.length === opts.limits.addresses) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              if (obj.addresses.length === 16) {
                throw new MaxLengthError('Decode error - repeated field "addresses" had too many elements')
              }

              obj.addresses.push(reader.string())
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
          peerKeys: 16,
          certificates: 16,
          addresses: 16
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.generation`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              if (opts.limits?.peerKeys != null && obj.peerKeys === opts.limits.peerKeys) {
                throw new MaxLengthError('Streaming decode error - repeated field "peerKeys" had too many elements')
              }

              if (obj.peerKeys === 16) {
                throw new MaxLengthError('Streaming decode error - repeated field "peerKeys" had too many elements')
              }

              for (const evt of PeerKey.codec().stream(reader, reader.uint32(), `${prefix}.peerKeys[]`, {
                limits: opts.limits?.peerKeys$
              })) {
                yield {
                  ...evt,
                  index: obj.peerKeys
                }
              }

              obj.peerKeys++

              break
            }
            case 5: {
              if (opts.limits?.certificates != null && obj.certificates === opts.limits.certificates) {
                throw new MaxLengthError('Streaming decode error - repeated field "certificates" had too many elements')
              }

              if (obj.certificates === 16) {
                throw new MaxLengthError('Streaming decode error - repeated field "certificates" had too many elements')
              }

              for (const evt of StationCertificate.codec().stream(reader, reader.uint32(), `${prefix}.certificates[]`, {
                limits: opts.limits?.certificates$
              })) {
                yield {
                  ...evt,
                  index: obj.certificates
                }
              }

              obj.certificates++

              break
            }
            case 6: {
              if (opts.limits?.addresses != null && obj.addresses === opts.limits.addresses) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              if (obj.addresses === 16) {
                throw new MaxLengthError('Streaming decode error - repeated field "addresses" had too many elements')
              }

              yield {
                field: `${prefix}.addresses[]`,
                index: obj.addresses,
                value: reader.string()
              }

              obj.addresses++

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

  export interface StationEntryIdFieldEvent {
    field: '$.id'
    value: string
  }

  export interface StationEntryNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface StationEntryGenerationFieldEvent {
    field: '$.generation'
    value: number
  }

  export interface StationEntryPeerKeysPeerIdFieldEvent {
    field: '$.peerKeys[].peerId'
    value: string
    index: number
  }

  export interface StationEntryPeerKeysWindowFromFieldEvent {
    field: '$.peerKeys[].window.from'
    value: number
    index: number
  }

  export interface StationEntryPeerKeysWindowUntilFieldEvent {
    field: '$.peerKeys[].window.until'
    value: number
    index: number
  }

  export interface StationEntryCertificatesSha256FieldEvent {
    field: '$.certificates[].sha256'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StationEntryCertificatesDerFieldEvent {
    field: '$.certificates[].der'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StationEntryCertificatesWindowFromFieldEvent {
    field: '$.certificates[].window.from'
    value: number
    index: number
  }

  export interface StationEntryCertificatesWindowUntilFieldEvent {
    field: '$.certificates[].window.until'
    value: number
    index: number
  }

  export interface StationEntryAddressesFieldEvent {
    field: '$.addresses[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<StationEntry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StationEntry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StationEntry>): StationEntry {
    return decodeMessage(buf, StationEntry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StationEntry>): Generator<StationEntryIdFieldEvent | StationEntryNameFieldEvent | StationEntryGenerationFieldEvent | StationEntryPeerKeysPeerIdFieldEvent | StationEntryPeerKeysWindowFromFieldEvent | StationEntryPeerKeysWindowUntilFieldEvent | StationEntryCertificatesSha256FieldEvent | StationEntryCertificatesDerFieldEvent | StationEntryCertificatesWindowFromFieldEvent | StationEntryCertificatesWindowUntilFieldEvent | StationEntryAddressesFieldEvent> {
    return streamMessage(buf, StationEntry.codec(), opts)
  }
}

export interface AgencyEntry {
  code: string
  code102: string
  name: string
  mail: string
  parent: string
  station: string
  validity?: Window
  successor: string
  id: number
  pid: number
  level: number
  mobile: string
  fax: string
  modified: number
}

export namespace AgencyEntry {
  let _codec: Codec<AgencyEntry>

  export const codec = (): Codec<AgencyEntry> => {
    if (_codec == null) {
      _codec = message<AgencyEntry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(10)
          w.string(obj.code)
        }

        if ((obj.code102 != null && obj.code102 !== '')) {
          w.uint32(18)
          w.string(obj.code102)
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(26)
          w.string(obj.name)
        }

        if ((obj.mail != null && obj.mail !== '')) {
          w.uint32(34)
          w.string(obj.mail)
        }

        if ((obj.parent != null && obj.parent !== '')) {
          w.uint32(42)
          w.string(obj.parent)
        }

        if ((obj.station != null && obj.station !== '')) {
          w.uint32(50)
          w.string(obj.station)
        }

        if (obj.validity != null) {
          w.uint32(58)
          Window.codec().encode(obj.validity, w)
        }

        if ((obj.successor != null && obj.successor !== '')) {
          w.uint32(66)
          w.string(obj.successor)
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(72)
          w.uint64Number(obj.id)
        }

        if ((obj.pid != null && obj.pid !== 0)) {
          w.uint32(80)
          w.uint64Number(obj.pid)
        }

        if ((obj.level != null && obj.level !== 0)) {
          w.uint32(88)
          w.uint32(obj.level)
        }

        if ((obj.mobile != null && obj.mobile !== '')) {
          w.uint32(98)
          w.string(obj.mobile)
        }

        if ((obj.fax != null && obj.fax !== '')) {
          w.uint32(106)
          w.string(obj.fax)
        }

        if ((obj.modified != null && obj.modified !== 0)) {
          w.uint32(112)
          w.uint64Number(obj.modified)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: '',
          code102: '',
          name: '',
          mail: '',
          parent: '',
          station: '',
          successor: '',
          id: 0,
          pid: 0,
          level: 0,
          mobile: '',
          fax: '',
          modified: 0
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
              obj.code102 = reader.string()
              break
            }
            case 3: {
              obj.name = reader.string()
              break
            }
            case 4: {
              obj.mail = reader.string()
              break
            }
            case 5: {
              obj.parent = reader.string()
              break
            }
            case 6: {
              obj.station = reader.string()
              break
            }
            case 7: {
              obj.validity = Window.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.validity
              })
              break
            }
            case 8: {
              obj.successor = reader.string()
              break
            }
            case 9: {
              obj.id = reader.uint64Number()
              break
            }
            case 10: {
              obj.pid = reader.uint64Number()
              break
            }
            case 11: {
              obj.level = reader.uint32()
              break
            }
            case 12: {
              obj.mobile = reader.string()
              break
            }
            case 13: {
              obj.fax = reader.string()
              break
            }
            case 14: {
              obj.modified = reader.uint64Number()
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
                field: `${prefix}.code102`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.mail`,
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
                field: `${prefix}.station`,
                value: reader.string()
              }
              break
            }
            case 7: {
              yield * Window.codec().stream(reader, reader.uint32(), `${prefix}.validity`, {
                limits: opts.limits?.validity
              })

              break
            }
            case 8: {
              yield {
                field: `${prefix}.successor`,
                value: reader.string()
              }
              break
            }
            case 9: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint64Number()
              }
              break
            }
            case 10: {
              yield {
                field: `${prefix}.pid`,
                value: reader.uint64Number()
              }
              break
            }
            case 11: {
              yield {
                field: `${prefix}.level`,
                value: reader.uint32()
              }
              break
            }
            case 12: {
              yield {
                field: `${prefix}.mobile`,
                value: reader.string()
              }
              break
            }
            case 13: {
              yield {
                field: `${prefix}.fax`,
                value: reader.string()
              }
              break
            }
            case 14: {
              yield {
                field: `${prefix}.modified`,
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

  export interface AgencyEntryCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface AgencyEntryCode102FieldEvent {
    field: '$.code102'
    value: string
  }

  export interface AgencyEntryNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface AgencyEntryMailFieldEvent {
    field: '$.mail'
    value: string
  }

  export interface AgencyEntryParentFieldEvent {
    field: '$.parent'
    value: string
  }

  export interface AgencyEntryStationFieldEvent {
    field: '$.station'
    value: string
  }

  export interface AgencyEntryValidityFromFieldEvent {
    field: '$.validity.from'
    value: number
  }

  export interface AgencyEntryValidityUntilFieldEvent {
    field: '$.validity.until'
    value: number
  }

  export interface AgencyEntrySuccessorFieldEvent {
    field: '$.successor'
    value: string
  }

  export interface AgencyEntryIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface AgencyEntryPidFieldEvent {
    field: '$.pid'
    value: number
  }

  export interface AgencyEntryLevelFieldEvent {
    field: '$.level'
    value: number
  }

  export interface AgencyEntryMobileFieldEvent {
    field: '$.mobile'
    value: string
  }

  export interface AgencyEntryFaxFieldEvent {
    field: '$.fax'
    value: string
  }

  export interface AgencyEntryModifiedFieldEvent {
    field: '$.modified'
    value: number
  }

  export function encode (obj: Partial<AgencyEntry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, AgencyEntry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AgencyEntry>): AgencyEntry {
    return decodeMessage(buf, AgencyEntry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<AgencyEntry>): Generator<AgencyEntryCodeFieldEvent | AgencyEntryCode102FieldEvent | AgencyEntryNameFieldEvent | AgencyEntryMailFieldEvent | AgencyEntryParentFieldEvent | AgencyEntryStationFieldEvent | AgencyEntryValidityFromFieldEvent | AgencyEntryValidityUntilFieldEvent | AgencyEntrySuccessorFieldEvent | AgencyEntryIdFieldEvent | AgencyEntryPidFieldEvent | AgencyEntryLevelFieldEvent | AgencyEntryMobileFieldEvent | AgencyEntryFaxFieldEvent | AgencyEntryModifiedFieldEvent> {
    return streamMessage(buf, AgencyEntry.codec(), opts)
  }
}

export interface DirectoryEntry {
  station?: StationEntry
  agency?: AgencyEntry
}

export namespace DirectoryEntry {
  let _codec: Codec<DirectoryEntry>

  export const codec = (): Codec<DirectoryEntry> => {
    if (_codec == null) {
      _codec = message<DirectoryEntry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        obj = { ...obj }

        if (obj.agency != null) {
          obj.station = undefined
        }

        if (obj.station != null) {
          obj.agency = undefined
        }

        if (obj.station != null) {
          w.uint32(10)
          StationEntry.codec().encode(obj.station, w)
        }

        if (obj.agency != null) {
          w.uint32(18)
          AgencyEntry.codec().encode(obj.agency, w)
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
              obj.station = StationEntry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.station
              })
              break
            }
            case 2: {
              obj.agency = AgencyEntry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.agency
              })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        if (obj.agency != null) {
          delete obj.station
        }

        if (obj.station != null) {
          delete obj.agency
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield * StationEntry.codec().stream(reader, reader.uint32(), `${prefix}.station`, {
                limits: opts.limits?.station
              })

              break
            }
            case 2: {
              yield * AgencyEntry.codec().stream(reader, reader.uint32(), `${prefix}.agency`, {
                limits: opts.limits?.agency
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

  export interface DirectoryEntryStationIdFieldEvent {
    field: '$.station.id'
    value: string
  }

  export interface DirectoryEntryStationNameFieldEvent {
    field: '$.station.name'
    value: string
  }

  export interface DirectoryEntryStationGenerationFieldEvent {
    field: '$.station.generation'
    value: number
  }

  export interface DirectoryEntryStationPeerKeysPeerIdFieldEvent {
    field: '$.station.peerKeys[].peerId'
    value: string
    index: number
  }

  export interface DirectoryEntryStationPeerKeysWindowFromFieldEvent {
    field: '$.station.peerKeys[].window.from'
    value: number
    index: number
  }

  export interface DirectoryEntryStationPeerKeysWindowUntilFieldEvent {
    field: '$.station.peerKeys[].window.until'
    value: number
    index: number
  }

  export interface DirectoryEntryStationCertificatesSha256FieldEvent {
    field: '$.station.certificates[].sha256'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface DirectoryEntryStationCertificatesDerFieldEvent {
    field: '$.station.certificates[].der'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface DirectoryEntryStationCertificatesWindowFromFieldEvent {
    field: '$.station.certificates[].window.from'
    value: number
    index: number
  }

  export interface DirectoryEntryStationCertificatesWindowUntilFieldEvent {
    field: '$.station.certificates[].window.until'
    value: number
    index: number
  }

  export interface DirectoryEntryStationAddressesFieldEvent {
    field: '$.station.addresses[]'
    index: number
    value: string
  }

  export interface DirectoryEntryAgencyCodeFieldEvent {
    field: '$.agency.code'
    value: string
  }

  export interface DirectoryEntryAgencyCode102FieldEvent {
    field: '$.agency.code102'
    value: string
  }

  export interface DirectoryEntryAgencyNameFieldEvent {
    field: '$.agency.name'
    value: string
  }

  export interface DirectoryEntryAgencyMailFieldEvent {
    field: '$.agency.mail'
    value: string
  }

  export interface DirectoryEntryAgencyParentFieldEvent {
    field: '$.agency.parent'
    value: string
  }

  export interface DirectoryEntryAgencyStationFieldEvent {
    field: '$.agency.station'
    value: string
  }

  export interface DirectoryEntryAgencyValidityFromFieldEvent {
    field: '$.agency.validity.from'
    value: number
  }

  export interface DirectoryEntryAgencyValidityUntilFieldEvent {
    field: '$.agency.validity.until'
    value: number
  }

  export interface DirectoryEntryAgencySuccessorFieldEvent {
    field: '$.agency.successor'
    value: string
  }

  export interface DirectoryEntryAgencyIdFieldEvent {
    field: '$.agency.id'
    value: number
  }

  export interface DirectoryEntryAgencyPidFieldEvent {
    field: '$.agency.pid'
    value: number
  }

  export interface DirectoryEntryAgencyLevelFieldEvent {
    field: '$.agency.level'
    value: number
  }

  export interface DirectoryEntryAgencyMobileFieldEvent {
    field: '$.agency.mobile'
    value: string
  }

  export interface DirectoryEntryAgencyFaxFieldEvent {
    field: '$.agency.fax'
    value: string
  }

  export interface DirectoryEntryAgencyModifiedFieldEvent {
    field: '$.agency.modified'
    value: number
  }

  export function encode (obj: Partial<DirectoryEntry>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DirectoryEntry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryEntry>): DirectoryEntry {
    return decodeMessage(buf, DirectoryEntry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryEntry>): Generator<DirectoryEntryStationIdFieldEvent | DirectoryEntryStationNameFieldEvent | DirectoryEntryStationGenerationFieldEvent | DirectoryEntryStationPeerKeysPeerIdFieldEvent | DirectoryEntryStationPeerKeysWindowFromFieldEvent | DirectoryEntryStationPeerKeysWindowUntilFieldEvent | DirectoryEntryStationCertificatesSha256FieldEvent | DirectoryEntryStationCertificatesDerFieldEvent | DirectoryEntryStationCertificatesWindowFromFieldEvent | DirectoryEntryStationCertificatesWindowUntilFieldEvent | DirectoryEntryStationAddressesFieldEvent | DirectoryEntryAgencyCodeFieldEvent | DirectoryEntryAgencyCode102FieldEvent | DirectoryEntryAgencyNameFieldEvent | DirectoryEntryAgencyMailFieldEvent | DirectoryEntryAgencyParentFieldEvent | DirectoryEntryAgencyStationFieldEvent | DirectoryEntryAgencyValidityFromFieldEvent | DirectoryEntryAgencyValidityUntilFieldEvent | DirectoryEntryAgencySuccessorFieldEvent | DirectoryEntryAgencyIdFieldEvent | DirectoryEntryAgencyPidFieldEvent | DirectoryEntryAgencyLevelFieldEvent | DirectoryEntryAgencyMobileFieldEvent | DirectoryEntryAgencyFaxFieldEvent | DirectoryEntryAgencyModifiedFieldEvent> {
    return streamMessage(buf, DirectoryEntry.codec(), opts)
  }
}

export interface DirectoryStatement {
  format: number
  version: number
  issued: number
  expires: number
  entries: number
  bodySize: number
  root: Uint8Array<ArrayBuffer>
}

export namespace DirectoryStatement {
  let _codec: Codec<DirectoryStatement>

  export const codec = (): Codec<DirectoryStatement> => {
    if (_codec == null) {
      _codec = message<DirectoryStatement>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.format != null && obj.format !== 0)) {
          w.uint32(8)
          w.uint32(obj.format)
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.version)
        }

        if ((obj.issued != null && obj.issued !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.issued)
        }

        if ((obj.expires != null && obj.expires !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.expires)
        }

        if ((obj.entries != null && obj.entries !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.entries)
        }

        if ((obj.bodySize != null && obj.bodySize !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.bodySize)
        }

        if ((obj.root != null && obj.root.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.root)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          format: 0,
          version: 0,
          issued: 0,
          expires: 0,
          entries: 0,
          bodySize: 0,
          root: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.format = reader.uint32()
              break
            }
            case 2: {
              obj.version = reader.uint64Number()
              break
            }
            case 3: {
              obj.issued = reader.uint64Number()
              break
            }
            case 4: {
              obj.expires = reader.uint64Number()
              break
            }
            case 5: {
              obj.entries = reader.uint64Number()
              break
            }
            case 6: {
              obj.bodySize = reader.uint64Number()
              break
            }
            case 7: {
              obj.root = reader.bytes()
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
                field: `${prefix}.format`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.issued`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.expires`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.entries`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.bodySize`,
                value: reader.uint64Number()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.root`,
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

  export interface DirectoryStatementFormatFieldEvent {
    field: '$.format'
    value: number
  }

  export interface DirectoryStatementVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface DirectoryStatementIssuedFieldEvent {
    field: '$.issued'
    value: number
  }

  export interface DirectoryStatementExpiresFieldEvent {
    field: '$.expires'
    value: number
  }

  export interface DirectoryStatementEntriesFieldEvent {
    field: '$.entries'
    value: number
  }

  export interface DirectoryStatementBodySizeFieldEvent {
    field: '$.bodySize'
    value: number
  }

  export interface DirectoryStatementRootFieldEvent {
    field: '$.root'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<DirectoryStatement>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, DirectoryStatement.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryStatement>): DirectoryStatement {
    return decodeMessage(buf, DirectoryStatement.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<DirectoryStatement>): Generator<DirectoryStatementFormatFieldEvent | DirectoryStatementVersionFieldEvent | DirectoryStatementIssuedFieldEvent | DirectoryStatementExpiresFieldEvent | DirectoryStatementEntriesFieldEvent | DirectoryStatementBodySizeFieldEvent | DirectoryStatementRootFieldEvent> {
    return streamMessage(buf, DirectoryStatement.codec(), opts)
  }
}

export interface StationDescriptor {
  format: number
  created: number
  station?: StationEntry
  agencies: string[]
}

export namespace StationDescriptor {
  let _codec: Codec<StationDescriptor>

  export const codec = (): Codec<StationDescriptor> => {
    if (_codec == null) {
      _codec = message<StationDescriptor>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.format != null && obj.format !== 0)) {
          w.uint32(8)
          w.uint32(obj.format)
        }

        if ((obj.created != null && obj.created !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.created)
        }

        if (obj.station != null) {
          w.uint32(26)
          StationEntry.codec().encode(obj.station, w)
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
          format: 0,
          created: 0,
          agencies: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.format = reader.uint32()
              break
            }
            case 2: {
              obj.created = reader.uint64Number()
              break
            }
            case 3: {
              obj.station = StationEntry.codec().decode(reader, reader.uint32(), {
                limits: opts.limits?.station
              })
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
                field: `${prefix}.format`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.created`,
                value: reader.uint64Number()
              }
              break
            }
            case 3: {
              yield * StationEntry.codec().stream(reader, reader.uint32(), `${prefix}.station`, {
                limits: opts.limits?.station
              })

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

  export interface StationDescriptorFormatFieldEvent {
    field: '$.format'
    value: number
  }

  export interface StationDescriptorCreatedFieldEvent {
    field: '$.created'
    value: number
  }

  export interface StationDescriptorStationIdFieldEvent {
    field: '$.station.id'
    value: string
  }

  export interface StationDescriptorStationNameFieldEvent {
    field: '$.station.name'
    value: string
  }

  export interface StationDescriptorStationGenerationFieldEvent {
    field: '$.station.generation'
    value: number
  }

  export interface StationDescriptorStationPeerKeysPeerIdFieldEvent {
    field: '$.station.peerKeys[].peerId'
    value: string
    index: number
  }

  export interface StationDescriptorStationPeerKeysWindowFromFieldEvent {
    field: '$.station.peerKeys[].window.from'
    value: number
    index: number
  }

  export interface StationDescriptorStationPeerKeysWindowUntilFieldEvent {
    field: '$.station.peerKeys[].window.until'
    value: number
    index: number
  }

  export interface StationDescriptorStationCertificatesSha256FieldEvent {
    field: '$.station.certificates[].sha256'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StationDescriptorStationCertificatesDerFieldEvent {
    field: '$.station.certificates[].der'
    value: Uint8Array<ArrayBuffer>
    index: number
  }

  export interface StationDescriptorStationCertificatesWindowFromFieldEvent {
    field: '$.station.certificates[].window.from'
    value: number
    index: number
  }

  export interface StationDescriptorStationCertificatesWindowUntilFieldEvent {
    field: '$.station.certificates[].window.until'
    value: number
    index: number
  }

  export interface StationDescriptorStationAddressesFieldEvent {
    field: '$.station.addresses[]'
    index: number
    value: string
  }

  export interface StationDescriptorAgenciesFieldEvent {
    field: '$.agencies[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<StationDescriptor>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, StationDescriptor.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StationDescriptor>): StationDescriptor {
    return decodeMessage(buf, StationDescriptor.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StationDescriptor>): Generator<StationDescriptorFormatFieldEvent | StationDescriptorCreatedFieldEvent | StationDescriptorStationIdFieldEvent | StationDescriptorStationNameFieldEvent | StationDescriptorStationGenerationFieldEvent | StationDescriptorStationPeerKeysPeerIdFieldEvent | StationDescriptorStationPeerKeysWindowFromFieldEvent | StationDescriptorStationPeerKeysWindowUntilFieldEvent | StationDescriptorStationCertificatesSha256FieldEvent | StationDescriptorStationCertificatesDerFieldEvent | StationDescriptorStationCertificatesWindowFromFieldEvent | StationDescriptorStationCertificatesWindowUntilFieldEvent | StationDescriptorStationAddressesFieldEvent | StationDescriptorAgenciesFieldEvent> {
    return streamMessage(buf, StationDescriptor.codec(), opts)
  }
}
