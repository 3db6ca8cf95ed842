// Every condition of Trạm in one table, and how its texts are filled in. errors.ts throws them; surfaces print them.
import { backendConditions } from './backend-conditions.ts'
import type { Condition, Placeholder } from './condition.ts'
import { healthConditions } from './health-conditions.ts'
import { linkConditions } from './link-conditions.ts'
import { packetConditions } from './packet-conditions.ts'
import { proofConditions } from './proof-conditions.ts'
import { storeConditions } from './store-conditions.ts'
import { tokenConditions } from './token-conditions.ts'

/** All conditions by code. */
export const catalogue = {
  ...packetConditions,
  ...proofConditions,
  ...tokenConditions,
  ...storeConditions,
  ...linkConditions,
  ...healthConditions,
  ...backendConditions,
} as const

export type ConditionCode = keyof typeof catalogue

/** The data that the texts of a condition need, by placeholder name. */
export type ConditionData<Code extends ConditionCode> = Readonly<
  Record<Placeholder<(typeof catalogue)[Code]['en']>, string | number>
>

/** A condition with its texts filled in, ready for people. */
export interface RenderedCondition extends Condition {
  code: ConditionCode
}

const fill = (text: string, data: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(data[name] ?? whole))

/** Fills the texts of `code` with `data`. An unknown placeholder stays as written. */
export function renderCondition(
  code: ConditionCode,
  data: Readonly<Record<string, string | number>>,
): RenderedCondition {
  const { severity, vi, en, todoVi, todoEn } = catalogue[code]
  return {
    code,
    severity,
    vi: fill(vi, data),
    en: fill(en, data),
    todoVi: fill(todoVi, data),
    todoEn: fill(todoEn, data),
  }
}

/** Whether a text from outside names a condition. */
export function isConditionCode(text: string): text is ConditionCode {
  return Object.hasOwn(catalogue, text)
}
