// Client and server of the signer's socket, each against an other side that does not play by the rules.
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../../../../src/base/clock.ts'
import { TramError } from '../../../../src/base/errors.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { SignerClient } from '../../../../src/equipment/token/signer-client.ts'
import { encodeDescription, encodeFrame, FrameReader } from '../../../../src/equipment/token/signer-frames.ts'
import { isSocketAlive, takeSignerLock } from '../../../../src/equipment/token/signer-lock.ts'
import { maxOutstandingRequests, SignerServer } from '../../../../src/equipment/token/signer-server.ts'
import type { Token, TokenDescription } from '../../../../src/equipment/token/token.ts'
import { SoftToken } from '../../../contract/soft-token.ts'
import { createTestPki } from '../../../fixtures/pki/test-pki.ts'

const logger = createLogger('silent')
const never = new AbortController().signal
let folder: string
let socketPath: string
let token: SoftToken
const stops: (() => Promise<unknown>)[] = []

beforeAll(async () => {
  token = new SoftToken(await (await createTestPki()).issue({ commonName: 'soft' }))
})
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tram-sock-'))
  socketPath = join(folder, 'signer.sock')
})
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop()
  rmSync(folder, { recursive: true })
})

async function startServer(of: Token = token): Promise<SignerServer> {
  const server = new SignerServer({ socketPath }, { token: of, logger })
  stops.push(() => server.stop())
  await server.start()
  return server
}

async function startClient(requestTimeoutMs?: number): Promise<SignerClient> {
  const client = new SignerClient({ socketPath, requestTimeoutMs }, { logger, clock: systemClock })
  stops.push(() => client.stop())
  await client.start(never)
  return client
}

/** Something that sits on the signer's socket and answers every chunk with `answer`. */
async function startImpostor(answer: (socket: Socket, chunk: Buffer) => void): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('data', (chunk) => answer(socket, chunk))
    socket.on('error', () => socket.destroy())
    stops.push(async () => socket.destroy())
  })
  server.listen(socketPath)
  await once(server, 'listening')
  stops.push(async () => server.close())
  return server
}

const unreachable = { code: 'SIGNER_UNREACHABLE' }

describe('client', () => {
  it('starts without a signer, says so, and finds it when it comes', async () => {
    const client = await startClient()
    expect(await client.describe(never)).toMatchObject({ state: 'unreachable' })
    await expect(client.sign(randomBytes(32), never)).rejects.toMatchObject(unreachable)
    await expect(client.enterPin('1234', never)).rejects.toMatchObject(unreachable)
    const found = Promise.withResolvers<TokenDescription>()
    client.onStateChange = (description) => found.resolve(description)
    await startServer()
    expect(await found.promise).toMatchObject({ state: 'ready', label: 'soft' })
    expect(await client.sign(randomBytes(32), never)).toBeInstanceOf(Uint8Array)
  })

  it('gives up on a signer that does not answer, for each request by itself', async () => {
    await startImpostor(() => undefined)
    const client = await startClient(50)
    await expect(client.sign(randomBytes(32), never)).rejects.toMatchObject(unreachable)
    expect(await client.describe(never)).toMatchObject({ state: 'unreachable' })
    const controller = new AbortController()
    const signing = client.sign(randomBytes(32), controller.signal)
    controller.abort(new Error('enough'))
    await expect(signing).rejects.toThrow('enough')
  })

  it.each([
    ['garbage', (socket: Socket) => socket.write(randomBytes(100).fill(0xff))],
    ['a frame without end', (socket: Socket) => socket.write(Buffer.from('7fffffff', 'hex'))],
    ['a hang-up', (socket: Socket) => socket.destroy()],
    [
      'a description that is none',
      (socket: Socket) =>
        socket.write(encodeFrame({ kind: 'changed', request: 0, body: Buffer.from('{"state":"happy"}') })),
    ],
    [
      'another kind of answer',
      (socket: Socket) =>
        socket.write(
          encodeFrame({
            kind: 'description',
            request: 1,
            body: encodeDescription({
              state: 'ready',
              detail: '',
              label: '',
              serial: '',
              scheme: null,
              certificate: null,
              pinCountLow: false,
              pinFinalTry: false,
            }),
          }),
        ),
    ],
    [
      'an unknown failure',
      (socket: Socket) =>
        socket.write(encodeFrame({ kind: 'failure', request: 1, body: Buffer.from('{"code":"MAGIC"}') })),
    ],
  ])('takes %s for an unreachable signer', async (_what, answer) => {
    await startImpostor(answer)
    const client = await startClient()
    await expect(client.sign(randomBytes(32), never)).rejects.toMatchObject(unreachable)
  })

  it('bounds what waits', async () => {
    await startImpostor(() => undefined)
    const client = await startClient()
    const controller = new AbortController()
    const waiting = Array.from({ length: 1024 }, () => client.sign(randomBytes(32), controller.signal))
    const outcomes = Promise.allSettled(waiting)
    await expect(client.sign(randomBytes(32), never)).rejects.toMatchObject({ code: 'OVERLOADED' })
    controller.abort(new Error('enough'))
    expect((await outcomes).every(({ status }) => status === 'rejected')).toBe(true)
  })
})

