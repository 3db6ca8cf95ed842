// What a backend wants changed in the directory: an agency registered (new, or with other particulars) or deleted.
// surface/vxp reads it off a call, exchange/directory/directory-requests keeps it, the authority's builder applies it. Pure.
import { TramError } from '../base/errors.ts'
import { isAgencyCode } from './agency-code.ts'
import type { AgencyEntry } from './schema/directory.ts'
import { isInWindow } from './time-window.ts'

export interface AgencyChange {
  kind: 'register' | 'delete'
  code: string
  /** Code of the parent; of a deletion this and all that follows is ''. */
  parent: string
  name: string
  mail: string
  mobile: string
  fax: string
}

/** Longest values, characters: those of vendors' validators, below those of the directory. */
const maxCharacters = { name: 200, mail: 100, mobile: 50, fax: 50 } as const

/**
 * The change with its texts trimmed and in NFC, as it is kept and compared. Every field is attacker-controlled.
 * @throws TramError REQUEST_INVALID naming the field as VXP calls it
 */
export function parseAgencyChange(given: Readonly<AgencyChange>): AgencyChange {
  const change = { ...given, code: given.code.trim(), parent: given.parent.trim() }
  for (const field of ['name', 'mail', 'mobile', 'fax'] as const) {
    const text = given[field].trim()
    // Before normalising: a text may not be made to cost more than it is allowed to be long.
    if (text.length > maxCharacters[field]) throw invalid(field, `dài hơn ${maxCharacters[field]} ký tự`)
    if (/\p{Cc}/u.test(text) || !text.isWellFormed()) throw invalid(field, 'có ký tự điều khiển')
    change[field] = text.normalize('NFC')
  }
  if (!isAgencyCode(change.code))
    throw invalid(change.kind === 'delete' ? 'AgencyCode' : 'code', 'không phải mã đơn vị')
  if (change.kind === 'delete') return { ...change, parent: '', name: '', mail: '', mobile: '', fax: '' }
  if (change.parent !== '' && !isAgencyCode(change.parent)) throw invalid('pcode', 'không phải mã đơn vị')
  if (change.parent === change.code) throw invalid('pcode', 'không được là chính đơn vị đó')
  if (change.name === '') throw invalid('name', 'thiếu')
  return change
}

/** Whether an agency takes part no more, now or from a day that the authority has set. */
export function isEnding(agency: AgencyEntry): boolean {
  return agency.successor !== '' || (agency.validity?.until ?? 0) !== 0
}

/**
 * Whether the directory says already what a change asks for. Fields that a registration leaves empty may be anything.
 * @param entry the directory's entry of that current code, undefined when it has none
 */
export function isCarriedBy(change: AgencyChange, entry: AgencyEntry | undefined, nowMs: number): boolean {
  if (change.kind === 'delete') return entry === undefined || isEnding(entry)
  if (entry === undefined || entry.successor !== '' || !isInWindow(entry.validity, nowMs)) return false
  return (['parent', 'name', 'mail', 'mobile', 'fax'] as const).every(
    (field) => change[field] === '' || change[field] === entry[field],
  )
}

function invalid(field: string, detail: string): TramError {
  return new TramError('REQUEST_INVALID', { field, detail })
}
