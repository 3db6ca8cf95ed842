// Ends the signer when a C_ call blocks its thread for good: then no frame is answered and no signal handled, and only
// another thread can act. Killing inside C_Login is safe: pin-guard has its intent on disk. Started by signer-main.
// For the same reason it is this thread that answers who asks whether the signer's process runs (signer-alive.ts).
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { TramError } from '../../base/errors.ts'

export interface SignerWatchdog {
  /**
   * From now on, whoever connects to the Unix socket `path` (a stale one is replaced) gets one byte and is cut.
   * @throws TramError SIGNER_UNREACHABLE when nobody could
   */
  answerOn(path: string, mode?: number): Promise<void>
  stop(): Promise<void>
}

/** Plain text, so that the bundle needs no second file. SIGKILL: an exit would wait for the blocked thread. */
const source = `
const { parentPort, workerData } = require('node:worker_threads')
const { chmodSync, rmSync, writeSync } = require('node:fs')
const { createServer } = require('node:net')
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
parentPort.on('message', ({ path, mode }) => {
  const tell = (error) => parentPort.postMessage(error ? error.message : '')
  try {
    rmSync(path, { force: true })
    const server = createServer((socket) => {
      socket.on('error', () => socket.destroy()) // who asked has gone
      socket.end('.')
    })
    server.maxConnections = 8
    server.once('error', tell)
    server.listen(path, () => {
      chmodSync(path, mode)
      tell()
    })
  } catch (error) {
    tell(error)
  }
})
`

/** Watches this thread: if it stands still for `stuckAfterMs`, the process is killed. */
export function startSignerWatchdog(stuckAfterMs: number): SignerWatchdog {
  const beats = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(source, { eval: true, workerData: { beats, stuckAfterMs } })
  const timer = setInterval(() => Atomics.add(beats, 0, 1), Math.max(25, stuckAfterMs / 20))
  return {
    async answerOn(path, mode = 0o600) {
      const answer = once(worker, 'message')
      worker.postMessage({ path, mode })
      const [detail] = (await answer) as [string]
      if (detail !== '') throw new TramError('SIGNER_UNREACHABLE', { detail })
    },
    async stop() {
      clearInterval(timer)
      await worker.terminate()
    },
  }
}
