import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  furthestStatus,
  isLegalTransition,
  isProcessingStatusCode,
  type ProcessingStatusCode,
  processingStatuses,
} from '../../../src/document/processing-status.ts'

const codes = Object.keys(processingStatuses).filter(isProcessingStatusCode)

it('knows the nine codes, and that only 13 comes from the sender', () => {
  expect(codes.toSorted()).toEqual(['01', '02', '03', '04', '05', '06', '13', '15', '16'])
  expect(codes.filter((code) => processingStatuses[code].sentBy === 'sender')).toEqual(['13'])
  expect(codes.every((code) => processingStatuses[code].code === code)).toBe(true)
  for (const other of ['', '1', '00', '14', '99', '__proto__', 'toString'])
    expect(isProcessingStatusCode(other)).toBe(false)
})

describe('isLegalTransition', () => {
  const next = (from: ProcessingStatusCode | null) => codes.filter((to) => isLegalTransition(from, to)).toSorted()

  it.each<[ProcessingStatusCode | null, string[]]>([
    [null, ['01', '02', '03', '13']],
    ['01', ['02', '03', '04', '05', '06', '13']],
    ['02', ['13']],
    ['03', ['04', '05', '06', '13']],
    ['04', ['05', '06', '13']],
    ['05', ['06', '13']],
    ['06', []],
    ['13', ['01', '02', '03', '04', '05', '06', '15', '16']],
    ['15', []],
    ['16', ['01', '02', '03', '04', '05', '06', '13']],
  ])('after %s come %j', (from, expected) => {
    expect(next(from)).toEqual(expected)
  })
})

describe('furthestStatus', () => {
  it.each<[ProcessingStatusCode[], ProcessingStatusCode | null]>([
    [[], null],
    [['01'], '01'],
    [['03', '01'], '03'],
    [['01', '05', '03', '04'], '05'],
    [['01', '02', '03'], '03'],
    [['01', '03', '02'], '02'],
    [['02', '04'], '04'],
    [['13'], '13'],
    [['01', '03', '13'], '13'],
    [['01', '13', '03'], '13'],
    [['06', '13'], '06'],
    [['13', '06'], '06'],
    [['01', '03', '13', '16'], '16'],
    [['01', '03', '13', '16', '01'], '16'],
    [['01', '03', '13', '16', '04'], '04'],
    [['03', '13', '16', '13'], '13'],
    [['16'], '16'],
    [['01', '13', '15'], '15'],
    [['15', '13', '04'], '15'],
    [['06', '15'], '15'],
  ])('of %j is %s', (arrived, expected) => {
    expect(furthestStatus(arrived)).toBe(expected)
  })

  const arrivals = fc.array(fc.constantFrom(...codes), { maxLength: 12 })

  it('is one of those that arrived, and is not moved by a repetition of the last', () => {
    fc.assert(
      fc.property(arrivals, (arrived) => {
        const furthest = furthestStatus(arrived)
        if (arrived.length === 0) expect(furthest).toBeNull()
        else expect(arrived).toContain(furthest)
        expect(furthestStatus([...arrived, ...arrived.slice(-1)])).toBe(furthest)
      }),
    )
  })

  it('does not depend on the order of the steps of work after 01, refusals aside', () => {
    const steps = fc.array(fc.constantFrom<ProcessingStatusCode>('01', '03', '04', '05', '06'), { minLength: 1 })
    fc.assert(fc.property(steps, (arrived) => furthestStatus(arrived) === arrived.toSorted().at(-1)))
  })
})
