// The unit files and what goes with them, without starting anything: systemd's own checks, how exposed each service is, and that
// units, accounts, paths and the layout of the package fit each other. What they do in their sandboxes: deb.test.ts.
import { execFile } from 'node:child_process'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseConfig } from '../../src/config.ts'
import { installMs } from '../../src/equipment/rauc/rauc.ts'
import { signerFlags } from '../../src/equipment/token/signer-flags.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'

const run = promisify(execFile)
const units = [
  ...['tram.service', 'tram-signer.service', 'tram-console@.service', 'tram-mark-good.service'],
  ...['tram-fall-back.service', 'tram-box@.service', 'tram-box.socket', 'tram-network.service'],
  ...[
    'tram-network-revert.service',
    'tram-network-revert.timer',
    'tram-first-boot.service',
    'tram-stick@.service',
    'tram-stick-mount@.service',
  ],
]
const read = (path: string): Promise<string> => readFile(join(projectRoot, path), 'utf8')

/** Every assignment of a unit, in order. */
async function settings(unit: string): Promise<[key: string, value: string][]> {
  const lines = (await read(`systemd/${unit}`)).split('\n')
  return lines.flatMap((line): [string, string][] => {
    const found = /^(\w+)=(.*)$/.exec(line)
    return found === null ? [] : [[found[1] ?? '', found[2] ?? '']]
  })
}

const values = async (unit: string, key: string): Promise<string[]> =>
  (await settings(unit)).filter(([name]) => name === key).map(([, value]) => value)

interface Placed {
  audience: string
  source: string
  destination: string
  isFile: boolean
}

const layout: Placed[] = (await read('systemd/layout'))
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => {
    const [audience = '', source = '', destination = '', mode = ''] = line.split(/\s+/)
    return { audience, source, destination, isFile: mode !== '-' }
  })

describe('systemd', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-units-'))
    // A root with the units and empty programs: verify looks whether what is started is there.
    for (const { source, destination, isFile } of layout) {
      const to = join(folder, destination)
      await mkdir(dirname(to), { recursive: true })
      if (!source.startsWith('build:')) await cp(join(projectRoot, source), to)
      else if (isFile) await writeFile(to, '#!/bin/sh\n')
      if (destination.includes('/bin/')) await chmod(to, 0o755)
    }
    // Debian's own that a unit of ours starts.
    await mkdir(join(folder, 'usr/bin'), { recursive: true })
    for (const name of ['grep', 'mount', 'rm', 'systemctl', 'umount'])
      await writeFile(join(folder, 'usr/bin', name), '#!/bin/sh\n', { mode: 0o755 })
    const system = '/usr/lib/systemd/system'
    for (const target of await readdir(system)) {
      if (/\.(target|slice|mount|socket)$/.test(target))
        await cp(join(system, target), join(folder, system, target), { dereference: true }).catch(() => undefined)
    }
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(units)('finds nothing wrong with %s', async (unit) => {
    const name = unit.replace('@', '@ttyS0')
    const { stdout, stderr } = await run('systemd-analyze', ['verify', '--man=no', '--root', folder, name])
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('tram'))
    expect(ours).toEqual([])
  })

  /** Ten times the score of systemd-analyze, from 0 (sealed) to 100 (open). */
  const most: Record<string, number> = {
    ...{ 'tram.service': 20, 'tram-signer.service': 8, 'tram-console@.service': 20 },
    ...{ 'tram-box@.service': 40, 'tram-network.service': 30, 'tram-network-revert.service': 20 },
    ...{ 'tram-first-boot.service': 40, 'tram-stick@.service': 50 },
  }

  it.each(Object.entries(most))('scores %s at %i tenths or less', async (unit, threshold) => {
    const file = join(projectRoot, 'systemd', unit)
    const args = ['security', '--offline=yes', `--threshold=${threshold}`, '--no-pager', file]
    await expect(run('systemd-analyze', args)).resolves.toBeDefined()
  })

  it('makes every account that a unit runs as', async () => {
    const made = [...(await read('systemd/sysusers.conf')).matchAll(/^u (\S+)/gm)].map(([, name]) => name)
    for (const unit of units) {
      for (const key of ['User', 'Group']) for (const name of await values(unit, key)) expect(made).toContain(name)
      // Of Debian's own groups, which every machine has.
      for (const name of await values(unit, 'SupplementaryGroups')) expect(name).toBe('dialout')
    }
    const { stdout, stderr } = await run('systemd-sysusers', ['--dry-run', '--root', folder])
    for (const name of made) expect(stdout + stderr).toContain(`'${name}'`)
  })
})

