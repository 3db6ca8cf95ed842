// parseOptions: defaults, refusals, and that each refusal names the dotted key and the real line.
import Type, { type TSchema } from 'typebox'
import { describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { maxConfigLength, parseOptions } from '../../../src/base/options.ts'

const house = Type.Object({
  name: Type.String({ minLength: 1 }),
  doors: Type.Integer({ default: 2, minimum: 1 }),
  colour: Type.Union([Type.Literal('red'), Type.Literal('green')], { default: 'red' }),
  yard: Type.Optional(Type.Object({ trees: Type.Integer() })),
  tags: Type.Array(Type.String(), { default: [] }),
})
const rider = Type.Array(Type.Object({ name: Type.String(), horse: Type.Boolean({ default: true }) }))
const sections = { house, rider }

/** What parseOptions says of `text`. */
function refusalOf(
  text: string,
  schemas: Record<string, TSchema> = sections,
  unknown: 'refuse' | 'ignore' = 'refuse',
): { line: unknown; key: unknown; detail: string } {
  try {
    parseOptions(text, 'tram.toml', schemas, unknown)
  } catch (error) {
    if (!(error instanceof TramError) || error.code !== 'CONFIG_INVALID') throw error
    expect(error.data.file).toBe('tram.toml')
    return { line: error.data.line, key: error.data.key, detail: String(error.data.detail) }
  }
  throw new Error('the text was accepted')
}

describe('parseOptions', () => {
  it('fills in defaults and keeps what is given', () => {
    const text = '[house]\nname = "An"\n\n[[rider]]\nname = "Binh"\n[[rider]]\nname = "Chi"\nhorse = false\n'
    expect(parseOptions(text, 'tram.toml', sections, 'refuse')).toEqual({
      house: { name: 'An', doors: 2, colour: 'red', tags: [] },
      rider: [
        { name: 'Binh', horse: true },
        { name: 'Chi', horse: false },
      ],
    })
  })

  it('takes an absent table as empty and an absent array of tables as none', () => {
    const easy = Type.Object({ doors: Type.Integer({ default: 2 }) })
    expect(parseOptions('', 'tram.toml', { easy, rider }, 'refuse')).toEqual({ easy: { doors: 2 }, rider: [] })
  })

  it('does not share a default between two readings', () => {
    const first = parseOptions('[house]\nname="a"', 'x', sections, 'refuse')
    first.house.tags.push('changed')
    expect(parseOptions('[house]\nname="a"', 'x', sections, 'refuse').house.tags).toEqual([])
  })

  it.each([
    ['a wrong type', '# note\n[house]\nname = "An"\ndoors = "two"\n', 4, 'house.doors', 'must be integer'],
    ['a number out of range', '[house]\nname = "An"\ndoors = 0\n', 3, 'house.doors', 'must be >= 1'],
    ['a wrong choice', '[house]\nname = "An"\ncolour = "blue"', 3, 'house.colour', 'must be one of "red", "green"'],
    ['a missing key', '\n\n[house]\ndoors = 3\n', 3, 'house.name', 'is missing'],
    ['a missing table', '\n\n', 1, 'house.name', 'is missing'],
    [
      'a missing key in an element',
      '[house]\nname="a"\n[[rider]]\nname="b"\n[[rider]]\nhorse=true',
      5,
      'rider[1].name',
      'is missing',
    ],
    ['an unknown key', '[house]\nname = "An"\nwindows = 4\n', 3, 'house.windows', 'is not a known key'],
    [
      'an unknown key in a sub-table',
      '[house]\nname="a"\n[house.yard]\ntrees=1\ndogs=2',
      5,
      'house.yard.dogs',
      'is not a known key',
    ],
    [
      'an unknown key in an inline table',
      '[house]\nname="a"\nyard = { trees = 1, dogs = 2 }',
      3,
      'house.yard.dogs',
      'is not a known key',
    ],
    ['a dotted key', 'house.name = "An"\nhouse.yard.trees = "many"', 2, 'house.yard.trees', 'must be integer'],
    [
      'a wrong element',
      '[house]\nname="a"\ntags = [\n  "x", # one\n  "y",\n  3,\n]',
      6,
      'house.tags[2]',
      'must be string',
    ],
    [
      'a key behind a long string',
      '[house]\nname = """\n[x]\ndoors = 1\n"""\ndoors = true',
      6,
      'house.doors',
      'must be integer',
    ],
    ['a section that is no table', 'house = 3', 1, 'house', 'must be object'],
    ['a table where an array of tables belongs', '[house]\nname="a"\n[rider]\nname="b"', 3, 'rider', 'must be array'],
    ['an unknown section', '[house]\nname="a"\n[stable]\nx=1', 3, 'stable', 'is not a known key'],
    ['a quoted unknown key', '[house]\nname="a"\n"my key" = 1', 3, 'house."my key"', 'is not a known key'],
    ['a syntax error', '[house]\nname = "An"\ndoors = = 3\n', 3, '(syntax)', 'column 9'],
    ['a key given twice', '[house]\nname = "An"\nname = "Binh"\n', 3, '(syntax)', 'Invalid TOML document'],
    ['an unsafe key', '[house]\nname = "An"\n__proto__ = 1\n', 3, '(syntax)', 'Invalid TOML document'],
  ])('refuses %s', (_what, text, line, key, detail) => {
    const refusal = refusalOf(text)
    expect(refusal).toMatchObject({ line, key })
    expect(refusal.detail).toContain(detail)
  })

  it('counts lines the same with CR LF', () => {
    expect(refusalOf('[house]\r\nname = "An"\r\n\r\ndoors = "x"\r\n')).toMatchObject({ line: 4, key: 'house.doors' })
  })

  it('names the first mistake in the order of the file', () => {
    expect(refusalOf('[[rider]]\nname = 1\n[house]\nname = "a"\nwindows = 1\ndoors = 0')).toMatchObject({ line: 2 })
    expect(refusalOf('[house]\nname = 1\nwindows = 1')).toMatchObject({ line: 2, key: 'house.name' })
  })

  it('ignores other sections when told to, but not unknown keys inside a known one', () => {
    const text = '[stable]\nx = 1\n[[rider]]\nname = "b"\n'
    expect(parseOptions(text, 'tram.toml', { rider }, 'ignore')).toEqual({ rider: [{ name: 'b', horse: true }] })
    expect(refusalOf(`${text}saddle = 1`, { rider }, 'ignore')).toMatchObject({ line: 5, key: 'rider[0].saddle' })
  })

  it('bounds length and depth before it believes anything', () => {
    expect(refusalOf('#'.repeat(maxConfigLength + 1))).toMatchObject({ key: '(file)' })
    expect(refusalOf(`a = ${'['.repeat(50)}${']'.repeat(50)}`)).toMatchObject({ key: '(syntax)', line: 1 })
  })

  it('never repeats a value or its neighbours: they may be secrets', () => {
    const schemas = { backend: Type.Object({ secret: Type.String({ minLength: 40 }) }) }
    for (const text of ['[backend]\nsecret = "hunter2"', '[backend]\nsecret = "hunter2"\nbroken = = 1']) {
      try {
        parseOptions(text, 'tram.toml', schemas, 'refuse')
        expect.unreachable()
      } catch (error) {
        expect(error).toBeInstanceOf(TramError)
        const { message, cause, data } = error as TramError
        expect(`${message} ${String(cause)} ${JSON.stringify(data)}`).not.toContain('hunter2')
      }
    }
  })
})
