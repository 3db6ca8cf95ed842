// Hỏa tốc: how long an urgent document takes while large packets go both ways over the same link as fast as it carries them.
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Office } from '../../fixtures/station/office.ts'
import { type Figure, percentile } from '../figure.ts'
import { writeLargePacket } from '../large-packet.ts'
import { numberedPacket, RoundTrips } from '../round-trips.ts'
import { startPair } from '../station-pair.ts'

const target = 3
const urgent = 3

export const figure: Figure = {
  id: 'urgent',
  title: 'A hỏa tốc document with its receipt while bulk saturates the link both ways ÷ unloaded, p50',
  target: `≤ ${target}`,
  async run({ folder, isQuick }) {
    const count = isQuick ? 5 : 100
    const pair = await startPair(join(folder, 'lab'))
    try {
      const trips = new RoundTrips(pair.sender)
      let number = 0
      const measure = async (times: number) => {
        const found: number[] = []
        for (let at = 0; at < times; at++) {
          found.push(await trips.time(numberedPacket(pair.sender, pair.recipient, number++, urgent)))
        }
        return found
      }
      await measure(isQuick ? 1 : 50)
      const unloaded = await measure(count)
      const packets = join(folder, 'packets')
      await mkdir(packets)
      const bulk = [
        new Bulk(pair.sender, pair.recipient, packets, isQuick ? 2e6 : 24e6),
        new Bulk(pair.recipient, pair.sender, packets, isQuick ? 2e6 : 24e6),
      ]
      await Promise.all(bulk.map((one) => one.start()))
      const before = bulk.map(({ delivered }) => delivered)
      const start = performance.now()
      const loaded = await measure(count)
      const seconds = (performance.now() - start) / 1000
      const speeds = bulk.map(({ delivered }, at) => (delivered - (before[at] ?? 0)) / 1e6 / seconds)
      await Promise.all(bulk.map((one) => one.stop()))
      trips.close()
      const ratio = percentile(loaded, 0.5) / percentile(unloaded, 0.5)
      return {
        values: [
          { name: 'loaded, p50', value: percentile(loaded, 0.5), unit: 'ms' },
          { name: 'loaded, p95', value: percentile(loaded, 0.95), unit: 'ms' },
          { name: 'unloaded, p95', value: percentile(unloaded, 0.95), unit: 'ms' },
          { name: 'bulk receipted meanwhile, there', value: speeds[0] ?? 0, unit: 'MB/s' },
          { name: 'bulk receipted meanwhile, back', value: speeds[1] ?? 0, unit: 'MB/s' },
        ],
        baseline: { name: 'unloaded, p50', value: percentile(unloaded, 0.5), unit: 'ms' },
        ratio,
        met: ratio <= target,
        bounds:
          'On one machine what bulk saturates is the processor: both stations, their signers and the backends that hand the bulk in share its cores.',
      }
    } finally {
      await pair.stop()
    }
  },
}

/** Large packets from one station to another without end: two are always on their way. */
class Bulk {
  readonly #from: Office
  readonly #to: Office
  readonly #folder: string
  readonly #bytes: number
  readonly #trips: RoundTrips
  #number = 0
  #isStopping = false
  #work: Promise<void>[] = []
  /** Bytes whose receipt has come. */
  delivered = 0

  constructor(from: Office, to: Office, folder: string, bytes: number) {
    this.#from = from
    this.#to = to
    this.#folder = folder
    this.#bytes = bytes
    this.#trips = new RoundTrips(from)
  }

  /** Resolves when the first packet has arrived. */
  async start(): Promise<void> {
    const first = Promise.withResolvers<void>()
    this.#work = Array.from({ length: 2 }, (_, worker) => this.#run(worker, first))
    await first.promise
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#work)
    this.#trips.close()
  }

  async #run(worker: number, first: PromiseWithResolvers<void>): Promise<void> {
    const file = join(this.#folder, `${this.#from.code}-${worker}`)
    try {
      while (!this.#isStopping) {
        const number = this.#number++
        const fields = { from: this.#from.code, to: this.#to.code, number, bytes: this.#bytes }
        await writeLargePacket(file, fields)
        await this.#trips.time(file)
        this.delivered += this.#bytes
        first.resolve()
      }
    } catch (error) {
      first.reject(error)
      throw error
    }
  }
}
