// A lab from its start to its end: ground, stations, one round, and then the wait for Ctrl-C. Above lab-network.ts,
// lab-stations.ts and lab-round.ts; called by lab.ts.
// Long because: the phases of one run share what has been started, and end together.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { bundledSigner } from '../test/fixtures/station/bundle.ts'
import { labOffices } from './lab-agencies.ts'
import { LabBroker } from './lab-broker.ts'
import {
  endLeftStations,
  fileStation,
  isLabFolder,
  labFileOf,
  readLabFile,
  removeLabFile,
  runningLab,
  shown,
  writeLabFile,
  writeLock,
} from './lab-folder.ts'
import type { LabStation } from './lab-keys.ts'
import { availableMemory, memoryOf } from './lab-memory.ts'
import { type LabNetwork, makeLabNetwork } from './lab-network.ts'
import { Round, type RoundResult } from './lab-round.ts'
import { LabShow, ownsTerminal } from './lab-show.ts'
import { type LabStationProcess, startStations } from './lab-stations.ts'
import { writeVxpScript } from './lab-vxp-script.ts'

export interface LabOptions {
  /** Absolute. */
  folder: string
  stations: number
  /** End after the first round. */
  once: boolean
}

/** For a round: generous, since somebody else's CI may be slow; more for more recipients. */
const roundMs = { base: 90_000, perRecipient: 4_000 }

export class Lab {
  readonly #options: LabOptions
  readonly #signal: AbortSignal
  readonly #show = new LabShow()
  readonly #broker = new LabBroker()
  /** Everything that was started, whether or not it came up. */
  readonly #processes: LabStationProcess[] = []
  #running: LabStationProcess[] = []
  #round: Round | undefined
  #isReady = false
  /** Writes of lab.json and of the lock, one after the other. */
  #writing: Promise<void> = Promise.resolve()

  constructor(options: LabOptions, signal: AbortSignal) {
    this.#options = options
    this.#signal = signal
  }

  /** Returns the exit code. When it resolves, no station runs. */
  async run(): Promise<number> {
    const { folder, stations, once } = this.#options
    if ((await isLabFolder(folder)) === 'other') {
      this.#show.line(`${shown(folder)} không trống và không phải của scripts/lab · is not empty and no lab's folder`)
      return 1
    }
    let recipients = stations - 1
    let delivered = 0
    const other = await runningLab(folder)
    if (other !== undefined) {
      await this.#showOther(other)
      if (once) this.#show.line(`delivered 0 of ${recipients}`)
      return 1
    }
    let isStopped = false
    try {
      const network = await this.#makeGround()
      recipients = network.stations.length - 1
      await this.#startStations(network)
      const result = await this.#runRound(network)
      delivered = result.delivered
      if (!once) await this.#keepRunning(network, result)
      isStopped = this.#signal.aborted
    } catch (error) {
      isStopped = this.#signal.aborted
      if (!isStopped) this.#show.progress(`✗ ${error instanceof Error ? error.message : String(error)}`)
      if (!isStopped) this.#show.line(`    nhật ký · logs: ${join(folder, 'stations/*/log')}`)
    }
    await this.#stop()
    if (once) this.#show.line(`delivered ${delivered} of ${recipients}`)
    return delivered === recipients || (isStopped && !once) ? 0 : 1
  }

  /** Tells every station to end, without waiting. */
  terminate(): void {
    for (const process of this.#processes) process.terminate()
    this.#broker.terminate()
  }

  async #showOther(labPid: number): Promise<void> {
    const { folder } = this.#options
    this.#show.line(`scripts/lab đang chạy ở đây (pid ${labPid}) · is running here already: ${shown(folder)}`)
    for (const { name, agencyCodes, pid, vxpEndpoint } of (await readLabFile(folder))?.stations ?? [])
      this.#show.line(`    ${agencyCodes.join(' ').padEnd(4)} ${name.padEnd(28)} pid ${pid}  ${vxpEndpoint}`)
    this.#show.line(`    ${shown(labFileOf(folder))}; dừng · stop: scripts/lab down --folder ${shown(folder)}`)
  }

