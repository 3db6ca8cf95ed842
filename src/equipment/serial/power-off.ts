// Switches the box off with the program that the configuration names. Only exchange/health/ups-guard asks for it, and only when
// `ups.power_off_command` is there.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that hangs must not be all that is ever tried. */
const timeoutMs = 60_000

/**
 * Runs `command` (program and arguments; no shell looks at them) and waits for its end.
 * @throws Error as execFile: it is not there, failed, or took more than a minute
 */
export async function powerOff(command: readonly string[]): Promise<void> {
  const [program = '', ...args] = command
  await run(program, args, { timeout: timeoutMs, maxBuffer: 64 * 1024 })
}
