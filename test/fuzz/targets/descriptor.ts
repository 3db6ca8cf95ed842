// Descriptors: spoilt ones fail, or say exactly what a seed says.
import { verifyDescriptor } from '../../../src/document/descriptor.ts'
import { corpus, corpusTrust } from '../corpus.ts'
import { derMutators } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

export const target: FuzzTarget = {
  name: 'descriptor',
  runsInTest: 1000,
  open: async () => {
    const seeds = [corpus('descriptor-one.der'), corpus('descriptor-two.der')]
    const trust = corpusTrust()
    const said = (cms: Uint8Array): string => {
      const verdict = verifyDescriptor(cms, trust)
      if (!verdict.ok) throw verdict.reason
      return asText(verdict.value)
    }
    const known = new Set(seeds.map(said))
    return {
      seeds,
      mutators: derMutators,
      check(input) {
        const taken = said(input)
        if (!known.has(taken)) throw new FuzzComplaint(`another descriptor was taken: ${taken.slice(0, 1000)}`)
      },
    }
  },
}
