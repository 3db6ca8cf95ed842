// A short run of every target of the fuzzer, always the same one; and that the fuzzer finds what is wrong. Longer: `npm run fuzz`.
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { credulous, hoarding, tripping } from './broken/broken-targets.ts'
import { type FuzzLimits, fuzzTarget, inputOf } from './fuzz-run.ts'
import { loadTarget, targetFile, targetNames } from './load-target.ts'
import { runWatched } from './watched-run.ts'

const { signal } = new AbortController()
const limits: FuzzLimits = { seed: 20_261_122, runs: 300, signal }

describe('spoilt bytes', () => {
  it.each(targetNames())('are refused, or change nothing: %s', async (name) => {
    const { runsInTest, open } = await loadTarget(targetFile(name))
    const target = await open()
    try {
      const { runs, findings, outcomes } = await fuzzTarget(target, { ...limits, runs: runsInTest })
      expect(findings.map(({ run, detail }) => `run ${run}: ${detail}`)).toEqual([])
      expect(runs).toBe(runsInTest)
      // Blind would be: everything refused, or nothing.
      if (runs >= 100) expect(outcomes.taken).toBeGreaterThan(runs / 100)
      if (runs >= 100) expect(outcomes.taken).toBeLessThan(runs * 0.9)
    } finally {
      await target.close?.()
    }
  })
})

describe('the fuzzer finds', () => {
  it('a target that takes what it must not', async () => {
    const { findings } = await fuzzTarget(credulous, limits)
    expect(findings[0]).toMatchObject({ kind: 'complaint', detail: expect.stringContaining('other bytes were taken') })
    const [first] = findings
    // The finding comes again by its number alone.
    expect(inputOf(credulous, limits.seed, first?.run ?? -1).input).toEqual(first?.input)
    const again = await fuzzTarget(credulous, { ...limits, firstRun: first?.run ?? -1, runs: 1 })
    expect(again.findings).toMatchObject([{ run: first?.run }])
  })

  it('an error that is no refusal', async () => {
    const { findings } = await fuzzTarget(tripping, { ...limits, runs: 3000 })
    expect(findings[0]).toMatchObject({ kind: 'crash', detail: expect.stringContaining('TypeError') })
  })

  it('memory that stays', async () => {
    const { findings } = await fuzzTarget(hoarding, { ...limits, maxGrowthBytes: 4_000_000 })
    expect(findings).toMatchObject([{ kind: 'growth', run: 299 }])
  })

  it('a run that does not end', async () => {
    const file = join(import.meta.dirname, 'broken/hanging.ts')
    const found = await runWatched({ file, seed: 1, firstRun: 0, runs: 1000, forMs: 600_000, hangMs: 4000, signal })
    expect(found.findings).toMatchObject([{ kind: 'hang', run: found.runs - 1 }])
    expect(found.findings[0]?.input[0]).not.toBe(0x73)
  })
})
