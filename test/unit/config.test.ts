// loadConfig: the whole of tram.toml; paths become absolute, contradictions between keys are refused with their line.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../src/base/errors.ts'
import { loadConfig, parseConfig } from '../../src/config.ts'
import { hasBroker, parseBrokerUrl } from '../../src/equipment/mqtt/mqtt-options.ts'

const minimal = `[station]
id = "tram-a"
name = "Trạm A"
data_folder = "data"
[token]
module = "/usr/lib/softhsm/libsofthsm2.so"
label = "tram-a"
key_id = "01"
[trust]
anchors = ["pki/root.pem"]
authority_certificates = ["/etc/pki/authority.pem"]
`

/** Data of the CONFIG_INVALID that `run` ends in. */
async function refusalOf(run: () => unknown): Promise<Record<string, string | number>> {
  try {
    await run()
  } catch (error) {
    if (error instanceof TramError && error.code === 'CONFIG_INVALID') return error.data
    throw error
  }
  throw new Error('it was accepted')
}

describe('parseConfig', () => {
  it('fills in every default', () => {
    const config = parseConfig(minimal, '/etc/tram/tram.toml')
    expect(config).toMatchObject({
      file: '/etc/tram/tram.toml',
      station: { id: 'tram-a', generation: 1, log_level: 'info' },
      token: { sessions: 2, chain_files: [] },
      trust: { intermediates: [] },
      exchange: { retention_days: 30, delivery_days: 30, resend_after_hours: 24, max_batch: 4096 },
      backend: [],
    })
    expect(config.exchange.secrecy_marks).toContain('MẬT')
    expect(config.link.listen).toHaveLength(1)
    expect(config.vxp.listen).toMatch(/^127\.0\.0\.1:/)
    expect(config.store.ballast_bytes).toBeGreaterThanOrEqual(128 * 1024 * 1024)
  })

  it('makes paths absolute, from the folder of the file', () => {
    const text = `${minimal}intermediates = ["pki/sub.pem"]
authority_anchors = ["other-root.pem"]
[vxp]
https_certificate_file = "https.pem"
https_key_file = "../https.key"
[[backend]]
systemid = "a"
secret_file = "secrets/a"
agencies = []
`.replace('key_id = "01"', 'key_id = "01"\npin_file = "pin"\nchain_files = ["pki/sub.pem", "/x.pem"]')
    expect(parseConfig(text, '/etc/tram/tram.toml')).toMatchObject({
      station: { data_folder: '/etc/tram/data' },
      token: {
        module: '/usr/lib/softhsm/libsofthsm2.so',
        pin_file: '/etc/tram/pin',
        chain_files: ['/etc/tram/pki/sub.pem', '/x.pem'],
      },
      trust: {
        anchors: ['/etc/tram/pki/root.pem'],
        intermediates: ['/etc/tram/pki/sub.pem'],
        authority_certificates: ['/etc/pki/authority.pem'],
        authority_anchors: ['/etc/tram/other-root.pem'],
      },
      vxp: { https_certificate_file: '/etc/tram/https.pem', https_key_file: '/etc/https.key' },
      backend: [{ secret_file: '/etc/tram/secrets/a' }],
    })
  })

  it.each([
    ['one half of https', '[vxp]\nhttps_key_file = "k"\n', 12, 'vxp'],
    [
      'a status reserve above the watermark',
      '[store]\nstatus_reserve_bytes = 9999999999\n',
      13,
      'store.status_reserve_bytes',
    ],
    ['a backend without a secret', '[[backend]]\nsystemid = "a"\nagencies = []\n', 12, 'backend[0]'],
    [
      'a backend with two',
      '[[backend]]\nsystemid = "a"\nagencies = []\nsecret = "s"\nsecret_file = "f"\n',
      12,
      'backend[0]',
    ],
    [
      'a systemid that is there twice',
      '[[backend]]\nsystemid = "a"\nsecret = "s"\nagencies = []\n\n[[backend]]\nsystemid = "a"\nsecret = "s"\nagencies = []\n',
      18,
      'backend[1].systemid',
    ],
    ['an unknown section', '[smtp]\nx = 1\n', 12, 'smtp'],
    ['a retention that cannot serve restored peers', '[exchange]\nretention_days = 7\n', 13, 'exchange.retention_days'],
  ])('refuses %s', async (_what, text, line, key) => {
    expect(await refusalOf(() => parseConfig(minimal + text, '/etc/tram/tram.toml'))).toMatchObject({ line, key })
  })

  it.each([
    'mqtt://broker.example:1883',
    'mqtt://localhost',
    'mqtt://128.0.0.1',
    'mqtt://127.0.0.1.example',
    'mqtts://broker.example',
    'mqtt://user:secret@127.0.0.1',
    'mqtt://127.0.0.1/path',
    'mqtt://127.0.0.1?a=b',
    'ws://127.0.0.1',
    'mqtt://',
    'broker',
  ])('refuses the broker %s', async (url) => {
    const text = `${minimal}[mqtt]\nsite = "hn"\nurl = "${url}"\n`
    const refusal = await refusalOf(() => parseConfig(text, '/etc/tram/tram.toml'))
    expect(refusal).toMatchObject({ line: 14, key: 'mqtt.url' })
    expect(refusal.detail).not.toContain('secret')
  })

  it('takes a broker on loopback as it is, and any other with certificates', async () => {
    const of = (lines: string) => parseConfig(`${minimal}[mqtt]\n${lines}`, '/etc/tram/tram.toml').mqtt
    expect(hasBroker(of(''))).toBe(false)
    expect(hasBroker(of('url = "mqtt://[::1]"\nsite = "hn"\n'))).toBe(true)
    const files = 'ca_file = "ca.pem"\ncertificate_file = "own.pem"\nkey_file = "/run/key"\n'
    expect(of(`url = "mqtts://broker.example"\nsite = "hn"\n${files}`)).toMatchObject({
      ca_file: '/etc/tram/ca.pem',
      certificate_file: '/etc/tram/own.pem',
      key_file: '/run/key',
    })
    expect(parseBrokerUrl('mqtts://broker.example')).toEqual({ host: 'broker.example', port: 8883, isEncrypted: true })
    expect(parseBrokerUrl('mqtt://[::1]:99')).toEqual({ host: '::1', port: 99, isEncrypted: false })
    expect(await refusalOf(() => of('url = "mqtt://127.0.0.1"\n'))).toMatchObject({ key: 'mqtt.site' })
  })

  it('refuses a station id that could not stand in a directory', async () => {
    for (const id of ['', 'Tram', 'a b', 'ă', 'a'.repeat(33), 'a/b'])
      expect(await refusalOf(() => parseConfig(minimal.replace('tram-a', id), '/t.toml'))).toMatchObject({
        line: 2,
        key: 'station.id',
      })
  })
})

