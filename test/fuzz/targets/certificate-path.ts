// Paths of certificates: a leaf and what comes with it. A leaf whose signed part is not one of the seeds' is never believed.
import { parseCertificate } from '../../../src/document/certificate.ts'
import { verifyCertificatePath } from '../../../src/document/certificate-path.ts'
import { byteMutators } from '../byte-mutators.ts'
import { corpus, corpusMs, corpusTrust } from '../corpus.ts'
import { derMutators, inParts, unpackParts } from '../format-mutators.ts'
import { FuzzComplaint, type FuzzTarget } from '../fuzz-target.ts'

const signedPartOf = (der: Uint8Array): string => Buffer.from(parseCertificate(der).signedBytes).toString('hex')

export const target: FuzzTarget = {
  name: 'certificate-path',
  runsInTest: 1000,
  open: async () => {
    const seeds = [corpus('path-1.parts'), corpus('path-2.parts')]
    const trust = corpusTrust()
    const known = new Set([...seeds.flatMap(unpackParts), ...trust.anchors].map(signedPartOf))
    return {
      seeds,
      mutators: inParts([...derMutators, ...byteMutators]),
      check(input) {
        const [leaf = Buffer.alloc(0), ...extra] = unpackParts(input)
        const verdict = verifyCertificatePath(leaf, extra, trust, corpusMs)
        if (!verdict.ok) throw verdict.reason
        for (const der of verdict.value)
          if (!known.has(signedPartOf(der))) throw new FuzzComplaint('a certificate that nobody signed is on the path')
      },
    }
  },
}
