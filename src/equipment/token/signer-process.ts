// In the lab the station starts the signer itself: spawned, started again with back-off when it ends, stopped by its
// process id. On an appliance systemd does this, and this file is not used. signer-client knows nothing of it.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import type { Logger } from '../../base/logger.ts'

const firstBackOffMs = 200
const maxBackOffMs = 10_000
/** A child that lived this long was well: the next back-off starts small again. */
const soundAfterMs = 30_000
const killAfterMs = 5000

export class SignerProcess implements Service {
  readonly name = 'signer-process'
  readonly #command: readonly string[]
  readonly #logTo: 'stdout' | 'stderr'
  readonly #logger: Logger
  #child: ChildProcess | null = null
  #backOffMs = firstBackOffMs
  #restart: NodeJS.Timeout | null = null
  #sound: NodeJS.Timeout | null = null
  #stopped = true

  /**
   * `options.command`: program and arguments of the signer; `--until-stdin-ends` is added to them.
   * `options.logTo`: where its log goes; a command whose standard output is its result says `stderr`. Default stdout.
   */
  constructor(options: { command: readonly string[]; logTo?: 'stdout' | 'stderr' }, deps: { logger: Logger }) {
    this.#command = options.command
    this.#logTo = options.logTo ?? 'stdout'
    this.#logger = deps.logger
  }

  /** The child's process id; undefined between two children. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /**
   * Resolves when the child runs; whether its token is ready is for signer-client to tell.
   * @throws TramError SIGNER_UNREACHABLE when the program cannot be started at all
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    this.#stopped = false
    const child = this.#spawn()
    try {
      await once(child, 'spawn', { signal })
    } catch (error) {
      await this.stop()
      const detail = error instanceof Error ? error.message : String(error)
      throw new TramError('SIGNER_UNREACHABLE', { detail }, { cause: error })
    }
  }

  async stop(): Promise<void> {
    this.#stopped = true
    for (const timer of [this.#restart, this.#sound]) if (timer !== null) clearTimeout(timer)
    const child = this.#child
    if (child === null) return
    const { promise, resolve } = Promise.withResolvers<void>()
    child.once('close', () => resolve())
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    await promise
    clearTimeout(timer)
  }

  #spawn(): ChildProcess {
    const [program = '', ...args] = this.#command
    // The child holds our end of its standard input: when we die, by whatever death, it ends too.
    const child = spawn(program, [...args, '--until-stdin-ends'], {
      stdio: ['pipe', this.#logTo === 'stderr' ? 2 : 'inherit', 'inherit'],
    })
    this.#child = child
    child.once('spawn', () => this.#logger.info({ signerPid: child.pid }, 'the signer runs'))
    // A child that died before it read says so by its exit.
    child.stdin?.on('error', (error) => this.#logger.debug({ detail: error.message }, 'standard input of the signer'))
    child.on('error', (error) => this.#logger.error({ detail: error.message }, 'the signer cannot be started'))
    child.once('close', (code, signal) => this.#ended(code, signal))
    this.#sound = setTimeout(() => {
      this.#backOffMs = firstBackOffMs
    }, soundAfterMs)
    return child
  }

  #ended(code: number | null, signal: NodeJS.Signals | null): void {
    this.#child = null
    if (this.#sound !== null) clearTimeout(this.#sound)
    if (this.#stopped) return
    this.#logger.warn({ exitCode: code, signal, restartInMs: this.#backOffMs }, 'the signer has ended')
    this.#restart = setTimeout(() => this.#spawn(), this.#backOffMs)
    this.#backOffMs = Math.min(this.#backOffMs * 2, maxBackOffMs)
  }
}
