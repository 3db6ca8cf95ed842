// A FAT file system in a file, written and read with mtools while no machine has it: a USB stick, or the first partition of a card.
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
/** Where it begins: image/partitions. */
const bootPartitionBytes = 2048 * 512

export class Stick {
  /** The image. */
  readonly file: string
  /** As mtools names it. */
  readonly #drive: string

  private constructor(file: string, offsetBytes = 0) {
    this.file = file
    this.#drive = `${file}@@${offsetBytes}`
  }

  /** One that is formatted. */
  static at(file: string): Stick {
    return new Stick(file)
  }

  /** The partition of a card that every computer can read. */
  static inCard(card: string): Stick {
    return new Stick(card, bootPartitionBytes)
  }

  /** Formats one; what was in the file is gone. */
  static async format(file: string, megabytes = 64, label = 'TRAM'): Promise<Stick> {
    await rm(file, { force: true })
    // -C counts in KiB.
    await run('mkfs.vfat', ['-C', '-n', label, file, String(megabytes * 1024)], {
      env: { PATH: `${process.env.PATH}:/usr/sbin` },
    })
    return new Stick(file)
  }

  /** Names may hold folders, which are made. */
  async write(name: string, content: string | Uint8Array): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'tram-stick-'))
    const from = join(folder, basename(name))
    await writeFile(from, content)
    await this.copy(name, from)
    await rm(folder, { recursive: true })
  }

  /** From a file of this machine. */
  async copy(name: string, from: string): Promise<void> {
    const folders = name.split('/').slice(0, -1)
    for (let depth = 1; depth <= folders.length; depth += 1)
      // -D s: one that is there is left.
      await run('mmd', ['-i', this.#drive, '-D', 's', `::${folders.slice(0, depth).join('/')}`]).catch(() => undefined)
    await run('mcopy', ['-o', '-i', this.#drive, from, `::${name}`])
  }

  async read(name: string): Promise<Buffer> {
    const folder = await mkdtemp(join(tmpdir(), 'tram-stick-'))
    const to = join(folder, 'file')
    await run('mcopy', ['-i', this.#drive, `::${name}`, to])
    const content = await readFile(to)
    await rm(folder, { recursive: true })
    return content
  }

  async list(): Promise<string> {
    return (await run('mdir', ['-/', '-b', '-i', this.#drive, '::'])).stdout
  }
}
