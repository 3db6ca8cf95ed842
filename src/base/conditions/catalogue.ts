// Every condition of Trạm in one table, and how its texts are filled in. errors.ts throws them; surfaces print them.
import { applianceConditions } from './appliance-conditions.ts'
import { backendConditions } from './backend-conditions.ts'
import { boxConditions } from './box-conditions.ts'
import type { Condition, ConditionFamily, Placeholder } from './condition.ts'
import { healthConditions } from './health-conditions.ts'
import { installationConditions } from './installation-conditions.ts'
import { linkConditions } from './link-conditions.ts'
import { packetConditions } from './packet-conditions.ts'
import { proofConditions } from './proof-conditions.ts'
import { serialConditions } from './serial-conditions.ts'
import { storeConditions } from './store-conditions.ts'
import { tokenConditions } from './token-conditions.ts'
import { updateConditions } from './update-conditions.ts'

/** All conditions by code. */
export const catalogue = {
  ...packetConditions,
  ...proofConditions,
  ...tokenConditions,
  ...storeConditions,
  ...linkConditions,
  ...boxConditions,
  ...healthConditions,
  ...serialConditions,
  ...backendConditions,
  ...installationConditions,
  ...applianceConditions,
  ...updateConditions,
} as const

/** The families with their titles, in the order of the page. */
export const families = [
  ['Packets / Gói tin', packetConditions],
  ['Proofs / Bằng chứng', proofConditions],
  ['Token and signer / Token và chương trình ký', tokenConditions],
  ['Store and disk / Kho dữ liệu và ổ đĩa', storeConditions],
  ['Peers and directory / Các trạm và danh bạ', linkConditions],
  ['Box, clock and network / Máy, đồng hồ và mạng', boxConditions],
  ['Health reports / Báo cáo tình trạng', healthConditions],
  ['UPS and front panel / UPS và màn hình mặt trước', serialConditions],
  ['Backends and configuration / Phần mềm QLVB và cấu hình', backendConditions],
  ['Installation / Cài đặt', installationConditions],
  ['Appliance / Máy chuyên dụng', applianceConditions],
  ['Updates / Cập nhật', updateConditions],
] as const satisfies readonly (readonly [title: string, family: ConditionFamily])[]

export type ConditionCode = keyof typeof catalogue

/** The conditions that are true for a while: only these can be in a health report. */
export type StateCode = {
  [Code in ConditionCode]: (typeof catalogue)[Code]['kind'] extends 'state' ? Code : never
}[ConditionCode]

/** The data that the texts of a condition need, by placeholder name. */
export type ConditionData<Code extends ConditionCode> = Readonly<
  Record<Placeholder<(typeof catalogue)[Code]['en']>, string | number>
>

/** A condition with its texts filled in, ready for people. */
export interface RenderedCondition<Code extends ConditionCode = ConditionCode> extends Condition {
  code: Code
}

const fill = (text: string, data: Readonly<Record<string, string | number>>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => String(data[name] ?? whole))

/** Fills the texts of `code` with `data`. An unknown placeholder stays as written. */
export function renderCondition<Code extends ConditionCode>(
  code: Code,
  data: Readonly<Record<string, string | number>>,
): RenderedCondition<Code> {
  const { kind, about, severity, vi, en, todoVi, todoEn } = catalogue[code]
  return {
    code,
    kind,
    about,
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

/** Whether `code` is true for a while, and so belongs into a health report. */
export function isStateCode(code: ConditionCode): code is StateCode {
  return catalogue[code].kind === 'state'
}
