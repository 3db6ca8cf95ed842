// What is written into the journal for a change: one field a line, whatever a peer has sent. That journald takes it: image/deb.test.ts.
import { describe, expect, it } from 'vitest'
import { type ConditionCode, catalogue } from '../../../../src/base/conditions/catalogue.ts'
import { messageId } from '../../../../src/base/conditions/message-id.ts'
import { fieldsOf, type JournalEntry } from '../../../../src/equipment/systemd/journal-entries.ts'

const entry: JournalEntry = {
  code: 'TOKEN_ABSENT',
  severity: 'critical',
  change: 'raised',
  textVi: 'Không thấy token: g22',
  textEn: 'The token is absent: g22',
}

describe('an entry of the journal', () => {
  it('has the fields that journald and its catalogue know', () => {
    expect(fieldsOf(entry).split('\n')).toEqual([
      `MESSAGE_ID=${messageId('TOKEN_ABSENT')}`,
      'MESSAGE=TOKEN_ABSENT raised: Không thấy token: g22 / The token is absent: g22',
      'PRIORITY=2',
      'SYSLOG_IDENTIFIER=tram',
      'TRAM_CODE=TOKEN_ABSENT',
      'TRAM_CHANGE=raised',
      '',
    ])
    expect(fieldsOf({ ...entry, change: 'cleared' })).toContain('\nPRIORITY=5\n')
  })

  it('takes no fields from what others have sent, and no more text than it bounds', () => {
    const hostile = fieldsOf({ ...entry, textVi: 'a\nPRIORITY=0\r\nMESSAGE_ID=0', textEn: 'x'.repeat(100_000) })
    expect(hostile.split('\n')).toHaveLength(7)
    expect(hostile).toContain(' a PRIORITY=0 MESSAGE_ID=0 / ')
    expect(hostile.length).toBeLessThan(1_500)
  })

  it('has an id of its own for every condition', () => {
    const ids = Object.keys(catalogue).map((code) => messageId(code as ConditionCode))
    expect(new Set(ids).size).toBe(ids.length)
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/)
    // Kept for ever: entries on disk name it.
    expect(messageId('TOKEN_ABSENT')).toBe('ca1f9d2f6df2424bee0b35a14aa6bb9b')
  })
})
