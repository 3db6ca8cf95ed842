// What the command line says when the API's socket is not there, or is there and not for this user.

import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ApiClient } from '../../../../src/surface/cli/api-client.ts'

describe('a socket that cannot be opened', () => {
  let folder: string
  const server = createServer()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-api-'))
    server.listen(join(folder, 'api.sock'))
    await once(server, 'listening')
    await chmod(join(folder, 'api.sock'), 0o600)
    await chmod(folder, 0o755)
  })

  afterAll(async () => {
    server.close()
    await rm(folder, { recursive: true })
  })

  const codeOf = (name: string) =>
    new ApiClient(join(folder, name), new AbortController().signal).ask({ path: 'health' }).then(
      () => 'answered',
      (error: { code?: string }) => error.code,
    )

  it('is a station that does not run when nothing is there', async () => {
    expect(await codeOf('none.sock')).toBe('STATION_NOT_RUNNING')
    await writeFile(join(folder, 'file.sock'), '')
    expect(await codeOf('file.sock')).toBe('STATION_NOT_RUNNING')
  })

  const isRoot = process.getuid?.() === 0
  it.skipIf(!isRoot)(
    isRoot ? 'is one that this user may not open' : 'NOT RUN (needs root): is one of another user',
    async () => {
      // Root may open everything, so that another user asks.
      process.seteuid?.('nobody')
      try {
        expect(await codeOf('api.sock')).toBe('STATION_SOCKET_DENIED')
      } finally {
        process.seteuid?.(0)
      }
    },
  )
})
