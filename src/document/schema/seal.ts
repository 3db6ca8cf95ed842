import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface RootStatement {
  version: number
  station: string
  generation: number
  sequence: number
  time: number
  treeSize: number
  root: Uint8Array<ArrayBuffer>
  previousRoot: Uint8Array<ArrayBuffer>
}

export namespace RootStatement {
  let _codec: Codec<RootStatement>

  export const codec = (): Codec<RootStatement> => {
    if (_codec == null) {
      _codec = message<RootStatement>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.station != null && obj.station !== '')) {
          w.uint32(18)
          w.string(obj.station)
        }

        if ((obj.generation != null && obj.generation !== 0)) {
          w.uint32(24)
          w.uint32(obj.generation)
        }

        if ((obj.sequence != null && obj.sequence !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.sequence)
        }

        if ((obj.time != null && obj.time !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.time)
        }

        if ((obj.treeSize != null && obj.treeSize !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.treeSize)
        }

        if ((obj.root != null && obj.root.byteLength > 0)) {
          w.uint32(58)
          w.bytes(obj.root)
        }

        if ((obj.previousRoot != null && obj.previousRoot.byteLength > 0)) {
          w.uint32(66)
          w.bytes(obj.previousRoot)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          station: '',
          generation: 0,
          sequence: 0,
          time: 0,
          treeSize: 0,
          root: uint8ArrayAlloc(0),
          previousRoot: uint8ArrayAlloc(0)
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
              obj.station = reader.string()
              break
            }
            case 3: {
              obj.generation = reader.uint32()
              break
            }
            case 4: {
              obj.sequence = reader.uint64Number()
              break
            }
            case 5: {
              obj.time = reader.uint64Number()
              break
            }
            case 6: {
              obj.treeSize = reader.uint64Number()
              break
            }
            case 7: {
              obj.root = reader.bytes()
              break
            }
            case 8: {
              obj.previousRoot = reader.bytes()
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
                value: reader.uint32()
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
                field: `${prefix}.generation`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.sequence`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.time`,
                value: reader.uint64Number()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.treeSize`,
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
            case 8: {
              yield {
                field: `${prefix}.previousRoot`,
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

  export interface RootStatementVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface RootStatementStationFieldEvent {
    field: '$.station'
    value: string
  }

  export interface RootStatementGenerationFieldEvent {
    field: '$.generation'
    value: number
  }

  export interface RootStatementSequenceFieldEvent {
    field: '$.sequence'
    value: number
  }

  export interface RootStatementTimeFieldEvent {
    field: '$.time'
    value: number
  }

  export interface RootStatementTreeSizeFieldEvent {
    field: '$.treeSize'
    value: number
  }

  export interface RootStatementRootFieldEvent {
    field: '$.root'
    value: Uint8Array<ArrayBuffer>
  }

  export interface RootStatementPreviousRootFieldEvent {
    field: '$.previousRoot'
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<RootStatement>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, RootStatement.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RootStatement>): RootStatement {
    return decodeMessage(buf, RootStatement.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<RootStatement>): Generator<RootStatementVersionFieldEvent | RootStatementStationFieldEvent | RootStatementGenerationFieldEvent | RootStatementSequenceFieldEvent | RootStatementTimeFieldEvent | RootStatementTreeSizeFieldEvent | RootStatementRootFieldEvent | RootStatementPreviousRootFieldEvent> {
    return streamMessage(buf, RootStatement.codec(), opts)
  }
}

export interface Seal {
  cms: Uint8Array<ArrayBuffer>
  leafIndex: number
  path: Uint8Array<ArrayBuffer>[]
}

export namespace Seal {
  let _codec: Codec<Seal>

  export const codec = (): Codec<Seal> => {
    if (_codec == null) {
      _codec = message<Seal>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.cms != null && obj.cms.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.cms)
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

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          cms: uint8ArrayAlloc(0),
          leafIndex: 0,
          path: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.cms = reader.bytes()
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

              if (obj.path.length === 40) {
                throw new MaxLengthError('Decode error - repeated field "path" had too many elements')
              }

              obj.path.push(reader.bytes())
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
          path: 40
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.cms`,
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

              if (obj.path === 40) {
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

  export interface SealCmsFieldEvent {
    field: '$.cms'
    value: Uint8Array<ArrayBuffer>
  }

  export interface SealLeafIndexFieldEvent {
    field: '$.leafIndex'
    value: number
  }

  export interface SealPathFieldEvent {
    field: '$.path[]'
    index: number
    value: Uint8Array<ArrayBuffer>
  }

  export function encode (obj: Partial<Seal>): Uint8Array<ArrayBuffer> {
    return encodeMessage(obj, Seal.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Seal>): Seal {
    return decodeMessage(buf, Seal.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Seal>): Generator<SealCmsFieldEvent | SealLeafIndexFieldEvent | SealPathFieldEvent> {
    return streamMessage(buf, Seal.codec(), opts)
  }
}
