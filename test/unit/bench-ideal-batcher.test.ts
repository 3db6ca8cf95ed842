// The ideal natural batcher that slow tokens are compared with: small runs whose answer is known.
import { describe, expect, it } from 'vitest'
import { simulateIdealBatcher } from '../bench/ideal-batcher.ts'

const tokens = { signingMs: 600, maxBatch: 4096, workMs: 0 }

describe('the ideal natural batcher', () => {
  it('needs two signatures for a document that comes alone', () => {
    expect(simulateIdealBatcher([100], tokens)).toEqual({ signatures: 1, latenciesMs: [1200] })
  })

  it('seals together what came while the token was busy', () => {
    // The first goes alone; the others wait for it, then share a signature, here and there.
    expect(simulateIdealBatcher([0, 10, 20], tokens)).toEqual({ signatures: 2, latenciesMs: [1200, 1790, 1780] })
  })

  it('does not mind in which order the arrivals are told', () => {
    expect(simulateIdealBatcher([20, 0, 10], tokens)).toEqual(simulateIdealBatcher([0, 10, 20], tokens))
  })

  it('seals no more at once than is allowed', () => {
    const { signatures, latenciesMs } = simulateIdealBatcher([0, 0, 0, 0], { ...tokens, maxBatch: 2 })
    expect({ signatures, latenciesMs }).toEqual({ signatures: 2, latenciesMs: [1200, 1200, 1800, 1800] })
  })

  it('lets documents pass between the tokens one by one', () => {
    // Sealed at 600; the second is carried at 800, when the receipt of the first (at 700) is being signed until 1300.
    expect(simulateIdealBatcher([0, 0], { ...tokens, workMs: 100 }).latenciesMs).toEqual([1300, 1900])
  })
})
