// What the appliance is made of: when any of it changes, the run in QEMU says nothing about it any more.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, relative } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Where the full run says that it has passed. */
export const lastFullPassFile = join(root, 'image/last-full-pass.json')
export const lineToRun = './scripts/test-image'

/** Image, units, boards, what builds them, what is inside, and the code that a slot and its data depend on. */
const inputs = [
  'image',
  'systemd',
  'hw',
  'scripts/image',
  'scripts/stage.mjs',
  'scripts/build.mjs',
  'scripts/bundle',
  'scripts/native',
  'scripts/test-image',
  'package-lock.json',
  'src/equipment/store',
  'src/equipment/rauc',
  'src/exchange/update-pull.ts',
  'src/surface/box/stick-update.ts',
  'src/surface/box/update-actions.ts',
]

/** SHA-256 (hex) over the names and contents of all inputs, but for the file that keeps it. */
export function inputsHash(): string {
  const hash = createHash('sha256')
  for (const path of inputs.flatMap((input) => filesOf(join(root, input))).sort()) {
    if (path === lastFullPassFile) continue
    const content = readFileSync(path)
    hash.update(`${relative(root, path)}\0${content.length}\0`).update(content)
  }
  return hash.digest('hex')
}

function filesOf(path: string): string[] {
  if (!existsSync(path)) throw new Error(`${path}, an input of the image, is not there`)
  if (statSync(path).isFile()) return [path]
  return readdirSync(path).flatMap((name) => filesOf(join(path, name)))
}
