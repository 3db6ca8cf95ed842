// The rules of docs/design/architecture.md as functions from sources to violations, each with its reason.
// architecture.test.ts runs them over src/ and proves on small samples that each of them can fail.
import { adapterPackages, purePackages } from './npm-packages.ts'
import { lineAt, passingOn, reExport, type SourceFile } from './source-file.ts'

export interface Violation {
  file: string
  line: number
  what: string
  reason: string
}

export type Rule = (files: readonly SourceFile[]) => Violation[]

/** Folders of src/ from the ground up; files directly in src/ stand above them all. */
const storeys = ['base', 'document', 'equipment', 'exchange', 'surface']
const compositionRoots = [
  'src/station.ts',
  'src/station-broker.ts',
  'src/station-equipment.ts',
  'src/station-updates.ts',
  'src/station-watch.ts',
  'src/offline.ts',
  'src/backup.ts',
  'src/doctor.ts',
  'src/fleet.ts',
  'src/console.ts',
  'src/serial-parts.ts',
  'src/supervisor.ts',
  'src/box-main.ts',
  'src/box-network.ts',
  'src/box-medium.ts',
  'src/box-carry.ts',
  'src/equipment/token/signer-main.ts',
]
const programs = ['src/main.ts', 'src/box-main.ts', 'src/equipment/token/signer-main.ts']

const isGenerated = (path: string): boolean => /\/schema\/[^/]+\.ts$/.test(path)
const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1)

function storeyOf(path: string): number {
  const [, folder = '', ...rest] = path.split('/')
  return rest.length === 0 ? storeys.length : storeys.indexOf(folder)
}

/** `src/equipment/link/schema/messages.ts` → `src/equipment/link`: the unit that equipment and surface consist of. */
const roomOf = (path: string): string => path.split('/').slice(0, 3).join('/')

/** Runs `check` on every file, adding the file's name. */
const eachFile =
  (reason: string, check: (file: SourceFile) => { line: number; what: string }[]): Rule =>
  (files) =>
    files.flatMap((file) => check(file).map((found) => ({ file: file.path, reason, ...found })))

const find = (text: string, pattern: RegExp): { line: number; what: string }[] =>
  [...text.matchAll(pattern)].map((match) => ({ line: lineAt(text, match.index), what: match[0].trim() }))

/** Tables of hw/ are data without an import of their own: they lie below the ground. */
const isHardwareTable = (target: string): boolean => /^hw\/[\w-]+\.json$/.test(target)

const importsGoDown = eachFile(
  'imports go down only: a lower storey that knows an upper one cannot be understood or tested without it (rule 1)',
  ({ path, imports }) =>
    imports
      .filter(({ target }) => target !== null && !isHardwareTable(target))
      .filter(({ target }) => !target?.startsWith('src/') || storeyOf(target) > storeyOf(path))
      .map(({ line, specifier }) => ({ line, what: `imports ${specifier}` })),
)

const onlyKnownFolders = eachFile(
  'ls src is the architecture: five storeys, and roots above them (storey table)',
  ({ path }) => (storeyOf(path) < 0 ? [{ line: 1, what: 'lies in no storey' }] : []),
)

const roomsStayApart = eachFile(
  'equipment/* never import each other, nor do surface/*: what they need is handed in as a function (rule 2)',
  ({ path, imports }) =>
    imports
      .filter(
        ({ target }) =>
          target !== null &&
          /^src\/(equipment|surface)\//.test(path) &&
          storeyOf(target) === storeyOf(path) &&
          roomOf(target) !== roomOf(path),
      )
      .map(({ line, specifier }) => ({ line, what: `imports ${specifier}` })),
)

const noCycles: Rule = (files) => {
  const targets = new Map(files.map((file) => [file.path, file.imports.flatMap(({ target }) => target ?? [])]))
  const violations: Violation[] = []
  const finished = new Set<string>()
  const visit = (path: string, way: string[]): void => {
    const start = way.indexOf(path)
    if (start >= 0) {
      const circle = [...way.slice(start), path].join(' → ')
      violations.push({
        file: path,
        line: 1,
        what: circle,
        reason: 'files in a cycle are one file in disguise (rule 1)',
      })
    }
    if (start >= 0 || finished.has(path)) return
    for (const target of targets.get(path) ?? []) visit(target, [...way, path])
    finished.add(path)
  }
  for (const { path } of files) visit(path, [])
  return violations
}

