// What scripts/image builds from, without building: that lists, partitions, mounts, accounts, boards, boot script and RAUC's
// configuration fit each other. The boot script at work: boot-script.test.ts; the whole image in an emulator: scripts/test-image.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { parse } from 'smol-toml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { partitions } from '../fixtures/box/partitions.ts'
import { copyBytes, copyOffsets } from '../fixtures/box/u-boot-card.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const read = (path: string): Promise<string> => readFile(join(projectRoot, path), 'utf8')
/** Lines without comments. */
const linesOf = async (path: string): Promise<string[]> =>
  (await read(path))
    .split('\n')
    .map((line) => line.replace(/\s*#.*/, ''))
    .filter((line) => line !== '')

const boards = (await readdir(join(projectRoot, 'hw'), { withFileTypes: true }))
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)

describe('what the image is made from', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-image-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('names each package once and says why, and none that opens a box', async () => {
    const lines = (await read('image/packages')).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    for (const line of lines) expect(line).toMatch(/^[a-z0-9.+-]+ +# \S/)
    const names = await linesOf('image/packages')
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).not.toMatch(/ssh|telnet|wpa|bluez|brltty|modemmanager|network-manager|^apt$/)
    expect(await read('image/dpkg-excludes')).toContain('kernel/drivers/net/wireless/*')
  })

  it('mounts partitions that are there, on places that nobody else has, from folders that are made', async () => {
    const names = (await partitions()).map(({ name }) => name)
    const mounts = (await linesOf('image/root/etc/fstab')).map((line) => line.split(/\s+/))
    const places = mounts.map(([, place]) => place)
    expect(new Set(places).size).toBe(places.length)
    const made = await read('image/root/usr/share/tram/prepare-data')
    for (const [source = '', , , options = ''] of mounts) {
      if (source.startsWith('PARTLABEL=')) expect(names).toContain(source.slice(10))
      else if (source !== 'tmpfs')
        expect(made).toMatch(new RegExp(`^\\d{4} \\d+:\\d+ ${source.replace('/data/', '')}$`, 'm'))
      // Binds have the options of /data.
      if (options !== 'bind') expect(options).toMatch(/nodev,nosuid,noexec/)
    }
    expect(places).toEqual(
      expect.arrayContaining(['/var/lib/tram', '/etc/tram', '/etc/credstore.encrypted', '/var/log/journal']),
    )
  })

  it.skipIf(!isRoot)('prepares the data partition once, with a machine-id that stays', async () => {
    const data = await mkdtemp(join(folder, 'data-'))
    const prepare = (uuid: string) =>
      run('sh', [
        '-c',
        'printf %s "$2" | sh "$0" "$1"',
        join(projectRoot, 'image/root/usr/share/tram/prepare-data'),
        data,
        uuid,
      ])
    const first = '01234567-89ab-cdef-0123-456789abcdef\n'
    const id = `${first.trim().replaceAll('-', '')}\n`
    expect((await prepare(first)).stdout).toBe(id)
    const config = await stat(join(data, 'config'))
    expect([config.mode & 0o7777, config.uid, config.gid]).toEqual([0o770, 0, 880])
    expect((await stat(join(data, 'credentials'))).mode & 0o7777).toBe(0o700)
    await writeFile(join(data, 'config/tram.toml'), 'kept')
    expect((await prepare('ffffffff-ffff-ffff-ffff-ffffffffffff\n')).stdout).toBe(id)
    expect(await readFile(join(data, 'config/tram.toml'), 'utf8')).toBe('kept')
    // Half of it, after a cut: another one.
    await writeFile(join(data, 'machine-id'), id.slice(0, 12))
    expect((await prepare('ffffffff-ffff-ffff-ffff-ffffffffffff\n')).stdout).toBe(`${'f'.repeat(32)}\n`)
  })

  it('gives accounts whose files stay a number that stays', async () => {
    const root = await mkdtemp(join(folder, 'root-'))
    await mkdir(join(root, 'etc'))
    await run(join(projectRoot, 'image/add-accounts'), [root])
    const passwd = await readFile(join(root, 'etc/passwd'), 'utf8')
    const ids = passwd
      .trim()
      .split('\n')
      .map((line) => line.split(':')[2])
    expect(new Set(ids).size).toBe(ids.length)
    const group = await readFile(join(root, 'etc/group'), 'utf8')
    expect(group).toContain('systemd-journal:x:999:\n')
    for (const line of await linesOf('systemd/sysusers.conf')) {
      const [, name, , , home] = /^u (\S+)\s+(-|\S+)\s+"([^"]+)"\s+(\S+)$/.exec(line) ?? []
      expect(passwd).toMatch(new RegExp(`^${name}:x:\\d+:\\d+:[^:]+:${home}:/usr/sbin/nologin$`, 'm'))
      expect(group).toMatch(new RegExp(`^${name}:x:\\d+:$`, 'm'))
    }
    expect((await readFile(join(root, 'etc/shadow'), 'utf8')).split('\n').slice(0, -1)).toEqual(
      passwd
        .trim()
        .split('\n')
        .map((line) => `${line.split(':')[0]}:!*:1::::::`),
    )
  })

  it('has partitions that do not overlap, for RAUC, U-Boot and fw_setenv alike', async () => {
    const all = await partitions()
    let end = 2048
    for (const { start, size } of all) {
      expect(start).toBe(end)
      expect(start % 2048).toBe(0)
      end = start + size
    }
    expect(all.map(({ name }) => name)).toEqual(['boot', 'ab-env', 'rootfs-a', 'rootfs-b', 'data'])
    const slots = [
      ...(await read('image/root/etc/rauc/system.conf')).matchAll(/by-partlabel\/(\S+)\ntype=ext4\nbootname=(\w)/g),
    ]
    expect(slots.map(([, label, name]) => [label, name])).toEqual([
      ['rootfs-a', 'A'],
      ['rootfs-b', 'B'],
    ])
    const [a, b] = all.filter(({ name }) => name.startsWith('rootfs-'))
    expect(a?.size).toBe(b?.size)
    const script = await read('image/boot/boot.cmd')
    for (const [, label, name] of slots)
      expect(script).toMatch(new RegExp(`setenv slot ${name}\\n\\s+setenv ab_root ${label}\\n`))
    const copies = (await linesOf('image/root/etc/fw_env.config')).map((line) => line.split(' '))
    expect(copies.map(([device, offset]) => [device, Number(offset)])).toEqual(
      copyOffsets.map((offset) => ['/dev/disk/by-partlabel/ab-env', offset]),
    )
    expect(copies.map(([, , size]) => Number(size))).toEqual([copyBytes, copyBytes])
    expect(script).toContain(`setenv ab_size ${copyBytes.toString(16)}\n`)
    expect(script).toContain(`setexpr ab_block_2 \${ab_block_1} + ${(copyOffsets[1] / 512).toString(16)}\n`)
    const type = /^Type=(\S+)$/m.exec(await read('image/root/usr/lib/repart.d/50-data.conf'))?.[1]
    expect(all.filter((one) => one.type.toLowerCase() === type).map(({ name }) => name)).toEqual(['data'])
  })

  it('lets nothing run that it does not name', async () => {
    const lines = await linesOf('image/root/usr/lib/systemd/system-preset/60-tram-image.preset')
    expect(lines.at(-1)).toBe('disable *')
    expect(lines).toContain('enable systemd-networkd.service')
  })

  it('holds no private key', async () => {
    for (const top of ['image', 'hw'])
      for (const entry of await readdir(join(projectRoot, top), { recursive: true, withFileTypes: true }))
        if (entry.isFile())
          expect(await readFile(join(entry.parentPath, entry.name), 'latin1')).not.toMatch(/PRIVATE KEY/)
  })

  it('writes a bill of materials of what is installed, and of nothing else', async () => {
    const root = await mkdtemp(join(folder, 'sbom-'))
    await mkdir(join(root, 'var/lib/dpkg'), { recursive: true })
    const paragraph = (name: string, status: string) =>
      `Package: ${name}\nStatus: ${status}\nArchitecture: arm64\nSource: src-${name} (1:2)\nVersion: 1:2.0+deb13\n`
    const status = [paragraph('rauc', 'install ok installed'), paragraph('gone', 'deinstall ok config-files')].join(
      '\n',
    )
    await writeFile(join(root, 'var/lib/dpkg/status'), status)
    await writeFile(join(root, 'versions'), 'qemu-user 1\nu-boot-rpi 2025.01\n')
    const { stdout } = await run(
      process.execPath,
      ['image/sbom.mjs', root, join(root, 'versions'), '0.1.0', '1700000000'],
      { cwd: projectRoot, maxBuffer: 16 * 1024 * 1024 },
    )
    const bom = JSON.parse(stdout)
    expect([bom.bomFormat, bom.specVersion, bom.metadata.timestamp]).toEqual([
      'CycloneDX',
      '1.6',
      '2023-11-14T22:13:20.000Z',
    ])
    expect(bom.serialNumber).toMatch(
      /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
    )
    const purls: string[] = bom.components.map(({ purl }: { purl: string }) => purl)
    expect(new Set(purls).size).toBe(purls.length)
    expect(purls).toContain('pkg:deb/debian/rauc@1%3A2.0%2Bdeb13?arch=arm64&distro=debian-13')
    expect(purls).toContain(`pkg:generic/node@${process.versions.node}`)
    expect(purls.some((purl) => /^pkg:npm\/%40serialport\/bindings-cpp@\d/.test(purl))).toBe(true)
    expect(purls.filter((purl) => /gone|qemu|pkg:npm\/vitest/.test(purl))).toEqual([])
    for (const { type, name, version, hashes = [] } of bom.components) {
      expect(['library', 'firmware', 'platform']).toContain(type)
      expect([typeof name, typeof version]).toEqual(['string', 'string'])
      for (const { alg, content } of hashes) expect(`${alg} ${content}`).toMatch(/^SHA-512 [0-9a-f]{128}$/)
    }
  })

  it('prints a racking sheet with every state of the lights', async () => {
    const { stdout } = await run(process.execPath, ['image/racking-sheet.mjs', '1.2.3', 'abc'], { cwd: projectRoot })
    const { states } = JSON.parse(await read('hw/leds.json'))
    for (const { vi, en } of states) for (const text of [vi, en]) expect(stdout).toContain(text)
    expect(stdout).not.toMatch(/@[A-Z]+@/)
    expect(stdout).toContain('115200 8N1')
  })
})

