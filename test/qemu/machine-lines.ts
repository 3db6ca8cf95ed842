// The two lines into the emulator besides the serial cable: a shell on a virtio console, and QEMU's monitor (QMP).
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

const mark = '\x1e'
/** The number of the command, and its exit code. */
const ending = new RegExp(`${mark}(\\d+):(\\d+)${mark}`)
const keptCharacters = 1_000_000

/** Commands to the root shell of the bench (machine.ts), one at a time, each with its output and exit code. */
export class Shell {
  readonly #socket: Socket
  #received = ''
  #starts = 0
  #answer: ((answer: { code: number; out: string } | Error) => void) | undefined
  #turn: Promise<unknown> = Promise.resolve()
  /** Of the command under way: the answer to one that was given up may still come. */
  #id = 0

  constructor(path: string) {
    this.#socket = connect(path)
    this.#socket.setEncoding('utf8').on('data', (text: string) => this.#take(text))
    this.#socket.on('error', () => undefined).on('close', () => this.#settle(new Error('the box is off')))
  }

  /** How often the box has opened this shell: once in each boot. */
  get starts(): number {
    return this.#starts
  }

  /** Waits until it has been opened more often than `starts`. */
  async ready(starts: number, withinMs: number): Promise<void> {
    const untilMs = performance.now() + withinMs
    while (this.#starts <= starts) {
      if (performance.now() > untilMs) throw new HungBoot(`no shell within ${withinMs / 1000} s`)
      if (this.#socket.destroyed) throw new Error('the box is off')
      await delay(100)
    }
  }

  run(line: string, withinMs: number): Promise<{ code: number; out: string }> {
    const turn = this.#turn.then(async () => {
      const { promise, resolve } = Promise.withResolvers<{ code: number; out: string } | Error>()
      this.#answer = resolve
      this.#received = ''
      const timer = setTimeout(() => this.#settle(new Error(`no answer to: ${line}`)), withinMs)
      this.#id += 1
      this.#socket.write(`${this.#id} ${line}\n`)
      const answer = await promise
      clearTimeout(timer)
      if (answer instanceof Error) throw answer
      return answer
    })
    this.#turn = turn.catch(() => undefined)
    return turn
  }

  close(): void {
    this.#socket.destroy()
  }

  #settle(answer: { code: number; out: string } | Error): void {
    this.#answer?.(answer)
    this.#answer = undefined
  }

  #take(text: string): void {
    this.#received = (this.#received + text).slice(-keptCharacters)
    const opened = this.#received.indexOf(`${mark}ready${mark}`)
    if (opened >= 0) {
      this.#starts += 1
      this.#received = this.#received.slice(opened + 7)
      this.#settle(new Error('the box has restarted'))
    }
    for (let end = ending.exec(this.#received); end !== null; end = ending.exec(this.#received)) {
      const out = this.#received.slice(0, end.index)
      this.#received = this.#received.slice(end.index + end[0].length)
      if (Number(end[1]) === this.#id) this.#settle({ code: Number(end[2]), out })
    }
  }
}

/** It did not come up in its time: the one failure that is tried again, once, and recorded. */
export class HungBoot extends Error {
  override readonly name = 'HungBoot'
}

/** QEMU's monitor: JSON lines (QMP). */
export class Monitor {
  readonly #socket: Socket
  #buffer = ''
  #answer: ((reply: { return?: unknown; error?: { desc: string } }) => void) | undefined

  constructor(path: string) {
    this.#socket = connect(path)
    // It ends without an answer when the command was to end.
    this.#socket.on('error', () => undefined).on('close', () => this.#answer?.({ return: undefined }))
    this.#socket.setEncoding('utf8').on('data', (text: string) => {
      const lines = (this.#buffer + text).split('\n')
      this.#buffer = lines.pop() ?? ''
      for (const line of lines) {
        const message = JSON.parse(line)
        if ('return' in message || 'error' in message) this.#answer?.(message)
      }
    })
  }

  /** @throws with the emulator's own words */
  async ask(execute: string, parameters: object = {}): Promise<unknown> {
    const { promise, resolve } = Promise.withResolvers<{ return?: unknown; error?: { desc: string } }>()
    this.#answer = resolve
    this.#socket.write(`${JSON.stringify({ execute, arguments: parameters })}\n`)
    const reply = await promise
    if (reply.error !== undefined) throw new Error(`${execute}: ${reply.error.desc}`)
    return reply.return
  }

  close(): void {
    this.#socket.destroy()
  }
}
