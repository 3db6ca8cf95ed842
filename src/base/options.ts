// Reads a configuration text (TOML) against TypeBox schemas, a section each: `config.ts` for the station, the signer
// for its own section. Every mistake is a CONFIG_INVALID that names the dotted key and the line.
import { parse, TomlError, type TomlTable } from 'smol-toml'
import type { Static, TSchema } from 'typebox'
import Value from 'typebox/value'
import { TramError } from './errors.ts'
import { locateTomlKeys, type TomlLines, type TomlPath } from './toml-lines.ts'

/** A configuration longer than this is refused before it is parsed, in UTF-16 code units. */
export const maxConfigLength = 1024 * 1024

/** Inline tables and arrays nested deeper than this are refused. */
const maxDepth = 32

/** What is read from a schema here; TypeBox schemas are JSON Schema objects. */
interface SchemaNode {
  type?: string
  properties?: Record<string, SchemaNode>
  items?: SchemaNode
  anyOf?: SchemaNode[]
  enum?: unknown[]
  const?: unknown
  additionalProperties?: unknown
  patternProperties?: unknown
  description?: string
}

interface Mistake {
  path: TomlPath
  detail: string
}

/**
 * Parses `text` and returns each section with its defaults filled in: what the station and the signer are told to be.
 * @param text the file's content (attacker-controlled: it may come from a stick)
 * @param fileName as told to people in errors
 * @param sections the schema of each top-level key: an object for `[name]`, an array of objects for `[[name]]`.
 *   An absent table counts as empty, so that its defaults apply; an absent array of tables is empty.
 * @param unknown what to do with top-level sections that are not in `sections`: `ignore` them (the signer reads one
 *   section of the station's file) or `refuse`. Unknown keys inside a section are always refused.
 * @throws TramError CONFIG_INVALID, the first mistake in the order of the file
 */
export function parseOptions<S extends Record<string, TSchema>>(
  text: string,
  fileName: string,
  sections: S,
  unknown: 'refuse' | 'ignore',
): { [K in keyof S]: Static<S[K]> } {
  if (text.startsWith('\uFEFF')) return parseOptions(text.slice(1), fileName, sections, unknown) // Windows editors
  const refusal = (line: number, key: string, detail: string): TramError =>
    new TramError('CONFIG_INVALID', { file: fileName, line, key, detail })
  if (text.length > maxConfigLength) throw refusal(1, '(file)', `is longer than ${maxConfigLength} characters`)
  let document: TomlTable
  try {
    document = parse(text, { maxDepth, unsafeKeyBehaviour: 'throw' })
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // Without the parser's error as cause: its message quotes the lines around, which may hold a secret or a PIN.
    throw refusal(error.line, '(syntax)', `column ${error.column}: ${firstLine(error.message)}`)
  }
  const lines = locateTomlKeys(text)
  const mistakes: Mistake[] = []
  if (unknown === 'refuse')
    for (const name of Object.keys(document))
      if (!Object.hasOwn(sections, name)) mistakes.push({ path: [name], detail: unknownKey(Object.keys(sections)) })
  const options: Partial<{ [K in keyof S]: Static<S[K]> }> = {}
  for (const name in sections) {
    const schema = sections[name]
    if (schema === undefined) continue
    const given = Object.hasOwn(document, name) ? document[name] : emptySection(schema)
    const value: unknown = Value.Default(schema, given)
    const found = mistakesOf(schema, value, [name])
    if (found.length > 0) mistakes.push(...found)
    else options[name] = value as Static<S[typeof name]> // checked by mistakesOf just before
  }
  const first = firstInFile(mistakes, lines)
  if (first !== undefined) throw refusal(lines.lineOf(first.path), dotted(first.path), first.detail)
  return options as { [K in keyof S]: Static<S[K]> } // every section without a mistake was set
}

/**
 * A mistake that a schema cannot see, such as two keys that exclude each other.
 * @param text the file's content, which parseOptions has accepted
 * @param path the key to blame
 * @returns the CONFIG_INVALID to throw, with the key's line. `detail` must not repeat a value: it may be a secret.
 */
