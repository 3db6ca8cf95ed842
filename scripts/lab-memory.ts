// What the lab's processes cost, and what this machine still has: decides how many stations fit, and is shown at the end.
import { readFile, statfs } from 'node:fs/promises'
import { join } from 'node:path'
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
  const groups = await textOf('/proc/self/cgroup')
  const limits = await Promise.all([
    groupRoom(`/sys/fs/cgroup${pathOf(groups, '')}`, 'memory.max', 'memory.current'),
    groupRoom(`/sys/fs/cgroup/memory${pathOf(groups, 'memory')}`, 'memory.limit_in_bytes', 'memory.usage_in_bytes'),
  ])
  return Math.min(machine, ...limits)
}

/** What a control group leaves us: version 2 and version 1 differ in names only. A file that is not there limits nothing. */
async function groupRoom(folder: string, limitName: string, usageName: string): Promise<number> {
  const limit = Number(await textOf(join(folder, limitName)))
  if (!(limit > 0)) return Number.POSITIVE_INFINITY // also for `max`
  const usage = Number(await textOf(join(folder, usageName)))
  // Counted as used, and given up when somebody needs it.
  const cache = Number(/^(?:total_)?inactive_file (\d+)$/m.exec(await textOf(join(folder, 'memory.stat')))?.[1] ?? 0)
  return limit - usage + cache
}

/** Our group of a controller; '' is version 2's only hierarchy. */
function pathOf(groups: string, controller: string): string {
  return new RegExp(`^\\d+:${controller}:(.*)$`, 'm').exec(groups)?.[1] ?? '/'
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
