// How much peers may have us hold at once: each of them, and all together.
import { expect, it } from 'vitest'
import { PeerLoad } from '../../../src/exchange/receive/peer-load.ts'

it('bounds number and bytes for each peer and bytes for all, and gives room back once', () => {
  const load = new PeerLoad({ countPerPeer: 3, bytesPerPeer: 100, bytes: 250 })
  const [a, b, c] = [{}, {}, {}]
  const first = load.take(a, 10)
  load.take(a, 10)
  load.take(a, 10)
  expect(load.take(a, 10)).toBeUndefined()
  expect(load.take(b, 101)).toBeUndefined()
  expect(load.take(b, 100)).toBeTypeOf('function')
  expect(load.take(c, 100)).toBeTypeOf('function')
  expect(load.bytes).toBe(230)
  expect(load.take({}, 21)).toBeUndefined()
  first?.()
  first?.()
  expect(load.bytes).toBe(220)
  expect(load.take(a, 30)).toBeTypeOf('function')
  expect(load.take(a, 1)).toBeUndefined()
})
