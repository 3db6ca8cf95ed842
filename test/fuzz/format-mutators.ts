// Ways to spoil bytes that know their format: DER, protobuf, XML, JSON and TOML text, zip, and inputs of several parts.
// They find places by looking, since what they are given may be spoilt already. Beside byte-mutators.ts.
import { drawOne } from '../fixtures/random.ts'
import { below, byteMutators, type Mutator, spliced } from './byte-mutators.ts'

interface Place {
  /** Of the first byte. */
  at: number
  /** Of the content. */
  contentAt: number
  end: number
}

/** The elements of DER as far as they can be read, nested ones behind theirs; strings are looked into as well. */
function derPlaces(input: Buffer, from = 0, until = input.length, depth = 0): Place[] {
  const places: Place[] = []
  for (let at = from; at + 2 <= until && places.length < 400; ) {
    const first = input[at + 1] ?? 0
    const more = first >= 0x80 ? first & 0x7f : 0
    if (more > 3 || at + 2 + more > until) break
    const length = more === 0 ? first : input.readUIntBE(at + 2, more)
    const contentAt = at + 2 + more
    if (contentAt + length > until) break
    places.push({ at, contentAt, end: contentAt + length })
    const tag = input[at] ?? 0
    if (((tag & 0x20) !== 0 || tag === 4) && depth < 16) {
      places.push(...derPlaces(input, contentAt, contentAt + length, depth + 1))
    }
    at = contentAt + length
  }
  return places
}

function derLength(length: number, extraBytes = 0): Buffer {
  if (length < 0x80 && extraBytes === 0) return Buffer.from([length])
  const wide = Math.max(1, Math.ceil(length.toString(16).length / 2)) + extraBytes
  const bytes = Buffer.alloc(1 + wide)
  bytes[0] = 0x80 | wide
  bytes.writeUIntBE(length, Math.max(1, 1 + wide - 6), Math.min(6, wide))
  return bytes
}

/** Replaces an element, and mends the lengths of all that it stands in. */
function derReplaced(input: Buffer, places: readonly Place[], { at, end }: Place, by: Uint8Array): Buffer {
  let result = spliced(input, at, end - at, by)
  let growth = by.length - (end - at)
  const around = places.filter((place) => place.contentAt <= at && place.end >= end && place.at !== at)
  for (const outer of around.toReversed()) {
    const length = derLength(outer.end - outer.contentAt + growth)
    result = spliced(result, outer.at + 1, outer.contentAt - outer.at - 1, length)
    growth += length.length - (outer.contentAt - outer.at - 1)
  }
  return result
}

const derOf =
  (change: (element: Buffer, random: () => number, other: Buffer, header: number) => Uint8Array): Mutator =>
  (input, random, other) => {
    const places = derPlaces(input)
    if (places.length === 0) return input
    const place = drawOne(random, places)
    const element = Buffer.from(input.subarray(place.at, place.end))
    const changed = change(element, random, other, place.contentAt - place.at)
    // Sometimes the lengths around it are left as lies.
    return random() < 0.85
      ? derReplaced(input, places, place, changed)
      : spliced(input, place.at, place.end - place.at, changed)
  }

const derTags = [
  1, 2, 3, 4, 5, 6, 0x0c, 0x13, 0x16, 0x17, 0x18, 0x1e, 0x30, 0x31, 0x80, 0x81, 0xa0, 0xa1, 0xa3, 0x1f, 0x24,
]

