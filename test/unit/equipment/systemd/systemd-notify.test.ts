// What systemd is told, by the real systemd-notify (Debian package systemd), on a socket that stands in for systemd's.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createLogger } from '../../../../src/base/logger.ts'
import type { Notice } from '../../../../src/equipment/systemd/notify.ts'
import { watchdogPeriodMs } from '../../../../src/equipment/systemd/notify.ts'
import { StartProgress } from '../../../../src/equipment/systemd/start-progress.ts'
import { SystemdNotify } from '../../../../src/equipment/systemd/systemd-notify.ts'
import { NotifyListener } from '../../../fixtures/systemd/notify-listener.ts'

describe('systemd-notify', () => {
  let folder: string
  let listener: NotifyListener
  let logged: string[]
  let notify: SystemdNotify

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tram-notify-'))
    listener = await NotifyListener.start(join(folder, 's'))
    logged = []
    notify = new SystemdNotify(
      { socketPath: listener.socketPath },
      { logger: createLogger('debug', { write: (line: string) => logged.push(line) }) },
    )
  })
  afterEach(async () => {
    await listener.stop()
    rmSync(folder, { recursive: true })
  })

  it('tells what it is given, and makes one message of what waits meanwhile', async () => {
    notify.tell({ ready: true, status: 'sẵn sàng / ready' })
    notify.tell({ watchdog: true, status: 'first' })
    notify.tell({ extendTimeoutMs: 1500, status: 'second' })
    notify.tell({ stopping: true })
    await notify.idle()
    expect(listener.heard).toEqual([
      ['READY=1', 'STATUS=sẵn sàng / ready'],
      ['STOPPING=1', 'STATUS=second', 'EXTEND_TIMEOUT_USEC=1500000', 'WATCHDOG=1'],
    ])
    expect(logged).toEqual([])
  })

  it('lets no text become an assignment of its own, and bounds it', async () => {
    notify.tell({ status: `a\nWATCHDOG=1\r\0b${'c'.repeat(1000)}` })
    await notify.idle()
    const [[line = ''] = [], ...rest] = listener.heard
    expect(rest).toEqual([])
    expect(line).toMatch(/^STATUS=a WATCHDOG=1 bc+$/)
    expect(line.length).toBe('STATUS='.length + 200)
  })

  it('logs once that nobody listens; what lasts is told with the next message, and that it lived then is not', async () => {
    const deaf = new SystemdNotify(
      { socketPath: join(folder, 'later') },
      { logger: createLogger('debug', { write: (line: string) => logged.push(line) }) },
    )
    deaf.tell({ ready: true, watchdog: true, status: 'old' })
    await deaf.idle()
    deaf.tell({ status: 'new' })
    await deaf.idle()
    expect(logged).toHaveLength(1)
    expect(logged[0]).toContain('systemd was not told')
    const later = await NotifyListener.start(join(folder, 'later'))
    try {
      deaf.tell({ extendTimeoutMs: 1 })
      await deaf.idle()
      expect(later.heard).toEqual([['READY=1', 'STATUS=new', 'EXTEND_TIMEOUT_USEC=1000']])
    } finally {
      await later.stop()
    }
  })
})

describe('the period of the watchdog', () => {
  const pid = 4711
  const socket = '/run/systemd/notify'

  it('is what systemd says', () => {
    expect(watchdogPeriodMs({ socket, watchdogUsec: '30000000' }, pid)).toBe(30_000)
    expect(watchdogPeriodMs({ socket, watchdogUsec: '30000000', watchdogPid: '4711' }, pid)).toBe(30_000)
  })

  it.each([
    { watchdogUsec: '30000000' },
    { socket: '', watchdogUsec: '30000000' },
    { socket },
    { socket, watchdogUsec: '' },
    { socket, watchdogUsec: '0' },
    { socket, watchdogUsec: '999999' },
    { socket, watchdogUsec: '-30000000' },
    { socket, watchdogUsec: '3e7' },
    { socket, watchdogUsec: 'NaN' },
    { socket, watchdogUsec: '9'.repeat(16) },
    { socket, watchdogUsec: '30000000', watchdogPid: '4712' },
  ])('is none: %o', (supervision) => {
    expect(watchdogPeriodMs(supervision, pid)).toBeUndefined()
  })
})

describe('a start that takes long', () => {
  it('asks for more time again and again, names the part, and stops with the start', async () => {
    const told: Notice[] = []
    const three = Promise.withResolvers<void>()
    const progress = new StartProgress(
      {
        tell: (notice) => {
          if (told.push(notice) >= 3) three.resolve()
        },
      },
      { everyMs: 10 },
    )
    progress.starting('quick')
    progress.starting('record store')
    await three.promise
    progress.end()
    const count = told.length
    const asked = { extendTimeoutMs: 30_000, status: 'đang khởi động / starting: record store' }
    expect(told).toEqual(Array(count).fill(asked))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(told.length).toBe(count)
  })

  it('does not ask for ever: a part that hangs is left to systemd', async () => {
    const told: Notice[] = []
    const progress = new StartProgress({ tell: (notice) => void told.push(notice) }, { everyMs: 5, longestPartMs: -1 })
    progress.starting('record store')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(told).toEqual([])
    progress.end()
  })
})
