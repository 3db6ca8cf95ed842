// Starts real signer processes for tests and reads what they log. For signer.test.ts.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { systemClock } from '../../src/base/clock.ts'
import { createLogger } from '../../src/base/logger.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { SignerClient } from '../../src/equipment/token/signer-client.ts'
import type { TokenDescription, TokenState } from '../../src/equipment/token/token.ts'

const signerMain = join(import.meta.dirname, '../../src/equipment/token/signer-main.ts')
export const never = new AbortController().signal

export interface BenchOptions {
  modulePath: string
  label: string
  env: Readonly<Record<string, string>>
  /** Content of the PIN file; null: no PIN file. */
  pin: string | null
}

/** How a signer ended. */
export interface End {
  code: number | null
  signal: NodeJS.Signals | null
}

export interface RunningSigner {
  readonly child: ChildProcess
  readonly ended: Promise<End>
  output(): string
  kill(signal: NodeJS.Signals): Promise<End>
}

/** One data folder with its tram.toml, and the signers and clients that a test runs on it. */
export class SignerBench {
  readonly folder = mkdtempSync(join(tmpdir(), 'tram-signer-'))
  readonly configFile = join(this.folder, 'tram.toml')
  readonly paths = dataPaths(join(this.folder, 'data'))
  readonly #env: Readonly<Record<string, string>>
  readonly #stops: (() => Promise<unknown>)[] = []
  readonly #signers: RunningSigner[] = []

  constructor({ modulePath, label, env, pin }: BenchOptions) {
    this.#env = env
    const pinLine = pin === null ? '' : 'pin_file = "pin"\n'
    if (pin !== null) writeFileSync(join(this.folder, 'pin'), pin, { mode: 0o600 })
    writeFileSync(
      this.configFile,
      `[station]\ndata_folder = "data"\n[token]\nmodule = "${modulePath}"\nlabel = "${label}"\nkey_id = "01"\n${pinLine}`,
    )
  }

  /** The command line of a signer on this folder. */
  command(...args: string[]): string[] {
    return [process.execPath, '--no-warnings', signerMain, '--config', this.configFile, ...args]
  }

  run(...args: string[]): RunningSigner {
    return this.#start(this.command(...args))
  }

  /** A signer that ends with its standard input, started by another program, such as a tracer. */
  runUnder(program: readonly string[]): RunningSigner {
    return this.#start([...program, ...this.command('--until-stdin-ends')])
  }

  #start([program = '', ...rest]: readonly string[]): RunningSigner {
    const child = spawn(program, rest, { env: { ...process.env, ...this.#env }, stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
      })
    const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
    const signer: RunningSigner = {
      child,
      ended,
      output: () => output,
      async kill(signal) {
        child.kill(signal)
        return await ended
      },
    }
    this.#signers.push(signer)
    this.#stops.push(() => signer.kill('SIGKILL'))
    return signer
  }

  /** A client, connected or still trying. */
  async connect(requestTimeoutMs?: number): Promise<WatchedClient> {
    const client = new WatchedClient(this.paths.signerSocket, requestTimeoutMs)
    this.#stops.push(() => client.stop())
    await client.start(never)
    return client
  }

  /** Runs a signer, waits until it is in `state`, and ends it by SIGTERM: a restart, as systemd would see it. */
  async runUntil(state: TokenState, ...args: string[]): Promise<TokenDescription> {
    const signer = this.run(...args)
    const client = await this.connect()
    try {
      return await client.is(state)
    } finally {
      await client.stop()
      await signer.kill('SIGTERM')
    }
  }

  /** Everything that all signers of this bench printed, and all files of state: where no PIN may be. */
  traces(): string {
    const { pinState } = this.paths
    const files = existsSync(pinState) ? readdirSync(pinState).map((name) => join(pinState, name)) : []
    return [...this.#signers.map((signer) => signer.output()), ...files.map((file) => readFileSync(file, 'utf8'))].join(
      '\n',
    )
  }

  async close(): Promise<void> {
    for (const stop of this.#stops.reverse()) await stop()
    rmSync(this.folder, { recursive: true })
  }
}

/** A signer-client whose states can be waited for. */
export class WatchedClient extends SignerClient {
  readonly states: TokenState[] = []
  #waiting: (() => void)[] = []

  constructor(socketPath: string, requestTimeoutMs?: number) {
    super({ socketPath, requestTimeoutMs }, { logger: createLogger('silent'), clock: systemClock })
    this.onStateChange = ({ state }) => {
      this.states.push(state)
      for (const look of this.#waiting.splice(0)) look()
    }
  }

  /** Resolves once the signer says that the token is in `state`. */
  async is(state: TokenState): Promise<TokenDescription> {
    for (;;) {
      const changed = new Promise<void>((resolve) => this.#waiting.push(resolve))
      const description = await this.describe(never)
      if (description.state === state) return description
      await changed
    }
  }
}

/** Resolves when `condition` holds: for files that another process writes. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(5)
}