  /** Keys, directory, configurations: made, or found again. */
  async #makeGround(): Promise<LabNetwork> {
    const { folder, stations } = this.#options
    const { wishes, otherAgencies } = await labOffices(stations, Date.now())
    const left = await endLeftStations(folder)
    if (left > 0) this.#show.progress(`đã dừng ${left} trạm còn sót · stopped ${left} stations that were left`)
    await removeLabFile(folder)
    await this.#broker.start(folder)
    this.#show.progress(`khóa, token, chứng thư, danh bạ · keys, tokens, certificates, directory: ${shown(folder)}`)
    const count = (what: string) => {
      let done = 0
      return () => {
        done += 1
        if (stations > 8 && done % 10 === 0) this.#show.progress(`    ${what}: ${done}/${stations}`)
      }
    }
    const network = await makeLabNetwork(folder, wishes, {
      logLevel: 'debug',
      mqttUrl: this.#broker.url,
      signerCommand: bundledSigner,
      signerLogFile: join(folder, 'signers.log'),
      otherAgencies,
      onStationMade: count('khóa · keys'),
      onDescriptor: count('bản khai của trạm · station descriptors'),
    })
    this.#signal.throwIfAborted()
    for (const station of network.stations) await writeVxpScript(station)
    await this.#writeLock()
    return network
  }

  async #startStations(network: LabNetwork): Promise<void> {
    const { stations } = network
    this.#show.progress(
      `khởi động ${stations.length} trạm, mỗi trạm một tiến trình và một bộ ký · starting the stations`,
    )
    const started = await startStations(
      stations,
      this.#events(),
      this.#signal,
      (process) => this.#processes.push(process),
      (count) => {
        if (stations.length > 8 && count % 10 === 0) void this.#showMemory(`    ${count}/${stations.length}`)
      },
    )
    this.#running = started.running
    const reasons = Map.groupBy(started.left, ({ reason }) => reason)
    for (const [reason, left] of reasons) {
      const ids = left.map(({ station }) => station.id).join(' ')
      this.#show.progress(`✗ ${left.length} trạm không chạy được · stations did not fit: ${ids}: ${reason}`)
    }
    const sender = started.running.find(({ station }) => station === stations[0])
    if (sender === undefined || started.running.length < 2)
      throw new Error('chưa đủ hai trạm để gửi · not enough stations')
    this.#isReady = true
    await this.#writeLabFile(true)
    this.#show.progress(`${started.running.length} trạm sẵn sàng · stations are ready`)
    const rows = started.running.map(async ({ station, pid = 0 }) => ({ station, pid, bytes: await memoryOf(pid) }))
    this.#show.stations(await Promise.all(rows))
  }

  async #runRound(network: LabNetwork): Promise<RoundResult> {
    const [sender, ...recipients] = network.stations
    const senderProcess = this.#running.find(({ station }) => station === sender)
    if (sender === undefined || senderProcess === undefined) throw new Error('the sender does not run')
    const reachable = new Set(this.#running.map(({ station }) => station))
    this.#round = new Round(
      { sender, recipients, reachable },
      {
        onSending: (circular) => this.#show.sending(sender, circular, recipients.length),
        onStep: (way, step) => this.#show.step(way, step),
        onComplete: (way) => this.#show.complete(way),
        readSenderLog: () => senderProcess.readLog(),
      },
    )
    const deadline = AbortSignal.timeout(roundMs.base + recipients.length * roundMs.perRecipient)
    const result = await this.#round.run(AbortSignal.any([this.#signal, deadline]))
    this.#show.result(result, join(network.folder, 'stations/*/log'))
    return result
  }

  /** Until Ctrl-C. On a terminal, Enter sends one more circular: what happens to it while a station or token is away? */
  async #keepRunning(network: LabNetwork, result: RoundResult): Promise<void> {
    this.#show.line(`delivered ${result.delivered} of ${result.ways.length}`)
    const running = this.#running.map(({ station, pid = 0 }) => ({ station, pid }))
    this.#show.whatNext(network.folder, running, result.docId, this.#broker.url)
    if (this.#signal.aborted) return
    const stopped = new Promise<void>((resolve) =>
      this.#signal.addEventListener('abort', () => resolve(), { once: true }),
    )
    if (ownsTerminal()) {
      for await (const _ of createInterface({ input: process.stdin, signal: this.#signal })) {
        if (this.#signal.aborted) return
        const next = await this.#runRound(network)
        this.#show.line(`delivered ${next.delivered} of ${next.ways.length}`)
      }
    }
    await stopped
  }

  async #stop(): Promise<void> {
    if (this.#processes.length === 0) return await this.#broker.stop()
    this.#show.progress('đang dừng các trạm · stopping the stations')
    const ends = await Promise.all(this.#processes.map(async (process) => ({ process, how: await process.stop() })))
    const odd = ends.filter(({ process, how }) => how !== 'exit code 0' && this.#running.includes(process))
    for (const { process, how } of odd) this.#show.progress(`✗ ${process.station.id}: ${how}`)
    await this.#broker.stop()
    await this.#writeLock()
    if (this.#isReady) await this.#writeLabFile(false)
    this.#show.progress('đã dừng · stopped')
  }

  #events() {
    return {
      onLine: (station: LabStation, line: Parameters<Round['take']>[0]) => {
        if (station === this.#processes[0]?.station) this.#round?.take(line)
      },
      onSpawned: () => void this.#writeLock(),
      onLost: (station: LabStation, how: string, restartAfterMs: number) => {
        const [vi, en] = [
          `khởi động lại sau ${restartAfterMs / 1000} giây`,
          `starting it again in ${restartAfterMs / 1000} s`,
        ]
        this.#show.progress(`✗ trạm ${station.id} đã chết (${how}), ${vi} · station ${station.id} is dead, ${en}`)
      },
      onRestarted: (station: LabStation, pid: number) => {
        this.#show.progress(`✓ trạm ${station.id} đã trở lại, pid ${pid} · is back`)
        void this.#writeLabFile(true)
      },
      onRestartFailed: (station: LabStation, reason: string) => this.#show.progress(`✗ ${station.id}: ${reason}`),
    }
  }

  #writeLock(): Promise<void> {
    return this.#inTurn(() =>
      writeLock(
        this.#options.folder,
        [...this.#processes, this.#broker].flatMap(({ pid }) => pid ?? []),
      ),
    )
  }

  #writeLabFile(running: boolean): Promise<void> {
    if (!this.#isReady) return Promise.resolve()
    const stations = this.#running.map(({ station, pid = 0 }) => fileStation(station, pid))
    return this.#inTurn(() =>
      writeLabFile(this.#options.folder, { running, labPid: process.pid, mqttUrl: this.#broker.url, stations }),
    )
  }

  #inTurn(write: () => Promise<void>): Promise<void> {
    this.#writing = this.#writing.then(write)
    return this.#writing
  }

  async #showMemory(prefix: string): Promise<void> {
    const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024)
    const used = await Promise.all(this.#processes.map(({ pid = 0 }) => memoryOf(pid)))
    const sum = used.reduce((total, bytes) => total + bytes, 0)
    this.#show.progress(`${prefix}, ${mib(sum)} MiB (PSS), còn · left: ${mib(await availableMemory())} MiB`)
  }
}
