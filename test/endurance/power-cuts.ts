// The command `npm run power-cuts -- --count 200 [--seed 1] [--json]`: chains of emulated power cuts under load, each on a new lab, and the
// sum of their books. Exit code 1 when anything was lost, doubled, altered or left without its receipt. Needs root.
import { parseArgs } from 'node:util'
import { rootCommand } from '../fixtures/store/loop-disk.ts'
import { isInOrder } from './books.ts'
import { powerCutChain } from './power-cut-chain.ts'

/** Cuts of one lab: its disks are small. */
const chainCuts = 10

const { values } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const count = Number(values.count)
const seed = Number(values.seed)
if (!Number.isInteger(count) || count < 1 || !Number.isInteger(seed)) {
  throw new Error('usage: npm run power-cuts -- --count <cuts> [--seed <whole number>] [--json]')
}
if (rootCommand === undefined) throw new Error('power cuts are emulated on loop mounts, which need root or sudo -n')

const say = (text: string): void => void process.stderr.write(`${text}\n`)
const sum = { cuts: 0, whileStarting: 0, acknowledged: 0, lost: 0, doubled: 0, strange: 0, unreceipted: 0 }
for (let chain = 0; sum.cuts < count; chain++) {
  const chainSeed = seed * 1000 + chain
  const { cuts, verdict, kept } = await powerCutChain({
    seed: chainSeed,
    cuts: Math.min(chainCuts, count - sum.cuts),
  })
  sum.cuts += cuts.length
  sum.whileStarting += cuts.filter(({ whileStarting }) => whileStarting).length
  sum.acknowledged += verdict.acknowledged
  for (const sort of ['lost', 'doubled', 'strange', 'unreceipted'] as const) {
    sum[sort] += verdict[sort].length
    for (const line of verdict[sort].slice(0, 20)) say(`${sort}: ${line}`)
  }
  say(`seed ${chainSeed}: ${sum.cuts} of ${count} cuts, ${sum.acknowledged} packets acknowledged`)
  if (!isInOrder(verdict)) {
    say(`the books are not in order; everything is kept in ${kept}`)
    process.exitCode = 1
    break
  }
}
process.stdout.write(
  values.json
    ? `${JSON.stringify(sum)}\n`
    : `${sum.cuts} cuts (${sum.whileStarting} during a start), ${sum.acknowledged} packets acknowledged, ` +
        `${sum.lost} lost, ${sum.doubled} doubled, ${sum.strange} altered, ${sum.unreceipted} without receipt\n`,
)
