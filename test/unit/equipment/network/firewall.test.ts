// The packet filter by nft and by the kernel: a box in a namespace of its own with two sides, and somebody who tries its doors.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runProgram } from '../../../../src/equipment/box/system-program.ts'
import { checkNetwork } from '../../../../src/equipment/network/box-network.ts'
import { firewallRules, multiaddrListener, officeListener } from '../../../../src/equipment/network/firewall.ts'
import { canMakeNetworks } from '../../../fixtures/network/namespace-network.ts'

const run = promisify(execFile)

describe('a listener', () => {
  it.each([
    ['/ip4/0.0.0.0/tcp/4101', { side: 'wan', host: '0.0.0.0', port: 4101 }],
    ['/ip6/::/tcp/4101', { side: 'wan', host: '::', port: 4101 }],
    ['/ip4/127.0.0.1/tcp/4101', undefined],
    ['/ip4/0.0.0.0/tcp/0', undefined],
    ['/ip4/0.0.0.0/tcp/99999', undefined],
  ])('of %s is %j', (text, listener) => expect(multiaddrListener(text)).toEqual(listener))

  it.each([
    ['0.0.0.0:8080', { side: 'lan', host: '0.0.0.0', port: 8080 }],
    ['[::]:8080', { side: 'lan', host: '::', port: 8080 }],
    ['127.1.2.3:8080', undefined],
    ['[::1]:8080', undefined],
    ['localhost:8080', undefined],
  ])('of %s is %j', (text, listener) => expect(officeListener(text)).toEqual(listener))
})

describe.skipIf(!canMakeNetworks)('the packet filter', () => {
  const box = `tram-fw-${process.pid}`
  const far = `tram-far-${process.pid}`
  const inBox = (...argv: string[]) => run('ip', ['netns', 'exec', box, ...argv])
  const ports = [4101, 8080, 22]
  const server = `for (const port of ${JSON.stringify(ports)}) require('net').createServer((s) => s.on('error', () => 0).end('x')).listen(port, '0.0.0.0', () => console.log(port))`
  let listening: ReturnType<typeof spawn>

  beforeAll(async () => {
    for (const name of [box, far]) {
      await run('ip', ['netns', 'add', name])
      await run('ip', ['-n', name, 'link', 'set', 'lo', 'up'])
    }
    for (const [index, device] of ['wan0', 'lan0'].entries()) {
      await run('ip', ['link', 'add', device, 'netns', box, 'type', 'veth', 'peer', 'name', device, 'netns', far])
      for (const [name, host] of [
        [box, 1],
        [far, 2],
      ] as const) {
        await run('ip', ['-n', name, 'address', 'add', `10.66.${index}.${host}/24`, 'dev', device])
        await run('ip', ['-n', name, 'link', 'set', device, 'up'])
      }
    }
    listening = spawn('ip', ['netns', 'exec', box, process.execPath, '-e', server], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let told = ''
    for await (const piece of listening.stdout ?? []) {
      told += String(piece)
      if (told.split('\n').length > ports.length) break
    }
  })
  afterAll(async () => {
    if (listening !== undefined) {
      const closed = once(listening, 'close')
      listening.kill('SIGKILL')
      await closed
    }
    for (const name of [box, far]) await run('ip', ['netns', 'delete', name])
  })

  const load = async (rules: string) => {
    await runProgram(['ip', 'netns', 'exec', box, 'nft', '--file', '-'], { input: rules })
  }
  /** What somebody out there gets at each port of the box. */
  const doors = async (address: string) => {
    const knock = `for (const port of ${JSON.stringify(ports)}) { const s = require('net').connect({ port, host: '${address}', timeout: 400 }); s.once('connect', () => { console.log(port); s.destroy() }); s.once('timeout', () => s.destroy()); s.once('error', () => {}) }`
    const { stdout } = await run('ip', ['netns', 'exec', far, process.execPath, '-e', knock])
    return stdout
      .trim()
      .split('\n')
      .filter((line) => line !== '')
      .map(Number)
      .sort((left, right) => left - right)
  }
  const sides = [
    { side: 'wan', device: 'wan0', isDhcp: true },
    { side: 'lan', device: 'lan0', isDhcp: false },
  ] as const
  const listeners = [
    { side: 'wan', host: '0.0.0.0', port: 4101 },
    { side: 'lan', host: '0.0.0.0', port: 8080 },
  ] as const

  it('is not there: every door is open', async () => {
    expect(await doors('10.66.0.1')).toEqual([22, 4101, 8080])
  })

  it('opens to each side what is for it, and nothing else', async () => {
    await load(firewallRules(sides, listeners))
    expect(await doors('10.66.0.1')).toEqual([4101])
    expect(await doors('10.66.1.1')).toEqual([8080])
    // An address of the other side is no way around.
    await run('ip', ['-n', far, 'route', 'add', '10.66.0.1/32', 'via', '10.66.1.1'])
    expect(await doors('10.66.0.1')).toEqual([8080])
    await run('ip', ['-n', far, 'route', 'delete', '10.66.0.1/32'])
  })

  it('answers a ping, and hears answers to what it asks', async () => {
    const ping = `
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
s.settimeout(5)
s.sendto(bytes.fromhex('0800f7fe00010000'), ('10.66.0.1', 0))
while s.recv(100)[20] != 0: pass
`
    await run('ip', ['netns', 'exec', far, 'python3', '-c', ping])
    const answer = `require('net').createServer((s) => s.end('answer')).listen(9, () => console.log('ready'))`
    const there = spawn('ip', ['netns', 'exec', far, process.execPath, '-e', answer], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const closed = once(there, 'close')
    try {
      await once(there.stdout, 'data')
      const ask = `require('net').connect({ port: 9, host: '10.66.0.2', timeout: 5000 }).on('data', (t) => console.log(String(t))).on('timeout', function () { this.destroy() })`
      expect((await inBox(process.execPath, '-e', ask)).stdout).toBe('answer\n')
    } finally {
      there.kill('SIGKILL')
      await closed
    }
  })

  it('is replaced as a whole; without a configuration nothing is let in', async () => {
    await load(firewallRules([{ side: 'both', device: 'wan0', isDhcp: false }], listeners))
    expect(await doors('10.66.0.1')).toEqual([4101, 8080])
    await load(firewallRules([], []))
    expect(await doors('10.66.0.1')).toEqual([])
    const { stdout } = await inBox('nft', 'list', 'tables')
    expect(stdout).toBe('table inet tram\n')
  })

  it('is checked by nft before it is used', async () => {
    const plan = {
      hostname: 'x',
      network: { dns: [], ntp: [] },
      interfaces: [{ side: 'both' as const, mac: '02:00:00:00:00:01', addresses: [], routes: [] }],
      listeners: [...listeners],
    }
    await checkNetwork(plan, runProgram)
    await expect(
      checkNetwork({ ...plan, listeners: [{ side: 'lan', host: '', port: 1e9 }] }, runProgram),
    ).rejects.toMatchObject({
      code: 'COMMAND_FAILED',
    })
  })
})

it.skipIf(canMakeNetworks)('the packet filter: NOT RUN (needs root)')
