// `tram support-bundle` as a real process on a station with secrets, documents and strange names everywhere: none of them may come
// out, in any encoding, whatever a collector prints. With the station up, down, and with a configuration that does not read.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { unzipped } from '../fixtures/evidence/unzipped.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'

let folder: string
let network: LabNetwork
let office: Office
let originalConfig: string
const [program = '', ...programArguments] = bundledStation
const planted: string[] = []

/** A text that must not come out. */
function canary(text: string): string {
  planted.push(text)
  return text
}

const inComment = canary('hoàng yến trong chú thích')
const inName = canary('Yellowbird Department')
const inSubject = canary('Về việc chim hoàng yến bị mất')
const inAttachment = canary('the attachment speaks of yellow feathers')
const inMessage = canary('yellow message of nobody')
const inDetail = canary('YELLOWDETAIL')
const inPlainLog = canary('Error: yellow plain line')
const inFileName = canary('yellow-file-name')
const inEnvironment = canary('yellow-environment')
const inUnknownKey = canary('yellowunknownkey')

async function bundle(name: string): Promise<{ members: Map<string, Buffer>; raw: Buffer; err: string }> {
  const file = join(folder, name)
  const args = [...programArguments, 'support-bundle', '-o', file, '--config', office.station.configFile]
  const env = {
    ...process.env,
    ...office.station.token.env,
    YELLOW: inEnvironment,
    PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
  }
  const child = spawn(program, args, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (err += text))
  expect(await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))).toBe(0)
  const raw = await readFile(file)
  return { members: await unzipped(raw), raw, err }
}

/** As it may be written: each of three places that it may have within base64, and the rest. */
function encodings(text: string): Buffer[] {
  const utf8 = Buffer.from(text)
  const utf16 = Buffer.from(text, 'utf16le')
  const base64 = [0, 1, 2].map((shift) => {
    const whole = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64')
    return Buffer.from(whole.slice(shift === 0 ? 0 : 4, -4))
  })
  const hex = utf8.toString('hex')
  const texts = [hex, hex.toUpperCase(), encodeURIComponent(text), JSON.stringify(text).slice(1, -1)]
  return [utf8, utf16, Buffer.from(utf16).swap16(), ...base64, ...texts.map((one) => Buffer.from(one))]
}

/** The bytes, and what lies in them under layers of gzip. */
function layers(bytes: Buffer): Buffer[] {
  const found = [bytes]
  for (let at = bytes.indexOf('1f8b08', 0, 'hex'); at >= 0; at = bytes.indexOf('1f8b08', at + 1, 'hex')) {
    try {
      found.push(...layers(gunzipSync(bytes.subarray(at), { maxOutputLength: 64 * 1024 * 1024 })))
    } catch {
      expect(at).toBeGreaterThanOrEqual(0) // these three bytes were no beginning of a gzip
    }
  }
  return found
}

function leaks({ members, raw }: { members: Map<string, Buffer>; raw: Buffer }): string[] {
  const found: string[] = []
  for (const [name, bytes] of [
    ...members,
    ['(raw)', raw] as const,
    ['(names)', Buffer.from([...members.keys()].join())] as const,
  ])
    for (const layer of layers(bytes))
      for (const text of planted)
        if (encodings(text).some((form) => layer.includes(form))) found.push(`${text} in ${name}`)
  return found
}

async function script(name: string, body: string): Promise<void> {
  const file = join(folder, 'bin', name)
  await writeFile(file, `#!/bin/sh\n${body}\n`)
  await chmod(file, 0o755)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-sup-'))
  const wishes = [
    { id: 'g22', name: inName, agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41'] },
  ]
  network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [first] = officesOf(network)
  if (first === undefined) throw new Error('an office was asked for')
  office = first
  const { configFile, token, backend, dataFolder } = office.station
  canary(token.pin)
  canary(backend.secret)
  originalConfig = await readFile(configFile, 'utf8')
  await writeFile(configFile, `# ${inComment}\n${originalConfig}`)
  await mkdir(join(folder, 'bin'))
  const log = join(folder, 'log.txt')
  const ours = { level: 30, time: '2026-11-22T08:00:00.000Z', step: 'ready', station: 'g22', msg: 'ready' }
  const lines = [
    JSON.stringify(ours),
    JSON.stringify({
      ...ours,
      code: 'DISK_FULL',
      msg: inMessage,
      detail: inDetail,
      secret: backend.secret,
      [inUnknownKey]: 5,
    }),
    JSON.stringify({ level: 30, subject: inSubject, data: { detail: inDetail }, causes: [inDetail] }),
    inPlainLog,
    '    at start (file:///opt/tram/dist/tram.mjs:12:34)',
    `    at ${inFileName} (${inSubject})`,
  ]
  await writeFile(log, `${lines.join('\n')}\n`)
  await script('journalctl', `tac ${log}`)
  // What a kernel or a program may repeat of what it was given.
  const secrets = [
    token.pin,
    backend.secret,
    Buffer.from(backend.secret).toString('base64'),
    Buffer.from(token.pin).toString('hex'),
  ]
  await script('dmesg', `echo 'kernel line ${secrets.join(' ')}'`)
  await script('chronyc', 'echo no >&2; exit 1')
  await script('systemctl', 'echo Id=tram.service; sleep 0')
  await office.process.start()
  const subject = inSubject
  const attachment = {
    name: `${inFileName}.pdf`,
    contentType: 'application/pdf',
    bytes: Buffer.alloc(90_000, inAttachment),
  }
  const packet = buildPacket({
    dialect: 'prefixed',
    from: 'G22',
    to: ['H41'],
    codeNumber: '1',
    codeNotation: 'CT',
    subject,
    attachments: [attachment],
  })
  await office.send(packet)
  await mkdir(join(dataFolder, 'quarantine'), { recursive: true })
  await writeFile(join(dataFolder, 'quarantine', `${inFileName}.open`), inAttachment)
  await writeFile(join(dataFolder, inFileName), inAttachment)
})

