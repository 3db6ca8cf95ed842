// The sealer on a store in memory: batches, order, the chain of statements, and that nothing is lost or lied about when
// token, clock or store fail.
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { TestClock } from '../../../src/base/clock.ts'
import { TramError } from '../../../src/base/errors.ts'
import type { LeafType } from '../../../src/document/merkle.ts'
import { Seal } from '../../../src/document/schema/seal.ts'
import { type VerifiedStatement, verifyInclusion, verifyRootStatement } from '../../../src/document/seal.ts'
import { AuditLog } from '../../../src/exchange/evidence/audit-log.ts'
import type { SealReference } from '../../../src/exchange/schema/records.ts'
import { type Sealable, Sealer } from '../../../src/exchange/send/sealer.ts'
import { Sequence } from '../../../src/exchange/sequence.ts'
import { MemoryRecordStore } from '../../contract/memory-record-store.ts'
import { SoftToken } from '../../contract/soft-token.ts'
import { FickleToken } from '../../fixtures/exchange/lone-station.ts'
import { startMs, TestWorld } from '../../fixtures/exchange/test-world.ts'
import { silent } from '../../fixtures/store/temporary-store.ts'

interface Released {
  type: LeafType
  id: string
  seal: SealReference
  cms: Uint8Array
}

/** Leaves whose bytes are their names; `gone` ones have nothing to seal any more. */
class NamedLeaves implements Sealable {
  readonly gone = new Set<string>()
  /** Operations that each seal claims to need. */
  weight = 1
  readonly #type: LeafType
  readonly #released: (released: Released) => void

  constructor(type: LeafType, released: (released: Released) => void) {
    this.#type = type
    this.#released = released
  }

  async load(ids: readonly string[]): Promise<(Uint8Array | undefined)[]> {
    return ids.map((id) => (this.gone.has(id) ? undefined : Buffer.from(`${this.#type} ${id}`)))
  }

  operations(): number {
    return this.weight
  }

  async sealed(id: string, seal: SealReference) {
    return [
      {
        type: 'put' as const,
        key: `${this.#type === 'waybill' ? 'waybill' : 'inbound'}:${id}`,
        value: Seal.encode({ ...seal, cms: seal.cmsDigest }),
      },
    ]
  }

  released(id: string, seal: SealReference, cms: Uint8Array): void {
    this.#released({ type: this.#type, id, seal, cms })
  }
}

