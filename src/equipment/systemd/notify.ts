// Port: what the station tells whoever supervises its process (sd_notify(3)). Adapter: systemd-notify. Told by station.ts while
// it starts and stops, and by exchange/health/heartbeat while it lives.

/** What is told at once; what is absent stays as it was told before. */
export interface Notice {
  /** Every part has started. */
  ready?: true
  /** The station has begun to stop. */
  stopping?: true
  /** One short line for people. */
  status?: string
  /** The start takes longer: so many milliseconds from now are granted. */
  extendTimeoutMs?: number
  /** The station is alive: grants another watchdog period. */
  watchdog?: true
}

export interface Notify {
  /** Tells it soon, in the order of the calls. Never throws: what cannot be told is logged by the adapter. */
  tell(notice: Notice): void
}

/** What systemd hands a service in its environment (sd_notify(3), sd_watchdog_enabled(3)); main.ts reads it. */
export interface Supervision {
  /** NOTIFY_SOCKET: nobody supervises without it. */
  socket?: string | undefined
  /** WATCHDOG_USEC. */
  watchdogUsec?: string | undefined
  /** WATCHDOG_PID. */
  watchdogPid?: string | undefined
}

/** What is worth watching: a shorter period would be missed by one slow fsync. */
const shortestWatchdogMs = 1000

/**
 * How often systemd wants to hear that process `pid` is alive, ms; undefined when it does not. What is no sensible number
 * counts as not watched.
 */
export function watchdogPeriodMs(supervision: Supervision, pid: number): number | undefined {
  const { socket, watchdogUsec, watchdogPid } = supervision
  if (!socket || watchdogUsec === undefined || !/^\d{1,15}$/.test(watchdogUsec)) return undefined
  // For another process of the unit, say a wrapper that started this one.
  if (watchdogPid && watchdogPid !== String(pid)) return undefined
  const periodMs = Number(watchdogUsec) / 1000
  return periodMs >= shortestWatchdogMs ? periodMs : undefined
}
