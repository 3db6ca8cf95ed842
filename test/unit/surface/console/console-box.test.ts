// What the service console of an appliance has besides: only what its root program offers, an address that is tried before it is kept,
// and explanations of what only a person with a stick can do.
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { ConsoleBench, healthyReport } from './console-bench.ts'

const menuQuestion = 'danh mục): '
const all = ['restart-station', 'network-apply', 'network-confirm', 'network-revert', 'update-status', 'update-back']

describe('on an appliance', () => {
  let bench: ConsoleBench
  let offered: string[]
  let isBackPossible: boolean
  beforeEach(async () => {
    bench = new ConsoleBench({ slot: 'B' })
    bench.fingerprint = 'ABCD-EFGH-IJKL'
    offered = all
    isBackPossible = true
    const note = async (what: string) => void bench.done.push(what)
    bench.actions.box = {
      offers: async () => offered,
      restartStation: () => note('restart'),
      interfaces: async () => [{ name: 'eth0', addresses: ['10.20.0.5/24'], gateway: '10.20.0.1' }],
      async tryAddress(change) {
        if (change.addresses.includes('nonsense'))
          throw new TramError('CONFIG_INVALID', { file: 'tram.toml', line: 1, key: 'interface', detail: 'is none' })
        await note(`try ${JSON.stringify(change)}`)
      },
      keepNetwork: () => note('keep'),
      dropNetwork: () => note('drop'),
      updateStatus: async (language) => ({ text: `A 0.1.0 (${language})`, isBackPossible }),
      goBack: () => note('back'),
    }
    await bench.plugIn()
  })
  afterEach(() => bench.console.stop())

  test('the greeting says which box and which slot it is', () => {
    expect(bench.screen).toContain('Tram 1.2.3, slot B\r\nABCD-EFGH-IJKL\r\n')
  })

  test('an entry is there only when the root program offers what it needs', async () => {
    expect(await bench.enter()).toMatch(
      /10 {2}Khởi động lại[\s\S]*11 {2}Đổi địa chỉ[\s\S]*12 {2}Phần mềm[\s\S]*13 {2}Xóa máy/,
    )
    offered = []
    const menu = await bench.type('', menuQuestion)
    for (const key of ['10', '11', '12', '13']) {
      expect(menu).not.toContain(` ${key}  `)
      expect(await bench.type(key, menuQuestion)).toContain('Không có mục này')
    }
    expect(bench.done).toEqual([])
  })

  test('the station is started again by the root program', async () => {
    await bench.enter()
    await bench.type('10', 'để thôi: ')
    await bench.type('1', menuQuestion)
    expect(bench.done).toEqual(['restart'])
  })

  const tried = 'try {"interface":0,"addresses":["10.20.0.9/24"],"gateway":"10.20.0.1"}'
  test.each([
    ['1', ['keep'], 'Đã giữ'],
    ['', ['drop'], 'Đã quay về'],
  ])('an address is tried; after %j: %j', async (answer, done, told) => {
    await bench.enter()
    expect(await bench.type('11', 'để thôi): ')).toContain('1. eth0: 10.20.0.5/24, gateway 10.20.0.1')
    await bench.type('10.20.0.9/24', 'giữ nguyên): ')
    expect(await bench.type('', 'để thôi: ')).toContain('eth0: 10.20.0.9/24, gateway 10.20.0.1')
    await bench.type('1', 'tự quay về: ')
    expect(await bench.type(answer, menuQuestion)).toContain(told)
    expect(bench.done).toEqual([tried, ...done])
  })

  test('an address that is none is told of, and nothing is tried without a yes', async () => {
    await bench.enter()
    await bench.type('11', 'để thôi): ')
    expect(await bench.type('', menuQuestion)).toContain('Không thay đổi gì.')
    await bench.type('11', 'để thôi): ')
    await bench.type('10.20.0.9/24', 'giữ nguyên): ')
    await bench.type('10.20.0.254', 'để thôi: ')
    expect(await bench.type('', menuQuestion)).toContain('Không thay đổi gì.')
    await bench.type('11', 'để thôi): ')
    await bench.type('nonsense', 'giữ nguyên): ')
    await bench.type('', 'để thôi: ')
    expect(await bench.type('1', menuQuestion)).toContain('CONFIG_INVALID')
    expect(bench.done).toEqual([])
  })

  test('the slots are shown; going back wants the word', async () => {
    await bench.enter()
    expect(await bench.type('12', 'để thôi: ')).toContain('A 0.1.0 (vi)')
    expect(await bench.type('1', menuQuestion)).toContain('Không thay đổi gì.')
    expect(bench.done).toEqual([])
    await bench.type('12', 'để thôi: ')
    await bench.type('back', menuQuestion)
    expect(bench.done).toEqual(['back'])
    isBackPossible = false
    expect(await bench.type('12', menuQuestion)).toContain('USB')
  })

  test('a reset is explained with the lines that it takes', async () => {
    await bench.enter()
    expect(await bench.type('13', menuQuestion)).toMatch(
      /factory-reset\.txt[\s\S]*\r\nABCD-EFGH\r\n[\s\S]*and-lose-3-documents/,
    )
    bench.report = { ...healthyReport, queues: [] }
    expect(await bench.type('13', menuQuestion)).not.toContain('and-lose')
    bench.actions.health = () => Promise.reject(new TramError('STATION_NOT_RUNNING', { socket: '/x' }))
    expect(await bench.type('13', menuQuestion)).toContain('and-lose-unknown-documents')
    bench.fingerprint = undefined
    expect(await bench.type('13', menuQuestion)).toContain('vẫn như mới')
    expect(bench.done).toEqual([])
  })
})
