// A box dies and another one takes its place: backup while documents come and go, restore elsewhere, the authority lists the next
// generation, and what the old box did meanwhile comes back from its peers. Then the old box is switched on again. Real processes.
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import type { AgencyEntry } from '../../src/document/schema/directory.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { agency, callApi, importDirectory, setOption, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { Office, officesOf, until } from '../fixtures/station/office.ts'
import { auditOf, sealedIn } from '../fixtures/station/traffic.ts'

const agencies: AgencyEntry[] = [agency('G22', 'g22'), agency('H41', 'h41'), agency('H26', 'h26')]
const [program = '', ...programArguments] = bundledStation
let folder: string
let network: LabNetwork
/** The station whose box dies. */
let dying: Office
/** Its peer that is away while the backup is made. */
let away: Office
let third: Office
let number = 0

interface Outcome {
  code: number | null
  out: string
  err: string
}

/** Runs `tram …` for a station's configuration. */
async function tram(configFile: string, words: readonly string[], input = ''): Promise<Outcome> {
  const env = { ...process.env, ...dying.station.token.env }
  const child = spawn(program, [...programArguments, ...words, '--lang', 'en', '--config', configFile], {
    cwd: folder,
    env,
  })
  const outcome: Outcome = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text))
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  outcome.code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return outcome
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-replace-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
    { id: 'h26', name: 'UBND tỉnh Hà Nam', agencyCodes: ['H26'] },
  ]
  network = await makeLabNetwork(folder, wishes, { logLevel: 'debug', signerCommand: bundledSigner })
  const [first, second, other] = officesOf(network)
  if (first === undefined || second === undefined || other === undefined)
    throw new Error('three offices were asked for')
  dying = first
  away = second
  third = other
  const file = await writeDirectory(network, { version: 1, file: 'first.tramdir', agencies })
  for (const { station } of [dying, away, third]) await setOption(station, 'trust', 'directory_file', file)
  await Promise.all([dying, away, third].map((office) => office.process.start()))
})

afterAll(async () => {
  await Promise.all([dying, away, third].map((office) => office?.process.stop()))
  await rm(folder, { recursive: true, force: true })
})

function nextPacket(from: Office, to: Office, attachmentBytes = 500): Buffer {
  number += 1
  const attachments = [{ name: 'a.pdf', bytes: Buffer.alloc(attachmentBytes, `%PDF-1.7 văn bản số ${number} `) }]
  const code = { codeNumber: String(number), codeNotation: 'CT-TTg', subject: `Văn bản số ${number}` }
  return buildPacket({ dialect: 'plain', from: from.code, to: [to.code], ...code, attachments })
}

const texts = (list: readonly Buffer[]) => list.map((bytes) => bytes.toString('latin1')).sort()
const inbox = async (office: Office) => texts((await office.received()).map(({ bytes }) => bytes))

async function lists(office: Office, packets: readonly Buffer[]): Promise<void> {
  await until(
    async () => ((await inbox(office)).length >= packets.length ? true : undefined),
    async () => `${office.station.id} lists ${(await inbox(office)).length} of ${packets.length}`,
  )
  expect(await inbox(office)).toEqual(texts(packets))
}

const conditionCodes = async (office: Office) =>
  ((await callApi(office, 'GET', '/v1/health')).answer.conditions as { code: string }[]).map(({ code }) => code)
const hasCondition = (office: Office, code: string) =>
  until(
    async () => ((await conditionCodes(office)).includes(code) ? true : undefined),
    async () => `${office.station.id}: ${await conditionCodes(office)}, not ${code}`,
  )
const passphraseIn = (text: string): string => /[A-Z2-7]{4}(?:-[A-Z2-7]{4}){5}/.exec(text)?.[0] ?? ''

