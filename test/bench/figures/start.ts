// From the start of the bundle to `ready`, with nothing to do and with a million deliveries queued.
import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { apiCall } from '../../fixtures/station/api-call.ts'
import type { Office } from '../../fixtures/station/office.ts'
import { deepLab } from '../deep-store.ts'
import { type Figure, percentile, secondsOf } from '../figure.ts'
import { apiSocketOf } from '../station-pair.ts'

const targets = { emptySeconds: 1, deepSeconds: 5 }

export const figure: Figure = {
  id: 'start',
  timeoutMs: 1_800_000,
  title: 'From the start of the bundle to ready; the same with 1,000,000 deliveries queued',
  target: `≤ ${targets.emptySeconds} s; ≤ ${targets.deepSeconds} s`,
  async run({ sharedFolder, isQuick, say }) {
    const { deep, empty, count } = await deepLab(join(sharedFolder, 'deep'), isQuick, say)
    const rounds = isQuick ? 1 : 5
    const times = { empty: [] as number[], deep: [] as number[], node: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      times.node.push(await secondsOf(async () => void (await promisify(execFile)(process.execPath, ['-e', '0']))))
      times.empty.push(await startSeconds(empty))
      await empty.process.stop()
      times.deep.push(await startSeconds(deep))
      await assertQueued(deep)
      await deep.process.stop()
    }
    const [emptySeconds, deepSeconds] = [percentile(times.empty, 0.5), percentile(times.deep, 0.5)]
    return {
      values: [
        { name: 'start to ready, nothing queued', value: emptySeconds, unit: 's' },
        { name: `start to ready, ${count.toLocaleString('en')} deliveries queued`, value: deepSeconds, unit: 's' },
      ],
      baseline: { name: 'start and end of a Node that does nothing', value: percentile(times.node, 0.5), unit: 's' },
      ratio: deepSeconds / emptySeconds,
      met: emptySeconds <= targets.emptySeconds && deepSeconds <= targets.deepSeconds,
      bounds: `Medians of ${rounds} starts each in turn, files in the page cache. The ratio is that of the deep store to the empty one.`,
    }
  },
}

const startSeconds = (office: Office) => secondsOf(async () => void (await office.process.start()))

/** What was prepared must be what the station sees. */
async function assertQueued(office: Office): Promise<void> {
  const answer = await apiCall(apiSocketOf(office), '/v1/queue?limit=1')
  const { deliveries } = answer.json<{ deliveries: { state: string }[] }>()
  if (deliveries[0]?.state !== 'sending') throw new Error(`nothing is queued: ${answer.bytes.toString()}`)
}
