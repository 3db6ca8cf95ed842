// The program `npm run bench`: measures the figures one after the other, prints them, and writes them down. What a figure is:
// figure.ts. Exit code 0 when each was measured, be its target met or not; 1 when one could not be; 2 for a mistaken command line.
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { figuresPage } from '../../scripts/figures-page.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { figureIds, loadFigure } from './figure.ts'
import { runFigure } from './figure-runner.ts'
import { type BenchReport, commitOf, describeMachine, type MeasuredFigure, mergeReports } from './report.ts'
import { figureText } from './report-text.ts'

const help = `npm run bench -- [options]

  --only ID,ID    only these figures
  --all           the ones that take long, too
  --quick         a smoke run in small numbers that mean nothing
  --json FILE     writes what was measured
  --write         puts it into docs/figures.json and docs/figures.md; with --only, into what is there
  --folder DIR    measure on the disk of this folder (default .bench in the checkout); the path must be short
  --list          names the figures

`

interface Arguments {
  only: string[] | undefined
  isAll: boolean
  isQuick: boolean
  jsonFile: string | undefined
  isWriting: boolean
  folder: string
  isListing: boolean
}

function readArguments(argv: string[]): Arguments {
  const { values } = parseArgs({
    args: argv,
    options: {
      only: { type: 'string' },
      all: { type: 'boolean', default: false },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      write: { type: 'boolean', default: false },
      folder: { type: 'string', default: join(projectRoot, '.bench') },
      list: { type: 'boolean', default: false },
    },
  })
  const only = values.only?.split(',')
  const unknown = only?.filter((id) => !figureIds.some((known) => known === id)) ?? []
  if (unknown.length > 0) throw new TypeError(`no figure ${unknown.join(', ')}; there are ${figureIds.join(', ')}`)
  if (values.quick && values.write) throw new TypeError('--quick measures nothing that --write could keep')
  return {
    only,
    isAll: values.all,
    isQuick: values.quick,
    jsonFile: values.json === undefined ? undefined : resolve(values.json),
    isWriting: values.write,
    folder: resolve(values.folder),
    isListing: values.list,
  }
}

async function measure({ only, isAll, isQuick, folder }: Arguments, signal: AbortSignal): Promise<BenchReport> {
  const report: BenchReport = { machine: describeMachine(), isQuick, figures: [] }
  for (const id of figureIds) {
    const { isOptional = false } = await loadFigure(id)
    if (only === undefined ? isOptional && !isAll : !only.includes(id)) continue
    const say = (line: string) => process.stderr.write(`  … ${id}: ${line}\n`)
    const measuredAt = new Date().toISOString()
    const measured = await runFigure(id, { folder, isQuick, say, signal })
    signal.throwIfAborted()
    const figure: MeasuredFigure = { ...measured, measuredAt, commit: commitOf() }
    process.stdout.write(`${figureText(figure)}\n`)
    report.figures.push(figure)
  }
  return report
}

/** Keeps the figures in docs/. */
function keep(fresh: BenchReport, isPart: boolean): void {
  const file = join(projectRoot, 'docs/figures.json')
  const kept = isPart && existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as BenchReport) : undefined
  const report = kept === undefined ? fresh : mergeReports(kept, fresh, figureIds)
  writeFileSync(file, `${JSON.stringify(report, undefined, 2)}\n`)
  writeFileSync(join(projectRoot, 'docs/figures.md'), figuresPage(report))
}

async function main(): Promise<number> {
  let given: Arguments
  try {
    given = readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    return 2
  }
  if (given.isListing) {
    for (const id of figureIds) {
      const { title, target, isOptional } = await loadFigure(id)
      process.stdout.write(`${id.padEnd(16)} ${title}   [${target}]${isOptional ? '   only when asked for' : ''}\n`)
    }
    return 0
  }
  const stopping = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => stopping.abort(new Error(`stopped by ${name}`)))
  }
  let report: BenchReport
  try {
    report = await measure(given, stopping.signal)
  } catch (error) {
    if (!stopping.signal.aborted) throw error
    return 130
  } finally {
    await rm(join(given.folder, 'shared'), { recursive: true, force: true })
  }
  if (given.jsonFile !== undefined) writeFileSync(given.jsonFile, `${JSON.stringify(report, undefined, 2)}\n`)
  const failed = report.figures.filter(({ failure }) => failure !== undefined)
  if (given.isWriting) {
    if (failed.length > 0) process.stderr.write('not written: not everything could be measured\n')
    else keep(report, given.only !== undefined || !given.isAll)
  }
  return failed.length > 0 ? 1 : 0
}

process.exitCode = await main()
