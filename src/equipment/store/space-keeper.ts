// Port: how much may still be written. Adapter: disk-space. Intake and reception reserve before they take a byte.

/** Room that is held for one packet until released. Idempotent. */
export interface Reservation {
  readonly bytes: number
  release(): void
}

export interface SpaceReport {
  freeBytes: number
  reservedBytes: number
  watermarkBytes: number
  /** False while the disk is too full to take documents. */
  open: boolean
}

export interface SpaceKeeper {
  /**
   * Holds `bytes` if free − reserved − bytes ≥ watermark. Kind `status` may also draw on a small reserve of its own.
   * @throws TramError DISK_FULL
   */
  reserve(bytes: number, kind: 'document' | 'status'): Reservation
  report(): SpaceReport
}