describe.each(boards)('board %s', (board) => {
  const file = (name: string) => read(join('hw', board, name)).catch(() => undefined)

  it('says what it is, and whether anybody has seen it run', async () => {
    const facts = parse((await file('meta')) ?? '')
    expect(Object.keys(facts).sort()).toEqual([
      'clock',
      'compatible',
      'console',
      'device_tree',
      'kernel',
      'name',
      'state',
      'watchdog',
      'watchdog_max_seconds',
    ])
    expect(['run in QEMU', 'never run on hardware']).toContain(facts.state)
    expect(facts.console).toMatch(/^tty(S|AMA)\d+$/)
    const asked = Number(
      /^RuntimeWatchdogSec=(\d+)s$/m.exec(await read('image/root/usr/lib/systemd/system.conf.d/50-tram.conf'))?.[1],
    )
    expect(asked).toBeLessThanOrEqual(Number(facts.watchdog_max_seconds))
    expect(await file('pinout.md')).toContain(facts.state === 'run in QEMU' ? 'QEMU' : 'Never run')
  })

  it('has a piece of config.txt that ends where it began, and overlays that are there', async () => {
    const config = await file('config.txt')
    if (config === undefined) return expect(board).toBe('qemu-virt')
    const lines = config.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    expect(lines[0]).toMatch(/^\[(pi4|cm4|pi5)\]$/)
    expect(lines.at(-1)).toBe('[all]')
    const facts = parse((await file('meta')) ?? '')
    expect(lines).toContain(`device_tree=${facts.device_tree}`)
    for (const line of lines.slice(1, -1)) {
      const [key, value = ''] = line.split('=')
      expect(['device_tree', 'dtoverlay']).toContain(key)
      if (key === 'dtoverlay') expect(overlays).toContain(value)
    }
  })
})

