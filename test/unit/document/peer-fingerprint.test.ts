// The fingerprint against base32 and SHA-256 of other programs: two people compare it letter by letter.
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { peerFingerprint } from '../../../src/document/peer-fingerprint.ts'

describe('a fingerprint', () => {
  it.each([Buffer.alloc(32), Buffer.alloc(32, 0xff), Buffer.from('a'.repeat(32))])(
    'is what others make of %j',
    (key) => {
      const other = execFileSync('sh', ['-c', 'openssl dgst -sha256 -binary | head -c 20 | base32'], { input: key })
      expect(peerFingerprint(key).replaceAll('-', '')).toBe(other.toString().trim())
      expect(peerFingerprint(key)).toMatch(/^([A-Z2-7]{4}-){7}[A-Z2-7]{4}$/)
    },
  )
})
