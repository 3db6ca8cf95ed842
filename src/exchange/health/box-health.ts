// Which conditions of the box are true, by its readings: each is raised at one bound and cleared at another, so that a reading that
// wavers around one is one alarm and not fifty. No I/O and no clock of its own. The health report asks it after every look.
import { type StateError, TramError } from '../../base/errors.ts'
import type { BoxReadings } from '../../equipment/host/box-readings.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs

/** Bounds: raised at or beyond the first, cleared on the far side of the second. */
const celsius = { raise: 80, clear: 75 }
const memoryPercent = { raise: 8, clear: 12 }
/** The doctor looks once, by the first. */
export const inodePercent = { raise: 5, clear: 8 }
/** Several looks in a row: a single one may be the start of the station itself. */
const eventLoop = { raiseMs: 500, clearMs: 200, forMs: 2 * minuteMs }
/** What is left of an eMMC is told in tenths: 90 is "between 80 and 90". */
const wearPercent = 90
const worstReserve = 2

/** Marks of what is over already are shown for so long. */
const powerHoldMs = 10 * minuteMs
const killHoldMs = 24 * hourMs
const resetShownSeconds = 24 * 3600
const unsynchronisedForMs = 30 * minuteMs
const networkDownForMs = minuteMs
/** Changes of a carrier count, and one is forgiven every ten minutes. Pulling a cable and putting it back are two. */
const flaps = { raise: 6, clear: 1, forgiveMs: 10 * minuteMs }

/** A sensor that is silent for a while, as one behind a late driver, ends no alarm; one that is gone does. */
const silenceMs = 10 * minuteMs

/** `keep`: between the bounds. `undefined`: the box does not say. */
type Finding = 'raise' | 'clear' | 'keep' | undefined

export class BoxHealth {
  /** What is true, with when it was last heard of. */
  readonly #active = new Map<string, { error: StateError; heardMs: number }>()
  /** Since when something holds, or when it was last seen to happen, by code. */
  readonly #since = new Map<string, number>()
  readonly #happened = new Map<string, number>()
  #last: BoxReadings = {}
  #lastMs = 0
  #flapLevel = 0

  /** What was true at the last look. */
  conditions(): readonly StateError[] {
    return [...this.#active.values()].map(({ error }) => error)
  }

  /** Takes one look in. `atMs` only ever grows (Clock.monotonic). */
  see(readings: BoxReadings, atMs: number): void {
    this.#seeProcessor(readings, atMs)
    this.#seeMemory(readings, atMs)
    this.#seeDisk(readings, atMs)
    this.#seeNetwork(readings, atMs)
    const { clockSynchronised, watchdogReset, uptimeSeconds = 0, eventLoopP99Ms } = readings
    const isOff = clockSynchronised === undefined ? undefined : !clockSynchronised
    this.#settle(
      new TramError('CLOCK_UNSYNCHRONISED', {}),
      this.#lasting('clock', isOff, unsynchronisedForMs, atMs),
      atMs,
    )
    const isRecent = watchdogReset === undefined ? undefined : watchdogReset && uptimeSeconds < resetShownSeconds
    this.#settle(new TramError('WATCHDOG_RESET', {}), plain(isRecent), atMs)
    const loop = within(eventLoopP99Ms, eventLoop.raiseMs, eventLoop.clearMs)
    const slow = loop === 'raise' ? this.#lasting('loop', true, eventLoop.forMs, atMs) : loop
    if (loop !== 'raise') this.#since.delete('loop')
    this.#settle(new TramError('EVENT_LOOP_SLOW', { ms: Math.round(eventLoopP99Ms ?? 0) }), slow, atMs)
    this.#last = { ...this.#last, ...readings }
    this.#lastMs = atMs
  }

