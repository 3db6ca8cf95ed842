// tram-result.txt, for who plugged a medium into a box: what became of it, who the box is, what to do next. Vietnamese, then English;
// for Windows' editor: a mark of UTF-8, and line ends of both letters.
import type { TramError } from '../../base/errors.ts'
import { oneLine, type Text } from '../../base/text-format.ts'

/** What became of one thing that was on the medium. */
export interface MediumPart {
  /** In capitals, for who looks only once. */
  headline: Text
  /** Undefined: nothing is wrong. */
  error: TramError | undefined
  /** What was done besides, and what comes next. */
  lines: readonly Text[]
}

/** Who and how the box is. */
export interface BoxFacts {
  version: string
  /** Null: the box has none yet. */
  station: string | null
  fingerprint: string | null
  addresses: readonly string[]
  /** As `tram health` says; null: the station does not run. */
  health: Text | null
  /** Of the box's clock. */
  time: string
}

const maxHealthLines = 40

/** `parts` in the order in which they were done. */
export function resultText(parts: readonly MediumPart[], facts: BoxFacts): string {
  const lines = [...page(parts, facts, 'vi'), '', '-'.repeat(60), '', ...page(parts, facts, 'en'), '']
  return `\uFEFF${lines.join('\r\n')}`
}

const todoOf = ({ condition }: TramError, language: 'vi' | 'en'): string =>
  oneLine(language === 'vi' ? condition.todoVi : condition.todoEn)

function page(parts: readonly MediumPart[], facts: BoxFacts, language: 'vi' | 'en'): string[] {
  const say = (vi: string, en: string): string => (language === 'vi' ? vi : en)
  const none = say('chưa có', 'none yet')
  const told = parts.flatMap(({ headline, error, lines }) => [
    headline[language],
    ...(error === undefined
      ? []
      : [`${oneLine(error.condition[language])} (${error.code})`, `-> ${todoOf(error, language)}`]),
    ...lines.map((line) => oneLine(line[language])),
    '',
  ])
  const health = facts.health?.[language].split('\n').slice(0, maxHealthLines).map(oneLine)
  return [
    'Trạm',
    '',
    ...told,
    `${say('Trạm', 'Station')}: ${facts.station ?? none}`,
    `${say('Vân tay', 'Fingerprint')}: ${facts.fingerprint ?? none}`,
    `${say('Địa chỉ', 'Addresses')}: ${facts.addresses.length === 0 ? none : facts.addresses.join(' ')}`,
    `${say('Phiên bản', 'Version')}: ${facts.version}`,
    `${say('Giờ của máy', 'Clock of the box')}: ${facts.time}`,
    '',
    ...(health ?? [say('Trạm chưa chạy.', 'The station does not run yet.')]),
  ]
}