export function optionError(text: string, fileName: string, path: TomlPath, detail: string): TramError {
  const line = locateTomlKeys(text).lineOf(path)
  return new TramError('CONFIG_INVALID', { file: fileName, line, key: dotted(path), detail })
}

/** `['backend', 1, 'secret']` as `backend[1].secret`; elements count from 0. */
function dotted(path: TomlPath): string {
  let text = ''
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`
    else text += `${text === '' ? '' : '.'}${/^[\w-]+$/.test(part) ? part : JSON.stringify(part)}`
  }
  return text
}

function firstInFile(mistakes: readonly Mistake[], lines: TomlLines): Mistake | undefined {
  return [...mistakes].sort((left, right) => lines.lineOf(left.path) - lines.lineOf(right.path))[0]
}

const emptySection = (schema: SchemaNode): unknown => (schema.type === 'array' ? [] : {})

function mistakesOf(schema: TSchema, value: unknown, path: TomlPath): Mistake[] {
  const mistakes = unknownKeys(schema, value, path)
  if (mistakes.length === 0 && Value.Check(schema, value)) return []
  for (const error of Value.Errors(schema, value)) {
    if (error.keyword === 'additionalProperties' || error.keyword === 'boolean') continue // said by unknownKeys
    const place = [...path, ...pointerParts(error.instancePath, value)]
    if (error.keyword === 'required')
      for (const key of error.params.requiredProperties) mistakes.push({ path: [...place, key], detail: 'is missing' })
    else mistakes.push({ path: place, detail: explain(schema, error.schemaPath, error.message) })
  }
  return mistakes.length > 0 ? mistakes : [{ path, detail: 'is not valid' }]
}

/** Keys that no schema names, also where the schema itself forgot to forbid them. */
function unknownKeys(schema: SchemaNode, value: unknown, path: TomlPath): Mistake[] {
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? [] : value.flatMap((element, index) => unknownKeys(items, element, [...path, index]))
  }
  const { properties } = schema
  if (typeof value !== 'object' || value === null || properties === undefined) return []
  const isOpen = schema.patternProperties !== undefined || typeof schema.additionalProperties === 'object'
  return Object.entries(value).flatMap(([key, inner]) => {
    const known = Object.hasOwn(properties, key) ? properties[key] : undefined
    if (known !== undefined) return unknownKeys(known, inner, [...path, key])
    return isOpen ? [] : [{ path: [...path, key], detail: unknownKey(Object.keys(properties)) }]
  })
}

const unknownKey = (known: readonly string[]): string => `is not a known key; known are ${known.join(', ')}`

/** A JSON pointer (RFC 6901) as a path into `value`, with numbers where it passes through arrays. */
function pointerParts(pointer: string, value: unknown): TomlPath {
  let place = value
  return pointer
    .split('/')
    .slice(1)
    .map((escaped) => {
      const key = escaped.replaceAll('~1', '/').replaceAll('~0', '~')
      const part = Array.isArray(place) ? Number(key) : key
      place = typeof place === 'object' && place !== null ? Reflect.get(place, part) : undefined
      return part
    })
}

/** What was expected, for people: choices are listed, a schema's own description is added. Never the value: it may be a secret. */
function explain(schema: SchemaNode, schemaPath: string, message: string): string {
  const union = schemaPath.indexOf('/anyOf/')
  const node = schemaAt(schema, union < 0 ? schemaPath : schemaPath.slice(0, union))
  const choices = node?.enum ?? node?.anyOf?.map((choice) => choice.const)
  const areLiteral = choices?.every((choice) => choice !== undefined) ?? false
  const expected = areLiteral
    ? `must be one of ${choices?.map((choice) => JSON.stringify(choice)).join(', ')}`
    : message
  return node?.description === undefined ? expected : `${expected} (${node.description})`
}

function schemaAt(schema: SchemaNode, schemaPath: string): SchemaNode | undefined {
  let node: unknown = schema
  for (const key of schemaPath.split('/').slice(1)) {
    if (typeof node !== 'object' || node === null) return undefined
    node = Reflect.get(node, key)
  }
  return typeof node === 'object' && node !== null ? node : undefined
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''
