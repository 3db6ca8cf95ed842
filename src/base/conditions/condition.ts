// What a condition is: one thing that an operator can see (refusal, alarm, health check), said once for everybody.
// The families beside this file hold the texts; catalogue.ts composes them; errors, CLI, MQTT and docs read them there.

/** How bad: `info` needs nobody, `warning` needs somebody this week, `error` today, `critical` now. */
export type Severity = 'info' | 'warning' | 'error' | 'critical'

/**
 * How it ends. `state`: true for a while, listed in the health report as long as it is (an alarm, raised and cleared). `refusal`:
 * the answer to one call, packet or offer, over when the same thing is done right. `event`: happened once, nothing to clear.
 * What only `tram doctor` looks at (a folder's mode, a library of the wrong kind) is a `refusal` however long it lasts: nobody
 * watches it, so nobody could clear an alarm; asked again once it is put right, the doctor says no more of it.
 */
export type ConditionKind = 'state' | 'refusal' | 'event'

/** The parts of a station that a condition may be about, as health, doctor and console name them. */
export const parts = {
  station: { vi: 'trạm', en: 'station' },
  token: { vi: 'token', en: 'token' },
  sealing: { vi: 'niêm phong', en: 'sealing' },
  queue: { vi: 'hàng chờ', en: 'queue' },
  peers: { vi: 'các trạm', en: 'peers' },
  directory: { vi: 'danh bạ', en: 'directory' },
  clock: { vi: 'đồng hồ', en: 'clock' },
  disk: { vi: 'ổ đĩa', en: 'disk' },
  store: { vi: 'kho', en: 'store' },
  packet: { vi: 'gói tin', en: 'packet' },
  proof: { vi: 'bằng chứng', en: 'proof' },
  backend: { vi: 'phần mềm QLVB', en: 'backend' },
  box: { vi: 'máy', en: 'box' },
  network: { vi: 'mạng', en: 'network' },
  power: { vi: 'nguồn điện', en: 'power' },
  broker: { vi: 'máy chủ MQTT', en: 'broker' },
  metrics: { vi: 'cổng số đo', en: 'metrics' },
} as const

export type Part = keyof typeof parts

/** The texts of one condition. `{name}` in a text is a placeholder; both languages use the same names. */
export interface Condition {
  kind: ConditionKind
  /** What a person would go and look at. */
  about: Part
  severity: Severity
  vi: string
  en: string
  /** What the reader can do about it, in Vietnamese. */
  todoVi: string
  /** What the reader can do about it, in English. */
  todoEn: string
}

/** The placeholder names in a text: `'line {line}: {detail}'` gives `'line' | 'detail'`. */
export type Placeholder<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | Placeholder<Rest>
  : never

/** A family of conditions, checked for shape but kept literal so that placeholders can be typed. */
export type ConditionFamily = Readonly<Record<string, Condition>>
