// What must hold for every packet: however its bytes are cut, and whatever is done to them.
import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { PacketReader } from '../../../../src/document/edxml/edxml-reader.ts'
import { changed, plainDocument } from './packet-text.ts'

const fixtures = ['prefixed-document', 'plain-document', 'prefixed-status', 'plain-status'].map((name) =>
  readFileSync(new URL(`../../../fixtures/edxml/${name}.edxml`, import.meta.url)),
)
/** Every kind of markup, so that cuts fall inside each. */
const mixed = Buffer.from(
  changed(
    plainDocument,
    'Về việc',
    '<!-- a-b -->V&#7873;\r\n<?pi a?b?> <![CDATA[a]b]]c]]>\r<X y="&amp;1\r\n2" z=\'\t\'/> 𠀀 &lt;việc',
  ),
)
const packets = [...fixtures, mixed, Buffer.concat([Buffer.from('\uFEFF1234'), mixed])]

/** The summary, or the code and data of the refusal. Anything but a TramError is thrown on. */
function outcome(bytes: Uint8Array, cuts: readonly number[] = []): unknown {
  const reader = new PacketReader()
  const edges = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).toSorted((a, b) => a - b), bytes.length]
  try {
    for (const [index, edge] of edges.slice(1).entries()) {
      // A buffer that is overwritten afterwards, as a socket's may be.
      const piece = Buffer.from(bytes.subarray(edges[index], edge))
      reader.write(piece)
      piece.fill(0x3c)
    }
    return reader.end()
  } catch (error) {
    if (!(error instanceof TramError) || error.code === 'INTERNAL') throw error
    return { code: error.code, data: error.data }
  }
}

/** By index, so that a counterexample can be read. */
const anyPacket = fc.nat({ max: packets.length - 1 })
const anyCuts = fc.array(fc.nat({ max: 20_000 }), { maxLength: 30 })
const tricky = fc.constantFrom(
  '<',
  '>',
  '&',
  ';',
  '"',
  '/',
  '=',
  ']]>',
  '<!--',
  '-->',
  '--',
  '<![CDATA[',
  '<?',
  '?>',
  '<!DOCTYPE',
  '&amp;',
  '&x;',
  '\r',
  '\n',
  '\0',
  '\uFEFF',
  'é',
  '𠀀',
  ':',
  'xmlns=""',
  'xmlns:a=""',
  '<From>',
  '</From>',
  '<From/>',
  'cid:',
)
/** Insert, overwrite or delete at some place. */
const anyMutation = fc.record({
  at: fc.nat({ max: 20_000 }),
  remove: fc.constantFrom(0, 0, 1, 3, 200),
  insert: fc.oneof(
    tricky.map((text) => Buffer.from(text)),
    fc.uint8Array({ maxLength: 4 }).map((bytes) => Buffer.from(bytes)),
  ),
})

function mutated(packet: Buffer, mutations: readonly { at: number; remove: number; insert: Buffer }[]): Buffer {
  return mutations.reduce((bytes, { at, remove, insert }) => {
    const from = at % (bytes.length + 1)
    return Buffer.concat([bytes.subarray(0, from), insert, bytes.subarray(from + remove)])
  }, packet)
}

function packetAt(index: number): Buffer {
  return packets[index] ?? Buffer.alloc(0)
}

const isRefusal = (result: unknown): boolean => typeof result === 'object' && result !== null && 'code' in result

describe('a packet', () => {
  it('is read alike byte by byte', () => {
    for (const packet of packets) {
      const whole = outcome(packet)
      expect(whole).toHaveProperty('kind')
      expect(outcome(packet, [...packet.keys()])).toEqual(whole)
    }
  })

  it('is read alike however it is cut', () => {
    fc.assert(
      fc.property(anyPacket, anyCuts, (index, cuts) => {
        const packet = packetAt(index)
        expect(outcome(packet, cuts)).toEqual(outcome(packet))
      }),
      { numRuns: 300 },
    )
  })

  it('that is damaged is read or refused, however it is cut', () => {
    let refused = 0
    fc.assert(
      fc.property(
        anyPacket,
        fc.array(anyMutation, { minLength: 1, maxLength: 4 }),
        anyCuts,
        (index, mutations, cuts) => {
          const damaged = mutated(packetAt(index), mutations)
          const whole = outcome(damaged)
          const cut = outcome(damaged, cuts)
          // Of two faults in one piece, one in the XML is told before one in an attachment's text: a cut between them turns
          // that round. Refused it is either way.
          if (isRefusal(whole)) {
            refused++
            expect(cut).toHaveProperty('code')
          } else expect(cut).toEqual(whole)
        },
      ),
      { numRuns: 800 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  it('cut short anywhere is refused, unless only white space is missing', () => {
    for (const packet of packets) {
      const needed = packet.lastIndexOf('>') + 1
      for (let length = 0; length < needed; length += 7) {
        expect(outcome(packet.subarray(0, length))).toHaveProperty('code')
      }
      expect(outcome(packet.subarray(0, needed))).toHaveProperty('kind')
    }
  })

  it('of any bytes at all is refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), anyCuts, (bytes, cuts) => {
        expect(outcome(bytes, cuts)).toHaveProperty('code')
      }),
    )
  })
})

it('texts come out as they went in', () => {
  // Characters that XML can hold; a reader turns CR into LF, and the reader drops white space around a value.
  const texts = fc
    .string({ unit: 'binary', maxLength: 60 })
    .filter(
      (text) =>
        /^[\t\n\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]+$/u.test(text) &&
        text === text.replace(/^[ \t\n]+|[ \t\n]+$/g, ''),
    )
  fc.assert(
    fc.property(texts, anyCuts, (text, cuts) => {
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
      expect(outcome(Buffer.from(changed(plainDocument, 'Về việc thử nghiệm', escaped)), cuts)).toMatchObject({
        subject: text,
      })
    }),
  )
})
