// Backends out of the configuration: secrets and source addresses.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parseOptions } from '../../../../src/base/options.ts'
import { addressRule, loadBackends } from '../../../../src/surface/vxp/vxp-backends.ts'
import { backendOptions, vxpOptions } from '../../../../src/surface/vxp/vxp-options.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'vxp-backends-'))
})
afterEach(() => rm(folder, { recursive: true }))

describe('addressRule', () => {
  it.each<[string[], string, boolean]>([
    [[], '127.0.0.1', true],
    [[], '127.9.9.9', true],
    [[], '::1', true],
    [[], '::ffff:127.0.0.1', true],
    [[], '10.0.0.1', false],
    [[], '::ffff:10.0.0.1', false],
    [['10.1.0.0/16'], '10.1.255.255', true],
    [['10.1.0.0/16'], '::ffff:10.1.2.3', true],
    [['10.1.0.0/16'], '10.2.0.0', false],
    [['10.1.0.0/16'], '127.0.0.1', false],
    [['10.1.2.3'], '10.1.2.3', true],
    [['10.1.2.3'], '10.1.2.4', false],
    [['fd00::/8', '192.0.2.1'], 'fd12::1', true],
    [['fd00::/8', '192.0.2.1'], '192.0.2.1', true],
    [['fe80::/10'], 'fe80::1%eth0', true],
    [['0.0.0.0/0'], '203.0.113.9', true],
    [['0.0.0.0/0'], '2001:db8::1', false],
    [['10.1.0.0/16'], '', false],
    [['10.1.0.0/16'], 'nonsense', false],
  ])('%j lets %s in: %s', (addresses, source, isAllowed) => {
    expect(addressRule(addresses, 'key')(source)).toBe(isAllowed)
  })

  it.each(['example.vn', '10.0.0.0/33', '10.0.0.0/', '10.0.0.0/8/8', 'fd00::/129', '10.0.0.0/x', ''])(
    'refuses %j',
    (entry) => {
      expect(() => addressRule([entry], 'backend[0].addresses')).toThrow(/backend\[0\]\.addresses/)
    },
  )
})

describe('loadBackends', () => {
  const entry = { systemid: 'sys1', agencies: ['H01'], addresses: [], register_addresses: [] }

  it('reads a secret file without its final line end, and nothing else off it', async () => {
    const file = join(folder, 'secret')
    await writeFile(file, ' khoá \n\r\n')
    const register = await loadBackends([{ ...entry, secret_file: file }])
    expect(register.find('sys1')?.secret).toBe(' khoá \n')
    expect(register.find('sys2')).toBeUndefined()
  })

  it('refuses no secret, two secrets, an empty or missing file and a systemid given twice, without telling secrets', async () => {
    const empty = join(folder, 'empty')
    await writeFile(empty, '\n')
    const wrong = [
      [entry],
      [{ ...entry, secret: 'hidden', secret_file: empty }],
      [{ ...entry, secret_file: empty }],
      [{ ...entry, secret_file: join(folder, 'absent') }],
      [
        { ...entry, secret: 'hidden' },
        { ...entry, secret: 'hidden' },
      ],
    ]
    for (const options of wrong) {
      const failure: unknown = await loadBackends(options).catch((error: unknown) => error)
      expect(failure).toMatchObject({ code: 'CONFIG_INVALID' })
      expect(JSON.stringify(failure) + String(failure)).not.toContain('hidden')
    }
  })
})

describe('the schemas', () => {
  it('fill in the defaults of an empty configuration', () => {
    const { vxp, backend } = parseOptions('', 'tram.toml', { vxp: vxpOptions, backend: backendOptions }, 'refuse')
    expect(vxp).toEqual({
      listen: '127.0.0.1:8080',
      window_hours: 24,
      max_concurrent: 64,
      max_body_mib: 600,
      idle_seconds: 60,
      min_bytes_per_second: 1024,
    })
    expect(backend).toEqual([])
  })

  it('read a backend', () => {
    const text = '[vxp]\nlisten = "[::1]:0"\n[[backend]]\nsystemid = "s"\nsecret = "k"\nagencies = ["H01"]\n'
    const { backend } = parseOptions(text, 'tram.toml', { vxp: vxpOptions, backend: backendOptions }, 'refuse')
    expect(backend).toEqual([{ systemid: 's', secret: 'k', agencies: ['H01'], addresses: [], register_addresses: [] }])
  })

  it.each([
    '[vxp]\nlisten = "8080"',
    '[vxp]\nwindow_hours = 0',
    '[vxp]\nwindow = 1',
    '[[backend]]\nsystemid = "a b"\nagencies = []',
  ])('refuse %j', (text) => {
    expect(() => parseOptions(text, 'tram.toml', { vxp: vxpOptions, backend: backendOptions }, 'refuse')).toThrow(
      /tram\.toml/,
    )
  })
})
