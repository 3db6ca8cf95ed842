// What passes the door: signed parameters only, in any order, from the right place at the right time.
import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { addressRule, BackendRegister } from '../../../../src/surface/vxp/vxp-backends.ts'
import { VxpParameters, type VxpRequest, verifyRequest } from '../../../../src/surface/vxp/vxp-request.ts'
import { type KitRequest, VxpKit } from '../../../fixtures/vxp-kit/vxp-kit.ts'

const hourMs = 3_600_000
const now = new Date(Date.UTC(2026, 10, 21, 3, 4, 5, 123))
const register = new BackendRegister([
  { backend: { systemid: 'tây', agencies: [] }, secret: 'other', allows: () => true, trusts: () => false },
  {
    backend: { systemid: 'sys1', agencies: ['H01'] },
    secret: 'khoá',
    allows: addressRule([], 'x'),
    trusts: () => true,
  },
])

const kitOf = (at = now, secret = 'khoá', systemid = 'sys1'): VxpKit =>
  new VxpKit({ endpoint: 'http://127.0.0.1:1/tram', systemid, secret, now: at })

function verify(request: Pick<KitRequest, 'headers'>, sourceAddress = '127.0.0.1') {
  return verifyRequest({ rawHeaders: request.headers.flat(), sourceAddress }, register, now.getTime(), 24 * hourMs)
}

function accepted(request: Pick<KitRequest, 'headers'>): VxpRequest {
  const verdict = verify(request)
  if (!verdict.ok) throw verdict.reason
  return verdict.value
}

function refusal(request: Pick<KitRequest, 'headers'>, sourceAddress?: string): string {
  const verdict = verify(request, sourceAddress)
  if (verdict.ok) throw new Error('it was accepted')
  expect(verdict.reason.code).toBe('CREDENTIALS_REFUSED')
  return String(verdict.reason.data.detail)
}

/** Headers signed over `signHeader` as it stands. */
function signedBy(signHeader: string, sent: [string, string][]): Pick<KitRequest, 'headers'> {
  const hash = createHmac('sha256', 'khoá').update(Buffer.from(signHeader, 'latin1')).digest('hex')
  return { headers: [...sent, ['XroadVnpt-sign-header', signHeader], ['XroadVnpt-hash-header', hash]] }
}

const base: [string, string][] = [
  ['XroadVnpt-systemid', 'sys1'],
  ['XroadVnpt-timestamp', '21112026T100405+0123'],
]
const baseJson = '"XroadVnpt-systemid":"sys1","XroadVnpt-timestamp":"21112026T100405+0123"'

describe('a request of the kit', () => {
  it('gives its backend and its signed parameters', () => {
    const { backend, parameters } = accepted(kitOf().prepare('getEdoc', { docId: 'd-1', filePath: 'D:/x' }))
    expect(backend).toEqual({ systemid: 'sys1', agencies: ['H01'] })
    expect(parameters.require('docId')).toBe('d-1')
    expect(parameters.find('status')).toBeUndefined()
  })

  it('is accepted whatever the order and the case of its headers', () => {
    const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
    request.headers = request.headers.map(([name, value]): [string, string] => [name.toLowerCase(), value]).reverse()
    expect(accepted(request).parameters.require('docId')).toBe('d-1')
  })

  it('may sign a version beside the version that every kit sends unsigned', () => {
    const request = kitOf().prepare('getSynchronizeUnit', { version: '12' })
    expect(request.headers.filter(([name]) => name === 'XroadVnpt-version')).toHaveLength(2)
    expect(accepted(request).parameters.find('version')).toBe('12')
    expect(accepted(kitOf().prepare('getSynchronizeUnit', {})).parameters.find('version')).toBeUndefined()
  })
})

describe('what is not signed', () => {
  it('is ignored, so that a captured getEdoc does not become updateStatus', () => {
    const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
    request.headers.push(['XroadVnpt-status', 'done'])
    const { parameters } = accepted(request)
    expect(parameters.find('status')).toBeUndefined()
    expect(() => parameters.require('status')).toThrow(/status/)
  })

  it('cannot replace a signed value, in front of it or behind it', () => {
    for (const place of ['push', 'unshift'] as const) {
      const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
      request.headers[place](['XroadVnpt-docId', 'd-2'])
      expect(accepted(request).parameters.require('docId')).toBe('d-1')
    }
  })

  it('cannot be brought in through sign-header-key', () => {
    const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
    request.headers = request.headers.map(([name, value]): [string, string] => [
      name,
      name === 'XroadVnpt-sign-header-key' ? `${value};status` : value,
    ])
    request.headers.push(['XroadVnpt-status', 'done'])
    expect(refusal(request)).toContain('status')
  })

  it('leaves the systemid unsigned: refused', () => {
    expect(refusal(signedBy('{"XroadVnpt-timestamp":"21112026T100405+0123"}', base))).toContain('systemid')
  })

  it('leaves the timestamp unsigned: refused', () => {
    expect(refusal(signedBy('{"XroadVnpt-systemid":"sys1"}', base))).toContain('timestamp')
  })
})

