// The API's socket by itself: whose it is, what is left of a dead one, and how requests end when the station stops.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../src/base/clock.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import type { Desk } from '../../../../src/exchange/desk.ts'
import type { RestDeps } from '../../../../src/surface/rest/rest-deps.ts'
import { RestServer } from '../../../../src/surface/rest/rest-server.ts'
import { apiCall } from '../../../fixtures/station/api-call.ts'

const never = new AbortController().signal
let folder: string
let socketPath: string
let stranger: Server | undefined
let server: RestServer | undefined

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-api-'))
  socketPath = join(folder, 'api.sock')
})

afterEach(async () => {
  await server?.stop()
  stranger?.close()
  server = undefined
  stranger = undefined
  await rm(folder, { recursive: true, force: true })
})

/** Only what these tests ask for stands behind it. */
function serverWith(desk: Partial<Desk> = {}, stopGraceMs?: number): RestServer {
  const deps = { desk, logger: createLogger('silent'), clock: systemClock } as unknown as RestDeps
  const backends = [{ systemid: 'a', agencies: ['H01'] }]
  return new RestServer({ socketPath, dataFolder: folder, backends, stopGraceMs }, deps)
}

describe('the socket of the API', () => {
  it('is refused while somebody answers on it, who keeps it', async () => {
    stranger = createServer().listen(socketPath)
    await once(stranger, 'listening')
    await expect(serverWith().start(never)).rejects.toMatchObject({ code: 'STORE_LOCKED' })
    expect(existsSync(socketPath)).toBe(true)
  })

  it('is taken over when it is only a file', async () => {
    await writeFile(socketPath, 'left behind')
    server = serverWith()
    await server.start(never)
    expect((await apiCall(socketPath, '/v1/openapi.json')).status).toBe(200)
    await server.stop()
    expect(existsSync(socketPath)).toBe(false)
  })

  it('that cannot be made stops the start', async () => {
    socketPath = join(folder, 'nowhere', 'api.sock')
    await expect(serverWith().start(never)).rejects.toMatchObject({ code: 'STORE_FAILED' })
    socketPath = join(folder, 'x'.repeat(120))
    await expect(serverWith().start(never)).rejects.toMatchObject({ code: 'STORE_FAILED' })
  })

  it('finishes the request that runs before it stops', async () => {
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const { promise: allowed, resolve: allow } = Promise.withResolvers<void>()
    server = serverWith({
      listSent: async () => {
        arrive()
        await allowed
        return []
      },
    })
    await server.start(never)
    const asked = apiCall(socketPath, '/v1/sent')
    await arrived
    const stopped = server.stop()
    allow()
    expect((await asked).json()).toEqual({ items: [] })
    await stopped
    await expect(apiCall(socketPath, '/v1/sent')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('cuts a document whose sender stops sending, when the station stops', async () => {
    const { promise: began, resolve: begin } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>()
    server = serverWith(
      {
        submit: async ({ body }) => {
          try {
            for await (const _ of body) begin()
          } catch (error) {
            end(error)
            throw error
          }
          return { docId: 'never', isNew: true, warnings: [] }
        },
      },
      100,
    )
    await server.start(never)
    const { promise: forever } = Promise.withResolvers<never>()
    const body = async function* () {
      yield Buffer.from('<edXML')
      await forever
    }
    const asked = apiCall(socketPath, '/v1/documents', { body: body() })
    const refused = expect(asked).rejects.toThrow()
    await began
    await server.stop()
    await refused
    expect(await ended).toBeInstanceOf(Error)
  })
})
