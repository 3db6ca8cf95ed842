// The API's socket by itself: whose it is, what is left of a dead one, and how requests end when the station stops.
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../src/base/clock.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import type { Desk } from '../../../../src/exchange/desk.ts'
import type { RestDeps } from '../../../../src/surface/rest/rest-deps.ts'
import { type RestOptions, RestServer } from '../../../../src/surface/rest/rest-server.ts'
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

const deskWith = (desk: Partial<Desk>): Desk => desk as Desk

/** Only what these tests ask for stands behind it. */
function serverWith(
  parts: Partial<RestDeps> = {},
  times: Pick<RestOptions, 'stopGraceMs' | 'bodyPace'> = {},
): RestServer {
  const deps = { ...parts, logger: createLogger('silent'), clock: systemClock } as unknown as RestDeps
  const backends = [{ systemid: 'a', agencies: ['H01'] }]
  return new RestServer({ socketPath, dataFolder: folder, backends, ...times }, deps)
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
    const listSent: Desk['listSent'] = async () => {
      arrive()
      await allowed
      return []
    }
    server = serverWith({ desk: deskWith({ listSent }) })
    await server.start(never)
    const asked = apiCall(socketPath, '/v1/sent')
    await arrived
    const stopped = server.stop()
    allow()
    expect((await asked).json()).toEqual({ items: [], next: null })
    await stopped
    await expect(apiCall(socketPath, '/v1/sent')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('cuts a document whose sender stops sending, when the station stops', async () => {
    const { promise: began, resolve: begin } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<unknown>()
    const submit: Desk['submit'] = async ({ body }) => {
      try {
        for await (const _ of body) begin()
      } catch (error) {
        end(error)
        throw error
      }
      return { docId: 'never', isNew: true, warnings: [] }
    }
    server = serverWith({ desk: deskWith({ submit }) }, { stopGraceMs: 100 })
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

  it('gives up a body of JSON that crawls, and refuses one that is too large and then crawls', async () => {
    server = serverWith({}, { bodyPace: { idleMs: 200, minBytesPerSecond: 1024 } })
    await server.start(never)
    for (const [first, answer] of [
      ['{"pin":"', /^HTTP\/1\.1 408 .*connection: close.*PACKET_TOO_SLOW/is],
      ['x'.repeat(2_200_000), /^HTTP\/1\.1 413 .*REQUEST_INVALID/s],
    ] as const) {
      const socket = connect(socketPath)
      socket.on('error', () => undefined) // cut while it still sends
      const { promise: answered, resolve } = Promise.withResolvers<string>()
      const received: Buffer[] = []
      socket.on('data', (piece) => {
        received.push(piece)
        if (received.join('').includes('"code"')) resolve(received.join(''))
      })
      socket.write(
        'POST /v1/pin HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      socket.write(`${first.length.toString(16)}\r\n${first}\r\n`)
      const crawling = setInterval(() => socket.write('1\r\nx\r\n'), 20)
      expect(await answered).toMatch(answer)
      clearInterval(crawling)
      socket.destroy()
    }
    expect((await apiCall(socketPath, '/v1/openapi.json')).status).toBe(200)
  })

  it('gives up a document and a directory whose sender stands still, and lets the next one in', async () => {
    const drained = async (body: AsyncIterable<Uint8Array>): Promise<number> => {
      let bytes = 0
      for await (const piece of body) bytes += piece.byteLength
      return bytes
    }
    // One import at a time, as the real directory has it: a sender that stands still would hold up every later one.
    let turn: Promise<unknown> = Promise.resolve()
    const imported: number[] = []
    const importing = (file: AsyncIterable<Uint8Array>): Promise<unknown> => {
      const run = turn.catch(() => undefined).then(async () => imported.push(await drained(file)))
      turn = run
      return run
    }
    const current = { version: 1, issued: 0, expires: 0, size: 5 }
    const directory = { import: importing, current, isExpired: () => false } as unknown as RestDeps['directory']
    const counts = { current: async () => ({ stations: 0, agencies: 0, served: 0 }) } as unknown as RestDeps['counts']
    const submit: Desk['submit'] = async ({ body }) => ({
      docId: String(await drained(body)),
      isNew: true,
      warnings: [],
    })
    const bodyPace = { idleMs: 100, minBytesPerSecond: 1024 }
    server = serverWith({ desk: deskWith({ submit }), directory, counts }, { bodyPace })
    await server.start(never)
    for (const path of ['/v1/documents', '/v1/directory']) {
      const socket = connect(socketPath)
      const received: Buffer[] = []
      socket.on('data', (piece) => received.push(piece))
      socket.write(
        `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/xml\r\nContent-Length: 1000\r\n\r\n<edXML`,
      )
      await once(socket, 'close')
      expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 408 .*PACKET_TOO_SLOW/s)
    }
    // Bodies that are collected, also of a route that takes none: found by `npm run fuzz`, target backend.
    for (const path of ['/v1/clock/trust', '/v1/none']) {
      const socket = connect(socketPath)
      const received: Buffer[] = []
      socket.on('data', (piece) => received.push(piece))
      socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`)
      await once(socket, 'close')
      expect(Buffer.concat(received).toString()).toMatch(/^HTTP\/1\.1 408 .*PACKET_TOO_SLOW/s)
    }
    const whole = await apiCall(socketPath, '/v1/documents', { body: '<edXML/>' })
    expect(whole.json()).toMatchObject({ docId: '8' })
    expect((await apiCall(socketPath, '/v1/directory', { body: 'fünf' })).status).toBe(200)
    expect(imported).toEqual([5])
  })
})
