// The appliance in QEMU, step by step. scripts/test-image starts this in a network namespace of its own.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { Bench } from './bench.ts'
import { inputsHash, lastFullPassFile } from './inputs.ts'
import { makeProducts } from './products.ts'
import { Progress } from './progress.ts'
import { steps } from './steps.ts'

const help = `./scripts/test-image [--list] [--from STEP] [--only STEP] [--again]

Boots the image in QEMU and tries it, step after step; what has passed on the same sources is not run again.
  --list       names the steps
  --from STEP  runs this step and those after it, passed or not
  --only STEP  runs this step alone
  --again      runs all of them
When all have passed, image/last-full-pass.json says so; ./scripts/test compares it with the sources.
`

const { values } = parseArgs({
  options: {
    list: { type: 'boolean' },
    from: { type: 'string' },
    only: { type: 'string' },
    again: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})
process.exitCode = await main()

async function main(): Promise<number> {
  if (values.help === true) {
    process.stdout.write(help)
    return 0
  }
  const names = steps.map(({ name }) => name)
  if (values.list === true) {
    for (const { name, claim } of steps) console.log(`${name.padEnd(14)} ${claim}`)
    return 0
  }
  const first = values.only ?? values.from ?? (values.again === true ? names[0] : undefined)
  if (first !== undefined && !names.includes(first)) {
    console.error(`test-image: there is no step ${first}; steps: ${names.join(', ')}`)
    return 2
  }
  const folder = join(projectRoot, 'build/test-image')
  await mkdir(folder, { recursive: true })
  const inputs = inputsHash()
  const progress = new Progress(join(folder, 'progress.json'), inputs)
  if (first !== undefined) progress.forget(values.only === undefined ? names.slice(names.indexOf(first)) : [first])
  const wanted = steps.filter(({ name }) =>
    values.only === undefined ? progress.get(name) === undefined : name === values.only,
  )
  const hungBoots: string[] = []
  const bench = await Bench.open(folder, await makeProducts(folder), hungBoots)
  // Whoever interrupts it leaves no box running; the steps that have passed are kept.
  for (const name of ['SIGINT', 'SIGTERM'] as const)
    process.once(name, () => void bench.close().finally(() => process.exit(1)))
  let failed = 0
  try {
    for (const step of wanted) {
      const startedMs = performance.now()
      const seconds = (): number => Math.round((performance.now() - startedMs) / 100) / 10
      try {
        const seen = await step.run(bench)
        progress.set(step.name, { seconds: seconds(), seen })
        console.log(`✓ ${step.name} (${seconds()} s): ${step.claim}: ${seen}`)
      } catch (error) {
        failed += 1
        console.log(`✗ ${step.name} (${seconds()} s): ${step.claim}`)
        console.error(error)
        // The next steps would stand on what is not there.
        break
      }
    }
  } finally {
    await bench.close()
  }
  for (const text of hungBoots) console.log(`a boot hung and was tried again: ${text}`)
  const passed = names.filter((name) => progress.get(name) !== undefined)
  if (passed.length === names.length) await writePass(inputs, names, progress, hungBoots)
  console.log(`${passed.length} passed, ${failed} failed, ${names.length - passed.length - failed} skipped`)
  return failed === 0 ? 0 : 1
}

/** Only now: every step has passed on these inputs. */
async function writePass(
  inputs: string,
  names: readonly string[],
  progress: Progress,
  hungBoots: readonly string[],
): Promise<void> {
  const seconds = Object.fromEntries(names.map((name) => [name, progress.get(name)?.seconds]))
  const pass = { inputs, at: new Date().toISOString(), seconds, hungBoots: hungBoots.length }
  await writeFile(lastFullPassFile, `${JSON.stringify(pass, null, 2)}\n`)
}
