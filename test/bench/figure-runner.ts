// Runs one figure in a process group of its own, and sees to it that nothing of it is left. Between bench.ts and
// figure-process.ts.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../src/base/errors.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'
import { loadFigure } from './figure.ts'
import type { FigureMessage } from './figure-process.ts'
import type { MeasuredFigure } from './report.ts'

export interface FigureRunOptions {
  /** Where the figure's folder is made; `shared` is that of all figures. */
  folder: string
  isQuick: boolean
  say: (line: string) => void
  /** Gives up: the figure is ended like one that took too long. */
  signal: AbortSignal
}

const defaultTimeoutMs = 600_000
/** For ending what it has started by itself. */
const graceMs = 20_000

/** Measures a figure. A figure that fails, hangs or dies is a result with `failure`. */
export async function runFigure(
  id: string,
  options: FigureRunOptions,
): Promise<Pick<MeasuredFigure, 'id' | 'title' | 'target' | 'seconds' | 'result' | 'failure'>> {
  const { title, target, timeoutMs = defaultTimeoutMs } = await loadFigure(id)
  await mkdir(options.folder, { recursive: true })
  const folder = await mkdtemp(join(options.folder, `${id.slice(0, 8)}-`))
  const start = performance.now()
  try {
    const answer = await measure(id, folder, timeoutMs, options)
    return { id, title, target, seconds: (performance.now() - start) / 1000, ...answer }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}

async function measure(
  id: string,
  folder: string,
  timeoutMs: number,
  options: FigureRunOptions,
): Promise<Pick<MeasuredFigure, 'result' | 'failure'>> {
  const program = join(import.meta.dirname, 'figure-process.ts')
  const argv = [
    // Most of what a figure makes is short-lived: with a small young generation collecting it took a third of its time.
    '--max-semi-space-size=64',
    '--import',
    'tsx',
    program,
    id,
    folder,
    join(options.folder, 'shared'),
    options.isQuick ? 'quick' : 'full',
  ]
  // A group of its own: whatever the figure leaves running is found again by it.
  const child = spawn(process.execPath, argv, {
    cwd: projectRoot,
    detached: true,
    stdio: ['ignore', 2, 2, 'ipc'],
  })
  const { promise, resolve } = Promise.withResolvers<Pick<MeasuredFigure, 'result' | 'failure'>>()
  let answer: Pick<MeasuredFigure, 'result' | 'failure'> | undefined
  child.on('message', (message: FigureMessage) => {
    if ('say' in message) options.say(message.say)
    else answer = 'failure' in message ? { failure: message.failure } : { result: message.result }
  })
  let ending: string | undefined
  let killer: NodeJS.Timeout | undefined
  const end = (why: string) => {
    if (ending !== undefined) return
    ending = why
    signalGroup(child, 'SIGTERM')
    killer = setTimeout(() => signalGroup(child, 'SIGKILL'), graceMs)
  }
  const timer = setTimeout(() => end(`took more than ${timeoutMs / 1000} s`), timeoutMs)
  const abort = () => end('given up')
  options.signal.addEventListener('abort', abort)
  if (options.signal.aborted) abort()
  child.once('error', (error) => resolve({ failure: error.message }))
  child.once('exit', (code, signal) => {
    resolve(answer ?? { failure: ending ?? `its process ended with ${code ?? signal} and said nothing` })
  })
  try {
    return await promise
  } finally {
    clearTimeout(timer)
    clearTimeout(killer)
    options.signal.removeEventListener('abort', abort)
    signalGroup(child, 'SIGKILL')
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch (error) {
    // Nothing of it is left.
    if (!isSystemError(error, 'ESRCH')) throw error
  }
}
