// Programs that cannot be started for want of file descriptors: node gives a child without streams then, and its error comes later.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

it('a station without a free file descriptor goes on when it cannot start a program', async () => {
  const program = new URL('../../../fixtures/host/starved-program.ts', import.meta.url).pathname
  const limited = ['-c', 'ulimit -n 60; exec "$@"', 'sh', process.execPath, program]
  const { stdout } = await promisify(execFile)('sh', limited)
  expect(stdout).toBe('alive {}')
})
