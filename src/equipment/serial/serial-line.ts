// Port: one serial line, held open by path for one user (console, UPS or panel). Adapter: serialport-line. It goes when the
// cable is pulled and comes back by itself; what is on it is untrusted, and each user bounds what it keeps of it.

export interface SerialLine {
  /** What people call the line: the device's path. */
  readonly path: string
  readonly isOpen: boolean

  /**
   * Calls `listener` with bytes as they arrive, in pieces of any size. They are only valid during the call: copy what is kept.
   * One listener; set before start.
   */
  onBytes(listener: (bytes: Uint8Array) => void): void

  /** Calls `listener` each time the line has opened or has gone. One listener; set before start. */
  onChange(listener: (isOpen: boolean) => void): void

  /**
   * Writes all of `bytes`, in the order of the calls, unchanged.
   * @param bytes not to be changed before the answer
   * @returns true when the system has taken them; false when the line is or goes away, or more waits to be written than
   *   the line holds: then none of them, or only the first of them, went out. Never rejects.
   */
  write(bytes: Uint8Array): Promise<boolean>
}

/** So many bytes may wait to be written; beyond, writes are refused. */
export const maxQueuedBytes = 16 * 1024
