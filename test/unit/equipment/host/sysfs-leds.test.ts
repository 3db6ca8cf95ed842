// The lights: the table, the choice of a state, and what is written below /sys/class/leds.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { catalogue, isStateCode } from '../../../../src/base/conditions/catalogue.ts'
import { createLogger } from '../../../../src/base/logger.ts'
import { type LedOccasion, ledPatterns, ledStateOf, ledStates, leds } from '../../../../src/equipment/host/led-table.ts'
import { SysfsLeds } from '../../../../src/equipment/host/sysfs-leds.ts'
import { type BoxTree, boxTree } from '../../../fixtures/host/box-tree.ts'

const critical = (code: string) => ({ code, severity: 'critical' as const })
const warning = (code: string) => ({ code, severity: 'warning' as const })

describe('hw/leds.json', () => {
  it('names states, patterns and conditions that there are, each look of the lights once', () => {
    expect(ledStates.map(({ id }) => id).sort()).toEqual(
      ['booting', 'degraded', 'failed', 'identify', 'no-network', 'no-token', 'ready'].sort(),
    )
    for (const { id, green, red, when } of ledStates) {
      expect([ledPatterns[green], ledPatterns[red]], id).not.toContain(undefined)
      for (const code of when.codes ?? []) expect(code in catalogue && isStateCode(code), code).toBe(true)
      for (const severity of when.severities ?? []) expect(['critical', 'error', 'warning']).toContain(severity)
    }
    expect(new Set(ledStates.map(({ green, red }) => `${green} ${red}`)).size).toBe(ledStates.length)
  })

  it.each<[string, Partial<LedOccasion>]>([
    ['ready', {}],
    ['ready', { conditions: [{ code: 'STORE_TORN', severity: 'info' }] }],
    ['degraded', { conditions: [warning('PEER_UNREACHABLE')] }],
    ['failed', { conditions: [warning('PEER_UNREACHABLE'), critical('DISK_FULL')] }],
    ['no-network', { conditions: [{ code: 'NETWORK_DOWN', severity: 'error' }, critical('DISK_FULL')] }],
    ['no-token', { conditions: [critical('TOKEN_PIN_LATCHED'), critical('NETWORK_DOWN')] }],
    ['booting', { isReady: false, conditions: [critical('TOKEN_ABSENT')] }],
    ['identify', { isSought: true, isReady: false }],
  ])('%s', (id, occasion) => {
    expect(ledStateOf({ isSought: false, isReady: true, conditions: [], ...occasion }).id).toBe(id)
  })
})

describe('lights in sysfs', () => {
  let tree: BoxTree
  let conditions: LedOccasion['conditions'] | Error
  let warnings: string[]
  let asked: number
  beforeEach(async () => {
    tree = await boxTree('pi-4')
    conditions = []
    warnings = []
    asked = 0
  })
  afterEach(() => tree.remove())

  const lights = (names = { green: leds.green.name, red: leds.red.name }) =>
    new SysfsLeds(
      { sysFolder: tree.sysFolder, names },
      {
        conditions: async () => {
          asked++
          if (conditions instanceof Error) throw conditions
          return conditions
        },
        logger: createLogger('warn', { write: (line: string) => warnings.push(line) }),
      },
    )
  const read = async (led: string, file: string) =>
    (await readFile(join(tree.sysFolder, 'class/leds', led, file), 'utf8')).trim()
  /** As the pattern that the files of a light amount to. */
  async function shown(led: string): Promise<string> {
    // The kernel's file answers with the whole list; a plain one keeps what is left of the longer text behind ours.
    const trigger = (await read(led, 'trigger')).slice(0, 5)
    if (trigger === 'timer') return `${await read(led, 'delay_on')}/${await read(led, 'delay_off')}`
    return (await read(led, 'brightness')).startsWith('255') ? 'on' : 'off'
  }
  const both = async () => [await shown('ACT'), await shown('PWR')]

  it('follow the station from its start to its end', async () => {
    const leds = lights()
    await leds.start()
    expect([await both(), asked]).toEqual([['1000/1000', 'off'], 0])
    leds.markReady()
    await leds.update()
    expect(await both()).toEqual(['on', 'off'])
    conditions = [critical('DISK_FULL')]
    await leds.update()
    expect(await both()).toEqual(['off', 'on'])
    leds.identify(60_000)
    await leds.update()
    expect((await both()).map((one) => one.slice(0, 3))).toEqual(['100', '100'])
    leds.identify(0)
    conditions = [warning('DISK_WEAR')]
    await leds.update()
    expect((await both())[0]).toBe('on')
    await leds.stop()
    expect((await both())[0]).toMatch(/^1000/)
    expect(warnings).toEqual([])
  })

  it('a station that cannot say how it is has failed', async () => {
    const leds = lights()
    await leds.start()
    conditions = new Error('hung')
    leds.markReady()
    await leds.update()
    expect(await both()).toEqual(['off', 'on'])
    await leds.stop()
  })

  it('a board without lights: nothing is asked, nothing is made', async () => {
    const leds = lights({ green: 'none', red: 'nil' })
    await leds.start()
    leds.markReady()
    expect(leds.colours).toEqual([])
    expect(() => leds.identify(1)).toThrow(expect.objectContaining({ code: 'LIGHTS_ABSENT' }))
    await leds.update()
    await leds.stop()
    expect([asked, warnings]).toEqual([0, []])
    await expect(read('none', 'trigger')).rejects.toThrow('ENOENT')
  })

  it('a light that was driven before the other refused goes back with the state', async () => {
    const leds = lights()
    await leds.start()
    leds.markReady()
    await leds.update()
    await tree.drop('sys/class/leds/PWR/brightness')
    conditions = [critical('DISK_FULL')]
    await leds.update()
    expect(await shown('ACT')).toBe('off')
    await tree.set('sys/class/leds/PWR/brightness', '0')
    conditions = []
    await leds.update()
    expect(await both()).toEqual(['on', 'off'])
    await leds.stop()
  })

  it('a light that refuses is told once, and shown when it obeys again', async () => {
    await tree.drop('sys/class/leds/ACT/delay_on')
    const leds = lights()
    await leds.start()
    await leds.update()
    await leds.update()
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toContain('the lights cannot be driven')
    await tree.set('sys/class/leds/ACT/delay_on', '500')
    await leds.update()
    expect(await shown('ACT')).toBe('1000/1000')
    await leds.stop()
  })
})
