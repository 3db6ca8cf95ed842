// When a document must have left: Decision 28/2018/QĐ-TTg Art. 6, in Vietnam's time.
import { expect, it } from 'vitest'
import { sendDeadline } from '../../../src/document/send-deadline.ts'

const vietnam = (text: string): number => Date.parse(`${text}+07:00`)
const deadlineOf = (text: string): string => new Date(sendDeadline(vietnam(text), '3') + 7 * 3_600_000).toISOString()

it.each([
  ['2026-11-16T08:00:00', '2026-11-17T12:00:00.000Z', 'Monday morning: Tuesday noon'],
  ['2026-11-16T23:59:59', '2026-11-17T12:00:00.000Z', 'Monday night, which is another day in UTC'],
  ['2026-11-17T00:00:00', '2026-11-18T12:00:00.000Z', 'midnight begins a day'],
  ['2026-11-20T16:00:00', '2026-11-23T12:00:00.000Z', 'Friday: Monday'],
  ['2026-11-21T09:00:00', '2026-11-23T12:00:00.000Z', 'Saturday: Monday'],
  ['2026-11-22T09:00:00', '2026-11-23T12:00:00.000Z', 'Sunday: Monday'],
  ['2026-12-31T10:00:00', '2027-01-01T12:00:00.000Z', 'a holiday is not known to be one'],
])('%s → %s: %s', (taken, deadline) => {
  expect(deadlineOf(taken)).toBe(deadline)
})

it.each(['0', '1', '2'] as const)('urgency %s leaves at once, also on a Sunday', (urgency) => {
  const taken = vietnam('2026-11-22T23:00:00')
  expect(sendDeadline(taken, urgency) - taken).toBe(15 * 60_000)
})
