// The Debian package on a Debian 13 that runs its own systemd: installed, started in the sandboxes of its units, examined, upgraded,
// removed. Of this machine's architecture; scripts/test-image tries the one for arm64.
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { catalogue } from '../../src/base/conditions/catalogue.ts'
import { messageId } from '../../src/base/conditions/message-id.ts'
import type { DoctorReport } from '../../src/surface/doctor/doctor-report.ts'
import { configureSite } from '../fixtures/debian/configure-site.ts'
import { DebianBox } from '../fixtures/debian/debian-box.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { until } from '../fixtures/station/office.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const build = 20 * 60_000

describe.skipIf(!isRoot)('the Debian package', () => {
  let folder: string
  let box: DebianBox
  let network: LabNetwork

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-deb-'))
    const { stdout } = await run(join(projectRoot, 'scripts/deb'), { maxBuffer: 16 * 1024 * 1024 })
    const deb = /build\/\S+\.deb/.exec(stdout)?.[0] ?? ''
    box = await DebianBox.create()
    await cp(join(projectRoot, deb), join(box.root, 'tram.deb'))
    network = await makeLabNetwork(join(folder, 'lab'), [{ id: 'g22', name: 'Sở G22', agencyCodes: ['G22.01'] }], {
      signerCommand: bundledSigner,
    })
    await box.boot()
  }, build)

  afterAll(async () => {
    await box?.destroy()
    await rm(folder, { recursive: true, force: true })
  })

  const markGood = [
    ...['/usr/lib/tram/bin/node', '/usr/lib/tram/mark-good.mjs', '/usr/lib/tram/bin/tram', '/rauc', '0'],
    ...['/var/lib/tram/update', '/cmdline'],
  ]
  const states = async () => (await box.run('systemctl', 'is-active', 'tram-signer', 'tram')).out.trim().split('\n')
  const property = (unit: string, name: string) => box.ask('systemctl', 'show', '--value', '-p', name, unit)

  it('installs, makes its accounts, and does not start a station that nobody has configured', async () => {
    await box.ask('dpkg', '-i', '/tram.deb')
    expect(await box.ask('id', '-un', 'tram-signer')).toBe('tram-signer')
    expect(await states()).toEqual(['inactive', 'inactive'])
    expect(await box.ask('systemctl', 'is-enabled', 'tram', 'tram-signer')).toBe('enabled\nenabled')
    expect(await box.ask('stat', '-c', '%U:%G %a', '/etc/tram', '/var/lib/tram')).toBe('root:tram 770\nroot:root 755')
    expect(await box.ask('tram', '--version')).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it('runs the station and its signer in their sandboxes, the PIN from an encrypted credential', async () => {
    await configureSite(box, network)
    const encrypt =
      'systemd-creds setup && printf %s "$1" | systemd-creds encrypt --with-key=host --name=tram.pin - /etc/credstore.encrypted/tram.pin'
    await box.ask('sh', '-c', encrypt, 'sh', network.stations[0]?.token.pin ?? '')
    await box.ask('systemctl', 'start', 'tram-signer')
    // Type=notify: it returns when the station has said READY=1.
    const started = await box.run('systemctl', 'start', 'tram')
    expect(started, (await box.journal('tram')) + (await box.journal('tram-signer'))).toMatchObject({ code: 0 })
    expect(await states()).toEqual(['active', 'active'])
    expect(await property('tram', 'StatusText')).toContain('ready')
    expect(await property('tram', 'WatchdogUSec')).toBe('1min')
    await until(
      async () =>
        (await property('tram', 'WatchdogTimestampMonotonic')) >
        (await property('tram', 'ActiveEnterTimestampMonotonic'))
          ? true
          : undefined,
      () => box.journal('tram'),
    )
  })

  it('passes tram doctor, seals, and is committed', async () => {
    const report = await doctor()
    expect(report.checks.filter(({ state }) => state === 'fail')).toEqual([])
    expect(report.checks.find(({ check }) => check === 'token')).toMatchObject({ state: 'pass' })
    await writeFile(join(box.root, 'rauc'), '#!/bin/sh\necho "$@" >/rauc.called\n', { mode: 0o755 })
    await writeFile(join(box.root, 'cmdline'), 'ro rauc.slot=B\n')
    expect(await box.run('env', ...markGood)).toMatchObject({ code: 0, out: 'this slot is committed\n' })
    expect(await readFile(join(box.root, 'rauc.called'), 'utf8')).toBe('status mark-good\n')
  })

  it('has its changes in the journal, with what to do about them', async () => {
    const told = await until(
      async () => {
        const { out } = await box.run('journalctl', '--no-pager', '-x', `MESSAGE_ID=${messageId('STATION_STARTED')}`)
        return out.includes('STATION_STARTED happened') ? out : undefined
      },
      () => box.journal('tram'),
    )
    expect(told).toContain(catalogue.STATION_STARTED.todoVi)
    expect(told).toContain(catalogue.STATION_STARTED.todoEn)
  })

  it('is as closed as promised also by the measure of Debian 13', async () => {
    for (const [unit, threshold] of [
      ['tram', 20],
      ['tram-signer', 8],
    ] as const)
      await box.ask('systemd-analyze', 'security', '--no-pager', `--threshold=${threshold}`, `${unit}.service`)
  })

  it('keeps the PIN and its state from the station, and documents from the signer', async () => {
    const as = (user: string, ...command: string[]) =>
      box.run('setpriv', `--reuid=${user}`, '--regid=tram', '--clear-groups', ...command)
    expect(await box.ask('stat', '-c', '%U:%G %a', '/var/lib/tram/signer/signer.sock')).toBe('tram-signer:tram 660')
    expect(await as('tram', 'cat', '/run/credentials/tram-signer.service/tram.pin')).toMatchObject({ code: 1 })
    expect(await as('tram', 'ls', '/var/lib/tram/signer/pin-state')).toMatchObject({ code: 2 })
    expect(await as('tram', 'ls', '/var/lib/tram/tokens/')).toMatchObject({ code: 2 })
    expect(await as('tram-signer', 'ls', '/var/lib/tram/station')).toMatchObject({ code: 2 })
    // And from inside the sandboxes.
    const pid = await property('tram-signer', 'MainPID')
    expect((await box.ask('nsenter', '-t', pid, '-n', 'cat', '/proc/self/net/dev')).split('\n').slice(2)).toHaveLength(
      1,
    )
    for (const unit of ['tram', 'tram-signer']) {
      const status = await box.ask('cat', `/proc/${await property(unit, 'MainPID')}/status`)
      expect(status).toMatch(/^Seccomp:\t2$/m)
      expect(status).toMatch(/^CapBnd:\t0+$/m)
      expect(status).toMatch(/^NoNewPrivs:\t1$/m)
    }
  })

  it('is upgraded, and started again', async () => {
    const before = await property('tram', 'MainPID')
    await box.ask('dpkg', '-i', '/tram.deb')
    expect(await states()).toEqual(['active', 'active'])
    expect(await property('tram', 'MainPID')).not.toBe(before)
  })

  it('is not committed without its token', async () => {
    await rm(join(box.root, 'rauc.called'))
    await box.ask('systemctl', 'stop', 'tram-signer')
    await writeFile(join(box.root, 'var/lib/tram/update/good.json'), '{"A":"0.0.9"}')
    await writeFile(join(box.root, 'var/lib/tram/update/trial'), 'rauc.slot=B\n')
    const refused = await box.run('env', ...markGood)
    expect(refused.code).toBe(1)
    expect(refused.err).toContain('seal: SIGNER_UNREACHABLE')
    await expect(readFile(join(box.root, 'rauc.called'))).rejects.toThrow('ENOENT')
  })

  it('leaves the slot on trial, and no other, when it is not committed or not even looked at', async () => {
    // In a container the kernel's command line is that of the machine around it: its first word stands for the slot. And nobody restarts it.
    const [word = ''] = (await readFile('/proc/cmdline', 'utf8')).split(' ')
    const trial = join(box.root, 'var/lib/tram/update/trial')
    for (const unit of ['tram-mark-good', 'tram-fall-back']) {
      await cp(join(projectRoot, `systemd/${unit}.service`), join(box.root, `etc/systemd/system/${unit}.service`))
      await mkdir(join(box.root, `etc/systemd/system/${unit}.service.d`), { recursive: true })
    }
    const dropIn = (unit: string, text: string) =>
      writeFile(join(box.root, `etc/systemd/system/${unit}.service.d/test.conf`), text)
    await dropIn('tram-fall-back', '[Service]\nExecStart=\nExecStart=/usr/bin/touch /restarted\n')
    const conditions = '[Unit]\nConditionKernelCommandLine=\nConditionPathExists=\n[Service]\nExecStart=\n'
    const fallsBack = async (program: string, onTrial: string): Promise<boolean> => {
      await dropIn('tram-mark-good', `${conditions}ExecStart=${program}\n`)
      await writeFile(trial, onTrial)
      await box.ask('systemctl', 'daemon-reload')
      await box.run('systemctl', 'start', 'tram-mark-good')
      await until(
        async () => ((await property('tram-mark-good', 'ActiveState')) === 'failed' ? true : undefined),
        () => box.journal('tram-mark-good'),
      )
      await until(
        async () => (/inactive|failed/.test(await property('tram-fall-back', 'ActiveState')) ? true : undefined),
        () => box.journal('tram-fall-back'),
      )
      await box.run('systemctl', 'reset-failed', 'tram-mark-good', 'tram-fall-back')
      return (await box.run('rm', '/restarted')).code === 0
    }
    await writeFile(join(box.root, 'cmdline'), 'ro rauc.slot=B\n')
    expect(await fallsBack(markGood.join(' '), 'rauc.slot=B\n')).toBe(false) // on trial, but not what the kernel has booted
    expect(await fallsBack('/bin/false', `${word}\n`)).toBe(true)
    expect(await fallsBack('/bin/false', `${word}x\n`)).toBe(false)
    expect(await fallsBack('/bin/false', '')).toBe(false)
    await rm(trial)
  })

  it('is removed cleanly, and leaves the documents', async () => {
    await box.ask('dpkg', '-r', 'tram')
    expect(await states()).toEqual(['inactive', 'inactive'])
    expect((await box.run('pgrep', '-f', '/usr/lib/tram')).out).toBe('')
    await box.ask('dpkg', '-P', 'tram')
    expect((await box.run('ls', '/usr/lib/tram')).code).toBe(2)
    expect((await box.run('systemctl', 'cat', 'tram')).code).toBe(1)
    expect((await box.ask('ls', '/var/lib/tram/station')).split('\n')).toContain('store')
    expect((await box.ask('ls', '/var/lib/tram/tokens')).length).toBeGreaterThan(0)
  })

  async function doctor(): Promise<DoctorReport> {
    const { out, err } = await box.run('tram', 'doctor', '--json', '--config', '/etc/tram/tram.toml')
    expect(err).toBe('')
    return JSON.parse(out) as DoctorReport
  }
})

it.skipIf(isRoot)('the Debian package: NOT RUN (needs root)')
