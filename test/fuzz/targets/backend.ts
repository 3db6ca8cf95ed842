// A backend gone mad, against every operation of a real station: backend-fuzz.ts, one volley a run.
import { hex, sha256 } from '../../../src/document/document-id.ts'
import { fuzzBackend } from '../backend-fuzz.ts'
import type { FuzzTarget } from '../fuzz-target.ts'

const requestsInRun = 100

export const target: FuzzTarget = {
  name: 'backend',
  // It has a test of its own beside it.
  runsInTest: 1,
  open: async () => ({
    seeds: [Buffer.from('seed'), Buffer.from('another')],
    mutators: [],
    async check(input) {
      const seed = Number.parseInt(hex(sha256(input)).slice(0, 7), 16)
      await fuzzBackend({ seed, runs: requestsInRun, signal: new AbortController().signal })
    },
  }),
}
