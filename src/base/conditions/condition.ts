// What a condition is: one thing that an operator can see (refusal, alarm, health check), said once for everybody.
// The families beside this file hold the texts; catalogue.ts composes them; errors, CLI, MQTT and docs read them there.

/** How bad: `info` needs nobody, `warning` needs somebody this week, `error` today, `critical` now. */
export type Severity = 'info' | 'warning' | 'error' | 'critical'

/** The texts of one condition. `{name}` in a text is a placeholder; both languages use the same names. */
export interface Condition {
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
