// What is put on the boxes: the card image as it was built, and update bundles made of its own slot, each with one thing changed.
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { copyFile, mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { tramVersion } from '../../src/base/version.ts'
import { projectRoot } from '../fixtures/station/station-process.ts'

const run = promisify(execFile)
const built = join(projectRoot, 'build/image')
const tools = { env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` }, maxBuffer: 16 * 1024 * 1024 }

export interface Products {
  /** Raw image of a whole card. */
  card: string
  /** Debian alone, as it is in the image: a tar. */
  debian: string
  /** Of `card`. */
  version: string
  /** Bundles by what is to be thought of them. */
  bundles: Bundles
}

export interface Bundles {
  /** The next version, sound. */
  next: string
  nextVersion: string
  /** The one after that; its station ends as soon as it starts. */
  broken: string
  brokenVersion: string
  /** Older than `card`. */
  older: string
  /** `next` with one bit of its payload changed. */
  tampered: string
  /** `next`, signed by a stranger. */
  wrongKey: string
}

/** Makes (or finds) what the steps need, below `folder`. scripts/image --unpacked has run. */
export async function makeProducts(folder: string): Promise<Products> {
  const card = (await readdir(join(built, 'out'))).find((name) => /^tram-.*-arm64\.img$/.test(name))
  const debian = (await readdir(built)).find((name) => /^debian-.*\.tar$/.test(name))
  if (card === undefined || debian === undefined)
    throw new Error(`${built} has no card image: run ./scripts/image --unpacked`)
  const bundles = await makeBundles(join(folder, 'bundles'))
  return { card: join(built, 'out', card), debian: join(built, debian), version: tramVersion, bundles }
}

async function makeBundles(folder: string): Promise<Bundles> {
  const [major = 0, minor = 0, patch = 0] = tramVersion.split('.').map(Number)
  const version = (more: number): string => `${major}.${minor}.${patch + more}`
  const bundles: Bundles = {
    next: join(folder, 'next.raucb'),
    nextVersion: version(1),
    broken: join(folder, 'broken.raucb'),
    brokenVersion: version(2),
    older: join(folder, 'older.raucb'),
    tampered: join(folder, 'tampered.raucb'),
    wrongKey: join(folder, 'wrong-key.raucb'),
  }
  // Written last.
  if (existsSync(bundles.wrongKey)) return bundles
  await rm(folder, { recursive: true, force: true })
  await mkdir(folder, { recursive: true })
  const released = (await readdir(join(built, 'out'))).find((name) => name.endsWith('.raucb')) ?? ''
  await run('unsquashfs', ['-d', join(folder, 'released'), join(built, 'out', released)], tools)
  const slot = join(folder, 'released/rootfs.ext4')
  const lab = { certificate: join(built, 'lab-key/cert.pem'), key: join(built, 'lab-key/key.pem') }
  const stranger = { certificate: join(folder, 'stranger.pem'), key: join(folder, 'stranger.key') }
  await run('openssl', [
    ...['req', '-x509', '-newkey', 'rsa:3072', '-nodes', '-days', '30', '-subj', '/CN=Stranger'],
    ...['-addext', 'keyUsage=digitalSignature', '-keyout', stranger.key, '-out', stranger.certificate],
  ])
  await setVersion(slot, folder, tramVersion, bundles.nextVersion)
  await bundle(bundles.next, slot, bundles.nextVersion, lab)
  await bundle(`${bundles.wrongKey}.part`, slot, bundles.nextVersion, stranger)
  await copyFile(bundles.next, bundles.tampered)
  await flipBit(bundles.tampered)
  await setVersion(slot, folder, bundles.nextVersion, bundles.brokenVersion)
  await replace(slot, '/usr/lib/tram/tram.mjs', "console.error('broken on purpose'); process.exit(1)\n", folder)
  await bundle(bundles.broken, slot, bundles.brokenVersion, lab)
  await bundle(bundles.older, slot, '0.0.1', lab)
  await rm(join(folder, 'released'), { recursive: true })
  await rename(`${bundles.wrongKey}.part`, bundles.wrongKey)
  return bundles
}

/** In the middle of the payload: the signature over the manifest stays right. */
async function flipBit(file: string): Promise<void> {
  const { size } = await stat(file)
  const handle = await open(file, 'r+')
  const byte = Buffer.alloc(1)
  await handle.read(byte, 0, 1, Math.floor(size / 2))
  byte.writeUInt8(byte.readUInt8(0) ^ 1)
  await handle.write(byte, 0, 1, Math.floor(size / 2))
  await handle.close()
}

async function bundle(
  to: string,
  slot: string,
  version: string,
  signer: { certificate: string; key: string },
): Promise<void> {
  const content = `${to}.content`
  await mkdir(content)
  await run('cp', ['--sparse=always', slot, join(content, 'rootfs.ext4')])
  await writeFile(
    join(content, 'manifest.raucm'),
    `[update]\ncompatible=tram-arm64\nversion=${version}\n\n[bundle]\nformat=verity\n\n[image.rootfs]\nfilename=rootfs.ext4\n`,
  )
  const squash = '-comp zstd -Xcompression-level 3 -processors 2'
  await run(
    'rauc',
    ['bundle', `--cert=${signer.certificate}`, `--key=${signer.key}`, `--mksquashfs-args=${squash}`, content, to],
    tools,
  )
  await rm(content, { recursive: true })
}

/** Makes the software of a slot say that it is another version: in its release file and in the one file of ours that has it. */
async function setVersion(slot: string, folder: string, from: string, to: string): Promise<void> {
  const ours = join(folder, 'ours')
  await rm(ours, { recursive: true, force: true })
  await mkdir(ours)
  await run('debugfs', ['-R', `rdump /usr/lib/tram ${ours}`, slot], tools)
  let changed = 0
  for (const name of await readdir(join(ours, 'tram'))) {
    if (!name.endsWith('.mjs')) continue
    const text = await readFile(join(ours, 'tram', name), 'utf8')
    if (!text.includes(`"${from}"`)) continue
    await replace(slot, `/usr/lib/tram/${name}`, text.replaceAll(`"${from}"`, `"${to}"`), folder)
    changed += 1
  }
  if (changed === 0) throw new Error(`no file of the slot names its version ${from}`)
  await rm(ours, { recursive: true })
  await run('debugfs', ['-R', `dump /etc/tram-release ${join(folder, 'release')}`, slot], tools)
  const release = await readFile(join(folder, 'release'), 'utf8')
  await replace(slot, '/etc/tram-release', release.replace(/^VERSION=.*/m, `VERSION=${to}`), folder)
}

async function replace(slot: string, path: string, text: string, folder: string): Promise<void> {
  const file = join(folder, 'replacement')
  await writeFile(file, text, { mode: 0o644 })
  await run('debugfs', ['-w', '-R', `rm ${path}`, slot], tools)
  await run('debugfs', ['-w', '-R', `write ${file} ${path}`, slot], tools)
}