describe('sealer', () => {
  let world: TestWorld
  let records: MemoryRecordStore
  let clock: TestClock
  let token: FickleToken
  let audit: AuditLog
  let sequence: Sequence
  let released: Released[]
  let waiting: (() => void)[]
  let leaves: Record<'waybill' | 'receipt', NamedLeaves>

  beforeAll(async () => {
    world = await TestWorld.create({ one: ['H01'] })
  })
  beforeEach(async () => {
    records = new MemoryRecordStore()
    clock = new TestClock(startMs + 300)
    token = new FickleToken(new SoftToken(world.leaf('one')))
    audit = new AuditLog(records, clock, silent)
    sequence = new Sequence(records)
    await sequence.start()
    await audit.start()
    released = []
    waiting = []
  })

  function made(options: { maxBatch?: number; generation?: number } = {}): Sealer {
    const sealer = new Sealer(
      {
        station: 'one',
        generation: options.generation ?? 1,
        maxBatch: options.maxBatch ?? 4096,
        chain: world.pki.chain,
      },
      { records, audit, token, clock, logger: silent, sequence },
    )
    const tell = (one: Released) => {
      released.push(one)
      for (const resolve of waiting.splice(0)) resolve()
    }
    leaves = { waybill: new NamedLeaves('waybill', tell), receipt: new NamedLeaves('receipt', tell) }
    sealer.register('waybill', leaves.waybill)
    sealer.register('receipt', leaves.receipt)
    return sealer
  }
  async function running(options: { maxBatch?: number; generation?: number } = {}): Promise<Sealer> {
    const sealer = made(options)
    await sealer.start()
    return sealer
  }
  const queue = async (sealer: Sealer, type: 'waybill' | 'receipt', ...ids: string[]) => {
    await records.commit(ids.map((id) => sealer.queue(type, id)))
    sealer.wake()
  }
  async function releasedCount(count: number): Promise<void> {
    while (released.length < count) {
      const { promise, resolve } = Promise.withResolvers<void>()
      waiting.push(resolve)
      await promise
    }
  }
  async function troubled(sealer: Sealer, code: string): Promise<void> {
    while (sealer.trouble?.code !== code) await new Promise(setImmediate)
  }
  const ids = (from = 0) => released.slice(from).map(({ type, id }) => `${type} ${id}`)
  function verified({ type, id, seal, cms }: Released): VerifiedStatement['statement'] {
    const root = verifyRootStatement(cms, world.pki.trust)
    if (!root.ok) throw root.reason
    const { leafIndex, path } = seal
    const included = verifyInclusion(
      type,
      Buffer.from(`${type} ${id}`),
      { cms: Buffer.from(cms), leafIndex, path },
      root.value.statement,
    )
    expect(included).toMatchObject({ ok: true })
    return root.value.statement
  }
  const queued = () => records.keys().filter((name) => name.startsWith('toseal:'))

  it('seals a batch of one in the format of all, and empties the queue in the same commit', async () => {
    const sealer = await running()
    await queue(sealer, 'waybill', 'a')
    await releasedCount(1)
    const [one] = released as [Released]
    expect(verified(one)).toMatchObject({ station: 'one', generation: 1, sequence: 0, treeSize: 1, time: startMs })
    expect(one.seal).toMatchObject({ leafIndex: 0, path: [], sealedAt: startMs })
    const commit = records.commits.at(-1)?.map(({ type, key }) => `${type} ${key.split(':')[0]}`)
    expect(commit).toEqual(['put cms', 'put meta', 'delete toseal', 'put waybill', 'put audit'])
    expect(queued()).toEqual([])
    await sealer.stop()
  })

  it('seals what has filled up while the token signed, thousands under one signature', async () => {
    const sealer = await running()
    const { promise, resolve } = Promise.withResolvers<void>()
    token.gate = promise
    await queue(sealer, 'waybill', 'first')
    while (queued().length !== 1) await new Promise(setImmediate)
    for (let turn = 0; turn < 5; turn++) await new Promise(setImmediate)
    await queue(sealer, 'waybill', ...Array.from({ length: 4000 }, (_, at) => `w${at}`))
    await queue(sealer, 'receipt', ...Array.from({ length: 50 }, (_, at) => `r${at}`))
    resolve()
    await releasedCount(4051)
    expect(token.signatures).toBe(2)
    for (const at of [1, 50, 51, 4050])
      expect(verified(released[at] as Released)).toMatchObject({ sequence: 1, treeSize: 4050 })
    await sealer.stop()
  })

  it('takes receipts before waybills, and has a bound for each', async () => {
    const sealer = made({ maxBatch: 3 })
    await queue(sealer, 'waybill', 'w1', 'w2', 'w3', 'w4')
    await queue(sealer, 'receipt', 'r1', 'r2', 'r3', 'r4')
    await sealer.start()
    await releasedCount(8)
    expect(ids()).toEqual([
      ...['receipt r1', 'receipt r2', 'receipt r3', 'waybill w1', 'waybill w2', 'waybill w3'],
      ...['receipt r4', 'waybill w4'],
    ])
    expect(released.map((one) => verified(one).sequence)).toEqual([0, 0, 0, 0, 0, 0, 1, 1])
    await sealer.stop()
  })

  it('seals no more at once than one commit carries', async () => {
    const sealer = made()
    leaves.waybill.weight = 7000
    await queue(sealer, 'waybill', 'w1', 'w2', 'w3', 'w4', 'w5')
    await sealer.start()
    await releasedCount(5)
    expect(released.map((one) => verified(one).treeSize)).toEqual([2, 2, 2, 2, 1])
    leaves.waybill.weight = 100_000
    await queue(sealer, 'waybill', 'larger than any')
    await releasedCount(6)
    await sealer.stop()
  })

  it('chains statements by sequence and previous root, over restarts, and starts anew in a new generation', async () => {
    for (let run = 0; run < 3; run++) {
      const sealer = await running()
      await queue(sealer, 'waybill', `${run}`)
      await releasedCount(run + 1)
      await sealer.stop()
      clock.advance(10_000)
    }
    const statements = released.map(verified)
    expect(statements.map((statement) => statement.sequence)).toEqual([0, 1, 2])
    expect(statements[0]?.previousRoot.byteLength).toBe(0)
    for (const at of [1, 2]) {
      expect(
        Buffer.compare(statements[at]?.previousRoot ?? Buffer.alloc(0), statements[at - 1]?.root ?? Buffer.alloc(0)),
      ).toBe(0)
    }
    const restored = await running({ generation: 2 })
    await queue(restored, 'waybill', 'next')
    await releasedCount(4)
    const next = verified(released[3] as Released)
    expect([next.generation, next.sequence, next.previousRoot.byteLength]).toEqual([2, 0, 0])
    await restored.stop()
  })

  it('drops leaves that have nothing to seal any more, without asking the token', async () => {
    const sealer = made()
    leaves.waybill.gone.add('gone')
    await queue(sealer, 'waybill', 'gone')
    await sealer.start()
    while (queued().length > 0) await new Promise(setImmediate)
    expect(token.signatures).toBe(0)
    leaves.waybill.gone.add('gone too')
    await queue(sealer, 'waybill', 'gone too', 'here')
    await releasedCount(1)
    expect(verified(released[0] as Released)).toMatchObject({ sequence: 0, treeSize: 1 })
    expect(queued()).toEqual([])
    await sealer.stop()
  })

  it('seals a leaf that was queued twice once, as two stations asked for a new seal of one waybill', async () => {
    const sealer = made()
    await queue(sealer, 'waybill', 'a', 'b', 'a')
    await sealer.start()
    await releasedCount(2)
    expect(ids()).toEqual(['waybill a', 'waybill b'])
    expect(verified(released[0] as Released).treeSize).toBe(2)
    expect(queued()).toEqual([])
    await sealer.stop()
  })

  it.each<[string, (one: FickleToken) => void]>([
    ['TOKEN_PIN_NEEDED', (one) => Object.assign(one, { changes: { state: 'needs-pin' } })],
    ['TOKEN_PIN_LATCHED', (one) => Object.assign(one, { changes: { state: 'latched' } })],
    [
      'SIGNER_UNREACHABLE',
      (one) => Object.assign(one, { changes: { state: 'unreachable', scheme: null, certificate: null } }),
    ],
    [
      'TOKEN_KEY_MISSING',
      (one) =>
        Object.assign(one, {
          changes: { state: 'absent', failure: { code: 'TOKEN_KEY_MISSING', data: { token: 'one', keyId: '09' } } },
        }),
    ],
    ['TOKEN_ABSENT', (one) => Object.assign(one, { changes: { state: 'absent' } })],
    ['TOKEN_ABSENT', (one) => Object.assign(one, { changes: { certificate: null } })],
    [
      'TOKEN_FAILED',
      (one) =>
        Object.assign(one, { failure: new TramError('TOKEN_FAILED', { rv: 'CKR_DEVICE_ERROR', operation: 'C_Sign' }) }),
    ],
    ['INTERNAL', (one) => Object.assign(one, { failure: new Error('anything') })],
  ])('loses nothing when the token says %s, and goes on when it is ready', async (code, breakIt) => {
    const sealer = await running()
    breakIt(token)
    await queue(sealer, 'waybill', 'a', 'b')
    await troubled(sealer, code)
    expect([released.length, queued().length]).toEqual([0, 2])
    await queue(sealer, 'receipt', 'c')
    token.changes = {}
    token.failure = undefined
    sealer.wake()
    await releasedCount(3)
    expect(ids()).toEqual(['receipt c', 'waybill a', 'waybill b'])
    expect(verified(released[0] as Released).sequence).toBe(0)
    while (sealer.trouble !== undefined) await new Promise(setImmediate)
    await sealer.stop()
  })

  it('releases no signature that does not verify, and uses its sequence again', async () => {
    const other = await world.pki.issue({ commonName: 'one' })
    const sealer = await running()
    const twists: ((signature: Uint8Array) => Uint8Array)[] = [
      (signature) => Uint8Array.from(signature, (byte, at) => (at === signature.length - 1 ? byte ^ 1 : byte)),
      () => other.sign(Buffer.alloc(32, 1)),
      () => new Uint8Array(0),
    ]
    await queue(sealer, 'waybill', 'a')
    await releasedCount(1)
    for (const twist of twists) {
      token.twist = twist
      await queue(sealer, 'waybill', 'b')
      while (sealer.trouble === undefined) await new Promise(setImmediate)
      expect([released.length, queued().length > 0]).toEqual([1, true])
      expect(records.keys().filter((name) => name.startsWith('cms:'))).toHaveLength(1)
      token.twist = (signature) => signature
      // The queue is left as it was: the next round finds it again.
      for (const name of queued()) await records.commit([{ type: 'delete', key: name }])
      sealer.wake()
      while (sealer.trouble !== undefined) await new Promise(setImmediate)
    }
    await queue(sealer, 'waybill', 'c')
    await releasedCount(2)
    expect(verified(released[1] as Released).sequence).toBe(1)
    await sealer.stop()
  })

  it('uses the sequence again, for the batch as it is then, when a signed statement could not be committed', async () => {
    const sealer = await running()
    await queue(sealer, 'waybill', 'a')
    await releasedCount(1)
    const commit = records.commit.bind(records)
    records.commit = async (operations) => {
      if (operations.some(({ key }) => key === 'meta:statement'))
        throw new TramError('STORE_FAILED', { detail: 'pulled' })
      await commit(operations)
    }
    await queue(sealer, 'waybill', 'b')
    await troubled(sealer, 'STORE_FAILED')
    expect(released).toHaveLength(1)
    expect(token.signatures).toBeGreaterThan(1)
    records.commit = commit
    await queue(sealer, 'waybill', 'c')
    await releasedCount(3)
    expect(ids(1)).toEqual(['waybill b', 'waybill c'])
    expect(verified(released[1] as Released)).toMatchObject({ sequence: 1, treeSize: 2 })
    expect(await audit.verify()).toBe(2)
    await sealer.stop()
    await audit.stop()
  })

  it('waits while the time is in doubt, and lets the time of statements go back only when the clock was a minute wrong', async () => {
    const sealer = await running()
    await queue(sealer, 'waybill', 'a')
    await releasedCount(1)
    clock.doubt = new TramError('CLOCK_UNTRUSTED', { wall: 'a', told: 'b' })
    await queue(sealer, 'waybill', 'b')
    await troubled(sealer, 'CLOCK_UNTRUSTED')
    expect([released.length, token.signatures]).toEqual([1, 1])
    clock.doubt = undefined
    clock.jump(startMs - 60_000)
    sealer.wake()
    await releasedCount(2)
    expect(verified(released[1] as Released)).toMatchObject({ sequence: 1, time: startMs })
    clock.jump(startMs + 1_999)
    await queue(sealer, 'waybill', 'c')
    await releasedCount(3)
    expect(verified(released[2] as Released)).toMatchObject({ sequence: 2, time: startMs + 1000 })
    await sealer.stop()
    // The last statement was sealed under a false clock: a trusted one does not wait until that time has come.
    clock.jump(startMs - 100_000)
    const again = await running()
    await queue(again, 'waybill', 'd')
    await releasedCount(4)
    expect(verified(released[3] as Released)).toMatchObject({ sequence: 3, time: startMs - 100_000 })
    await again.stop()
  })

  it('finds after a restart what was queued before it', async () => {
    const before = made()
    await queue(before, 'waybill', 'a', 'b')
    const sealer = await running()
    await releasedCount(2)
    expect(ids()).toEqual(['waybill a', 'waybill b'])
    await sealer.stop()
  })
})
