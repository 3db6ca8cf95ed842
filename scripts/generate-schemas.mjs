// Turns every src/**/schema/*.proto into TypeScript beside it, with protons.
// `npm run generate` writes; `npm run generate -- --check` fails when a committed file is not what its .proto gives.
import { execFileSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const check = process.argv.includes('--check')
const scratch = mkdtempSync(join(tmpdir(), 'tram-schemas-'))
let stale = 0
try {
  for (const proto of globSync('src/**/schema/*.proto', { cwd: root }).sort()) {
    execFileSync(process.execPath, [
      join(root, 'node_modules/protons/dist/bin/protons.js'),
      join(root, proto),
      '--output',
      scratch,
    ])
    const generated = readFileSync(join(scratch, basename(proto).replace(/\.proto$/, '.ts')), 'utf8')
    const target = join(root, proto.replace(/\.proto$/, '.ts'))
    if (!check) {
      writeFileSync(target, generated)
      continue
    }
    let committed = ''
    try {
      committed = readFileSync(target, 'utf8')
    } catch (error) {
      if (error.code !== 'ENOENT') throw error
    }
    if (committed !== generated) {
      console.error(`${proto}: the TypeScript beside it is stale; run: npm run generate`)
      stale += 1
    }
  }
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
process.exitCode = stale === 0 ? 0 : 1
