// startAll and stopAll: listed order, reverse order, a failed start takes back what has started, deadlines.
import { describe, expect, it } from 'vitest'
import { type Service, startAll, stopAll } from '../../../src/base/lifecycle.ts'

/** A service that notes what happens to it. */
function service(name: string, diary: string[], behaviour: Partial<Service> = {}): Service {
  return {
    name,
    start: async (signal) => {
      diary.push(`start ${name}`)
      await behaviour.start?.(signal)
    },
    stop: async () => {
      diary.push(`stop ${name}`)
      await behaviour.stop?.()
    },
  }
}

const fail = (text: string) => () => Promise.reject(new Error(text))
const never = new AbortController().signal

describe('startAll', () => {
  it('starts one after the other', async () => {
    const diary: string[] = []
    const slow = service('a', diary, {
      start: async () => void (await Promise.resolve().then(() => diary.push('a is up'))),
    })
    await startAll([slow, service('b', diary)], never)
    expect(diary).toEqual(['start a', 'a is up', 'start b'])
  })

  it('stops what has started, the failed one too, and throws its error', async () => {
    const diary: string[] = []
    const services = [service('a', diary), service('b', diary, { start: fail('no room') }), service('c', diary)]
    await expect(startAll(services, never)).rejects.toThrow('no room')
    expect(diary).toEqual(['start a', 'start b', 'stop b', 'stop a'])
  })

  it('throws the error of the start when stopping fails as well', async () => {
    const diary: string[] = []
    const services = [service('a', diary, { stop: fail('stuck') }), service('b', diary, { start: fail('no room') })]
    await expect(startAll(services, never)).rejects.toThrow('no room')
    expect(diary).toContain('stop a')
  })

  it('goes no further once aborted', async () => {
    const diary: string[] = []
    const controller = new AbortController()
    const first = service('a', diary, { start: async () => controller.abort(new Error('SIGTERM')) })
    await expect(startAll([first, service('b', diary)], controller.signal)).rejects.toThrow('SIGTERM')
    expect(diary).toEqual(['start a', 'stop a'])
  })

  it('hands the signal on', async () => {
    const seen: AbortSignal[] = []
    await startAll([service('a', [], { start: async (signal) => void seen.push(signal) })], never)
    expect(seen).toEqual([never])
  })
})

describe('stopAll', () => {
  it('stops in reverse and goes on after a failure', async () => {
    const diary: string[] = []
    const failures = await stopAll([
      service('a', diary),
      service('b', diary, { stop: fail('stuck') }),
      service('c', diary),
    ])
    expect(diary).toEqual(['stop c', 'stop b', 'stop a'])
    expect([...failures].map(([name, error]) => `${name}: ${error.message}`)).toEqual(['b: stuck'])
  })

  it('leaves behind what does not stop in time', async () => {
    const diary: string[] = []
    const hanging = service('b', diary, { stop: () => new Promise(() => undefined) })
    const failures = await stopAll([service('a', diary), hanging], 10)
    expect(failures.get('b')?.message).toBe('did not stop within 10 ms')
    expect(diary).toEqual(['stop b', 'stop a'])
  })
})
