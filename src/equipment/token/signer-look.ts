// Runs the signer program once with `--look`: a process of its own, since a vendor's library may hang or crash. The other end is
// pkcs11-look, which never logs in. Called by doctor when no signer answers.
import { execFile } from 'node:child_process'
import { parseDescription } from './signer-frames.ts'
import type { TokenDescription } from './token.ts'

/** How the line with the answer begins: libraries print what they like. */
export const lookMark = 'tram-token-look '

const maxOutputBytes = 256 * 1024

/**
 * What the token says to somebody who does not log in, as `lookAtToken`.
 * @param command argv of the signer program with `--config`
 * @param signal kills the program, also one that hangs in the library
 * @returns `faulty` when the program ends without an answer. @throws the signal's reason
 */
export async function lookWithSigner(command: readonly string[], signal: AbortSignal): Promise<TokenDescription> {
  const [program = '', ...args] = command
  const { promise, resolve } = Promise.withResolvers<{ output: string; end: string }>()
  const options = { signal, killSignal: 'SIGKILL', maxBuffer: maxOutputBytes } as const
  execFile(program, [...args, '--look'], options, (error, stdout) => {
    const end = error === null ? 'ended without an answer' : `ended: ${error.signal ?? error.code ?? error.message}`
    resolve({ output: stdout, end })
  })
  const { output, end } = await promise
  const line = output.split('\n').find((text) => text.startsWith(lookMark))
  if (line !== undefined) return parseDescription(Buffer.from(line.slice(lookMark.length)))
  signal.throwIfAborted()
  return {
    state: 'faulty',
    detail: `the signer program ${end}`,
    label: '',
    serial: '',
    scheme: null,
    certificate: null,
    pinCountLow: false,
    pinFinalTry: false,
  }
}
