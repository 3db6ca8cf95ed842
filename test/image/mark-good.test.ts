// What commits a slot, as a process with a recorder in place of rauc and a self-test that says what the test wants. With the real
// station in its sandbox: deb.test.ts.
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { UpdateRecords } from '../../src/equipment/rauc/update-records.ts'
import { until } from '../fixtures/station/office.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'

const run = promisify(execFile)
const checks = [
  'configuration',
  'platform',
  'data',
  'disk',
  'store',
  'module',
  'token',
  'certificate',
  'trust',
  'storage',
  'seal',
]
type Line = { check: string; state: string; code?: string }
const well: Line[] = [...checks, 'station'].map((check) => ({ check, state: 'pass' }))
const but = (check: string, code: string): Line[] => [
  ...well.filter((line) => line.check !== check),
  { check, state: 'fail', code },
]

describe('mark-good', () => {
  let folder: string
  let records: UpdateRecords
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-good-'))
    records = new UpdateRecords(join(folder, 'update'))
    await program('tram', `case "$1" in --version) echo 0.2.0 ;; *) cat ${folder}/report ;; esac`)
    await program('rauc', `echo "$@" >>${folder}/called`)
    await writeFile(join(folder, 'tram.toml'), '')
    await writeFile(join(folder, 'cmdline'), 'root=PARTLABEL=rootfs-b ro rauc.slot=B panic=5\n')
    await finds(well)
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  const program = (name: string, text: string) => writeFile(join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 })
  const finds = (lines: Line[]) => writeFile(join(folder, 'report'), JSON.stringify({ checks: lines }))
  const called = () => readFile(join(folder, 'called'), 'utf8').catch(() => '')
  const argv = (waitSeconds: number) => [
    ...[join(projectRoot, 'systemd/mark-good.mjs'), join(folder, 'tram'), join(folder, 'rauc'), String(waitSeconds)],
    ...[join(folder, 'update'), join(folder, 'cmdline'), join(folder, 'tram.toml')],
  ]
  /** As under its unit: with a umask that hides what it writes. */
  const markGood = (waitSeconds = 0) =>
    run('/bin/sh', ['-c', 'umask 077; exec "$0" "$@"', process.execPath, ...argv(waitSeconds)])

  test('commits a slot with which the station is well, for the station to read, and ends its trial', async () => {
    await records.setGood({ A: '0.1.0' })
    await records.beginTrial('B')
    expect((await markGood()).stdout).toBe('this slot is committed\n')
    expect(await called()).toBe('status mark-good\n')
    expect(await records.good()).toEqual({ A: '0.1.0', B: '0.2.0' })
    expect((await stat(join(folder, 'update/good.json'))).mode & 0o777).toBe(0o644)
    await expect(stat(join(folder, 'update/trial'))).rejects.toThrow('ENOENT')
  })

  test.each([
    ['the seal fails', but('seal', 'SEALING_FAILED')],
    ['the clock is below its bound', but('station', 'CLOCK_UNTRUSTED')],
    ['the station does not run', but('station', 'STATION_NOT_RUNNING')],
    ['the store was not tried', well.filter(({ check }) => check !== 'store')],
  ])('gives a slot on trial up when %s', async (_, lines) => {
    await records.setGood({ A: '0.1.0' })
    await records.beginTrial('B')
    await finds(lines)
    await expect(markGood()).rejects.toMatchObject({ code: 1 })
    expect(await called()).toBe('')
    expect(await records.good()).toEqual({ A: '0.1.0' })
    // For tram-fall-back.service.
    expect(await readFile(join(folder, 'update/trial'), 'utf8')).toBe('rauc.slot=B\n')
  })

  test('does not wait for software that cannot even say its version', async () => {
    await records.setGood({ A: '0.1.0' })
    await records.beginTrial('B')
    await program('tram', 'exit 1')
    await expect(markGood(600)).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('do not run') })
    expect(await called()).toBe('')
  })

  test('does not fall for the network', async () => {
    await records.beginTrial('B')
    await finds([
      ...but('station', 'PEER_UNREACHABLE'),
      { check: 'clock', state: 'warn', code: 'CLOCK_UNSYNCHRONISED' },
    ])
    expect((await markGood()).stdout).toContain('this slot is committed')
  })

  test('without a trial waits for ever: there is no other slot that is known to be good', async () => {
    // Another slot's trial is none of this one.
    await records.beginTrial('A')
    await finds(but('token', 'TOKEN_ABSENT'))
    const waiting = spawn(process.execPath, argv(0), { stdio: ['ignore', 'pipe', 'inherit'] })
    let said = ''
    waiting.stdout.setEncoding('utf8').on('data', (text: string) => (said += text))
    const closed = once(waiting, 'close')
    await until(
      async () => (said.includes('waiting: token: TOKEN_ABSENT') ? true : undefined),
      async () => said,
    )
    expect([waiting.exitCode, await called()]).toEqual([null, ''])
    await finds(well)
    expect(await closed).toEqual([0, null])
    expect(await records.good()).toEqual({ B: '0.2.0' })
  })

  test('a slot that has proven itself only has to run, and another one’s trial goes on', async () => {
    await records.setGood({ A: '0.1.0', B: '0.2.0' })
    await records.beginTrial('A')
    await finds(but('token', 'TOKEN_ABSENT'))
    expect((await markGood()).stdout).toBe('this slot is good, as before\n')
    expect(await called()).toBe('status mark-good\n')
    expect(await readFile(join(folder, 'update/trial'), 'utf8')).toBe('rauc.slot=A\n')
  })

  test('without a configuration keeps the attempts of a slot that is not on trial, and calls nothing proven', async () => {
    await rm(join(folder, 'tram.toml'))
    await finds(but('station', 'STATION_NOT_RUNNING'))
    expect((await markGood()).stdout).toBe('this slot is good as long as there is no configuration\n')
    expect([await called(), await records.good()]).toEqual(['status mark-good\n', {}])
  })

  test('a trial is not ended by taking the configuration away', async () => {
    await rm(join(folder, 'tram.toml'))
    await records.beginTrial('B')
    await finds(but('station', 'STATION_NOT_RUNNING'))
    await expect(markGood()).rejects.toMatchObject({ code: 1 })
    expect(await called()).toBe('')
  })

  test('another version in a slot that was good has to prove itself', async () => {
    await records.setGood({ A: '0.1.0', B: '0.1.9' })
    await records.beginTrial('B')
    await finds(but('token', 'TOKEN_ABSENT'))
    await expect(markGood()).rejects.toMatchObject({ code: 1 })
  })

  test('what RAUC does not mark is not committed, and a damaged record is no proof', async () => {
    await records.beginTrial('B')
    await writeFile(join(folder, 'update/good.json'), '{"B":"0.2')
    await program('rauc', 'echo no boot loader >&2; exit 3')
    await expect(markGood()).rejects.toMatchObject({ code: 2, stderr: 'no boot loader\n\n' })
    expect(await records.good()).toEqual({})
  })
})
