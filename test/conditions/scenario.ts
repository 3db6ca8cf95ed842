// What a condition's test consists of, by the condition's kind, and how it runs: provoked in real code, its texts filled in, and
// over again. Each family has a table `satisfies Scenarios<typeof family>`: a new code without a scenario does not compile.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type ConditionCode, isConditionCode, renderCondition } from '../../src/base/conditions/catalogue.ts'
import type { ConditionFamily, ConditionKind } from '../../src/base/conditions/condition.ts'
import { asTramError, TramError } from '../../src/base/errors.ts'

/** What a scenario may use; all of it is gone afterwards. */
export interface Setting {
  folder: string
  /** Runs after the scenario, the latest first. */
  after(end: () => unknown): void
}

/** How a code and its texts show up: as an error, in a report, or as a line of a log. */
export type Told = Pick<TramError, 'code' | 'data'> | { code: string; vi: string; en: string }

interface Courses {
  /** `listed`: what is true now, as the report or the part says. `begin` and `end` make it true and not. */
  state: { begin?: () => unknown; listed: () => Promise<readonly Told[]> | readonly Told[]; end: () => unknown }
  /** `wrong` throws, rejects or gives a verdict; `right` is the same done right, and does neither. */
  refusal: { wrong: () => unknown; right: () => unknown }
  /** `happens` gives, throws or rejects with what is told; `again` is the same without it. */
  event: { happens: () => unknown; again: () => unknown }
}

export type Scenario<Kind extends ConditionKind> = (setting: Setting) => Courses[Kind] | Promise<Courses[Kind]>

/** One scenario for each code of a family, of the shape that its kind asks for. */
export type Scenarios<Family extends ConditionFamily> = {
  readonly [Code in keyof Family]: Scenario<Family[Code]['kind']>
}

/** Runs the scenarios of a family. */
export function provokeAndClear<Family extends ConditionFamily>(family: Family, scenarios: Scenarios<Family>): void {
  describe.each(Object.keys(family) as (keyof Family & ConditionCode)[])('%s', (code) => {
    it('is provoked and cleared', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'tram-condition-'))
      const ends: (() => unknown)[] = [() => rm(folder, { recursive: true, force: true })]
      try {
        const setting = { folder, after: (end: () => unknown) => void ends.unshift(end) }
        // The compiler has matched scenario and kind; here the kind is known to be one of three.
        await run(code, (await scenarios[code](setting)) as Courses[ConditionKind])
      } finally {
        for (const end of ends) await end()
      }
    })
  })
}

async function run(code: ConditionCode, course: Courses[ConditionKind]): Promise<void> {
  if ('listed' in course) {
    if (course.begin !== undefined) {
      expect(codes(await course.listed())).not.toContain(code)
      await course.begin()
    }
    const listed = await eventually(course.listed, (found) => codes(found).includes(code))
    expectTexts(
      code,
      listed.find((one) => one.code === code),
    )
    await course.end()
    await eventually(course.listed, (found) => !codes(found).includes(code))
    return
  }
  const [wrong, right] = 'wrong' in course ? [course.wrong, course.right] : [course.happens, course.again]
  expectTexts(code, await toldBy(wrong))
  expect(await toldBy(right)).toBeUndefined()
}

const codes = (found: readonly Told[]): string[] => found.map(({ code }) => code)

/** Asks until it is so: a station needs a moment to notice. The test's own time limit ends what never comes. */
async function eventually(
  listed: () => Promise<readonly Told[]> | readonly Told[],
  isSo: (found: readonly Told[]) => boolean,
): Promise<readonly Told[]> {
  for (;;) {
    const found = await listed()
    if (isSo(found)) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** The condition that `act` ends with: thrown, as a verdict, or as it is; undefined when it went well. */
async function toldBy(act: () => unknown): Promise<Told | undefined> {
  try {
    const result = await act()
    if (isTold(result)) return result
    return isRefusal(result) ? result.reason : undefined
  } catch (error) {
    if (error instanceof TramError) return error
    throw asTramError(error)
  }
}

const isTold = (value: unknown): value is Told =>
  typeof value === 'object' && value !== null && 'code' in value && isConditionCode(String(value.code))

const isRefusal = (value: unknown): value is { ok: false; reason: TramError } =>
  typeof value === 'object' && value !== null && 'ok' in value && value.ok === false && 'reason' in value

/** That `told` is of this code, and that nothing is left to fill in. */
function expectTexts(code: ConditionCode, told: Told | undefined): void {
  expect(told?.code).toBe(code)
  if (told === undefined) return
  const { vi, en } = 'vi' in told ? told : renderCondition(code, told.data)
  for (const text of [vi, en]) expect(text).not.toMatch(/\{\w+\}/)
}
