// What stations take at the most: under a crowd of small documents, and while a packet of a gigabyte passes, at either end.
import { copyFile, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { bundledStation } from '../../fixtures/station/bundle.ts'
import { setOption } from '../../fixtures/station/lab-changes.ts'
import type { Office } from '../../fixtures/station/office.ts'
import { VxpKit } from '../../fixtures/vxp-kit/vxp-kit.ts'
import type { Figure } from '../figure.ts'
import { writeLargePacket } from '../large-packet.ts'
import { RestLoad, smallPackets } from '../rest-load.ts'
import { apiSocketOf, memoryOfOffice, startPair } from '../station-pair.ts'

const targetMegabytes = 200
const sampleEveryMs = 250

export const figure: Figure = {
  id: 'memory-load',
  title: 'Memory (PSS) of station and signer at most: 256 small documents in flight, then a packet of 1 GB, either end',
  target: `≤ ${targetMegabytes} MB`,
  timeoutMs: 1_200_000,
  async run({ folder, isQuick, say }) {
    const packet = join(folder, 'packet')
    await writeLargePacket(packet, { from: 'G22', to: 'H41', number: 1, bytes: isQuick ? 3e6 : 1e9 })
    const commands = await Promise.all([ownNode(join(folder, 'one')), ownNode(join(folder, 'two'))])
    const pair = await startPair(join(folder, 'lab'), {
      commands,
      prepare: (station) => setOption(station, 'vxp', 'max_body_mib', 1024),
    })
    const peaks = { sender: new Peak(pair.sender), recipient: new Peak(pair.recipient) }
    const both = [peaks.sender, peaks.recipient]
    const load = new RestLoad(pair.sender, {
      socketPath: apiSocketOf(pair.sender),
      connections: 64,
      inFlight: 256,
      packet: smallPackets(pair.sender.code, pair.recipient.code, 4096),
    })
    try {
      const idle = await Promise.all(both.map((peak) => peak.look()))
      await load.open()
      const small = await watched(both, () => load.deliver(isQuick ? 300 : 10_000))
      say(`small documents: ${small.map((megabytes) => megabytes.toFixed(0)).join(' and ')} MB`)
      const kit = new VxpKit({ endpoint: pair.sender.endpoint, ...pair.sender.station.backend })
      const large = await watched(both, async () => {
        const answer = await kit.sendEdoc(packet, { from: pair.sender.code })
        if (answer.status !== 'OK') throw new Error(JSON.stringify(answer))
        const closed = await pair.sender.process.seen(
          (line) => line.step === 'closed' && line.document === answer.DocId,
        )
        if (closed.refused !== false) throw new Error(`refused: ${JSON.stringify(closed)}`)
      })
      kit.close()
      const most = Math.max(...small, ...large)
      const megabytes = (name: string, value = 0) => ({ name, value, unit: 'MB' })
      return {
        values: [
          megabytes('small documents, sender at most', small[0]),
          megabytes('small documents, recipient at most', small[1]),
          megabytes('large packet, sender at most', large[0]),
          megabytes('large packet, recipient at most', large[1]),
          megabytes('size of the large packet', (await stat(packet)).size / 1e6),
        ],
        baseline: megabytes('the sender before', idle[0]),
        ratio: most / (idle[0] ?? Number.NaN),
        met: most <= targetMegabytes,
        bounds:
          'Each station runs on a copy of Node that only its signer shares. Looked at every quarter of a second. Heap of V8 (96 MB of old ' +
          'space at most, 12 MB young), two write buffers of LevelDB of 16 MB, its files that are mapped, and the code itself.',
      }
    } finally {
      load.close()
      await pair.stop()
    }
  },
}

/** argv of the station on a copy of Node: PSS divides what processes share, and the bench runs the same file. */
async function ownNode(folder: string): Promise<string[]> {
  await mkdir(folder)
  const node = join(folder, 'node')
  await copyFile(process.execPath, node)
  return [node, ...bundledStation.slice(1)]
}

/** The most that a station and its signer have taken, MB. */
class Peak {
  readonly #office: Office
  #megabytes = 0

  constructor(office: Office) {
    this.#office = office
  }

  /** Looks now; returns the most since the last `take`. */
  async look(): Promise<number> {
    this.#megabytes = Math.max(this.#megabytes, await memoryOfOffice(this.#office))
    return this.#megabytes
  }

  /** The most so far; begins anew. */
  take(): number {
    const most = this.#megabytes
    this.#megabytes = 0
    return most
  }
}

/** Runs `act` and returns the peaks meanwhile. */
async function watched(peaks: readonly Peak[], act: () => Promise<void>): Promise<number[]> {
  const over = new AbortController()
  const watching = (async () => {
    while (!over.signal.aborted) {
      await Promise.all(peaks.map((peak) => peak.look()))
      await delay(sampleEveryMs, undefined, { signal: over.signal }).catch(() => undefined)
    }
  })()
  try {
    await act()
  } finally {
    over.abort()
    await watching
  }
  await Promise.all(peaks.map((peak) => peak.look()))
  return peaks.map((peak) => peak.take())
}