export const derMutators: readonly Mutator[] = [
  derOf((element, random) => {
    element[0] = drawOne(random, derTags)
    return element
  }),
  derOf((element, _random, _other, header) => {
    // The same length, spelt longer.
    const length = element.length - header
    return Buffer.concat([element.subarray(0, 1), derLength(length, 1), element.subarray(header)])
  }),
  derOf((element, random, _other, header) => {
    const lie = drawOne(random, [0, 1, 0x7f, 0x80, 0xffff, 0xffffff, 0x7fffffff, element.length + 1])
    return Buffer.concat([element.subarray(0, 1), derLength(lie), element.subarray(header)])
  }),
  // Indefinite length, which is BER.
  derOf((element, _random, _other, header) =>
    Buffer.concat([element.subarray(0, 1), Buffer.from([0x80]), element.subarray(header), Buffer.alloc(2)]),
  ),
  derOf((element) => Buffer.concat([element, element])),
  derOf(() => Buffer.alloc(0)),
  derOf((element, random, other) => {
    const places = derPlaces(other)
    if (places.length === 0) return element
    const { at, end } = drawOne(random, places)
    return other.subarray(at, end)
  }),
  derOf((element, random, _other, header) => {
    const content = drawOne(random, byteMutators)(element.subarray(header), random, Buffer.alloc(0))
    return Buffer.concat([element.subarray(0, 1), derLength(content.length), content])
  }),
  derOf((element, random) => {
    let nested = element
    for (let depth = drawOne(random, [1, 5, 30, 300]); depth > 0; depth--)
      nested = Buffer.concat([Buffer.from([0x30]), derLength(nested.length), nested])
    return nested
  }),
  // The other of the two values that verify for an ECDSA signature: s and n - s, on P-256.
  derOf((element, _random, _other, header) => {
    if (element[0] !== 2 || element.length - header < 31 || element.length - header > 33) return element
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
    const mirrored = order - BigInt(`0x${element.subarray(header).toString('hex')}`)
    if (mirrored <= 0n) return element
    const hex = mirrored.toString(16).padStart(64, '0')
    const value = Buffer.from(Number.parseInt(hex.slice(0, 2), 16) >= 0x80 ? `00${hex}` : hex, 'hex')
    return Buffer.concat([Buffer.from([2]), derLength(value.length), value])
  }),
  // Elements of a set or sequence in another order.
  derOf((element, random, _other, header) => {
    const inner = derPlaces(element, header).filter(({ at, end }, index, all) =>
      all.every((one, other) => other >= index || one.end <= at || one.at >= end),
    )
    const parts = inner.map(({ at, end }) => element.subarray(at, end))
    if (parts.length < 2) return element
    const [moved = Buffer.alloc(0)] = parts.splice(below(random, parts.length), 1)
    parts.splice(below(random, parts.length + 1), 0, moved)
    const content = Buffer.concat(parts)
    return Buffer.concat([element.subarray(0, 1), derLength(content.length), content])
  }),
]

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

interface Field {
  at: number
  valueAt: number
  end: number
  tag: number
}

/** The fields of a protobuf message as far as they can be read. */
function protobufFields(input: Buffer): Field[] {
  const fields: Field[] = []
  const read = (from: number): { value: number; end: number } | undefined => {
    let value = 0
    for (let at = from, scale = 1; at < input.length && at < from + 8; at++, scale *= 128) {
      value += ((input[at] ?? 0) & 127) * scale
      if ((input[at] ?? 0) < 128) return { value, end: at + 1 }
    }
    return undefined
  }
  for (let at = 0; at < input.length; ) {
    const tag = read(at)
    if (tag === undefined) break
    const first = (tag.value & 7) === 0 || (tag.value & 7) === 2 ? read(tag.end) : undefined
    const end = { 0: first?.end, 1: tag.end + 8, 2: (first?.end ?? 0) + (first?.value ?? 0), 5: tag.end + 4 }[
      tag.value & 7
    ]
    if (end === undefined || end <= at || end > input.length) break
    fields.push({ at, valueAt: (tag.value & 7) === 2 ? (first?.end ?? end) : tag.end, end, tag: tag.value })
    at = end
  }
  return fields
}

const numbers = [0n, 1n, 127n, 128n, 0xffffn, 0x7fffffffn, 0xffffffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 70n]

