import { describe, expect, it } from 'vitest'
import { neighbourhoodOf, Shares } from '../../../../src/surface/vxp/vxp-shares.ts'

/** How many of these names get before nobody gets any more, each asking in turn. */
function grabbed(places: number, names: readonly string[]): Record<string, number> {
  const shares = new Shares(places)
  const held = Object.fromEntries(names.map((name) => [name, 0]))
  for (let before = -1, taken = 0; taken > before; ) {
    before = taken
    for (const name of names) {
      if (!shares.take(name)) continue
      held[name] = (held[name] ?? 0) + 1
      taken += 1
    }
  }
  return held
}

describe('shares', () => {
  it('give one that is alone nearly all', () => {
    expect(grabbed(64, ['a'])).toEqual({ a: 56 })
    expect(grabbed(256, ['a'])).toEqual({ a: 224 })
    expect([1, 2, 3, 4, 8, 16].map((places) => grabbed(places, ['a']).a)).toEqual([1, 1, 2, 3, 7, 14])
  })

  it('leave a place for whoever comes later than one or two that want all', () => {
    expect(grabbed(64, ['a', 'b'])).toEqual({ a: 30, b: 29 })
    for (const greedy of [1, 2]) {
      const shares = new Shares(64)
      for (let name = 0; name < greedy; name++) while (shares.take(`greedy ${name}`));
      expect(shares.take('late')).toBe(true)
    }
  })

  it('come back', () => {
    const shares = new Shares(2)
    expect([shares.take('a'), shares.take('a'), shares.take('b'), shares.take('c')]).toEqual([true, false, true, false])
    shares.release('a')
    expect([shares.take('b'), shares.take('c')]).toEqual([false, true])
    shares.release('b')
    shares.release('c')
    expect(shares.take('b')).toBe(true)
  })

  it('are those of an owner of addresses', () => {
    expect(neighbourhoodOf('10.1.2.3')).toBe('10.1.2.3')
    expect(neighbourhoodOf('::ffff:10.1.2.3')).toBe('10.1.2.3')
    expect(neighbourhoodOf('fe80::1%eth0')).toBe('fe80:0:0:0::/64')
    expect(neighbourhoodOf('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64')
    expect(neighbourhoodOf('2001:db8::5:6')).toBe('2001:db8:0:0::/64')
    expect(neighbourhoodOf('::1')).toBe('0:0:0:0::/64')
    expect(neighbourhoodOf('')).toBe('')
  })
})
