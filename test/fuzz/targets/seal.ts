// Seals: a leaf (waybill or receipt) and its seal. Whatever is spoilt, no other leaf and no other statement is believed.
import { parseSeal, verifyInclusion, verifyRootStatement } from '../../../src/document/seal.ts'
import { byteMutators } from '../byte-mutators.ts'
import { corpus, corpusTrust } from '../corpus.ts'
import { derMutators, inParts, protobufMutators, unpackParts } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget, refusalCode } from '../fuzz-target.ts'

export const target: FuzzTarget = {
  name: 'seal',
  runsInTest: 600,
  open: async () => {
    const seeds = [corpus('seal-waybill.parts'), corpus('seal-receipt.parts')]
    const trust = corpusTrust()
    const proofs = (input: Uint8Array): string[] => {
      const [leaf = Buffer.alloc(0), sealBytes = Buffer.alloc(0)] = unpackParts(input)
      const seal = parseSeal(sealBytes)
      const statement = verifyRootStatement(seal.cms, trust)
      if (!statement.ok) throw statement.reason
      const { certificates: _path, ...signed } = statement.value
      return (['waybill', 'receipt', 'directory-entry'] as const).flatMap((type) => {
        const verdict = verifyInclusion(type, leaf, seal, statement.value.statement)
        if (verdict.ok) return [asText({ type, leaf, signed, leafIndex: seal.leafIndex })]
        if (refusalCode(verdict.reason) === undefined) throw verdict.reason
        return []
      })
    }
    const known = new Set(seeds.flatMap(proofs))
    return {
      seeds,
      // `derMutators` find the CMS inside the seal by looking.
      mutators: inParts([...protobufMutators, ...byteMutators, ...protobufMutators.slice(0, 1), ...derMutators]),
      check(input) {
        for (const proven of proofs(input))
          if (!known.has(proven)) throw new FuzzComplaint(`it proves something else: ${proven.slice(0, 1000)}`)
      },
    }
  },
}
