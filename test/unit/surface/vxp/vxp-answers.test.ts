// Answers, rows, times and words of the wire.
import { describe, expect, it } from 'vitest'
import { acceptsGzip } from '../../../../src/base/accept-encoding.ts'
import { catalogue, isConditionCode } from '../../../../src/base/conditions/catalogue.ts'
import { TramError } from '../../../../src/base/errors.ts'
import type { InboxItem, SentItem } from '../../../../src/exchange/desk.ts'
import { errorNumberOf, failAnswer, okAnswer } from '../../../../src/surface/vxp/vxp-answers.ts'
import { kindOf, serviceTypeOf } from '../../../../src/surface/vxp/vxp-kind.ts'
import { findOperation, operationNameOf } from '../../../../src/surface/vxp/vxp-operations.ts'
import { VxpParameters } from '../../../../src/surface/vxp/vxp-request.ts'
import { receivedRow, sentRow, unitRow } from '../../../../src/surface/vxp/vxp-rows.ts'
import { recipientsOf } from '../../../../src/surface/vxp/vxp-sending.ts'
import { vietnamDay, vietnamTime } from '../../../../src/surface/vxp/vxp-time.ts'
import { agencyEntry } from '../../../fixtures/desk/memory-desk.ts'

const at = Date.UTC(2026, 10, 20, 17, 0, 1)
const parametersOf = (values: Record<string, string>): VxpParameters =>
  new VxpParameters(new Map(Object.entries(values)))

describe('failAnswer', () => {
  it('gives the axis its own text, word for word', () => {
    const error = new TramError('SENDER_NOT_ALLOWED', { code: 'H09', systemid: 'sys1' })
    expect(failAnswer(error, 'sendEdoc', 'i')).toEqual({
      status: 'FAIL',
      ErrorCode: '19',
      ErrorDesc: 'Don vi gui H09 khong dung voi ma da dang ky: sys1',
      DocId: '',
    })
  })

  it('names the condition behind a Vietnamese text', () => {
    const answer = failAnswer(new TramError('RECIPIENT_UNKNOWN', { codes: 'X1, X2' }), 'getEdoc', 'i')
    expect(answer).toEqual({
      status: 'FAIL',
      ErrorCode: '18',
      ErrorDesc: 'Không có trong danh bạ hoặc đã đóng: X1, X2 (RECIPIENT_UNKNOWN)',
      data: '',
    })
  })

  it('keeps the inside of the station inside', () => {
    const inside = [
      new TramError('INTERNAL', { detail: '/var/lib/tram secret' }),
      new TramError('STORE_FAILED', { detail: '/var/lib/tram secret' }),
      new TramError('CONFIG_INVALID', { file: '/etc/secret', line: 1, key: 'secret', detail: 'secret' }),
    ]
    for (const error of inside) {
      const answer = failAnswer(error, 'getReceivedEdocList', 'incident-1')
      expect(answer.ErrorCode).toBe('20')
      expect(answer.ErrorDesc).toContain('incident-1')
      expect(answer.ErrorDesc).toContain(error.code)
      expect(JSON.stringify(answer)).not.toMatch(/secret|\/var|\/etc/)
      expect(answer.data).toEqual([])
    }
  })

  it('has a number of the provincial list for every condition', () => {
    const known = ['10', '15', '18', '19', '20', '21', '22', '23']
    for (const code of Object.keys(catalogue)) {
      if (!isConditionCode(code)) throw new Error(code)
      expect(known).toContain(errorNumberOf(Object.assign(Object.create(TramError.prototype), { code, data: {} })))
    }
    const numberOf = (field: string): string => errorNumberOf(new TramError('REQUEST_INVALID', { field, detail: '' }))
    expect([numberOf('file_doc'), numberOf('hash-file'), numberOf('level')]).toEqual(['10', '10', '20'])
  })
})

it('okAnswer puts the three keys first', () => {
  expect(JSON.stringify(okAnswer({ count: 3 }))).toBe(
    '{"status":"OK","ErrorCode":"0","ErrorDesc":"Thành công","count":3}',
  )
})

describe('times', () => {
  it('are Vietnam time', () => {
    expect(vietnamTime(at)).toBe('2026/11/21 00:00:01')
    expect(vietnamTime(null)).toBe('')
  })

  it('a day begins at midnight in Vietnam', () => {
    expect(vietnamDay('2026/11/21', 'fromDate')).toBe(at - 1000)
    expect(vietnamDay('2026/12/31', 'toDate', 1)).toBe(Date.UTC(2026, 11, 31, 17))
    expect(vietnamDay(undefined, 'toDate', 1)).toBeNull()
  })

  it.each(['21/11/2026', '2026-11-21', '2026/02/30', '2026/13/01', '2026/11/21 ', ''])('%j is no day', (text) => {
    expect(() => vietnamDay(text, 'fromDate')).toThrow(/fromDate/)
  })
})

