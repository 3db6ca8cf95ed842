// The documentation against the sources: generated pages are current, every example configuration is accepted.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generatedPages, readFigures } from '../scripts/generated-pages.ts'
import { catalogue } from '../src/base/conditions/catalogue.ts'
import { parseOptions } from '../src/base/options.ts'
import { configSections, parseConfig } from '../src/config.ts'

const root = join(import.meta.dirname, '..')
const read = (path: string): string => readFileSync(join(root, path), 'utf8')

const pages = await generatedPages()

describe('generated pages', () => {
  it.each([...pages])('%s is current (npm run generate:docs)', (path, text) => {
    expect(read(path)).toBe(text)
  })

  it('hold every condition', () => {
    const page = pages.get('docs/conditions.md') ?? ''
    expect([...page.matchAll(/^### (\w+)$/gm)].map((match) => match[1]).sort()).toEqual(Object.keys(catalogue).sort())
  })

  it('describe every key', () => {
    const page = pages.get('docs/configuration.md') ?? ''
    for (const [name, schema] of Object.entries(configSections)) {
      const { properties } = 'items' in schema ? schema.items : schema
      for (const [key, option] of Object.entries(properties)) {
        expect(page).toContain(`| \`${key}\` |`)
        expect(option, `${name}.${key} needs a description`).toHaveProperty('description')
      }
    }
  })
})

describe('figures', () => {
  const { figures, isQuick } = readFigures()

  it('are measured in full', () => {
    expect(figures.length).toBeGreaterThan(0)
    expect(isQuick).toBe(false)
    expect(figures.filter(({ failure }) => failure !== undefined)).toEqual([])
  })

  it('that miss their target have a chapter that says why', () => {
    const chapters = [...read('docs/figures-notes.md').matchAll(/^## (\S+)$/gm)].map((match) => match[1])
    const missed = figures.filter(({ result }) => result?.met === false).map(({ id }) => id)
    expect(chapters).toEqual(expect.arrayContaining(missed))
  })
})

/** Examples of tram.toml: files, and blocks in pages. */
const examples: [where: string, text: string][] = globSync('{docs,image,systemd,hw}/**/*.{md,toml}', { cwd: root })
  .concat(globSync('*.md', { cwd: root }))
  .sort()
  .flatMap((path): [string, string][] => {
    if (path.endsWith('.toml')) return [[path, read(path)]]
    return [...read(path).matchAll(/^```toml\n(.*?)^```/gms)].map((match, index) => [
      `${path} #${index + 1}`,
      match[1] ?? '',
    ])
  })

describe('example configurations', () => {
  it('are there', () => {
    expect(examples.map(([where]) => where)).toContain('docs/configuration.md #1')
  })

  it.each(examples)('%s is accepted', (where, text) => {
    const isWhole = /^\[station\]/m.test(text)
    if (isWhole) {
      expect(parseConfig(text, '/etc/tram/tram.toml').station.id).toMatch(/^[a-z0-9-]+$/)
      return
    }
    // A part of a file: the sections that it shows.
    const shown = Object.entries(configSections).filter(([name]) => new RegExp(`^\\[\\[?${name}\\b`, 'm').test(text))
    expect(shown, 'shows no section of tram.toml').not.toEqual([])
    expect(parseOptions(text, where, Object.fromEntries(shown), 'refuse')).toBeDefined()
  })
})
