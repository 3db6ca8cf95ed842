// Base64 that goes by beside the XML parser must count and end as if it had passed it: place of a later fault, digits, first bytes.
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { Base64Checker } from '../../../../src/document/edxml/edxml-base64.ts'
import { defaultPacketLimits } from '../../../../src/document/edxml/edxml-reader.ts'
import { EdxmlScanner, type ScanHandlers } from '../../../../src/document/edxml/edxml-scanner.ts'

const pieces = fc.constantFrom(
  'QUJD',
  'A',
  '+/9',
  '\n',
  '\r\n',
  '\r',
  ' ',
  '\t',
  '=',
  '&#65;',
  '&#10;',
  '<b/>',
  ']',
  ']]>',
  '\v',
  'é',
  '-',
)
const anyText = fc.array(fc.oneof({ weight: 6, arbitrary: fc.constantFrom('QUJD', '\n', '\r\n') }, pieces), {
  maxLength: 40,
})
const anyCuts = fc.array(fc.nat({ max: 200 }), { maxLength: 6 })

interface Outcome {
  /** Where markup opened, and what the text amounted to. */
  seen: unknown[]
  passedBytes: number
  failure?: unknown
}

/** Scans `<a>text</a>` with everything inside taken as base64. */
function outcome(text: string, cuts: readonly number[], isPassing: boolean): Outcome {
  const bytes = Buffer.from(`<a>\n${text}</a>`)
  const base64 = new Base64Checker()
  const result: Outcome = { seen: [], passedBytes: 0 }
  const handlers: ScanHandlers = {
    open: (name, _namespace, _attributes, at) => result.seen.push({ name, ...at }),
    close: () => undefined,
    warn: () => undefined,
    text: (piece) => {
      const fault = base64.write(piece)
      if (fault !== undefined)
        throw new TramError('PACKET_ATTACHMENT_INVALID', { contentId: '', line: 0, detail: fault })
    },
  }
  if (isPassing)
    handlers.takeDigits = (piece) => {
      const run = base64.takeDigits(piece)
      result.passedBytes += run.bytes
      return run
    }
  const scanner = new EdxmlScanner(defaultPacketLimits, handlers)
  const edges = [...cuts.map((cut) => cut % bytes.length).toSorted((a, b) => a - b), bytes.length]
  let from = 0
  try {
    for (const edge of edges) {
      scanner.write(bytes.subarray(from, edge))
      from = edge
    }
    scanner.end()
  } catch (error) {
    if (!(error instanceof TramError) || error.code === 'INTERNAL') throw error
    result.failure = { code: error.code, data: error.data }
  }
  result.seen.push(scanner.location, base64.decodedBytes, [...base64.head], base64.end())
  return result
}

it('is seen alike beside the parser and through it', () => {
  let passedBytes = 0
  fc.assert(
    fc.property(anyText, anyCuts, (text, cuts) => {
      const passed = outcome(text.join(''), cuts, true)
      const parsed = outcome(text.join(''), cuts, false)
      passedBytes += passed.passedBytes
      // Of two faults in one piece the one in the markup is told first; digits that went by before it are in another piece.
      if (parsed.failure !== undefined) expect(passed.failure).toBeDefined()
      else expect(passed).toEqual({ ...parsed, passedBytes: passed.passedBytes })
    }),
    { numRuns: 1000 },
  )
  expect(passedBytes).toBeGreaterThan(3000)
})

it('leaves a fault of the markup behind it where it is', () => {
  const digits = 'QUJDQUJD\r\nQUJD\n  QUJDQU'
  for (const cuts of [[4], [4, 9, 14, 15, 20]]) {
    const passed = outcome(`${digits}&nothing;`, cuts, true)
    expect(passed.passedBytes).toBeGreaterThan(5)
    expect(passed.failure).toEqual(outcome(`${digits}&nothing;`, cuts, false).failure)
    expect(passed.failure).toMatchObject({ code: 'PACKET_FORBIDDEN_CONSTRUCT', data: { line: 4, column: 17 } })
  }
})

it('takes no digit after padding', () => {
  const checker = new Base64Checker()
  expect(checker.takeDigits(Buffer.from('QUI'))).toEqual({ bytes: 3, lineEnds: 0, column: 3 })
  expect(checker.write('=')).toBeUndefined()
  expect(checker.takeDigits(Buffer.from('QUJD'))).toMatchObject({ bytes: 0 })
  expect(checker.write('Q')).toContain('after the padding')
})

it('takes nothing out of an empty piece, wherever it lies in its buffer', () => {
  const bytes = Buffer.from(new ArrayBuffer(5))
  for (let at = 0; at <= bytes.length; at++)
    expect(new Base64Checker().takeDigits(bytes.subarray(at, at))).toEqual({ bytes: 0, lineEnds: 0, column: 0 })
})

it('takes digits at every place and of every length of a buffer', () => {
  const bytes = Buffer.from(new ArrayBuffer(9)).fill('Q')
  for (let from = 0; from <= bytes.length; from++) {
    for (let to = from; to <= bytes.length; to++)
      expect(new Base64Checker().takeDigits(bytes.subarray(from, to)).bytes).toBe(to - from)
  }
})