/** As scripts/image names them. */
const overlays = (
  await Promise.all(
    boards.map(async (board) =>
      (
        await readdir(join(projectRoot, 'hw', board))
      )
        .filter((name) => name.endsWith('.dtso'))
        .map((name) => `${board}-${name.slice(0, -5)}`),
    ),
  )
).flat()

describe('device tree overlays', () => {
  it('compile, and show "booting" of hw/leds.json', async () => {
    expect(overlays).toEqual(['raspberry-pi-4-lights'])
    const source = join(projectRoot, 'hw/raspberry-pi-4/lights.dtso')
    const { stdout } = await run('dtc', ['-q', '-@', '-I', 'dts', '-O', 'dts', source])
    const { leds, patterns, states } = JSON.parse(await read('hw/leds.json'))
    const booting = states.find(({ id }: { id: string }) => id === 'booting')
    const { onMs, offMs } = patterns[booting.green]
    const cells = [255, onMs, 255, 0, 0, offMs, 0, 0].map((cell) => `0x${cell.toString(16).padStart(2, '0')}`).join(' ')
    expect(stdout).toContain(`led-pattern = <${cells}>;`)
    expect(patterns[booting.red].onMs).toBe(0)
    for (const { name } of Object.values(leds) as { name: string }[]) expect(stdout).toContain(`label = "${name}"`)
  })
})
