// Exported evidence as its files, with sums that fit: what is proven is exactly what the seed proves, or nothing.
import { TramError } from '../../../src/base/errors.ts'
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { verifyEvidence } from '../../../src/document/evidence.ts'
import { formatSums, sumsName } from '../../../src/document/evidence-files.ts'
import { LooseFiles } from '../../fixtures/evidence/loose-files.ts'
import { byteMutators } from '../byte-mutators.ts'
import { corpus, evidenceTrust } from '../corpus.ts'
import { derMutators, inParts, protobufMutators, unpackParts } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

/** The files in an input: names and bytes by turns. */
export function filesIn(input: Uint8Array): Map<string, Uint8Array> {
  const parts = unpackParts(input)
  const files = new Map<string, Uint8Array>()
  for (let at = 0; at + 1 < parts.length; at += 2)
    files.set(parts[at]?.toString('utf8') ?? '', parts[at + 1] ?? Buffer.alloc(0))
  return files
}

export const target: FuzzTarget = {
  name: 'evidence',
  runsInTest: 100,
  open: async () => {
    const seed = corpus('evidence.parts')
    const trust = { seals: evidenceTrust(), directory: evidenceTrust() }
    const factsOf = async (files: Map<string, Uint8Array>): Promise<string | undefined> => {
      const report = await verifyEvidence(new LooseFiles(files), trust)
      if (report.ok !== report.checks.every(({ ok }) => ok) || report.ok !== (report.facts !== undefined))
        throw new FuzzComplaint('the report contradicts itself')
      if (/INTERNAL/.test(asText(report.checks))) throw new FuzzComplaint(asText(report.checks))
      return report.facts === undefined ? undefined : asText(report.facts)
    }
    const known = await factsOf(filesIn(seed))
    return {
      seeds: [seed],
      mutators: inParts([...protobufMutators, ...byteMutators, ...derMutators]),
      async check(input, random) {
        const files = filesIn(input)
        if (random() < 0.9) {
          files.delete(sumsName)
          files.set(sumsName, formatSums(new Map([...files].map(([name, bytes]) => [name, hex(sha256(bytes))]))))
        }
        const facts = await factsOf(files)
        if (facts !== undefined && facts !== known)
          throw new FuzzComplaint(`it proves something else: ${facts.slice(0, 2000)}`)
        if (facts === undefined) throw new TramError('EVIDENCE_INVALID', { detail: 'a check has failed' })
      },
    }
  },
}
