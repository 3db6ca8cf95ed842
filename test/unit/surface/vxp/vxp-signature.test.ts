// Golden values of the VXP signature and timestamp. The HMAC was made with openssl, not with this code:
//   printf '%s' '{"XroadVnpt-systemid":"000.00.13.H53"}' | openssl dgst -sha256 -hmac 'Bí mật'
import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { isSignatureOf, timestampOf } from '../../../../src/surface/vxp/vxp-signature.ts'

const signHeader = '{"XroadVnpt-systemid":"000.00.13.H53"}'
const golden = '9a773a408043a9a940832303fecf52ce8ea595ecccc31168a5c006f706ff6224'

const opensslHmac = (secret: string, message: Buffer): string => {
  const hexKey = Buffer.from(secret).toString('hex')
  const output = execFileSync('openssl', ['dgst', '-sha256', '-mac', 'HMAC', '-macopt', `hexkey:${hexKey}`], {
    input: message,
  })
  return output.toString().trim().split('= ')[1] ?? ''
}

describe('isSignatureOf', () => {
  it('accepts the golden signature, with a secret that is not ASCII', () => {
    expect(isSignatureOf('Bí mật', signHeader, golden)).toBe(true)
    expect(opensslHmac('Bí mật', Buffer.from(signHeader))).toBe(golden)
  })

  it.each([
    ['another secret', 'Bí mật ', signHeader, golden],
    ['one blank more', 'Bí mật', signHeader.replace(':', ': '), golden],
    ['upper case', 'Bí mật', signHeader, golden.toUpperCase()],
    ['one digit less', 'Bí mật', signHeader, golden.slice(1)],
    ['one digit more', 'Bí mật', signHeader, `${golden}0`],
    ['nothing', 'Bí mật', signHeader, ''],
  ])('refuses %s', (_, secret, text, hash) => {
    expect(isSignatureOf(secret, text, hash)).toBe(false)
  })

  it('reads header bytes as latin1: raw UTF-8 bytes and accents sent as one byte both verify', () => {
    const text = '{"XroadVnpt-filePath":"D:/văn bản à"}'
    const rawUtf8 = Buffer.from(text).toString('latin1') // as Node gives header bytes
    expect(isSignatureOf('k', rawUtf8, opensslHmac('k', Buffer.from(text)))).toBe(true)
    const accents = '{"XroadVnpt-filePath":"D:/à la"}' // the Java kit: signs UTF-8, sends the byte E0
    expect(isSignatureOf('k', accents, opensslHmac('k', Buffer.from(accents, 'utf8')))).toBe(true)
    expect(isSignatureOf('k', accents, opensslHmac('k', Buffer.from(accents, 'latin1')))).toBe(true)
  })
})

describe('timestampOf', () => {
  it('reads Vietnam time; the digits after + are milliseconds', () => {
    expect(timestampOf('21112026T100405+0123')).toBe(Date.UTC(2026, 10, 21, 3, 4, 5, 123))
    expect(timestampOf('01012027T000000+0000')).toBe(Date.UTC(2026, 11, 31, 17))
    expect(timestampOf('29022028T235959+0999')).toBe(Date.UTC(2028, 1, 29, 16, 59, 59, 999))
  })

  it('does not read 0700 as a zone', () => {
    expect(timestampOf('21112026T100405+0700')).toBe(Date.UTC(2026, 10, 21, 3, 4, 5, 700))
  })

  it('does not depend on the zone of the machine', () => {
    const before = process.env.TZ
    process.env.TZ = 'America/New_York'
    const inNewYork = timestampOf('21112026T100405+0123')
    if (before === undefined) delete process.env.TZ
    else process.env.TZ = before
    expect(inNewYork).toBe(Date.UTC(2026, 10, 21, 3, 4, 5, 123))
  })

  it.each([
    '',
    '21112026T100405',
    '32112026T100405+0000',
    '29022026T100405+0000',
    '21132026T100405+0000',
    '21112026T240405+0000',
    '21112026T106005+0000',
    '21112026T100460+0000',
    '2026-11-21T10:04:05',
    '21112026T100405-0123',
    ' 21112026T100405+0123',
    '21112026T100405+01234',
  ])('refuses %j', (text) => {
    expect(timestampOf(text)).toBeNull()
  })
})
