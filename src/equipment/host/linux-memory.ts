// Memory: how much is left, who was killed for it, and how long everybody waited. Part of linux-box.ts.
import { type BoxReadings, known } from './box-readings.ts'
import { type HostFiles, lineNumber } from './host-files.ts'

/** @param proc /proc @param sys /sys */
export async function readMemory(proc: HostFiles, sys: HostFiles): Promise<BoxReadings> {
  const meminfo = await proc.text('meminfo', 8192)
  const bytes = (name: string): number => (lineNumber(meminfo, name) ?? Number.NaN) * 1024
  const kills = lineNumber(await proc.text('vmstat', 32_768), 'oom_kill')
  return known({
    memoryTotalBytes: bytes('MemTotal'),
    memoryAvailableBytes: bytes('MemAvailable'),
    swapTotalBytes: bytes('SwapTotal'),
    swapUsedBytes: bytes('SwapTotal') - bytes('SwapFree'),
    oomKillsSinceBoot: kills,
    stationOomKills: await readOwnKills(proc, sys),
    cpuPressurePercent: await readPressure(proc, 'cpu'),
    memoryPressurePercent: await readPressure(proc, 'memory'),
    ioPressurePercent: await readPressure(proc, 'io'),
  })
}

/** OOM kills in our own control group (v2: the line `0::/…` of /proc/self/cgroup). */
async function readOwnKills(proc: HostFiles, sys: HostFiles): Promise<number | undefined> {
  const group = /^0::(\/.*)$/m.exec((await proc.text('self/cgroup')) ?? '')?.[1]
  if (group === undefined || group.split('/').includes('..')) return undefined
  return lineNumber(await sys.text(`fs/cgroup${group}/memory.events`), 'oom_kill')
}

async function readPressure(proc: HostFiles, of: 'cpu' | 'memory' | 'io'): Promise<number | undefined> {
  const percent = /^some .*?\bavg60=(\d{1,3}\.\d\d)\b/m.exec((await proc.text(`pressure/${of}`, 512)) ?? '')?.[1]
  return percent === undefined ? undefined : Math.min(100, Number(percent))
}
