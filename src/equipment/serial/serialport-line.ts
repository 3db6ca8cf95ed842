// SerialLine over the package `serialport`: 8N1, no flow control. A line that is not there is tried again with growing pauses and
// said once in the log, not at every attempt. SerialPort.list() is never called: without udevadm it ends the process.
import { isatty } from 'node:tty'
import type { SerialPort } from 'serialport'
import { asTramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import { maxQueuedBytes, type SerialLine } from './serial-line.ts'

export interface SerialportLineOptions {
  /** A name that stays when the plug moves: `/dev/serial/by-id/…`, or a UART. */
  path: string
  baudRate: number
  /** How the control lines are set after opening; without it they stay as the system sets them. */
  controlLines?: { dtr: boolean; rts: boolean }
  /** The first pause before opening again, ms; each further one is twice as long. Default 500. */
  firstRetryMs?: number
  /** The longest pause, ms. Default 10,000: what is plugged in again is back after so long at the latest. */
  maxRetryMs?: number
}

/**
 * How often it is asked whether an open line still has a device. A device that goes while bytes arrive is read as an endless row
 * of empty reads: the package goes round in them at full speed, and says nothing.
 */
const watchMs = 1000

/** Read at once. The package keeps a buffer of this size for each line. */
const readBytes = 4096

export class SerialportLine implements SerialLine, Service {
  readonly name: string
  readonly path: string
  readonly #options: SerialportLineOptions
  readonly #logger: Logger
  #onBytes: (bytes: Uint8Array) => void = () => undefined
  #onChange: (isOpen: boolean) => void = () => undefined
  #port: SerialPort | undefined
  /** Ends a retry's pause, and opening. */
  #stopping = new AbortController()
  #opening: Promise<void> = Promise.resolve()
  #retry: NodeJS.Timeout | undefined
  #retryMs: number
  #queuedBytes = 0
  #waiting = new Set<(written: boolean) => void>()
  /** What the log said last: each change is said once. */
  #said: 'open' | 'gone' | undefined

  constructor(options: SerialportLineOptions, deps: { logger: Logger }) {
    this.name = `serial line ${options.path}`
    this.path = options.path
    this.#options = options
    this.#retryMs = options.firstRetryMs ?? 500
    this.#logger = deps.logger.child({ part: 'serial', line: options.path })
  }

  get isOpen(): boolean {
    return this.#port !== undefined
  }

  onBytes(listener: (bytes: Uint8Array) => void): void {
    this.#onBytes = listener
  }

  onChange(listener: (isOpen: boolean) => void): void {
    this.#onChange = listener
  }

  /** Resolves after the first attempt, whatever came of it: a missing cable keeps no station from starting. */
  async start(): Promise<void> {
    this.#stopping = new AbortController()
    this.#opening = this.#open(this.#stopping.signal)
    await this.#opening
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    clearTimeout(this.#retry)
    await this.#opening
    const port = this.#port
    if (port === undefined) return
    this.#leave(port)
    await close(port)
  }

  write(bytes: Uint8Array): Promise<boolean> {
    const port = this.#port
    if (port === undefined || this.#queuedBytes + bytes.length > maxQueuedBytes) return Promise.resolve(false)
    this.#queuedBytes += bytes.length
    return new Promise((resolve) => {
      this.#waiting.add(resolve)
      port.write(bytes, (error) => {
        // Of a line that has gone, all that waited was answered, and nothing is counted any more.
        if (!this.#waiting.delete(resolve)) return
        this.#queuedBytes -= bytes.length
        resolve(error === null || error === undefined)
      })
    })
  }

  async #open(stopping: AbortSignal): Promise<void> {
    try {
      // Loaded by the stations that have a line: it brings a native library.
      const { serialPortOf } = await import('./serialport-port.ts')
      const { path, baudRate, controlLines } = this.#options
      const port = serialPortOf({ path, baudRate, autoOpen: false, highWaterMark: readBytes })
      await new Promise<void>((resolve, reject) => port.open((error) => (error === null ? resolve() : reject(error))))
      if (stopping.aborted) return await close(port)
      this.#hold(port, stopping)
      if (controlLines !== undefined) this.#setControlLines(port, controlLines)
      this.#say('open')
      this.#retryMs = this.#options.firstRetryMs ?? 500
      this.#onChange(true)
    } catch (error) {
      this.#say('gone', error)
      this.#openLater(stopping)
    }
  }

  #openLater(stopping: AbortSignal): void {
    if (stopping.aborted) return
    this.#retry = setTimeout(() => {
      this.#opening = this.#open(stopping)
    }, this.#retryMs)
    this.#retry.unref()
    this.#retryMs = Math.min(2 * this.#retryMs, this.#options.maxRetryMs ?? 10_000)
  }

  #hold(port: SerialPort, stopping: AbortSignal): void {
    this.#port = port
    port.on('data', (bytes: Buffer) => {
      if (this.#port === port) this.#onBytes(bytes)
    })
    const watch = setInterval(() => {
      if (!hasDevice(port)) gone(new Error('the device is gone'))
    }, watchMs)
    watch.unref()
    const gone = (error?: unknown): void => {
      clearInterval(watch)
      if (this.#port !== port) return
      this.#leave(port)
      this.#say('gone', error ?? new Error('the line was closed'))
      // After a failed read or write the system may still hold the device, and would refuse it to us.
      void close(port).then(() => this.#openLater(stopping))
    }
    port.on('error', gone)
    port.on('close', gone)
    port.on('end', gone)
  }

  /** From here on nothing is heard of `port`, and what waited on it is answered. */
  #leave(port: SerialPort): void {
    if (this.#port !== port) return
    this.#port = undefined
    this.#queuedBytes = 0
    const waiting = this.#waiting
    this.#waiting = new Set()
    for (const resolve of waiting) resolve(false)
    this.#onChange(false)
  }

  #setControlLines(port: SerialPort, lines: { dtr: boolean; rts: boolean }): void {
    port.set(lines, (error) => {
      // Pseudo-terminals and some adapters have none (ENOTTY).
      if (error !== null && error !== undefined) this.#logger.debug({ detail: error.message }, 'control lines not set')
    })
  }

  #say(what: 'open' | 'gone', error?: unknown): void {
    if (what === this.#said) return
    this.#said = what
    if (what === 'open') this.#logger.info('the serial line is open')
    else this.#logger.warn(logFields(asTramError(error)), 'the serial line is not there; it is tried again')
  }
}

/** Whether the terminal behind `port` still answers: after a hang-up even this is refused (EIO). */
function hasDevice({ port }: SerialPort): boolean {
  return port !== undefined && 'fd' in port && typeof port.fd === 'number' && isatty(port.fd)
}

/** Closes `port` unless it is closed; never rejects, since a device that is gone may fail to close and nothing more can be done. */
async function close(port: SerialPort): Promise<void> {
  if (!port.isOpen) return
  await new Promise<void>((resolve) => port.close(() => resolve()))
}
