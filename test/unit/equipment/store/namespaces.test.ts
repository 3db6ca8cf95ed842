// Keys: one namespace never reaches into another, and numbers sort as numbers.
import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  key,
  type Namespace,
  namespaces,
  range,
  retired,
  sequencePart,
} from '../../../../src/equipment/store/namespaces.ts'

const names = Object.keys(namespaces) as Namespace[]
const compare = (a: string, b: string) => Buffer.compare(Buffer.from(a), Buffer.from(b))

test('names are plain, have a meaning, and none is retired', () => {
  for (const name of names) {
    expect(name).toMatch(/^[a-z]+$/)
    expect(namespaces[name].length).toBeGreaterThan(10)
    expect(Object.hasOwn(retired, name)).toBe(false)
  }
})

test('only the last part may contain a colon', () => {
  expect(key('item', 'a', 'b:c')).toBe('item:a:b:c')
  expect(() => key('item', 'a:b', 'c')).toThrow(RangeError)
  expect(() => range('item', 'a:b')).toThrow(RangeError)
  expect(() => key('item', '\ud800')).toThrow(RangeError)
  expect(() => range('item', '\ud800')).toThrow(RangeError)
})

test('numbers sort as numbers', () => {
  const numbers = [0, 1, 9, 10, 99, 100, 2 ** 32, Number.MAX_SAFE_INTEGER]
  const parts = numbers.map(sequencePart)
  expect([...parts].sort(compare)).toEqual(parts)
  expect(new Set(parts.map((part) => part.length)).size).toBe(1)
  for (const wrong of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => sequencePart(wrong)).toThrow(RangeError)
})

test('a key is in the range of exactly its own prefixes', () => {
  const part = fc.string({ unit: 'grapheme', maxLength: 6 }).map((text) => text.replaceAll(':', ''))
  const name = fc.constantFrom(...names)
  fc.assert(
    fc.property(
      name,
      fc.array(part, { minLength: 1, maxLength: 3 }),
      name,
      fc.array(part, { maxLength: 3 }),
      (a, parts, b, prefix) => {
        const { from, to } = range(b, ...prefix)
        const full = key(a, ...parts)
        const inside = compare(full, from) >= 0 && compare(full, to) < 0
        const expected = a === b && parts.length > prefix.length && prefix.every((each, index) => each === parts[index])
        expect(inside).toBe(expected)
      },
    ),
    { numRuns: 2000 },
  )
})
