// Times, durations, sizes and columns as people read them.
import { describe, expect, it } from 'vitest'
import { byteSize, columns, duration, oneLine, vietnamTime } from '../../../src/base/text-format.ts'

describe('times', () => {
  it('are Vietnam’s, also across midnight and years', () => {
    expect(vietnamTime(Date.UTC(2026, 11, 31, 17, 0, 5, 7))).toBe('01/01/2027 00:00:05')
    expect(vietnamTime(Date.UTC(2026, 10, 21, 1, 2, 3, 45), true)).toBe('21/11/2026 08:02:03.045')
  })

  it.each([
    [0, '0 ms'],
    [-5, '0 ms'],
    [999, '999 ms'],
    [1000, '1.0 s'],
    [59_990, '59.9 s'],
    [60_000, '1 min'],
    [185_000, '3 min 5 s'],
    [7_800_000, '2 h 10 min'],
    [86_400_000 * 4 + 3_600_000 * 3 + 60_000, '4 d 3 h'],
  ])('%d ms last %s', (ms, text) => {
    expect(duration(ms)).toBe(text)
  })
})

describe('sizes', () => {
  it.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1536, '1.5 KiB'],
    [5 * 1024 ** 3, '5.0 GiB'],
    [3000 * 1024 ** 4, '3000.0 TiB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(byteSize(bytes)).toBe(text)
  })
})

describe('columns', () => {
  it('line up whatever the letters are made of', () => {
    const decomposed = 'đã chuyển'.normalize('NFD')
    expect(
      columns([
        ['a', 'x'],
        [decomposed, 'y'],
        ['đã chuyển', 'z'],
      ]).split('\n'),
    ).toEqual(['a          x', `${decomposed}  y`, 'đã chuyển  z'])
  })

  it('leave no blanks at the end', () => {
    expect(
      columns([
        ['a', ''],
        ['bbb', 'c'],
      ]),
    ).toBe('a\nbbb  c')
  })

  it('keep text from elsewhere on its line and without control characters', () => {
    expect(oneLine('a\n\u001b[31mb\u202ec')).toBe('a [31mb c')
    expect(columns([['x\ny', 'z']])).toBe('x y  z')
  })
})
