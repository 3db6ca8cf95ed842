// The PIN goes out of a tram.toml, however it is written, and nothing else does.
import { describe, expect, it } from 'vitest'
import { withoutPin } from '../../../../src/surface/box/medium-import.ts'

describe('a tram.toml without its PIN', () => {
  it.each([
    ['[first_boot]\npin = "1234"\nmake_token = true\n', '[first_boot]\nmake_token = true\n'],
    ['[first_boot]\r\n  "pin"="1234" # here\r\n[ups]\r\nline = "x"', '[first_boot]\r\n[ups]\r\nline = "x"'],
    ['[ first_boot ]\npin = "1234"', '[ first_boot ]'],
    ['first_boot.pin = "1234"\n[station]\npin = "5"', '[station]\npin = "5"'],
    ['first_boot = { pin = "1234" }\n[station]', '[station]'],
    ['[token]\npin_file = "/x"', '[token]\npin_file = "/x"'],
  ])('of %j is %j', (text, left) => expect(withoutPin(text)).toBe(left))
})
