// The ideal natural batcher that slow tokens are compared with: small runs whose answer is known.
import { describe, expect, it } from 'vitest'
import { simulateIdealBatcher } from '../bench/ideal-batcher.ts'

const tokens = { signingMs: 600, maxBatch: 4096, workMs: 0 }

describe('the ideal natural batcher', () => {
  it('needs two signatures for a document that comes alone', () => {
    expect(simulateIdealBatcher({ arrivalsMs: [100] }, tokens)).toEqual({ signatures: 1, latenciesMs: [1200] })
  })

  it('seals together what came while the token was busy', () => {
    // The first goes alone; the others wait for it, then share a signature, here and there.
    expect(simulateIdealBatcher({ arrivalsMs: [0, 10, 20] }, tokens)).toEqual({
      signatures: 2,
      latenciesMs: [1200, 1790, 1780],
    })
  })

  it('does not mind in which order the arrivals are told', () => {
    expect(simulateIdealBatcher({ arrivalsMs: [20, 0, 10] }, tokens)).toEqual(
      simulateIdealBatcher({ arrivalsMs: [0, 10, 20] }, tokens),
    )
  })

  it('seals no more at once than is allowed', () => {
    const { signatures, latenciesMs } = simulateIdealBatcher({ arrivalsMs: [0, 0, 0, 0] }, { ...tokens, maxBatch: 2 })
    expect({ signatures, latenciesMs }).toEqual({ signatures: 2, latenciesMs: [1200, 1200, 1800, 1800] })
  })

  it('lets documents pass between the tokens one by one', () => {
    // Sealed at 600; the second is carried at 800, when the receipt of the first (at 700) is being signed until 1300.
    expect(simulateIdealBatcher({ arrivalsMs: [0, 0] }, { ...tokens, workMs: 100 }).latenciesMs).toEqual([1300, 1900])
  })

  it('hands in the next document when one has its receipt', () => {
    // Two come at once and share both signatures; so do the next two, which come with their receipts.
    expect(simulateIdealBatcher({ count: 4, inFlight: 2 }, tokens)).toEqual({
      signatures: 2,
      latenciesMs: [1200, 1200, 1200, 1200],
    })
  })

  it('keeps whoever has N documents in flight waiting for N times the work, whatever the tokens do', () => {
    // Little's law: 500 in flight at one each 10 ms is 5 s; two signatures are an eighth of that.
    const { latenciesMs } = simulateIdealBatcher(
      { count: 5000, inFlight: 500 },
      { ...tokens, workMs: 10, signingMs: 300 },
    )
    const middle = latenciesMs.slice(2000, 4000)
    expect(middle.reduce((sum, each) => sum + each) / middle.length).toBeCloseTo(5000, -2)
  })
})
