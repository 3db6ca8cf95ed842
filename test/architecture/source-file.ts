// What the architecture checks look at: source files with their imports, read once. Text based, because the compiler
// that the project pins offers no stable syntax tree; comments and strings are blanked first so that they cannot fool it.
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

/** Texts of source files by path from the project's root (`src/base/clock.ts`). */
export type FileMap = ReadonlyMap<string, string>

export interface Import {
  line: number
  /** As written: `./clock.ts`, `node:fs`, `@libp2p/tcp`. */
  specifier: string
  /** Path from the project's root of a relative import, null for a package or builtin. */
  target: string | null
  /** Package (`@libp2p/tcp`) or builtin (`node:fs`) name, null for a relative import. */
  packageName: string | null
  /** What stands between `import` and `from`, for checks of single names. */
  clause: string
}

export interface SourceFile {
  path: string
  text: string
  /** The text with comments blanked; same length and lines. */
  code: string
  /** The code with the insides of strings and regular expressions blanked too. */
  bareCode: string
  imports: Import[]
}

/** Every TypeScript file below `src`, from the project's root `root`. */
export function readSources(root: string): FileMap {
  const paths = globSync('src/**/*.ts', { cwd: root }).sort()
  return new Map(paths.map((path) => [path, readFileSync(join(root, path), 'utf8')]))
}

/** Looks at every file of `files`. */
export function analyse(files: FileMap): SourceFile[] {
  return [...files].map(([path, text]) => {
    const { code, bareCode } = blank(text)
    return { path, text, code, bareCode, imports: importsOf(path, code, bareCode) }
  })
}

/** The line (from 1) of a position in a text. */
export function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length
}

/** What may stand between `import` or `export` and `from`: names and braces, not another statement. */
const clausePattern = /(?:(?!\b(?:import|export)\b)[\w$*{},\s])*?/.source
const importPattern = new RegExp(
  `\\b(?:import|export)\\b(${clausePattern})\\bfrom\\s*(['"])|\\bimport\\s*(['"])|(?<![.\\w$])(?:import|require)\\s*\\(\\s*(['"])`,
  'g',
)

/** Matches whole `import … from ''` and `export … from ''` statements of bare code (where strings are blank). */
export const passingOn = new RegExp(`\\b(?:import|export)\\b${clausePattern}\\bfrom\\s*(['"])\\s*\\1`, 'g')

/** Matches `export … from`. */
export const reExport = new RegExp(`\\bexport\\b${clausePattern}\\bfrom\\s*['"]`)

function importsOf(path: string, code: string, bareCode: string): Import[] {
  const imports: Import[] = []
  // Found in the bare code (a string cannot pose as an import), read from the code (where the name is).
  for (const match of bareCode.matchAll(importPattern)) {
    const quote = match[2] ?? match[3] ?? match[4] ?? "'"
    const start = match.index + match[0].length
    const specifier = code.slice(start, code.indexOf(quote, start))
    const isRelative = specifier.startsWith('.')
    imports.push({
      line: lineAt(code, match.index),
      specifier,
      target: isRelative ? normalize(join(dirname(path), specifier)) : null,
      packageName: isRelative ? null : packageNameOf(specifier),
      clause: match[1] ?? '',
    })
  }
  return imports
}

function packageNameOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/')
}

/** Blanks comments (`code`) and also the insides of strings and regular expressions (`bareCode`), keeping every line. */
function blank(text: string): { code: string; bareCode: string } {
  const spaces = (part: string): string => part.replace(/[^\n]/g, ' ')
  let code = ''
  let bareCode = ''
  // Template literals nest: for each open `${`, the number of braces that are open inside it.
  const holes: number[] = []
  let position = 0
  const take = (part: string, kind: 'code' | 'string' | 'comment'): void => {
    code += kind === 'comment' ? spaces(part) : part
    bareCode +=
      kind === 'code'
        ? part
        : kind === 'comment'
          ? spaces(part)
          : `${part[0]}${spaces(part.slice(1, -1))}${part.at(-1)}`
    position += part.length
  }
  const takeMatch = (pattern: RegExp, kind: 'string' | 'comment'): boolean => {
    pattern.lastIndex = position
    const part = pattern.exec(text)?.[0]
    if (part === undefined || part.length < 2) return false
    take(part, kind)
    return true
  }
  while (position < text.length) {
    const character = text.charAt(position)
    const innermost = holes.at(-1)
    if (takeMatch(/\/\/[^\n]*|\/\*[\s\S]*?\*\//y, 'comment')) continue
    if (takeMatch(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/y, 'string')) continue
    if (character === '/' && /(?:^|[=(,:[!&|?{};>]|\breturn|\bcase)\s*$/.test(bareCode.slice(-40))) {
      if (takeMatch(/\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y, 'string')) continue
    }
    if (character === '`' || (character === '}' && innermost === 0)) {
      if (character === '}') holes.pop()
      const part = /[`}](?:[^`\\$]|\\[\s\S]|\$(?!\{))*(?:`|\$\{)/y
      part.lastIndex = position
      const found = part.exec(text)?.[0] ?? text.slice(position)
      if (found.endsWith('${')) holes.push(0)
      take(found, 'string')
      continue
    }
    if (innermost !== undefined && (character === '{' || character === '}'))
      holes[holes.length - 1] = innermost + (character === '{' ? 1 : -1)
    take(character, 'code')
  }
  return { code, bareCode }
}