describe('a box is replaced', () => {
  test('its queue is delivered, its peers give back what came after the backup, and the old box stays out', async () => {
    const stick = join(folder, 'stick')
    await mkdir(stick)
    // Receipted before: its evidence has to verify afterwards.
    const early = nextPacket(dying, third)
    const earlyId = await dying.send(early)
    await dying.delivered(earlyId)
    const kept = [nextPacket(third, dying), nextPacket(third, dying, 300_000)]
    for (const packet of kept) await third.delivered(await third.send(packet))
    await away.process.stop()
    const queued = [nextPacket(dying, away), nextPacket(dying, away, 200_000)]
    const queuedIds: string[] = []
    for (const packet of queued) queuedIds.push(await dying.send(packet))

    // Intake goes on while the backup is read.
    const during = Array.from({ length: 20 }, () => nextPacket(dying, third))
    const sending = (async () => {
      for (const packet of during) await dying.delivered(await dying.send(packet))
    })()
    const made = await tram(dying.station.configFile, ['backup', '--to', stick])
    expect(made).toMatchObject({ code: 0, err: '' })
    const passphrase = passphraseIn(made.out)
    expect(passphrase).not.toBe('')
    await sending
    expect(await readdir(stick)).toEqual([expect.stringMatching(/^tram-g22-\d{8}T\d{6}Z\.age\.001$/)])

    // What only the old box knows: taken, and sent, after the backup.
    const late = [nextPacket(third, dying), nextPacket(third, dying, 150_000)]
    for (const packet of late) await third.delivered(await third.send(packet))
    const lateOut = nextPacket(dying, third)
    await dying.delivered(await dying.send(lateOut))
    const sealedBefore = sealedIn(await auditOf(dying)).map(({ generation, sequence }) => `${generation}/${sequence}`)
    await dying.process.kill()

    // The new box: nothing on it but the software and the same token.
    const box = join(folder, 'new-box')
    const configFile = join(box, 'etc', 'tram.toml')
    const restored = await tram(
      configFile,
      ['restore', '--from', stick, '--data-folder', join(box, 'data'), '--json'],
      `${passphrase.toLowerCase()}\n`,
    )
    expect(restored).toMatchObject({ code: 0, err: '' })
    expect(JSON.parse(restored.out)).toMatchObject({ station: 'g22', generation: 2, dataFolder: join(box, 'data') })
    const station = { ...dying.station, configFile, folder: box, dataFolder: join(box, 'data') }
    const fresh = new Office(station)
    // A backup carries no PIN: a person brings it.
    await cp(dying.station.token.pinFile, join(box, 'etc', basename(dying.station.token.pinFile)))
    // A peer answers one question in five minutes; of a run that has just begun, at once.
    await third.process.stop()
    await third.process.start()
    await fresh.process.start()

    // Before the authority lists it: it takes back what it lost, delivers what was sealed before, and seals nothing.
    await hasCondition(fresh, 'GENERATION_UNLISTED')
    await lists(fresh, [...kept, ...late])
    await away.process.start()
    for (const id of queuedIds) await fresh.delivered(id)
    await lists(away, queued)
    const waiting = nextPacket(fresh, away)
    const waitingId = await fresh.send(waiting)
    await fresh.process.seen((line) => line.code === 'GENERATION_UNLISTED' && line.msg === 'sealing waits')

    // Meanwhile somebody switches the old box on, and it takes a document that nobody else has a copy of but its sender.
    await fresh.process.stop()
    await dying.process.start()
    const inBetween = nextPacket(third, dying)
    await third.delivered(await third.send(inBetween))
    await dying.process.kill()
    await third.process.stop()
    await third.process.start()
    await fresh.process.start()
    await hasCondition(fresh, 'GENERATION_UNLISTED')

    const stations = [station, ...network.stations.filter(({ id }) => id !== 'g22')]
    const second = await writeDirectory(network, { version: 2, file: 'second.tramdir', agencies, stations })
    expect(await importDirectory(fresh, second)).toMatchObject({ status: 200 })
    await third.process.stop()
    await third.process.start()
    await away.process.stop()
    await away.process.start()
    await fresh.delivered(waitingId)
    await lists(fresh, [...kept, ...late, inBetween])
    await lists(away, [...queued, waiting])
    await fresh.process.seen((line) => line.step === 'recovered')

    // A backend hands in again what only the old box had: known at the recipient, listed once, receipted anew.
    await fresh.delivered(await fresh.send(lateOut))
    await lists(third, [early, ...during, lateOut])

    // One chain of acts, and no statement number twice.
    expect(await tram(configFile, ['audit', 'verify'])).toMatchObject({ code: 0, err: '' })
    const sealed = sealedIn(await auditOf(fresh)).map(({ generation, sequence }) => `${generation}/${sequence}`)
    const own = sealed.filter((name) => name.startsWith('2/'))
    expect(own.length).toBeGreaterThan(0)
    expect(new Set([...sealed, ...sealedBefore]).size).toBe(new Set(sealedBefore).size + own.length)
    const evidence = join(folder, 'early.zip')
    expect(await tram(configFile, ['export', earlyId, '-o', evidence])).toMatchObject({ code: 0 })
    expect(await tram(configFile, ['verify', evidence])).toMatchObject({ code: 0 })

    // The old box again.
    await fresh.process.stop()
    await dying.process.start()
    await hasCondition(dying, 'STATION_SUPERSEDED')
    const refused = await dying.kit.sendEdoc(nextPacket(dying, third), {
      ...{ from: 'G22', serviceType: 'eDoc', messageType: 'edoc' },
    })
    expect(refused).toMatchObject({ status: 'FAIL', ErrorCode: '20' })
    await dying.process.stop()
  }, 240_000)
})

