// Port: the uninterruptible power supply that a station hangs on. Adapter: megatec-ups. exchange/health/ups-guard decides what
// its state means for the work; this only tells it. Nothing here switches a UPS: the port has no command.

/** One answer. Numbers are null where the device says that it does not know. */
export interface UpsReading {
  /** False: the mains failed (utility fail) and the battery feeds the station. */
  onMains: boolean
  batteryLow: boolean
  /** Bypass, or voltage regulation (AVR) on line-interactive models. */
  bypass: boolean
  /** The UPS says that it is broken. */
  fault: boolean
  /** Percent of what it can give, 0 to 999. */
  loadPercent: number | null
  /** Volt, 0 to 999.9; the others too. */
  inputVolt: number | null
  outputVolt: number | null
  /** Volt: of the battery, or of one cell on online models. */
  batteryVolt: number | null
  frequencyHz: number | null
  temperatureC: number | null
  /** When it was heard, ms since 1970. */
  at: number
}

/** `unknown`: not asked often enough yet. `silent`: it did not answer several times in a row, or the line is not there. */
export type UpsState = UpsReading | 'unknown' | 'silent'

export interface Ups {
  /** Where it hangs, as told to people. */
  readonly line: string
  readonly state: UpsState
  /** Calls `listener` with every reading, and at every question that stays without an answer while it is silent. */
  onState(listener: (state: UpsState) => void): void
}
