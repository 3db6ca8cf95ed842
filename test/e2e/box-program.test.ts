// The root program of an appliance, started by hand where it has nothing to do.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const run = promisify(execFile)

test('does nothing unless systemd has started it', async () => {
  const { INVOCATION_ID: _, ...env } = process.env
  // A device that it would refuse: without the guard this test must not do anything here either.
  const words = ['--import', 'tsx', 'src/box-main.ts', 'stick', '../x']
  await expect(run(process.execPath, words, { env })).rejects.toMatchObject({
    code: 2,
    stderr: expect.stringContaining('systemctl start tram-network'),
  })
  await expect(run(process.execPath, words, { env: { ...env, INVOCATION_ID: 'a test' } })).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('REQUEST_INVALID'),
  })
})
