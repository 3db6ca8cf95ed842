import { expect, it } from 'vitest'
import { createLogger } from '../../../../src/base/logger.ts'
import { SignerProcess } from '../../../../src/equipment/token/signer-process.ts'

const logger = createLogger('silent')
const never = new AbortController().signal

it('starts again what has ended, and stops it by its process id', async () => {
  const pids = new Set<number>()
  const process_ = new SignerProcess({ command: [process.execPath, '-e', 'process.stdin.resume()', '--'] }, { logger })
  await process_.start(never)
  for (let ended = 0; ended < 2; ended += 1) {
    const { pid } = process_
    expect(pid).toBeGreaterThan(0)
    pids.add(pid ?? 0)
    process.kill(pid ?? 0, 'SIGKILL')
    while (process_.pid === pid || process_.pid === undefined) await new Promise(setImmediate)
  }
  const { pid } = process_
  expect(pids.has(pid ?? 0)).toBe(false)
  await process_.stop()
  expect(process_.pid).toBeUndefined()
  expect(() => process.kill(pid ?? 0, 0)).toThrow('ESRCH')
})

it('kills a child that does not obey', async () => {
  const deaf = "process.on('SIGTERM', () => undefined); setInterval(() => undefined, 1000)"
  const process_ = new SignerProcess({ command: [process.execPath, '-e', deaf, '--'] }, { logger })
  await process_.start(never)
  await process_.stop()
  expect(process_.pid).toBeUndefined()
})

it('says when the program is not there', async () => {
  const process_ = new SignerProcess({ command: ['/nowhere/tram-signer'] }, { logger })
  await expect(process_.start(never)).rejects.toMatchObject({ code: 'SIGNER_UNREACHABLE' })
  expect(process_.pid).toBeUndefined()
})
