// From power-on to a station that seals, without a keyboard: a FAT partition with a tram.toml under Debian 13's own systemd, SoftHSM, and
// an authority that certifies the key. Whatever is wrong on it leaves the box as it was, and says so where a person looks.
import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createAppliance } from '../fixtures/debian/appliance.ts'
import { firstBootSections, makeRoot, stationSections } from '../fixtures/debian/appliance-config.ts'
import type { DebianBox } from '../fixtures/debian/debian-box.ts'

const run = promisify(execFile)
const isRoot = process.getuid?.() === 0
const build = 20 * 60_000
const pin = 'Pin975318642Zulu'

const config = `
${stationSections('g32', 'Sở Nội vụ')}${firstBootSections('g32', pin)}
[[backend]]
systemid = "qlvb"
secret_file = "qlvb.secret"
agencies = ["G32.01"]
`

describe.skipIf(!isRoot)('a box that gets its configuration on the FAT partition', () => {
  let folder: string
  let box: DebianBox
  let fat: string
  let image: string
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder })
  const onFat = (name: string) => readFile(join(fat, name), 'utf8')
  const result = () => onFat('tram-result.txt')

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-first-boot-'))
    await makeRoot(folder)
    box = await createAppliance()
    fat = join(box.root, 'boot/firmware')
    image = join(folder, 'boot.img')
    await mkdir(fat, { recursive: true })
    await run('truncate', ['-s', '40M', image])
    // FAT, where this machine's kernel has it; else what is like it in that it writes over the same sectors.
    const hasFat = (await readFile('/proc/filesystems', 'utf8')).includes('\tvfat')
    await (hasFat ? run('mkfs.vfat', [image]) : run('mkfs.ext4', ['-q', '-O', '^has_journal', image]))
    const options = 'loop,sync,nodev,nosuid,noexec'
    await run('mount', ['-o', hasFat ? `${options},umask=0077` : options, image, fat])
    await mkdir(join(fat, 'pki'))
    await writeFile(join(fat, 'pki/root.pem'), await readFile(join(folder, 'root.pem')))
    await writeFile(join(fat, 'qlvb.secret'), 'Secret1122334455Yankee\n')
    // As Windows' editor saves it.
    await writeFile(join(fat, 'tram.toml'), `\uFEFF${config}`.replaceAll('\n', '\r\n'))
    await box.boot()
  }, build)
  afterAll(async () => {
    await run('umount', [fat]).catch(() => undefined)
    await box?.destroy()
    await rm(folder, { recursive: true, force: true })
  })

  const again = async () => {
    await box.run('systemctl', 'restart', 'tram-first-boot.service')
    return await result()
  }

  it('is configured when it has started, and says on the medium who it is and what comes next', async () => {
    const told = await result()
    expect(told, await box.journal('tram-first-boot')).toContain('THE CONFIGURATION WAS TAKEN')
    expect(told.startsWith('\uFEFFTrạm\r\n')).toBe(true)
    expect(told).toMatch(/Vân tay: ([A-Z2-7]{4}-){7}[A-Z2-7]{4}\r\n/)
    expect(told).toContain('g32.csr.pem')
    expect(await box.ask('systemctl', 'is-active', 'tram', 'tram-signer')).toBe('active\nactive')
    expect(
      await box.ask('stat', '-c', '%U:%G %a', '/etc/tram/tram.toml', '/etc/tram/qlvb.secret', '/etc/tram/pki/root.pem'),
    ).toBe('root:tram 640\ntram:tram 600\nroot:tram 640')
  })

  it('has left no secret on the medium, nor in the file on the box', async () => {
    expect(await onFat('tram.toml')).toContain('make_token')
    expect(await box.ask('cat', '/etc/tram/tram.toml')).not.toContain(pin)
    await run('sync', ['-f', fat])
    const bytes = await readFile(image)
    // Every sector of the partition, also those that no file has.
    expect(bytes.includes('make_token')).toBe(true)
    expect(bytes.includes(pin)).toBe(false)
    expect(bytes.includes('Secret1122334455Yankee')).toBe(false)
    await expect(onFat('qlvb.secret')).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('does not take the same again', async () => {
    const before = await stat(join(fat, 'tram-result.txt'))
    await again()
    expect((await stat(join(fat, 'tram-result.txt'))).mtimeMs).toBe(before.mtimeMs)
  })

  it('refuses what is wrong, says where, and stays as it was', async () => {
    const before = await box.ask('cat', '/etc/tram/tram.toml')
    const good = await onFat('tram.toml')
    await writeFile(join(fat, 'tram.toml'), good.replace('[station]', '[station]\nnonsense = 1'))
    const told = await again()
    expect(told).toContain('KHÔNG NHẬN: máy vẫn như cũ')
    expect(told).toContain('station.nonsense')
    await writeFile(join(fat, 'tram.toml'), good.replace('pki/root.pem', 'pki/other.pem'))
    expect(await again()).toContain('neither on the medium nor on the box')
    await writeFile(join(fat, 'pki/other.pem'), 'no certificate')
    expect(await again()).toContain('no certificate in it')
    await writeFile(join(fat, 'tram.toml'), Buffer.alloc(2 * 1024 * 1024, 'x'))
    expect(await again()).toContain('FILE_UNUSABLE')
    expect(await box.ask('cat', '/etc/tram/tram.toml')).toBe(before)
    await writeFile(join(fat, 'tram.toml'), good)
  })

  it('refuses a certificate of another key', async () => {
    await openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'x.key',
      '-out',
      'x.pem',
      '-subj',
      '/CN=g32',
    )
    await writeFile(join(fat, 'g32.crt.pem'), await readFile(join(folder, 'x.pem')))
    expect(await again()).toContain('it is of another key than the token has')
  })

  it('seals once the certificate is there, and writes its descriptor for the authority', async () => {
    await writeFile(join(folder, 'request.pem'), await onFat('g32.csr.pem'))
    await writeFile(
      join(folder, 'leaf.cnf'),
      'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,nonRepudiation\n',
    )
    await openssl(
      'x509',
      '-req',
      '-in',
      'request.pem',
      '-CA',
      'root.pem',
      '-CAkey',
      'root.key',
      '-CAcreateserial',
      '-days',
      '30',
      '-extfile',
      'leaf.cnf',
      '-out',
      'leaf.pem',
    )
    await writeFile(join(fat, 'g32.crt.pem'), await readFile(join(folder, 'leaf.pem')))
    const told = await again()
    expect(told, await box.journal('tram-first-boot')).toContain('Send the file g32.tramdesc')
    expect((await stat(join(fat, 'g32.tramdesc'))).size).toBeGreaterThan(500)
    const { out } = await box.run('/usr/lib/tram/bin/tram', 'selftest', '--config', '/etc/tram/tram.toml', '--json')
    const { checks } = JSON.parse(out) as { checks: { check: string; state: string }[] }
    expect(
      checks.find(({ check }) => check === 'seal'),
      out,
    ).toMatchObject({ state: 'pass' })
  })

  it('is as closed as promised also by the measure of Debian 13', async () => {
    await box.ask('systemd-analyze', 'security', '--no-pager', '--threshold=40', 'tram-first-boot.service')
  })
})

it.skipIf(isRoot)('a first boot: NOT RUN (needs root)')
