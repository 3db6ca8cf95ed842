// The architecture, kept: docs/design/architecture.md rules 1–6 over src/. A violation prints its reason.
// The second half proves on small samples that every rule can fail, and that lawful code does not trip it.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { adapterPackages, purePackages } from './architecture/npm-packages.ts'
import { rules } from './architecture/rules.ts'
import { analyse, readSources } from './architecture/source-file.ts'

const root = join(import.meta.dirname, '..')
const sources = analyse(readSources(root))

/** What rule `name` says of these texts; each gets an opening comment. */
function violations(name: string, texts: Record<string, string>): string[] {
  const files = analyse(new Map(Object.entries(texts).map(([path, text]) => [path, `// A sample.\n${text}`])))
  return (rules[name]?.(files) ?? []).map(({ file, line, what }) => `${file}:${line} ${what}`)
}

describe('src/ keeps the architecture', () => {
  it('is found', () => {
    expect(sources.map(({ path }) => path)).toContain('src/base/clock.ts')
    const imported = sources.flatMap(({ imports }) => imports.flatMap(({ target }) => target ?? []))
    expect(imported.filter((path) => path.startsWith('src/') && !sources.some((file) => file.path === path))).toEqual(
      [],
    )
  })

  it.each(Object.entries(rules))('%s', (_name, rule) => {
    const found = rule(sources).map(({ file, line, what, reason }) => `${file}:${line}: ${what}\n    because ${reason}`)
    expect(found.join('\n')).toBe('')
  })

  it('has a place for every dependency', () => {
    const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const listed = [...Object.keys(purePackages), ...Object.values(adapterPackages).flat()]
    const homeless = Object.keys(dependencies).filter(
      (name) => !listed.some((entry) => (entry.endsWith('/') ? name.startsWith(entry) : name === entry)),
    )
    expect(homeless, 'add them to test/architecture/npm-packages.ts').toEqual([])
  })
})

/** For each rule: texts that break it, and how often. */
const broken: [rule: string, texts: Record<string, string>, count: number][] = [
  ['importsGoDown', { 'src/base/a.ts': "import { b } from '../document/b.ts'" }, 1],
  ['importsGoDown', { 'src/exchange/a.ts': "import type { B } from '../surface/vxp/b.ts'" }, 1],
  ['importsGoDown', { 'src/surface/rest/a.ts': "import type {\n  B,\n} from '../../config.ts'" }, 1],
  ['importsGoDown', { 'src/exchange/a.ts': "import { b } from '../../test/b.ts'" }, 1],
  ['importsGoDown', { 'src/exchange/a.ts': "import b from '../../hw/b.ts'" }, 1],
  ['importsGoDown', { 'src/exchange/a.ts': "const b = await import('../station.ts')" }, 1],
  ['importsGoDown', { 'src/exchange/a.ts': "export { b } from '../surface/b.ts'" }, 1],
  ['onlyKnownFolders', { 'src/services/a.ts': '' }, 1],
  ['roomsStayApart', { 'src/equipment/link/a.ts': "import { b } from '../store/b.ts'" }, 1],
  ['roomsStayApart', { 'src/surface/vxp/a.ts': "import { b } from '../rest/b.ts'" }, 1],
  [
    'noCycles',
    {
      'src/base/a.ts': "import './b.ts'",
      'src/base/b.ts': "import { c } from './c.ts'",
      'src/base/c.ts': "import type { A } from './a.ts'",
    },
    1,
  ],
  ['noBarrels', { 'src/base/index.ts': 'export const a = 1' }, 1],
  ['noBarrels', { 'src/base/a.ts': "export { b } from './b.ts'\nexport { c } from './c.ts'" }, 1],
  ['noBarrels', { 'src/base/a.ts': "export * from './b.ts'\nexport const c = 1" }, 1],
  ['noDefaultExports', { 'src/base/a.ts': 'export default class A {}' }, 1],
  ['noDefaultExports', { 'src/base/a.ts': 'const a = 1\nexport { a as default }' }, 1],
  ['importsAreVisible', { 'src/base/a.ts': 'const name = 1\nawait import(name)' }, 1],
  ['packagesAreImportedByName', { 'src/equipment/mqtt/mqtt-a.ts': "const { M } = await import('mqtt')" }, 1],
  ['packagesStayHome', { 'src/equipment/store/record-store.ts': "import { Level } from 'level'" }, 1],
  ['packagesStayHome', { 'src/equipment/link/level-link.ts': "import type { PeerId } from '@libp2p/interface'" }, 1],
  ['packagesStayHome', { 'src/exchange/level-outbox.ts': "import { Level } from 'level'" }, 1],
  ['packagesStayHome', { 'src/exchange/a.ts': "import left from 'left-pad'" }, 1],
  ['packagesStayHome', { 'src/document/a.ts': "import Type from 'typebox'" }, 1],
  ['packagesStayHome', { 'src/exchange/a.ts': "import { x } from 'typebox/value'" }, 1],
  ['adaptersAreHandedIn', { 'src/exchange/a.ts': "import { L } from '../equipment/store/level-store.ts'" }, 1],
  ['adaptersAreHandedIn', { 'src/main.ts': "import { P } from './equipment/token/pkcs11-token.ts'" }, 1],
  ['documentIsPure', { 'src/document/a.ts': "import { readFile } from 'node:fs/promises'" }, 1],
  ['documentIsPure', { 'src/document/a.ts': "import { setTimeout as wait } from 'node:timers/promises'" }, 2],
  ['documentIsPure', { 'src/document/a.ts': "import { createHash, randomBytes } from 'node:crypto'" }, 1],
  [
    'documentIsPure',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is source text
    { 'src/document/a.ts': 'const a = [Date.now(), new Date(), Math.random(), `${performance.now()}`]' },
    4,
  ],
  ['programsOwnTheProcess', { 'src/station.ts': 'process.exit(1)' }, 1],
  ['programsOwnTheProcess', { 'src/surface/cli/a.ts': 'const { argv } = process' }, 1],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the sample is source text
  ['programsOwnTheProcess', { 'src/base/a.ts': 'const home = `${process.env.HOME}`' }, 1],
  ['programsOwnTheProcess', { 'src/base/a.ts': "import { env } from 'node:process'" }, 1],
  ['programsOwnTheProcess', { 'src/equipment/systemd/a.ts': 'const a = process.env.NOTIFY_SOCKET' }, 1],
  ['filesAreShort', { 'src/base/a.ts': '\n'.repeat(260) }, 1],
  ['filesAreShort', { 'src/base/a.ts': `// Long because: tables.\n${'\n'.repeat(400)}` }, 1],
  ['namesSaySomething', { 'src/base/utils/a.ts': '' }, 1],
  ['namesSaySomething', { 'src/base/helpers.ts': '' }, 1],
  ['namesSaySomething', { 'src/base/peerLink.ts': '' }, 1],
  ['noEnums', { 'src/base/a.ts': 'export const enum Colour { Red }' }, 1],
  ['noEnums', { 'src/base/a.ts': 'const a = (b: any) => b as any' }, 2],
]

