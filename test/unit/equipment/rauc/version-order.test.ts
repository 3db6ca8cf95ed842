import { describe, expect, test } from 'vitest'
import { isNewer, isVersion } from '../../../../src/equipment/rauc/version-order.ts'

describe('versions', () => {
  // semver.org §11, each newer than the one before.
  const rising = [
    '0.1.0',
    '0.1.1',
    '0.2.0',
    '0.10.0',
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '2.0.0',
  ]

  test('are in the order of semver.org', () => {
    for (const [at, one] of rising.entries())
      for (const [otherAt, other] of rising.entries()) expect(isNewer(one, other), `${one} ${other}`).toBe(at > otherAt)
  })

  test('do not differ by what they were built from', () => {
    expect(isNewer('1.0.0+b', '1.0.0+a')).toBe(false)
    expect(isNewer('1.0.0+a', '1.0.0+b')).toBe(false)
  })

  test.each(['', '1', '1.0', '01.0.0', '1.0.0.0', 'v1.0.0', '1.0.0-', '1.0.0 ', '9999999999.0.0', '1.0.0-ü', '-1.0.0'])(
    'are not "%s"',
    (text) => {
      expect(isVersion(text)).toBe(false)
      expect(() => isNewer(text, '1.0.0')).toThrow(RangeError)
    },
  )
})
