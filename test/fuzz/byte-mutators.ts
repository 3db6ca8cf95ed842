// Ways to spoil bytes without knowing what they are. Those that know a format: format-mutators.ts; who draws: fuzz-run.ts.
import { drawOne } from '../fixtures/random.ts'

/** A changed copy of `input`. `other` is another seed of the same target. */
export type Mutator = (input: Buffer, random: () => number, other: Buffer) => Buffer

/** Inputs grow no longer than this by mutation, so that a run stays short. */
const maxInputBytes = 512 * 1024

export const below = (random: () => number, end: number): number => Math.floor(random() * end)

/** `input` with `removed` bytes at `at` replaced. */
export function spliced(input: Buffer, at: number, removed: number, inserted: Uint8Array): Buffer {
  return Buffer.concat([input.subarray(0, at), inserted, input.subarray(at + removed)]).subarray(0, maxInputBytes)
}

const interestingBytes = [0, 1, 0x7f, 0x80, 0x81, 0x84, 0x88, 0xa0, 0xc0, 0xed, 0xf5, 0xfe, 0xff, 0x20, 0x30, 0x31]
const interestingNumbers = [
  0, 1, 2, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000, 0x7fffffff, 0x80000000, 0xffffffff,
]
/** Overlong, surrogate, beyond U+10FFFF, cut short, a lone continuation; then text that upsets what handles text. */
const awkwardTexts = [
  ...['c080', 'eda080', 'f4908080', 'f8888080', 'e1bb', '80', 'fffe', 'efbbbf', '00'].map((hex) =>
    Buffer.from(hex, 'hex'),
  ),
  ...['\u202e', '\ufdfa', 'ệ', 'e\u0323\u0302', '\u2028', '𝒳', '__proto__', 'constructor'].map((text) =>
    Buffer.from(text),
  ),
  ...['-1', '1e999', '99999999999999999999', '0x10', 'NaN', 'null', '\r\n', '../', '%00'].map((text) =>
    Buffer.from(text),
  ),
]

/** Bytes of any format. */
export const byteMutators: readonly Mutator[] = [
  function flipBit(input, random) {
    const copy = Buffer.from(input)
    const at = below(random, copy.length)
    copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8))
    return copy
  },
  function setByte(input, random) {
    const copy = Buffer.from(input)
    if (copy.length > 0) copy[below(random, copy.length)] = drawOne(random, interestingBytes)
    return copy
  },
  function addToByte(input, random) {
    const copy = Buffer.from(input)
    const at = below(random, copy.length)
    copy[at] = ((copy[at] ?? 0) + below(random, 9) - 4) & 0xff
    return copy
  },
  function setNumber(input, random) {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(drawOne(random, interestingNumbers))
    const wide = drawOne(random, [1, 2, 3, 4])
    const number = random() < 0.5 ? bytes.subarray(4 - wide) : Buffer.from(bytes.subarray(4 - wide)).reverse()
    return spliced(input, below(random, input.length), wide, number)
  },
  function truncate(input, random) {
    return input.subarray(0, below(random, input.length))
  },
  function cutOut(input, random) {
    return spliced(
      input,
      below(random, input.length),
      1 + below(random, random() < 0.5 ? 4 : input.length),
      Buffer.alloc(0),
    )
  },
  function repeat(input, random) {
    const at = below(random, input.length)
    const piece = input.subarray(at, at + 1 + below(random, random() < 0.7 ? 40 : input.length))
    const times = random() < 0.9 ? 1 : 1 + below(random, 400)
    return spliced(input, at, 0, Buffer.concat(Array.from({ length: times }, () => piece)).subarray(0, maxInputBytes))
  },
  function copyElsewhere(input, random) {
    const from = below(random, input.length)
    const piece = input.subarray(from, from + 1 + below(random, 60))
    const at = below(random, input.length)
    return spliced(input, at, random() < 0.5 ? piece.length : 0, piece)
  },
  function append(input, random) {
    const more = Buffer.from(Array.from({ length: 1 + below(random, 20) }, () => below(random, 256)))
    return random() < 0.5 ? Buffer.concat([input, more]) : spliced(input, below(random, input.length), 0, more)
  },
  function spliceOther(input, random, other) {
    return Buffer.concat([
      input.subarray(0, below(random, input.length + 1)),
      other.subarray(below(random, other.length + 1)),
    ]).subarray(0, maxInputBytes)
  },
  function insertAwkward(input, random) {
    return spliced(input, below(random, input.length), below(random, 3), drawOne(random, awkwardTexts))
  },
]
