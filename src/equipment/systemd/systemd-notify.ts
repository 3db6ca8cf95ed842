// Tells systemd by its own program systemd-notify: Node has no datagram sockets of the kind that NOTIFY_SOCKET is. Each message
// costs some 9 ms of CPU; a child that stays (socat, perl) would cost 0.2 ms, and 2 to 5 MB for ever: at three messages a minute
// the memory is dearer. The program stays until systemd has read the message, so that systemd still sees whose it is.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { asTramError } from '../../base/errors.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { Notice, Notify } from './notify.ts'

/** systemd-notify itself gives up after five seconds. */
const longestMs = 15_000
const maxStatusLength = 200

export class SystemdNotify implements Notify {
  readonly #socketPath: string
  readonly #logger: Logger
  #waiting: Notice = {}
  #sending: Promise<void> | undefined
  #hasFailed = false

  /** @param options.socketPath NOTIFY_SOCKET: a path, or `@` and an abstract name */
  constructor(options: { socketPath: string }, deps: { logger: Logger }) {
    this.#socketPath = options.socketPath
    this.#logger = deps.logger.child({ part: 'systemd' })
  }

  /** While one message is on its way, the next ones become one: however slow systemd is, no more than that ever waits. */
  tell(notice: Notice): void {
    this.#waiting = { ...this.#waiting, ...notice }
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
    })
  }

  /** Resolves when nothing is on its way. */
  async idle(): Promise<void> {
    await this.#sending
  }

  async #sendAll(): Promise<void> {
    while (Object.keys(this.#waiting).length > 0) {
      const notice = this.#waiting
      this.#waiting = {}
      try {
        await this.#send(assignments(notice))
        this.#hasFailed = false
      } catch (error) {
        this.#failed(notice, error)
        return
      }
    }
  }

  /** Once for each time it begins to fail. What was not taken goes with the next message. */
  #failed(notice: Notice, error: unknown): void {
    const { watchdog: _, ...lasting } = notice // that the station lived then says nothing later
    this.#waiting = { ...lasting, ...this.#waiting }
    if (!this.#hasFailed) this.#logger.error(logFields(asTramError(error)), 'systemd was not told')
    this.#hasFailed = true
  }

  async #send(lines: readonly string[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const child = spawn('systemd-notify', lines, {
      // No PATH: that of the system counts. LC_ALL: what it complains of is for the log.
      env: { NOTIFY_SOCKET: this.#socketPath, LC_ALL: 'C.UTF-8' },
      stdio: ['ignore', 'ignore', 'pipe'],
      timeout: longestMs,
    })
    // Before all else: without a free file descriptor there is no stderr, whatever the types say, and the error comes next.
    child.once('error', reject)
    let complaint = ''
    const stderr: Readable | undefined = child.stderr
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaint = (complaint + text).slice(0, 500)
    })
    child.once('close', (code, signal) => {
      if (code === 0) resolve()
      else reject(new Error(`systemd-notify ended with ${code ?? signal}: ${complaint.trim()}`))
    })
    await promise
  }
}

/** A notice as systemd reads it: one `NAME=value` each. */
function assignments({ ready, stopping, status, extendTimeoutMs, watchdog }: Notice): string[] {
  return [
    ...(ready ? ['READY=1'] : []),
    ...(stopping ? ['STOPPING=1'] : []),
    ...(status === undefined ? [] : [`STATUS=${oneLine(status)}`]),
    ...(extendTimeoutMs === undefined ? [] : [`EXTEND_TIMEOUT_USEC=${Math.round(extendTimeoutMs * 1000)}`]),
    ...(watchdog ? ['WATCHDOG=1'] : []),
  ]
}

/** attacker-controlled in part: a line feed would begin another assignment, and NUL ends an argument. */
const oneLine = (text: string): string =>
  text
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, maxStatusLength)
    .toWellFormed()
