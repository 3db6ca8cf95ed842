// Tokens as slow as a real one: how many documents share a signature, and how long a document takes, beside the best that natural
// batching could have done under the same load.
import { join } from 'node:path'
import { makeLabNetwork } from '../../../scripts/lab-network.ts'
import { bundledSigner } from '../../fixtures/station/bundle.ts'
import { troubleToken } from '../../fixtures/station/lab-changes.ts'
import { officesOf } from '../../fixtures/station/office.ts'
import { type Figure, percentile, secondsOf } from '../figure.ts'
import { simulateIdealBatcher } from '../ideal-batcher.ts'
import { type LeftRecords, leftRecords } from '../left-records.ts'
import { numberText } from '../report-text.ts'
import { RestLoad, smallPackets } from '../rest-load.ts'
import { apiSocketOf, pairWishes } from '../station-pair.ts'

const signingMs = 600
/** Documents in flight, and how many pass. With many the machine is what they wait for, with few it is the tokens. */
const loads = [
  { inFlight: 2000, count: 10_000 },
  { inFlight: 200, count: 2000 },
]
/** exchange.max_batch, default. */
const maxBatch = 4096
const targets = { batching: 0.8, latency: 1.25 }

export const figure: Figure = {
  id: 'slow-token',
  title: `Tokens that take ${signingMs} ms, ${loads.map(({ inFlight }) => numberText(inFlight)).join(' and ')} documents in flight: documents a signature ÷ an ideal natural batcher's`,
  target: `≥ ${targets.batching}, and p50 to the receipt ≤ ${targets.latency} × its`,
  timeoutMs: 900_000,
  async run({ folder, isQuick, say }) {
    const network = await makeLabNetwork(join(folder, 'lab'), pairWishes, { signerCommand: bundledSigner })
    const tokens = await Promise.all(network.stations.map((station) => troubleToken(station, {})))
    const [sender, recipient] = officesOf(network)
    if (sender === undefined || recipient === undefined) throw new Error('two offices were asked for')
    const fast = isQuick ? 20 : 4000
    let workMs: number
    const windows: Window[] = []
    try {
      await Promise.all([sender.process.start(), recipient.process.start()])
      const load = new RestLoad(sender, {
        socketPath: apiSocketOf(sender),
        connections: 64,
        inFlight: Math.max(...loads.map(({ inFlight }) => inFlight)),
        packet: smallPackets(sender.code, recipient.code, 4096),
      })
      await load.open()
      await load.deliver(isQuick ? 20 : 2000)
      workMs = (1000 * (await secondsOf(() => load.deliver(fast)))) / fast
      for (const token of tokens) token.plan({ delayMs: signingMs })
      say(`${numberText(1000 / workMs)} documents a second with tokens that take no time; now with slow ones`)
      for (const { inFlight, count } of loads) {
        const fromMs = Date.now()
        await load.deliver(isQuick ? 60 : count, inFlight)
        windows.push({ inFlight, fromMs, toMs: Date.now() })
      }
      load.close()
    } finally {
      await Promise.all([sender.process.stop(), recipient.process.stop()])
    }
    const left = await leftRecords(sender)
    const results = windows.map((window) => compare(window, left, workMs))
    const ratio = Math.min(...results.map(({ batching }) => batching))
    const baseline = results.find(({ batching }) => batching === ratio)?.idealEach ?? Number.NaN
    return {
      values: [
        ...results.flatMap(({ values }) => values),
        { name: 'documents a second, tokens that take no time', value: 1000 / workMs, unit: '/s' },
      ],
      baseline: {
        name: 'documents a signature of the ideal batcher, where the ratio is the lower one',
        value: baseline,
        unit: '',
      },
      ratio,
      met: ratio >= targets.batching && results.every(({ slower }) => slower <= targets.latency),
      bounds:
        'The ideal batcher is handed its documents as the stations are: the next one when one has its receipt. Its tokens take as long, ' +
        'and between them its documents pass no faster than the same stations were in this run with tokens that take no time.',
    }
  },
}

/** When so many documents were in flight, ms since 1970. */
interface Window {
  inFlight: number
  fromMs: number
  toMs: number
}

/** Sets what the store says of a load beside an ideal batcher under the same one. */
function compare({ inFlight, fromMs, toMs }: Window, left: LeftRecords, workMs: number) {
  const isWithin = (timeMs: number) => timeMs >= fromMs && timeMs <= toMs
  const deliveries = left.deliveries.filter(({ openedAt }) => isWithin(openedAt))
  const each = deliveries.length / left.seals.filter(({ timeMs }) => isWithin(timeMs)).length
  const median = (latencies: number[]) => percentile(latencies, 0.5)
  const p50 = median(deliveries.map(({ openedAt, closedAt }) => closedAt - openedAt))
  const idealOf = (load: Parameters<typeof simulateIdealBatcher>[0], itsWorkMs: number) =>
    simulateIdealBatcher(load, { signingMs, maxBatch, workMs: itsWorkMs })
  const closed = { count: deliveries.length, inFlight }
  const ideal = idealOf(closed, workMs)
  const idealEach = deliveries.length / ideal.signatures
  const idealP50 = median(ideal.latenciesMs)
  const replayed = median(idealOf({ arrivalsMs: deliveries.map(({ openedAt }) => openedAt) }, workMs).latenciesMs)
  const named = (name: string, value: number, unit = '') => ({
    name: `${numberText(inFlight)} in flight: ${name}`,
    value,
    unit,
  })
  return {
    batching: each / idealEach,
    slower: p50 / idealP50,
    idealEach,
    values: [
      named('documents', deliveries.length),
      named('documents a signature of the sender', each),
      named("the ideal batcher's", idealEach),
      named('accepted to receipt stored, p50', p50, 'ms'),
      named("the ideal batcher's p50", idealP50, 'ms'),
      named("p50 ÷ the ideal batcher's", p50 / idealP50),
      named('p50 ÷ that of an ideal batcher handed each document when the station took it', p50 / replayed),
    ],
  }
}
