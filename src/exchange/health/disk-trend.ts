// When will the disk be full? A straight line through the free space of the last day, kept over restarts. station-health.ts shows
// the forecast and its conditions.
import type { Clock } from '../../base/clock.ts'
import { asTramError, type StateError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { key } from '../../equipment/store/namespaces.ts'
import type { RecordStore } from '../../equipment/store/record-store.ts'
import type { SpaceKeeper } from '../../equipment/store/space-keeper.ts'

interface Sample {
  atMs: number
  freeBytes: number
}

const sampleMs = 15 * 60_000
/** A day of samples. */
const maxSamples = 96
/** Less says nothing about a disk: office hours come once a day. */
const minSpanMs = 6 * 3_600_000
const dayMs = 86_400_000
/** Further ahead is no forecast. */
const maxDays = 3_650
const sampleBytes = 16
/** Raised below so many days; cleared a quarter above, so that a wavering line does not flap. */
const alarmDays = { DISK_FILLING: 14, DISK_FULL_SOON: 3 } as const
const clearFactor = 1.25

export class DiskTrend implements Service {
  readonly name = 'disk trend'
  readonly #deps: { records: RecordStore; space: SpaceKeeper; clock: Clock; logger: Logger }
  #samples: Sample[] = []
  #alarm: keyof typeof alarmDays | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(deps: { records: RecordStore; space: SpaceKeeper; clock: Clock; logger: Logger }) {
    this.#deps = deps
  }

  /** Takes up the samples of the last run. A damaged record of them is no reason not to start: they are gathered anew. */
  async start(): Promise<void> {
    try {
      this.#samples = samplesOf(await this.#deps.records.get(recordKey))
    } catch (error) {
      this.#deps.logger.warn(logFields(asTramError(error)), 'the free space of the last day is not known')
    }
    await this.sample()
    this.#timer = setInterval(() => void this.sample(), sampleMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
  }

  /** Notes the free space now. Never throws: a disk that takes no sample has conditions of its own. */
  async sample(): Promise<void> {
    const { clock, space, records, logger } = this.#deps
    if (clock.doubt !== undefined) return
    const atMs = clock.now()
    // A clock that was put back leaves samples of the future.
    const kept = this.#samples.filter((sample) => sample.atMs < atMs && sample.atMs > atMs - dayMs)
    this.#samples = [...kept, { atMs, freeBytes: space.report().freeBytes }].slice(-maxSamples)
    this.#judge()
    try {
      await records.commit([{ type: 'put', key: recordKey, value: bytesOf(this.#samples) }])
    } catch (error) {
      logger.debug(logFields(asTramError(error)), 'the free space was not noted')
    }
  }

  /** Days until no more documents are taken, at the pace of the last day; undefined while the disk does not fill. */
  get days(): number | undefined {
    return daysLeft(this.#samples, this.#deps.space.report().watermarkBytes)
  }

  /** DISK_FILLING or DISK_FULL_SOON. */
  conditions(): StateError[] {
    if (this.#alarm === undefined) return []
    return [new TramError(this.#alarm, { days: (this.days ?? 0).toFixed(1) })]
  }

  #judge(): void {
    const days = this.days ?? Number.POSITIVE_INFINITY
    const limit = (code: keyof typeof alarmDays): number =>
      // What is already as bad, or worse, has to become clearly better.
      alarmDays[code] * (this.#alarm === code || this.#alarm === 'DISK_FULL_SOON' ? clearFactor : 1)
    if (days < limit('DISK_FULL_SOON')) this.#alarm = 'DISK_FULL_SOON'
    else this.#alarm = days < limit('DISK_FILLING') ? 'DISK_FILLING' : undefined
  }
}

/**
 * Least squares over the samples.
 * @param floorBytes the free space at which the disk counts as full
 * @returns days from the last sample on; undefined with less than six hours of samples, or a disk that does not fill
 */
export function daysLeft(samples: readonly Sample[], floorBytes: number): number | undefined {
  const first = samples[0]
  const last = samples.at(-1)
  if (first === undefined || last === undefined || last.atMs - first.atMs < minSpanMs) return undefined
  const meanMs = mean(samples.map(({ atMs }) => atMs - first.atMs))
  const meanBytes = mean(samples.map(({ freeBytes }) => freeBytes))
  let covariance = 0
  let variance = 0
  for (const { atMs, freeBytes } of samples) {
    const distanceMs = atMs - first.atMs - meanMs
    covariance += distanceMs * (freeBytes - meanBytes)
    variance += distanceMs * distanceMs
  }
  const bytesPerMs = covariance / variance
  if (!(bytesPerMs < 0)) return undefined
  const days = Math.max(0, last.freeBytes - floorBytes) / -bytesPerMs / dayMs
  return days > maxDays ? undefined : days
}

const recordKey = key('meta', 'disk-trend')
const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length

function bytesOf(samples: readonly Sample[]): Uint8Array {
  const bytes = Buffer.alloc(samples.length * sampleBytes)
  samples.forEach(({ atMs, freeBytes }, at) => {
    bytes.writeDoubleBE(atMs, at * sampleBytes)
    bytes.writeDoubleBE(freeBytes, at * sampleBytes + 8)
  })
  return bytes
}

function samplesOf(value: Uint8Array | undefined): Sample[] {
  const bytes = Buffer.from(value ?? [])
  return Array.from({ length: Math.min(maxSamples, Math.floor(bytes.length / sampleBytes)) }, (_, at) => ({
    atMs: bytes.readDoubleBE(at * sampleBytes),
    freeBytes: bytes.readDoubleBE(at * sampleBytes + 8),
  })).filter(({ atMs, freeBytes }) => Number.isFinite(atMs) && Number.isFinite(freeBytes))
}
