// Signatures: spoilt ones fail, or prove exactly what a seed proves.
import { verifyCms } from '../../../src/document/cms.ts'
import { corpus } from '../corpus.ts'
import { derMutators } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

const schemes = ['rsa-pkcs1-sha256', 'rsa-pss-sha256', 'ecdsa-p256-sha256', 'ecdsa-p384-sha384']

export const target: FuzzTarget = {
  name: 'cms',
  runsInTest: 1500,
  open: async () => {
    const seeds = schemes.map((scheme) => corpus(`cms-${scheme}.der`))
    const known = new Set(seeds.map(proof))
    return {
      seeds,
      mutators: derMutators,
      check(input) {
        const proven = proof(input)
        if (!known.has(proven)) throw new FuzzComplaint(`it proves something else: ${proven.slice(0, 500)}`)
      },
    }
  },
}

/** What a CMS proves. @throws TramError */
function proof(cms: Uint8Array): string {
  const verdict = verifyCms(cms)
  if (!verdict.ok) throw verdict.reason
  const { content, certificate, signingTimeMs, scheme } = verdict.value
  return asText({ content, certificate, signingTimeMs, scheme })
}
