// The plan of a directory: everything that would make two stations, agencies or codes one is refused before it is signed.
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { DirectoryPlanCheck } from '../../../src/document/directory-plan.ts'
import type { AgencyEntry, StationDescriptor } from '../../../src/document/schema/directory.ts'

const rules = { version: 5, adoptFromDescriptors: false }

function descriptor(
  id: string,
  changes: { peer?: string; byte?: number; agencies?: string[] } = {},
): StationDescriptor {
  const byte = changes.byte ?? id.charCodeAt(0)
  return {
    format: 1,
    created: 1,
    station: {
      id,
      name: id,
      generation: 1,
      peerKeys: [{ peerId: changes.peer ?? `12D3KooW${id.toUpperCase().padEnd(32, 'x')}` }],
      certificates: [{ sha256: Buffer.alloc(32, byte), der: Buffer.alloc(0) }],
      addresses: [],
    },
    agencies: changes.agencies ?? [],
  }
}

const agency = (code: string, changes: Partial<AgencyEntry> = {}): AgencyEntry => ({
  code,
  code102: '',
  name: code,
  mail: '',
  parent: '',
  station: '',
  successor: '',
  id: 0,
  pid: 0,
  level: 0,
  mobile: '',
  fax: '',
  modified: 0,
  ...changes,
})

/** The detail of the refusal, or '' when the plan is sound. */
function refusal(descriptors: StationDescriptor[], agencies: AgencyEntry[]): string {
  try {
    const check = new DirectoryPlanCheck(descriptors, rules)
    for (const one of agencies) check.agency(one)
    check.end()
    return ''
  } catch (error) {
    if (error instanceof TramError && error.code === 'DIRECTORY_PLAN_INVALID') return String(error.data.detail)
    throw error
  }
}

describe('the plan of a directory', () => {
  it('is sound', () => {
    const agencies = [
      agency('H01', { station: 'b', code102: '000.00.00.H01', id: 1 }),
      agency('H02', { parent: 'H03', successor: 'H03', id: 2 }),
      agency('H03', { station: 'a', id: 3 }),
    ]
    expect(refusal([descriptor('b', { agencies: ['000.00.00.H01'] }), descriptor('a')], agencies)).toBe('')
  })

  it('lists stations in order of id and marks what changed', () => {
    const check = new DirectoryPlanCheck([descriptor('b'), descriptor('a')], rules)
    expect(check.stations.map(({ id }) => id)).toEqual(['a', 'b'])
    expect(check.agency(agency('H01')).modified).toBe(5)
    expect(check.agency(agency('H02', { modified: 3 })).modified).toBe(3)
  })

  it.each<[string, StationDescriptor[], AgencyEntry[]]>([
    ['station a', [descriptor('a'), descriptor('a', { peer: `12D3KooW${'y'.repeat(40)}`, byte: 1 })], []],
    ['peer id', [descriptor('a'), descriptor('b', { peer: `12D3KooWA${'x'.repeat(31)}` })], []],
    ['certificate', [descriptor('a', { byte: 9 }), descriptor('b', { byte: 9 })], []],
    ['H01', [descriptor('a', { agencies: ['H01'] }), descriptor('b', { agencies: ['H01'] })], []],
    ['H01 belongs to it twice', [], [agency('H01'), agency('H01')]],
    ['H99 belongs to H01', [], [agency('H01', { code102: 'H99' }), agency('H02', { code102: 'H99' })]],
    ['H01 belongs to H01', [], [agency('H01'), agency('H02', { code102: 'H01' })]],
    ['7 belongs to H01', [], [agency('H01', { id: 7 }), agency('H02', { id: 7 })]],
    ['no descriptor of its station z', [descriptor('a')], [agency('H01', { station: 'z' })]],
    [
      'the descriptor of b asks for it',
      [descriptor('a'), descriptor('b', { agencies: ['H01'] })],
      [agency('H01', { station: 'a' })],
    ],
    [
      'the descriptor of b asks for it',
      [descriptor('a'), descriptor('b', { agencies: ['H99'] })],
      [agency('H01', { station: 'a', code102: 'H99' })],
    ],
    ["parent's code H99", [], [agency('H01', { parent: 'H99' })]],
    ["successor's code H99", [], [agency('H01', { successor: 'H99' })]],
    ['comes back to itself by its parent', [], [agency('H01', { parent: 'H02' }), agency('H02', { parent: 'H01' })]],
    ['comes back to itself by its successor', [], [agency('H01', { successor: 'H01' })]],
    ['agency code', [], [agency('h01')]],
  ])('is refused: %s', (detail, descriptors, agencies) => {
    expect(refusal(descriptors, agencies)).toContain(detail)
  })

  it('gives agencies to the descriptors that ask for them only when told so', () => {
    const descriptors = [descriptor('a', { agencies: ['H01', 'H98', 'H77'] })]
    const careful = new DirectoryPlanCheck(descriptors, rules)
    expect(careful.agency(agency('H01')).station).toBe('')
    expect(careful.unserved).toEqual([
      ['H01', 'a'],
      ['H98', 'a'],
      ['H77', 'a'],
    ])
    const adopting = new DirectoryPlanCheck(descriptors, { ...rules, adoptFromDescriptors: true })
    expect(adopting.agency(agency('H01')).station).toBe('a')
    expect(adopting.agency(agency('H02', { code102: 'H98' })).station).toBe('a')
    expect(adopting.agency(agency('H03')).station).toBe('')
    expect(adopting.unserved).toEqual([['H77', 'a']])
  })
})
