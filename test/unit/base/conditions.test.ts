// The catalogue: every code has all its texts, both languages say the same with the same placeholders, no code is
// defined twice, and what is thrown carries the texts.
import { describe, expect, it } from 'vitest'
import {
  type ConditionCode,
  catalogue,
  families,
  isConditionCode,
  renderCondition,
} from '../../../src/base/conditions/catalogue.ts'
import type { Condition } from '../../../src/base/conditions/condition.ts'
import { asTramError, briefOf, isSystemError, TramError, verdictOf } from '../../../src/base/errors.ts'

const placeholders = (text: string): string[] => [...new Set(text.match(/\{[^{}]*\}/g))].sort()
const entries: [string, Condition][] = Object.entries(catalogue)

describe('the catalogue', () => {
  it.each(entries)('%s is complete', (code, condition) => {
    expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/)
    expect(['info', 'warning', 'error', 'critical']).toContain(condition.severity)
    for (const text of [condition.vi, condition.en, condition.todoVi, condition.todoEn]) {
      expect(text.trim()).toBe(text)
      expect(text.length).toBeGreaterThan(5)
      expect(text).toBe(text.normalize('NFC'))
    }
  })

  it.each(entries)('%s has the same placeholders in both languages', (_code, { vi, en, todoVi, todoEn }) => {
    expect(placeholders(vi)).toEqual(placeholders(en))
    for (const name of placeholders(en)) expect(name).toMatch(/^\{[a-z]\w*\}$/i)
    // Data is asked for by the type of `en` alone: advice cannot hold more.
    for (const name of [...placeholders(todoVi), ...placeholders(todoEn)]) expect(placeholders(en)).toContain(name)
  })

  it('defines no code in two families', () => {
    const codes = families.flatMap(([, family]) => Object.keys(family))
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
    expect(codes.sort()).toEqual(Object.keys(catalogue).sort())
  })

  it('fills in texts, once and literally', () => {
    const data = { file: 'a.toml', line: 3, key: '{detail}', detail: '$& no' }
    expect(renderCondition('CONFIG_INVALID', data)).toMatchObject({
      code: 'CONFIG_INVALID',
      en: 'a.toml, line 3: {detail}: $& no',
      vi: 'a.toml, dòng 3: {detail}: $& no',
    })
    expect(renderCondition('CONFIG_INVALID', {}).en).toContain('{file}')
  })

  it('knows its codes from other texts', () => {
    expect(isConditionCode('DISK_FULL')).toBe(true)
    for (const text of ['toString', '__proto__', 'disk_full', '']) expect(isConditionCode(text)).toBe(false)
  })
})

describe('TramError', () => {
  it('carries code, data, texts and cause', () => {
    const cause = new Error('why')
    const error = new TramError('TOKEN_ABSENT', { token: 'An' }, { cause })
    expect(error).toMatchObject({ name: 'TramError', code: 'TOKEN_ABSENT', data: { token: 'An' }, cause })
    expect(error.message).toBe('The token "An" is not present')
    expect(error.condition.vi).toBe('Không thấy token "An"')
  })

  it('wraps what is not one', () => {
    const own = new TramError('DIRECTORY_MISSING', {})
    expect(asTramError(own)).toBe(own)
    const foreign = new RangeError('too far')
    expect(asTramError(foreign)).toMatchObject({ code: 'INTERNAL', data: { detail: 'too far' }, cause: foreign })
    expect(asTramError('text')).toMatchObject({ code: 'INTERNAL', data: { detail: 'text' } })
  })

  it('becomes a verdict, other errors do not', () => {
    const refusal = new TramError('SEAL_INVALID' satisfies ConditionCode, { detail: 'x' })
    expect(verdictOf(() => 5)).toEqual({ ok: true, value: 5 })
    expect(
      verdictOf(() => {
        throw refusal
      }),
    ).toEqual({ ok: false, reason: refusal })
    expect(() =>
      verdictOf(() => {
        throw new TypeError('a bug')
      }),
    ).toThrow('a bug')
  })

  it('is a code and what it is about within the text of another', () => {
    expect(briefOf(new TramError('DIRECTORY_MISSING', {}))).toBe('DIRECTORY_MISSING')
    expect(briefOf(new TramError('DISK_FULL', { neededBytes: 5, freeBytes: 0 }))).toBe('DISK_FULL (5, 0)')
    expect(briefOf(new TramError('INTERNAL', { detail: 'x'.repeat(5000) }))).toHaveLength(300)
  })

  it('tells system errors by their code', () => {
    const missing = Object.assign(new Error('no'), { code: 'ENOENT' })
    expect(isSystemError(missing, 'ENOENT')).toBe(true)
    expect(isSystemError(missing, 'EACCES')).toBe(false)
    expect(isSystemError({ code: 'ENOENT' }, 'ENOENT')).toBe(false)
  })
})
