// The line in front of signed content keeps one kind of statement from passing for another.
import { describe, expect, it } from 'vitest'
import { type SignedContentName, unwrapSignedContent, wrapSignedContent } from '../../../src/document/signed-content.ts'

const names: SignedContentName[] = ['root', 'directory', 'descriptor', 'selftest']

describe('signed content', () => {
  it('begins with the line of its kind', () => {
    expect(Buffer.from(wrapSignedContent('root', Buffer.from('x'))).toString()).toBe('TRAM-ROOT-1\nx')
    expect(Buffer.from(wrapSignedContent('directory', Buffer.from('x'))).toString()).toBe('TRAM-DIRECTORY-1\nx')
    expect(Buffer.from(wrapSignedContent('descriptor', Buffer.from('x'))).toString()).toBe('TRAM-DESCRIPTOR-1\nx')
  })

  it.each(names)('of kind %s is given back for this kind only', (name) => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('TRAM-ROOT-1\n'), Buffer.alloc(5000, 0xff)]) {
      const content = wrapSignedContent(name, bytes)
      for (const asked of names) {
        const verdict = unwrapSignedContent(asked, content)
        expect(verdict.ok).toBe(asked === name)
        if (verdict.ok) expect(Buffer.compare(verdict.value, bytes)).toBe(0)
        else expect(verdict.reason.code).toBe('SEAL_INVALID')
      }
    }
  })

  it('is refused when its line is cut, changed or absent', () => {
    for (const text of ['', 'TRAM-ROOT-1', 'TRAM-ROOT-2\nx', 'tram-root-1\nx', ' TRAM-ROOT-1\nx', 'TRAM-ROOT-1\r\nx']) {
      expect(unwrapSignedContent('root', Buffer.from(text)).ok).toBe(false)
    }
  })
})
