// The upload of updates over a real socket: with and without the secret, too much, too little, two at a time, refused.
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/base/clock.ts'
import { TramError } from '../../../src/base/errors.ts'
import { UploadServer } from '../../../src/surface/update/upload-server.ts'
import { MemorySpace } from '../../contract/memory-space.ts'
import { silent, type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

describe('the upload of updates', () => {
  let folder: TemporaryFolder
  let server: UploadServer
  let space: MemorySpace
  let installed: Buffer[]
  let refusal: TramError | undefined
  let held: Promise<void>
  const bundle = randomBytes(500_000)
  beforeEach(async () => {
    folder = await temporaryFolder()
    space = new MemorySpace()
    installed = []
    refusal = undefined
    held = Promise.resolve()
    server = new UploadServer(
      { listen: '127.0.0.1:0', secret: 'bí mật', folder: join(folder.path, 'upload') },
      {
        ...{ space, clock: systemClock, logger: silent },
        install: async (file) => {
          installed.push(await readFile(file))
          await held
          if (refusal !== undefined) throw refusal
          return { version: '0.2.0', slot: 'B' }
        },
      },
    )
    await server.start()
  })
  afterEach(async () => {
    await server.stop()
    await folder.remove()
  })

  const secret = `Bearer ${Buffer.from('bí mật', 'utf8').toString('latin1')}`
  const put = async (body: Buffer, headers: Record<string, string> = {}, path = '/update', method = 'PUT') => {
    const { promise, resolve } = Promise.withResolvers<{ status: number; text: string }>()
    const call = request(`http://${server.endpoint}${path}`, {
      method,
      headers: { Authorization: secret, 'Content-Length': String(body.length), ...headers },
    })
    call.on('response', async (response) => {
      let text = ''
      for await (const piece of response) text += String(piece)
      resolve({ status: response.statusCode ?? 0, text })
    })
    call.on('error', () => resolve({ status: 0, text: '' })) // answered and closed before the body was out
    call.end(body)
    return promise
  }

  test('takes a bundle, byte for byte, and nothing is left of it', async () => {
    expect(await put(bundle)).toEqual({ status: 200, text: '{"version":"0.2.0","slot":"B"}\n' })
    expect(installed).toEqual([bundle])
    expect([existsSync(join(folder.path, 'upload')), space.reservedBytes]).toEqual([false, 0])
  })

  test('takes nothing from who does not know the secret, and asks for no more than a few tries', async () => {
    const small = Buffer.from('x')
    for (const Authorization of ['', 'Bearer ', 'Bearer bi mat', 'Basic x'])
      expect((await put(small, { Authorization })).status).toBe(401)
    expect((await put(small, {}, '/other')).status).toBe(404)
    expect((await put(small, {}, '/update', 'POST')).status).toBe(405)
    expect((await put(small)).status).toBe(429)
    expect(installed).toEqual([])
  })

  test('takes no more than a bundle, nor than the disk has room for', async () => {
    expect((await put(Buffer.from('x'), { 'Content-Length': String(3 * 1024 ** 3) })).status).toBe(413)
    space.freeBytes = 400_000
    const { status, text } = await put(bundle)
    expect([status, JSON.parse(text)]).toEqual([422, expect.objectContaining({ code: 'DISK_FULL' })])
    expect(installed).toEqual([])
  })

  test('says what is wrong with a bundle, and with what to do', async () => {
    refusal = new TramError('UPDATE_OLDER', { found: '0.1.0', current: '0.1.0' })
    const { status, text } = await put(bundle)
    expect([status, JSON.parse(text)]).toEqual([
      422,
      expect.objectContaining({ code: 'UPDATE_OLDER', todoVi: expect.any(String) }),
    ])
    expect(existsSync(join(folder.path, 'upload'))).toBe(false)
  })

  test('takes one at a time, and forgets one that breaks off', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    held = promise
    const first = put(bundle)
    await expect.poll(() => installed.length).toBe(1)
    expect((await put(Buffer.from('x'))).status).toBe(503)
    resolve()
    expect((await first).status).toBe(200)
    const call = request(`http://${server.endpoint}/update`, {
      method: 'PUT',
      headers: { Authorization: secret, 'Content-Length': '500000' },
    })
    call.on('error', () => undefined) // we break it off
    call.write(bundle.subarray(0, 100_000))
    await expect.poll(() => space.reservedBytes).toBe(500_000)
    call.destroy()
    await expect.poll(() => [space.reservedBytes, existsSync(join(folder.path, 'upload'))]).toEqual([0, false])
    expect(installed).toHaveLength(1)
  })
})
