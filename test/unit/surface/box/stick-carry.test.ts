// What a stick may ask for with backup.txt, restore.txt and support.txt: said plainly, done once where a secret is in it, never half.
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { TramError } from '../../../../src/base/errors.ts'
import { mediumIn } from '../../../../src/box-medium.ts'
import {
  backupToStick,
  parseBackup,
  parseRestore,
  restoreFromStick,
  type StickCarryDeps,
  supportToStick,
} from '../../../../src/surface/box/stick-carry.ts'

const passphrase = 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX'
const one = 'age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p'

describe('a stick that carries a station', () => {
  let folder: string
  let asked: unknown[]
  let failure: Error | undefined
  let startFailure: Error | undefined
  const deps: StickCarryDeps = {
    async backup(to, key) {
      asked.push([to, key])
      if (failure !== undefined) throw failure
      return { files: [join(to, 'tram-h41.age.001')], sizeBytes: 1000 }
    },
    async restore(...words) {
      asked.push(words)
      if (failure !== undefined) throw failure
      return { station: 'h41', generation: 2, createdMs: 0 }
    },
    async start(_medium, lines) {
      if (startFailure !== undefined) throw startFailure
      lines.push({ vi: 'bản mô tả', en: 'descriptor' })
    },
    support: async () => ({ name: 'tram-support.zip', bytes: Buffer.from('zip') }),
  }
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-carry-'))
    asked = []
    failure = startFailure = undefined
  })
  afterEach(() => rm(folder, { recursive: true }))
  const put = (name: string, text: string) => writeFile(join(folder, name), text)
  const medium = () => mediumIn(folder)

  it('asks for nothing with none of the three files', async () => {
    const all = [restoreFromStick, backupToStick, supportToStick].map((act) => act(medium(), deps))
    expect([await Promise.all(all), asked]).toEqual([[undefined, undefined, undefined], []])
  })

  it('loses the passphrase of a backup once it is written, and only then', async () => {
    await put('backup.txt', `\uFEFF${passphrase}\r\nwith-softhsm\r\n`)
    failure = new TramError('BACKUP_UNWRITABLE', { folder, detail: 'no room' })
    expect(await backupToStick(medium(), deps)).toMatchObject({ error: { code: 'BACKUP_UNWRITABLE' } })
    expect(await readdir(folder)).toEqual(['backup.txt'])
    failure = undefined
    const part = await backupToStick(medium(), deps)
    expect([part?.error, part?.headline.en, part?.lines[0]?.en]).toEqual([
      undefined,
      'A BACKUP WAS WRITTEN',
      'tram-h41.age.001: 1000 B',
    ])
    expect(asked[1]).toEqual([folder, { recipients: [], passphrase, withSoftHsm: true }])
    expect(await readdir(folder)).toEqual([])
  })

  it('keeps public keys for the next time', async () => {
    await put('backup.txt', `${one}\n${one}\n`)
    expect((await backupToStick(medium(), deps))?.error).toBe(undefined)
    expect(await readdir(folder)).toEqual(['backup.txt'])
  })

  it('loses the passphrase and the PIN of a restore once it is done, and says what comes next', async () => {
    await put('restore.txt', `${passphrase}\npin = 246810\n`)
    failure = new TramError('BACKUP_KEY_WRONG', {})
    expect(await restoreFromStick(medium(), deps)).toMatchObject({ error: { code: 'BACKUP_KEY_WRONG' } })
    expect(await readdir(folder)).toEqual(['restore.txt'])
    failure = undefined
    const part = await restoreFromStick(medium(), deps)
    expect(part?.lines.map(({ en }) => en).join('\n')).toMatch(
      /Station h41, generation 2.*switch the old box.*\ndescriptor/,
    )
    expect(await readdir(folder)).toEqual([])
  })

  it('says that a station is restored also when it does not run yet', async () => {
    await put('restore.txt', passphrase)
    startFailure = new TramError('COMMAND_FAILED', { command: 'systemctl', detail: '1' })
    const part = await restoreFromStick(medium(), deps)
    expect([part?.headline.en, part?.lines.at(-1)?.en]).toEqual([
      'THE STATION WAS RESTORED',
      'The station does not run yet (COMMAND_FAILED).',
    ])
    expect(await readdir(folder)).toEqual([])
  })

  it('gets a support bundle each time that it asks', async () => {
    await put('support.txt', '')
    expect((await supportToStick(medium(), deps))?.lines[0]?.en).toBe('tram-support.zip: 3 B')
    expect(await readFile(join(folder, 'tram-support.zip'), 'utf8')).toBe('zip')
    expect((await readdir(folder)).sort()).toEqual(['support.txt', 'tram-support.zip'])
  })
})

it.each([
  [passphrase, { recipients: [], passphrase, withSoftHsm: false }],
  [`${one}\r\n\r\n${one}`, { recipients: [one, one], passphrase: undefined, withSoftHsm: false }],
])('reads the backup.txt %j', (text, key) => expect(parseBackup(text)).toEqual(key))

it.each([
  '',
  'too short',
  `${passphrase}\n${passphrase}`,
  `${one}\n${passphrase}`,
  `${one}\n`.repeat(17),
  'with-softhsm',
])('refuses the backup.txt %j', (text) =>
  expect(() => parseBackup(text)).toThrow(expect.objectContaining({ code: 'FILE_UNUSABLE' })),
)

it.each([
  [passphrase, { passphrase, pin: undefined, generation: undefined, withSoftHsm: false }],
  [
    'AGE-SECRET-KEY-1AAAA\npin=1234\ngeneration = 7\nwith-softhsm',
    { passphrase: undefined, pin: '1234', generation: 7, withSoftHsm: true },
  ],
])('reads the restore.txt %j', (text, key) => expect(parseRestore(text)).toEqual(key))

it.each(['', 'x\npin=1\npin=2', 'x\ngeneration=0', 'x\ngeneration=1e9', 'x\nplease', 'x\npin=a b', 'with-softhsm'])(
  'refuses the restore.txt %j',
  (text) => expect(() => parseRestore(text)).toThrow(expect.objectContaining({ code: 'FILE_UNUSABLE' })),
)
