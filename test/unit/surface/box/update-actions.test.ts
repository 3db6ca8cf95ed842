// Updates as the command line asks for them: through the root program's socket, to the real RAUC. What is refused and why:
// test/unit/equipment/rauc.
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { BoxClient } from '../../../../src/equipment/box/box-client.ts'
import { minutesUntil, updateActions } from '../../../../src/surface/box/update-actions.ts'
import type { CliDeps } from '../../../../src/surface/cli/cli-context.ts'
import { runCli } from '../../../../src/surface/cli/cli-program.ts'
import { type BoxSocket, boxSocket } from '../../../fixtures/box/box-socket.ts'
import { canInstall, RaucBox } from '../../../fixtures/rauc/rauc-box.ts'
import { never } from '../../../fixtures/store/temporary-store.ts'

describe.runIf(canInstall)('tram update', () => {
  let box: RaucBox
  let socket: BoxSocket
  let asked: string[][]
  let rebootAt: string | undefined
  beforeEach(async () => {
    box = await RaucBox.create()
    await box.records.setGood({ A: '0.1.0' })
    asked = []
    rebootAt = undefined
    const actions = updateActions({
      ...box.deps('0.1.0'),
      run: async (argv) => {
        asked.push([...argv])
        return ''
      },
      rebootAt: async () => rebootAt,
      // 08:00 in Vietnam.
      now: () => Date.UTC(2026, 10, 22, 1, 0),
    })
    socket = await boxSocket(box.folder, actions)
  })
  afterEach(async () => {
    await socket?.close()
    await box?.destroy()
  })

  /** A command as main.ts runs it; only what it may use is there. */
  async function tram(...words: string[]) {
    const written = { out: '', err: '' }
    const terminal = {
      stdout: { write: (text: string) => (written.out += text) },
      stderr: { write: (text: string) => (written.err += text) },
      stdin: process.stdin,
    }
    const deps = { terminal, signal: never, box: new BoxClient({ socketPath: socket.path }) } as Partial<CliDeps>
    const code = await runCli([...words, '--lang', 'en'], deps as CliDeps)
    return { code, ...written }
  }

  test('installs, tells how far it is, and restarts', async () => {
    const { file, image } = await box.bundle()
    const { code, out, err } = await tram('update', 'install', file)
    expect([code, out]).toEqual([0, '0.2.0 → B. The box restarts now.\n'])
    expect(err).toContain('100% Installing done.')
    expect(asked).toEqual([['systemctl', '--no-wall', '--no-block', 'reboot']])
    expect(await box.slot('b', image.length)).toEqual(image)
    const status = await tram('update', 'status')
    expect(status).toMatchObject({
      code: 0,
      out: 'A  0.1.0  running, known to be good\nB  0.2.0  next to boot, not proven yet\n',
    })
  })

  test('says of a slot that is as it came from the workshop that it is empty', async () => {
    await writeFile(join(box.folder, 'boot/state-B'), 'bad')
    expect((await tram('update', 'status')).out).toMatch(/^B {2}nothing was installed yet$/m)
  })

  test('restarts when the configuration or the command line says', async () => {
    const { file } = await box.bundle()
    rebootAt = '02:30'
    expect((await tram('update', 'install', file)).out).toContain('at the time that was set')
    expect((await tram('update', 'install', file, '--restart', '08:01')).code).toBe(0)
    expect((await tram('update', 'install', file, '--restart', 'no')).out).toContain('with the next restart')
    expect(asked).toEqual([
      ['shutdown', '--no-wall', '-r', '+1110'],
      ['shutdown', '--no-wall', '-r', '+1'],
    ])
  })

  test('says what is wrong, with what to do, and restarts nothing', async () => {
    const { file } = await box.bundle({ version: '0.1.0' })
    expect(await tram('update', 'install', file)).toMatchObject({
      code: 1,
      err: expect.stringContaining('(UPDATE_OLDER)'),
    })
    expect(await tram('update', 'install', '/etc/passwd')).toMatchObject({ code: 2, out: '' })
    expect((await tram('update', 'install', file, '--restart', '24:00')).code).toBe(2)
    expect(asked).toEqual([])
  })

  test('goes back when somebody says yes', async () => {
    await box.records.setGood({ A: '0.1.0', B: '0.0.9' })
    expect((await tram('update', 'back')).code).toBe(2)
    expect(await box.primary()).toBe('A')
    expect(await tram('update', 'back', '--yes')).toMatchObject({ code: 0, out: '0.0.9 → B. The box restarts now.\n' })
    expect(await box.primary()).toBe('B')
  })
})
test.skipIf(canInstall)('tram update: NOT RUN (needs root)')

test('a time of the day is waited for in whole minutes, at least one', () => {
  const at = (hours: number, minutes: number, seconds = 0) => Date.UTC(2026, 10, 22, hours - 7, minutes, seconds)
  expect(minutesUntil('02:00', at(1, 0))).toBe(60)
  expect(minutesUntil('02:00', at(2, 0))).toBe(24 * 60)
  expect(minutesUntil('02:00', at(2, 0, 1))).toBe(24 * 60)
  expect(minutesUntil('02:00', at(1, 59, 59))).toBe(1)
  expect(minutesUntil('00:00', at(23, 58, 30))).toBe(2)
})
