// A chain of emulated power cuts: two stations under load, of which one or both lose power at random moments, also while they
// start or recover, and go on from what their disks held. In the end the books must be in order. Command: power-cuts.ts.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeLabNetwork } from '../../scripts/lab-network.ts'
import { drawOne, randomFrom } from '../fixtures/random.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { type Office, officesOf } from '../fixtures/station/office.ts'
import { OfficeDisk } from '../fixtures/station/office-disk.ts'
import { Books, type BooksVerdict, isInOrder } from './books.ts'
import { RestlessBackends } from './restless-backends.ts'
import { settle, verifySomeEvidence } from './settle.ts'

const mebibyte = 1024 * 1024

export interface ChainOptions {
  seed: number
  cuts: number
  /** Told after each cut. */
  onCut?: (cut: PowerCut) => void
}

export interface PowerCut {
  /** Which stations lost power. */
  stations: string[]
  /** Whether one of them was still starting after an earlier cut. */
  whileStarting: boolean
}

export interface ChainResult {
  cuts: PowerCut[]
  verdict: BooksVerdict
  /** Where everything lies, when something was wrong; removed otherwise. */
  kept: string | undefined
}

/** Runs a chain. Needs root. @throws Error when a station refuses to work, keeping its folder */
export async function powerCutChain({ seed, cuts, onCut }: ChainOptions): Promise<ChainResult> {
  const folder = await mkdtemp(join(tmpdir(), 'tram-cuts-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  ]
  const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const offices = officesOf(network)
  const disks = new Map<Office, OfficeDisk>()
  const books = new Books()
  const traffic = new RestlessBackends(offices, books, { seed, clients: 3 })
  const random = randomFrom(seed)
  const done: PowerCut[] = []
  const starting = new Map<Office, Promise<unknown>>()
  let failure: unknown
  let isDone = false
  /** Starts without waiting. A start that a cut ends is no failure; one that fails by itself is. */
  const begin = (office: Office): void => {
    const { process } = office
    let isReady = false
    const start = process.launch().then(() => {
      isReady = true
      starting.delete(office)
    })
    starting.set(office, start)
    start.catch((error: unknown) => {
      if (!isReady && starting.get(office) === start) failure ??= error
    })
  }
  try {
    const options = { folder, diskBytes: 448 * mebibyte, watermarkBytes: 64 * mebibyte }
    for (const office of offices) disks.set(office, await OfficeDisk.make(office, options))
    await Promise.all(offices.map((office) => office.process.start()))
    traffic.start()
    for (let at = 0; at < cuts; at++) {
      // Seldom so soon that the last cut's recovery is still under way.
      await delay(random() < 0.25 ? random() * 900 : 700 + random() * 1800)
      if (failure !== undefined) throw failure
      const victims = random() < 0.2 ? offices : [drawOne(random, offices)]
      const cut = {
        stations: victims.map(({ station }) => station.id),
        whileStarting: victims.some((one) => starting.has(one)),
      }
      for (const victim of victims) starting.delete(victim)
      await Promise.all(victims.map((victim) => disks.get(victim)?.cutPower()))
      for (const victim of victims) begin(victim)
      done.push(cut)
      onCut?.(cut)
    }
    await Promise.all(starting.values())
    const unreceipted = await settle(offices, books, traffic)
    const verdict = books.verdict(unreceipted)
    if (!isInOrder(verdict)) return { cuts: done, verdict, kept: folder }
    await verifySomeEvidence(offices, books, folder, random, 3)
    isDone = true
    return { cuts: done, verdict, kept: undefined }
  } finally {
    await Promise.all(offices.map((office) => office.process.stop()))
    for (const disk of disks.values()) await disk.unmount()
    if (isDone) await rm(folder, { recursive: true, force: true })
  }
}
