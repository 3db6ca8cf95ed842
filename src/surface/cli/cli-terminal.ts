// Where the command line reads and writes: handed in by main.ts, replaced in tests. Knows how a secret is read.
import type { ReadStream, WriteStream } from 'node:tty'
import { TramError } from '../../base/errors.ts'

export interface Terminal {
  stdout: { write(text: string): unknown } & Partial<
    Pick<WriteStream, 'isTTY' | 'columns' | 'rows' | 'writableNeedDrain'>
  >
  stderr: { write(text: string): unknown }
  stdin: NodeJS.ReadableStream & Partial<Pick<ReadStream, 'isTTY' | 'setRawMode'>>
}

const maxSecretLength = 256
const enter = ['\r', '\n']
const erase = ['\u007f', '\b']
const interrupt = '\u0003'
const endOfInput = '\u0004'

/**
 * A PIN or password: typed without echo at a terminal, else the first line of the input.
 * @param field what a mistake is said to be about
 * @throws TramError REQUEST_INVALID
 */
export async function readSecret(
  { stdin, stderr }: Terminal,
  field: string,
  prompt: string,
  signal: AbortSignal,
): Promise<string> {
  const isTyped = stdin.isTTY === true && stdin.setRawMode !== undefined
  if (isTyped) {
    // First: whoever answers the prompt at once must not be echoed.
    stdin.setRawMode?.(true)
    stderr.write(prompt)
  }
  try {
    const secret = await readLine(stdin, isTyped, field, signal)
    if (secret === '') throw invalid(field, 'is empty')
    return secret
  } finally {
    if (isTyped) {
      stdin.setRawMode?.(false)
      stderr.write('\n')
    }
    stdin.pause()
  }
}

const invalid = (field: string, detail: string): TramError => new TramError('REQUEST_INVALID', { field, detail })

/** Reads up to the first line end. A terminal in raw mode edits nothing by itself. */
function readLine(stdin: Terminal['stdin'], isTyped: boolean, field: string, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  let line = ''
  const onData = (text: string): void => {
    for (const character of text) {
      if (enter.includes(character) || (isTyped && character === endOfInput)) resolve(line)
      else if (isTyped && character === interrupt) reject(invalid(field, 'was not entered'))
      else if (isTyped && erase.includes(character)) line = line.slice(0, -1)
      else line += character
      if (line.length > maxSecretLength) reject(invalid(field, `is longer than ${maxSecretLength} characters`))
    }
  }
  const onEnd = (): void => resolve(line)
  const onAbort = (): void => reject(signal.reason)
  stdin.setEncoding('utf8')
  stdin.on('data', onData).once('end', onEnd).once('error', reject)
  signal.addEventListener('abort', onAbort, { once: true })
  return promise.finally(() => {
    stdin.off('data', onData).off('end', onEnd).off('error', reject)
    signal.removeEventListener('abort', onAbort)
  })
}
