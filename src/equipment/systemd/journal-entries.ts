// Writes what changes in a station's health into the journal under the condition's MESSAGE_ID, so that `journalctl -x` shows beside it
// what to do (systemd/tram.catalog). The lines of our log cannot: what comes by standard output has no fields. By `logger` of
// util-linux, since Node has no datagram sockets; some 120 events an hour at most come here. Told by station.ts.
import { spawn } from 'node:child_process'
import type { ConditionCode } from '../../base/conditions/catalogue.ts'
import type { Severity } from '../../base/conditions/condition.ts'
import { messageId } from '../../base/conditions/message-id.ts'
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { oneLine } from '../../base/text-format.ts'

export interface JournalEntry {
  code: ConditionCode
  severity: Severity
  change: 'raised' | 'cleared' | 'happened'
  textVi: string
  textEn: string
}

/** syslog(3). */
const priorities: Readonly<Record<Severity, number>> = { critical: 2, error: 3, warning: 4, info: 6 }
const ended = 5
const maxTextLength = 1000
const maxWaiting = 200
const longestMs = 10_000

export class JournalEntries {
  readonly #logger: Logger
  #waiting: JournalEntry[] = []
  #writing: Promise<void> | undefined
  #hasFailed = false

  constructor(deps: { logger: Logger }) {
    this.#logger = deps.logger.child({ part: 'journal' })
  }

  /** Writes them soon, in order. Never throws; beyond a bound the oldest are dropped: the audit log has them as well. */
  add(entries: readonly JournalEntry[]): void {
    this.#waiting = [...this.#waiting, ...entries].slice(-maxWaiting)
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#writing
  }

  async #writeAll(): Promise<void> {
    for (let entry = this.#waiting.shift(); entry !== undefined; entry = this.#waiting.shift()) {
      try {
        await write(fieldsOf(entry))
        this.#hasFailed = false
      } catch (error) {
        if (!this.#hasFailed) this.#logger.warn(logFields(asTramError(error)), 'the journal takes no entries')
        this.#hasFailed = true
      }
    }
  }
}

/** One field a line; the texts hold what peers and backends have sent. */
export function fieldsOf({ code, severity, change, textVi, textEn }: JournalEntry): string {
  const [vi, en] = [textVi, textEn].map((text) => oneLine(text).slice(0, maxTextLength))
  return [
    `MESSAGE_ID=${messageId(code)}`,
    `MESSAGE=${code} ${change}: ${vi} / ${en}`,
    `PRIORITY=${change === 'cleared' ? ended : priorities[severity]}`,
    'SYSLOG_IDENTIFIER=tram',
    `TRAM_CODE=${code}`,
    `TRAM_CHANGE=${change}`,
    '',
  ].join('\n')
}

async function write(fields: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const child = spawn('logger', ['--journald'], {
    env: { LC_ALL: 'C.UTF-8' },
    stdio: ['pipe', 'ignore', 'pipe'],
    timeout: longestMs,
  })
  let complaint = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, 500)
  })
  child.once('error', reject)
  child.stdin.on('error', () => undefined) // it has ended: its exit says why
  child.once('close', (code) => (code === 0 ? resolve() : reject(new Error(`logger ended with ${code}: ${complaint}`))))
  child.stdin.end(fields)
  await promise
}
