// Reads the small files of /proc and /sys: what a kernel, a driver or (in a container) anybody has put there. Bounded in bytes
// and in time. A driver that hangs must not take the pool's threads one by one: while a read is late, none is begun.
import { constants } from 'node:fs'
import { open, readdir, realpath, statfs } from 'node:fs/promises'
import { join } from 'node:path'

const defaultMaxBytes = 4096
/** Names of a folder beyond these are not looked at. */
const maxNames = 256
const deadlineMs = 2_000

export class HostFiles {
  readonly #folder: string
  readonly #deadlineMs: number
  /** Reads that are over their deadline and not back yet. */
  #late = 0

  /**
   * `folder`: where the files are: `/proc`, `/sys`, or a tree that looks like one.
   * `deadlineMs`: how long one read may take.
   */
  constructor(folder: string, options: { deadlineMs?: number } = {}) {
    this.#folder = folder
    this.#deadlineMs = options.deadlineMs ?? deadlineMs
  }

  /** The first `maxBytes` of the file; undefined when it is absent, unreadable or late: a sensor may be any of these. */
  bytes(path: string, maxBytes = defaultMaxBytes): Promise<Buffer | undefined> {
    return this.within(async () => {
      // Without O_NONBLOCK a pipe in place of a file would hold the thread until somebody writes.
      await using file = await open(join(this.#folder, path), constants.O_RDONLY | constants.O_NONBLOCK)
      const bytes = Buffer.alloc(maxBytes)
      let length = 0
      // The files of /proc answer a page at a time.
      for (;;) {
        const { bytesRead } = await file.read(bytes, length, maxBytes - length)
        length += bytesRead
        if (bytesRead === 0 || length === maxBytes) return bytes.subarray(0, length)
      }
    })
  }

  /** As `bytes`, as text without white space around it. What is not UTF-8 becomes U+FFFD. */
  async text(path: string, maxBytes = defaultMaxBytes): Promise<string | undefined> {
    return (await this.bytes(path, maxBytes))?.toString('utf8').trim()
  }

  /** The file as one whole number, decimal or `0x…`; undefined when it is anything else. */
  async integer(path: string): Promise<number | undefined> {
    return wholeNumber(await this.text(path, 64))
  }

  /** The names in a folder, sorted; empty when it is absent. */
  async names(path: string): Promise<string[]> {
    const names = await this.within(() => readdir(join(this.#folder, path)))
    return (names ?? []).sort().slice(0, maxNames)
  }

  /** Room of the file system that the folder lies in, as statfs(2) has it; undefined when it does not say. */
  room() {
    return this.within(() => statfs(this.#folder))
  }

  /** The folder's own path without links; undefined when there is no such folder. */
  place(): Promise<string | undefined> {
    return this.within(() => realpath(this.#folder))
  }

  /** What `read` gives; undefined when it fails, is late, or another read is late. */
  async within<Value>(read: () => Promise<Value>): Promise<Value | undefined> {
    if (this.#late > 0) return undefined
    let isLate = false
    // Absent, no right to read, a driver without an answer (EINVAL, ENODATA, EIO): this box does not have the reading.
    const reading = read().catch(() => undefined)
    const { promise: deadline, resolve } = Promise.withResolvers<undefined>()
    const timer = setTimeout(() => {
      isLate = true
      this.#late++
      resolve(undefined)
    }, this.#deadlineMs)
    reading.then(() => {
      clearTimeout(timer)
      if (isLate) this.#late--
    })
    return Promise.race([reading, deadline])
  }
}

/** `text` as a whole number, decimal (perhaps negative) or `0x…`; undefined when it is none, or beyond 2^53. */
export function wholeNumber(text: string | undefined): number | undefined {
  if (text === undefined || !/^(-?\d{1,16}|0x[0-9a-f]{1,13})$/i.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? number : undefined
}

/** The number behind `name` in a table of lines `name number`; undefined without such a line. */
export function lineNumber(table: string | undefined, name: string): number | undefined {
  for (const line of table?.split('\n') ?? []) {
    const [key, value] = line.split(/[:\s]+/, 2)
    if (key === name) return wholeNumber(value)
  }
  return undefined
}