describe('loadConfig', () => {
  let folder = ''
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-config-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  const written = async (content: string | Uint8Array): Promise<string> => {
    const file = join(folder, 'tram.toml')
    await writeFile(file, content)
    return file
  }

  it('reads a file, with the mark that Windows editors put in front', async () => {
    const config = await loadConfig(await written(`\uFEFF${minimal.replaceAll('\n', '\r\n')}`))
    expect(config.station.data_folder).toBe(join(folder, 'data'))
    expect(config.station.name).toBe('Trạm A')
  })

  it('refuses what is no text, no file, or too long', async () => {
    const latin1 = await written(Buffer.from('[station]\nname = "Tr\u00e2m"\n', 'latin1'))
    expect(await refusalOf(() => loadConfig(latin1))).toMatchObject({ key: '(file)', line: 1 })
    expect(await refusalOf(() => loadConfig(folder))).toMatchObject({ key: '(file)' })
    expect(await refusalOf(() => loadConfig('/dev/zero'))).toMatchObject({ key: '(file)' })
    expect(await refusalOf(() => loadConfig(join(folder, 'missing.toml')))).toMatchObject({ key: '(file)' })
    const long = await written(Buffer.alloc(3 * 1024 * 1024 + 1, '#'))
    expect(await refusalOf(() => loadConfig(long))).toMatchObject({ key: '(file)' })
  })
})
