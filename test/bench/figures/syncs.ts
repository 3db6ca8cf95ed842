// How often the disk is made to sync for a document: group commit shares one sync among all that wait for it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../../src/base/errors.ts'
import { processesOf } from '../../fixtures/station/office-processes.ts'
import type { Figure } from '../figure.ts'
import { RestLoad, smallPackets } from '../rest-load.ts'
import { apiSocketOf, startPair } from '../station-pair.ts'

const target = 0.1

export const figure: Figure = {
  id: 'syncs',
  title: 'fsync and fdatasync calls of both stations a document, 256 in flight',
  target: `≤ ${target}`,
  async run({ folder, isQuick }) {
    const [many, few] = isQuick ? [300, 5] : [4000, 100]
    const pair = await startPair(join(folder, 'lab'))
    try {
      const pids = [...(await processesOf(pair.sender)), ...(await processesOf(pair.recipient))]
      const load = (inFlight: number, firstNumber: number) =>
        new RestLoad(pair.sender, {
          socketPath: apiSocketOf(pair.sender),
          connections: Math.min(inFlight, 32),
          inFlight,
          packet: (number) => packetOf(firstNumber + number),
        })
      const packetOf = smallPackets(pair.sender.code, pair.recipient.code, 4096)
      const crowd = load(256, 0)
      await crowd.open()
      // The link, and code that is not compiled yet.
      await crowd.deliver(isQuick ? 50 : 1000)
      const crowded = await syncsDuring(pids, join(folder, 'many'), () => crowd.deliver(many))
      crowd.close()
      const lone = load(1, 1_000_000)
      await lone.open()
      const alone = await syncsDuring(pids, join(folder, 'few'), () => lone.deliver(few))
      lone.close()
      const each = crowded / many
      return {
        values: [
          { name: 'documents, 256 in flight', value: many, unit: '' },
          { name: 'syncs meanwhile', value: crowded, unit: '' },
          { name: 'syncs a document', value: each, unit: '' },
        ],
        baseline: { name: 'syncs a document, one document at a time', value: alone / few, unit: '' },
        ratio: each / (alone / few),
        met: each <= target,
        bounds:
          'Counted by strace on both stations and their signers, which slows them: fewer documents wait for each sync than without it.',
      }
    } finally {
      await pair.stop()
    }
  },
}

/** How often these processes, in any of their threads, call fsync or fdatasync while `act` runs. */
async function syncsDuring(pids: readonly number[], file: string, act: () => Promise<void>): Promise<number> {
  const attach = pids.flatMap((pid) => ['-p', String(pid)])
  const strace = spawn('strace', ['-f', '-q', '-e', 'trace=fsync,fdatasync', '-o', file, ...attach], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let complaint = ''
  strace.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint += text
  })
  const ended = once(strace, 'close')
  const whether = { isOver: false }
  void ended.then(
    () => {
      whether.isOver = true
    },
    () => undefined,
  )
  while (!(await areTraced(pids))) {
    if (whether.isOver) throw new Error(`strace: ${complaint}`)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await act()
  strace.kill('SIGINT')
  await ended
  // A call that is interrupted by another thread's takes two lines; the second says `resumed`.
  const lines = (await readFile(file, 'utf8')).split('\n')
  return lines.filter((text) => /^\d+ +f(data)?sync\(/.test(text)).length
}

/** Whether every thread has a tracer. */
async function areTraced(pids: readonly number[]): Promise<boolean> {
  for (const pid of pids) {
    for (const thread of await readdir(`/proc/${pid}/task`)) {
      try {
        const status = await readFile(`/proc/${pid}/task/${thread}/status`, 'utf8')
        if (/^TracerPid:\t0$/m.test(status)) return false
      } catch (error) {
        // A thread that has just ended calls nothing any more.
        if (!isSystemError(error, 'ENOENT') && !isSystemError(error, 'ESRCH')) throw error
      }
    }
  }
  return true
}
