// The endpoint on real sockets: what is answered, what is refused, and that strangers cost little.
import { once } from 'node:events'
import { get, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { text as textOf } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, it } from 'vitest'
import { systemClock, TestClock } from '../../../../src/base/clock.ts'
import { PrometheusServer } from '../../../../src/surface/health/prometheus-server.ts'
import { never, silent } from '../../../fixtures/store/temporary-store.ts'

const servers: PrometheusServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

async function serve(text: () => Promise<string>, clock = new TestClock()): Promise<PrometheusServer> {
  const server = new PrometheusServer({ listen: '127.0.0.1:0' }, { text, clock, logger: silent })
  servers.push(server)
  await server.start(never)
  return server
}

interface Wish {
  path?: string
  method?: string
  headers?: Readonly<Record<string, string>>
  body?: string
}

async function ask(server: PrometheusServer, { path = '/metrics', method = 'GET', headers = {}, body }: Wish = {}) {
  const [host, port] = server.endpoint.split(':')
  const kept = { Connection: 'keep-alive', ...headers }
  const outgoing = request({ host, port: Number(port), path, method, headers: kept, agent: false })
  outgoing.end(body)
  const [incoming] = await once(outgoing, 'response')
  const bytes = Buffer.concat(await incoming.toArray())
  return { status: Number(incoming.statusCode), headers: incoming.headers, bytes }
}

describe('the endpoint', () => {
  it('answers GET /metrics', async () => {
    const server = await serve(async () => 'tram_status 0\n# Tiếng Việt\n')
    const { status, headers, bytes } = await ask(server)
    expect([status, bytes.toString()]).toEqual([200, 'tram_status 0\n# Tiếng Việt\n'])
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect((await ask(server, { path: '/metrics?x=1' })).status).toBe(200)
  })

  it('packs for who unpacks', async () => {
    const server = await serve(async () => 'tram_status 0\n'.repeat(1000))
    const { headers, bytes } = await ask(server, { headers: { 'Accept-Encoding': 'gzip' } })
    expect(headers['content-encoding']).toBe('gzip')
    expect(gunzipSync(bytes).toString()).toBe('tram_status 0\n'.repeat(1000))
    expect(bytes.length).toBeLessThan(500)
    expect((await ask(server)).headers['content-encoding']).toBeUndefined()
  })

  it.each<[string, number, Wish]>([
    ['another path', 404, { path: '/' }],
    ['a path below', 404, { path: '/metrics/x' }],
    ['another method', 405, { method: 'POST' }],
    ['HEAD', 405, { method: 'HEAD' }],
    ['a body', 400, { body: 'x', headers: { 'Content-Length': '1' } }],
    ['a body without an end', 400, { body: 'x', headers: { 'Transfer-Encoding': 'chunked' } }],
    ['a length that is none', 400, { headers: { 'Content-Length': 'x' } }],
    ['headers without measure', 431, { headers: { 'X-Long': 'x'.repeat(9000) } }],
  ])('refuses %s and hangs up', async (_what, status, wish) => {
    const answer = await ask(await serve(() => Promise.reject(new Error('was asked'))), wish)
    expect([answer.status, answer.headers.connection]).toEqual([status, 'close'])
    expect(answer.bytes.toString()).toBe('')
  })

  it('makes one text a second, whoever asks', async () => {
    let made = 0
    const clock = new TestClock()
    const server = await serve(async () => `made ${++made}\n`, clock)
    const answers = await Promise.all([ask(server), ask(server), ask(server)])
    expect(answers.map(({ bytes }) => bytes.toString())).toEqual(Array(3).fill('made 1\n'))
    clock.advance(1000)
    expect((await ask(server)).bytes.toString()).toBe('made 2\n')
  })

  it('says so when there is no text, and has one again', async () => {
    const clock = new TestClock()
    let isBroken = true
    const server = await serve(async () => (isBroken ? Promise.reject(new Error('store')) : 'whole\n'), clock)
    const { status, bytes } = await ask(server)
    expect([status, bytes.toString()]).toEqual([503, ''])
    isBroken = false
    clock.advance(1000)
    expect((await ask(server)).status).toBe(200)
  })

  it('answers an address 120 times a minute', async () => {
    const clock = new TestClock()
    const server = await serve(async () => '', clock)
    const statuses = []
    for (let at = 0; at < 121; at++) statuses.push((await ask(server)).status)
    expect(statuses).toEqual([...Array(120).fill(200), 429])
    clock.advance(60_000)
    expect((await ask(server)).status).toBe(200)
  })

  it('takes sixteen connections', async () => {
    const server = await serve(async () => '')
    const port = Number(server.endpoint.split(':')[1])
    const sockets = Array.from({ length: 17 }, () => connect({ host: '127.0.0.1', port }))
    for (const socket of sockets) socket.on('error', () => undefined)
    // The one too many is hung up on; the others are waited for.
    await Promise.any(sockets.map((socket) => once(socket, 'close')))
    expect(sockets.filter(({ readyState }) => readyState === 'open')).toHaveLength(16)
    for (const socket of sockets) socket.destroy()
  })

  it('hangs up on who says nothing, and on who waits for a text that does not come', async () => {
    const say = async (server: PrometheusServer, text: string): Promise<void> => {
      const socket = connect({ host: '127.0.0.1', port: Number(server.endpoint.split(':')[1]) })
      socket.resume()
      socket.write(text)
      await once(socket, 'close')
    }
    const server = await serve(async () => '')
    const stuck = await serve(() => new Promise(() => undefined))
    await Promise.all([say(server, 'GET /metr'), say(stuck, 'GET /metrics HTTP/1.1\r\nHost: a\r\n\r\n')])
    expect((await ask(server)).status).toBe(200)
  })

  it('stops while somebody is connected', async () => {
    const server = await serve(async () => 'text\n')
    const [host, port] = server.endpoint.split(':')
    const outgoing = get({ host, port: Number(port), path: '/metrics', headers: { Connection: 'keep-alive' } })
    const [incoming] = await once(outgoing, 'response')
    expect(await textOf(incoming)).toBe('text\n')
    await server.stop()
    expect(server.endpoint).toBe('')
    await server.stop()
  })

  it('stops while its port is taken', async () => {
    const other = createServer().listen({ host: '127.0.0.1', port: 0 })
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const deps = { text: async () => '', clock: systemClock, logger: silent }
    const server = new PrometheusServer({ listen: `127.0.0.1:${port}`, retryMs: 1 }, deps)
    await server.start(never)
    expect(server.conditions()).toMatchObject([
      {
        code: 'METRICS_NOT_SERVED',
        data: { listen: `127.0.0.1:${port}`, detail: expect.stringContaining('EADDRINUSE') },
      },
    ])
    await server.stop()
    other.close()
    await once(other, 'close')
    await delay(50)
    // Nobody has taken its place.
    await expect(once(connect({ host: '127.0.0.1', port }), 'connect')).rejects.toThrow('ECONNREFUSED')
  })
})
