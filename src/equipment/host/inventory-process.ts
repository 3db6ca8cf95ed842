// Runs the inventory program (systeminformation-inventory.ts) once, when it is first asked for, in a process group of its own: when
// it takes too long or prints too much, it ends with every program that it has started. Where nobody asks, nothing runs.
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import type { Service } from '../../base/lifecycle.ts'
import type { Logger } from '../../base/logger.ts'
import { type BoxInventory, parseInventory } from './box-inventory.ts'

const deadlineMs = 30_000
const maxAnswerBytes = 64 * 1024

export interface InventoryProcessOptions {
  /** argv of the program. */
  command: readonly string[]
  /** How long it may take; default 30 s. */
  deadlineMs?: number
}

export class InventoryProcess implements Service {
  readonly name = 'inventory'
  readonly #options: InventoryProcessOptions
  readonly #deps: { logger: Logger }
  #child: ChildProcess | undefined
  #inventory: Promise<BoxInventory> | undefined

  constructor(options: InventoryProcessOptions, deps: { logger: Logger }) {
    this.#options = options
    this.#deps = deps
  }

  async start(): Promise<void> {
    return
  }

  /** Ends the program if it runs. */
  async stop(): Promise<void> {
    this.#kill()
    await this.#inventory
  }

  /** What is known of the box, from the one time that the program runs; empty when it fails. Never rejects. */
  read(): Promise<BoxInventory> {
    this.#inventory ??= this.#run()
    return this.#inventory
  }

  #run(): Promise<BoxInventory> {
    const { promise, resolve } = Promise.withResolvers<BoxInventory>()
    const [program = '', ...args] = this.#options.command
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'ignore'], detached: true })
    this.#child = child
    child.on('error', (error) => this.#deps.logger.warn({ detail: error.message }, 'no inventory of the box'))
    const pieces: Buffer[] = []
    let bytes = 0
    // Without a free file descriptor there is none, whatever the types say; error and close come all the same.
    const stdout: Readable | undefined = child.stdout
    stdout?.on('data', (piece: Buffer) => {
      bytes += piece.length
      if (bytes > maxAnswerBytes) this.#kill()
      else pieces.push(piece)
    })
    const timer = setTimeout(() => this.#kill(), this.#options.deadlineMs ?? deadlineMs)
    child.once('close', (code) => {
      clearTimeout(timer)
      this.#child = undefined
      if (code !== 0) this.#deps.logger.warn({ exitCode: code }, 'no inventory of the box')
      resolve(code === 0 ? parseInventory(Buffer.concat(pieces).toString('utf8')) : {})
    })
    return promise
  }

  /** The whole group: the program's own children too. */
  #kill(): void {
    const pid = this.#child?.pid
    if (pid === undefined) return
    try {
      process.kill(-pid, 'SIGKILL')
    } catch (error) {
      this.#deps.logger.debug({ detail: String(error) }, 'the inventory had ended already')
    }
  }
}
