import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { encodeDataFrame } from '../../../../src/equipment/link/data-frame.ts'
import { FrameParser, framesOf, type Lane } from '../../../../src/equipment/link/frames.ts'
import { maxDataBytes, maxFrameBytes, maxMessageBytes } from '../../../../src/equipment/link/peer-link.ts'
import { LinkMessage } from '../../../../src/equipment/link/schema/messages.ts'

interface Seen {
  lane: Lane
  message: Buffer
}

function parser(): { push(chunk: Uint8Array): void; seen: Seen[]; counted(): number; close(): void } {
  const seen: Seen[] = []
  let wireBytes = 0
  let open = true
  const frameParser = new FrameParser('peer', {
    onMessage: (lane, message, bytes) => {
      seen.push({ lane, message: Buffer.from(message) })
      wireBytes += bytes
    },
    onPiece: (bytes) => {
      wireBytes += bytes
    },
    isOpen: () => open,
  })
  return {
    push: (chunk) => frameParser.push(chunk),
    seen,
    counted: () => wireBytes,
    close: () => {
      open = false
    },
  }
}

const codeOf = (run: () => void): string | undefined => {
  try {
    run()
  } catch (error) {
    if (error instanceof TramError) return error.code
    throw error
  }
  return undefined
}

const message = fc.oneof(
  fc.record({ lane: fc.constant<Lane>('control'), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({ lane: fc.constantFrom<Lane>('urgent', 'bulk'), bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
)

describe('frames', () => {
  it('come out as they went in, however the stream is cut', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), fc.array(fc.integer({ min: 1, max: 97 })), (messages, cuts) => {
        const stream = Buffer.concat(messages.flatMap(({ lane, bytes }) => framesOf(lane, bytes)))
        const sink = parser()
        let at = 0
        for (const cut of cuts) {
          sink.push(stream.subarray(at, at + cut))
          at = Math.min(stream.length, at + cut)
        }
        sink.push(stream.subarray(at))
        expect(sink.seen).toEqual(messages.map(({ lane, bytes }) => ({ lane, message: Buffer.from(bytes) })))
        expect(sink.counted()).toBe(stream.length)
      }),
    )
  })

  it('split a control message at 64 KiB, and data may go in between', () => {
    const large = Buffer.alloc(600_000, 'x')
    const pieces = framesOf('control', large)
    expect(pieces.map((frame) => frame.length - 4)).toEqual([
      ...Array(9).fill(maxFrameBytes),
      600_000 - 9 * maxFrameBytes,
    ])
    const urgent = framesOf('urgent', Buffer.from('now'))
    const sink = parser()
    sink.push(Buffer.concat(pieces.flatMap((piece) => [...urgent, piece])))
    expect(sink.seen.map(({ lane }) => lane)).toEqual([...Array(10).fill('urgent'), 'control'])
    expect(sink.seen.at(-1)?.message.equals(large)).toBe(true)
  })

  it('carry the largest message and refuse to write a larger one', () => {
    const sink = parser()
    for (const frame of framesOf('control', Buffer.alloc(maxMessageBytes, 1))) sink.push(frame)
    expect(sink.seen[0]?.message.length).toBe(maxMessageBytes)
    expect(() => framesOf('control', Buffer.alloc(maxMessageBytes + 1))).toThrow(RangeError)
    expect(() => framesOf('bulk', Buffer.alloc(maxFrameBytes + 1))).toThrow(RangeError)
    expect(() => framesOf('control', Buffer.alloc(0))).toThrow(RangeError)
  })

  const lies: [string, number[]][] = [
    ['a lane 3', [3 << 1, 0, 0, 1]],
    ['a reserved bit', [0x80, 0, 0, 1]],
    ['data in several frames', [(2 << 1) | 1, 1, 0, 0]],
    ['an empty frame', [0, 0, 0, 0]],
    ['a length of 65,537', [0, 1, 0, 1]],
    ['the largest length', [0, 0xff, 0xff, 0xff]],
    ['a short piece', [1, 0, 0, 10]],
  ]
  it.each(lies)('refuse %s before anything of it is kept', (_name, header) => {
    expect(codeOf(() => parser().push(Uint8Array.from(header)))).toBe('LINK_PROTOCOL_VIOLATION')
  })

  it('refuse a message that grows beyond the bound', () => {
    const sink = parser()
    const piece = Buffer.concat([Uint8Array.from([1, 1, 0, 0]), Buffer.alloc(maxFrameBytes)])
    for (let count = 0; count < maxMessageBytes / maxFrameBytes; count += 1) sink.push(piece)
    expect(codeOf(() => sink.push(piece))).toBe('LINK_PROTOCOL_VIOLATION')
    expect(sink.seen).toEqual([])
  })

  it('never throw anything but a violation on garbage, in any chunks', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 200 })), (chunks) => {
        const sink = parser()
        const code = codeOf(() => {
          for (const chunk of chunks) sink.push(chunk)
        })
        expect([undefined, 'LINK_PROTOCOL_VIOLATION']).toContain(code)
      }),
    )
  })

  it('tell nothing more to a sink that closed', () => {
    const sink = parser()
    sink.close()
    sink.push(framesOf('control', Buffer.from('late'))[0] ?? Buffer.alloc(0))
    expect(sink.seen).toEqual([])
  })
})

describe('data frames', () => {
  it('are what the generated encoder writes', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('urgent' as const, 'bulk' as const),
        fc.nat({ max: 0xffff_ffff }),
        fc.oneof(fc.constant(0), fc.maxSafeNat()),
        fc.uint8Array({ minLength: 1, maxLength: 400 }),
        (lane, transfer, offset, bytes) => {
          const copy = new Uint8Array(bytes)
          const [expected] = framesOf(lane, LinkMessage.encode({ data: { transfer, offset, bytes: copy } }))
          expect(Buffer.compare(encodeDataFrame(lane, transfer, offset, bytes), expected ?? Buffer.alloc(0))).toBe(0)
        },
      ),
    )
  })

  it('fit a frame at the largest size and with the largest numbers', () => {
    const frame = encodeDataFrame('bulk', 0xffff_ffff, Number.MAX_SAFE_INTEGER, new Uint8Array(maxDataBytes))
    const sink = parser()
    sink.push(frame)
    const { data } = LinkMessage.decode(sink.seen[0]?.message ?? Buffer.alloc(0))
    expect([data?.transfer, data?.offset, data?.bytes.length]).toEqual([
      0xffff_ffff,
      Number.MAX_SAFE_INTEGER,
      maxDataBytes,
    ])
  })

  it.each([
    [-1, 0, 1],
    [2 ** 32, 0, 1],
    [0, -1, 1],
    [0, 0.5, 1],
    [0, 0, 0],
    [0, 0, maxDataBytes + 1],
  ])('refuse transfer %d, offset %d, %d bytes', (transfer, offset, length) => {
    expect(() => encodeDataFrame('bulk', transfer, offset, new Uint8Array(length))).toThrow(RangeError)
  })
})
