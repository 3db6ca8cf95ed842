import { expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { SessionPool } from '../../../../src/equipment/token/session-pool.ts'

const never = new AbortController().signal
const closed = new TramError('TOKEN_FAILED', { rv: 'CKR_SESSION_CLOSED', operation: 'sign' })

it('gives one session to one operation, and serves the waiting in order', async () => {
  const pool = new SessionPool(['a', 'b'])
  const inUse = new Set<string>()
  const order: number[] = []
  await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      pool.use(never, async (session) => {
        expect(inUse.has(session)).toBe(false)
        inUse.add(session)
        order.push(index)
        await Promise.resolve()
        inUse.delete(session)
      }),
    ),
  )
  expect(order).toEqual([...order].sort((left, right) => left - right))
  expect(pool.busy).toBe(0)
})

it('gives the session back when the operation fails', async () => {
  const pool = new SessionPool(['a'])
  await expect(pool.use(never, () => Promise.reject(new Error('no')))).rejects.toThrow('no')
  expect(await pool.use(never, (session) => session)).toBe('a')
})

it('lets go of an aborted waiter without losing the session', async () => {
  const pool = new SessionPool(['a'])
  const first = Promise.withResolvers<void>()
  const holding = pool.use(never, () => first.promise)
  const controller = new AbortController()
  const waiting = pool.use(controller.signal, (session) => session)
  controller.abort(new Error('enough'))
  await expect(waiting).rejects.toThrow('enough')
  first.resolve()
  await holding
  expect(await pool.use(never, (session) => session)).toBe('a')
})

it('bounds the waiting', async () => {
  const pool = new SessionPool(['a'])
  const first = Promise.withResolvers<void>()
  const all = Array.from({ length: 1025 }, () => pool.use(never, () => first.promise))
  await expect(pool.use(never, () => undefined)).rejects.toMatchObject({ code: 'OVERLOADED' })
  first.resolve()
  await Promise.all(all)
})

it('closes when the last operation is done, and refuses the rest', async () => {
  const pool = new SessionPool(['a', 'b'])
  const first = Promise.withResolvers<void>()
  const events: string[] = []
  const holding = [1, 2].map(() => pool.use(never, () => first.promise).then(() => events.push('done')))
  const waiting = pool.use(never, () => undefined)
  const closing = [pool.close(closed), pool.close(closed)].map((close) => close.then(() => events.push('closed')))
  await expect(waiting).rejects.toBe(closed)
  await expect(pool.use(never, () => undefined)).rejects.toBe(closed)
  expect(events).toEqual([])
  first.resolve()
  await Promise.all([...holding, ...closing])
  expect(events.toSorted()).toEqual(['closed', 'closed', 'done', 'done'])
})
