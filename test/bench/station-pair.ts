// Two stations of a lab as real processes from the bundles, each with its signer, and what they cost: processor time, memory,
// syncs. For the figures about the way of a document; rest-load.ts gives them work.
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { LabStation } from '../../scripts/lab-keys.ts'
import { memoryOf } from '../../scripts/lab-memory.ts'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { Office } from '../fixtures/station/office.ts'
import { processesOf } from '../fixtures/station/office-processes.ts'

export interface StationPair {
  sender: Office
  recipient: Office
  stop(): Promise<void>
}

/** The lab of a pair: the sender, then the recipient. */
export const pairWishes = [
  { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
  { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
] as const

/**
 * Makes a lab of two stations in `folder` and starts both.
 * @param commands argv of sender and recipient before `run`; default: the bundle on the Node that runs this
 * @param prepare changes the options of each, before it starts
 */
export async function startPair(
  folder: string,
  { commands = [], prepare }: { commands?: string[][]; prepare?: (station: LabStation) => Promise<void> } = {},
): Promise<StationPair> {
  const network = await makeLabNetwork(folder, pairWishes, {
    signerCommand: bundledSigner,
    signerLogFile: join(folder, 'signers.log'),
  })
  for (const station of network.stations) await prepare?.(station)
  const [sender, recipient] = network.stations.map((station, at) => new Office(station, undefined, commands[at]))
  if (sender === undefined || recipient === undefined) throw new Error('two offices were asked for')
  const stop = async () => {
    await Promise.all([sender.process.stop(), recipient.process.stop()])
  }
  try {
    await Promise.all([sender.process.start(), recipient.process.start()])
  } catch (error) {
    await stop()
    throw error
  }
  return { sender, recipient, stop }
}

/** The REST socket of a station. */
export const apiSocketOf = (office: Office): string => dataPaths(office.station.dataFolder).apiSocket

/** Processor seconds that a station and its signer have used, user and system, all threads. */
export async function cpuSecondsOf(office: Office): Promise<{ station: number; signer: number }> {
  const [station = 0, ...signers] = await Promise.all((await processesOf(office)).map(cpuSeconds))
  return { station, signer: signers.reduce((sum, seconds) => sum + seconds, 0) }
}

/** Proportional set size of a station and its signer, MB. */
export async function memoryOfOffice(office: Office): Promise<number> {
  return (await memoryOf(office.process.pid ?? 0)) / 1e6
}

/** Processor seconds by name of thread: where a station spends them. */
export async function threadSecondsOf(office: Office): Promise<Map<string, number>> {
  const folder = `/proc/${office.process.pid}/task`
  const seconds = new Map<string, number>()
  for (const thread of await readdir(folder)) {
    const name = (await readFile(join(folder, thread, 'comm'), 'utf8')).trim()
    const [ticks] = await ticksOf(join(folder, thread, 'stat'))
    seconds.set(name, (seconds.get(name) ?? 0) + ticks / ticksASecond)
  }
  return seconds
}

/** USER_HZ, which Linux fixes for everything that it shows. */
const ticksASecond = 100

/** Processor seconds of a process, all threads, and of those of its children that have ended. */
export async function cpuSecondsWithEnded(pid: number): Promise<{ own: number; ended: number }> {
  const [own = 0, ended = 0] = (await ticksOf(`/proc/${pid}/stat`)).map((ticks) => ticks / ticksASecond)
  return { own, ended }
}

async function cpuSeconds(pid: number): Promise<number> {
  return (await cpuSecondsWithEnded(pid)).own
}

/** Own ticks, user and system, and those of children that were waited for. */
async function ticksOf(file: string): Promise<[own: number, ended: number]> {
  const text = await readFile(file, 'utf8')
  // Behind the name, which may hold anything: state is field 3, utime 14, stime 15, cutime 16, cstime 17.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return [Number(fields[11]) + Number(fields[12]), Number(fields[13]) + Number(fields[14])]
}
