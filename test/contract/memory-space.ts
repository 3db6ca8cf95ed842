// The space keeper without a disk: room is a number that the test sets.
import { TramError } from '../../src/base/errors.ts'
import type { Reservation, SpaceKeeper, SpaceReport } from '../../src/equipment/store/space-keeper.ts'

export class MemorySpace implements SpaceKeeper {
  /** Above the watermark, not counting reservations. */
  freeBytes: number
  reservedBytes = 0

  constructor(freeBytes = Number.MAX_SAFE_INTEGER) {
    this.freeBytes = freeBytes
  }

  reserve(bytes: number): Reservation {
    const freeBytes = this.freeBytes - this.reservedBytes
    if (bytes > freeBytes) throw new TramError('DISK_FULL', { neededBytes: bytes, freeBytes })
    this.reservedBytes += bytes
    let held = true
    const release = () => {
      if (held) this.reservedBytes -= bytes
      held = false
    }
    return { bytes, release }
  }

  report(): SpaceReport {
    const { freeBytes, reservedBytes } = this
    return { freeBytes, reservedBytes, watermarkBytes: 0, open: freeBytes > reservedBytes, ballast: true }
  }
}
