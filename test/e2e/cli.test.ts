// The command line as a real process against two real stations with SoftHSM tokens: what it prints, writes and returns, with the
// station up and down, as text and as JSON, in both languages.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { catalogue } from '../../src/base/conditions/catalogue.ts'
import { parseAgencyList } from '../../src/document/agency-list.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { bundledSigner, bundledStation } from '../fixtures/station/bundle.ts'
import { type Office, officesOf, until } from '../fixtures/station/office.ts'
import { VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'

let folder: string
let network: LabNetwork
let sender: Office
let recipient: Office
const [program = '', ...programArguments] = bundledStation

interface Outcome {
  code: number | null
  out: string
  err: string
}

interface Surroundings {
  input?: string
  env?: Readonly<Record<string, string>>
  cwd?: string
  /** Called when the process runs. */
  started?: (child: ChildProcess) => void
}

/** Runs `tram …`. */
async function tram(
  words: readonly string[],
  { input = '', env = {}, cwd = folder, started }: Surroundings = {},
): Promise<Outcome> {
  const { TRAM_CONFIG: _, ...inherited } = process.env
  const child = spawn(program, [...programArguments, ...words], { cwd, env: { ...inherited, ...env } })
  const outcome: Outcome = { code: null, out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (outcome.out += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (outcome.err += text))
  child.stdin.on('error', () => undefined) // a process that ended without reading
  if (started === undefined) child.stdin.end(input)
  else started(child)
  outcome.code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
  return outcome
}

const at = (office: Office, ...words: string[]) => tram([...words, '--config', office.station.configFile])

async function json<Answer>(office: Office, ...words: string[]): Promise<Answer> {
  const { code, out, err } = await at(office, ...words, '--json')
  expect([code, err]).toEqual([0, ''])
  return JSON.parse(out) as Answer
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tram-cli-'))
  const wishes = [
    { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
    { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  ]
  network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
  const [first, second] = officesOf(network)
  if (first === undefined || second === undefined) throw new Error('two offices were asked for')
  sender = first
  recipient = second
  await Promise.all([sender.process.start(), recipient.process.start()])
})

afterAll(async () => {
  await Promise.all([sender?.process.stop(), recipient?.process.stop()])
  await rm(folder, { recursive: true, force: true })
})

let number = 0
async function packetFile(): Promise<{ file: string; packet: Buffer }> {
  number += 1
  const packet = buildPacket({
    dialect: 'prefixed',
    from: 'G22',
    to: ['H41', 'H41.1'],
    codeNumber: String(number),
    codeNotation: 'CT-TTg',
    subject: `Văn bản số ${number}`,
    attachments: [{ name: 'van-ban.pdf', contentType: 'application/pdf', bytes: Buffer.alloc(100_000, `${number}`) }],
  })
  const file = join(folder, `packet-${number}.edxml`)
  await writeFile(file, packet)
  return { file, packet }
}

interface Trace {
  states: { state: string }[]
}

async function sent(): Promise<{ docId: string; packet: Buffer; file: string }> {
  const { file, packet } = await packetFile()
  const { code, out } = await at(sender, 'send', file)
  expect(code).toBe(0)
  return { docId: out.trim(), packet, file }
}

async function delivered(docId: string): Promise<void> {
  await until(
    async () =>
      (await json<Trace>(sender, 'trace', docId)).states.every(({ state }) => state === 'delivered') ? true : undefined,
    async () => `${docId}: ${(await at(sender, 'trace', docId)).out}`,
  )
}

describe('a document', () => {
  test('is sent, followed, fetched, exported and verified', async () => {
    const { docId, packet, file } = await sent()
    await delivered(docId)
    const again = await at(sender, 'send', file, '--lang', 'en')
    expect(again).toMatchObject({ code: 0, out: `${docId}\n` })
    expect(again.err).toContain('was accepted before\n')

    const trace = (await at(sender, 'trace', docId)).out
    expect(trace).toContain(`Văn bản ${docId} (đi)`)
    expect(trace).toMatch(/^ {2}H41 {3,}h41 {2}đã chuyển$/m)
    expect(trace).toMatch(/^\d\d\/\d\d\/\d{4} \d\d:\d\d:\d\d\.\d{3} .*tiếp nhận {2,}G22/m)
    expect(trace).toMatch(/^\d\d\/\d\d\/\d{4} .* {2}\+[\d.]+ (ms|s|min .*) {2,}biên nhận {2,}h41$/m)
    expect(trace).not.toContain('\u001b')
    expect((await at(sender, 'trace', docId, '--lang=en')).out).toContain(`Document ${docId} (sent)`)

    const { items } = await json<{ items: { itemId: string; docId: string; to: string }[] }>(
      recipient,
      'inbox',
      '--agency',
      'H41.1',
    )
    const itemId = items.find((item) => item.docId === docId)?.itemId ?? ''
    expect((await at(recipient, 'inbox')).out).toMatch(new RegExp(`^${itemId}  .* G22 +H41\\.1 .* initial$`, 'm'))
    const fetched = join(folder, 'fetched.edxml')
    expect((await at(recipient, 'fetch', itemId, '-o', fetched)).code).toBe(0)
    expect((await readFile(fetched)).equals(packet)).toBe(true)

    const zip = join(folder, 'evidence.zip')
    const exported = join(folder, 'evidence')
    expect((await at(sender, 'export', docId, '-o', zip)).code).toBe(0)
    expect((await at(sender, 'export', docId, '-o', exported)).code).toBe(0)
    expect(await readdir(exported)).toEqual(expect.arrayContaining(['packet.edxml', 'waybill.bin', 'SHA256SUMS']))
    expect((await readdir(folder)).filter((name) => name.includes('.new'))).toEqual([])
    const repeated = await at(sender, 'export', docId, '-o', exported)
    expect([repeated.code, repeated.err]).toEqual([1, expect.stringContaining('STORE_FAILED')])

    const { rootFile, subCaFile, authority } = network
    const trust = ['--anchor', rootFile, '--intermediate', subCaFile, '--authority', authority.certificateFile]
    const proof = await tram(['verify', exported, ...trust])
    expect([proof.code, proof.out]).toEqual([0, expect.stringContaining('ĐẠT: hồ sơ bằng chứng hợp lệ.')])
    expect(proof.out).toMatch(new RegExp(`^văn bản +${docId}$`, 'm'))
    expect(await json(recipient, 'verify', zip)).toMatchObject({ ok: true, facts: { docId, withoutReceipt: [] } })

    await writeFile(join(exported, 'packet.edxml'), Buffer.concat([packet, Buffer.from(' ')]))
    const altered = await tram(['verify', exported, '--lang', 'en', ...trust])
    expect([altered.code, altered.out]).toEqual([4, expect.stringContaining('FAILED: this proves nothing.')])
    const strangers = await tram([
      'verify',
      zip,
      '--anchor',
      authority.certificateFile,
      '--authority',
      authority.certificateFile,
    ])
    expect(strangers.code).toBe(4)
    expect((await tram(['verify', join(folder, 'nowhere'), ...trust])).code).toBe(4)
  })

  test('is sent again on purpose', async () => {
    const { docId } = await sent()
    await delivered(docId)
    expect(await at(sender, 'resend', docId, '--to', 'H41')).toMatchObject({ code: 0, out: 'H41\n' })
    await delivered(docId)
    expect(await json(sender, 'resend', docId)).toMatchObject({ docId, resentTo: ['H41', 'H41.1'] })
    expect((await at(sender, 'resend', 'no-such-document')).err).toContain('DOCUMENT_UNKNOWN')
  })

  test('that is refused says why and what to do', async () => {
    const bad = join(folder, 'bad.edxml')
    await writeFile(bad, '<<')
    const { code, out, err } = await at(sender, 'send', bad)
    expect([code, out]).toEqual([1, ''])
    expect(err).toContain('(PACKET_MALFORMED)')
    expect(err).toContain(`Việc cần làm: ${catalogue.PACKET_MALFORMED.todoVi}`)
    const english = await at(sender, 'send', bad, '--lang', 'en')
    expect(english.err).toContain(`What to do: ${catalogue.PACKET_MALFORMED.todoEn}`)
    const missing = await at(sender, 'send', join(folder, 'nowhere'))
    expect([missing.code, missing.err]).toEqual([2, expect.stringContaining('ENOENT')])
    const nothing = join(folder, 'nothing')
    expect((await at(recipient, 'fetch', '0'.repeat(32), '-o', nothing)).code).toBe(1)
    expect(await readdir(folder)).not.toContain('nothing')
  })
})

describe('the station', () => {
  test('health is one line a check', async () => {
    const { code, out } = await at(sender, 'health')
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n')
    expect(lines).toHaveLength(8)
    for (const line of lines) expect(line).toMatch(/^TỐT {2}/)
    expect(await json(sender, 'health')).toMatchObject({ station: 'g22', overall: 'ok', token: { state: 'ready' } })
  })

  test('a PIN comes from the input; a wrong one makes health fail, worst first, until the right one is there', async () => {
    const enter = (input: string) => tram(['pin', '--config', recipient.station.configFile], { input })
    const wrong = await enter('999999\n')
    expect([wrong.code, wrong.out]).toEqual([1, ''])
    expect(wrong.err).toContain('TOKEN_PIN_LATCHED')
    const { code, out } = await at(recipient, 'health', '--lang', 'en')
    expect(code).toBe(1)
    const [worst, next, ...others] = out.trimEnd().split('\n')
    expect(worst).toMatch(/^CRITICAL {2}token .* → .*\(TOKEN_PIN_LATCHED\)$/)
    expect(next).toMatch(/^WARNING {3}token .* → .*\(TOKEN_PIN_COUNT_LOW\)$/)
    expect(others.every((line) => line.startsWith('OK '))).toBe(true)
    expect((await enter('')).code).toBe(2)
    const right = await enter(`${recipient.station.token.pin}\r\n`)
    expect([right.code, right.out]).toEqual([0, `${recipient.station.token.label}: ready\n`])
    expect((await at(recipient, 'health')).code).toBe(0)
  })

  test('a PIN that is typed at a terminal is not shown', async () => {
    const { pin, label } = sender.station.token
    const quoted = [...bundledStation, 'pin', '--config', sender.station.configFile]
      .map((word) => `'${word}'`)
      .join(' ')
    // script(1) gives the command a terminal and copies what appears on it.
    const child = spawn('script', ['-qfec', quoted, '/dev/null'], { cwd: folder })
    let screen = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      const isAsked = !screen.includes('PIN: ') && (screen + text).includes('PIN: ')
      screen += text
      // One digit too many, taken back.
      if (isAsked) child.stdin.write(`${pin}9\u007f\r`)
    })
    const code = await new Promise((resolve, reject) => child.once('error', reject).once('close', resolve))
    expect(screen).toContain(`${label}: ready`)
    expect(code).toBe(0)
    expect(screen).not.toContain(pin)
    expect(screen).not.toContain('*')
  })

  test('the audit log verifies', async () => {
    expect((await at(sender, 'audit', 'verify')).out).toMatch(/^chuỗi \d+ mục nguyên vẹn\n$/)
    expect(await json(sender, 'audit', 'verify')).toEqual({ entries: expect.any(Number) })
  })

  test('is found through the environment or the folder, when nobody names its configuration', async () => {
    const named = await tram(['health', '--json'], { env: { TRAM_CONFIG: sender.station.configFile } })
    expect(JSON.parse(named.out)).toMatchObject({ station: 'g22' })
    const here = await tram(['health', '--json'], { cwd: recipient.station.folder })
    expect(JSON.parse(here.out)).toMatchObject({ station: 'h41' })
  })
})

describe('the directory', () => {
  test('is built from descriptors and a list, shown, imported and looked up', async () => {
    const list = join(folder, 'agencies.csv')
    await writeFile(
      list,
      'code,code102,name,station\nG22,000.00.00.G22,Văn phòng Chính phủ,g22\nH41,,UBND tỉnh Nghệ An,h41\nH41.1,,Sở Nội vụ,\n',
    )
    const descriptors: string[] = []
    for (const { station } of [sender, recipient]) {
      const file = join(folder, `${station.id}.descriptor`)
      const made = await tram(['descriptor', '-o', file, '--config', station.configFile], { env: station.token.env })
      expect([made.code, made.err]).toEqual([0, ''])
      descriptors.push(file)
    }
    const file = join(folder, 'new.tramdir')
    const build = [
      'directory',
      'build',
      '--directory-version',
      '7',
      '--days',
      '30',
      '--agencies',
      list,
      '--adopt',
      '-o',
      file,
    ]
    const authority = ['--config', network.authorityConfigFile]
    const built = await tram([...build, ...descriptors, ...authority, '--json'], { env: network.authority.env })
    expect([built.code, JSON.parse(built.out || 'null')]).toEqual([
      0,
      expect.objectContaining({ version: 7, entries: 5, file }),
    ])
    expect(await json(sender, 'directory', 'show', file)).toMatchObject({
      version: 7,
      stations: 2,
      agencies: 3,
      served: 3,
    })
    expect(await json(sender, 'directory', 'show')).toMatchObject({ version: 1 })
    const imported = await at(sender, 'directory', 'import', file)
    expect([imported.code, imported.out]).toEqual([0, expect.stringMatching(/^phiên bản +7$/m)])
    const older = await at(sender, 'directory', 'import', network.directoryFile)
    expect([older.code, older.err]).toEqual([1, expect.stringContaining('DIRECTORY_OLDER')])
    expect(await json(sender, 'directory', 'lookup', 'H41.1')).toMatchObject({ name: 'Sở Nội vụ', station: 'h41' })
    expect((await at(sender, 'directory', 'lookup', 'H99')).err).toContain('RECIPIENT_UNKNOWN')
    const wrongVersion = await tram([...build, '--directory-version', 'x', ...authority])
    expect([wrongVersion.code, wrongVersion.err]).toEqual([2, expect.stringContaining('--directory-version')])
  })

  test('takes what a backend registered: listed, refused, exported, built in, in force', async () => {
    type Listed = { requests: { requestId: string; code: string; state: string; detail: string }[] }
    const states = async () =>
      (await json<Listed>(sender, 'directory', 'requests', '--all')).requests.map(({ code, state }) => [code, state])
    const wish = {
      id: '9',
      pcode: 'G22',
      code: 'G22.5',
      name: 'Vụ "Tổng hợp", G22',
      mail: 'th@g22.vn',
      mobile: '',
      fax: '',
    }
    const kit = new VxpKit({ endpoint: sender.endpoint, ...sender.station.backend })
    try {
      expect(await kit.registerAgency(wish)).toMatchObject({ status: 'OK' })
      expect(await kit.registerAgency({ ...wish, code: 'G22.6' })).toMatchObject({ status: 'OK' })
      expect(await kit.registerAgency({ ...wish, code: 'H41.5', pcode: 'H41' })).toMatchObject({ ErrorCode: '19' })
      expect(await states()).toEqual([
        ['G22.5', 'queued'],
        ['G22.6', 'queued'],
      ])
      const open = await json<Listed>(sender, 'directory', 'requests')
      const unwanted = open.requests.find(({ code }) => code === 'G22.6')?.requestId ?? ''
      expect((await at(sender, 'directory', 'refuse', unwanted, '--reason', 'chưa có quyết định')).code).toBe(0)
      expect(await kit.registerAgency({ ...wish, code: 'G22.6' })).toMatchObject({
        ...{ status: 'FAIL', ErrorCode: '20' },
        ErrorDesc: expect.stringContaining('chưa có quyết định'),
      })
      const requests = join(folder, 'requests.json')
      expect(await json(sender, 'directory', 'requests', '-o', requests)).toEqual({ file: requests, requests: 1 })

      const list = join(folder, 'agencies.csv')
      const nextList = join(folder, 'agencies-next.csv')
      const file = join(folder, 'changed.tramdir')
      const descriptors = [sender, recipient].map(({ station }) => join(folder, `${station.id}.descriptor`))
      const words = [
        'directory',
        'build',
        '--days',
        '30',
        '--adopt',
        '-o',
        file,
        '--config',
        network.authorityConfigFile,
      ]
      const inputs = ['--directory-version', '8', '--agencies', list, '--agencies-output', nextList]
      const built = await tram([...words, ...inputs, '--requests', requests, '--', ...descriptors], {
        env: network.authority.env,
      })
      expect(built.code).toBe(0)
      expect((await at(sender, 'directory', 'import', file)).code).toBe(0)
      expect(await states()).toEqual([
        ['G22.5', 'in-force'],
        ['G22.6', 'refused'],
      ])
      expect(await json(sender, 'directory', 'lookup', 'G22.5')).toMatchObject({ name: wish.name, station: 'g22' })
      expect(parseAgencyList(await readFile(nextList)).map(({ code }) => code)).toEqual([
        'G22',
        'H41',
        'H41.1',
        'G22.5',
      ])
      expect((await at(sender, 'directory', 'refuse', unwanted, '--reason', 'x')).code).toBe(2)
    } finally {
      kit.close()
    }
  })
})

describe('with the station down', () => {
  test('its commands say so, the others work', async () => {
    const { docId } = await sent()
    await delivered(docId)
    const zip = join(folder, 'down.zip')
    expect((await at(sender, 'export', docId, '-o', zip)).code).toBe(0)
    await recipient.process.stop()
    await at(sender, 'send', (await packetFile()).file)
    const queue = await until(
      async () => {
        const { out } = await at(sender, 'queue')
        return /^h41 .* sending /m.test(out) ? out : undefined
      },
      async () => (await at(sender, 'queue')).out,
    )
    expect(queue).toMatch(/^h41 {2}3b {2}sending .* H41,H41\.1/m)

    for (const words of [
      ['health'],
      ['trace', 'x'],
      ['queue'],
      ['inbox'],
      ['resend', 'x'],
      ['audit', 'verify'],
      ['directory', 'show'],
    ]) {
      const { code, out, err } = await at(recipient, ...words)
      expect([words, code, out]).toEqual([words, 3, ''])
      expect(err).toContain('STATION_NOT_RUNNING')
    }
    expect((await at(recipient, 'verify', zip)).code).toBe(0)
    expect((await at(recipient, 'directory', 'show', network.directoryFile)).code).toBe(0)
    const file = join(folder, 'down.descriptor')
    const made = await tram(['descriptor', '-o', file, '--config', recipient.station.configFile], {
      env: recipient.station.token.env,
    })
    // Nobody ran the signer, so one was started for the signature.
    expect([made.code, made.err]).toEqual([0, expect.stringContaining('the token is ready')])
    await recipient.process.start()
  })
})

describe('a command line', () => {
  test('without a command prints help and fails', async () => {
    const { code, out, err } = await tram([])
    expect([code, out]).toEqual([2, ''])
    expect(err).toContain('Cách dùng: tram')
  })

  test('is helped in either language', async () => {
    const vietnamese = await tram(['send', '--help'])
    expect([vietnamese.code, vietnamese.out]).toEqual([0, expect.stringContaining('gửi một gói edXML')])
    const english = await tram(['help', 'send', '--lang', 'en'])
    expect([english.code, english.out]).toEqual([0, expect.stringContaining('send an edXML packet')])
    const { version } = JSON.parse(await readFile('package.json', 'utf8'))
    expect(await tram(['--version'])).toMatchObject({ code: 0, out: `${version}\n` })
  })

  test.each([
    [['dance'], 'không có lệnh: dance'],
    [['send'], 'thiếu tham số: file'],
    [['fetch', 'x'], 'thiếu tùy chọn bắt buộc: -o, --output <file>'],
    [['health', '--loud'], 'không có tùy chọn: --loud'],
    [['health', 'now'], 'thừa tham số'],
    [['health', '--lang', 'fr'], '--lang'],
  ])('%j is a mistake', async (words, text) => {
    const { code, out, err } = await tram(words)
    expect([code, out, err]).toEqual([2, '', expect.stringContaining(text)])
  })

  test('whose configuration is not there says where it looked', async () => {
    const { code, err } = await tram(['health', '--config', join(folder, 'nowhere.toml')])
    expect([code, err]).toEqual([1, expect.stringContaining('nowhere.toml')])
  })

  test('is interrupted while the station does not answer', async () => {
    const { folder: stationFolder, configFile } = sender.station
    await mkdir(join(folder, 'mute'))
    const config = (await readFile(configFile, 'utf8')).replace(/^data_folder = .*$/m, `data_folder = "${folder}/mute"`)
    const muteConfig = join(stationFolder, 'mute.toml')
    await writeFile(muteConfig, config)
    const mute = createServer().listen(join(folder, 'mute', 'api.sock'))
    await once(mute, 'listening')
    const outcome = await tram(['health', '--config', muteConfig], {
      started: (child) => mute.once('request', () => child.kill('SIGINT')),
    })
    mute.close()
    expect(outcome).toEqual({ code: 130, out: '', err: 'đã dừng\n' })
  })
})