  #seeProcessor(readings: BoxReadings, atMs: number): void {
    const { temperatureCelsius, undervoltage, undervoltageSinceBoot, throttled, throttledSinceBoot } = readings
    const hot = within(temperatureCelsius, celsius.raise, celsius.clear)
    this.#settle(new TramError('BOX_TOO_HOT', { celsius: Math.round(temperatureCelsius ?? 0) }), hot, atMs)
    const { undervoltageSinceBoot: wasWeak = false, throttledSinceBoot: wasThrottled = false } = this.#last
    // The mark may stand until the next boot: only its rise is news.
    const isWeak = undervoltage === true || (undervoltageSinceBoot === true && !wasWeak)
    const power = this.#happening('power', undervoltage === undefined ? undefined : isWeak, powerHoldMs, atMs)
    this.#settle(new TramError('BOX_UNDERVOLTAGE', {}), power, atMs)
    const isHeld = throttled === true || (throttledSinceBoot === true && !wasThrottled)
    const held = this.#happening('throttled', throttled === undefined ? undefined : isHeld, powerHoldMs, atMs)
    this.#settle(new TramError('BOX_THROTTLED', {}), held, atMs)
  }

  #seeMemory({ memoryAvailableBytes, memoryTotalBytes, oomKillsSinceBoot }: BoxReadings, atMs: number): void {
    const percent = share(memoryAvailableBytes, memoryTotalBytes)
    const low = within(percent, memoryPercent.raise, memoryPercent.clear)
    this.#settle(new TramError('MEMORY_LOW', { percent: Math.round(percent ?? 0) }), low, atMs)
    const killed = oomKillsSinceBoot === undefined ? undefined : oomKillsSinceBoot > (this.#last.oomKillsSinceBoot ?? 0)
    const finding = this.#happening('kills', killed, killHoldMs, atMs)
    this.#settle(new TramError('OOM_KILLED', { count: oomKillsSinceBoot ?? 0 }), finding, atMs)
  }

  #seeDisk(readings: BoxReadings, atMs: number): void {
    const { inodesFree, inodesTotal, diskReadOnly, diskErrors, diskWearPercent, diskReserveLevel } = readings
    const percent = share(inodesFree, inodesTotal)
    const low = within(percent, inodePercent.raise, inodePercent.clear)
    this.#settle(new TramError('DISK_INODES_LOW', { percent: Math.round(percent ?? 0) }), low, atMs)
    this.#settle(new TramError('DISK_READ_ONLY', {}), plain(diskReadOnly), atMs)
    const hasErrors = diskErrors === undefined ? undefined : diskErrors > 0
    this.#settle(new TramError('DISK_ERRORS', { count: diskErrors ?? 0 }), plain(hasErrors), atMs)
    const isSilent = diskWearPercent === undefined && diskReserveLevel === undefined
    const wear = Math.max(
      diskWearPercent ?? 0,
      diskReserveLevel === 3 ? 90 : diskReserveLevel === worstReserve ? 80 : 0,
    )
    const isWorn = (diskWearPercent ?? 0) >= wearPercent || (diskReserveLevel ?? 0) >= worstReserve
    this.#settle(new TramError('DISK_WEAR', { percent: wear }), plain(isSilent ? undefined : isWorn), atMs)
  }

  #seeNetwork({ linksUp, linkChangesSinceBoot }: BoxReadings, atMs: number): void {
    const isDown = linksUp === undefined ? undefined : linksUp === 0
    this.#settle(new TramError('NETWORK_DOWN', {}), this.#lasting('network', isDown, networkDownForMs, atMs), atMs)
    const { linkChangesSinceBoot: before = linkChangesSinceBoot } = this.#last
    // An interface that was unplugged takes its count away.
    const changes = Math.max(0, (linkChangesSinceBoot ?? 0) - (before ?? 0))
    const forgiven = (atMs - this.#lastMs) / flaps.forgiveMs
    this.#flapLevel = Math.max(0, this.#flapLevel - forgiven) + (linkChangesSinceBoot === undefined ? 0 : changes)
    const level = linkChangesSinceBoot === undefined ? undefined : this.#flapLevel
    const error = new TramError('LINK_FLAPPING', { count: linkChangesSinceBoot ?? 0 })
    this.#settle(error, within(level, flaps.raise, flaps.clear), atMs)
  }

  /** Raises or clears the condition that `error` is. */
  #settle(error: StateError, finding: Finding, atMs: number): void {
    const active = this.#active.get(error.code)
    if (finding === 'raise') this.#active.set(error.code, { error, heardMs: atMs })
    else if (finding === 'clear') this.#active.delete(error.code)
    else if (finding === 'keep' && active !== undefined) active.heardMs = atMs
    else if (active !== undefined && atMs - active.heardMs > silenceMs) this.#active.delete(error.code)
  }

  /** Raised once `isTrue` has held for `forMs`. */
  #lasting(name: string, isTrue: boolean | undefined, forMs: number, atMs: number): Finding {
    if (isTrue === undefined) return undefined
    if (!isTrue) {
      this.#since.delete(name)
      return 'clear'
    }
    const since = this.#since.get(name) ?? atMs
    this.#since.set(name, since)
    return atMs - since >= forMs ? 'raise' : 'keep'
  }

  /** Raised when it happens, and for `holdMs` after the last time. */
  #happening(name: string, happens: boolean | undefined, holdMs: number, atMs: number): Finding {
    if (happens === undefined) return undefined
    if (happens) this.#happened.set(name, atMs)
    if (happens) return 'raise'
    return atMs - (this.#happened.get(name) ?? Number.NEGATIVE_INFINITY) < holdMs ? 'keep' : 'clear'
  }
}

const plain = (isTrue: boolean | undefined): Finding => (isTrue === undefined ? undefined : isTrue ? 'raise' : 'clear')

/** By two bounds; which is the higher tells whether much or little is bad. */
function within(value: number | undefined, raise: number, clear: number): Finding {
  if (value === undefined) return undefined
  const sign = raise > clear ? 1 : -1
  if (sign * value >= sign * raise) return 'raise'
  return sign * value < sign * clear ? 'clear' : 'keep'
}

/** Per cent; undefined when either is unknown, or the whole is nothing. */
const share = (part: number | undefined, whole: number | undefined): number | undefined =>
  part === undefined || whole === undefined || whole <= 0 ? undefined : (part / whole) * 100
