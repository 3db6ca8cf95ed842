// What a check of the doctor says, and the report of all of them. The shape is stable: docs/cli.md describes it for machines.
import { type ConditionCode, renderCondition } from '../../base/conditions/catalogue.ts'
import { asTramError, type TramError } from '../../base/errors.ts'
import type { Text } from '../../base/text-format.ts'

/** `absent`: does not apply to this box, or cannot be looked at from here. */
export type CheckState = 'pass' | 'warn' | 'fail' | 'absent'

/** What a check has found: a condition, or a line that says what is well. */
export interface Finding {
  state: CheckState
  /** Null: nothing is wrong. */
  code: ConditionCode | null
  text: Text
  /** What to do next; empty when there is nothing. */
  todo: Text
  /** What the texts are about. */
  data: Readonly<Record<string, string | number>>
}

export interface CheckLine {
  check: CheckName
  state: CheckState
  code: ConditionCode | null
  vi: string
  en: string
  todoVi: string
  todoEn: string
  data: Readonly<Record<string, string | number>>
}

/** The checks in the order in which they are printed, with their names for people. */
export const checkNames = {
  configuration: { vi: 'cấu hình', en: 'configuration' },
  platform: { vi: 'phần mềm', en: 'platform' },
  station: { vi: 'trạm', en: 'station' },
  data: { vi: 'thư mục dữ liệu', en: 'data folder' },
  disk: { vi: 'ổ đĩa', en: 'disk' },
  store: { vi: 'kho', en: 'store' },
  secrets: { vi: 'tệp bí mật', en: 'secret files' },
  module: { vi: 'thư viện token', en: 'token library' },
  token: { vi: 'token', en: 'token' },
  certificate: { vi: 'chứng thư trạm', en: 'certificate' },
  trust: { vi: 'chứng thư CA', en: 'trust' },
  directory: { vi: 'danh bạ', en: 'directory' },
  listeners: { vi: 'cổng', en: 'listeners' },
  addresses: { vi: 'địa chỉ', en: 'addresses' },
  power: { vi: 'nguồn điện', en: 'power' },
  time: { vi: 'đồng hồ', en: 'time' },
  broker: { vi: 'máy chủ MQTT', en: 'broker' },
  peers: { vi: 'các trạm', en: 'peers' },
  // Of the self-test:
  storage: { vi: 'ghi đĩa', en: 'storage' },
  seal: { vi: 'niêm phong thử', en: 'test seal' },
} as const satisfies Record<string, Text>

export type CheckName = keyof typeof checkNames

export type Overall = 'ok' | 'degraded' | 'failed'

export interface DoctorReport {
  format: 1
  /** Null when the configuration does not say. */
  station: string | null
  version: string
  /** ms since 1970, by the machine's clock. */
  at: number
  overall: Overall
  checks: CheckLine[]
}

const nothing: Text = { vi: '', en: '' }

/** All is well. */
export const pass = (vi: string, en: string, data: Finding['data'] = {}): Finding => ({
  state: 'pass',
  code: null,
  text: { vi, en },
  todo: nothing,
  data,
})

/** Does not apply, or cannot be looked at. */
export const absent = (vi: string, en: string): Finding => ({ ...pass(vi, en), state: 'absent' })

const states = { critical: 'fail', error: 'fail', warning: 'warn', info: 'pass' } as const

/** What `error` says, as a finding: as bad as its condition is. */
export function trouble(error: unknown): Finding {
  const { code, data } = asTramError(error)
  const { severity, vi, en, todoVi, todoEn } = renderCondition(code, data)
  return { state: states[severity], code, text: { vi, en }, todo: { vi: todoVi, en: todoEn }, data }
}

/** The troubles, or one line that says that there are none. */
export function troublesOr(found: readonly TramError[], fine: Finding): Finding[] {
  return found.length === 0 ? [fine] : found.map(trouble)
}

export const lineOf = (check: CheckName, { state, code, text, todo, data }: Finding): CheckLine => ({
  check,
  state,
  code,
  vi: text.vi,
  en: text.en,
  todoVi: todo.vi,
  todoEn: todo.en,
  data,
})

export function overallOf(lines: readonly CheckLine[]): Overall {
  if (lines.some(({ state }) => state === 'fail')) return 'failed'
  return lines.some(({ state }) => state === 'warn') ? 'degraded' : 'ok'
}
