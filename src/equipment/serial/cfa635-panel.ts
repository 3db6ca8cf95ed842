// A Crystalfontz CFA635 (20 × 4 characters, six keys) on a serial line, 115200 baud. One command at a time, each repeated until it
// is answered; rows that the display has are not sent again, until it was away or its time is up.
import type { Service } from '../../base/lifecycle.ts'
import type { Logger } from '../../base/logger.ts'
import { encodePanelPacket, type PanelPacket, PanelReader } from './cfa635-packet.ts'
import { type Panel, type PanelKey, panelColumns, panelRows } from './panel.ts'
import type { SerialLine } from './serial-line.ts'

/** "Send data to LCD": column, row, text. */
const writeCommand = 0x1f
const answerBit = 0x40
const keyReport = 0x80
/** By code, from 1; the codes after these are of keys that come up. */
const keys: readonly PanelKey[] = ['up', 'down', 'left', 'right', 'enter', 'exit']
/** So often a command is sent before the display counts as silent. */
const tries = 3
/** All rows are sent so often even when nothing has changed: somebody may have switched the display off and on. */
const renewMs = 60_000
/** Keys that are taken between two rounds: a broken one must not keep the station busy. */
const keysPerRound = 20

export interface Cfa635Options {
  /** How long an answer may take, ms; the device promises 250. Default 250. */
  answerMs?: number
  /** Between two looks at what is to be shown, ms. Default 1000. */
  roundMs?: number
}

export class Cfa635Panel implements Panel, Service {
  readonly name = 'front panel'
  readonly #options: Required<Cfa635Options>
  readonly #line: SerialLine
  readonly #logger: Logger
  readonly #reader = new PanelReader()
  #onKey: (key: PanelKey) => void = () => undefined
  #wanted: readonly string[] = []
  /** What the display has, by row. */
  #shown: (string | undefined)[] = []
  #renewInRounds = 0
  #keysLeft = keysPerRound
  #answered: (isAnswered: boolean) => void = () => undefined
  #round: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isSilent = false

  constructor(options: Cfa635Options, deps: { line: SerialLine; logger: Logger }) {
    this.#options = { answerMs: 250, roundMs: 1000, ...options }
    this.#line = deps.line
    this.#logger = deps.logger.child({ part: 'panel' })
    deps.line.onBytes((bytes) => this.#hear(this.#reader.read(bytes)))
    deps.line.onChange((isOpen) => {
      this.#reader.giveUp()
      this.#shown = []
      if (isOpen) this.#go()
      else this.#answered(false)
    })
  }

  get line(): string {
    return this.#line.path
  }

  get isSilent(): boolean {
    return this.#isSilent
  }

  onKey(listener: (key: PanelKey) => void): void {
    this.#onKey = listener
  }

  show(rows: readonly string[]): void {
    this.#wanted = Array.from({ length: panelRows }, (_, row) => displayed(rows[row] ?? ''))
    this.#go()
  }

  async start(): Promise<void> {
    this.#timer = setInterval(() => {
      this.#keysLeft = keysPerRound
      this.#renewInRounds -= 1
      this.#go()
    }, this.#options.roundMs)
    this.#timer.unref()
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer)
    if (!this.#isSilent) {
      // The display keeps its rows when we are gone: they are to be those that were wanted last.
      await this.#round
      this.#go()
      await this.#round
    }
    this.#wanted = []
    this.#answered(false)
    await this.#round
  }

  /** Brings the display to what is wanted; one round at a time. */
  #go(): void {
    if (this.#round !== undefined) return
    this.#round = this.#sendRows().finally(() => {
      this.#round = undefined
    })
  }

  async #sendRows(): Promise<void> {
    if (this.#renewInRounds <= 0) {
      this.#shown = []
      this.#renewInRounds = Math.ceil(renewMs / this.#options.roundMs)
    }
    for (let row = 0; row < this.#wanted.length; row += 1) {
      const text = this.#wanted[row] ?? ''
      if (this.#shown[row] === text) continue
      const shown = this.#shown
      if (
        !(await this.#send({ type: writeCommand, data: Buffer.from(`\0${String.fromCharCode(row)}${text}`, 'latin1') }))
      ) {
        // Nothing is said of it at the end, when nobody waits for its answer.
        if (this.#wanted.length > 0) this.#note(true)
        return
      }
      // Not when the line went and came meanwhile: then the display may be empty again.
      shown[row] = text
      this.#note(false)
    }
  }

  #note(isSilent: boolean): void {
    if (isSilent === this.#isSilent) return
    this.#isSilent = isSilent
    if (isSilent) this.#logger.warn({ line: this.line }, 'the front panel does not answer')
    else this.#logger.info({ line: this.line }, 'the front panel answers')
  }

  /** Whether the display has answered. */
  async #send(packet: PanelPacket): Promise<boolean> {
    const bytes = encodePanelPacket(packet)
    for (let attempt = 0; attempt < tries; attempt += 1) {
      const { promise, resolve } = Promise.withResolvers<boolean>()
      this.#answered = resolve
      const timer = setTimeout(() => {
        this.#hear(this.#reader.giveUp())
        resolve(false)
      }, this.#options.answerMs)
      // A line that is not there gives no answer, and one that is full will.
      void this.#line.write(bytes)
      const isAnswered = await promise
      clearTimeout(timer)
      if (isAnswered) return true
      if (!this.#line.isOpen || this.#wanted.length === 0) return false
    }
    return false
  }

  #hear(packets: readonly PanelPacket[]): void {
    for (const { type, data } of packets) {
      if (type === (answerBit | writeCommand)) this.#answered(true)
      const key = type === keyReport && data.length === 1 ? keys[(data[0] ?? 0) - 1] : undefined
      if (key === undefined || this.#keysLeft === 0) continue
      this.#keysLeft -= 1
      this.#onKey(key)
    }
  }
}

/** A row as the display has it: 20 columns of the characters that its own set shares with ASCII; the rest loses its marks. */
function displayed(text: string): string {
  const plain = text
    .slice(0, 200)
    .replaceAll('đ', 'd')
    .replaceAll('Đ', 'D')
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replaceAll('_', '-')
    .replace(/[^ -#%-?A-Za-z]/gu, '?')
  return plain.slice(0, panelColumns).padEnd(panelColumns)
}
