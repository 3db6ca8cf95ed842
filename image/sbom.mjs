// What the image holds, as CycloneDX 1.6 on standard output: packages of Debian, of npm, Node, what the boot partition has.
//   sbom.mjs ROOT TOOL_VERSIONS VERSION SOURCE_DATE_EPOCH
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const [root, toolVersions, version, epoch] = process.argv.slice(2)
if (epoch === undefined) throw new Error('usage: sbom.mjs ROOT TOOL_VERSIONS VERSION SOURCE_DATE_EPOCH')

const purlOf = (type, name, release, qualifiers = '') =>
  `pkg:${type}/${name.replace('@', '%40')}@${encodeURIComponent(release)}${qualifiers}`

function component(type, name, release, purl, more = {}) {
  return { type, 'bom-ref': purl, name, version: release, purl, ...more }
}

/** Packages of Debian by /var/lib/dpkg/status: paragraphs of "Field: value" lines. */
function* debianPackages() {
  for (const paragraph of readFileSync(join(root, 'var/lib/dpkg/status'), 'utf8').split('\n\n')) {
    const field = (name) => new RegExp(`^${name}: (.*)$`, 'm').exec(paragraph)?.[1]
    const name = field('Package')
    if (name === undefined || field('Status') !== 'install ok installed') continue
    // "source" or "source (version)"; without the field the source is called as the package.
    const source = field('Source')?.replace(/ .*/, '') ?? name
    const purl = purlOf('deb/debian', name, field('Version'), `?arch=${field('Architecture')}&distro=debian-13`)
    yield component('library', name, field('Version'), purl, { properties: [{ name: 'debian:source', value: source }] })
  }
}

/** What our bundles and node_modules may hold: all of package-lock.json that is neither for development nor for another machine. */
function* npmPackages() {
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
  for (const [path, { version: release, license, integrity, dev, optional }] of Object.entries(packages)) {
    if (path === '' || dev || optional) continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 13)
    const more = license === undefined ? {} : { licenses: [{ license: { name: license } }] }
    if (integrity?.startsWith('sha512-'))
      more.hashes = [{ alg: 'SHA-512', content: Buffer.from(integrity.slice(7), 'base64').toString('hex') }]
    yield component('library', name, release, purlOf('npm', name, release), more)
  }
}

/** Programs of Debian that are no part of the root: `name version` lines. The emulator only builds. */
function* bootPrograms() {
  for (const line of readFileSync(toolVersions, 'utf8').trim().split('\n')) {
    const [name, release] = line.split(' ')
    if (!['raspi-firmware', 'u-boot-rpi'].includes(name)) continue
    yield component('firmware', name, release, purlOf('deb/debian', name, release, '?distro=debian-13'))
  }
}

const node = process.versions.node
const found = [
  ...debianPackages(),
  ...npmPackages(),
  ...bootPrograms(),
  component('platform', 'node', node, purlOf('generic', 'node', node)),
]
// The same package may lie in two folders of node_modules.
const components = [...new Map(found.map((one) => [one.purl, one])).values()].sort((a, b) => (a.purl < b.purl ? -1 : 1))
const digest = createHash('sha256').update(JSON.stringify(components)).digest('hex')
const uuid = `${digest.slice(0, 8)}-${digest.slice(8, 12)}-5${digest.slice(13, 16)}-a${digest.slice(17, 20)}-${digest.slice(20, 32)}`
const document = {
  $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  // The same for the same content.
  serialNumber: `urn:uuid:${uuid}`,
  version: 1,
  metadata: {
    timestamp: new Date(Number(epoch) * 1000).toISOString(),
    component: { type: 'firmware', 'bom-ref': 'tram-image', name: 'tram-arm64', version },
  },
  components,
}
process.stdout.write(`${JSON.stringify(document, null, 1)}\n`)
