// A station whose clock is in doubt, or was wrong: what it leaves undecided, and which seals it makes anew.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../src/base/errors.ts'
import { sha256 } from '../../../src/document/document-id.ts'
import { DeliveryState } from '../../../src/exchange/schema/records.ts'
import { SoftToken } from '../../contract/soft-token.ts'
import { buildPacket } from '../../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../../fixtures/exchange/lone-station.ts'
import { PlayedRecipient } from '../../fixtures/exchange/played-recipient.ts'
import { dayMs, startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'

const doubt = new TramError('CLOCK_UNTRUSTED', { wall: 'a', told: 'b' })
const packet = buildPacket({
  dialect: 'plain',
  from: 'H01',
  to: ['H02'],
  codeNumber: '1',
  codeNotation: 'CV',
  subject: 'a',
})

describe('a doubtful time', () => {
  let world: TestWorld
  let folder: string
  let station: LoneStation

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'], two: ['H02'] })
  })
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-doubt-'))
    station = await LoneStation.start({ world, id: 'one', folder })
    await station.startSealing()
  })
  afterEach(async () => {
    await station.stop()
    await rm(folder, { recursive: true, force: true })
  })

  /** Handed in and sealed. Returns the waybill's digest. */
  async function sealed(): Promise<string> {
    await station.submit(packet)
    const [waybill = ''] = [...(await station.waybills()).keys()]
    await station.until(async () => ((await station.outbox.waybill(waybill))?.seal != null ? true : undefined))
    return waybill
  }
  const stateOf = async (waybill: string) => (await station.outbox.delivery(waybill, 'two'))?.state
  const inState = (waybill: string, state: DeliveryState) =>
    station.until(async () => ((await stateOf(waybill)) === state ? true : undefined))
  const settle = async () => {
    for (let turns = 0; turns < 30; turns++) await new Promise(setImmediate)
  }
  const resealWish = (transfer: number) => ({
    temporary: { transfer, code: 'SEAL_INVALID', retryAfterMs: 30_000, reseal: true },
  })

  it('lets no delivery expire, and offers it; when the doubt ends, the same time ends it', async () => {
    const waybill = await sealed()
    station.clock.advance(31 * dayMs)
    station.clock.doubt = doubt
    await station.startCarrying()
    const two = await PlayedRecipient.connect(station, 'two')
    await two.nextOffer()
    expect(await stateOf(waybill)).toBe(DeliveryState.SENDING)
    station.clock.doubt = undefined
    await two.reconnect()
    await inState(waybill, DeliveryState.EXPIRED)
  })

  it('gives what is taken in ten years more', async () => {
    station.clock.doubt = doubt
    await station.submit(packet)
    const [waybill] = [...(await station.waybills()).values()]
    expect(waybill?.notAfter).toBe(startMs + 30 * dayMs + 3650 * dayMs)
    expect(station.token.signatures).toBe(0)
  })

  it('deletes no packet', async () => {
    const waybill = await sealed()
    await station.outbox.expire(waybill, 'two')
    station.clock.advance(31 * dayMs)
    station.clock.doubt = doubt
    const never = new AbortController().signal
    expect(await station.retention.sweep(never)).toBe(0)
    station.clock.doubt = undefined
    expect(await station.retention.sweep(never)).toBe(1)
  })

  describe('a seal is made anew', () => {
    it('before it is offered, when it was sealed under a false clock', async () => {
      station.clock.jump(startMs + 730 * dayMs)
      const waybill = await sealed()
      station.clock.jump(startMs)
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      await two.nextOffer()
      expect((await station.outbox.waybill(waybill))?.seal?.sealedAt).toBe(startMs)
      expect(station.token.signatures).toBe(2)
    })

    it('not for a recipient that asks for it for ever: one signature, and a long pause', async () => {
      const waybill = await sealed()
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      for (let round = 0; round < 3; round++) {
        two.says(resealWish((await two.nextOffer()).transfer))
        await station.until(async () =>
          (await station.outbox.delivery(waybill, 'two'))?.lastTrouble === 'SEAL_INVALID' ? true : undefined,
        )
        await settle()
        const offers = two.link.all('offer').length
        station.clock.advance(400_000)
        station.outbox.wake('two')
        await settle()
        expect(two.link.all('offer')).toHaveLength(offers)
        station.clock.advance(400_000)
        station.outbox.wake('two')
      }
      await two.nextOffer()
      expect(station.token.signatures).toBe(1)
    })

    it('not while the certificate has expired: it waits without a signature until there is another', async () => {
      const short = await world.pki.issue({ commonName: 'one', notAfter: new Date(startMs + dayMs) })
      station.token.insert(new SoftToken(short))
      await station.useDirectory(2, listing(short.certificateDer))
      const waybill = await sealed()
      await station.startCarrying()
      const two = await PlayedRecipient.connect(station, 'two')
      const { transfer } = await two.nextOffer()
      station.clock.advance(2 * dayMs)
      two.says(resealWish(transfer))
      await inState(waybill, DeliveryState.SEALING)
      while (station.sealer.trouble === undefined) await settle()
      expect([station.sealer.trouble.code, station.token.signatures]).toEqual(['CERTIFICATE_UNUSABLE', 1])
      station.token.insert(new SoftToken(world.leaf('one')))
      station.sealer.wake()
      await two.nextOffer()
      expect(station.token.signatures).toBe(2)
    })
  })

  function listing(certificate: Uint8Array) {
    const der = Buffer.from(certificate)
    const entry = world.stationEntry('one')
    const certificates = [...entry.certificates, { sha256: Buffer.from(sha256(der)), der }]
    return world.entries([{ station: { ...entry, certificates } }])
  }

  it('asks and answers the time on a link, to whoever joined, and no oftener than it must', async () => {
    const link = await station.link('two', { clockMs: startMs + 7 })
    expect(station.heardTimes).toEqual([['two', startMs + 7]])
    const ask = () => station.switchboard.onMessage(link, { clock: { clockMs: startMs + 8, ask: true } })
    ask()
    ask()
    expect(link.all('clock')).toEqual([{ clockMs: startMs, ask: false }])
    station.clock.advance(10_000)
    ask()
    expect([link.all('clock').length, station.heardTimes.length]).toEqual([2, 4])
    station.switchboard.askTimes()
    expect(link.all('clock').at(-1)).toEqual({ clockMs: startMs, ask: true })
  })
})