describe('a restore that must not be', () => {
  test('nothing changes with a wrong passphrase, a changed byte, a missing part, documents in the way', async () => {
    const stick = join(folder, 'bad-stick')
    await mkdir(stick)
    // Stopped: the store is opened for it.
    const made = await tram(third.station.configFile, ['backup', '--to', stick, '--json'], '')
    expect(made.code).toBe(0)
    const { passphrase, files } = JSON.parse(made.out) as { passphrase: string; files: string[] }
    const [part = ''] = files
    const box = join(folder, 'other-box')
    const configFile = join(box, 'tram.toml')
    const restore = (from: string, typed = passphrase, ...more: string[]) =>
      tram(configFile, ['restore', '--from', from, '--data-folder', join(box, 'data'), ...more], `${typed}\n`)
    const nothing = async () =>
      expect([await stat(configFile).catch(() => 'none'), await readdir(join(box, 'data')).catch(() => [])]).toEqual([
        'none',
        [],
      ])

    expect((await restore(stick, 'AAAA-BBBB-CCCC-DDDD')).err).toContain('BACKUP_KEY_WRONG')
    await nothing()
    const whole = await readFile(part)
    for (const at of [0, 30, 200, 300, 5_000, Math.floor(whole.length / 2), whole.length - 1]) {
      const changed = Buffer.from(whole)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      await writeFile(part, changed)
      expect((await restore(stick)).err).toMatch(/BACKUP_INVALID|BACKUP_KEY_WRONG/)
      await nothing()
    }
    for (const length of [0, 100, 65_800, whole.length - 1]) {
      await writeFile(part, whole.subarray(0, length))
      expect((await restore(stick)).err).toContain('BACKUP_INVALID')
      await nothing()
    }
    // In three parts of which one is missing.
    const third1 = Math.ceil(whole.length / 3)
    for (const index of [0, 1, 2])
      await writeFile(part.replace('.001', `.00${index + 1}`), whole.subarray(index * third1, (index + 1) * third1))
    await rm(part.replace('.001', '.002'))
    expect((await restore(stick)).err).toContain('.age.002')
    await nothing()
    await writeFile(part.replace('.001', '.002'), whole.subarray(third1, 2 * third1))

    expect((await restore(stick)).code).toBe(0)
    // Now there are documents.
    expect((await restore(stick)).err).toContain('RESTORE_REFUSED')
    const again = await restore(stick, passphrase, '--replace', '--json')
    expect(again.code).toBe(0)
    const { replaced } = JSON.parse(again.out) as { replaced: string }
    expect(await readdir(replaced)).toContain('store')
    // Cut off after the data was verified and before it was in place.
    await mkdir(join(box, 'data', 'restored', 'data'), { recursive: true })
    await cp(join(box, 'data', 'peer.key'), join(box, 'data', 'restored', 'data', 'peer.key'))
    await rm(join(box, 'data', 'peer.key'))
    const plan = { names: ['peer.key', 'store', 'directory', 'packets'], files: [], stamp: 'cut' }
    await writeFile(join(box, 'data', 'restored', 'plan.json'), JSON.stringify(plan))
    expect((await tram(configFile, ['run'])).code).toBe(1)
    expect((await tram(configFile, ['restore'])).code).toBe(0)
    expect(await readdir(join(box, 'data'))).toEqual(expect.arrayContaining(['peer.key', 'store']))
  }, 240_000)
})