const noBarrels = eachFile(
  'a barrel file hides where things are and makes cycles: import from the file that has it (rule 1)',
  ({ path, bareCode }) => {
    const rest = bareCode.replace(passingOn, '').replace(/\bimport\s*(['"])\s*\1/g, '')
    const onlyPassesOn = reExport.test(bareCode) && rest.trim().replaceAll(';', '') === ''
    const named = /^index\.[cm]?ts$/.test(baseName(path)) || onlyPassesOn ? [{ line: 1, what: 'is a barrel' }] : []
    return [...named, ...find(bareCode, /\bexport\s*\*/g)]
  },
)

const noDefaultExports = eachFile('a default export has a different name at each import (rule 1)', ({ bareCode }) =>
  find(bareCode, /\bexport\s+default\b|\bas\s+default\b/g),
)

const importsAreVisible = eachFile('an import of a computed name escapes every other rule', ({ bareCode }) =>
  find(bareCode, /(?:\b(?:await|return|void)|[=(,:?>])\s*(?:import|require)\s*\(\s*[^'"\s]/g),
)

const packagesAreImportedByName = eachFile(
  'a package that is loaded late has no named exports in the split bundle when it is CommonJS: import it by name in a file of ours, and load that',
  // @libp2p/ are ES modules.
  ({ text }) => find(text, /\bimport\(\s*'(?!\.|node:|@libp2p\/)/g),
)

const matches = (packageName: string, pattern: string): boolean =>
  pattern.endsWith('/') ? packageName.startsWith(pattern) : packageName === pattern

function adapterPrefix(path: string): string | undefined {
  if (!path.startsWith('src/equipment/')) return undefined
  return Object.keys(adapterPackages).find((prefix) => baseName(path).startsWith(prefix))
}

const packagesStayHome: Rule = (files) =>
  files.flatMap(({ path, imports }) =>
    imports.flatMap(({ packageName, specifier, line }): Violation[] => {
      if (packageName === null || packageName.startsWith('node:')) return []
      const own = adapterPackages[adapterPrefix(path) ?? ''] ?? []
      if (own.some((pattern) => matches(packageName, pattern))) return []
      const pure = Object.hasOwn(purePackages, packageName) ? purePackages[packageName] : undefined
      const isAllowed = pure?.where.some((place) =>
        place.startsWith('*')
          ? path.endsWith(place.slice(1))
          : path === place || (place.endsWith('/') && path.startsWith(place)),
      )
      if (isAllowed) return []
      const prefix = Object.entries(adapterPackages).find(([, names]) =>
        names.some((name) => matches(packageName, name)),
      )
      const reason =
        pure?.reason ??
        (prefix === undefined
          ? 'it stands on no list in test/architecture/npm-packages.ts: say there who may use it and why (rule 3)'
          : `only equipment/*/${prefix[0]}* files know this package, so that it can be replaced (rule 3)`)
      return [{ file: path, line, what: `imports ${specifier}`, reason }]
    }),
  )

const adaptersAreHandedIn = eachFile(
  'only composition roots choose adapters; everybody else sees the port (rule 3)',
  ({ path, imports }) =>
    imports
      .filter(({ target }) => {
        const prefix = target === null ? undefined : adapterPrefix(target)
        const isSibling = target !== null && folderOf(target) === folderOf(path) && adapterPrefix(path) === prefix
        // A file of options is data, not an adapter, whatever its name.
        const isOptions = target?.endsWith('-options.ts') ?? false
        return prefix !== undefined && !isOptions && !isSibling && !compositionRoots.includes(path)
      })
      .map(({ line, specifier }) => ({ line, what: `imports ${specifier}` })),
)

const builtinsWithDocument = ['node:crypto', 'node:buffer', 'node:util']
const impure = [
  /\bDate\s*\.\s*now\b/g,
  /\bnew\s+Date\s*\(\s*\)/g,
  /\bMath\s*\.\s*random\b/g,
  /\bperformance\b/g,
  /\bprocess\b/g,
  /\bfetch\s*\(/g,
  /\b(?:setTimeout|setInterval|setImmediate|queueMicrotask)\b/g,
  /\b(?:randomBytes|randomFill|randomFillSync|randomInt|randomUUID|getRandomValues|generateKeyPair\w*|generateKey\w*)\b/g,
]

const documentIsPure = eachFile(
  'document/ has no I/O, no clock, no randomness: they are arguments, so that every rule can be repeated and tested (rule 4)',
  ({ path, imports, bareCode }) =>
    !path.startsWith('src/document/') || isGenerated(path)
      ? []
      : [
          ...imports
            .filter(({ specifier }) => specifier.startsWith('node:') && !builtinsWithDocument.includes(specifier))
            .map(({ line, specifier }) => ({ line, what: `imports ${specifier}` })),
          ...impure.flatMap((pattern) => find(bareCode, pattern)),
        ],
)

const programsOwnTheProcess = eachFile(
  'only main.ts, box-main.ts and signer-main.ts touch process.exit, argv and env: a part that ends the process cannot be stopped in order (rule 5)',
  ({ path, imports, bareCode }) => {
    if (programs.includes(path)) return []
    const named = imports.filter(({ specifier }) => specifier === 'node:process' || specifier === 'process')
    return [
      ...find(bareCode, /\bprocess\s*(?:\?\.|\.)\s*(?:exit|exitCode|argv|env)\b|\bprocess\s*\[/g),
      ...find(bareCode, /\{[^{}]*\b(?:exit|exitCode|argv|env)\b[^{}]*\}\s*=\s*process\b/g),
      ...named.map(({ line, specifier }) => ({ line, what: `imports ${specifier}` })),
    ]
  },
)

const headerOf = (text: string): string => /^(?:\/\/[^\n]*\n|\/\*[\s\S]*?\*\/\s*)+/.exec(text)?.[0] ?? ''

const filesAreShort = eachFile(
  'a file passes 250 lines only with a reason; past 400 it is split (rule 6)',
  ({ path, text }) => {
    const lineCount = text.replace(/\n$/, '').split('\n').length
    if (isGenerated(path) || lineCount <= 250) return []
    if (lineCount > 400) return [{ line: 401, what: `${lineCount} lines` }]
    const hasReason = /Long because: \S/.test(headerOf(text))
    return hasReason ? [] : [{ line: 251, what: `${lineCount} lines, and no "Long because: …" in its header` }]
  },
)

const namesSaySomething = eachFile(
  'utils, helpers, common and manager say nothing about what is inside (rule 6)',
  ({ path }) => {
    const vague = path
      .split('/')
      .find((part) => /^(?:utils?|helpers?|common|managers?|misc|shared)(?:\.ts)?$/.test(part))
    const isKebab = path.split('/').every((part) => /^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.d)?(?:\.ts)?$/.test(part))
    return [
      ...(vague === undefined ? [] : [{ line: 1, what: `is called ${vague}` }]),
      ...(isKebab ? [] : [{ line: 1, what: 'is not kebab-case' }]),
    ]
  },
)

const filesOpenWithComment = eachFile(
  'each file opens with what it is and its neighbours on the way of a document (conventions)',
  ({ path, text }) =>
    isGenerated(path) || headerOf(text) !== '' ? [] : [{ line: 1, what: 'opens without a comment' }],
)

const noEnums = eachFile(
  'string-literal unions, never enums; any switches the compiler off (conventions)',
  ({ path, bareCode }) =>
    isGenerated(path)
      ? []
      : [...find(bareCode, /\benum\s+\w+\s*\{/g), ...find(bareCode, /(?::|\bas|<|,|\|)\s*any\b(?!\w|\s*\()/g)],
)

/** Every rule by name. */
export const rules: Readonly<Record<string, Rule>> = {
  importsGoDown,
  onlyKnownFolders,
  roomsStayApart,
  noCycles,
  noBarrels,
  noDefaultExports,
  importsAreVisible,
  packagesAreImportedByName,
  packagesStayHome,
  adaptersAreHandedIn,
  documentIsPure,
  programsOwnTheProcess,
  filesAreShort,
  namesSaySomething,
  filesOpenWithComment,
  noEnums,
}
