// Files that root writes for others, and reads of others' making: whole, bounded, durable, and never through a link that somebody
// without rights has put there. Used by the root program.
import { constants } from 'node:fs'
import { type FileHandle, mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { isSystemError, TramError } from '../../base/errors.ts'

export interface FileOwner {
  mode: number
  /** Names of /etc/passwd and /etc/group; default root. */
  user?: string
  group?: string
}

/**
 * Reads a file of at most `maxBytes` as UTF-8.
 * @throws TramError FILE_UNUSABLE: no regular file, a link, longer, not UTF-8; the system's error when it is not there
 */
export async function readRootFile(path: string, maxBytes: number): Promise<string> {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readRootBytes(path, maxBytes))
  } catch (error) {
    if (!(error instanceof TypeError)) throw error
    throw new TramError('FILE_UNUSABLE', { file: path, key: basename(path), detail: 'UTF-8' }, { cause: error })
  }
}

/** The same, as bytes. */
export async function readRootBytes(path: string, maxBytes: number): Promise<Buffer> {
  // Not blocked by a pipe, not led elsewhere by a link.
  const refuse = (detail: string): TramError =>
    new TramError('FILE_UNUSABLE', { file: path, key: basename(path), detail })
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      throw isSystemError(error, 'ELOOP') ? refuse('a link') : error
    },
  )
  const stat = await handle.stat()
  if (!stat.isFile()) throw refuse('no regular file')
  if (stat.size > maxBytes) throw refuse(`> ${maxBytes} B`)
  // One byte more than there is: what grows meanwhile is half written.
  const bytes = Buffer.alloc(stat.size + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length)
    length += bytesRead
    if (length > stat.size) throw refuse('it grows')
    if (bytesRead === 0) return bytes.subarray(0, length)
  }
}

/**
 * Replaces a file durably: a power cut leaves the old one or the new one.
 * @throws the system's error; TramError INTERNAL for an unknown user or group
 */
export async function writeRootFile(path: string, content: string | Uint8Array, owner: FileOwner): Promise<void> {
  const folder = dirname(path)
  const temporary = join(folder, `.${basename(path)}.${process.pid}.new`)
  await rm(temporary, { force: true })
  // Nobody else's, not even for the moment before its rights are set.
  const handle = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  )
  try {
    await handle.writeFile(content)
    await own(handle, owner)
    await handle.sync()
    await handle.close()
    await rename(temporary, path)
  } catch (error) {
    await handle.close().catch(() => undefined)
    await rm(temporary, { force: true })
    throw error
  }
  await using above = await open(folder, 'r')
  await above.sync()
}

/** Makes a folder and what is missing above it. The folder itself gets this owner. */
export async function makeRootFolder(path: string, owner: FileOwner): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o755 })
  await using handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  await own(handle, owner)
}

async function own(handle: FileHandle, { mode, user, group }: FileOwner): Promise<void> {
  if (user !== undefined || group !== undefined)
    await handle.chown(await idOf('/etc/passwd', user), await idOf('/etc/group', group))
  await handle.chmod(mode)
}

async function idOf(file: string, name: string | undefined): Promise<number> {
  if (name === undefined) return 0
  for (const line of (await readFile(file, 'utf8')).split('\n')) {
    const [known, , id] = line.split(':')
    if (known === name) return Number(id)
  }
  throw new TramError('INTERNAL', { detail: `${file}: ${name}` })
}
