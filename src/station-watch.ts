// Composition root of what watches a station and tells how it is: report, numbers, events. station.ts hands in the parts that are
// watched; the way of a document does not pass here.
import type { Clock } from './base/clock.ts'
import type { Service } from './base/lifecycle.ts'
import type { Logger } from './base/logger.ts'
import { tramVersion } from './base/version.ts'
import type { Config } from './config.ts'
import type { BoxReader } from './equipment/host/box-readings.ts'
import { SysfsLeds } from './equipment/host/sysfs-leds.ts'
import type { Ups } from './equipment/serial/ups.ts'
import type { LevelStore } from './equipment/store/level-store.ts'
import type { SpaceKeeper } from './equipment/store/space-keeper.ts'
import type { Token } from './equipment/token/token.ts'
import type { Directory } from './exchange/directory/directory.ts'
import type { DirectoryCounts } from './exchange/directory/directory-counts.ts'
import type { AuditLog } from './exchange/evidence/audit-log.ts'
import { BoxHealth } from './exchange/health/box-health.ts'
import { ConditionWatch } from './exchange/health/condition-watch.ts'
import { DiskTrend } from './exchange/health/disk-trend.ts'
import type { HealthEvent } from './exchange/health/event-outbox.ts'
import { type ConditionSource, type HealthReport, StationHealth } from './exchange/health/station-health.ts'
import { StationState } from './exchange/health/station-state.ts'
import { Tally } from './exchange/health/tally.ts'
import type { TimedToken } from './exchange/health/timed-token.ts'
import type { Courier } from './exchange/send/courier.ts'
import type { OpenDeliveries } from './exchange/send/open-deliveries.ts'
import type { Sealer } from './exchange/send/sealer.ts'
import type { Switchboard } from './exchange/switchboard.ts'

/** What is watched. */
export interface WatchedParts {
  records: LevelStore
  audit: AuditLog
  space: SpaceKeeper
  token: Token
  timedToken: TimedToken
  sealer: Sealer
  courier: Courier
  switchboard: Switchboard
  directory: Directory
  counts: DirectoryCounts
  deliveries: OpenDeliveries
  /** Parts that know of conditions. */
  sources: () => readonly ConditionSource[]
  box: BoxReader
  /** undefined without one. */
  ups: Pick<Ups, 'state'> | undefined
  chain: readonly Uint8Array[]
  /** Keeps events for the broker, if there is one. */
  tell: (events: readonly HealthEvent[]) => Promise<void>
  eventsWaiting: () => number | undefined
  clock: Clock
  logger: Logger
}

/**
 * Makes the parts that watch. `lights` start first of all, `before` before the station can be asked, `after` once it serves.
 */
export function watchStation(config: Config, parts: WatchedParts) {
  const { records, audit, space, clock, logger, box, timedToken } = parts
  const { id: station, generation } = config.station
  const boxHealth = new BoxHealth()
  const trend = new DiskTrend({ records, space, clock, logger })
  const health = new StationHealth(
    { station, generation, version: tramVersion },
    { ...parts, trend, sources: () => [...parts.sources(), boxHealth] },
  )
  /** Looks at the box first. */
  const report = async (signal: AbortSignal): Promise<HealthReport> => {
    boxHealth.see(await box.read(), clock.monotonic())
    return health.report(signal)
  }
  const tally = new Tally(audit, logger)
  const watch = new ConditionWatch({
    report,
    tell: parts.tell,
    ...{ records, audit, clock, logger, version: tramVersion },
  })
  audit.onActs((acts) => {
    for (const { act, subject: document, detail: other = '' } of acts) {
      if (act === 'expired') watch.happened('DELIVERY_EXPIRED', { document, station: other })
      else if (act === 'refused-by-recipient')
        watch.happened('DELIVERY_REFUSED', { document, station: other, detail: `tram trace ${document}` })
    }
  })
  const state = new StationState({
    report: () => watch.current(),
    ...{ tally, token: timedToken },
    syncMs: (share) => records.syncMs(share),
    readings: () => box.read(),
    ups: () => parts.ups?.state,
    eventsWaiting: parts.eventsWaiting,
  })
  const lights = new SysfsLeds(
    { sysFolder: config.box.sys_folder, names: { green: config.box.green_led, red: config.box.red_led } },
    { conditions: async () => (await watch.current()).conditions, logger },
  )
  const before: Service[] = [{ name: 'tally', start: () => tally.start(), stop: async () => undefined }, trend]
  const started: Service = {
    name: 'health',
    start: async () => health.markReady(),
    stop: async () => undefined,
  }
  const shown: Service = { name: 'station light', start: async () => lights.markReady(), stop: async () => undefined }
  return { health: { report }, state, watch, lights, before, after: [started, watch, shown] }
}
