// A doctor's report for people: one line a check in the order of the checks, each trouble with what to do and its code.
import { columns, type Language, type Text } from '../../base/text-format.ts'
import { type CheckState, checkNames, type DoctorReport } from './doctor-report.ts'

export const stateMarks: Readonly<Record<CheckState, Text>> = {
  pass: { vi: 'ĐẠT', en: 'PASS' },
  warn: { vi: 'CHÚ Ý', en: 'WARN' },
  fail: { vi: 'LỖI', en: 'FAIL' },
  absent: { vi: '–', en: '-' },
}

/** The report as lines. */
export function doctorText({ checks }: DoctorReport, language: Language): string {
  return columns(
    checks.map((line) => {
      const [text, todo] = language === 'vi' ? [line.vi, line.todoVi] : [line.en, line.todoEn]
      const next = line.code === null ? '' : ` → ${todo} (${line.code})`
      return [stateMarks[line.state][language], checkNames[line.check][language], `${text}${next}`]
    }),
  )
}
