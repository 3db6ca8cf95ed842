// Names derived from content never change: a repeat must find its document after any upgrade. Golden values.
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { documentId, documentReference, hex, inboxItemId, sha256 } from '../../../src/document/document-id.ts'

const digest = sha256(Buffer.from('packet'))
/** The formula again, by other means: parts joined by NUL, SHA-256, the first half in hex. */
const named = (...parts: string[]) => createHash('sha256').update(parts.join('\u0000')).digest('hex').slice(0, 32)

describe('names derived from content', () => {
  it('keep their golden values', () => {
    expect(documentId('H01', digest)).toBe('cd30b8ca6e60a9d60672aa5ba41cf238')
    expect(inboxItemId('one', 'H01', digest, 'H02')).toBe('29a71b6236805bd546320ab7b9fd672a')
    expect(documentReference('H01', '12/UBND-VP', '2026/03/16')).toBe('dfbf78cb99826d87a2d1a741a2769711')
  })

  it('are the digests of their parts', () => {
    expect(documentId('H01', digest)).toBe(named('tram-document-1', 'H01', hex(digest)))
    expect(inboxItemId('one', 'H01', digest, 'H02')).toBe(named('tram-item-1', 'one', 'H01', hex(digest), 'H02'))
    expect(documentReference('H01', '12/UBND-VP', '2026/03/16')).toBe(
      named('tram-reference-1', 'H01', '12/UBND-VP', '2026/03/16'),
    )
  })

  it('differ when any part differs, also between the kinds', () => {
    const other = sha256(Buffer.from('another'))
    const names = [
      documentId('H01', digest),
      documentId('H02', digest),
      documentId('H01', other),
      inboxItemId('one', 'H01', digest, 'H02'),
      inboxItemId('two', 'H01', digest, 'H02'),
      inboxItemId('one', 'H02', digest, 'H02'),
      inboxItemId('one', 'H01', other, 'H02'),
      inboxItemId('one', 'H01', digest, 'H03'),
      documentReference('H01', '12/A', '2026/03/16'),
      documentReference('H011', '2/A', '2026/03/16'),
      documentReference('H01', '12/B', '2026/03/16'),
      documentReference('H01', '12/A', '2026/03/17'),
    ]
    expect(new Set(names).size).toBe(names.length)
    for (const name of names) expect(name).toMatch(/^[0-9a-f]{32}$/)
  })

  it('are one for a reference that clerks type in several ways', () => {
    const written = documentReference('H01', '7816/VPCP-TTĐT', '2026/03/16')
    const typed = ['7816/vpcp-ttđt', ' 7816 / VPCP-TTĐT ', '7816/VPCP\u00a0-TTĐT', '7816/VPCP-TTĐT'.normalize('NFD')]
    for (const code of typed) expect(documentReference(' h01', code, ' 2026/03/16 ')).toBe(written)
    expect(documentReference('H01', '7816/VPCP-TTDT', '2026/03/16')).not.toBe(written)
  })

  it('hash a view of a larger buffer, not the buffer', () => {
    const large = Buffer.from('xxpacketxx')
    expect(sha256(large.subarray(2, 8))).toEqual(digest)
    expect(hex(new Uint8Array(large.buffer, large.byteOffset + 2, 2))).toBe('7061')
  })
})
