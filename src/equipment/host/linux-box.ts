// The readings of a box that runs Linux: from /proc and /sys, one source a file beside this one, and nothing but reading.
// A look costs no child process. station.ts makes it; the condition watch and the surfaces read it.
import type { Service } from '../../base/lifecycle.ts'
import type { BoxReader, BoxReadings } from './box-readings.ts'
import { HostFiles } from './host-files.ts'
import { readBoot } from './linux-boot.ts'
import { readDisk } from './linux-disk.ts'
import { readMemory } from './linux-memory.ts'
import { readNetwork } from './linux-network.ts'
import { readThermal } from './linux-thermal.ts'
import { ProcessLoad } from './process-load.ts'

/** Who asks sooner after a look gets the same one. */
const freshMs = 5_000

export interface LinuxBoxOptions {
  /** `/proc` and `/sys`, or trees that look like them. */
  procFolder: string
  sysFolder: string
  /** Absolute; the disk that is read is the one under it. */
  dataFolder: string
}

export interface LinuxBoxDeps {
  /** Readings of the clock's synchronisation (chrony-clock.ts). */
  clockReadings: () => BoxReadings
  signerPid: () => number | undefined
}

export class LinuxBox implements BoxReader, Service {
  readonly name = 'box readings'
  readonly #deps: LinuxBoxDeps
  readonly #proc: HostFiles
  readonly #sys: HostFiles
  readonly #data: HostFiles
  readonly #load: ProcessLoad
  #last: { atMs: number; readings: BoxReadings } | undefined
  #looking: Promise<BoxReadings> | undefined

  constructor(options: LinuxBoxOptions, deps: LinuxBoxDeps) {
    this.#deps = deps
    this.#proc = new HostFiles(options.procFolder)
    this.#sys = new HostFiles(options.sysFolder)
    this.#data = new HostFiles(options.dataFolder)
    this.#load = new ProcessLoad(this.#proc, deps.signerPid)
  }

  async start(): Promise<void> {
    this.#load.start()
  }

  async stop(): Promise<void> {
    this.#load.stop()
    await this.#looking
  }

  async read(): Promise<BoxReadings> {
    if (this.#last !== undefined && performance.now() - this.#last.atMs < freshMs) return this.#last.readings
    this.#looking ??= this.#readAll().finally(() => {
      this.#looking = undefined
    })
    const readings = await this.#looking
    this.#last = { atMs: performance.now(), readings }
    return readings
  }

  /** One after the other: a sensor that hangs holds one thread, and the rest of its tree is absent meanwhile. */
  async #readAll(): Promise<BoxReadings> {
    const [proc, sys] = [this.#proc, this.#sys]
    return {
      ...(await readBoot(proc, sys)),
      ...(await readThermal(sys)),
      ...(await readMemory(proc, sys)),
      ...(await readDisk(this.#data, proc, sys)),
      ...(await readNetwork(sys)),
      ...(await this.#load.read()),
      ...this.#deps.clockReadings(),
    }
  }
}
