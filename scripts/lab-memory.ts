// What the lab's processes cost, and what this machine still has: decides how many stations fit, and is shown at the end.
import { readFile, statfs } from 'node:fs/promises'
import { isSystemError } from '../src/base/errors.ts'

/** Proportional set size of a process and its children (a station and its signer), bytes; 0 for one that is gone. */
export async function memoryOf(pid: number): Promise<number> {
  const rollup = await textOf(`/proc/${pid}/smaps_rollup`)
  let bytes = kilobytes(rollup, 'Pss')
  for (const child of (await textOf(`/proc/${pid}/task/${pid}/children`)).split(' ')) {
    if (child !== '') bytes += await memoryOf(Number(child))
  }
  return bytes
}

/** Bytes that new processes may still take: of the machine, or of the control group that holds us to less. */
export async function availableMemory(): Promise<number> {
  const machine = kilobytes(await textOf('/proc/meminfo'), 'MemAvailable')
  const limit = Number(await textOf('/sys/fs/cgroup/memory.max'))
  const used = Number(await textOf('/sys/fs/cgroup/memory.current'))
  const cache = Number(/^inactive_file (\d+)$/m.exec(await textOf('/sys/fs/cgroup/memory.stat'))?.[1] ?? 0)
  // `max`, and no such file, are no limit.
  return limit > 0 && Number.isFinite(limit) ? Math.min(machine, limit - used + cache) : machine
}

/** Bytes that may still be written to the file system of `folder`. */
export async function availableDisk(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return bavail * bsize
}

function kilobytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) * 1024
}

/** '' when there is no such file: the process is gone, or this kernel has no control groups. */
async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (isSystemError(error, 'ENOENT') || isSystemError(error, 'ESRCH') || isSystemError(error, 'EACCES')) return ''
    throw error
  }
}
