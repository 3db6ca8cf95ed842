// Runs the system's programs for the root program: argv and no shell, a bounded output, a time that ends. Handed in as a function,
// so that what is asked of the system can be seen without being done.
import { spawn } from 'node:child_process'
import { TramError } from '../../base/errors.ts'

export interface ProgramWish {
  /** Written to its standard input; else that is empty. */
  input?: string | Uint8Array
  /** Default one minute. */
  timeoutMs?: number
  /** Beside PATH and LC_ALL. */
  env?: Readonly<Record<string, string>>
}

/** Runs a program to its end; its standard output as text. @throws TramError COMMAND_FAILED with what it complained of */
export type RunProgram = (argv: readonly [string, ...string[]], wish?: ProgramWish) => Promise<string>

const maxOutputLength = 1024 * 1024
const maxComplaintLength = 500

export const runProgram: RunProgram = async ([program, ...args], { input, timeoutMs = 60_000, env } = {}) => {
  const child = spawn(program, args, {
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C.UTF-8', ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  })
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const fail = (detail: string, cause?: unknown): void =>
    reject(new TramError('COMMAND_FAILED', { command: program, detail }, { cause }))
  let output = ''
  let complaint = ''
  child.once('error', (error) => fail(error.message, error))
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    if (output.length > maxOutputLength) child.kill('SIGKILL')
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(0, maxComplaintLength)
  })
  child.stdin.on('error', () => undefined) // it did not want to read; its exit says whether that is wrong
  child.once('close', (code, signal) => {
    if (code === 0) resolve(output)
    else fail(`${code ?? signal}: ${complaint.trim()}`)
  })
  child.stdin.end(input)
  return promise
}
