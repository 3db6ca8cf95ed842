// What a run of the bench has found: the JSON that `--json` writes, that is committed as docs/figures.json, and from which
// docs/figures.md is made (scripts/figures-page.ts).
import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os'
import { projectRoot } from '../fixtures/station/station-process.ts'
import type { FigureResult } from './figure.ts'

export interface Machine {
  cpu: string
  cores: number
  memoryBytes: number
  /** Kernel and architecture. */
  system: string
  node: string
}

export interface MeasuredFigure {
  id: string
  title: string
  target: string
  /** ISO 8601, UTC. */
  measuredAt: string
  /** Abbreviated; ends with `+` when files had been changed since. */
  commit: string
  /** How long measuring took, preparations included. */
  seconds: number
  /** Exactly one of the two. */
  result?: FigureResult
  failure?: string
}

export interface BenchReport {
  machine: Machine
  /** A smoke run, whose numbers mean nothing. */
  isQuick: boolean
  figures: MeasuredFigure[]
}

export function describeMachine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    system: `Linux ${release()}, ${arch()}`,
    node: process.version,
  }
}

/** The commit that is measured. Generated figures themselves do not count as changes. */
export function commitOf(): string {
  const git = (...argv: string[]) =>
    execFileSync('git', argv, { cwd: projectRoot, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const changed = git('status', '--porcelain', '--', '.', ':!docs/figures.json', ':!docs/figures.md')
    return `${git('rev-parse', '--short=12', 'HEAD')}${changed === '' ? '' : '+'}`
  } catch {
    // An exported tree has no history.
    return 'unknown'
  }
}

/**
 * `fresh` put into `kept`: figures that were measured anew replace the old ones, in the order of `ids`; others stay.
 * @throws Error when the kept ones are of another machine
 */
export function mergeReports(kept: BenchReport, fresh: BenchReport, ids: readonly string[]): BenchReport {
  if (JSON.stringify(kept.machine) !== JSON.stringify(fresh.machine)) {
    throw new Error('the kept figures are of another machine: measure all of them anew')
  }
  const all = new Map([...kept.figures, ...fresh.figures].map((figure) => [figure.id, figure]))
  return { ...fresh, figures: ids.flatMap((id) => all.get(id) ?? []) }
}
