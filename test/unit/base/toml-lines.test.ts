// locateTomlKeys against the parser: whatever smol-toml reads, every key of it is found, at the line that was written.
import fc from 'fast-check'
import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { locateTomlKeys, type TomlPath } from '../../../src/base/toml-lines.ts'

/** Every table key and array element in `value`. */
function* places(value: unknown, path: TomlPath = []): Iterable<TomlPath> {
  if (typeof value !== 'object' || value === null || value instanceof Date) return
  for (const [key, inner] of Object.entries(value)) {
    const place = [...path, Array.isArray(value) ? Number(key) : key]
    yield place
    yield* places(inner, place)
  }
}

describe('locateTomlKeys', () => {
  it('remembers only the first parts of a key that has very many', () => {
    // Found by `npm run fuzz`, target toml: 40 KB of this took more than 500 MB, since each prefix was remembered whole.
    const deep = Array.from({ length: 20 }, () => 'a')
    const two = locateTomlKeys(`${deep.join('.')}.b = 1\n${deep.join('.')}.c = 1\n`)
    expect(two.lineOf([...deep, 'c'])).toBe(1)
    const text = `[station]\n${'a.'.repeat(500_000)}a = 1\nb = 2\n`
    const lines = locateTomlKeys(text)
    expect(lines.lineOf(['station', 'a', 'a'])).toBe(2)
    expect(lines.lineOf(['station', 'b'])).toBe(3)
    const header = locateTomlKeys(`\n[${'a.'.repeat(500_000)}a]\nb = 2\n`)
    expect(header.lineOf(['a'])).toBe(2)
  })

  it('finds keys in every notation', () => {
    const text = [
      '# [comment]',
      'a = 1 # b = 2',
      "'quoted key' = 'it''s' # not a string: two of them".replace("'it''s'", '"it\'s = [x]"'),
      '"uni\\u0041" = """',
      'x = 1',
      '[no] """"',
      "c . d = '''",
      "y = 2'''",
      'list = [',
      '  1, # ]',
      '  "]",',
      '  { k = [',
      '      true ] },',
      ']',
      '[t.u]',
      'v = 1979-05-27T07:32:00Z',
      '[[t.w]]',
      'n = 1',
      '[[t.w]]',
      '[t.w.inner]',
      'n = 2',
      '[ "spaced" . out ]',
      'last = -0.5e3',
    ].join('\r\n')
    parse(text)
    const lines = locateTomlKeys(text)
    const at = (...path: TomlPath): number => lines.lineOf(path)
    expect([at('a'), at('quoted key'), at('uniA'), at('c', 'd'), at('list')]).toEqual([2, 3, 4, 7, 9])
    expect([at('list', 0), at('list', 1), at('list', 2, 'k'), at('list', 2, 'k', 0)]).toEqual([10, 11, 12, 13])
    expect([at('t', 'u', 'v'), at('t', 'w'), at('t', 'w', 0, 'n'), at('t', 'w', 1)]).toEqual([16, 17, 18, 19])
    expect([at('t', 'w', 1, 'inner', 'n'), at('spaced', 'out', 'last')]).toEqual([21, 23])
  })

  it('answers with the nearest line for what is not there', () => {
    const lines = locateTomlKeys('x = 1\n[a]\nb = 2\n')
    expect(lines.lineOf(['a', 'missing', 'deep'])).toBe(2)
    expect(lines.lineOf(['nowhere'])).toBe(1)
  })

  it('finds everything that the parser finds, one key a line', () => {
    const key = fc.oneof(fc.stringMatching(/^[A-Za-z0-9_-]{1,8}$/), fc.string({ minLength: 1, maxLength: 6 }))
    const value = fc.oneof(
      fc.integer(),
      fc.boolean(),
      fc.string({ maxLength: 20 }),
      fc.array(fc.string({ maxLength: 5 }), { maxLength: 4 }),
    )
    const entry = fc.tuple(key, value)
    const table = fc.tuple(
      fc.array(key, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      fc.array(entry, { maxLength: 4 }),
    )
    const property = fc.property(fc.array(table, { maxLength: 6 }), (tables) => {
      const written: string[] = []
      for (const [path, isArray, entries] of tables) {
        const name = path.map((part) => JSON.stringify(part)).join('.')
        written.push('# comment "', isArray ? `[[${name}]]` : `[${name}]`)
        for (const [name, inner] of entries) written.push(`${JSON.stringify(name)} = ${JSON.stringify(inner)}`)
      }
      const text = written.join('\n')
      let parsed: unknown
      try {
        parsed = parse(text)
      } catch {
        fc.pre(false) // names that clash; the rest is enough
      }
      const lines = locateTomlKeys(text)
      const sourceLines = text.split('\n')
      for (const place of places(parsed)) {
        const named = [...place].reverse().find((part) => typeof part === 'string')
        expect(sourceLines[lines.lineOf(place) - 1]).toContain(JSON.stringify(named))
      }
    })
    fc.assert(property, { numRuns: 500 })
  })

  it('comes to an end with any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'[]{}"\'\\=.,#\n a1') }), (text) => {
        expect(locateTomlKeys(text).lineOf(['a'])).toBeLessThanOrEqual(text.split('\n').length)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('valueOf', () => {
  it('is the value and nothing around it, in every notation', () => {
    const text = [
      'a = "x" # "y"',
      "b.c = '''",
      "it's'''",
      'd = [ 1, [ "]" ], # ]',
      ' { e = "}" } ] # end',
      'f = { g = "h" }',
      'i = 12 # a number',
      '[[j]]',
      'k = "first"',
      '[[j]]',
      'k = "second"',
    ].join('\n')
    const lines = locateTomlKeys(text)
    const slice = (...path: (string | number)[]): string | undefined => {
      const span = lines.valueOf(path)
      return span && text.slice(span.start, span.end)
    }
    expect(slice('a')).toBe('"x"')
    expect(slice('b', 'c')).toBe("'''\nit's'''")
    expect(slice('d')).toBe('[ 1, [ "]" ], # ]\n { e = "}" } ]')
    expect(slice('f', 'g')).toBe('"h"')
    expect([slice('j', 0, 'k'), slice('j', 1, 'k')]).toEqual(['"first"', '"second"'])
    expect([slice('i'), slice('nowhere'), slice('j')]).toEqual(['12', undefined, undefined])
  })
})
