// What chronyd says of the clock: real daemons with -x (they never touch the machine's), and every answer that must not be believed.
import { type ChildProcess, spawn } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { systemClock, TestClock } from '../../../../src/base/clock.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { ChronyClock, parseTracking } from '../../../../src/equipment/host/chrony-clock.ts'
import { key } from '../../../../src/equipment/store/namespaces.ts'
import { TrustedClock } from '../../../../src/exchange/time/trusted-clock.ts'
import { MemoryRecordStore } from '../../../contract/memory-record-store.ts'

const logger = createLogger('silent')
const dayMs = 86_400_000
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-chrony-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** A UDP port of the loopback that was free just now. */
async function freePort(): Promise<number> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1')
  await once(socket, 'listening')
  const { port } = socket.address()
  socket.close()
  return port
}

/** chronyd in the foreground; `lines` join its configuration. Answers chronyc at `port`. */
async function startChronyd(lines: string): Promise<{ port: number; stop(): Promise<void> }> {
  const own = await mkdtemp(join(folder, 'd-'))
  await chmod(own, 0o770)
  const port = await freePort()
  const config = `cmdport ${port}\nbindcmdaddress 127.0.0.1\nbindcmdaddress ${own}/socket\npidfile ${own}/pid\n${lines}\n`
  await writeFile(join(own, 'chrony.conf'), config)
  const user = String(process.getuid?.() === 0 ? 'root' : process.env.USER)
  const daemon: ChildProcess = spawn('chronyd', ['-x', '-U', '-u', user, '-d', '-f', join(own, 'chrony.conf')], {
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` },
    stdio: 'ignore',
  })
  await once(daemon, 'spawn')
  return {
    port,
    async stop() {
      const ended = once(daemon, 'exit')
      daemon.kill('SIGTERM')
      await ended
    },
  }
}

/** Polls until the state is `state`. The test's own deadline ends it. */
async function until(chrony: ChronyClock, state: string): Promise<void> {
  do {
    await chrony.poll()
    if (chrony.state() !== state) await new Promise((resolve) => setTimeout(resolve, 100))
  } while (chrony.state() !== state)
}

const askAt = (port: number): ChronyClock =>
  new ChronyClock({ port, program: 'chronyc' }, { clock: systemClock, logger })

describe('with real daemons', () => {
  const running: { stop(): Promise<void> }[] = []
  afterEach(async () => {
    for (const one of running.splice(0)) await one.stop()
  })
  const run = async (lines: string) => {
    const daemon = await startChronyd(lines)
    running.push(daemon)
    return daemon
  }

  it('unknown without a daemon or without chronyc, unsynchronised without a source', async () => {
    const nobody = askAt(await freePort())
    await nobody.poll()
    expect([nobody.state(), nobody.readings()]).toEqual(['unknown', {}])
    const missing = new ChronyClock({ port: undefined, program: join(folder, 'none') }, { clock: systemClock, logger })
    await missing.poll()
    expect(missing.state()).toBe('unknown')
    const { port } = await run('port 0')
    const alone = askAt(port)
    await until(alone, 'unsynchronised')
    expect(alone.readings()).toMatchObject({ clockSynchronised: false })
  })

  it('synchronised with another daemon, whose own clock is no source for itself; then the doubt of a station ends', async () => {
    const serverPort = await freePort()
    const server = await run(`port ${serverPort}\nbindaddress 127.0.0.1\nallow 127.0.0.1\nlocal stratum 8`)
    const own = askAt(server.port)
    await until(own, 'unsynchronised')
    expect(own.readings()).toMatchObject({ clockSynchronised: false, clockStratum: 8 })

    const client = await run(`port 0\nserver 127.0.0.1 port ${serverPort} minpoll -4 maxpoll -4`)
    const chrony = askAt(client.port)
    const records = new MemoryRecordStore()
    // Off for a month, as far as the bound on disk tells: the time of the machine is not believed.
    const bound = Buffer.from(String(Date.now() - 30 * dayMs))
    await records.commit([{ type: 'put', key: key('meta', 'clock'), value: bound }])
    const clock = new TrustedClock({ system: systemClock, records, logger, synchronisation: () => chrony.state() })
    await clock.start()
    expect(clock.doubt?.code).toBe('CLOCK_UNTRUSTED')
    await until(chrony, 'synchronised')
    expect(chrony.readings()).toMatchObject({ clockSynchronised: true, clockStratum: 9 })
    expect(chrony.readings().clockErrorMs).toBeLessThanOrEqual(1000)
    expect(clock.doubt).toBeUndefined()
    await clock.stop()
  })

  it('asks by itself, and stops while it asks', async () => {
    const { port } = await run('port 0')
    const chrony = askAt(port)
    await chrony.start()
    while (chrony.state() !== 'unsynchronised') {
      await chrony.stop()
      await chrony.start()
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    await chrony.stop()
    expect(chrony.readings().clockSynchronised).toBe(false)
  })
})

describe('an answer', () => {
  const wallMs = Date.UTC(2026, 10, 22, 8)
  const fields = (change: Record<number, string> = {}): string =>
    ['CB007101', '203.0.113.1', '3', String(wallMs / 1000 - 60), '-0.000011', '0.0', '0.0', '4.7', '0.0', '1.2']
      .concat(['0.020', '0.001', '64.2', 'Normal'])
      .map((field, index) => change[index] ?? field)
      .join(',')

  it('of a synchronised clock', () => {
    expect(parseTracking(`${fields()}\n`, wallMs)).toEqual({
      state: 'synchronised',
      stratum: 3,
      offsetSeconds: 0.000011,
      errorSeconds: expect.closeTo(0.011011, 6),
    })
  })

  it.each<[string, Record<number, string>]>([
    ['says so', { 13: 'Not synchronised' }],
    ['says something unknown', { 13: 'Fine' }],
    ['follows its own clock', { 0: '7F7F0101' }],
    ['is more than a second off', { 4: '-1.5' }],
    ['has lost its source long ago', { 11: '1.2' }],
    ['has a far source', { 10: '2.5' }],
    ['has compared nothing for five hours', { 3: String(wallMs / 1000 - 5 * 3600) }],
    ['has compared in the future: the clock was put back', { 3: String(wallMs / 1000 + 60) }],
  ])('of a clock that %s is unsynchronised', (_, change) => {
    expect(parseTracking(fields(change), wallMs)?.state).toBe('unsynchronised')
  })

  it.each([
    '',
    '506 Cannot talk to daemon',
    fields({ 4: 'NaN' }),
    fields({ 11: '9'.repeat(400) }),
    fields({ 2: '-1' }),
    fields({ 0: 'x' }),
    `${fields()},more`,
    fields().slice(0, 60),
  ])('%j is none', (text) => expect(parseTracking(text, wallMs)).toBeUndefined())

  it('is void when the clock is set, when it is old, and when the program floods', async () => {
    const clock = new TestClock(wallMs)
    const program = join(await mkdtemp(join(folder, 'p-')), 'chronyc')
    const answer = async (script: string) => {
      await writeFile(program, `#!/bin/sh\n${script}\n`)
      await chmod(program, 0o755)
    }
    await answer(`echo '${fields()}'`)
    const chrony = new ChronyClock({ port: undefined, program }, { clock, logger })
    await chrony.poll()
    expect(chrony.state()).toBe('synchronised')
    clock.jump(wallMs + 5_000)
    expect([chrony.state(), chrony.readings()]).toEqual(['unknown', {}])
    clock.jump(wallMs)
    expect(chrony.state()).toBe('synchronised')
    clock.advance(180_001)
    expect(chrony.state()).toBe('unknown')
    await answer(`yes '${fields()}'`)
    await chrony.poll()
    expect(chrony.state()).toBe('unknown')
  })
})