describe('words', () => {
  it('kindOf: status in either type', () => {
    expect(kindOf(parametersOf({}))).toBe('document')
    expect(kindOf(parametersOf({ servicetype: 'eDoc', messagetype: 'edoc' }))).toBe('document')
    expect(kindOf(parametersOf({ servicetype: 'eDoc', messagetype: 'status' }))).toBe('status')
    expect(kindOf(parametersOf({ servicetype: 'status' }))).toBe('status')
    expect(() => kindOf(parametersOf({ messagetype: 'x' }))).toThrow(/messagetype/)
    expect(serviceTypeOf(parametersOf({ servicetype: 'STATUS' }))).toBe('status')
    expect(serviceTypeOf(parametersOf({}))).toBe('eDoc')
  })

  it('recipientsOf', () => {
    expect(recipientsOf(undefined)).toBeNull()
    expect(recipientsOf('[]')).toBeNull()
    expect(recipientsOf('["H01"," H02","H01"]')).toEqual(['H01', 'H02'])
    const wrong = [
      'H01',
      '{}',
      '"H01"',
      '[1]',
      '[""]',
      '[null]',
      `["${'x'.repeat(65)}"]`,
      JSON.stringify(Array(20_001).fill('a')),
    ]
    for (const text of wrong) expect(() => recipientsOf(text)).toThrow(/to/)
  })

  it('operationNameOf: the last segment under any prefix', () => {
    const targets = [
      '/sendEdoc',
      '/XrdAdapter/RestService/forward/tram/sendEdoc',
      '//a//sendEdoc/',
      '/sendEdoc?x=/getEdoc',
      'http://h/x/sendEdoc#y',
    ]
    for (const target of targets) expect(operationNameOf(target)).toBe('sendEdoc')
    expect(operationNameOf('/')).toBe('')
    expect(operationNameOf('*')).toBe('*')
    expect(findOperation('constructor')).toBeUndefined()
  })

  it('acceptsGzip', () => {
    expect(['gzip', 'gzip,deflate', 'deflate, GZIP;q=0.5', 'x-gzip'].map(acceptsGzip)).toEqual([true, true, true, true])
    expect([undefined, '', 'identity', 'gzip;q=0', 'gzip; q=0.0', 'br'].map(acceptsGzip)).toEqual(Array(6).fill(false))
  })
})

describe('rows', () => {
  const item: InboxItem = {
    ...{ itemId: 'i-1', docId: 'd-1', kind: 'status', from: 'H01', to: 'H02', receivedAt: at, updatedAt: at + 1000 },
    ...{ mark: 'fail', failures: 2, sizeBytes: 1, digest: new Uint8Array(32), resend: 1, recalled: true, cursor: '' },
  }

  it('of the inbox: docId on the wire is the itemId', () => {
    expect(receivedRow(item, 'eDoc')).toEqual({
      ...{ docId: 'i-1', serviceType: 'eDoc', messageType: 'status', from: 'H01', to: 'H02', status: 'fail' },
      ...{ created_time: '2026/11/21 00:00:01', updated_time: '2026/11/21 00:00:02' },
      status_desc: 'Xử lý không thành công; không thành công 2 lần; gửi lại lần 1; bên gửi đã thu hồi',
    })
  })

  it('of what was sent: only texts, in every state', () => {
    const sent: SentItem = {
      ...{ docId: 'd-1', itemId: 'i-1', kind: 'document', title: 'T', notation: '1/A', from: 'H01', to: 'H02' },
      ...{ state: 'sealing', refusal: null, processing: null, sentAt: at, deliveredAt: null, cursor: '' },
    }
    for (const state of ['sealing', 'sending', 'stored', 'delivered', 'refused', 'expired'] as const) {
      const row = sentRow({ ...sent, state }, 'eDoc')
      expect(Object.keys(row).sort()).toEqual(
        [
          ...['serviceType', 'messageType', 'title', 'notation', 'fromCode', 'toCode', 'senderDocId', 'receiverDocId'],
          ...['sendStatus', 'sendStatusDesc', 'receiveStatus', 'receiveStatusDesc', 'sentTime', 'receivedTime'],
        ].sort(),
      )
      expect(Object.values(row).every((value) => typeof value === 'string')).toBe(true)
    }
    const refused = sentRow({ ...sent, state: 'refused', refusal: { code: 'SEAL_INVALID', detail: 'x' } }, 'eDoc')
    expect([refused.sendStatus, refused.sendStatusDesc]).toEqual(['fail', 'Nơi nhận từ chối: SEAL_INVALID'])
    const done = sentRow(
      { ...sent, state: 'delivered', deliveredAt: at, processing: { code: '06', description: '', at } },
      'eDoc',
    )
    expect([done.receiveStatus, done.receiveStatusDesc, done.receivedTime]).toEqual([
      '06',
      'Hoàn thành',
      '2026/11/21 00:00:01',
    ])
  })

  it('of a unit: closed by successor or by time', () => {
    const closed = agencyEntry('H05', { id: 5, pid: 1, successor: 'H06', modified: 9, station: '' })
    expect(unitRow(closed, at)).toEqual({
      ...{ id: '5', pid: '1', code: 'H05', name: 'Đơn vị H05', mail: 'H05@example.vn', version: '9', centerCode: '' },
      ...{ deleted: 'true', modifyDate: '', isAgency: 'false' },
    })
    const ended = unitRow(agencyEntry('H07', { parent: 'H', validity: { from: 1, until: at } }), at)
    expect([ended.deleted, ended.modifyDate, ended.id, ended.pid]).toEqual(['true', '2026/11/21 00:00:01', 'H07', 'H'])
    expect(unitRow(agencyEntry('H08', { validity: { from: 1, until: at } }), at - 1).deleted).toBe('false')
  })
})