afterAll(async () => {
  await office?.process.stop()
  await rm(folder, { recursive: true, force: true })
})

const jsonOf = (members: Map<string, Buffer>, name: string) => JSON.parse(members.get(name)?.toString() ?? 'null')

test('with the station up: what an engineer needs, and nothing that was planted', async () => {
  await until(
    async () => {
      const { members } = await bundle('wait.zip')
      return jsonOf(members, 'health.json').token.state === 'ready' ? true : undefined
    },
    async () => 'the token is not ready',
  )
  const found = await bundle('up.zip')
  expect(leaks(found)).toEqual([])
  const { members, err } = found
  const manifest = jsonOf(members, 'manifest.json')
  for (const { name, sha256, bytes } of manifest.members) {
    const member = members.get(name) ?? Buffer.alloc(0)
    expect([bytes, sha256]).toEqual([member.length, createHash('sha256').update(member).digest('hex')])
  }
  expect(manifest.members.length).toBe(members.size - 1)
  // A collector that fails is named, and stops none.
  expect(manifest.members).toContainEqual(expect.objectContaining({ name: 'clock.txt', failure: expect.any(String) }))
  expect(err).toContain('clock.txt: ')
  expect(jsonOf(members, 'health.json')).toMatchObject({ station: 'g22', token: { state: 'ready' } })
  expect(jsonOf(members, 'doctor.json').checks).toContainEqual(
    expect.objectContaining({ check: 'token', state: 'pass' }),
  )
  expect(jsonOf(members, 'configuration.json')).toMatchObject({
    station: { id: 'g22', name: '(set)' },
    token: { pin_file: '(set)' },
    backend: [{ secret: '(set)', agencies: ['G22'] }],
  })
  expect(jsonOf(members, 'audit.json')).toContainEqual(expect.objectContaining({ act: 'accepted' }))
  expect(jsonOf(members, 'store.json').packets).toMatchObject({ other: { files: 1 } })
  const log = members.get('log.jsonl')?.toString() ?? ''
  expect(log.split('\n')[0]).toBe(
    '{"level":30,"time":"2026-11-22T08:00:00.000Z","step":"ready","station":"g22","msg":"ready"}',
  )
  expect(log).toContain('"code":"DISK_FULL"')
  expect(log).toContain('    at start (file:///opt/tram/dist/tram.mjs:12:34)\n')
  expect(members.get('kernel.txt')?.toString()).toContain('kernel line […] […]')
})

test('with the station down, and with a configuration that does not read', async () => {
  await office.process.stop()
  const down = await bundle('down.zip')
  expect(leaks(down)).toEqual([])
  expect(jsonOf(down.members, 'doctor.json').checks).toContainEqual(
    expect.objectContaining({ check: 'station', code: 'STATION_NOT_RUNNING' }),
  )
  expect(jsonOf(down.members, 'manifest.json').members).toContainEqual(
    expect.objectContaining({ name: 'health.json', failure: expect.any(String) }),
  )
  const { configFile, token, backend } = office.station
  // Nobody can say now what is secret, and programs repeat it: the kernel's log as before, and the others too.
  await script('systemctl', `echo 'Id=tram.service ${backend.secret}'`)
  await script('chronyc', `echo '${token.pin}'`)
  await writeFile(
    configFile,
    `# ${inComment}\n${originalConfig}\n[station]\n${inUnknownKey} = "${backend.secret} ${token.pin}"\n`,
  )
  const broken = await bundle('broken.zip')
  expect(leaks(broken)).toEqual([])
  expect(jsonOf(broken.members, 'doctor.json').checks).toContainEqual(
    expect.objectContaining({ check: 'configuration', code: 'CONFIG_INVALID' }),
  )
  for (const name of ['units.txt', 'clock.txt', 'kernel.txt'])
    expect(jsonOf(broken.members, 'manifest.json').members).toContainEqual(
      expect.objectContaining({ name, failure: 'CONFIG_INVALID' }),
    )
  expect(broken.members.get('proc.txt')?.toString()).toContain('MemAvailable')
})
