// Whether node_modules is what package-lock.json says and can be used: exit code 0, or 1 and the reason on one line.
// Called by scripts/prepare with whatever Node (from 20 on) the machine has.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'

/** Why node_modules must be installed anew, or undefined. */
function mismatch() {
  if (!existsSync('node_modules/.package-lock.json')) return 'they are not there yet'
  const wanted = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages
  const installed = JSON.parse(readFileSync('node_modules/.package-lock.json', 'utf8')).packages
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '') continue
    const found = installed[path]
    // Optional packages for other machines are left out.
    if (found === undefined && entry.optional) continue
    if (found?.version !== entry.version || found?.integrity !== entry.integrity)
      return `${path} is not at ${entry.version}`
  }
  for (const path of Object.keys(installed))
    if (wanted[path] === undefined) return `${path} is not in package-lock.json`
  if (!existsSync('node_modules/pkcs11js/build/Release/pkcs11.node')) return 'pkcs11js is not built'
  const { version } = wanted[`node_modules/node-linux-${process.arch}`] ?? {}
  if (version === undefined) return `there is no pinned Node for ${process.arch}`
  const pinned = spawnSync('node_modules/.bin/node', ['--version'], { encoding: 'utf8' })
  if (pinned.stdout?.trim() !== `v${version}`) return `the pinned Node ${version} does not run`
  // Also built, it may have been built wrong: Debian's node-gyp links it to another Node, which shows when it ends.
  const { status } = spawnSync('node_modules/.bin/node', ['-e', "require('pkcs11js')"])
  if (status !== 0) return 'pkcs11js does not fit the pinned Node'
  return undefined
}

const reason = mismatch()
if (reason !== undefined) {
  console.log(reason)
  process.exitCode = 1
}
