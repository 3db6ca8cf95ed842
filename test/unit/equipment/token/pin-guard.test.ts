import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type LoginOutcome,
  type PinCredential,
  PinGuard,
  type PinTarget,
} from '../../../../src/equipment/token/pin-guard.ts'

let folder: string
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), 'tram-pin-')), 'pin-state')
})
afterEach(() => rmSync(join(folder, '..'), { recursive: true }))

const noFlags = { countLow: false, finalTry: false, locked: false }
const target = (flags: Partial<PinTarget['flags']> = {}, serial = 'S1'): PinTarget => ({
  label: 'T',
  serial,
  flags: { ...noFlags, ...flags },
})
const file: PinCredential = { id: 'file-1', byPerson: false }
const person: PinCredential = { id: 'typed-1', byPerson: true }
/** With a word that fits into a text of any language. */
const latched = expect.objectContaining({
  code: 'TOKEN_PIN_LATCHED',
  data: { token: expect.any(String), reason: expect.stringMatching(/^[A-Z_]+$/) },
})
/** A process that dies inside C_Login never comes back from it. */
class Died extends Error {}

/** A login by a fresh guard, as after a restart. @returns how often the token was asked */
function login(credential: PinCredential, outcome: LoginOutcome | 'dies', at = target()): number {
  let asked = 0
  new PinGuard({ folder }).login(at, credential, () => {
    asked += 1
    if (outcome === 'dies') throw new Died()
    return outcome
  })
  return asked
}
const accepted: LoginOutcome = { kind: 'accepted' }
const refused: LoginOutcome = { kind: 'refused', reason: 'CKR_PIN_INCORRECT' }
const stateFiles = (kind: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith(`${kind}-`)) : []

describe('intent', () => {
  it('is on disk while the token is asked and gone after success', () => {
    new PinGuard({ folder }).login(target(), file, () => {
      const [intent = ''] = stateFiles('intent')
      expect(JSON.parse(readFileSync(join(folder, intent), 'utf8'))).toEqual({ credential: 'file-1', leftovers: 0 })
      return accepted
    })
    expect(stateFiles('intent')).toEqual([])
  })

  it('stays when the token vanishes inside the login', () => {
    expect(() => login(file, 'dies')).toThrow(Died)
    expect(stateFiles('intent')).toHaveLength(1)
  })

  it('left over by a credential that never succeeded latches', () => {
    expect(() => login(file, 'dies')).toThrow(Died)
    expect(() => login(file, accepted)).toThrow(latched)
    expect(() => login(file, accepted)).toThrow(latched)
  })

  it('left over by one that had succeeded allows one more try', () => {
    expect(login(file, accepted)).toBe(1)
    expect(() => login(file, 'dies')).toThrow(Died)
    expect(login(file, accepted)).toBe(1)
    expect(() => login(file, 'dies')).toThrow(Died)
    expect(() => login(file, 'dies')).toThrow(Died)
    expect(() => login(file, accepted)).toThrow(latched)
  })

  it('left over by another credential latches, even if this one had succeeded', () => {
    login(file, accepted)
    expect(() => login(person, 'dies')).toThrow(Died)
    expect(() => login(file, accepted)).toThrow(latched)
  })

  it('that is damaged latches', () => {
    login(file, accepted)
    expect(() => login(file, 'dies')).toThrow(Died)
    const [intent = ''] = stateFiles('intent')
    for (const damage of ['', '{', '[]', '{"credential":1,"leftovers":0}', '{"credential":"file-1"}']) {
      writeFileSync(join(folder, intent), damage)
      expect(() => login(file, accepted)).toThrow(latched)
      rmSync(join(folder, stateFiles('latch')[0] ?? ''))
    }
  })

  it('that cannot be written means no login', () => {
    writeFileSync(folder, 'not a folder')
    let asked = 0
    const ask = (): LoginOutcome => {
      asked += 1
      return accepted
    }
    for (const credential of [file, person])
      expect(() => new PinGuard({ folder }).login(target(), credential, ask)).toThrow(
        expect.objectContaining({ code: 'TOKEN_PIN_STATE_UNWRITABLE' }),
      )
    expect(asked).toBe(0)
  })
})

describe('latch', () => {
  it.each([{ countLow: true }, { finalTry: true }, { locked: true }])('is set by %j before any login', (flags) => {
    login(file, accepted)
    expect(() => login(file, accepted, target(flags))).toThrow(latched)
    // And stays when the flags are gone.
    expect(() => login(file, accepted)).toThrow(latched)
  })

  it('is set by a refusal and falls by a person alone', () => {
    expect(() => login(file, refused)).toThrow(latched)
    expect(() => login({ id: 'file-2', byPerson: false }, accepted)).toThrow(latched)
    expect(new PinGuard({ folder }).latchReason('S1')).toBe('CKR_PIN_INCORRECT')
    expect(login(person, accepted, target({ countLow: true, finalTry: true }))).toBe(1)
    expect(new PinGuard({ folder }).latchReason('S1')).toBeNull()
    expect(login({ id: 'file-2', byPerson: false }, accepted)).toBe(1)
  })

  it('comes back for a credential that was refused before, though a person has logged in since', () => {
    expect(() => login(file, refused)).toThrow(latched)
    login(person, accepted)
    expect(() => login(file, accepted)).toThrow(latched)
  })

  it('comes back when the person is wrong too', () => {
    expect(() => login(file, refused)).toThrow(latched)
    expect(() => login(person, refused)).toThrow(latched)
    expect(() => login({ ...person, byPerson: false }, accepted)).toThrow(latched)
  })

  it('of a locked token stops a person too: nothing could succeed', () => {
    expect(() => login(person, accepted, target({ locked: true }))).toThrow(latched)
  })

  it('holds when its file is damaged', () => {
    expect(() => login(file, refused)).toThrow(latched)
    writeFileSync(join(folder, stateFiles('latch')[0] ?? ''), '\0\0\0')
    expect(() => login({ id: 'file-2', byPerson: false }, accepted)).toThrow(latched)
  })

  it('belongs to one token; a serial number cannot name another file', () => {
    expect(() => login(file, refused)).toThrow(latched)
    for (const serial of ['S2', '../../etc/x', '', '\0', 'ả'.repeat(40)])
      expect(login({ id: 'file-2', byPerson: false }, accepted, target({}, serial))).toBe(1)
    expect(readdirSync(join(folder, '..'))).toEqual(['pin-state'])
  })
})

it('a login that the token did not look at proves nothing', () => {
  login(file, { kind: 'already' })
  expect(stateFiles('intent')).toEqual([])
  expect(() => login(file, 'dies')).toThrow(Died)
  expect(() => login(file, accepted)).toThrow(latched)
})
