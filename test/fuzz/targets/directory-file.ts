// Directory files, read as a stream: taken only with a signed statement and with exactly its entries, however they are cut.
import { DirectoryFileReader } from '../../../src/document/directory-file.ts'
import { byteMutators, type Mutator } from '../byte-mutators.ts'
import { corpus, corpusTrust } from '../corpus.ts'
import { derMutators, inParts, protobufMutators } from '../format-mutators.ts'
import { asText, cutAnywhere, FuzzComplaint, type FuzzTarget, outcomeOf } from '../fuzz-target.ts'

export const target: FuzzTarget = {
  name: 'directory-file',
  runsInTest: 120,
  open: async () => {
    // A directory file is parts behind their lengths, as inParts has them.
    const seeds = [corpus('directory-1.bin'), corpus('directory-2.bin')]
    const trust = corpusTrust()
    const read = (pieces: readonly Uint8Array[]): unknown => {
      const reader = new DirectoryFileReader(trust)
      const entries = pieces.flatMap((piece) => reader.write(piece))
      return { statement: reader.end(), entries }
    }
    const known = new Set(seeds.map((seed) => asText(read([seed]))))
    const mutators: Mutator[] = inParts([...protobufMutators, ...byteMutators, ...derMutators])
    return {
      seeds,
      mutators,
      async check(input, random) {
        const whole = await outcomeOf(() => read([input]))
        const cut = await outcomeOf(() => read(cutAnywhere(input, random)))
        if (whole !== cut) throw new FuzzComplaint(`whole: ${whole.slice(0, 500)}\ncut: ${cut.slice(0, 500)}`)
        const taken = asText(read([input]))
        if (!known.has(taken)) throw new FuzzComplaint(`another directory was taken: ${taken.slice(0, 1000)}`)
      },
    }
  },
}
