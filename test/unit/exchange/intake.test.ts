// Intake: who may send what to whom, what is accepted once and what anew, and that nothing of a refused packet stays.
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { documentId, sha256 } from '../../../src/document/document-id.ts'
import { PacketKind } from '../../../src/document/schema/waybill.ts'
import type { SubmissionResult } from '../../../src/exchange/desk.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { MemorySpace } from '../../contract/memory-space.ts'
import { buildPacket, buildStatusPacket, type PacketFields } from '../../fixtures/edxml/build-packet.ts'
import { backendOf, type LoneOptions, LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { agencyEntry, dayMs, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'

const packetOf = (to: string[], changes: Partial<PacketFields> = {}) =>
  buildPacket({
    dialect: 'plain',
    from: 'H01',
    to,
    codeNumber: '12',
    codeNotation: 'UBND',
    subject: 'Giấy mời',
    ...changes,
  })
const statusOf = (statusCode: string, organId: string, code = '12/UBND', from = 'H01') =>
  buildStatusPacket({
    dialect: 'plain',
    from,
    statusCode,
    responseFor: { organId, code, promulgationDate: '2026/03/16' },
  })

describe('intake', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation
  const stations: LoneStation[] = []
  const closed = { validity: { from: 0, until: startMs } }

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01', 'H01.1'], two: ['H02', 'H02.1'], three: ['H03'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-intake-'))
    station = await started()
  })
  afterEach(async () => {
    for (const one of stations.splice(0)) await one.stop()
    await rm(folder, { recursive: true, force: true })
  })

  async function started(options: Partial<LoneOptions> = {}): Promise<LoneStation> {
    const one = await LoneStation.start({ world, id: 'one', folder: join(folder, `${stations.length}`), ...options })
    stations.push(one)
    return one
  }
  const recipients = async () => [...(await station.waybills()).values()].map((waybill) => waybill.recipients.join(' '))
  const turns = async () =>
    [...(await station.waybills()).values()]
      .map(({ recipients: to, attempt, resend }) => `${to.join(' ')} ${attempt}/${resend}`)
      .sort()
  /** That no byte and no record of a submission stayed. */
  const expectNothing = async () => {
    for (const namespace of [
      'document',
      'waybill',
      'delivery',
      'packet',
      'packetref',
      'toseal',
      'docref',
      'sent',
      'audit',
    ]) {
      expect([namespace, await station.keys(namespace)]).toEqual([namespace, []])
    }
    const files = await readdir(join(folder, `${stations.length - 1}`, 'incoming'), { recursive: true }).catch(() => [])
    expect([files, station.space.reservedBytes]).toEqual([[], 0])
  }
  const carrying = async () => {
    await station.startSealing()
    await station.startCarrying()
  }

  it('accepts a document with everything of it in one commit', async () => {
    const packet = packetOf(['H02', 'H02.1', 'H03'])
    const result = await station.submit(packet)
    expect(result).toEqual({
      docId: documentId('H01', sha256(packet)),
      isNew: true,
      warnings: [],
    } satisfies SubmissionResult)
    const [waybill] = [...(await station.waybills()).values()]
    expect(waybill).toMatchObject({
      kind: PacketKind.DOCUMENT,
      station: 'one',
      generation: 1,
      senderAgency: 'H01',
      recipients: ['H02', 'H02.1', 'H03'],
      attempt: 0,
      resend: 0,
    })
    expect([waybill?.created, waybill?.notAfter]).toEqual([startMs, startMs + 30 * dayMs])
    expect((await station.keys('delivery')).map((name) => name.split(':')[2])).toEqual(['three', 'two'])
    const counts = await Promise.all(
      ['document', 'packet', 'packetref', 'toseal', 'docref', 'sent', 'audit'].map(
        async (name) => (await station.keys(name)).length,
      ),
    )
    expect(counts).toEqual([1, 1, 1, 1, 1, 1, 1])
    expect(station.space.reservedBytes).toBe(0)
  })

  it('salts every waybill', async () => {
    await station.submit(packetOf(['H02']))
    await station.submit(packetOf(['H02'], { subject: 'khác' }))
    const salts = [...(await station.waybills()).values()].map(({ salt }) => Buffer.from(salt).toString('hex'))
    expect(new Set(salts).size).toBe(2)
    expect(salts).not.toContain('0'.repeat(64))
  })

  describe('sender', () => {
    it('is resolved from an old code, in the packet and in the configuration', async () => {
      await station.useDirectory(
        2,
        world.entries([{ agency: agencyEntry('H01', 'one', { code102: '000.00.01.H01' }) }]),
      )
      const packet = packetOf(['H02'], { from: '000.00.01.H01' })
      const { docId } = await station.submit(packet, { backend: backendOf('000.00.01.H01'), from: 'H01' })
      expect(docId).toBe(documentId('H01', sha256(packet)))
      expect([...(await station.waybills()).values()]).toMatchObject([{ senderAgency: 'H01' }])
    })

    it.each<[string, string, Partial<Parameters<LoneStation['submit']>[1]>, string]>([
      ['an agency of ours that this backend may not send for', 'H01.1', {}, 'SENDER_NOT_ALLOWED'],
      [
        'an agency of another station, though the backend claims it',
        'H02',
        { backend: backendOf('H02') },
        'SENDER_NOT_ALLOWED',
      ],
      ['an agency that nobody knows', 'H99', { backend: backendOf('H99') }, 'SENDER_NOT_ALLOWED'],
      [
        'another agency of this backend than it said',
        'H01',
        { backend: backendOf('H01', 'H01.1'), from: 'H01.1' },
        'SENDER_MISMATCH',
      ],
    ])('is refused: %s', async (_, from, changes, code) => {
      await expect(station.submit(packetOf(['H03'], { from }), changes)).rejects.toMatchObject({ code })
      await expectNothing()
    })
  })

  describe('recipients', () => {
    it('are every To, each once, though named by two codes', async () => {
      await station.useDirectory(
        2,
        world.entries([
          { agency: agencyEntry('H02', 'two', { code102: 'H02.OLD' }) },
          { agency: agencyEntry('H04', 'two', { ...closed, successor: 'H02' }) },
        ]),
      )
      await station.submit(packetOf(['H02.OLD', 'H02', 'H04', 'H03']))
      expect(await recipients()).toEqual(['H02 H03'])
    })

    it('are narrowed by the request, by whatever code it names them', async () => {
      await station.useDirectory(2, world.entries([{ agency: agencyEntry('H02', 'two', { code102: 'H02.OLD' }) }]))
      await station.submit(packetOf(['H02', 'H03', 'H02.1']), { to: ['H02.OLD', 'H03'] })
      expect(await recipients()).toEqual(['H02 H03'])
    })

    it('are not widened by the request', async () => {
      await expect(station.submit(packetOf(['H02']), { to: ['H02', 'H03', 'H02.1'] })).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
        data: { field: 'to', detail: 'the packet does not name H03, H02.1' },
      })
      await expectNothing()
    })

    it('that are unknown, closed or without a station are all named, and nothing is accepted', async () => {
      await station.useDirectory(
        2,
        world.entries([{ agency: agencyEntry('H05', '') }, { agency: agencyEntry('H06', 'two', closed) }]),
      )
      await expect(station.submit(packetOf(['H02', 'H98', 'H05', 'H06', 'H99']))).rejects.toMatchObject({
        code: 'RECIPIENT_UNKNOWN',
        data: { codes: 'H98, H05, H06, H99' },
      })
      await expectNothing()
    })

    it('may be on the same station', async () => {
      await station.submit(packetOf(['H01.1']))
      expect((await station.keys('delivery'))[0]).toMatch(/:one$/)
    })
  })

  describe('refuses, dropping the bytes,', () => {
    it('a state secret', async () => {
      station = await started({ secrecyMarks: ['MẬT'] })
      await expect(station.submit(packetOf(['H02'], { subject: 'Báo cáo (MẬT)' }))).rejects.toMatchObject({
        code: 'PACKET_STATE_SECRET',
        data: { mark: 'MẬT' },
      })
      await expectNothing()
    })

    it('a large state secret, already on the disk in part', async () => {
      station = await started({ secrecyMarks: ['MẬT'] })
      const packet = packetOf(['H02'], {
        subject: 'MẬT',
        attachments: [{ name: 'a.pdf', bytes: Buffer.alloc(900_000, 3) }],
      })
      await expect(station.submit(packet, { declaredBytes: null })).rejects.toMatchObject({
        code: 'PACKET_STATE_SECRET',
      })
      await expectNothing()
    })

    it('a packet of the other kind', async () => {
      await expect(station.submit(packetOf(['H02']), { kind: 'status' })).rejects.toMatchObject({
        code: 'REQUEST_INVALID',
        data: { field: 'messagetype' },
      })
      await expect(station.submit(statusOf('03', 'H02'))).rejects.toMatchObject({ code: 'REQUEST_INVALID' })
      await expectNothing()
    })

    it('bytes that are not those announced, and noise', async () => {
      await expect(station.submit(packetOf(['H02']), { acceptsDigest: () => false })).rejects.toMatchObject({
        code: 'PACKET_HASH_MISMATCH',
      })
      await expect(station.submit(Buffer.from('noise'))).rejects.toMatchObject({
        code: expect.stringMatching(/^PACKET_/),
      })
      await expectNothing()
    })

    it('a body that breaks off, and a caller that goes away', async () => {
      const packet = packetOf(['H02'])
      const broken = Readable.from(
        (async function* () {
          yield packet.subarray(0, 500)
          throw new Error('the connection is gone')
        })(),
      )
      await expect(station.submit(packet, { body: broken })).rejects.toThrow('the connection is gone')
      const gone = AbortSignal.abort(new Error('gone'))
      const submission = {
        backend: backendOf('H01'),
        from: null,
        kind: 'document',
        to: null,
        declaredBytes: null,
        body: Readable.from([packet]),
        acceptsDigest: () => true,
        resend: false,
      } as const
      await expect(station.desk.submit(submission, gone)).rejects.toThrow('gone')
      await expectNothing()
    })

    it('everything while it is closed, without a directory, and without room', async () => {
      station.intake.close('recovery', new TramError('INTAKE_CLOSED', { detail: 'restoring' }))
      station.intake.close('power', new TramError('UPS_BATTERY_LOW', {}))
      // Whoever opens opens its own door: the other one stays shut.
      station.intake.open('power')
      await expect(station.submit(packetOf(['H02']))).rejects.toMatchObject({
        code: 'INTAKE_CLOSED',
        data: { detail: 'restoring' },
      })
      station.intake.close('power', new TramError('UPS_BATTERY_LOW', {}))
      station.intake.open('recovery')
      await expect(station.submit(packetOf(['H02']))).rejects.toMatchObject({ code: 'UPS_BATTERY_LOW' })
      station.intake.open('power')
      await station.submit(packetOf(['H02']))
      station = await started({ entries: null })
      await expect(station.submit(packetOf(['H02']))).rejects.toMatchObject({ code: 'DIRECTORY_MISSING' })
      await expectNothing()
      station = await started({ space: new MemorySpace(100) })
      await expect(station.submit(packetOf(['H02']))).rejects.toMatchObject({ code: 'DISK_FULL' })
      await expectNothing()
    })
  })

  describe('the same submission again', () => {
    const packet = packetOf(['H02', 'H03'])

    it('is the same document while it is under way, also a day later and on purpose', async () => {
      const first = await station.submit(packet)
      expect(await station.submit(packet)).toEqual({ ...first, isNew: false })
      station.clock.advance(2 * dayMs)
      expect(await station.submit(packet, { resend: true })).toEqual({ ...first, isNew: false })
      expect(await turns()).toEqual(['H02 H03 0/0'])
      expect(await station.keys('audit')).toHaveLength(1)
    })

    it('ten times at once is one document with one waybill', async () => {
      const results = await Promise.all(Array.from({ length: 10 }, () => station.submit(packet)))
      expect(new Set(results.map(({ docId }) => docId)).size).toBe(1)
      expect(results.filter(({ isNew }) => isNew)).toHaveLength(1)
      expect(await turns()).toEqual(['H02 H03 0/0'])
      expect(await station.keys('toseal')).toHaveLength(1)
    })

    it('with new recipients sends to these only', async () => {
      await station.submit(packet, { to: ['H02'] })
      expect(await station.submit(packet)).toMatchObject({ isNew: false })
      expect(await turns()).toEqual(['H02 0/0', 'H03 0/0'])
      const [document] = await Promise.all(
        (await station.keys('document')).map((name) => station.document(name.slice(9))),
      )
      expect(document?.addressees.map(({ agency }) => agency)).toEqual(['H02', 'H03'])
    })

    it('when delivered: a repeat within a day, a re-send after a day or on purpose, each day anew', async () => {
      await carrying()
      const two = await PlayedRecipient.connect(station, 'two')
      await station.submit(packet, { to: ['H02'] })
      await two.take()
      station.clock.advance(dayMs)
      await station.submit(packet, { to: ['H02'] })
      expect(await turns()).toEqual(['H02 0/0'])
      await station.submit(packet, { to: ['H02'], resend: true })
      expect((await two.take()).parsed).toMatchObject({ attempt: 0, resend: 1 })
      // A backend that repeats this one is not asking for another.
      station.clock.advance(1000)
      await station.submit(packet, { to: ['H02'] })
      expect(await turns()).toEqual(['H02 0/0', 'H02 0/1'])
      station.clock.advance(dayMs + 1)
      await station.submit(packet, { to: ['H02'] })
      expect((await two.take()).parsed).toMatchObject({ resend: 2 })
      expect(await station.keys('sent')).toHaveLength(1)
    })

    it('when refused by one and taken by another: attempt n+1 for the one', async () => {
      await carrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const both = packetOf(['H02', 'H02.1'])
      await station.submit(both)
      await two.take({ refused: ['H02.1'] })
      await station.submit(both)
      expect((await two.take({ refused: ['H02.1'] })).parsed).toMatchObject({
        recipients: ['H02.1'],
        attempt: 1,
        resend: 0,
      })
      await station.submit(both)
      expect((await two.take()).parsed).toMatchObject({ recipients: ['H02.1'], attempt: 2 })
      await station.submit(both)
      expect(await turns()).toEqual(['H02 H02.1 0/0', 'H02.1 1/0', 'H02.1 2/0'])
    })

    it('when expired: attempt n+1', async () => {
      await carrying()
      await station.submit(packet, { to: ['H02'] })
      await station.until(async () => ((await station.keys('queue')).length === 1 ? true : undefined))
      station.clock.advance(30 * dayMs)
      station.outbox.wake('two')
      await station.until(async () => {
        const [waybill = ''] = [...(await station.waybills()).keys()]
        return (await station.outbox.delivery(waybill, 'two'))?.state === DeliveryState.EXPIRED ? true : undefined
      })
      await station.submit(packet, { to: ['H02'] })
      expect(await turns()).toEqual(['H02 0/0', 'H02 1/0'])
    })
  })

  describe('a status', () => {
    const arrived = async (from: string, sender: string, code: string) => {
      const packet = packetOf(['H01'], { from, codeNumber: code, documentId: null })
      const link = await station.link(sender)
      const waybill = world.waybill(packet, { station: sender, senderAgency: from, recipients: ['H01'] })
      expect(await station.deliver(link, { waybill, packet })).toBe('stored')
    }

    it('goes where it is signed to', async () => {
      await station.submit(statusOf('03', 'H02'), { kind: 'status', to: ['H03'] })
      expect([...(await station.waybills()).values()]).toMatchObject([{ kind: PacketKind.STATUS, recipients: ['H03'] }])
    })

    it('goes to whom the answered document came from', async () => {
      await arrived('H02', 'two', '5')
      const before = (await station.waybills()).size
      await station.submit(statusOf('03', 'H02', '5/UBND'), { kind: 'status' })
      const sent = [...(await station.waybills()).values()].filter(({ station: by }) => by === 'one')
      expect([before, sent.map(({ recipients: to }) => to)]).toEqual([1, [['H02']]])
    })

    it('13 goes to everybody whom the document was sent to', async () => {
      await station.submit(packetOf(['H02', 'H03']))
      await station.submit(statusOf('13', 'H01'), { kind: 'status' })
      expect((await recipients()).sort()).toEqual(['H02 H03', 'H02 H03'])
    })

    it('goes to ResponseFor through an old code and a successor', async () => {
      await station.useDirectory(
        2,
        world.entries([
          { agency: agencyEntry('H02', 'two', { code102: 'H02.OLD' }) },
          { agency: agencyEntry('H04', 'three', { ...closed, successor: 'H03' }) },
        ]),
      )
      await station.submit(statusOf('03', 'H02.OLD', '1/A'), { kind: 'status' })
      await station.submit(statusOf('03', 'H04', '1/B'), { kind: 'status' })
      expect((await recipients()).sort()).toEqual(['H02', 'H03'])
    })

    it.each<[string, Buffer]>([
      ['names only its sender', statusOf('03', 'H01')],
      ['answers somebody whom nobody knows', statusOf('03', 'H99')],
      ['13 is about a document that was never sent', statusOf('13', 'H01', '99/X')],
    ])('that %s is refused with 18', async (_, packet) => {
      await expect(station.submit(packet, { kind: 'status' })).rejects.toMatchObject({ code: 'RECIPIENT_UNKNOWN' })
      await expectNothing()
    })
  })

  it('leaves nothing when the store fails, and takes the same packet when it works', async () => {
    const { MemoryRecordStore } = await import('../../contract/memory-record-store.ts')
    const { TramError } = await import('../../../src/base/errors.ts')
    const records = new MemoryRecordStore()
    station = await started({ records })
    records.failure = new TramError('DISK_FULL', { neededBytes: 1, freeBytes: 0 })
    await expect(station.submit(packetOf(['H02']))).rejects.toMatchObject({ code: 'DISK_FULL' })
    records.failure = undefined
    await expectNothing()
    await new Promise(setImmediate)
    expect(await station.submit(packetOf(['H02']))).toMatchObject({ isNew: true })
    expect(await station.audit.verify()).toBe(1)
  })
})
