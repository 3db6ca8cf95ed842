// What is known of updates, in small files on the data partition that both slots share: which slots have proven themselves, what was
// installed last, and which slot is on trial. Written by root only (install-bundle.ts and systemd/mark-good.mjs, one after the
// other: nothing is installed before the running slot is committed); the station reads them to say how it is.
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { isSystemError } from '../../base/errors.ts'
import { jsonObject, textOf } from './plain-json.ts'

const maxBytes = 16 * 1024

const maxText = 400

/** `good.json`: the version that each slot has been committed with, by the name that the boot loader has for it. */
export type GoodSlots = Readonly<Record<string, string>>

/** `last.json`: what the last installation, or the last `tram update back`, has come to. */
export interface LastUpdate {
  version: string
  /** The slot that the next boot was told to take; '' when the installation failed. */
  slot: string
  /** The kernel's boot id then: the same one still = the box has not been restarted since. */
  boot: string
  /** Why it failed; '' when it did not. */
  failure: string
}

export class UpdateRecords {
  readonly #folder: string

  /** `folder`: `/var/lib/tram/update`. */
  constructor(folder: string) {
    this.#folder = folder
  }

  /** The slots that have proven themselves; none when nothing is known. */
  async good(): Promise<GoodSlots> {
    const found = await this.#read('good.json')
    return Object.fromEntries(Object.entries(found ?? {}).map(([slot, version]) => [slot, textOf(version, maxText)]))
  }

  /** undefined when there was none, or nobody knows. */
  async last(): Promise<LastUpdate | undefined> {
    const found = await this.#read('last.json')
    if (found === undefined) return undefined
    const [version, slot, boot, failure] = [found.version, found.slot, found.boot, found.failure].map((value) =>
      textOf(value, maxText),
    )
    return { version: version ?? '', slot: slot ?? '', boot: boot ?? '', failure: failure ?? '' }
  }

  async setGood(good: GoodSlots): Promise<void> {
    await this.#write('good.json', JSON.stringify(good))
  }

  async setLast(last: LastUpdate): Promise<void> {
    await this.#write('last.json', JSON.stringify(last))
  }

  /**
   * From now on a boot into `bootname` is on trial: without the station's own word that it is well, it is left again. The file holds
   * what tram-fall-back.service looks for in /proc/cmdline.
   */
  async beginTrial(bootname: string): Promise<void> {
    await this.#write('trial', `rauc.slot=${bootname}\n`)
  }

  async endTrial(): Promise<void> {
    await rm(join(this.#folder, 'trial'), { force: true })
  }

  async #read(name: string): Promise<Readonly<Record<string, unknown>> | undefined> {
    try {
      await using file = await open(join(this.#folder, name))
      const bytes = Buffer.alloc(maxBytes)
      const { bytesRead } = await file.read(bytes, 0, maxBytes, 0)
      // What the card has damaged is not known either, and every question is answered on the safe side.
      return jsonObject(bytes.subarray(0, bytesRead).toString('utf8'))
    } catch (error) {
      if (isSystemError(error, 'ENOENT')) return undefined
      throw error
    }
  }

  /** On the disk when it resolves: a power cut in the middle of an installation must not leave an older word. */
  async #write(name: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o755 })
    const file = join(this.#folder, name)
    const temporary = `${file}.new`
    {
      await using handle = await open(temporary, 'w', 0o644)
      // The station reads it, and a root program's umask would hide it.
      await handle.chmod(0o644)
      await handle.writeFile(text)
      await handle.sync()
    }
    await rename(temporary, file)
    await using folder = await open(this.#folder)
    await folder.sync()
  }
}

/** The kernel's id of this boot. `procFolder`: `/proc`. */
export async function bootId(procFolder: string): Promise<string> {
  return (await readFile(join(procFolder, 'sys/kernel/random/boot_id'), 'utf8')).trim()
}

/** The slot that the boot loader has booted, as the kernel was told; undefined on a machine without slots. */
export async function bootedSlot(procFolder: string): Promise<string | undefined> {
  return parseSlot(await readFile(join(procFolder, 'cmdline'), 'utf8'))
}

/** The same of the text of /proc/cmdline. */
export const parseSlot = (commandLine: string): string | undefined =>
  /(?:^|\s)rauc\.slot=([\w.-]{1,16})(?=\s|$)/.exec(commandLine)?.[1]
