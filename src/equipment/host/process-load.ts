// What station and signer themselves take: memory, processor, and how late the event loop is. Part of linux-box.ts.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { type BoxReadings, known } from './box-readings.ts'
import { type HostFiles, lineNumber } from './host-files.ts'

/** How often the event loop is tried: its lateness counts from there. */
const resolutionMs = 100

export class ProcessLoad {
  readonly #proc: HostFiles
  readonly #signerPid: () => number | undefined
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  #last: { cpuMs: number; atMs: number } | undefined

  /**
   * `signerPid`: process id of the signer, where it is known.
   * @param proc /proc
   */
  constructor(proc: HostFiles, signerPid: () => number | undefined) {
    this.#proc = proc
    this.#signerPid = signerPid
  }

  start(): void {
    this.#delay.enable()
  }

  stop(): void {
    this.#delay.disable()
  }

  /** Processor and event loop: since the last call. */
  async read(): Promise<BoxReadings> {
    const pid = this.#signerPid()
    const signer = pid === undefined ? undefined : await this.#memory(String(pid))
    const own = await this.#memory('self')
    return known({
      eventLoopP99Ms: this.#lateness(),
      stationCpuPercent: this.#cpu(),
      stationRssBytes: process.memoryUsage.rss(),
      stationPssBytes: own.pss,
      signerRssBytes: signer?.rss,
      signerPssBytes: signer?.pss,
    })
  }

  #lateness(): number | undefined {
    if (this.#delay.count === 0) return undefined
    const p99Ms = this.#delay.percentile(99) / 1e6
    this.#delay.reset()
    return Math.max(0, Math.round(p99Ms - resolutionMs))
  }

  #cpu(): number | undefined {
    const { user, system } = process.cpuUsage()
    const now = { cpuMs: (user + system) / 1000, atMs: performance.now() }
    const last = this.#last
    this.#last = now
    if (last === undefined || now.atMs <= last.atMs) return undefined
    return Math.round(((now.cpuMs - last.cpuMs) / (now.atMs - last.atMs)) * 1000) / 10
  }

  /** Bytes of a process: all that it holds, and its fair share of what it holds together with others. */
  async #memory(process: string): Promise<{ rss: number; pss: number }> {
    const rollup = await this.#proc.text(`${process}/smaps_rollup`)
    const bytes = (name: string): number => (lineNumber(rollup, name) ?? Number.NaN) * 1024
    return { rss: bytes('Rss'), pss: bytes('Pss') }
  }
}
