// A configuration that differs from the last start's is an act in the audit log, with the names of the sections and no value.
import { expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { AuditLog } from '../../../src/exchange/evidence/audit-log.ts'
import { noteConfiguration } from '../../../src/exchange/evidence/configuration-watch.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { startMs } from '../../fixtures/exchange/test-world.ts'
import { silent } from '../../fixtures/store/temporary-store.ts'

it('says which sections have changed since the last start', async () => {
  const records = new MemoryRecordStore()
  const audit = new AuditLog(records, new TestClock(startMs), silent)
  await audit.start()
  const start = (sections: Record<string, unknown>) => noteConfiguration('h41', sections, { records, audit })
  const acts = async () => {
    const found: string[] = []
    for await (const { act, subject, detail } of audit.entries()) found.push(`${act} ${subject} ${detail}`)
    return found
  }
  const backend = [{ systemid: 'a', secret: 'very secret', agencies: ['H41'] }]
  await start({ station: { name: 'Một' }, backend })
  await start({ station: { name: 'Một' }, backend })
  expect(await acts()).toEqual([])
  await start({ station: { name: 'Hai' }, backend: [{ ...backend[0], agencies: ['H41', 'H41.1'] }] })
  expect(await acts()).toEqual(['configuration-changed h41 station, backend'])
  await start({ station: { name: 'Hai' }, console: {} })
  expect((await acts())[1]).toBe('configuration-changed h41 console, backend')
  await start({ station: { name: 'Hai' }, console: {} })
  expect(await acts()).toHaveLength(2)
  const kept = Buffer.from((await records.get('meta:configuration')) ?? []).toString('utf8')
  expect(kept).not.toMatch(/secret|Hai/)
})

it('takes a damaged note for a change of everything', async () => {
  const records = new MemoryRecordStore()
  const audit = new AuditLog(records, new TestClock(startMs), silent)
  await audit.start()
  await records.commit([{ type: 'put', key: 'meta:configuration', value: Buffer.from('{"station":') }])
  await noteConfiguration('h41', { station: {} }, { records, audit })
  const found = []
  for await (const { act, detail } of audit.entries()) found.push([act, detail])
  expect(found).toEqual([['configuration-changed', 'station']])
})
