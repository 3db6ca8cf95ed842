// What the collectors of a support bundle keep of programs that print more than fits.
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { collectors } from '../../../../src/surface/doctor/bundle-collectors.ts'
import type { BundleSite } from '../../../../src/surface/doctor/doctor-site.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-collect-'))
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env.PATH}`)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

it('the log keeps its end, in its order, when it is longer than what is read of it', async () => {
  // 20,000 lines of 300 bytes, backwards when asked so, as journalctl prints them.
  const file = join(folder, 'journalctl')
  const order = `case " $* " in *" -r "*) order='20000 -1 1' ;; *) order='1 1 20000' ;; esac`
  const line = `{"level":30,"sequence":%.0f,"detail":"${'x'.repeat(250)}"}`
  await writeFile(file, `#!/bin/sh\n${order}\nseq -f '${line}' $order\n`)
  await chmod(file, 0o755)
  const text = (await collectors['log.jsonl']?.({} as BundleSite, AbortSignal.timeout(30_000))) ?? ''
  const shown = text.trimEnd().split('\n')
  expect(JSON.parse(shown.at(-1) ?? '')).toEqual({ level: 30, sequence: 20_000 })
  expect(JSON.parse(shown.at(-2) ?? '')).toEqual({ level: 30, sequence: 19_999 })
})