const fieldOf =
  (change: (field: Field, input: Buffer, random: () => number, other: Buffer) => Uint8Array): Mutator =>
  (input, random, other) => {
    const fields = protobufFields(input)
    if (fields.length === 0) return input
    const field = drawOne(random, fields)
    return spliced(input, field.at, field.end - field.at, change(field, input, random, other))
  }

const lengthDelimited = (tag: number, value: Uint8Array): Buffer =>
  Buffer.concat([varint(BigInt(tag)), varint(BigInt(value.length)), value])

export const protobufMutators: readonly Mutator[] = [
  // Another field number, another wire type.
  fieldOf(({ at, valueAt, end, tag }, input, random) => {
    const changed = random() < 0.5 ? (tag & 7) | (below(random, 40) << 3) : (tag & ~7) | below(random, 8)
    return Buffer.concat([varint(BigInt(changed)), input.subarray(Math.min(valueAt, at + 1), end)])
  }),
  fieldOf(({ tag }, _input, random) => Buffer.concat([varint(BigInt(tag & ~7)), varint(drawOne(random, numbers))])),
  // A length that is a lie.
  fieldOf(({ tag, valueAt, end }, input, random) =>
    Buffer.concat([varint(BigInt(tag)), varint(drawOne(random, numbers)), input.subarray(valueAt, end)]),
  ),
  // A field twice, or often; left out; at another place.
  fieldOf(({ at, end }, input, random) =>
    Buffer.concat(Array.from({ length: drawOne(random, [2, 2, 3, 5000]) }, () => input.subarray(at, end))).subarray(
      0,
      200_000,
    ),
  ),
  fieldOf(() => Buffer.alloc(0)),
  fieldOf(({ at, end }, input, random, other) => {
    const fields = protobufFields(other)
    if (fields.length === 0) return input.subarray(at, end)
    const taken = drawOne(random, fields)
    return other.subarray(taken.at, taken.end)
  }),
  // A varint spelt longer than it must be.
  fieldOf(({ tag, valueAt, end }, input) => {
    if ((tag & 7) !== 0) return input.subarray(valueAt, end)
    const value = Buffer.from(input.subarray(valueAt, end))
    value[value.length - 1] = (value[value.length - 1] ?? 0) | 128
    return Buffer.concat([varint(BigInt(tag)), value, Buffer.from([0])])
  }),
  // Inside a field of bytes: another message, or a text.
  fieldOf(({ tag, valueAt, end, at }, input, random, other) => {
    if ((tag & 7) !== 2) return input.subarray(at, end)
    const inside = input.subarray(valueAt, end)
    const mutators = random() < 0.5 ? protobufMutators : byteMutators
    return lengthDelimited(tag, drawOne(random, mutators)(inside, random, other))
  }),
  // Nested in itself.
  fieldOf(({ tag, valueAt, end }, input, random) => {
    let nested: Uint8Array = input.subarray(valueAt, end)
    for (let depth = drawOne(random, [2, 20, 2000]); depth > 0 && nested.length < 100_000; depth--)
      nested = lengthDelimited((tag & ~7) | 2, nested)
    return nested
  }),
]

/** Puts one of `texts` where `pattern` matches: before, in place of, or behind the match. */
function textAt(pattern: RegExp, texts: readonly (string | ((random: () => number) => string))[]): Mutator {
  return (input, random) => {
    const text = input.toString('latin1')
    const matches = [...text.matchAll(pattern)]
    if (matches.length === 0) return input
    const match = drawOne(random, matches)
    const chosen = drawOne(random, texts)
    const inserted = Buffer.from(typeof chosen === 'string' ? chosen : chosen(random))
    const place = below(random, 3)
    return spliced(
      input,
      match.index + (place === 2 ? match[0].length : 0),
      place === 1 ? match[0].length : 0,
      inserted,
    )
  }
}

const long = (random: () => number, text: string): string => text.repeat(drawOne(random, [10, 300, 20_000]))

