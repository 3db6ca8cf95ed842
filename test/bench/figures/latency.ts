// One document at a time between two idle stations: what a clerk waits for.
import { generateKeyPairSync, sign } from 'node:crypto'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { type Figure, percentile, secondsOf } from '../figure.ts'
import { numberedPacket, RoundTrips } from '../round-trips.ts'
import { startPair } from '../station-pair.ts'

/** Without which no document is receipted: each has a signature of either token, and is synced at either station. */
const steps = { signatures: 2, syncs: 4 }

export const figure: Figure = {
  id: 'latency',
  title: 'One document with its receipt between idle stations on one machine, p95',
  target: 'reported',
  async run({ folder, isQuick }) {
    const count = isQuick ? 5 : 300
    const bareMs = await bareSteps(join(folder, 'plain'), isQuick ? 5 : 100)
    const pair = await startPair(join(folder, 'lab'))
    try {
      const trips = new RoundTrips(pair.sender)
      const times: number[] = []
      // The first ones pay for the connection and for code that is not compiled yet.
      const warmUp = isQuick ? 1 : 50
      for (let number = 0; number < warmUp + count; number++) {
        const ms = await trips.time(numberedPacket(pair.sender, pair.recipient, number))
        if (number >= warmUp) times.push(ms)
      }
      trips.close()
      const p95 = percentile(times, 0.95)
      return {
        values: [
          { name: 'handing in to receipt stored, p50', value: percentile(times, 0.5), unit: 'ms' },
          { name: 'handing in to receipt stored, p95', value: p95, unit: 'ms' },
          { name: 'handing in to receipt stored, slowest', value: percentile(times, 1), unit: 'ms' },
        ],
        baseline: {
          name: `${steps.signatures} signatures RSA-3072 by OpenSSL and ${steps.syncs} × append and fdatasync, p95`,
          value: bareMs,
          unit: 'ms',
        },
        ratio: p95 / bareMs,
        met: 'reported',
      }
    } finally {
      await pair.stop()
    }
  },
}

/** What the steps cost one process that does nothing else, p95, ms. */
async function bareSteps(file: string, count: number): Promise<number> {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 })
  const bytes = Buffer.alloc(4096, 7)
  const handle = await open(file, 'w')
  const times: number[] = []
  for (let at = 0; at < count; at++) {
    const seconds = await secondsOf(async () => {
      for (let number = 0; number < steps.signatures; number++) sign('sha256', bytes, privateKey)
      for (let number = 0; number < steps.syncs; number++) {
        await handle.write(bytes)
        await handle.datasync()
      }
    })
    times.push(seconds * 1000)
  }
  await handle.close()
  return percentile(times, 0.95)
}
