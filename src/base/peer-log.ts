// Lines about what peers do, one a peer and code a minute with the number of those left out: a peer must not be able to
// fill the disk or hide others with log lines. For links, reception, courier and the directory exchange.
import { Allowance } from './allowance.ts'
import type { Clock } from './clock.ts'
import type { Logger } from './logger.ts'

type Level = 'info' | 'warn' | 'error'

export class PeerLog {
  readonly #logger: Logger
  readonly #allowance: Allowance

  constructor(deps: { logger: Logger; clock: Clock }) {
    this.#logger = deps.logger
    this.#allowance = new Allowance(1, deps.clock)
  }

  /** Writes a line, unless this peer has had one with this code and message within the minute. `peer` goes with it. */
  write(level: Level, peer: string, fields: { code?: string; [field: string]: unknown }, message: string): void {
    const omitted = this.#allowance.take(`${peer} ${fields.code ?? ''} ${message}`)
    if (omitted === undefined) return
    this.#logger[level]({ ...fields, peer, ...(omitted > 0 ? { omitted } : {}) }, message)
  }
}