/** Lawful code that looks like a violation. */
const lawful: [rule: string, texts: Record<string, string>][] = [
  ['importsGoDown', { 'src/equipment/host/a.ts': "import b from '../../../hw/b.json' with { type: 'json' }" }],
  [
    'packagesStayHome',
    { 'src/exchange/a.ts': "export interface A {\n  from: string\n}\nexport const a = { from: 'b' }" },
  ],
  [
    'packagesStayHome',
    { 'src/exchange/a.ts': "export async function a(b: B) {\n  c.from('d')\n  return from\n 'e'\n}" },
  ],
  ['packagesStayHome', { 'src/exchange/a.ts': "const a = parameters.require('docId')\nconst b = this.import('c')" }],
  ['noBarrels', { 'src/base/a.ts': "const a = 1\nexport { a }\nimport { b } from './b.ts'" }],
  [
    'importsGoDown',
    { 'src/exchange/a.ts': "import { b } from '../equipment/b.ts'\n// import { c } from '../surface/c.ts'" },
  ],
  ['importsGoDown', { 'src/base/a.ts': 'const text = "import { b } from \'../surface/b.ts\'"' }],
  ['roomsStayApart', { 'src/equipment/link/a.ts': "import { b } from './schema/b.ts'\nimport '../../base/c.ts'" }],
  ['noBarrels', { 'src/base/a.ts': "import { b } from './b.ts'\nexport const c = b" }],
  [
    'noCycles',
    { 'src/base/a.ts': "import './b.ts'\nimport './c.ts'", 'src/base/b.ts': "import './c.ts'", 'src/base/c.ts': '' },
  ],
  ['packagesStayHome', { 'src/equipment/store/level-store.ts': "import { Level } from 'level'\nimport 'node:fs'" }],
  ['packagesStayHome', { 'src/equipment/link/link-options.ts': "import Type from 'typebox'" }],
  ['adaptersAreHandedIn', { 'src/station.ts': "import { L } from './equipment/store/level-store.ts'" }],
  ['adaptersAreHandedIn', { 'src/equipment/link/libp2p-link.ts': "import { C } from './libp2p-config.ts'" }],
  [
    'documentIsPure',
    { 'src/document/a.ts': "import { verify } from 'node:crypto'\nconst a = new Date(5) // Date.now()" },
  ],
  ['documentIsPure', { 'src/document/a.ts': "const a = /Date.now()/.test('Math.random()') ? `process` : 1" }],
  ['programsOwnTheProcess', { 'src/main.ts': 'process.exit(Number(process.env.CODE))' }],
  ['programsOwnTheProcess', { 'src/exchange/a.ts': 'const usage = process.memoryUsage()' }],
  ['filesAreShort', { 'src/base/a.ts': `// Long because: tables.\n${'\n'.repeat(300)}` }],
  ['filesAreShort', { 'src/base/schema/a.ts': '\n'.repeat(3000) }],
  ['noEnums', { 'src/base/a.ts': 'const a = new AbortController()\nconst b = AbortSignal.any([a.signal])' }],
]

/** Samples with a title that fits a line. */
function titled<Rest extends unknown[]>(samples: [string, Record<string, string>, ...Rest][]) {
  return samples.map(([rule, texts, ...rest]): [string, string, Record<string, string>, ...Rest] => {
    const [[path, text] = ['', '']] = Object.entries(texts)
    return [rule, `${path}: ${text.trim().replaceAll('\n', ' ').slice(0, 70)}`, texts, ...rest]
  })
}

describe('the rules themselves', () => {
  it.each(titled(broken))('%s finds %s', (rule, _title, texts, count) => {
    expect(violations(rule, texts)).toHaveLength(count)
  })

  it.each(titled(lawful))('%s lets pass %s', (rule, _title, texts) => {
    expect(violations(rule, texts)).toEqual([])
  })

  it('finds a file without an opening comment', () => {
    expect(rules.filesOpenWithComment?.(analyse(new Map([['src/base/a.ts', 'export const a = 1']])))).toHaveLength(1)
  })

  it('are all shown to fail', () => {
    const shown = new Set([...broken.map(([rule]) => rule), 'filesOpenWithComment'])
    expect(Object.keys(rules).filter((rule) => !shown.has(rule))).toEqual([])
  })
})
