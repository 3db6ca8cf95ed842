// What can be measured of the box that a station runs on: one flat object. linux-box.ts fills it; box-health.ts judges it and
// the surfaces publish it.

/**
 * One look at the box. What this box cannot tell has no key: it is never 0 and never NaN. Units are in the names; *SinceBoot is a
 * counter or a mark that only a restart of the machine resets.
 */
export interface BoxReadings {
  uptimeSeconds?: number

  /** The hottest sensor of the processor; of all thermal zones where none is named after it. */
  temperatureCelsius?: number
  /** The supply is too weak now (Raspberry Pi firmware, or its hwmon alarm). */
  undervoltage?: boolean
  /** The processor is held back now: clock capped, throttled, or at its soft temperature limit. */
  throttled?: boolean
  /** Since boot, or since somebody reset the mark; some kernels do so at every read. */
  undervoltageSinceBoot?: boolean
  throttledSinceBoot?: boolean

  memoryTotalBytes?: number
  memoryAvailableBytes?: number
  swapTotalBytes?: number
  swapUsedBytes?: number
  /** Processes that the kernel has killed for want of memory, on the whole machine. */
  oomKillsSinceBoot?: number
  /** The same in the station's own control group, since that was made. */
  stationOomKills?: number
  /** Share of the last minute in which something waited for it (PSI, `some avg60`). */
  cpuPressurePercent?: number
  memoryPressurePercent?: number
  ioPressurePercent?: number

  /** Of the file system of the data folder, as is the rest of this paragraph. */
  diskTotalBytes?: number
  diskFreeBytes?: number
  inodesTotal?: number
  inodesFree?: number
  diskReadOnly?: boolean
  /** Errors that ext4 has noted in its superblock; only a check of the file system resets it. */
  diskErrors?: number
  diskWrittenBytesSinceBoot?: number
  /** Of the rated life of an eMMC, used up: the worse of its two kinds of memory, in steps of ten; 110 is beyond it. */
  diskWearPercent?: number
  /** Reserve blocks of an eMMC: 1 normal, 2 four fifths used, 3 nine tenths used. */
  diskReserveLevel?: number

  /** What chronyd says; absent when there is none to ask. */
  clockSynchronised?: boolean
  /** How far the clock may be off at most: the known offset plus the uncertainty of the source. */
  clockErrorMs?: number
  clockOffsetMs?: number
  clockStratum?: number

  /** Interfaces of real hardware; absent when there is none, as in a container. */
  linksUp?: number
  linksTotal?: number
  /** How often one of them gained or lost its carrier. */
  linkChangesSinceBoot?: number

  /** The watchdog has reset the machine: this boot is its work. */
  watchdogReset?: boolean
  /** Raspberry Pi: this boot tries a new system once (`tryboot`). */
  tryBoot?: boolean
  bootPartition?: number
  /** Raspberry Pi: the power had been off before this boot. A reset by watchdog and a plain restart look the same there. */
  poweredOn?: boolean

  /** How late the event loop was with 99 of 100 timers since the last look. */
  eventLoopP99Ms?: number
  stationRssBytes?: number
  stationPssBytes?: number
  signerRssBytes?: number
  signerPssBytes?: number
  /** Of one core, since the last look. */
  stationCpuPercent?: number
}

/** Who takes a look. */
export interface BoxReader {
  /**
   * The readings, some seconds old at most: whoever asks at the same time shares one look.
   * A sensor that is absent, late or talks nonsense is absent from the answer; it never rejects because of one.
   */
  read(): Promise<BoxReadings>
}

/** `readings` without what is undefined or not a finite number. */
export function known(readings: { [Name in keyof BoxReadings]: BoxReadings[Name] | undefined }): BoxReadings {
  const isKnown = (value: unknown): boolean => typeof value === 'boolean' || Number.isFinite(value)
  return Object.fromEntries(Object.entries(readings).filter(([, value]) => isKnown(value)))
}
