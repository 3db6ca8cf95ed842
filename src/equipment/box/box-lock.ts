// One act on the box at a time, whichever process does it: the socket's instances, the stick, the boot. flock(1) holds the lock, since
// Node cannot; it ends with our end of its input, so that the kernel frees it with its holder, however that dies.
import { spawn } from 'node:child_process'
import { TramError } from '../../base/errors.ts'

/** What flock ends with when another holds it. */
const heldCode = 75

/**
 * Runs `act` while nobody else holds the lock.
 * @param file is made when it is missing; its folder must belong to root alone, so that nobody else can hold it
 * @throws TramError BOX_BUSY at once when somebody does; what `act` throws
 */
export async function underBoxLock<Result>(file: string, act: () => Promise<Result>): Promise<Result> {
  const holder = spawn(
    'flock',
    ['--nonblock', '--conflict-exit-code', String(heldCode), file, 'sh', '-c', 'echo; exec cat'],
    { stdio: ['pipe', 'pipe', 'ignore'] },
  )
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  holder.once('error', reject)
  holder.once('close', resolve)
  holder.stdin.on('error', () => undefined) // it has ended: its exit says why
  const { promise: held, resolve: hold } = Promise.withResolvers<'held'>()
  holder.stdout.once('data', () => hold('held'))
  const outcome = await Promise.race([held, ended])
  if (outcome === heldCode) throw new TramError('BOX_BUSY', { detail: file })
  if (outcome !== 'held') throw new TramError('INTERNAL', { detail: `flock ${file}: ${outcome}` })
  try {
    return await act()
  } finally {
    holder.stdin.end()
    await ended
  }
}
