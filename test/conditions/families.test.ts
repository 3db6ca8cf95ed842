// Every family of the catalogue has its table of scenarios: the compiler asks for a scenario for each code of a table, and this for the
// table.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { families } from '../../src/base/conditions/catalogue.ts'

const folder = join(import.meta.dirname, '../../src/base/conditions')
const names = readdirSync(folder).flatMap((file) => file.match(/^(\w+)-conditions\.ts$/)?.[1] ?? [])

describe('the families of conditions', () => {
  it.each(names)('%s is in the catalogue, once, and has scenarios', async (name) => {
    const exported: object = await import(join(folder, `${name}-conditions.ts`))
    expect(Object.keys(exported)).toEqual([`${name}Conditions`])
    const [family] = Object.values(exported)
    expect(families.filter(([, listed]) => listed === family)).toHaveLength(1)
    const table = readFileSync(join(import.meta.dirname, `${name}-conditions.test.ts`), 'utf8')
    expect(table).toContain(`provokeAndClear(${name}Conditions, {`)
    expect(table).toContain(`satisfies Scenarios<typeof ${name}Conditions>)`)
    expect(table).not.toMatch(/\b(it|describe)\.(skip|only|todo)/)
  })

  it('are all of a file of their own', () => {
    expect(families).toHaveLength(names.length)
  })
})
