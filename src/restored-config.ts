// The configuration of a replaced box: the text of the backup with the next generation in it, and its files where the new box has
// them. Everything else stays as it is, comments and all. For backup.ts; config-edit.ts makes a technician's changes.
import { basename, dirname, join, relative } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { TramError } from './base/errors.ts'
import { locateTomlKeys, type TomlPath, type TomlSpan } from './base/toml-lines.ts'
import { type Config, parseConfig } from './config.ts'

/** Keys whose values are files that a station needs beside its configuration; a PIN is never carried. */
const fileKey = /(?:_files?|^anchors|^intermediates|^authority_anchors|^authority_certificates)$/
const leftBehind = ['pin_file']

interface FileOption {
  path: TomlPath
  files: readonly string[]
  isList: boolean
}

/** Every file that a configuration names and a backup carries, absolute, each once. */
export const carriedFiles = (config: Config): string[] => [
  ...new Set([...fileOptions(config)].flatMap(({ files }) => files)),
]

function* fileOptions(config: Config): Iterable<FileOption> {
  for (const [section, value] of Object.entries(config)) {
    const tables: [TomlPath, unknown][] = Array.isArray(value)
      ? value.map((one: unknown, index) => [[section, index], one])
      : [[[section], value]]
    for (const [at, table] of tables) {
      if (typeof table !== 'object' || table === null) continue
      for (const [key, files] of Object.entries(table)) {
        if (!fileKey.test(key) || leftBehind.includes(key)) continue
        if (typeof files === 'string') yield { path: [...at, key], files: [files], isList: false }
        if (Array.isArray(files)) yield { path: [...at, key], files, isList: true }
      }
    }
  }
}

export interface RestoredConfig {
  text: string
  config: Config
  /** Where each carried file goes: below the folder of the configuration, whatever the backup says (attacker-controlled). */
  targets: ReadonlyMap<string, string>
}

/**
 * @param text of the backup; `oldFile` where it stood, absolute
 * @param newFile where it will stand, absolute
 * @throws TramError CONFIG_INVALID; INTERNAL when more would change than this
 */
export function restoredConfig(
  text: string,
  oldFile: string,
  newFile: string,
  changes: { generation: number; dataFolder?: string | undefined },
): RestoredConfig {
  const old = parseConfig(text, oldFile)
  const targets = new Map<string, string>()
  for (const [index, file] of carriedFiles(old).entries()) {
    const inside = relative(dirname(oldFile), file)
    const isInside = inside !== '' && !inside.startsWith('..') && !inside.startsWith('/')
    targets.set(file, join(dirname(newFile), isInside ? inside : join('restored-files', `${index}-${basename(file)}`)))
  }
  const moved = parseConfig(text, newFile)
  const lines = locateTomlKeys(text)
  const edits: (TomlSpan & { value: string })[] = []
  const edit = (path: TomlPath, value: unknown): void => {
    const span = lines.valueOf(path)
    // TOML reads JSON's numbers, strings and lists of strings, but for DEL, which it wants escaped.
    if (span !== undefined) edits.push({ ...span, value: JSON.stringify(value).replaceAll('\u007f', '\\u007f') })
  }
  const nowAt = new Map([...fileOptions(moved)].map(({ path, files }) => [JSON.stringify(path), files]))
  for (const { path, files, isList } of fileOptions(old)) {
    const wanted = files.map((file) => targets.get(file) ?? file)
    if (!isDeepStrictEqual(nowAt.get(JSON.stringify(path)), wanted)) edit(path, isList ? wanted : wanted[0])
  }
  if (changes.dataFolder !== undefined) edit(['station', 'data_folder'], changes.dataFolder)
  const id = lines.valueOf(['station', 'id'])
  if (lines.valueOf(['station', 'generation']) !== undefined) edit(['station', 'generation'], changes.generation)
  else if (id !== undefined) edits.push({ start: id.end, end: id.end, value: `\ngeneration = ${changes.generation}` })
  let changed = text
  for (const { start, end, value } of edits.sort((left, right) => right.start - left.start))
    changed = `${changed.slice(0, start)}${value}${changed.slice(end)}`
  const config = parseConfig(changed, newFile)
  const expected = structuredClone(moved)
  expected.station.generation = changes.generation
  if (changes.dataFolder !== undefined) expected.station.data_folder = changes.dataFolder
  const isAsWanted =
    isDeepStrictEqual(withoutFiles(config), withoutFiles(expected)) &&
    isDeepStrictEqual(
      [...fileOptions(config)].map(({ files }) => files),
      [...fileOptions(old)].map(({ files }) => files.map((file) => targets.get(file) ?? file)),
    )
  if (!isAsWanted)
    throw new TramError('INTERNAL', { detail: 'the configuration would have changed in more than was asked for' })
  return { text: changed, config, targets }
}

const withoutFiles = (config: Config): unknown =>
  JSON.parse(JSON.stringify(config, (key, value) => (fileKey.test(key) ? undefined : value)))
