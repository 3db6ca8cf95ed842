// The targets by their names: one file each in targets/.
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { FuzzTarget } from './fuzz-target.ts'

const folder = join(import.meta.dirname, 'targets')

/** Names of all targets, sorted. */
export function targetNames(): string[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.slice(0, -3))
    .sort()
}

/** The file of a target. */
export const targetFile = (name: string): string => join(folder, `${name}.ts`)

/** The target that a file exports. */
export async function loadTarget(file: string): Promise<FuzzTarget> {
  const { target } = (await import(pathToFileURL(file).href)) as { target: FuzzTarget }
  return target
}
