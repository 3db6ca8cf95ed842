// The program `npm run fuzz`: spoilt bytes for everything that reads bytes from outside, in slices of half a minute, one target
// after the other. Exit code 0 when nothing was found, 1 when something was (it is saved), 2 for a mistaken command line.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { randomFrom } from '../fixtures/random.ts'
import { type Finding, fuzzTarget, inputOf } from './fuzz-run.ts'
import { refusalCode } from './fuzz-target.ts'
import { loadTarget, targetFile, targetNames } from './load-target.ts'
import { runWatched } from './watched-run.ts'

const help = `npm run fuzz -- [options]

  --target NAME,NAME   only these (default: all, in turn)
  --seed N             default 1; the same seed gives the same inputs
  --minutes N          for all targets together (default 10)
  --run N              only run N of the seed, of one target: a finding again
  --input FILE         only this input, for one target
  --hang-seconds N     a run that takes longer hangs (default 30)
  --folder DIR         where findings go (default fuzz-findings)
  --list               names the targets

`

const sliceMs = 30_000
/** No target gets a shorter slice: opening one takes a second. */
const minSliceMs = 3_000

function readArguments(argv: string[]) {
  const { values } = parseArgs({
    args: argv,
    options: {
      target: { type: 'string' },
      seed: { type: 'string', default: '1' },
      minutes: { type: 'string', default: '10' },
      run: { type: 'string' },
      input: { type: 'string' },
      'hang-seconds': { type: 'string', default: '30' },
      folder: { type: 'string', default: 'fuzz-findings' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  })
  const number = (name: 'seed' | 'minutes' | 'run' | 'hang-seconds'): number => {
    const value = Number(values[name])
    if (!(value >= 0)) throw new Error(`--${name} ${values[name]} is no number`)
    return value
  }
  const targets = values.target?.split(',') ?? targetNames()
  for (const name of targets) if (!targetNames().includes(name)) throw new Error(`there is no target ${name}: --list`)
  const isOne = values.run !== undefined || values.input !== undefined
  if (isOne && targets.length !== 1) throw new Error('--run and --input need one --target')
  return {
    targets,
    seed: number('seed'),
    forMs: number('minutes') * 60_000,
    run: values.run === undefined ? undefined : number('run'),
    inputFile: values.input,
    hangMs: number('hang-seconds') * 1000,
    folder: resolve(values.folder),
    isListing: values.list,
    isHelping: values.help,
  }
}

/** Writes a finding down and says how it comes again. */
function report(name: string, seed: number, folder: string, { kind, run, detail, input }: Finding): void {
  mkdirSync(folder, { recursive: true })
  const file = join(folder, `${name}-${seed}-${run}.bin`)
  writeFileSync(file, input)
  const again = `npm run fuzz -- --target ${name} --seed ${seed} --run ${run}`
  writeFileSync(`${file}.txt`, `${kind}\n${detail}\n\n${again}\nnpm run fuzz -- --target ${name} --input ${file}\n`)
  process.stdout.write(
    `FOUND ${name} run ${run}: ${kind}: ${detail.split('\n', 2).join(' ').slice(0, 300)}\n  ${again}\n`,
  )
}

/** One input, in this thread: for a debugger. Returns whether it is a finding. */
async function checkOne(
  name: string,
  seed: number,
  run: number | undefined,
  file: string | undefined,
): Promise<boolean> {
  const target = await (await loadTarget(targetFile(name))).open()
  try {
    if (run !== undefined && file === undefined) {
      const { findings, outcomes } = await fuzzTarget(target, {
        seed,
        firstRun: run,
        runs: 1,
        signal: new AbortController().signal,
      })
      const { input } = inputOf(target, seed, run)
      process.stdout.write(`${input.length} bytes: ${findings[0]?.detail ?? Object.keys(outcomes)[0]}\n`)
      return findings.length > 0
    }
    await target.check(readFileSync(file ?? ''), randomFrom(seed))
    process.stdout.write('taken\n')
    return false
  } catch (error) {
    const code = refusalCode(error)
    process.stdout.write(`${code ?? (error instanceof Error ? error.stack : String(error))}\n`)
    return code === undefined
  } finally {
    await target.close?.()
  }
}

interface Total {
  runs: number
  spentMs: number
  findings: number
  slowestMs: number
  outcomes: Map<string, number>
}

async function runAll(
  targets: readonly string[],
  options: ReturnType<typeof readArguments>,
  signal: AbortSignal,
): Promise<boolean> {
  const { seed, forMs, hangMs, folder } = options
  const totals = new Map<string, Total>()
  const untilMs = performance.now() + forMs
  const eachMs = Math.max(minSliceMs, Math.min(sliceMs, forMs / targets.length))
  for (let turn = 0; performance.now() < untilMs && !signal.aborted; turn++) {
    const name = targets[turn % targets.length] ?? ''
    const total = totals.get(name) ?? { runs: 0, spentMs: 0, findings: 0, slowestMs: 0, outcomes: new Map() }
    totals.set(name, total)
    const beganMs = performance.now()
    const slice = { file: targetFile(name), seed, firstRun: total.runs, runs: 2 ** 31, forMs: eachMs, hangMs, signal }
    const result = await runWatched(slice)
    const spentMs = performance.now() - beganMs
    total.runs += result.runs
    total.spentMs += spentMs
    total.findings += result.findings.length
    total.slowestMs = Math.max(total.slowestMs, result.slowestMs)
    for (const [outcome, count] of Object.entries(result.outcomes))
      total.outcomes.set(outcome, (total.outcomes.get(outcome) ?? 0) + count)
    for (const finding of result.findings) report(name, seed, folder, finding)
    const rate = Math.round((result.runs * 1000) / spentMs)
    const slowest = `slowest ${Math.round(result.slowestMs)} ms (run ${result.slowestRun})`
    process.stdout.write(`${name}: ${result.runs} runs, ${rate}/s, ${result.findings.length} findings, ${slowest}\n`)
  }
  process.stdout.write('\n')
  for (const [name, { runs, spentMs, findings, slowestMs, outcomes }] of totals) {
    const most = [...outcomes].sort((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`)
    const rate = Math.round((runs * 1000) / spentMs)
    process.stdout.write(
      `${name}: ${runs} runs, ${rate}/s, ${findings} findings, slowest ${Math.round(slowestMs)} ms; ${most.join(', ')}\n`,
    )
  }
  return [...totals.values()].some(({ findings }) => findings > 0)
}

async function main(): Promise<number> {
  let options: ReturnType<typeof readArguments>
  try {
    options = readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    return 2
  }
  const { targets, seed, run, inputFile, isListing, isHelping } = options
  if (isHelping || isListing) {
    process.stdout.write(isHelping ? help : `${targetNames().join('\n')}\n`)
    return 0
  }
  const [first = ''] = targets
  if (run !== undefined || inputFile !== undefined) return (await checkOne(first, seed, run, inputFile)) ? 1 : 0
  return (await runAll(targets, options, new AbortController().signal)) ? 1 : 0
}

process.exitCode = await main()