describe('refused', () => {
  it('when a header differs from what was signed', () => {
    const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
    request.headers = request.headers.map(([name, value]): [string, string] => [
      name,
      name === 'XroadVnpt-docId' ? 'd-2' : value,
    ])
    expect(refusal(request)).toContain('docId')
  })

  it('when a signed header was not sent', () => {
    const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
    request.headers = request.headers.filter(([name]) => name !== 'XroadVnpt-docId')
    expect(refusal(request)).toContain('docId')
  })

  it('when one byte of sign-header changes', () => {
    const request = kitOf().prepare('getEdoc', { docId: 'd-1' })
    request.headers = request.headers.map(([name, value]): [string, string] => [
      name,
      name.startsWith('XroadVnpt-docId') || name === 'XroadVnpt-sign-header' ? value.replace('d-1', 'd-2') : value,
    ])
    expect(refusal(request)).toContain('khóa bí mật')
  })

  it('with the wrong secret and with an unknown systemid, in the same words', () => {
    const wrongSecret = refusal(kitOf(now, 'khóa').prepare('getEdoc', {}))
    expect(refusal(kitOf(now, 'khoá', 'sys2').prepare('getEdoc', {}))).toBe(wrongSecret)
  })

  it.each(['XroadVnpt-systemid', 'XroadVnpt-sign-header', 'XroadVnpt-hash-header'])('without %s', (missing) => {
    const request = kitOf().prepare('getEdoc', {})
    request.headers = request.headers.filter(([name]) => name !== missing)
    expect(refusal(request)).toContain('thiếu')
  })

  it('with two sign-headers', () => {
    const request = kitOf().prepare('getEdoc', {})
    request.headers.push(['XroadVnpt-sign-header', '{}'])
    expect(refusal(request)).toContain('thừa')
  })

  it.each(['[]', '"x"', 'null', '{"a":', '{"XroadVnpt-a":{}}', '{"XroadVnpt-a":[1]}'])(
    'with sign-header %s',
    (text) => {
      expect(refusal(signedBy(text, base))).toContain('sign-header')
    },
  )

  it('outside the window, on both sides, and not at its edge', () => {
    const at = (offsetMs: number): KitRequest =>
      kitOf(new Date(now.getTime() + offsetMs)).prepare('getAgenciesList', {})
    expect(accepted(at(-24 * hourMs)).backend.systemid).toBe('sys1')
    expect(accepted(at(24 * hourMs)).backend.systemid).toBe('sys1')
    expect(refusal(at(-24 * hourMs - 1))).toContain('24 giờ')
    expect(refusal(at(24 * hourMs + 1))).toContain('24 giờ')
  })

  it('from an address that is not configured', () => {
    expect(refusal(kitOf().prepare('getEdoc', {}), '10.0.0.7')).toContain('10.0.0.7')
  })
})

describe('values', () => {
  it('take blanks, nulls, numbers and UTF-8 as clients send them', () => {
    const sent: [string, string][] = [
      ['XroadVnpt-a', 'x'],
      ['XroadVnpt-b', ''],
      ['XroadVnpt-c', '5'],
      ['XroadVnpt-d', Buffer.from('đơn vị').toString('latin1')],
    ]
    const json = `{${baseJson},"XroadVnpt-a":" x\\t","XroadVnpt-b":null,"XroadVnpt-c":5,"XroadVnpt-d":"\\u0111\\u01a1n v\\u1ecb","other":"y"}`
    const { parameters } = accepted(signedBy(json, [...base, ...sent]))
    expect(['a', 'b', 'c', 'd', 'other'].map((name) => parameters.find(name))).toEqual([
      'x',
      undefined,
      '5',
      'đơn vị',
      undefined,
    ])
  })

  it('prefer the exact name, then any case, and refuse to guess', () => {
    const parameters = new VxpParameters(
      new Map([
        ['docId', '1'],
        ['DOCID', '2'],
        ['Level', '3'],
        ['PageSize', '4'],
        ['PAGESIZE', '5'],
        ['__proto__', '6'],
      ]),
    )
    expect(parameters.find('docId')).toBe('1')
    expect(parameters.find('level')).toBe('3')
    expect(() => parameters.find('pageSize')).toThrow(/pageSize/)
    expect(parameters.find('constructor')).toBeUndefined()
  })
})
