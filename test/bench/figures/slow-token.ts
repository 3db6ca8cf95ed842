// Tokens as slow as a real one: how many documents share a signature, and how long a document takes, beside the best that natural
// batching could have done with the same documents at the same times.
import { join } from 'node:path'
import { makeLabNetwork } from '../../../scripts/lab-network.ts'
import { bundledSigner } from '../../fixtures/station/bundle.ts'
import { troubleToken } from '../../fixtures/station/lab-changes.ts'
import { officesOf } from '../../fixtures/station/office.ts'
import { type Figure, percentile, secondsOf } from '../figure.ts'
import { simulateIdealBatcher } from '../ideal-batcher.ts'
import { leftRecords } from '../left-records.ts'
import { numberText } from '../report-text.ts'
import { RestLoad, smallPackets } from '../rest-load.ts'
import { apiSocketOf, pairWishes } from '../station-pair.ts'

const signingMs = 600
const inFlight = 2000
/** exchange.max_batch, default. */
const maxBatch = 4096
const targets = { batching: 0.8, latency: 1.25 }

export const figure: Figure = {
  id: 'slow-token',
  title: `Tokens that take ${signingMs} ms, ${inFlight.toLocaleString('en')} documents in flight: documents a signature ÷ an ideal natural batcher's`,
  target: `≥ ${targets.batching}, and p50 to the receipt ≤ ${targets.latency} × its`,
  async run({ folder, isQuick, say }) {
    const count = isQuick ? 60 : 10_000
    const network = await makeLabNetwork(join(folder, 'lab'), pairWishes, { signerCommand: bundledSigner })
    const tokens = await Promise.all(network.stations.map((station) => troubleToken(station, {})))
    const [sender, recipient] = officesOf(network)
    if (sender === undefined || recipient === undefined) throw new Error('two offices were asked for')
    const fast = isQuick ? 20 : 4000
    let workMs: number
    let slowFrom: number
    try {
      await Promise.all([sender.process.start(), recipient.process.start()])
      const load = new RestLoad(sender, {
        socketPath: apiSocketOf(sender),
        connections: 64,
        inFlight,
        packet: smallPackets(sender.code, recipient.code, 4096),
      })
      await load.open()
      await load.deliver(isQuick ? 20 : 2000)
      workMs = (1000 * (await secondsOf(() => load.deliver(fast)))) / fast
      for (const token of tokens) token.plan({ delayMs: signingMs })
      slowFrom = Date.now()
      say(`${numberText(1000 / workMs)} documents a second with tokens that take no time; now with slow ones`)
      await load.deliver(count)
      load.close()
    } finally {
      await Promise.all([sender.process.stop(), recipient.process.stop()])
    }
    const left = await leftRecords(sender)
    const deliveries = left.deliveries.filter(({ openedAt }) => openedAt >= slowFrom)
    const batches = left.seals.filter(({ timeMs }) => timeMs >= slowFrom)
    const each = deliveries.length / batches.length
    const latencies = deliveries.map(({ openedAt, closedAt }) => closedAt - openedAt)
    const arrivals = deliveries.map(({ openedAt }) => openedAt)
    const ideal = simulateIdealBatcher(arrivals, { signingMs, maxBatch, workMs })
    const idle = percentile(simulateIdealBatcher(arrivals, { signingMs, maxBatch, workMs: 0 }).latenciesMs, 0.5)
    const idealEach = deliveries.length / ideal.signatures
    const [p50, idealP50] = [percentile(latencies, 0.5), percentile(ideal.latenciesMs, 0.5)]
    return {
      values: [
        { name: 'documents', value: deliveries.length, unit: '' },
        { name: 'documents a signature of the sender', value: each, unit: '' },
        { name: 'accepted to receipt stored, p50', value: p50, unit: 'ms' },
        { name: "the ideal batcher's p50", value: idealP50, unit: 'ms' },
        { name: "p50 ÷ the ideal batcher's", value: p50 / idealP50, unit: '' },
        { name: 'p50 ÷ that of an ideal batcher whose documents need no work', value: p50 / idle, unit: '' },
        { name: 'documents a second, tokens that take no time', value: 1000 / workMs, unit: '/s' },
      ],
      baseline: { name: 'documents a signature of the ideal batcher, same arrivals', value: idealEach, unit: '' },
      ratio: each / idealEach,
      met: each / idealEach >= targets.batching && p50 / idealP50 <= targets.latency,
      bounds:
        'The ideal batcher takes the documents at the moments at which the station took them; its tokens take as long, and between ' +
        'them its documents pass no faster than the same stations were in this run with tokens that take no time.',
    }
  },
}
