// RAUC, the installer of the box, asked through its own program: what a bundle is, which slots there are, and to fill one. What it
// prints is bounded and read as hostile: parts of it come out of a bundle. install-bundle.ts decides with it.
import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'
import { TramError } from '../../base/errors.ts'
import { isObject, jsonObject, textOf } from './plain-json.ts'

const maxAnswerBytes = 256 * 1024
const questionMs = 60_000
/** 900 MB took 117 s on the slowest machine that was measured; a worn card takes ten times as long. */
export const installMs = 45 * 60_000
/** RAUC's service goes on when the program that has asked it ends: who gives up waiting does not know what it has installed. */
const never = new AbortController().signal

/** What is read from a bundle. */
export interface BundleInfo {
  compatible: string
  version: string
  /** Of all images together. */
  imageBytes: number
}

export interface Slot {
  /** RAUC's own name: `rootfs.0`. */
  name: string
  /** As the boot loader knows it: `A`. */
  bootname: string
  /** Path of the partition. */
  device: string
  isBooted: boolean
  /** What the boot loader says: attempts are left. */
  isBootable: boolean
  /** Of the bundle that was installed into it; undefined when the maker of the card has filled it. */
  version: string | undefined
}

export interface BoxSlots {
  compatible: string
  /** Name of the slot that the next boot takes; '' when the boot loader does not say. */
  primary: string
  slots: Slot[]
}

const maxText = 200
/** Slots and images of a box, and then some. */
const maxEntries = 16

export interface RaucOptions {
  /** argv of the program: the path, and options that a test needs. */
  program: readonly string[]
}

export class Rauc {
  readonly #options: RaucOptions

  constructor(options: RaucOptions) {
    this.#options = options
  }

  /**
   * What a bundle is, once its signature has been verified against the keyring of the box. Its contents have not: an altered image
   * is found while it is copied.
   * @throws TramError UPDATE_UNSIGNED
   */
  async info(file: string, signal: AbortSignal): Promise<BundleInfo> {
    const { code, out, err } = await this.#run(['info', '--output-format=json', file], questionMs, signal)
    const refuse = (detail: string) => new TramError('UPDATE_UNSIGNED', { file, detail })
    if (code !== 0) throw refuse(lastLine(err))
    const found = jsonObject(out)
    if (found === undefined) throw refuse('its description cannot be read')
    const sizes = named(found.images).map(([, { size }]) => (typeof size === 'number' && size > 0 ? size : 0))
    return {
      compatible: textOf(found.compatible, maxText),
      version: textOf(found.version, maxText),
      imageBytes: sizes.reduce((sum, size) => sum + size, 0),
    }
  }

  /** The slots of this box. @throws TramError UPDATE_NOT_NOW when it has none, or RAUC does not answer */
  async slots(signal: AbortSignal): Promise<BoxSlots> {
    const { code, out, err } = await this.#run(['status', '--detailed', '--output-format=json'], questionMs, signal)
    const found = code === 0 ? jsonObject(out) : undefined
    if (found === undefined) throw new TramError('UPDATE_NOT_NOW', { detail: `rauc status: ${lastLine(err)}` })
    const slots = named(found.slots).map(([name, facts]): Slot => {
      const { bundle } = isObject(facts.slot_status) ? facts.slot_status : {}
      return {
        name,
        bootname: textOf(facts.bootname, maxText),
        device: textOf(facts.device, maxText),
        isBooted: facts.state === 'booted',
        isBootable: facts.boot_status === 'good',
        version: textOf(isObject(bundle) ? bundle.version : undefined, maxText) || undefined,
      }
    })
    return {
      compatible: textOf(found.compatible, maxText),
      primary: textOf(found.boot_primary, maxText),
      slots: slots.filter(({ bootname }) => bootname !== ''),
    }
  }

  /**
   * Fills the slot that is not booted and makes it the one of the next boot.
   * @param tell gets RAUC's lines of progress: `40% Verifying signature done.`
   * @throws TramError UPDATE_FAILED; the slot is then not bootable, and the next boot takes what runs now
   */
  async install(file: string, version: string, tell: (line: string) => void): Promise<void> {
    const { code, out, err } = await this.#run(['install', file], installMs, never, tell)
    if (code === 0) return
    const said = /LastError: (.+)/.exec(out)?.[1] ?? lastLine(err)
    throw new TramError('UPDATE_FAILED', { version, detail: said.slice(0, 300) })
  }

  /** Makes a slot the one of the next boot. @throws TramError UPDATE_NOT_NOW */
  async activate(slot: Slot, signal: AbortSignal): Promise<void> {
    const { code, err } = await this.#run(['status', 'mark-active', slot.name], questionMs, signal)
    if (code !== 0) throw new TramError('UPDATE_NOT_NOW', { detail: `rauc status mark-active: ${lastLine(err)}` })
  }

  #run(
    args: readonly string[],
    timeoutMs: number,
    signal: AbortSignal,
    tell: (line: string) => void = () => undefined,
  ): Promise<{ code: number; out: string; err: string }> {
    const [program = '', ...options] = this.#options.program
    const { promise, resolve } = Promise.withResolvers<{ code: number; out: string; err: string }>()
    const child = spawn(program, [...options, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      killSignal: 'SIGKILL',
    })
    const kept = { out: '', err: '' }
    let rest = ''
    // Without a free file descriptor there is no stream, whatever the types say.
    const streams: [Readable | undefined, 'out' | 'err'][] = [
      [child.stdout, 'out'],
      [child.stderr, 'err'],
    ]
    for (const [stream, name] of streams)
      stream?.setEncoding('utf8').on('data', (piece: string) => {
        if (kept[name].length < maxAnswerBytes) kept[name] += piece
        if (name === 'err') return
        const lines = (rest + piece).slice(-maxAnswerBytes).split(/[\r\n]+/)
        rest = lines.pop() ?? ''
        for (const line of lines) if (/^\s*\d{1,3}%/.test(line)) tell(line.trim().slice(0, 200))
      })
    let failure = ''
    child.on('error', (error) => {
      failure = error.message
    })
    child.once('close', (code) =>
      resolve({ code: failure === '' ? (code ?? -1) : -1, out: kept.out, err: kept.err + failure }),
    )
    return promise
  }
}

/** RAUC's lists of images and slots: `[{"name": {…}}, …]`. */
function named(list: unknown): [name: string, facts: Readonly<Record<string, unknown>>][] {
  if (!Array.isArray(list)) return []
  return list
    .slice(0, maxEntries)
    .filter(isObject)
    .flatMap((entry) => Object.entries(entry))
    .flatMap(([name, facts]) => (isObject(facts) ? [[name, facts]] : []))
}

/** What a program has said last, as one line without what only a log needs. */
const lastLine = (text: string): string =>
  (text.trim().split('\n').at(-1) ?? '').replace(/^\S*-(?:Message|WARNING)[^:]*:\s*[\d:.]*:?\s*/, '').slice(0, 300) ||
  'no answer'
