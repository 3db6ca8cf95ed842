// Reads files whose content nobody vouches for: never more than asked for, and nothing that would make the reader wait.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'

/**
 * The first bytes of a regular file; those of /proc and /sys are such, of size 0.
 * @throws system errors; an Error when it is no regular file
 */
export async function readStart(file: string, maxBytes: number): Promise<Buffer> {
  // A pipe that nobody writes to would never open otherwise.
  await using handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK)
  if (!(await handle.stat()).isFile()) throw new Error('is not a regular file')
  const buffer = Buffer.alloc(maxBytes)
  let length = 0
  while (length < maxBytes) {
    const { bytesRead } = await handle.read(buffer, length, maxBytes - length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}