describe('server', () => {
  it('makes a private socket, leaves no nest, and removes it when it stops', async () => {
    const server = await startServer()
    expect(statSync(socketPath).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['signer.sock'])
    await server.stop()
    expect(existsSync(socketPath)).toBe(false)
  })

  it('is alone on its folder, and replaces what a dead one left', async () => {
    const first = await startServer()
    await expect(startServer()).rejects.toMatchObject({ code: 'SIGNER_RUNNING' })
    expect(await (await startClient()).describe(never)).toMatchObject({ state: 'ready' })
    await first.stop()
    // A socket that nobody listens on any more.
    const dead = await startImpostor(() => undefined)
    const { promise, resolve } = Promise.withResolvers<void>()
    dead.close(() => resolve())
    await promise
    await startServer()
    expect(await isSocketAlive(socketPath)).toBe(true)
  })

  it('respects a signer that it cannot see by its lock', async () => {
    await startImpostor(() => undefined) // as one in another network namespace
    await expect(startServer()).rejects.toMatchObject({ code: 'SIGNER_RUNNING' })
    const lock = await takeSignerLock(folder)
    expect(lock, 'the refused one has let go of the lock').not.toBeNull()
    lock?.close()
  })

  it('says so when the path does not fit a socket', async () => {
    socketPath = join(folder, 'a'.repeat(120), 'signer.sock')
    await expect(startServer()).rejects.toMatchObject({ data: { detail: expect.stringContaining('too long') } })
  })

  it.each([
    ['too long a frame', Buffer.from('00000fff', 'hex')],
    ['an unknown kind', Buffer.from('00000005ff00000001', 'hex')],
  ])('cuts a connection that sends %s, and goes on', async (_what, bytes) => {
    await startServer()
    const socket = connect(socketPath)
    socket.resume().write(bytes)
    await once(socket, 'close')
    expect(await (await startClient()).describe(never)).toMatchObject({ state: 'ready' })
  })

  it('answers a frame that is no request with a failure', async () => {
    await startServer()
    const socket = connect(socketPath)
    stops.push(async () => socket.destroy())
    socket.write(encodeFrame({ kind: 'done', request: 5, body: Buffer.alloc(0) }))
    const reader = new FrameReader(96 * 1024)
    const answer = Promise.withResolvers<string>()
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) if (frame.request === 5) answer.resolve(frame.kind)
    })
    expect(await answer.promise).toBe('failure')
  })

  it('bounds the requests of a connection, and drops them when it goes', async () => {
    const aborted: unknown[] = []
    const started = Promise.withResolvers<void>()
    const slow: Token = {
      describe: (signal) => token.describe(signal),
      enterPin: () => Promise.reject(new TramError('TOKEN_ABSENT', { token: 'slow' })),
      sign(_digest, signal) {
        const { promise, reject } = Promise.withResolvers<Uint8Array>()
        signal.addEventListener('abort', () => {
          aborted.push(signal.reason)
          reject(signal.reason)
          if (aborted.length === maxOutstandingRequests) started.resolve()
        })
        return promise
      },
    }
    await startServer(slow)
    const socket = connect(socketPath)
    const reader = new FrameReader(96 * 1024)
    const refused = Promise.withResolvers<string>()
    socket.on('data', (chunk: Buffer) => {
      for (const frame of reader.push(chunk)) if (frame.kind === 'failure') refused.resolve(frame.body.toString())
    })
    for (let request = 1; request <= maxOutstandingRequests + 1; request += 1)
      // Numbers used again do not pass the bound.
      socket.write(encodeFrame({ kind: 'sign', request: 1 + (request % 2), body: randomBytes(32) }))
    expect(await refused.promise).toContain('OVERLOADED')
    socket.destroy()
    await started.promise
    expect(aborted).toHaveLength(maxOutstandingRequests)
  })

  it('cuts a connection that does not read its answers', async () => {
    await startServer()
    const socket = connect(socketPath)
    await once(socket, 'connect')
    socket.pause()
    const closed = Promise.withResolvers<void>()
    socket.once('close', () => closed.resolve())
    const request = encodeFrame({ kind: 'describe', request: 1, body: Buffer.alloc(0) })
    const pour = (): void => {
      if (!socket.destroyed) socket.write(Buffer.concat(Array.from({ length: 500 }, () => request)), pour)
    }
    socket.on('error', () => socket.destroy()) // EPIPE: cut, as wanted
    pour()
    await closed.promise
    expect(await (await startClient()).describe(never)).toMatchObject({ state: 'ready' })
  })

  it('tells its clients when the token changes', async () => {
    const server = await startServer()
    const client = await startClient()
    const first = await client.describe(never)
    const told = Promise.withResolvers<TokenDescription>()
    client.onStateChange = (description) => {
      if (description.state === 'absent') told.resolve(description)
    }
    server.announce({ ...first, state: 'absent', detail: 'pulled out' })
    expect(await told.promise).toMatchObject({ state: 'absent', detail: 'pulled out' })
  })
})
