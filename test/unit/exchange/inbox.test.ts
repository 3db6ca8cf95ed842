// What backends see of what arrived and of what they sent: pages, marks, ids; and how long the packets behind them stay.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { sha256 } from '../../../src/document/document-id.ts'
import { key, sequencePart } from '../../../src/equipment/store/namespaces.ts'
import type { InboxItem, ListQuery } from '../../../src/exchange/desk.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { backendOf, LoneStation, type RecordedLink } from '../../fixtures/exchange/lone-station.ts'
import { PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { dayMs, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { never } from '../../fixtures/store/temporary-store.ts'

const packetOf = (from: string, to: string[], subject: string, bytes = 0) =>
  buildPacket({
    dialect: 'plain',
    from,
    to,
    codeNumber: '12',
    codeNotation: 'UBND',
    subject,
    attachments: bytes === 0 ? [] : [{ name: 'a.pdf', bytes: Buffer.alloc(bytes, 7) }],
  })

describe('a backend', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation
  let one: RecordedLink

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02', 'H02.1', 'H02.2'], three: ['H03'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-inbox-'))
    station = await LoneStation.start({ world, id: 'two', folder })
    one = await station.link('one')
  })
  afterEach(async () => {
    await station.stop()
    await rm(folder, { recursive: true, force: true })
  })

  const query = (changes: Partial<ListQuery> = {}): ListQuery => ({
    backend: backendOf('H02'),
    kind: 'document',
    fromMs: null,
    toMs: null,
    pageIndex: 1,
    pageSize: 100,
    ...changes,
  })
  const list = (changes: Partial<ListQuery> = {}) => station.desk.listReceived(query(changes))
  async function receive(packet: Uint8Array, to = ['H02'], resend = 0): Promise<void> {
    const waybill = world.waybill(packet, { station: 'one', senderAgency: 'H01', recipients: to, resend })
    expect(await station.deliver(one, { waybill, packet })).toBe('stored')
  }
  const mark = (item: InboxItem | undefined, to: 'processing' | 'done' | 'fail', backend = backendOf('H02')) =>
    station.desk.markItem(backend, item?.itemId ?? '', to)

  it('marks an item while it is sent again: neither undoes the other', async () => {
    const packet = packetOf('H01', ['H02'], 'crossing')
    await receive(packet)
    const [item] = await list()
    // The mark has read the item under its lock and is held there while the re-send arrives.
    const get = station.records.get.bind(station.records)
    const { promise: hasRead, resolve: read } = Promise.withResolvers<void>()
    const { promise: held, resolve: goOn } = Promise.withResolvers<void>()
    let reads = 0
    station.records.get = async (name) => {
      const value = await get(name)
      if (name.startsWith('item:') && ++reads === 2) {
        read()
        await held
      }
      return value
    }
    const marking = mark(item, 'fail')
    await hasRead
    const receiving = receive(packet, ['H02'], 1)
    await Promise.race([receiving, delay(500)])
    goOn()
    await Promise.all([marking, receiving])
    expect(await list()).toMatchObject([{ itemId: item?.itemId, resend: 1, mark: 'initial' }])
  })

  describe('that fetches', () => {
    it('gets its items in pages, oldest first, within the times that it asks for', async () => {
      for (let at = 0; at < 5; at++) {
        await receive(packetOf('H01', ['H02'], `s${at}`))
        station.clock.advance(1000)
      }
      const times = (items: InboxItem[]) => items.map(({ receivedAt }) => (receivedAt - startMs) / 1000)
      expect(times(await list())).toEqual([0, 1, 2, 3, 4])
      expect(times(await list({ pageSize: 2 }))).toEqual([0, 1])
      expect(times(await list({ pageSize: 2, pageIndex: 3 }))).toEqual([4])
      expect(times(await list({ pageSize: 2, pageIndex: 4 }))).toEqual([])
      expect(times(await list({ fromMs: startMs + 1000, toMs: startMs + 3000 }))).toEqual([1, 2])
      expect(times(await list({ fromMs: startMs + 1000, pageSize: 2, pageIndex: 2 }))).toEqual([3, 4])
      expect([await list({ kind: 'status' }), await station.desk.countReceived(backendOf('H02'), 'document')]).toEqual([
        [],
        5,
      ])
    })

    it('turns pages from where the last one ended, whatever was done meanwhile, and reads only the page', async () => {
      const both = { ...backendOf('H02'), agencies: ['H02', 'H02.1'] }
      for (let at = 0; at < 30; at++) await receive(packetOf('H01', ['H02', 'H02.1'], `s${at}`), ['H02', 'H02.1'])
      const all = (await list({ backend: both })).map(({ itemId }) => itemId)
      const gets = vi.spyOn(station.records, 'get')
      const turned: InboxItem[] = []
      const readsOf: number[] = []
      for (let after: string | null = null; ; ) {
        gets.mockClear()
        const page = await list({ backend: both, pageSize: 7, after })
        readsOf.push(gets.mock.calls.filter(([name]) => name.startsWith('item:')).length)
        turned.push(...page)
        after = page.at(-1)?.cursor ?? null
        // Also the item whose place the cursor is; the others stay on the list.
        for (const item of [page[0], page.at(-1)]) await mark(item, 'done', both)
        if (page.length < 7 || turned.length > all.length) break
      }
      expect(turned.map(({ itemId }) => itemId)).toEqual(all)
      expect(readsOf).toEqual([7, 7, 7, 7, 7, 7, 7, 7, 4])
      const [own] = turned
      for (const after of ['', 'x', 'inbox:H01:document:0', 'item:0', own?.cursor ?? ''])
        await expect(list({ backend: backendOf('H02.2'), after })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    })

    it('is told at most 100,000 when it counts', async () => {
      const name = (at: number) => key('inbox', 'H02', 'document', sequencePart(at))
      const puts = Array.from({ length: 100_007 }, (_, at) => ({
        ...{ type: 'put' as const, key: name(at), value: Buffer.from('f'.repeat(32)) },
      }))
      await station.records.commit(puts)
      expect(await station.desk.countReceived(backendOf('H02'), 'document')).toBe(100_000)
    })

    it('takes an item off the list with `done`, for good', async () => {
      await receive(packetOf('H01', ['H02'], 'a'))
      const [item] = await list()
      await mark(item, 'processing')
      expect(await list()).toMatchObject([{ mark: 'processing' }])
      await mark(item, 'done')
      expect([
        await list(),
        await station.desk.countReceived(backendOf('H02'), 'document'),
        await station.keys('inbox'),
      ]).toEqual([[], 0, []])
      await mark(item, 'done')
      await mark(item, 'processing')
      await mark(item, 'fail')
      expect([await list(), await station.inbox.find(item?.itemId ?? '')]).toMatchObject([
        [],
        { mark: 'done', failures: 0 },
      ])
      const { bytes } = await station.desk.openItem(backendOf('H02'), item?.itemId ?? '')
      let size = 0
      for await (const piece of bytes) size += piece.byteLength
      expect(size).toBe(item?.sizeBytes)
    })

    it('keeps an item on the list with `fail`, which is counted', async () => {
      await receive(packetOf('H01', ['H02'], 'a'))
      const [item] = await list()
      for (let failures = 1; failures <= 3; failures++) {
        await mark(item, 'fail')
        expect(await list()).toMatchObject([{ mark: 'fail', failures }])
      }
      await mark(item, 'processing')
      await mark(item, 'processing')
      expect(await list()).toMatchObject([{ mark: 'processing', failures: 3 }])
      expect((await station.keys('audit')).length).toBe(3)
    })

    it('sees nothing of another’s, and cannot tell it from nothing', async () => {
      await receive(packetOf('H01', ['H02', 'H02.1'], 'a'), ['H02', 'H02.1'])
      const [item] = await list()
      const other = backendOf('H02.2')
      expect([await list({ backend: other }), await station.desk.countReceived(other, 'document')]).toEqual([[], 0])
      const answers = await Promise.all(
        [item?.itemId ?? '', '0'.repeat(32), 'not an id', `${item?.itemId}:x`].map(async (id) => [
          await station.desk.openItem(other, id).catch((error: unknown) => error),
          await station.desk.markItem(other, id, 'done').catch((error: unknown) => error),
        ]),
      )
      for (const answer of answers.flat()) expect(answer).toMatchObject({ code: 'DOCUMENT_UNKNOWN' })
      expect(await list()).toMatchObject([{ mark: 'initial' }])
      // Both agencies of one backend, by any of its codes.
      expect(await list({ backend: backendOf('H02', 'H02.1') })).toHaveLength(2)
    })
  })

  it('finds what it sent, newest first, page by page, one row an agency, and nothing of others', async () => {
    const ids: string[] = []
    for (let at = 0; at < 3; at++) {
      const { docId } = await station.submit(packetOf('H02', ['H01', 'H03'], `s${at}`), { backend: backendOf('H02') })
      ids.push(docId)
      station.clock.advance(1000)
    }
    await station.submit(packetOf('H02.1', ['H01'], 'other'), { backend: backendOf('H02.1') })
    const sent = async (changes: Partial<ListQuery & { docId: string | null }> = {}) => {
      const rows = await station.desk.listSent({ ...query(), docId: null, ...changes })
      return rows.map(({ docId, to }) => `${ids.indexOf(docId)} ${to}`)
    }
    const all = ['2 H01', '2 H03', '1 H01', '1 H03', '0 H01', '0 H03']
    expect(await sent()).toEqual(all)
    for (const pageSize of [1, 2, 3, 4, 5]) {
      const pages: string[] = []
      for (let pageIndex = 1; pageIndex <= 7; pageIndex++) pages.push(...(await sent({ pageSize, pageIndex })))
      expect([pageSize, pages]).toEqual([pageSize, all])
    }
    for (const pageSize of [1, 2, 3, 4, 5]) {
      const pages: string[] = []
      for (let after: string | null = null; ; ) {
        const rows = await station.desk.listSent({ ...query(), docId: null, pageSize, after })
        pages.push(...rows.map(({ docId, to }) => `${ids.indexOf(docId)} ${to}`))
        after = rows.at(-1)?.cursor ?? null
        if (rows.length < pageSize) break
      }
      expect([pageSize, pages]).toEqual([pageSize, all])
    }
    await expect(sent({ after: 'sent:H01:document:0#1' })).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
    expect(await sent({ fromMs: startMs + 1000, toMs: startMs + 2000 })).toEqual(['1 H01', '1 H03'])
    expect(await sent({ docId: ids[1] ?? '' })).toEqual(['1 H01', '1 H03'])
    expect(await sent({ docId: ids[1] ?? '', backend: backendOf('H02.1') })).toEqual([])
    expect(await sent({ docId: '0'.repeat(32) })).toEqual([])
    expect(await sent({ kind: 'status' })).toEqual([])
    const [row] = await station.desk.listSent({ ...query(), docId: ids[0] ?? '' })
    expect(row).toMatchObject({ state: 'sealing', refusal: null, processing: null, sentAt: startMs, deliveredAt: null })
  })

  describe('that is done', () => {
    const sweep = () => station.retention.sweep(never)
    const doneItem = async (to = 'H02') => {
      const [item] = await list({ backend: backendOf(to) })
      await mark(item, 'done', backendOf(to))
    }

    it.each([0, 100_000])('has its packet (%i bytes more) kept for 30 days, and not a moment less', async (bytes) => {
      const packet = packetOf('H01', ['H02'], 'a', bytes)
      await receive(packet)
      station.clock.advance(100 * dayMs)
      expect(await sweep()).toBe(0)
      await doneItem()
      station.clock.advance(30 * dayMs - 1)
      expect([await sweep(), await station.packets.has(sha256(packet))]).toEqual([0, true])
      station.clock.advance(1)
      expect([await sweep(), await station.packets.has(sha256(packet))]).toEqual([1, false])
      expect([
        await station.keys('packetref'),
        (await station.keys('item')).length,
        (await station.keys('inbound')).length,
      ]).toEqual([[], 1, 1])
      expect(await sweep()).toBe(0)
      expect(await station.audit.verify()).toBe(3)
    })

    it('shares a packet with others until the last is done', async () => {
      const packet = packetOf('H01', ['H02', 'H02.1'], 'a')
      await receive(packet, ['H02', 'H02.1'])
      await doneItem('H02')
      station.clock.advance(40 * dayMs)
      expect([await sweep(), await station.packets.has(sha256(packet))]).toEqual([0, true])
      await doneItem('H02.1')
      station.clock.advance(29 * dayMs)
      expect(await sweep()).toBe(0)
      station.clock.advance(dayMs)
      expect([await sweep(), await station.packets.has(sha256(packet))]).toEqual([1, false])
    })

    it.each([0, 100_000])(
      'gets a packet (%i bytes more) back that is sent again while the old one is deleted',
      async (bytes) => {
        const packet = packetOf('H01', ['H02'], 'a', bytes)
        await receive(packet)
        await doneItem()
        station.clock.advance(30 * dayMs)
        const waybill = world.waybill(packet, {
          station: 'one',
          senderAgency: 'H01',
          recipients: ['H02'],
          resend: 1,
          created: station.clock.now(),
          notAfter: station.clock.now() + dayMs,
        })
        const delivering = station.deliver(one, { waybill, packet })
        // Again and again while it arrives: whichever order the two come in, what is listed can be read.
        let swept = 0
        const sweeping = (async () => {
          for (let round = 0; round < 30; round++) swept += await sweep()
        })()
        const answer = await delivering
        await sweeping
        if (answer === 'temporary') expect(await station.deliver(one, { waybill, packet })).toBe('stored')
        expect(swept).toBeLessThanOrEqual(1)
        expect([await list(), await station.packets.has(sha256(packet))]).toMatchObject([[{ resend: 1 }], true])
      },
    )
  })

  it('that sends has its packet kept while a delivery is open, and 30 days from the last receipt', async () => {
    const packet = packetOf('H02', ['H01', 'H03'], 'a')
    await station.startSealing()
    await station.startCarrying()
    await station.submit(packet, { backend: backendOf('H02') })
    const first = await PlayedRecipient.connect(station, 'three')
    await first.take()
    station.clock.advance(20 * dayMs)
    expect(await station.retention.sweep(never)).toBe(0)
    await station.cut(one)
    const last = await PlayedRecipient.connect(station, 'one')
    await last.take()
    station.clock.advance(30 * dayMs - 1)
    expect([await station.retention.sweep(never), await station.packets.has(sha256(packet))]).toEqual([0, true])
    station.clock.advance(1)
    expect([await station.retention.sweep(never), await station.packets.has(sha256(packet))]).toEqual([1, false])
    expect([
      (await station.keys('document')).length,
      (await station.keys('waybill')).length,
      (await station.keys('delivery')).length,
    ]).toEqual([1, 1, 2])
  })
})
