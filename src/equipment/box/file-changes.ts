// Files of the box that change together: each as it was stays beside it until all of it is known to work, so that a step that fails
// takes back those before it, with owner and rights. Used by the root program.
import { link, mkdir, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isSystemError } from '../../base/errors.ts'
import { type FileOwner, writeRootFile } from './root-files.ts'

export class FileChanges {
  /** In the order of their change; whether there was a file before. */
  readonly #changed = new Map<string, { isThere: boolean }>()

  /** Replaces a file durably, or makes it. @throws as writeRootFile */
  async write(path: string, content: string | Uint8Array, owner: FileOwner): Promise<void> {
    await this.remember(path)
    await writeRootFile(path, content, owner)
  }

  /** Before somebody else replaces the file by another (never writes into it): it can be taken back from now on. */
  async remember(path: string): Promise<void> {
    if (this.#changed.has(path)) return
    await mkdir(dirname(path), { recursive: true, mode: 0o755 })
    // Left by one that was cut: what is there now is what counts.
    await rm(before(path), { force: true })
    // The same file under another name: whole at any moment, and as it is.
    const isThere = await link(path, before(path)).then(
      () => true,
      (error: unknown) => {
        if (isSystemError(error, 'ENOENT')) return false
        throw error
      },
    )
    this.#changed.set(path, { isThere })
  }

  /** All is as it was, durably; the last change first. @throws the system's error, after the others were taken back */
  async takeBack(): Promise<void> {
    const failures: unknown[] = []
    for (const [path, { isThere }] of [...this.#changed].reverse()) {
      try {
        if (isThere) await rename(before(path), path)
        else await rm(path, { force: true })
        // Two names of one file, where nothing was changed yet: rename has left both.
        await rm(before(path), { force: true })
        await using folder = await open(dirname(path), 'r')
        await folder.sync()
      } catch (error) {
        failures.push(error)
      }
    }
    this.#changed.clear()
    if (failures.length > 0) throw failures[0]
  }

  /** The files as they were go: nothing can be taken back any more. */
  async keep(): Promise<void> {
    for (const path of this.#changed.keys()) await rm(before(path), { force: true })
    this.#changed.clear()
  }
}

const before = (path: string): string => join(dirname(path), `.${basename(path)}.before`)