export const xmlMutators: readonly Mutator[] = [
  textAt(/<\/?[\w:]+/g, [
    '<!DOCTYPE edXML [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>',
    '<!DOCTYPE x SYSTEM "file:///etc/passwd">',
    '<![CDATA[<To>]]>',
    '<![CDATA[',
    '<!-- a -- b -->',
    '<!---->',
    '<?xml version="1.1"?>',
    '<?x y?>',
    '<x:To xmlns:x="http://www.mic.gov.vn/TBT/QCVN_102_2016">',
    '<To xmlns="">',
    '<To/>',
    '</To>',
    '<',
    (random) => `<!--${long(random, 'x')}-->`,
    (random) => long(random, '<a>'),
    (random) => `<a ${Array.from({ length: drawOne(random, [3, 70, 3000]) }, (_, at) => `b${at}="c"`).join(' ')}>`,
  ]),
  textAt(/>/g, [
    ' xmlns:edXML="urn:other">',
    ' xmlns="urn:other">',
    ' xmlns:xml="urn:x">',
    ' xml:space="preserve">',
    ' a="1" a="2">',
    '/>',
    ']]>',
    (random) => ` a="${long(random, 'x')}">`,
    '>&#0;',
    '>&#xD800;',
    '>&#x110000;',
    '>&#65;',
    '>&b;',
    '>&amp;lt;',
    '>&',
  ]),
  textAt(/[^<>]{3,}(?=<)/g, [
    '',
    ' ',
    '&lt;',
    '99999999999999999999',
    '2026/13/45',
    '=',
    '====',
    'JVBERg',
    '\u0000',
    'TỐI MẬT',
    (random) => long(random, 'A'),
  ]),
  textAt(/encoding="[^"]*"|version="1[^"]*"|standalone/g, [
    'encoding="UTF-16"',
    'encoding="latin1"',
    'encoding=""',
    'version="2.0"',
    'standalone="yes"',
  ]),
  // A whole element again, or out of another packet.
  (input, random, other) => {
    const source = random() < 0.5 ? input : other
    const elements = [
      ...source
        .toString('latin1')
        .matchAll(
          /<([\w:]+)[^<>]*>[^<]*<\/\1>|<(?:edXML:)?(To|Attachment|Reference|From|ResponseFor)>[\s\S]*?<\/(?:edXML:)?\2>/g,
        ),
    ]
    const ends = [...input.toString('latin1').matchAll(/<\/?[\w:]+/g)]
    if (elements.length === 0 || ends.length === 0) return input
    const element = Buffer.from(drawOne(random, elements)[0], 'latin1')
    const times = drawOne(random, [1, 1, 1, 2, 60])
    return spliced(input, drawOne(random, ends).index, 0, Buffer.concat(Array.from({ length: times }, () => element)))
  },
  (input, random) =>
    Buffer.from(input.toString('latin1').replaceAll('edXML:', drawOne(random, ['', 'x:', 'edxml:'])), 'latin1'),
  (input, random) => (random() < 0.3 ? Buffer.from(input.toString('utf8'), 'utf16le') : input),
]

/** JSON, TOML and CSV: the punctuation of text. */
export const textMutators: readonly Mutator[] = [
  textAt(/["'[\]{}=,:#\n.]/g, [
    ...[
      '"',
      "'",
      '"""',
      "'''",
      '[',
      ']',
      '[[',
      ']]',
      '{',
      '}',
      '=',
      ',',
      '.',
      '#',
      '\\',
      '\\u0000',
      '\\uD800',
      '\n',
      '\r',
      '\t',
      ';',
    ],
    ...[
      'null',
      'true',
      '1e309',
      '-0',
      '0x',
      '[a.b]\n',
      '[[a.b]]\n',
      'a.b.c = 1\n',
      '"" = 1\n',
      '__proto__ = 1\n',
      '"__proto__":{},',
      'inf',
      '1979-05-27T07:32:00Z',
    ],
    (random) => long(random, '['),
    (random) => long(random, '{"a":'),
    (random) => long(random, 'a.'),
    (random) => long(random, '"x",'),
  ]),
  textAt(/\d+/g, ['-1', '0', '1e9', '99999999999999999999', '0.1', '1_000', '0o7', 'nan', '2026-02-30']),
  // Lines twice, away, elsewhere.
  (input, random, other) => {
    const lines = input.toString('latin1').split('\n')
    const others = other.toString('latin1').split('\n')
    const at = below(random, lines.length)
    const line = random() < 0.5 ? (lines[at] ?? '') : drawOne(random, others)
    lines.splice(below(random, lines.length), below(random, 2), line)
    return Buffer.from(lines.join('\n'), 'latin1')
  },
]

