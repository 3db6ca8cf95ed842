// Times on the VXP wire: Vietnam time (UTC+7, no summer time), whatever the machine's zone.
import { TramError } from '../../base/errors.ts'

const vietnamOffsetMs = 7 * 3_600_000
const dayMs = 86_400_000

/** `yyyy/MM/dd HH:mm:ss` in Vietnam time, the form of edXML's own timestamps; '' for null. */
export function vietnamTime(atMs: number | null): string {
  if (atMs === null) return ''
  const [date, time] = new Date(atMs + vietnamOffsetMs).toISOString().split('T')
  return `${date?.replaceAll('-', '/')} ${time?.slice(0, 8)}`
}

/**
 * The first millisecond of a day `yyyy/MM/dd` in Vietnam, `addDays` later; null when `text` is absent.
 * @throws TramError REQUEST_INVALID naming `field`
 */
export function vietnamDay(text: string | undefined, field: string, addDays = 0): number | null {
  if (text === undefined) return null
  const match = /^(\d{4})\/(\d{2})\/(\d{2})$/.exec(text)
  const [year, month, day] = (match ?? []).slice(1).map(Number)
  if (year === undefined || month === undefined || day === undefined) throw notADay(field)
  const asUtc = Date.UTC(year, month - 1, day)
  // Date.UTC rolls over what does not exist (month 13): then it does not come back as written.
  if (new Date(asUtc).toISOString().slice(0, 10) !== text.replaceAll('/', '-')) throw notADay(field)
  return asUtc + addDays * dayMs - vietnamOffsetMs
}

function notADay(field: string): TramError {
  return new TramError('REQUEST_INVALID', { field, detail: 'phải là ngày theo dạng yyyy/MM/dd' })
}
