// Conditions as HTTP: every one has a status, and its text in both languages.
import { describe, expect, it } from 'vitest'
import { type ConditionCode, catalogue } from '../../../../src/base/conditions/catalogue.ts'
import { TramError } from '../../../../src/base/errors.ts'
import { failureOf, httpStatusOf, problemOf } from '../../../../src/surface/rest/rest-errors.ts'

describe('the status of a condition', () => {
  it.each(Object.keys(catalogue) as ConditionCode[])('%s is one of a refusal or a failure', (code) => {
    for (const isQuestion of [true, false]) expect(httpStatusOf(code, isQuestion)).toBeGreaterThanOrEqual(400)
    for (const isQuestion of [true, false]) expect(httpStatusOf(code, isQuestion)).toBeLessThan(600)
  })

  it('blames the packet with 422, the disk with 507, nobody with 500', () => {
    const packets = Object.keys(catalogue).filter((code) => /^PACKET_(FIELD|STATE|ATT|MAL|LIMIT|FORB|HASH)/.test(code))
    expect(packets).toHaveLength(8)
    for (const code of packets) expect(httpStatusOf(code as ConditionCode, false)).toBe(422)
    expect(httpStatusOf('DISK_FULL', false)).toBe(507)
    expect(httpStatusOf('INTERNAL', false)).toBe(500)
  })

  it('tells a code that is asked for from one in a packet', () => {
    expect(httpStatusOf('RECIPIENT_UNKNOWN', true)).toBe(404)
    expect(httpStatusOf('RECIPIENT_UNKNOWN', false)).toBe(422)
  })
})

describe('what was thrown', () => {
  it('becomes problem details with the data that the texts are filled with', () => {
    const { status, error } = failureOf(new TramError('DOCUMENT_UNKNOWN', { document: 'd1' }), true)
    expect(problemOf(error, status)).toEqual({
      type: 'urn:tram:condition:DOCUMENT_UNKNOWN',
      title: 'There is no document d1',
      status: 404,
      detail: 'There is no document d1',
      code: 'DOCUMENT_UNKNOWN',
      severity: 'error',
      vi: 'Không có văn bản d1',
      en: 'There is no document d1',
      todo: { vi: catalogue.DOCUMENT_UNKNOWN.todoVi, en: catalogue.DOCUMENT_UNKNOWN.todoEn },
      data: { document: 'd1' },
    })
  })

  it('is an internal error when nobody knows it', () => {
    const { status, error } = failureOf(new Error('boom'), false)
    expect([status, error.code]).toEqual([500, 'INTERNAL'])
  })

  it('never repeats what fastify says of a body', () => {
    const thrown = Object.assign(new Error(`Unexpected token in "1234"`), {
      statusCode: 400,
      code: 'FST_ERR_CTP_INVALID_JSON_BODY',
    })
    const { status, error } = failureOf(thrown, false)
    expect([status, error.message]).toEqual([400, 'The request is not valid: body: is not JSON'])
  })
})