describe('the layout', () => {
  const destinations = layout.map(({ destination }) => destination)

  it('has a source for every line, and every file of systemd/ in it', async () => {
    for (const { source } of layout) if (!source.startsWith('build:')) await expect(read(source)).resolves.toBeDefined()
    const placed = layout.flatMap(({ source }) => (source.startsWith('systemd/') ? [source.slice(8)] : []))
    const files = (await readdir(join(projectRoot, 'systemd'), { withFileTypes: true })).filter((file) => file.isFile())
    const units = files.map(({ name }) => name).filter((name) => name !== 'layout')
    expect(placed.sort()).toEqual(units.sort())
  })

  it('has every file of ours that a unit names', async () => {
    let count = 0
    for (const unit of units) {
      for (const [, value] of await settings(unit)) {
        for (const [path] of value.matchAll(/(?<=^|\s|file:)\/(?:usr\/lib\/tram|usr\/share\/doc\/tram)\/[\w./-]+/g)) {
          expect(destinations, unit).toContain(path)
          count++
        }
      }
    }
    expect(count).toBeGreaterThanOrEqual(8)
  })

  it('has every unit of ours that a unit names', async () => {
    for (const unit of units)
      for (const key of ['After', 'Wants', 'Requires', 'Conflicts'])
        for (const named of (await values(unit, key)).flatMap((value) => value.split(' ')))
          if (named.startsWith('tram'))
            expect(
              destinations.map((path) => basename(path)),
              unit,
            ).toContain(named.replace('%i', ''))
  })

  it('marks as the administrator’s what lies in /etc', async () => {
    const conffiles = (await read('systemd/deb/conffiles')).trim().split('\n')
    const inEtc = layout.filter(({ audience, destination }) => audience === 'both' && destination.startsWith('/etc/'))
    expect(conffiles.sort()).toEqual(inEtc.map(({ destination }) => destination).sort())
  })
})

describe('the units', () => {
  it('and the example configuration agree about folders', async () => {
    const { station, token } = parseConfig(await read('systemd/tram.toml'), '/etc/tram/tram.toml')
    expect(await values('tram.service', 'StateDirectory')).toEqual([station.data_folder.slice('/var/lib/'.length)])
    const [signer] = (await values('tram-signer.service', 'StateDirectory')).flatMap((value) => value.split(' '))
    expect(`/var/lib/${signer}`).toBe(token.folder)
    const [credential] = await values('tram-signer.service', 'LoadCredentialEncrypted')
    expect(token.pin_file).toBe(`/run/credentials/tram-signer.service/${credential}`)
    expect(token.start_signer).toBe(false)
  })

  it('start again, for ever, and are watched', async () => {
    for (const unit of ['tram.service', 'tram-signer.service', 'tram-console@.service']) {
      expect(await values(unit, 'Restart'), unit).toEqual(['always'])
      expect(await values(unit, 'StartLimitIntervalSec'), unit).toEqual(['0'])
    }
    expect(await values('tram-network.service', 'StartLimitIntervalSec')).toEqual(['0'])
    expect(await values('tram.service', 'Type')).toEqual(['notify'])
    expect(await values('tram.service', 'NotifyAccess')).toEqual(['all'])
    expect(await values('tram.service', 'WatchdogSec')).toEqual(['60'])
  })

  it('let an update finish', async () => {
    const [byRequest = ''] = await values('tram-box@.service', 'RuntimeMaxSec')
    const [fromStick = ''] = await values('tram-stick@.service', 'TimeoutStartSec')
    for (const limit of [byRequest, fromStick]) {
      expect(limit).toMatch(/^\d+min$/)
      // Five minutes for what is asked of RAUC before and after.
      expect(Number.parseInt(limit, 10) * 60_000).toBeGreaterThanOrEqual(installMs + 300_000)
    }
  })

  it('give the signer no network', async () => {
    expect(await values('tram-signer.service', 'PrivateNetwork')).toEqual(['yes'])
    expect(await values('tram-signer.service', 'RestrictAddressFamilies')).toEqual(['AF_UNIX'])
  })

  it('start Node as everybody does', async () => {
    const stage = await read('scripts/stage.mjs')
    expect(stage).toContain("program('tram.mjs', words('scripts/node-flags'))")
    expect(stage).toContain("program('tram-signer.mjs', signerFlags)")
    expect(stage).toContain("words('scripts/node-env')")
    expect(signerFlags.length).toBeGreaterThan(0)
    for (const unit of units)
      for (const command of (await values(unit, 'ExecStart')).filter((line) => !line.startsWith('/usr/bin/')))
        expect(command).toMatch(/^\/usr\/lib\/tram\/bin\/(tram|tram-signer|tram-box|node \S+mark-good\.mjs)\b/)
  })
})
