// tram-result.txt, for who plugged a medium into a box: what became of it, who the box is, what to do next. Vietnamese, then English;
// for Windows' editor: a mark of UTF-8, and line ends of both letters.
import type { TramError } from '../../base/errors.ts'
import { oneLine, type Text } from '../../base/text-format.ts'

export interface MediumResult {
  /** Undefined: it was taken. */
  error: TramError | undefined
  /** What was done besides, and what comes next. */
  lines: readonly Text[]
  facts: {
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
}

const maxHealthLines = 40

export function resultText(result: MediumResult): string {
  const lines = [...part(result, 'vi'), '', '-'.repeat(60), '', ...part(result, 'en'), '']
  return `\uFEFF${lines.join('\r\n')}`
}

function part({ error, lines, facts }: MediumResult, language: 'vi' | 'en'): string[] {
  const say = (vi: string, en: string): string => (language === 'vi' ? vi : en)
  const none = say('chưa có', 'none yet')
  const outcome =
    error === undefined
      ? [say('ĐÃ NHẬN CẤU HÌNH', 'THE CONFIGURATION WAS TAKEN')]
      : [
          say('KHÔNG NHẬN: máy vẫn như cũ', 'REFUSED: the box is as it was'),
          `${oneLine(error.condition[language])} (${error.code})`,
          `-> ${oneLine(language === 'vi' ? error.condition.todoVi : error.condition.todoEn)}`,
        ]
  const health = facts.health?.[language].split('\n').slice(0, maxHealthLines).map(oneLine)
  return [
    'Trạm',
    '',
    ...outcome,
    ...lines.map((line) => oneLine(line[language])),
    '',
    `${say('Trạm', 'Station')}: ${facts.station ?? none}`,
    `${say('Vân tay', 'Fingerprint')}: ${facts.fingerprint ?? none}`,
    `${say('Địa chỉ', 'Addresses')}: ${facts.addresses.length === 0 ? none : facts.addresses.join(' ')}`,
    `${say('Phiên bản', 'Version')}: ${facts.version}`,
    `${say('Giờ của máy', 'Clock of the box')}: ${facts.time}`,
    '',
    ...(health ?? [say('Trạm chưa chạy.', 'The station does not run yet.')]),
  ]
}
