// A box that is nothing but a station, under Debian 13's own systemd and networkd: what its root program does for users without rights.
// No board, no slots, no firmware: those are QEMU's part.
import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tramVersion } from '../../src/base/version.ts'
import { createAppliance } from '../fixtures/debian/appliance.ts'
import { plugFarEnd, stationSections } from '../fixtures/debian/appliance-config.ts'
import type { DebianBox } from '../fixtures/debian/debian-box.ts'
import { until } from '../fixtures/station/office.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const build = 20 * 60_000

const config = (addresses: string, name = 'Sở Nội vụ') => `
${stationSections('g31', name, 'pki/authority.pem')}[vxp]
listen = "0.0.0.0:8080"
[network]
ntp = ["10.67.0.123"]
dns = ["10.67.0.53"]
[[interface]]
name = "eth0"
addresses = [${addresses}]
gateway = "10.67.0.2"
`

describe.skipIf(!isRoot)('an appliance', () => {
  let box: DebianBox
  const far = `tram-appliance-${process.pid}`

  beforeAll(async () => {
    box = await createAppliance()
    await mkdir(join(box.root, 'etc/tram'), { recursive: true })
    await writeFile(join(box.root, 'etc/tram/tram.toml'), config('"10.67.0.1/24"'))
    await box.boot()
    await plugFarEnd(box, far, '10.67.0.2/24')
  }, build)
  afterAll(async () => {
    await box?.destroy()
    await run('ip', ['netns', 'delete', far]).catch(() => undefined)
  })

  const asTram = (...argv: string[]) => box.run('setpriv', '--reuid=tram', '--regid=tram', '--clear-groups', ...argv)
  const tram = (...argv: string[]) => asTram('/usr/lib/tram/bin/tram', ...argv, '--lang', 'en')
  const addresses = async () => {
    const { out } = await box.run('ip', '-json', 'address', 'show', 'dev', 'eth0')
    const [{ addr_info: infos = [] } = {}] = JSON.parse(out || '[]') as { addr_info?: { local: string }[] }[]
    return infos.map(({ local }) => local)
  }
  const hasAddresses = (...wanted: string[]) =>
    until(
      async () => (JSON.stringify(await addresses()) === JSON.stringify(wanted) ? true : undefined),
      async () => `${await addresses()}\n${await box.journal('tram-network')}${await box.journal('systemd-networkd')}`,
    )
  const put = (path: string, text: string) => writeFile(join(box.root, path), text, { mode: 0o644 })

  it('has the network of its one file from the boot on', async () => {
    await hasAddresses('10.67.0.1')
    expect(await box.ask('hostname')).toBe('g31')
    expect(await box.ask('ip', 'route', 'show', 'default')).toContain('via 10.67.0.2 dev eth0')
    expect(await box.ask('nft', 'list', 'chain', 'inet', 'tram', 'input')).toContain('tcp dport { 4101, 8080 } accept')
    // Whoever reads them does so as a user of its own. chrony itself does not run in a container: it may not set the clock.
    const asNobody = ['setpriv', '--reuid=nobody', '--clear-groups', 'cat'] as const
    expect(await box.ask(...asNobody, '/run/tram-network/resolv.conf')).toContain('nameserver 10.67.0.53')
    expect(await box.ask(...asNobody, '/run/chrony-dhcp/tram.sources')).toBe('server 10.67.0.123 iburst')
  })

  it('does for the station’s user what is on the list, and for nobody else', async () => {
    expect(await asTram('test', '-w', '/run/tram-box/box.sock')).toMatchObject({ code: 0 })
    const other = await box.run(
      'setpriv',
      '--reuid=tram-signer',
      '--regid=nogroup',
      '--clear-groups',
      '/usr/lib/tram/bin/tram',
      'net',
      'confirm',
      '--lang',
      'en',
    )
    expect(other).toMatchObject({ code: 1, err: expect.stringContaining('BOX_AGENT_UNREACHABLE') })
    expect(await tram('net', 'confirm')).toMatchObject({
      code: 1,
      err: expect.stringContaining('NETWORK_NOT_ON_TRIAL'),
    })
    // A process for each request, and none when nobody asks.
    await until(
      async () => ((await box.run('pgrep', '-f', 'tram-box.mjs')).out === '' ? true : undefined),
      () => box.journal('tram-box@*'),
    )
  })

  it('is asked by the service console out of its own sandbox', async () => {
    // A serial line: a pseudo-terminal that script(1) holds, typed into through a pipe.
    const holder = 'chmod 666 $(tty); tty >/run/line.tty; stty raw -echo; exec sleep 600'
    const line = `mkfifo /run/line.in; exec script -qfc '${holder}' /run/line.out <>/run/line.in`
    await box.ask('systemd-run', '--unit=line', 'sh', '-c', line)
    const path = await until(
      async () => (await box.run('cat', '/run/line.tty')).out.trim() || undefined,
      () => box.journal('line'),
    )
    const unit = `tram-console@${path.slice('/dev/'.length).replace('/', '-')}.service`
    await box.ask('systemctl', 'start', unit)
    const screen = async () => (await box.run('cat', '/run/line.out')).out
    const shows = (text: string) =>
      until(
        async () => ((await screen()).endsWith(text) ? true : undefined),
        async () => `${await screen()}${await box.journal(unit)}`,
      )
    const type = async (text: string, answer: string) => {
      await box.ask('sh', '-c', `printf '${text}\\r' >/run/line.in`)
      await shows(answer)
    }
    await shows('Press Enter to begin.\r\n')
    const menu = 'danh mục): '
    await type('', menu)
    expect(await screen()).toMatch(/11 {2}Đổi địa chỉ mạng/)
    await type('11', 'để thôi): ')
    expect(await screen()).toContain('1. eth0: 10.67.0.1/24, gateway 10.67.0.2')
    await type('10.67.0.21/24', 'giữ nguyên): ')
    await type('', 'để thôi: ')
    await type('1', 'tự quay về: ')
    await hasAddresses('10.67.0.21')
    await type('', menu)
    await hasAddresses('10.67.0.1')
    expect(await screen()).toContain('Đã quay về địa chỉ cũ.')
    await box.ask('systemctl', 'stop', unit, 'line')
  }, 120_000)

  it('tries another network, and keeps it when it is confirmed', async () => {
    await put('new.toml', config('"10.67.0.11/24"'))
    expect(await tram('net', 'apply', '--file', '/new.toml'), await box.journal('tram-box@*')).toMatchObject({
      code: 0,
    })
    await hasAddresses('10.67.0.11')
    expect(await box.ask('systemctl', 'is-active', 'tram-network-revert.timer')).toBe('active')
    expect(await box.ask('cat', '/etc/tram/tram.toml')).toContain('10.67.0.1/24')
    expect(await tram('net', 'confirm')).toMatchObject({ code: 0 })
    expect(await box.ask('cat', '/etc/tram/tram.toml')).toContain('10.67.0.11/24')
    expect(await box.ask('stat', '-c', '%U:%G %a', '/etc/tram/tram.toml')).toBe('root:tram 640')
    expect(await box.run('systemctl', 'is-active', 'tram-network-revert.timer')).toMatchObject({ out: 'inactive\n' })
    await hasAddresses('10.67.0.11')
  })

  it('takes it back by itself when nobody confirms it', async () => {
    // The timer as it is, but for the two minutes.
    const dropIn = '/run/systemd/system/tram-network-revert.timer.d'
    const soon = '[Timer]\\nOnActiveSec=\\nOnActiveSec=8\\n'
    await box.ask('sh', '-c', `mkdir -p ${dropIn} && printf '${soon}' >${dropIn}/soon.conf && systemctl daemon-reload`)
    await put('new.toml', config('"10.67.0.12/24"'))
    expect(await tram('net', 'apply', '--file', '/new.toml')).toMatchObject({ code: 0 })
    await hasAddresses('10.67.0.12')
    await hasAddresses('10.67.0.11')
    expect(await tram('net', 'confirm')).toMatchObject({
      code: 1,
      err: expect.stringContaining('NETWORK_NOT_ON_TRIAL'),
    })
  })

  it('refuses what is no configuration, and changes nothing', async () => {
    await put('new.toml', config('"10.67.0.300/24"'))
    const refused = await tram('net', 'apply', '--file', '/new.toml')
    expect(refused).toMatchObject({ code: 1, err: expect.stringContaining('interface[0].addresses[0]') })
    expect(await addresses()).toEqual(['10.67.0.11'])
    expect(await box.run('systemctl', 'is-active', 'tram-network-revert.timer')).toMatchObject({ out: 'inactive\n' })
  })

  it('is as closed as promised also by the measure of Debian 13', async () => {
    for (const [unit, threshold] of [
      ['tram-box@x', 40],
      ['tram-network', 30],
      ['tram-network-revert', 20],
    ] as const)
      await box.ask('systemd-analyze', 'security', '--no-pager', `--threshold=${threshold}`, `${unit}.service`)
  })

  it('installs, through its sandbox, an update out of the folder that only the station sees', async () => {
    // A recorder: slots and dm-verity are QEMU's part, the real RAUC is asked in test/unit/equipment/rauc.
    const status = {
      ...{ compatible: 'box', boot_primary: 'rootfs.1' },
      slots: [
        { 'rootfs.0': { bootname: 'A', device: '/dev/a', state: 'booted', boot_status: 'good' } },
        {
          'rootfs.1': {
            ...{ bootname: 'B', device: '/dev/b', state: 'inactive', boot_status: 'good' },
            slot_status: { bundle: { version: '99.0.0' } },
          },
        },
      ],
    }
    const info = { compatible: 'box', version: '99.0.0', images: [] }
    const answers = `info) cat "$3" >/dev/null && echo '${JSON.stringify(info)}' ;; status) echo '${JSON.stringify(status)}' ;;`
    const script = `#!/bin/sh\ncase "$1" in ${answers} install) echo ' 40% Copying' ;; esac\n`
    await writeFile(join(box.root, 'usr/bin/rauc'), script, { mode: 0o755 })
    const records = join(box.root, 'var/lib/tram/update')
    await writeFile(join(records, 'good.json'), JSON.stringify({ A: tramVersion }))
    await box.ask('install', '-d', '-o', 'tram', '-g', 'tram', '-m', '700', '/var/lib/tram/station')
    await box.ask('install', '-o', 'tram', '-g', 'tram', '-m', '600', '/dev/null', '/var/lib/tram/station/x.raucb')
    const installed = await tram('update', 'install', '/var/lib/tram/station/x.raucb', '--restart', 'no')
    expect(installed).toMatchObject({ code: 0, out: expect.stringContaining('99.0.0 → B'), err: '40% Copying\n' })
    // The station's user reads them.
    expect(JSON.parse((await asTram('cat', '/var/lib/tram/update/last.json')).out)).toMatchObject({
      slot: 'B',
      failure: '',
    })
    expect((await asTram('cat', '/var/lib/tram/update/trial')).out).toBe('rauc.slot=B\n')
    expect((await tram('update', 'status')).out).toContain('B  99.0.0  next to boot, not proven yet')
  })
})

it.skipIf(isRoot)('an appliance: NOT RUN (needs root)')
