// The contract of the serial line on both adapters, and what only real devices can do: be absent at the start, go while bytes
// arrive, or be no serial line at all.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Writable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { createLogger } from '../../src/base/logger.ts'
import { SerialportLine } from '../../src/equipment/serial/serialport-line.ts'
import { PtyEnd } from '../fixtures/serial/pty-end.ts'
import { MemorySerialLine } from './memory-serial-line.ts'
import { serialLineContract } from './serial-line-contract.ts'

const quick = { baudRate: 115200, firstRetryMs: 20, maxRetryMs: 100 }
/** Patience for machines that are slow, not a measure. */
const until = <Value>(read: () => Value) => expect.poll(read, { timeout: 60_000 })
const silent = { logger: createLogger('silent') }

serialLineContract('memory', async ({ bytes, change }) => {
  const line = new MemorySerialLine()
  line.onBytes(bytes)
  line.onChange(change)
  line.plug()
  return {
    line,
    received: () => line.written,
    say: (said) => line.say(said),
    stick: () => {
      line.isStuck = true
    },
    unplug: async () => {
      line.unplug()
      line.isStuck = false
    },
    plug: async () => line.plug(),
    stop: async () => line.unplug(),
  }
})

serialLineContract('serialport on a pseudo-terminal', async ({ bytes, change }) => {
  const folder = await mkdtemp(join(tmpdir(), 'tram-serial-'))
  const path = join(folder, 'line')
  const end = new PtyEnd(path)
  await end.plug()
  const line = new SerialportLine({ path, ...quick, controlLines: { dtr: true, rts: false } }, silent)
  line.onBytes(bytes)
  line.onChange(change)
  await line.start()
  return {
    line,
    received: () => end.received,
    say: (said) => end.say(said),
    stick: () => end.pause(),
    unplug: () => end.unplug(),
    plug: () => end.plug(),
    stop: async () => {
      await line.stop()
      await end.unplug()
      await rm(folder, { recursive: true, force: true })
    },
  }
})

describe('serialport lines', () => {
  let folder: string
  let path: string
  const stops: (() => Promise<unknown>)[] = []
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-serial-'))
    path = join(folder, 'line')
  })
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop()
    await rm(folder, { recursive: true, force: true })
  })

  function logged(): { lines: string[]; logger: ReturnType<typeof createLogger> } {
    const lines: string[] = []
    const sink = new Writable({
      write: (chunk, _encoding, done) => {
        lines.push(String(chunk))
        done()
      },
    })
    return { lines, logger: createLogger('info', sink) }
  }

  test('start without the device, come when it comes, and say each change in one line', async () => {
    const { lines, logger } = logged()
    const line = new SerialportLine({ path, ...quick }, { logger })
    stops.push(() => line.stop())
    await line.start()
    expect(line.isOpen).toBe(false)
    // Some ten attempts later the log has still one line.
    await sleep(500)
    expect(lines).toHaveLength(1)
    const end = new PtyEnd(path)
    stops.push(() => end.unplug())
    await end.plug()
    await until(() => line.isOpen).toBe(true)
    await end.unplug()
    await until(() => line.isOpen).toBe(false)
    await end.plug()
    await until(() => line.isOpen).toBe(true)
    expect(lines.map((text) => JSON.parse(text).msg)).toEqual([
      'the serial line is not there; it is tried again',
      'the serial line is open',
      'the serial line is not there; it is tried again',
      'the serial line is open',
    ])
  })

  test('see that a device went while bytes were arriving', async () => {
    for (let round = 0; round < 5; round += 1) {
      // As fast as it goes: the read that follows the hang-up is then an empty one, not a failed one.
      const socat = spawn('socat', ['-u', '/dev/zero', `pty,raw,echo=0,link=${path}`], { stdio: 'ignore' })
      const line = new SerialportLine({ path, ...quick }, silent)
      let heardBytes = 0
      line.onBytes((bytes) => {
        heardBytes += bytes.length
      })
      stops.push(() => line.stop())
      await line.start()
      await until(() => heardBytes).toBeGreaterThan(100_000)
      socat.kill('SIGKILL')
      await once(socat, 'exit')
      await until(() => line.isOpen).toBe(false)
      await line.stop()
      await rm(path, { force: true })
    }
  })

  test('do not take a file, a folder or a device of another kind for a line', async () => {
    await writeFile(path, 'a file')
    for (const wrong of [path, folder, '/dev/null']) {
      const line = new SerialportLine({ path: wrong, ...quick }, silent)
      stops.push(() => line.stop())
      await line.start()
      expect(line.isOpen).toBe(false)
      expect(await line.write(Buffer.from('Q1\r'))).toBe(false)
    }
  })

  test('are one user’s: a second one does not get it', async () => {
    const end = new PtyEnd(path)
    stops.push(() => end.unplug())
    await end.plug()
    const first = new SerialportLine({ path, ...quick }, silent)
    stops.push(() => first.stop())
    await first.start()
    const second = new SerialportLine({ path, ...quick }, silent)
    stops.push(() => second.stop())
    await second.start()
    expect([first.isOpen, second.isOpen]).toEqual([true, false])
  })

  test('can be stopped at any time, and started again', async () => {
    const end = new PtyEnd(path)
    stops.push(() => end.unplug())
    const line = new SerialportLine({ path, ...quick }, silent)
    stops.push(() => line.stop())
    const starting = line.start()
    await line.stop()
    await starting
    await end.plug()
    await sleep(200)
    expect(line.isOpen).toBe(false)
    await line.start()
    await until(() => line.isOpen).toBe(true)
    await line.stop()
    await line.stop()
    expect(line.isOpen).toBe(false)
  })
})
