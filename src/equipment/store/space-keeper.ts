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
  /** The file that is given up when the store needs room is whole. */
  ballast: boolean
}

export interface SpaceKeeper {
  /**
   * Holds `bytes` if free − reserved − bytes ≥ watermark. Kind `status` may also draw on a small reserve of its own.
   * @param peer for whom, when it is a peer: one alone holds at most half of the room that there is, and while documents
   * are shut out, writes at most an eighth of the statuses' reserve
   * @throws TramError DISK_FULL
   */
  reserve(bytes: number, kind: 'document' | 'status', peer?: string): Reservation
  report(): SpaceReport
}