const zipMarks = ['504b0304', '504b0102', '504b0506', '504b0708', '504b0606', '504b0607'].map((mark) =>
  Buffer.from(mark, 'hex'),
)

/** Headers of zip archives. */
export const zipMutators: readonly Mutator[] = [
  (input, random) => {
    const places = zipMarks.flatMap((mark) => {
      const found: number[] = []
      for (let at = input.indexOf(mark); at >= 0 && found.length < 100; at = input.indexOf(mark, at + 1)) found.push(at)
      return found
    })
    if (places.length === 0) return input
    // Flags, method, sizes, lengths of names, offsets: all within 46 bytes of a mark.
    const at = drawOne(random, places) + 4 + below(random, 42)
    const value = Buffer.alloc(4)
    value.writeUInt32LE(drawOne(random, [0, 1, 8, 9, 12, 99, 0xff, 0xffff, 0xfffe, 0x7fffffff, 0xffffffff, 0x10000]))
    return spliced(input, at, drawOne(random, [1, 2, 4]), value.subarray(0, drawOne(random, [1, 2, 4])))
  },
  (input, random) => spliced(input, below(random, input.length), drawOne(random, [0, 4]), drawOne(random, zipMarks)),
  // Other names, as long as the ones that are there.
  (input, random) => {
    const names = [...input.toString('latin1').matchAll(/[\w-]+\.(?:bin|cms|path|entry|edxml|txt|json|pdf|docx)/g)]
    if (names.length === 0) return input
    const { index, 0: name } = drawOne(random, names)
    const chosen =
      random() < 0.5
        ? drawOne(random, names)[0]
        : drawOne(random, ['../../../../etc/x', '/etc/passwd', 'a\\b', '\u0000\u0000', 'certificates/../x'])
    return spliced(
      input,
      index,
      name.length,
      Buffer.from(chosen.padEnd(name.length, 'x').slice(0, name.length), 'latin1'),
    )
  },
]

/** Several parts in one input: each behind its length, four bytes. */
export function packParts(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const length = Buffer.alloc(4)
      length.writeUInt32BE(part.length)
      return [length, part]
    }),
  )
}

/** What `packParts` packed; what is left of it when somebody spoilt it. */
export function unpackParts(input: Uint8Array): Buffer[] {
  const bytes = Buffer.from(input.buffer, input.byteOffset, input.byteLength)
  const parts: Buffer[] = []
  for (let at = 0; at + 4 <= bytes.length && parts.length < 1000; ) {
    const length = bytes.readUInt32BE(at)
    parts.push(bytes.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return parts
}

/** The same mutators for one of the parts; and parts of two inputs mixed. */
export function inParts(mutators: readonly Mutator[]): Mutator[] {
  return [
    ...mutators.map(
      (mutate): Mutator =>
        (input, random, other) => {
          const parts = unpackParts(input)
          if (parts.length === 0) return input
          const at = below(random, parts.length)
          const others = unpackParts(other)
          parts[at] = mutate(parts[at] ?? Buffer.alloc(0), random, others[at] ?? Buffer.alloc(0))
          return packParts(...parts)
        },
    ),
    (input, random, other) => {
      const parts = unpackParts(input)
      const others = unpackParts(other)
      const at = below(random, parts.length)
      parts[at] = others[at] ?? Buffer.alloc(0)
      return packParts(...parts)
    },
  ]
}
