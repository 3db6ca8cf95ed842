// Lays out what is ours below a folder, as systemd/layout says: for the Debian package (scripts/deb) and the image.
//   node scripts/stage.mjs FOLDER deb|image NODE_PACKAGE PKCS11_ADDON STRIP
// NODE_PACKAGE: unpacked node-linux-*; PKCS11_ADDON: pkcs11.node for its architecture; STRIP: the strip for it. dist/ must be current.
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { resolve as absolute, basename, dirname, join, relative, sep } from 'node:path'
import { signerFlags } from '../src/equipment/token/signer-flags.ts'

const root = dirname(import.meta.dirname)
const [folder, wanted, nodePackage, pkcs11Addon, strip] = process.argv.slice(2)
if (strip === undefined) throw new Error('usage: stage.mjs FOLDER deb|image NODE_PACKAGE PKCS11_ADDON STRIP')
const modules = join(root, 'node_modules')
const arch = JSON.parse(readFileSync(join(nodePackage, 'package.json'), 'utf8')).cpu.toString()

const words = (file) => readFileSync(join(root, file), 'utf8').trim().split(/\s+/)
const program = (bundle, flags) =>
  `#!/bin/sh\nexport ${words('scripts/node-env').join(' ')}\nexec /usr/lib/tram/bin/node ${flags.join(' ')} /usr/lib/tram/${bundle} "$@"\n`

const build = {
  node(to) {
    // The symbols are a sixth of it, and nobody on a box reads them.
    execFileSync(strip, ['-o', to, join(nodePackage, 'bin/node')])
  },
  tram: (to) => writeFileSync(to, program('tram.mjs', words('scripts/node-flags'))),
  'tram-signer': (to) => writeFileSync(to, program('tram-signer.mjs', signerFlags)),
  'tram-box': (to) => writeFileSync(to, program('tram-box.mjs', words('scripts/node-flags'))),
  bundles(to) {
    // dist/ keeps chunks of earlier builds for programs that still run: only what these programs come to is taken.
    const wanted = ['tram.mjs', 'tram-signer.mjs', 'tram-box.mjs', 'tram-inventory.mjs']
    for (const name of wanted) {
      const text = readFileSync(join(root, 'dist', name), 'utf8')
      writeFileSync(join(to, name), text, { mode: 0o644 })
      for (const [chunk] of text.matchAll(/\bchunk-[\w-]+\.mjs\b(?!\.map)/g))
        if (!wanted.includes(chunk)) wanted.push(chunk)
    }
  },
  node_modules(to) {
    const packages = closure(['classic-level', 'pkcs11js', '@serialport/bindings-cpp'])
    for (const name of packages) copyPackage(name, to)
    const addon = join(to, 'pkcs11js/build/Release/pkcs11.node')
    mkdirSync(dirname(addon), { recursive: true })
    copyFileSync(pkcs11Addon, addon)
    // Whatever was left out, each can still be loaded: some are, only when a serial line is opened.
    const { resolve } = createRequire(import.meta.url)
    for (const name of packages) resolve(join(absolute(to), name))
  },
  copyright: (to) => writeFileSync(to, licences()),
}

/** Packages by their folders below node_modules, with all that they need when they run. */
function closure(names) {
  const found = new Set()
  const visit = (name, from) => {
    // As Node looks for it: beside the package that needs it, then further up.
    let at = join(from, 'node_modules', name)
    for (let above = from; !existsSync(join(at, 'package.json')); at = join(above, 'node_modules', name)) {
      if (above === root) throw new Error(`${name} is not installed`)
      above = dirname(above)
    }
    const path = relative(modules, at)
    if (found.has(path)) return
    found.add(path)
    const { dependencies = {} } = JSON.parse(readFileSync(join(at, 'package.json'), 'utf8'))
    for (const needed of Object.keys(dependencies)) visit(needed, at)
  }
  for (const name of names) visit(name, root)
  return found
}

/** What runs, and its licence: no sources, types, maps, or binaries of other machines. */
function copyPackage(path, to) {
  const from = join(modules, path)
  const { main = '' } = JSON.parse(readFileSync(join(from, 'package.json'), 'utf8'))
  // Some have what runs in src.
  const [mainFolder] = main.replace(/^\.\//, '').split('/')
  const left = ['node_modules', 'deps', 'src', 'build', 'includes', 'test', 'docs'].filter(
    (name) => name !== mainFolder,
  )
  cpSync(from, join(to, path), {
    recursive: true,
    filter: (source) => {
      const [first = '', second = ''] = relative(from, source).split(sep)
      if (first === 'prebuilds') return second === '' || second === `linux-${arch}`
      if (left.includes(first)) return false
      return !/\.(?:md|ts|map|cc|gyp|h|yml)$/.test(source) || /licen[cs]e/i.test(basename(source))
    },
  })
}

/** The licence of every package that the bundles or node_modules may hold, and Node's own. */
function licences() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const runtime = Object.entries(packages).filter(([path, { dev, optional }]) => path !== '' && !dev && !optional)
  const chapters = runtime.map(([path, { version, license }]) => {
    const at = join(root, path)
    const files = readdirSync(at).filter((name) => /^(licen[cs]e|copying|notice)/i.test(name))
    const texts = files.map((name) => readFileSync(join(at, name), 'utf8').trim())
    return `## ${path.slice(path.lastIndexOf('node_modules/') + 13)} ${version} (${license ?? 'see text'})\n\n${texts.join('\n\n')}\n`
  })
  const ours = readFileSync(join(root, 'LICENSE'), 'utf8').trim()
  return `# Trạm\n\n${ours}\n\n# Packages that it holds\n\n${chapters.join('\n')}\n# Node.js: https://github.com/nodejs/node/blob/v${process.versions.node}/LICENSE\n`
}

/** The lines of systemd/layout. */
const layout = readFileSync(join(root, 'systemd/layout'), 'utf8')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => line.split(/\s+/))

for (const [audience, source, destination, mode] of layout) {
  if (audience !== 'both' && audience !== wanted) continue
  const to = join(folder, destination)
  mkdirSync(mode === '-' ? to : dirname(to), { recursive: true })
  if (source.startsWith('build:')) build[source.slice(6)](to)
  else copyFileSync(join(root, source), to)
  if (mode !== '-') chmodSync(to, Number.parseInt(mode, 8))
}
