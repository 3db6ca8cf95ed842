// One signer a data folder. A Unix socket in the abstract namespace is the lock: the kernel frees it with its holder,
// so that no stale lock can be left. Taken by signer-server before it touches the socket in the data folder.
import { statSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { isSystemError } from '../../base/errors.ts'

/** The lock, held; or null when another process holds it. `folder` must exist. */
export async function takeSignerLock(folder: string): Promise<Server | null> {
  // By the folder itself, not its name: it may be mounted in two places.
  const { dev, ino } = statSync(folder, { bigint: true })
  const lock = createServer((socket) => socket.destroy())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  lock.once('error', reject)
  lock.listen(`\0tram-signer-${dev}-${ino}`, resolve)
  try {
    await promise
    return lock
  } catch (error) {
    if (isSystemError(error, 'EADDRINUSE')) return null
    throw error
  }
}

/**
 * Whether a process listens on the Unix socket at `path`. The lock alone does not tell across network namespaces
 * (a service with PrivateNetwork= and one started by hand).
 */
export async function isSocketAlive(path: string): Promise<boolean> {
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect(path)
  socket.once('connect', () => resolve(true))
  socket.once('error', (error) => {
    const isDead = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'].some((code) => isSystemError(error, code))
    if (isDead) resolve(false)
    else reject(error)
  })
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
