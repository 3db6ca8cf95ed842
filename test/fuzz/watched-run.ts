// Runs a target in a thread of its own and watches it: a run that does not end, or that takes the thread with it, is a finding.
import { Worker } from 'node:worker_threads'
import { type Finding, type FuzzResult, inputOf } from './fuzz-run.ts'
import type { FuzzOrder } from './fuzz-worker.ts'
import { loadTarget } from './load-target.ts'

export interface WatchedRun {
  file: string
  seed: number
  firstRun: number
  runs: number
  forMs: number
  /** A run that takes longer hangs. */
  hangMs: number
  signal: AbortSignal
}

type Message = { finding: Finding } | { result: FuzzResult }

const maxHeapMb = 512

/**
 * Runs and watches. What has been found until a hang counts; the run that hung is the last one.
 * @throws Error when the target cannot even be opened; the signal's reason
 */
export async function runWatched(what: WatchedRun): Promise<FuzzResult> {
  const { file, seed, firstRun, runs, forMs, hangMs, signal } = what
  const atRun = new SharedArrayBuffer(4)
  const at = new Int32Array(atRun)
  at[0] = -1
  const order: FuzzOrder = { file, seed, firstRun, runs, forMs, atRun }
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: order,
    execArgv: ['--import', import.meta.resolve('tsx')],
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
  })
  const findings: Finding[] = []
  const { promise, resolve, reject } = Promise.withResolvers<FuzzResult | Omit<Finding, 'input' | 'run'>>()
  const stop = (): void => reject(signal.reason)
  signal.addEventListener('abort', stop)
  worker.on('message', (message: Message) => {
    if ('finding' in message) findings.push(message.finding)
    else resolve(message.result)
  })
  worker.on('error', (error) =>
    resolve({ kind: 'crash', detail: error instanceof Error ? (error.stack ?? '') : String(error) }),
  )
  worker.on('exit', (code) => resolve({ kind: 'crash', detail: `the thread ended with ${code}` }))
  let seen = at[0]
  let quietMs = 0
  const lookMs = hangMs / 4
  // Loading a target counts as run -1, and may hang like any other.
  const timer = setInterval(() => {
    const now = Atomics.load(at, 0)
    quietMs = now === seen ? quietMs + lookMs : 0
    seen = now
    if (quietMs >= hangMs) resolve({ kind: 'hang', detail: `the run took more than ${hangMs} ms` })
  }, lookMs)
  try {
    const end = await promise
    if (!('kind' in end)) return { ...end, findings }
    const run = Atomics.load(at, 0)
    if (run < 0) throw new Error(`${file} cannot be opened: ${end.detail}`)
    const target = await (await loadTarget(file)).open()
    findings.push({ ...end, run, input: inputOf(target, seed, run).input })
    await target.close?.()
    return { runs: run - firstRun + 1, findings, outcomes: { finding: 1 }, slowestMs: 0, slowestRun: run }
  } finally {
    clearInterval(timer)
    signal.removeEventListener('abort', stop)
    await worker.terminate()
  }
}
