// Asks whether the signer's process runs. Its watchdog's thread answers (signer-watchdog.ts), since a call of the token's
// library may hold the other one for as long as a slow token or a far HSM takes, which is no reason to restart anything.
import { connect } from 'node:net'
import { TramError } from '../../base/errors.ts'

/**
 * Resolves when the signer has answered; waits for ever for one that stands still.
 * @param socketPath `signerAlive` of base/paths.ts
 * @throws TramError SIGNER_UNREACHABLE when none runs, or it ends; the signal's reason
 */
export async function askSignerAlive(socketPath: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const socket = connect(socketPath)
  const onAbort = (): void => reject(signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  socket.once('data', () => resolve())
  socket.once('error', (error) =>
    reject(new TramError('SIGNER_UNREACHABLE', { detail: error.message }, { cause: error })),
  )
  socket.once('close', () => reject(new TramError('SIGNER_UNREACHABLE', { detail: 'the connection was closed' })))
  try {
    await promise
  } finally {
    signal.removeEventListener('abort', onAbort)
    socket.destroy()
  }
}
