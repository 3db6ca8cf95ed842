// Ends the signer when a C_ call blocks its thread for good: then no frame is answered and no signal handled, and only
// another thread can act. Killing inside C_Login is safe: pin-guard has its intent on disk. Started by signer-main.
import { Worker } from 'node:worker_threads'

export interface SignerWatchdog {
  stop(): Promise<void>
}

/** Plain text, so that the bundle needs no second file. SIGKILL: an exit would wait for the blocked thread. */
const source = `
const { workerData } = require('node:worker_threads')
const { writeSync } = require('node:fs')
const { beats, stuckAfterMs } = workerData
let last = -1
let sinceMs = performance.now()
setInterval(() => {
  const now = Atomics.load(beats, 0)
  if (now !== last) { last = now; sinceMs = performance.now(); return }
  if (performance.now() - sinceMs < stuckAfterMs) return
  writeSync(1, JSON.stringify({ level: 60, time: new Date().toISOString(), stuckAfterMs, msg: 'a call of the PKCS#11 library does not return: the signer kills itself' }) + '\\n')
  process.kill(process.pid, 'SIGKILL')
}, Math.max(50, stuckAfterMs / 10))
`

/** Watches this thread: if it stands still for `stuckAfterMs`, the process is killed. */
export function startSignerWatchdog(stuckAfterMs: number): SignerWatchdog {
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(source, { eval: true, workerData: { beats, stuckAfterMs } })
  const timer = setInterval(() => Atomics.add(beats, 0, 1), Math.max(25, stuckAfterMs / 20))
  return {
    async stop() {
      clearInterval(timer)
      await worker.terminate()
    },
  }
}
