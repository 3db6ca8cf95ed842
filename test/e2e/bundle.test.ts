// What the bundled programs do not load: it would be paid for by every command and by the memory of every station.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { bundledStation } from '../fixtures/station/bundle.ts'

test('a command loads http without undici, which an import of http brings along', async () => {
  const [program = '', ...programArguments] = bundledStation
  const tellModules = "process.once('exit',()=>console.error(process.moduleLoadList.join()))"
  const words = ['--import', `data:text/javascript,${tellModules}`, ...programArguments, '--version']
  const { stderr } = await promisify(execFile)(program, words)
  expect(stderr).toContain('NativeModule http,')
  expect(stderr).not.toContain('undici')
})
