// Reads a station's log while the station writes it. The station writes to the file itself, not to a pipe of the lab: its log
// is whole even when the lab is killed, and it goes on without the lab.
import { type FileHandle, open } from 'node:fs/promises'
import type { LogLine } from '../test/fixtures/station/station-process.ts'

const pollMs = 100
const blockBytes = 256 * 1024
/** A longer line is no line of ours. */
const maxLineBytes = 1024 * 1024

export class LogTail {
  readonly #file: string
  readonly #onLine: (line: LogLine) => void
  #handle: FileHandle | undefined
  #offset = 0
  #rest = Buffer.alloc(0)
  #timer: NodeJS.Timeout | undefined
  #reading: Promise<void> = Promise.resolve()
  #isBusy = false

  constructor(file: string, onLine: (line: LogLine) => void) {
    this.#file = file
    this.#onLine = onLine
  }

  /** Starts with what is written from now on. The file is made when it is missing. */
  async start(): Promise<void> {
    this.#handle = await open(this.#file, 'a+', 0o600)
    this.#offset = (await this.#handle.stat()).size
    this.#timer = setInterval(() => this.#isBusy || void this.read(), pollMs)
  }

  /** Hands out every line that is in the file by now. */
  read(): Promise<void> {
    this.#reading = this.#reading.then(() => this.#readOn())
    return this.#reading
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    await this.read()
    await this.#handle?.close()
    this.#handle = undefined
  }

  async #readOn(): Promise<void> {
    const handle = this.#handle
    if (handle === undefined) return
    this.#isBusy = true
    try {
      const block = Buffer.alloc(blockBytes)
      for (;;) {
        const { bytesRead } = await handle.read(block, 0, block.length, this.#offset)
        if (bytesRead === 0) return
        this.#offset += bytesRead
        this.#take(block.subarray(0, bytesRead))
      }
    } finally {
      this.#isBusy = false
    }
  }

  #take(bytes: Buffer): void {
    const all = Buffer.concat([this.#rest, bytes])
    let from = 0
    for (let end = all.indexOf(10); end !== -1; end = all.indexOf(10, from)) {
      if (end > from) this.#onLine(parseLine(all.toString('utf8', from, end)))
      from = end + 1
    }
    this.#rest = all.length - from > maxLineBytes ? Buffer.alloc(0) : Buffer.from(all.subarray(from))
  }
}

/** What is not JSON was written to standard error by a crash: it is kept as a message. */
function parseLine(text: string): LogLine {
  try {
    return JSON.parse(text) as LogLine
  } catch {
    return { level: 60, msg: text.slice(0, 2000) }
  }
}
