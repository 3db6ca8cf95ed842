// The thread in which a target runs, so that whoever started it (watched-run.ts) sees a run that does not end. It says in shared
// memory which run it is at, and hands over findings as they come.
import { parentPort, workerData } from 'node:worker_threads'
import { fuzzTarget } from './fuzz-run.ts'
import { loadTarget } from './load-target.ts'

/** What the thread is started with. */
export interface FuzzOrder {
  file: string
  seed: number
  firstRun: number
  runs: number
  forMs: number
  /** One Int32: the run that it is at. */
  atRun: SharedArrayBuffer
}

const { file, atRun, ...limits } = workerData as FuzzOrder
const at = new Int32Array(atRun)
const target = await (await loadTarget(file)).open()
const result = await fuzzTarget(target, {
  ...limits,
  signal: new AbortController().signal,
  onRun: (run) => Atomics.store(at, 0, run),
  onFinding: (finding) => parentPort?.postMessage({ finding }),
})
await target.close?.()
parentPort?.postMessage({ result })
