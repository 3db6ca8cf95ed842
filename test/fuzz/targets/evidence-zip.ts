// Exported evidence as a zip file, spoilt as a zip: read, verified, and unpacked into a folder and nowhere else.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { ZipFile } from 'yazl'
import { unpackEvidence, verifyEvidenceFile } from '../../../src/exchange/evidence/evidence-archive.ts'
import { corpus, evidenceTrust } from '../corpus.ts'
import { zipMutators } from '../format-mutators.ts'
import { asText, FuzzComplaint, type FuzzTarget, outcomeOf } from '../fuzz-target.ts'
import { filesIn } from './evidence.ts'

export const target: FuzzTarget = {
  name: 'evidence-zip',
  runsInTest: 30,
  open: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tram-fuzz-'))
    const trust = { seals: evidenceTrust(), directory: evidenceTrust() }
    const file = join(folder, 'evidence.zip')
    const verify = async (zip: Uint8Array): Promise<string | undefined> => {
      await writeFile(file, zip)
      const { facts } = await verifyEvidenceFile(file, trust)
      return facts === undefined ? undefined : asText(facts)
    }
    const seeds = [await zipOf(false), await zipOf(true)]
    const known = await verify(seeds[0] ?? Buffer.alloc(0))
    return {
      seeds,
      mutators: zipMutators,
      async check(input) {
        const facts = await verify(input)
        if (facts !== undefined && facts !== known)
          throw new FuzzComplaint(`it proves something else: ${facts.slice(0, 2000)}`)
        await outcomeOf(() => unpackEvidence(file, join(folder, 'out')))
        await rm(join(folder, 'out'), { recursive: true, force: true })
        const left = await readdir(folder)
        if (left.some((name) => name !== 'evidence.zip')) throw new FuzzComplaint(`left behind: ${left.join(', ')}`)
      },
      close: () => rm(folder, { recursive: true }),
    }
  },
}

async function zipOf(isCompressed: boolean): Promise<Buffer> {
  const zip = new ZipFile()
  const options = { compress: isCompressed, mtime: new Date(0) }
  for (const [name, bytes] of filesIn(corpus('evidence.parts'))) zip.addBuffer(Buffer.from(bytes), name, options)
  zip.end()
  return buffer(zip.outputStream)
}
