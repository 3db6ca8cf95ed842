// A short run of the mad backend; TRAM_FUZZ_RUNS and TRAM_FUZZ_SEED make it a long one.
import { expect, it } from 'vitest'
import { fuzzBackend } from './backend-fuzz.ts'

it('a backend gone mad gets an answer to everything, and leaves nothing behind', { timeout: 600_000 }, async () => {
  const runs = Number(process.env.TRAM_FUZZ_RUNS ?? 300)
  const seed = Number(process.env.TRAM_FUZZ_SEED ?? 20_261_122)
  expect(await fuzzBackend({ seed, runs, signal: new AbortController().signal })).toEqual({ runs })
})
