import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { maxPinBytes, PinFile } from '../../../../src/equipment/token/pin-file.ts'

let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tram-pin-'))
  path = join(folder, 'pin')
})
afterEach(() => rmSync(folder, { recursive: true }))

const open = (): PinFile => new PinFile({ path, stateFolder: join(folder, 'state') })
const unreadable = expect.objectContaining({ code: 'TOKEN_PIN_STATE_UNWRITABLE' })

it.each([
  ['1234', '1234'],
  ['1234\n', '1234'],
  ['1234\r\n', '1234'],
  ['12 34 \n', '12 34 '],
  ['mã-số\n', 'mã-số'],
  [`${'9'.repeat(maxPinBytes)}\r\n`, '9'.repeat(maxPinBytes)],
])('%j holds the PIN %j', (content, pin) => {
  writeFileSync(path, content)
  expect(open().read()?.bytes.toString()).toBe(pin)
})

it.each(['', '\n', '\r\n', '9'.repeat(maxPinBytes + 1), '9'.repeat(5000)])('%j is no PIN', (content) => {
  writeFileSync(path, content)
  expect(() => open().read()).toThrow(unreadable)
})

it('is null without a file and an error for a folder', () => {
  expect(open().read()).toBeNull()
  path = folder
  expect(() => open().read()).toThrow(unreadable)
})

it('keeps its id over restarts and takes a new one when the file changes', () => {
  writeFileSync(path, '1234')
  const first = open().read()?.id
  expect(first).toMatch(/^[0-9a-f-]{36}$/)
  expect(open().read()?.id).toBe(first)
  writeFileSync(path, '5678')
  const second = open().read()?.id
  expect(second).not.toBe(first)
  utimesSync(path, 1, 1)
  expect(open().read()?.id).not.toBe(second)
})

it('leaves no PIN in its state and none in memory after wipe', () => {
  writeFileSync(path, 'geheim-4711')
  const pin = open().read()
  pin?.wipe()
  expect(pin?.bytes.every((byte) => byte === 0)).toBe(true)
  const state = readdirSync(join(folder, 'state')).map((name) => readFileSync(join(folder, 'state', name), 'utf8'))
  expect(state.join()).not.toContain('4711')
})

it('forgets its id rather than trust a damaged one', () => {
  writeFileSync(path, '1234')
  const first = open().read()?.id
  writeFileSync(join(folder, 'state', 'pin-file.json'), '{"identity":')
  expect(open().read()?.id).not.toBe(first)
})
