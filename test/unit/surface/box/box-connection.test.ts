// The root program's socket against clients that are right, wrong, hostile, and gone.
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { BoxClient } from '../../../../src/equipment/box/box-client.ts'
import { underBoxLock } from '../../../../src/equipment/box/box-lock.ts'
import { linesOf, maxLineBytes } from '../../../../src/equipment/box/box-protocol.ts'
import { runProgram } from '../../../../src/equipment/box/system-program.ts'
import type { BoxActions } from '../../../../src/surface/box/box-action.ts'
import { type BoxSocket, boxSocket } from '../../../fixtures/box/box-socket.ts'

const { signal } = new AbortController()

describe('the root program', () => {
  let folder: string
  let box: BoxSocket
  let held: PromiseWithResolvers<void>
  const done: string[] = []
  const actions: BoxActions = {
    greet: {
      async run(input, { progress }) {
        const name = input.text('name', /[a-z]{1,8}/)
        const isLoud = input.flag('loud')
        input.end()
        progress('half')
        done.push(name)
        return { greeting: isLoud ? name.toUpperCase() : name }
      },
    },
    hold: {
      async run(input, { progress }) {
        input.end()
        progress('holding')
        await held.promise
        done.push('held')
        return {}
      },
    },
    look: { isReading: true, run: async () => ({ code: 'x', data: 1 }) },
    fail: {
      run: async () => {
        throw new TramError('DISK_FULL', { neededBytes: 5, freeBytes: 3 })
      },
    },
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-box-'))
    box = await boxSocket(folder, actions)
    held = Promise.withResolvers()
    done.length = 0
  })
  afterEach(async () => {
    held.resolve()
    await box.close()
    await rm(folder, { recursive: true })
  })

  const refused = (request: Record<string, unknown> & { action: string }) =>
    box.client.ask(request, signal).then(
      (result) => result,
      (error: TramError) => error.code,
    )

  it('does what it is asked, tells how far it is, and what it offers', async () => {
    const told: string[] = []
    const result = await box.client.ask({ action: 'greet', name: 'lan', loud: true }, signal, (text) => told.push(text))
    expect(result).toEqual({ greeting: 'LAN' })
    expect(told).toEqual(['half'])
    expect(await box.client.offers(signal)).toEqual(['greet', 'hold', 'look', 'fail'])
    expect(await box.client.ask({ action: 'look' }, signal)).toEqual({ code: 'x', data: 1 })
  })

  it('carries an error over as it is', async () => {
    await expect(box.client.ask({ action: 'fail' }, signal)).rejects.toMatchObject({
      ...{ code: 'DISK_FULL', data: { neededBytes: 5, freeBytes: 3 } },
    })
  })

  it.each([
    [{ action: 'toString' }],
    [{ action: '__proto__' }],
    [{ action: 'greet' }],
    [{ action: 'greet', name: 'lan\n' }],
    [{ action: 'greet', name: ['lan'] }],
    [{ action: 'greet', name: 'lan', loud: 'yes' }],
    [{ action: 'greet', name: 'lan', more: 1 }],
    [{ action: 'offers', more: 1 }],
  ])('refuses %j and does nothing', async (request) => {
    expect(await refused(request)).toBe('REQUEST_INVALID')
    expect(done).toEqual([])
  })

  it('is not sent what it would not read', async () => {
    expect(await refused({ action: 'greet', name: 'x'.repeat(maxLineBytes) })).toBe('REQUEST_INVALID')
  })

  it.each(['', '\n', '[]\n', 'null\n', '{"action":1}\n', '{"action"\n', '\xff\xfe\n'])(
    'answers %j with a refusal',
    async (text) => {
      const socket = connect(box.path)
      socket.end(text)
      let answer = ''
      for await (const piece of socket.setEncoding('utf8')) answer += String(piece)
      expect(JSON.parse(answer)).toMatchObject({ done: false, code: 'REQUEST_INVALID' })
    },
  )

  it('does one thing at a time, but reads meanwhile; nobody is told of another’s', async () => {
    const { promise: begun, resolve: begin } = Promise.withResolvers<string>()
    const holding = box.client.ask({ action: 'hold' }, signal, begin)
    await begun
    expect(await refused({ action: 'greet', name: 'lan' })).toBe('BOX_BUSY')
    expect(await refused({ action: 'look' })).toEqual({ code: 'x', data: 1 })
    held.resolve()
    expect(await holding).toEqual({})
    expect(await refused({ action: 'greet', name: 'lan' })).toEqual({ greeting: 'lan' })
  })

  it('finishes what a client has asked for that left', async () => {
    const leaving = new AbortController()
    const asked = box.client.ask({ action: 'hold' }, leaving.signal, () => leaving.abort(new Error('left')))
    await expect(asked).rejects.toThrow('left')
    held.resolve()
    while ((await refused({ action: 'fail' })) === 'BOX_BUSY');
    expect(done).toEqual(['held'])
  })

  it('is missing on a machine that is no appliance', async () => {
    const nobody = new BoxClient({ socketPath: join(folder, 'none.sock') })
    expect(await nobody.offers(signal)).toEqual([])
    await expect(nobody.ask({ action: 'look' }, signal)).rejects.toMatchObject({ code: 'BOX_AGENT_UNREACHABLE' })
  })

  it('frees the lock with the process that held it', async () => {
    const lock = join(folder, 'lock')
    const script = join(folder, 'holder.mts')
    const source = join(import.meta.dirname, '../../../../src/equipment/box/box-lock.ts')
    await writeFile(
      script,
      `import { underBoxLock } from ${JSON.stringify(source)}
       await underBoxLock(${JSON.stringify(lock)}, async () => process.kill(process.pid, 'SIGKILL'))`,
    )
    await expect(runProgram([process.execPath, '--import', 'tsx', script])).rejects.toThrow('SIGKILL')
    while ((await refused({ action: 'greet', name: 'lan' })) === 'BOX_BUSY');
    expect(done).toEqual(['lan'])
    expect(await underBoxLock(lock, async () => 'mine')).toBe('mine')
  })
})

it('a line that is too long is refused before it is all there', async () => {
  let read = 0
  async function* endless() {
    for (;;) {
      read += 1024
      yield Buffer.alloc(1024, 'x')
    }
  }
  await expect(linesOf(endless()).next()).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
  expect(read).toBe(maxLineBytes + 1024)
})

describe('a program of the system', () => {
  it('gets its input, gives its output, and says why it failed', async () => {
    expect(await runProgram(['cat'], { input: 'dữ liệu' })).toBe('dữ liệu')
    await expect(runProgram(['sh', '-c', 'echo sai >&2; exit 3'])).rejects.toMatchObject({
      ...{ code: 'COMMAND_FAILED', data: { command: 'sh', detail: '3: sai' } },
    })
    await expect(runProgram(['/does/not/exist'])).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    await expect(runProgram(['sleep', '60'], { timeoutMs: 50 })).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
  })
})

it('the socket is gone in the middle of an answer', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tram-box-'))
  const path = join(folder, 's')
  const server = createServer((socket) => socket.end('{"progress":"a"}\n')).listen(path)
  await once(server, 'listening')
  await expect(new BoxClient({ socketPath: path }).ask({ action: 'x' }, signal)).rejects.toMatchObject({
    code: 'BOX_AGENT_UNREACHABLE',
  })
  server.close()
  await rm(folder, { recursive: true })
})
