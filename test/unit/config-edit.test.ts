// Changing a few values of tram.toml: whatever else stands in the file stays, and what is no configuration never replaces one.
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { TramError } from '../../src/base/errors.ts'
import { parseConfig } from '../../src/config.ts'
import { changeConfigFile, changedConfig } from '../../src/config-edit.ts'

const text = `\uFEFF# Trạm của tỉnh: name = "not this one"
[token]
module = "/usr/lib/softhsm/libsofthsm2.so"
label = "name"
key_id = "01"
[ station ] # who we are
id = "h41"
data_folder = "data"
name = 'Trạm "cũ"'   # name = "nor this"
[trust]
anchors = ["pki/root.pem"]
authority_certificates = ["pki/authority.pem"]
[[backend]]
systemid = "a"
secret = "agencies = []"
agencies = [ # of the office
  "H41", # ]
  'H41.1',
]
addresses = [ "10.0.0.0/8" ]
[[backend]]
agencies = []
secret = "s"
systemid = "b"
`
const file = '/etc/tram/tram.toml'

function refusalOf(run: () => unknown): [code: string, key: unknown] {
  try {
    run()
  } catch (error) {
    if (error instanceof TramError) return [error.code, error.data.key ?? error.data.field]
    throw error
  }
  throw new Error('it was accepted')
}

describe('changedConfig', () => {
  it('replaces the values and nothing else', () => {
    const name = 'Sở "Nội vụ"\\ Nghệ An'
    const changed = changedConfig(text, file, { name, codes: { backend: 0, agencies: ['H41', 'H41.2'] } })
    const expected = text
      .replace(`'Trạm "cũ"'`, '"Sở \\"Nội vụ\\"\\\\ Nghệ An"')
      .replace(/\[ # of the office.*?\n\]/s, '["H41","H41.2"]')
    expect(changed).toBe(expected)
    expect(parseConfig(changed, file)).toMatchObject({
      station: { id: 'h41', name },
      backend: [{ systemid: 'a', secret: 'agencies = []', agencies: ['H41', 'H41.2'] }, { agencies: [] }],
    })
  })

  it('changes the backend that was meant', () => {
    const changed = changedConfig(text, file, { codes: { backend: 1, agencies: ['H41.9'] } })
    expect(changed).toBe(text.replace('agencies = []\nsecret', 'agencies = ["H41.9"]\nsecret'))
  })

  it('takes any name that a configuration can hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 }), (name) => {
        expect(parseConfig(changedConfig(text, file, { name }), file).station.name).toBe(name)
      }),
    )
    for (const name of ['\u007f', '\n[backend]\n', '\\', '"""', '\u2028'])
      expect(parseConfig(changedConfig(text, file, { name }), file).station.name).toBe(name)
  })

  it('refuses what would be no configuration, and changes to one that is none', () => {
    expect(refusalOf(() => changedConfig(text, file, { name: '' }))).toEqual(['CONFIG_INVALID', 'station.name'])
    expect(refusalOf(() => changedConfig(text, file, { name: 'x'.repeat(201) }))[0]).toBe('CONFIG_INVALID')
    const codes = { backend: 0, agencies: ['H41', 'h41 "'] }
    expect(refusalOf(() => changedConfig(text, file, { codes }))).toEqual(['REQUEST_INVALID', 'agencies'])
    const nobody = { backend: 2, agencies: ['H41'] }
    expect(refusalOf(() => changedConfig(text, file, { codes: nobody }))[0]).toBe('CONFIG_INVALID')
    expect(refusalOf(() => changedConfig(`${text}[nonsense]\n`, file, { name: 'x' }))).toEqual([
      'CONFIG_INVALID',
      'nonsense',
    ])
    expect(refusalOf(() => changedConfig('[[[', file, { name: 'x' }))[0]).toBe('CONFIG_INVALID')
  })
})

describe('the address of an interface', () => {
  const inOffice = `${text}[[interface]]
side = "lan"
name = "eth0" # to the office
addresses = ["10.20.0.5/24"]
gateway = "10.20.0.1"
routes = ["10.0.0.0/8"]
[[interface]]
mac = "02:00:00:00:00:01"
side = "wan"
`
  const change = (address: { interface: number; addresses: string[]; gateway?: string }) =>
    changedConfig(inOffice, file, { address })

  it('is replaced where it stands', () => {
    expect(change({ interface: 0, addresses: ['10.20.0.9/24', '10.20.0.10/24'], gateway: '10.20.0.254' })).toBe(
      inOffice.replace('["10.20.0.5/24"]', '["10.20.0.9/24","10.20.0.10/24"]').replace('"10.20.0.1"', '"10.20.0.254"'),
    )
    expect(change({ interface: 0, addresses: ['10.20.0.9/24'] })).toContain('gateway = "10.20.0.1"')
  })

  it('is put below the name or the MAC address of one that had none', () => {
    const changed = change({ interface: 1, addresses: ['203.0.113.5/29'], gateway: '203.0.113.1' })
    expect(parseConfig(changed, file).interface[1]).toMatchObject({
      ...{ mac: '02:00:00:00:00:01', addresses: ['203.0.113.5/29'], gateway: '203.0.113.1' },
    })
    expect(parseConfig(changed, file).interface[0]).toEqual(parseConfig(inOffice, file).interface[0])
  })

  it('is refused when it is none, lies beside its gateway, or is of no interface', () => {
    for (const wrong of [
      { interface: 0, addresses: ['10.20.0.300/24'] },
      { interface: 0, addresses: ['10.30.0.5/24'] },
      { interface: 0, addresses: ['10.20.0.9/24"]\nx = ["'] },
      { interface: 2, addresses: ['10.20.0.9/24'] },
    ])
      expect(refusalOf(() => change(wrong))[0]).toBe('CONFIG_INVALID')
  })
})

describe('changeConfigFile', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-config-edit-'))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it('keeps the file before, its rights, and the link that leads to it', async () => {
    await mkdir(join(folder, 'real'))
    const real = join(folder, 'real', 'tram.toml')
    const link = join(folder, 'tram.toml')
    await writeFile(real, text)
    await chmod(real, 0o640)
    await symlink(real, link)
    await changeConfigFile(link, { name: 'Một' })
    await changeConfigFile(link, { name: 'Hai' })
    expect(parseConfig(await readFile(real, 'utf8'), real).station.name).toBe('Hai')
    expect(parseConfig(await readFile(`${real}.previous`, 'utf8'), real).station.name).toBe('Một')
    for (const name of [real, `${real}.previous`]) expect((await stat(name)).mode & 0o777).toBe(0o640)
    expect((await readdir(join(folder, 'real'))).sort()).toEqual(['tram.toml', 'tram.toml.previous'])
  })

  it('leaves everything as it is when the change is refused or cannot be written', async () => {
    const own = join(folder, 'own')
    await mkdir(own)
    const path = join(own, 'tram.toml')
    await writeFile(path, text)
    await expect(changeConfigFile(path, { name: '' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    expect(await readdir(own)).toEqual(['tram.toml'])
    // Nothing can be written where a folder stands.
    await mkdir(`${path}.previous.new`)
    await expect(changeConfigFile(path, { name: 'x' })).rejects.toMatchObject({ code: 'STORE_FAILED' })
    expect(await readFile(path, 'utf8')).toBe(text)
  })
})
