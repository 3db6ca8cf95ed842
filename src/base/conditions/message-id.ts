// The MESSAGE_ID of a condition: what journald's catalogue (systemd/tram.catalog, generated) and the entries of
// equipment/systemd/journal-entries.ts know it by.
import { createHash } from 'node:crypto'
import type { ConditionCode } from './catalogue.ts'

/** 32 hexadecimal digits that stay the same for ever, since they follow from the code. */
export const messageId = (code: ConditionCode): string =>
  createHash('sha256').update(`tram condition ${code}`).digest('hex').slice(0, 32)
