// Sticks plugged into a box under Debian 13's own systemd: the unit as udev starts it, the network tried before it is kept, what fails
// taken back, a factory reset. The stick is a loop device; the restart is a recorder.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAppliance } from '../fixtures/debian/appliance.ts'
import { firstBootSections, makeRoot, plugFarEnd, stationSections } from '../fixtures/debian/appliance-config.ts'
import type { DebianBox } from '../fixtures/debian/debian-box.ts'
import { until } from '../fixtures/station/office.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const build = 20 * 60_000
const pin = 'Pin864209753Xray'
const passphrase = 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX'

const config = (gateway: string, name = 'Sở Nội vụ') => `
${stationSections('g33', name)}
[[interface]]
name = "eth0"
addresses = ["10.68.0.1/24"]
gateway = "${gateway}"
${firstBootSections('g33', pin)}`

describe.skipIf(!isRoot)('a box with a stick', () => {
  const far = `tram-stick-${process.pid}`
  let folder: string
  let box: DebianBox
  let stick: string
  let device: string
  let fingerprint = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-stick-'))
    stick = join(folder, 'mounted')
    await mkdir(stick)
    const image = join(folder, 'stick.img')
    await run('truncate', ['-s', '200M', image])
    const hasFat = (await readFile('/proc/filesystems', 'utf8')).includes('\tvfat')
    await (hasFat
      ? run('mkfs.vfat', ['-n', 'TRAM', image])
      : run('mkfs.ext4', ['-q', '-L', 'TRAM', '-O', '^has_journal', image]))
    device = (await run('losetup', ['--find', '--show', image])).stdout.trim()
    await makeRoot(folder)
    box = await createAppliance()
    if (!hasFat) {
      const unit = join(box.root, 'usr/lib/systemd/system/tram-stick-mount@.service')
      const text = await readFile(unit, 'utf8')
      await writeFile(unit, text.replace('-t vfat,exfat ', '').replace('umask=0077,', ''))
    }
    await box.boot()
    await box.ask('mknod', device, 'b', '7', /\d+$/.exec(device)?.[0] ?? '')
    await plugFarEnd(box, far, '10.68.0.2/24')
  }, build)
  afterAll(async () => {
    await box?.destroy()
    await run('umount', [stick]).catch(() => undefined)
    await run('losetup', ['--detach', device]).catch(() => undefined)
    await run('ip', ['netns', 'delete', far]).catch(() => undefined)
    await rm(folder, { recursive: true, force: true })
  })

  /** What an office's PC writes to the stick; undefined removes. */
  async function put(files: Record<string, string | undefined>): Promise<void> {
    await run('mount', [device, stick])
    try {
      await mkdir(join(stick, 'pki'), { recursive: true })
      for (const [name, text] of Object.entries(files))
        if (text === undefined) await rm(join(stick, name), { force: true })
        else await writeFile(join(stick, name), text)
    } finally {
      await run('umount', [stick])
    }
  }

  /** Plugs the stick in, as udev does; what its result says. */
  async function plug(): Promise<string> {
    await box.run('systemctl', 'start', `tram-stick@${basename(device)}.service`)
    // Nothing needs it any more, so systemd unmounts it.
    await until(
      async () => ((await onBox('/proc/mounts')).out.includes(' /run/tram-stick/') ? undefined : true),
      journal,
    )
    await run('mount', ['-o', 'ro', device, stick])
    try {
      return await readFile(join(stick, 'tram-result.txt'), 'utf8').catch(() => '')
    } finally {
      await run('umount', [stick])
    }
  }
  async function onStick(): Promise<string[]> {
    await run('mount', ['-o', 'ro', device, stick])
    try {
      return await readdir(stick)
    } finally {
      await run('umount', [stick])
    }
  }
  const onBox = (path: string) => box.run('cat', path)
  const journal = async () =>
    (await box.journal(`tram-stick@${basename(device)}`)) + (await box.journal('tram-network'))

  it('is noticed by udev’s rules', async () => {
    await box.ask('udevadm', 'verify', '/usr/lib/udev/rules.d/71-tram-image.rules')
    const text = (await onBox('/usr/lib/udev/rules.d/71-tram-image.rules')).out
    expect(text).toContain('ENV{ID_FS_LABEL}=="TRAM"')
  })

  it('says nothing on a stick that asks for nothing', async () => {
    expect(await plug()).toBe('')
  })

  it('is configured by it, and says so', async () => {
    const root = await readFile(join(folder, 'root.pem'), 'utf8')
    await put({ 'tram.toml': config('10.68.0.2'), 'pki/root.pem': root })
    const told = await plug()
    expect(told, await journal()).toContain('THE CONFIGURATION WAS TAKEN')
    fingerprint = /Fingerprint: ([A-Z2-7-]{39})\r\n/.exec(told)?.[1] ?? ''
    expect(fingerprint).not.toBe('')
    expect(await box.ask('systemctl', 'is-active', 'tram', 'tram-signer')).toBe('active\nactive')
    expect(await plug()).toContain('THIS CONFIGURATION WAS TAKEN BEFORE')
  }, 120_000)

  it('tries another network, and takes all back when no gateway answers', async () => {
    const before = (await onBox('/etc/tram/tram.toml')).out
    await put({ 'tram.toml': config('10.68.0.9') })
    const told = await plug()
    expect(told, await journal()).toContain('NETWORK_GATEWAY_SILENT')
    expect(told).toContain('REFUSED: the box is as it was')
    expect((await onBox('/etc/tram/tram.toml')).out).toBe(before)
    expect(await box.ask('ip', 'route', 'show', 'default')).toContain('via 10.68.0.2')
    expect((await box.run('cat', '/run/tram-network/trial.toml')).code).not.toBe(0)
  }, 180_000)

  it('keeps another network whose gateway answers', async () => {
    await run('ip', ['-n', far, 'address', 'add', '10.68.0.7/24', 'dev', 'far0'])
    await put({ 'tram.toml': config('10.68.0.7', 'Sở Tài chính') })
    expect(await plug(), await journal()).toContain('THE CONFIGURATION WAS TAKEN')
    expect((await onBox('/etc/tram/tram.toml')).out).toContain('Sở Tài chính')
    expect(await box.ask('ip', 'route', 'show', 'default')).toContain('via 10.68.0.7')
    expect((await box.run('systemctl', 'is-active', 'tram-network-revert.timer')).out).toBe('inactive\n')
  }, 120_000)

  it('puts every file back when the station does not start with them', async () => {
    const before = (await onBox('/etc/tram/tram.toml')).out
    const root = (await onBox('/etc/tram/pki/root.pem')).out
    await box.ask('sh', '-c', 'mkdir -p /run/systemd/system/tram.service.d')
    // Of this very configuration only.
    const check = '[Service]\nExecStartPre=+/bin/sh -c "! grep -q Nghệ /etc/tram/tram.toml"\n'
    await box.ask(
      'sh',
      '-c',
      `printf '%s' '${check}' >/run/systemd/system/tram.service.d/test.conf; systemctl daemon-reload`,
    )
    await put({ 'tram.toml': config('10.68.0.7', 'Nghệ An'), 'pki/root.pem': `${root}\n# another\n` })
    const told = await plug()
    expect(told, await journal()).toContain('REFUSED: the box is as it was')
    expect([(await onBox('/etc/tram/tram.toml')).out, (await onBox('/etc/tram/pki/root.pem')).out]).toEqual([
      before,
      root,
    ])
    expect(await box.ask('systemctl', 'is-active', 'tram', 'tram-signer')).toBe('active\nactive')
    expect(await box.ask('sh', '-c', 'ls -A /etc/tram /etc/tram/pki')).not.toContain('.before')
    await box.ask('sh', '-c', 'rm /run/systemd/system/tram.service.d/test.conf; systemctl daemon-reload')
  }, 180_000)

  it('writes a support bundle and a backup that nobody opens with what is on the stick', async () => {
    await put({
      'support.txt': '',
      'backup.txt': `${passphrase.replaceAll('-', '').toLowerCase()}\r\nwith-softhsm\r\n`,
    })
    const told = await plug()
    expect(told, await journal()).toContain('A BACKUP WAS WRITTEN')
    expect(told).toMatch(/^tram-g33-\d{8}T\d{6}Z\.zip: /m)
    expect(told).toMatch(/^tram-g33-\d{8}T\d{6}Z\.age\.001: /m)
    const names = await onStick()
    expect(names).toEqual(expect.arrayContaining([expect.stringMatching(/^tram-g33-.*\.age\.001$/)]))
    expect(names).not.toContain('backup.txt')
    await put({ 'support.txt': undefined, 'restore.txt': `${passphrase}\n` })
    expect(await plug()).toContain('RESTORE_REFUSED')
    await put({ 'restore.txt': undefined })
  }, 180_000)

  it('is not reset for another fingerprint, and does nothing else then', async () => {
    await put({ 'factory-reset.txt': 'AAAA-AAAA\r\n' })
    const told = await plug()
    expect(told).toContain('RESET_NOT_MEANT')
    expect(told).not.toContain('CONFIGURATION')
    expect((await onBox('/etc/tram/tram.toml')).code).toBe(0)
  }, 60_000)

  it('is as new when the stick names it', async () => {
    // systemctl reboot would end the container; what else it does is looked at here.
    await box.ask('systemctl', 'mask', '--runtime', 'reboot.target')
    await put({ 'factory-reset.txt': `${fingerprint.slice(0, 9)}\r\n`, 'tram.toml': undefined })
    const told = await plug()
    expect(told, await journal()).toContain('THE BOX WAS RESET')
    expect(told).toContain(fingerprint)
    expect(await box.ask('ls', '-A', '/etc/tram', '/etc/credstore.encrypted', '/var/lib/tram')).not.toMatch(
      /tram\.toml$|pki|tram\.pin|tokens|signer/m,
    )
    expect(await box.ask('sh', '-c', 'ls -A /var/lib/tram/station; ls /etc/tram')).toBe(
      'softhsm2.conf\ntram.toml.example',
    )
    // The one that stays plugged in does not do it twice.
    await put({ 'tram-result.txt': undefined })
    expect(await plug()).toBe('')
  }, 60_000)

  it('is the station of the backup again, with its next generation, once the passphrase is right', async () => {
    await put({ 'restore.txt': `${passphrase}X\n` })
    expect(await plug(), await journal()).toContain('BACKUP_KEY_WRONG')
    expect((await onBox('/etc/tram/tram.toml')).code).not.toBe(0)
    await put({ 'restore.txt': `${passphrase.replaceAll('-', ' ')}\npin = ${pin}\nwith-softhsm\n` })
    const told = await plug()
    expect(told, await journal()).toContain('THE STATION WAS RESTORED')
    expect(told).toContain('generation 2')
    expect(told).toContain(fingerprint)
    expect(await onStick()).not.toContain('restore.txt')
    expect(await box.ask('systemctl', 'is-active', 'tram', 'tram-signer')).toBe('active\nactive')
    expect((await onBox('/etc/tram/tram.toml')).out).toMatch(/^generation = 2$/m)
    // The token's key came along, and the PIN opens it.
    const health = await box.run('/usr/lib/tram/bin/tram', 'health', '--lang', 'en')
    expect(health.out).toContain('TOKEN_KEY_MISSING')
    expect(health.out).not.toMatch(/TOKEN_ABSENT|TOKEN_PIN|GENERATION_/)
  }, 180_000)

  it('is as closed as promised also by the measure of Debian 13', async () => {
    await box.ask('systemd-analyze', 'security', '--no-pager', '--threshold=50', 'tram-stick@sda1.service')
  })
})

it.skipIf(isRoot)('a stick: NOT RUN (needs root)')
