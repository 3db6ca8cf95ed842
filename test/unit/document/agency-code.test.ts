import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isAgencyCode } from '../../../src/document/agency-code.ts'

it.each(['G22', 'H37.DN.001', '000.00.00.G22', '28.22.H17', '00.12.W00', 'A'.repeat(35)])(
  '%s can be a code',
  (code) => {
    expect(isAgencyCode(code)).toBe(true)
  },
)

it.each(['', 'A'.repeat(36), 'g22', 'G22 ', ' G22', 'G22\n', 'G-22', 'Đ01', 'G22/1', '../G22'.toLowerCase()])(
  '%j cannot',
  (code) => {
    expect(isAgencyCode(code)).toBe(false)
  },
)

it('every level-1 code of the register is one', () => {
  const csv = readFileSync(new URL('../../../docs/reference/agencies-level1.csv', import.meta.url), 'utf8')
  const rows = csv.trim().split(/\r?\n/).slice(1)
  expect(rows.length).toBeGreaterThan(50)
  for (const row of rows) expect(isAgencyCode(row.split(',')[0] ?? '')).toBe(true)
})
