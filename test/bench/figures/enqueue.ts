// How fast documents are taken in while a million deliveries are queued, beside the same station program with none.
import { join } from 'node:path'
import type { Office } from '../../fixtures/station/office.ts'
import { deepLab } from '../deep-store.ts'
import { type Figure, percentile, secondsOf } from '../figure.ts'
import { smallPackets } from '../rest-load.ts'
import { Intake } from '../round-trips.ts'

const target = 0.8
const inFlight = 64

export const figure: Figure = {
  id: 'enqueue',
  timeoutMs: 1_800_000,
  title: 'Documents accepted a second with 1,000,000 deliveries queued ÷ with none',
  target: `≥ ${target}`,
  async run({ sharedFolder, isQuick, say }) {
    const { deep, empty, away, count } = await deepLab(join(sharedFolder, 'deep'), isQuick, say)
    const each = isQuick ? 40 : 2000
    const rates = { deep: [] as number[], empty: [] as number[] }
    try {
      await Promise.all([deep.process.start(), empty.process.start()])
      const [fill, fillEmpty] = [filler(deep, away), filler(empty, away)]
      // The first round warms up both. Then in turn, so that what the machine does besides strikes both.
      for (let round = 0; round < (isQuick ? 2 : 7); round++) {
        const pair = [await fill(each), await fillEmpty(each)] as const
        if (round === 0) continue
        rates.deep.push(pair[0])
        rates.empty.push(pair[1])
      }
    } finally {
      await Promise.all([deep.process.stop(), empty.process.stop()])
    }
    const [deepRate, emptyRate] = [percentile(rates.deep, 0.5), percentile(rates.empty, 0.5)]
    return {
      values: [{ name: `accepted with ${count.toLocaleString('en')} queued`, value: deepRate, unit: '/s' }],
      baseline: { name: 'accepted with none queued', value: emptyRate, unit: '/s' },
      ratio: deepRate / emptyRate,
      met: deepRate / emptyRate >= target,
      bounds: `Medians of rounds of ${each} documents of 4 KB, ${inFlight} at a time, in turn; they are sealed and queued meanwhile, for a station that is out of reach.`,
    }
  },
}

/** Returns what hands in so many documents and says how many were accepted a second. */
function filler(from: Office, to: Office): (count: number) => Promise<number> {
  const intake = new Intake(from, inFlight)
  const packet = smallPackets(from.code, to.code, 4096)
  let number = 0
  return async (count) => {
    const goal = number + count
    const work = async () => {
      while (number < goal) await intake.handIn(packet(number++))
    }
    return count / (await secondsOf(async () => void (await Promise.all(Array.from({ length: inFlight }, work)))))
  }
}
