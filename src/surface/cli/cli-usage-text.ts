// A mistake in a command line, said in the reader's language. commander finds it and speaks English only.
import type { CommanderError } from 'commander'
import { type Language, oneLine } from '../../base/text-format.ts'

const vietnamese: Readonly<Record<string, string>> = {
  'commander.unknownOption': 'không có tùy chọn',
  'commander.unknownCommand': 'không có lệnh',
  'commander.missingArgument': 'thiếu tham số',
  'commander.excessArguments': 'thừa tham số',
  'commander.optionMissingArgument': 'tùy chọn thiếu giá trị',
  'commander.missingMandatoryOptionValue': 'thiếu tùy chọn bắt buộc',
  'commander.invalidArgument': 'giá trị không hợp lệ',
}

/** The mistake, with the word that it is about. */
export function usageText({ code, message }: CommanderError, language: Language): string {
  const text = oneLine(message.replace(/^error: /, ''))
  const known = vietnamese[code]
  if (language === 'en' || known === undefined) return text
  const about = /'([^']*)'/.exec(text)?.[1]
  return about === undefined ? known : `${known}: ${about}`
}
