// Agencies that merge while documents lie or travel: nothing that was received or sent before goes out of sight, and
// nothing is listed twice.
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseReceipt } from '../../../src/document/receipt.ts'
import type { DirectoryEntry } from '../../../src/document/schema/directory.ts'
import { letter } from '../../fixtures/edxml/letter.ts'
import { backendOf, LoneStation, type RecordedLink } from '../../fixtures/exchange/lone-station.ts'
import { agencyEntry, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { type TemporaryFolder, temporaryFolder } from '../../fixtures/store/temporary-store.ts'

const packet = letter({
  to: [
    { organId: 'H02', organName: 'Sở Hai' },
    { organId: 'H03', organName: 'Sở Ba' },
  ],
})
const answer = letter({
  from: { organId: 'H02', organName: 'Sở Hai' },
  to: [{ organId: 'H01', organName: 'Bộ Một' }],
  codeNumber: '7',
  codeNotation: 'SH-VP',
  subject: 'Trả lời',
})

describe('mergers', () => {
  let folder: TemporaryFolder
  let world: TestWorld
  let station: LoneStation
  let link: RecordedLink

  beforeEach(async () => {
    folder = await temporaryFolder()
    world = await TestWorld.create({ a: ['H01'], b: ['H02', 'H03'] })
    station = await LoneStation.start({ world, id: 'b', folder: join(folder.path, 'b') })
    link = await station.link('a')
  })

  afterEach(async () => {
    await station.stop()
    await folder.remove()
  })

  const waybill = (recipients: string[]) => world.waybill(packet, { station: 'a', senderAgency: 'H01', recipients })
  const list = (code: string) => ({
    backend: backendOf(code),
    kind: 'document' as const,
    pageIndex: 1,
    pageSize: 10,
    fromMs: null,
    toMs: null,
  })

  /** H02 closes and is part of H03 from now on. */
  async function merge(): Promise<void> {
    const closed: DirectoryEntry = {
      agency: agencyEntry('H02', 'b', { successor: 'H03', validity: { from: 0, until: startMs } }),
    }
    await station.useDirectory(2, world.entries([closed]))
    expect(await station.directory.resolve('H02')).toMatchObject({ ok: true, value: { code: 'H03' } })
  }

  it('leave what was received before in reach of the backend that it was for', async () => {
    expect(await station.deliver(link, { waybill: waybill(['H02']), packet })).toBe('stored')
    await merge()
    const [item] = await station.inbox.list(list('H02'))
    expect(item?.to).toBe('H02')
    expect(await station.inbox.count(backendOf('H02'), 'document')).toBe(1)
    await station.inbox.mark(backendOf('H02'), item?.itemId ?? '', 'done')
    expect(await station.inbox.list(list('H02'))).toEqual([])
  })

  it('leave what was sent before in the register of the backend that sent it', async () => {
    const { docId } = await station.submit(answer, { backend: backendOf('H02') })
    await merge()
    expect(await station.sent.list({ ...list('H02'), docId: null })).toMatchObject([{ docId, from: 'H02' }])
    expect(await station.sent.list({ ...list('H02'), docId })).toMatchObject([{ docId, from: 'H02' }])
  })

  it('list a document once that was on its way to both agencies', async () => {
    await merge()
    expect(await station.deliver(link, { waybill: waybill(['H02', 'H03']), packet })).toBe('stored')
    const items = await station.inbox.list(list('H03'))
    expect(items).toHaveLength(1)
    await station.inbox.mark(backendOf('H03'), items[0]?.itemId ?? '', 'done')
    expect(await station.inbox.list(list('H03'))).toEqual([])
    // Both were asked about, so both have a verdict.
    const { receipt } = (await station.inbound(waybill(['H02', 'H03']))) ?? {}
    expect(parseReceipt(receipt ?? Buffer.alloc(0)).verdicts.map(({ agency }) => agency)).toEqual(['H02', 'H03'])
  })
})
