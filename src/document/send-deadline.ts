// When a document must have been sent, by law. For the health figures (exchange/health): what is past it is an alarm, nothing is refused.
// Decision 28/2018/QĐ-TTg Art. 6: on the day of signing, at the latest the next working morning; urgent ones at once.

/** Vietnam has one time zone and no summer time. */
const vietnamOffsetMs = 7 * 3_600_000
const dayMs = 86_400_000
const noonMs = 12 * 3_600_000
/** What "at once" is to us: long enough for a station that reconnects, short enough that somebody can still pick up a telephone. */
const atOnceMs = 15 * 60_000

/** Urgency as it stands in the queue: hỏa tốc, thượng khẩn, khẩn, thường. */
export const urgencies = ['0', '1', '2', '3'] as const
export type Urgency = (typeof urgencies)[number]

/**
 * The last moment at which a document taken at `takenMs` may leave, ms since 1970. Saturdays and Sundays are no working
 * days; public holidays are decreed year by year and are not known here, so a deadline may fall on one.
 */
export function sendDeadline(takenMs: number, urgency: Urgency): number {
  if (urgency !== '3') return takenMs + atOnceMs
  const local = takenMs + vietnamOffsetMs
  let midnight = local - (local % dayMs) + dayMs
  while (isWeekend(midnight)) midnight += dayMs
  return midnight + noonMs - vietnamOffsetMs
}

/** 1970-01-01 was a Thursday. */
function isWeekend(localMs: number): boolean {
  const weekday = (Math.floor(localMs / dayMs) + 4) % 7
  return weekday === 0 || weekday === 6
}
