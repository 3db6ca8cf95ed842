// A backend gone mad, seeded: random methods, paths, headers, bodies and framing against every VXP operation and every route
// of the API of one real station (records on LevelDB, packet files, directory, intake). Importable without vitest.
import { readdir } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createLogger } from '../../src/base/logger.ts'
import { sha256 } from '../../src/document/document-id.ts'
import { DirectoryCounts } from '../../src/exchange/directory/directory-counts.ts'
import { DocumentAccess } from '../../src/exchange/document-access.ts'
import { exportEvidence } from '../../src/exchange/evidence/evidence-archive.ts'
import { EvidenceCollector } from '../../src/exchange/evidence/evidence-collector.ts'
import { PinEntry } from '../../src/exchange/evidence/pin-entry.ts'
import { Tracing } from '../../src/exchange/evidence/tracing.ts'
import { StationHealth } from '../../src/exchange/health/station-health.ts'
import { StationState } from '../../src/exchange/health/station-state.ts'
import { Tally } from '../../src/exchange/health/tally.ts'
import { TimedToken } from '../../src/exchange/health/timed-token.ts'
import { OpenDeliveries } from '../../src/exchange/send/open-deliveries.ts'
import { describeRestApi } from '../../src/surface/rest/rest-app.ts'
import { RestServer } from '../../src/surface/rest/rest-server.ts'
import { VxpServer } from '../../src/surface/vxp/vxp-server.ts'
import { MemorySpace } from '../contract/memory-space.ts'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import { LoneStation } from '../fixtures/exchange/lone-station.ts'
import { agencyEntry, TestWorld } from '../fixtures/exchange/test-world.ts'
import { levelStore, never, temporaryFolder } from '../fixtures/store/temporary-store.ts'
import { kitHex, multipartBody, VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'

/** A request that is not answered for so long has been forgotten. */
const answerMs = 20_000
/** How long a body may stand still: short, since many of ours do. */
const idleMs = 250
const atOnce = 8
const backend = { systemid: 'mad', secret: 'điên', agencies: ['H02'], addresses: [], register_addresses: [] }

/** One request as it goes onto the wire. */
interface Shot {
  target: 'vxp' | 'rest'
  /** What the bytes are, for the report of a failure. */
  label: string
  pieces: Buffer[]
  /** The client ends its side after the last piece. */
  isEnded: boolean
  /** Whether it is HTTP that has to be answered, or only may be. */
  mustAnswer: boolean
}

/**
 * Fires `runs` requests and checks after each: an answer of its protocol, or a closed connection where the bytes were no HTTP.
 * Afterwards the station must still serve, and hold no file, reservation or descriptor of any of them.
 * @param signal ends the shooting early
 * @returns how many were fired
 * @throws Error naming seed, run and request of the first violation
 */
export async function fuzzBackend(options: {
  seed: number
  runs: number
  signal: AbortSignal
}): Promise<{ runs: number }> {
  const { seed, runs, signal } = options
  const range = await FiringRange.open()
  try {
    const random = new Random(seed)
    await range.settle()
    const before = await openDescriptors()
    let fired = 0
    while (fired < runs && !signal.aborted) {
      const volley = Array.from({ length: Math.min(atOnce, runs - fired) }, () => range.shot(random))
      const results = await Promise.allSettled(volley.map((shot) => range.fire(shot)))
      for (const [at, result] of results.entries()) {
        if (result.status === 'fulfilled') continue
        const reason = result.reason instanceof Error ? result.reason.message : String(result.reason)
        throw new Error(`seed ${seed}, run ${fired + at}: ${volley[at]?.label}: ${reason}`, { cause: result.reason })
      }
      fired += volley.length
    }
    await range.settle()
    await range.assertClean(before)
    return { runs: fired }
  } finally {
    await range.close()
  }
}

class FiringRange {
  readonly #vxp: VxpServer
  readonly #socketPath: string
  readonly #routes: readonly { method: string; path: string }[]
  readonly #station: LoneStation
  readonly #space: MemorySpace
  readonly #incoming: string
  readonly #alarms: string[]
  readonly #stops: (() => Promise<unknown>)[]
  /** Ids that exist, so that some shots hit. */
  readonly #ids: string[] = ['0'.repeat(32), 'x', '../../etc', 'H02']
  #number = 0

  private constructor(parts: {
    vxp: VxpServer
    socketPath: string
    routes: readonly { method: string; path: string }[]
    station: LoneStation
    space: MemorySpace
    incoming: string
    alarms: string[]
    stops: (() => Promise<unknown>)[]
  }) {
    this.#vxp = parts.vxp
    this.#socketPath = parts.socketPath
    this.#routes = parts.routes
    this.#station = parts.station
    this.#space = parts.space
    this.#incoming = parts.incoming
    this.#alarms = parts.alarms
    this.#stops = parts.stops
  }

  static async open(): Promise<FiringRange> {
    const folder = await temporaryFolder()
    const world = await TestWorld.create({ one: ['H01'], two: ['H02'] })
    const { store: records } = levelStore(folder.path)
    await records.start(never)
    const space = new MemorySpace()
    const entries = world.entries([{ agency: agencyEntry('H02.1', 'two', { parent: 'H02' }) }])
    const station = await LoneStation.start({ world, id: 'two', folder: folder.path, records, space, entries })
    await station.startSealing()
    const alarms: string[] = []
    const logger = createLogger('error', { write: (line) => void alarms.push(line) })
    const { desk, clock, directory, inbox, sent, outbox, statuses, packets, intake, audit, requests, token } = station
    const options = {
      listen: '127.0.0.1:0',
      window_hours: 24,
      max_concurrent: 16,
      max_body_mib: 1,
      min_bytes_per_second: 1024,
    }
    const vxp = new VxpServer({ ...options, idle_seconds: idleMs / 1000, backends: [backend] }, { desk, clock, logger })
    await vxp.start(never)
    const counts = new DirectoryCounts({ directory })
    const deliveries = new OpenDeliveries({ records: station.records, outbox })
    const { sealer, courier, switchboard } = station
    const own = { station: 'two', generation: 1, version: '0' }
    const health = new StationHealth(own, {
      ...{ records: station.records, space, token, sealer, courier, switchboard },
      ...{ directory, counts, deliveries, clock },
      trend: { days: undefined, conditions: () => [] },
      chain: [],
      sources: () => [],
    })
    health.markReady()
    const state = new StationState({
      report: () => health.report(never),
      tally: new Tally(audit, logger),
      token: new TimedToken(token, clock),
      syncMs: () => undefined,
      readings: async () => ({}),
      ups: () => undefined,
      eventsWaiting: () => undefined,
    })
    const trust = { seals: world.pki.trust, directory: world.trust }
    const evidence = new EvidenceCollector(
      { trust },
      { records: station.records, packets, directory, sent, inbox, outbox },
    )
    const socketPath = join(folder.path, 'api.sock')
    const rest = new RestServer(
      { socketPath, dataFolder: folder.path, backends: [backend], bodyPace: { idleMs, minBytesPerSecond: 1024 } },
      {
        ...{ desk, inbox, deliveries, directory, requests, counts, audit, health, state, token, clock, logger },
        pins: new PinEntry('station', { token, audit, clock }),
        lights: { colours: [], identify: () => undefined },
        // The store in memory has no snapshots.
        backup: { stream: emptyTar },
        trustClock: () => Promise.resolve(),
        tracing: new Tracing({ records: station.records, sent, outbox, inbox, statuses }),
        documents: new DocumentAccess({ sent, inbox, packets, intake }),
        collectEvidence: (id) => evidence.collect(id),
        writeEvidence: (found, zipStream) => exportEvidence(found, { zipStream }),
      },
    )
    await rest.start(never)
    const stops = [
      () => rest.stop(),
      () => vxp.stop(),
      () => station.stop(),
      () => records.stop(),
      () => folder.remove(),
    ]
    const incoming = join(folder.path, 'incoming')
    return new FiringRange({ vxp, socketPath, routes: await routesOf(), station, space, incoming, alarms, stops })
  }

  async close(): Promise<void> {
    for (const stop of this.#stops) await stop()
  }

  shot(random: Random): Shot {
    this.#number += 1
    return random.chance(0.6) ? this.#vxpShot(random) : this.#restShot(random)
  }

  /** Sends a shot and judges what comes back. */
  async fire(shot: Shot): Promise<void> {
    const received = await this.#exchange(shot)
    if (received.length === 0) {
      if (shot.mustAnswer) throw new Error('closed without an answer')
      return
    }
    for (const answer of answersIn(received, / HEAD /.test(shot.label))) assertWellFormed(answer, shot)
  }

  /** Until nothing of earlier requests runs any more: both servers answer one after the other. */
  async settle(): Promise<void> {
    const kit = this.#kit()
    try {
      const list = await kit.getReceivedEdocList()
      if (list.status !== 'OK') throw new Error(`the station serves no more: ${JSON.stringify(list)}`)
      for (let left = 400; this.#space.reservedBytes > 0 || (await this.#leftovers()).length > 0; left--) {
        if (left === 0) break
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    } finally {
      kit.close()
    }
  }

  async assertClean(before: number): Promise<void> {
    const leftovers = await this.#leftovers()
    if (leftovers.length > 0) throw new Error(`files are left in incoming: ${leftovers.join(', ')}`)
    const { reservedBytes } = this.#space
    if (reservedBytes !== 0) throw new Error(`${reservedBytes} bytes of the disk are reserved for nobody`)
    if (this.#alarms.length > 0) throw new Error(`errors were logged: ${this.#alarms.slice(0, 3).join(' ')}`)
    await this.#station.audit.verify()
    const after = await openDescriptors()
    // A few more tables of LevelDB may be open.
    if (after > before + 20) throw new Error(`${after} descriptors are open, ${before} were before`)
  }

  async #leftovers(): Promise<string[]> {
    return await readdir(this.#incoming).catch(() => [])
  }

  #kit(): VxpKit {
    const { systemid, secret } = backend
    return new VxpKit({ endpoint: this.#vxp.endpoint, systemid, secret, now: new Date(this.#station.clock.now()) })
  }

  #vxpShot(random: Random): Shot {
    const operation = random.pick(vxpOperations)
    const kit = this.#kit()
    const parameters: Record<string, string> = {}
    for (const name of vxpParameters) if (random.chance(0.3)) parameters[name] = this.#text(random, name)
    const packet = this.#packet(random)
    let body = random.chance(0.7) ? Buffer.concat([packet, Buffer.from('\r\n')]) : this.#body(random)
    const extra: string[] = []
    if (operation === 'sendEdoc' && random.chance(0.8)) {
      parameters.from = random.chance(0.9) ? 'H02' : this.#text(random, 'from')
      parameters['hash-file'] = random.chance(0.9) ? kitHex(sha256(packet)) : random.word()
      if (random.chance(0.3)) {
        const boundary = random.pick(['b', '===1795000000000===', '"', '', 'ü'])
        body = Buffer.concat([...(multipartBody(packet, boundary).open() as Buffer[])])
        if (random.chance(0.4)) body = body.subarray(0, random.below(body.length + 1))
        if (random.chance(0.2)) body = Buffer.concat([body, body])
        extra.push(`Content-Type: multipart/form-data; boundary=${boundary === 'ü' ? 'u' : boundary}`)
      }
    } else if (operation === 'registerAgency') {
      const code = random.pick(['H02.9', 'H02', 'H01', 'H02.1', '', random.word()])
      const fields = { id: '1', pcode: random.pick(['H02', 'H01', '']), code, name: random.word() }
      if (random.chance(0.8)) body = Buffer.from(JSON.stringify(fields))
    } else if (random.chance(0.7)) body = Buffer.from('{}')
    const request = kit.prepare(operation, parameters, {})
    let { headers } = request
    if (random.chance(0.15)) headers = headers.filter(() => random.chance(0.9))
    if (random.chance(0.1)) headers = headers.map(([name, value]) => [name, random.chance(0.1) ? random.word() : value])
    kit.close()
    const path = `${random.pick(['', '/a/b', '//', '/%00'])}/${operation}${random.pick(['', '', '/', '?x=1'])}`
    const lines = headers.map(([name, value]) => `${name}: ${clean(value)}`)
    return this.#framed(random, 'vxp', { path, lines: [...extra, ...lines], body })
  }

  #restShot(random: Random): Shot {
    const { method, path } = random.pick(this.#routes)
    const filled = path.replace(/\{\w+\}/g, () =>
      encodeURIComponent(random.chance(0.8) ? random.pick(this.#ids) : random.word()),
    )
    const names = [
      'systemid',
      'from',
      'to',
      'kind',
      'page',
      'size',
      'limit',
      'after',
      'resend',
      'sha256',
      'agency',
      'docId',
      'all',
    ]
    const query = names
      .filter(() => random.chance(0.15))
      .map((name) => `${name}=${encodeURIComponent(this.#text(random, name))}`)
    const type = random.pick([
      'application/json',
      'application/xml',
      'text/plain',
      'multipart/form-data',
      random.word(),
    ])
    const isPacket = path === '/v1/documents' && random.chance(0.7)
    const texts = [
      '{}',
      '{"mark":"done"}',
      '{"pin":"1"}',
      '{"reason":"x"}',
      '{"to":["H01"]}',
      '[',
      '{"__proto__":1}',
      '',
    ]
    const body = isPacket
      ? this.#packet(random)
      : random.chance(0.7)
        ? Buffer.from(random.pick(texts))
        : this.#body(random)
    const verb = random.chance(0.8) ? method : random.pick(methods)
    const where = random.chance(0.95) ? `/v1${filled.slice(3)}` : `/${random.word().replace(/[^\w/.%-]/g, '')}`
    const lines = verb === 'GET' && random.chance(0.8) ? [] : [`Content-Type: ${clean(type)}`]
    const target = `${where}${query.length > 0 ? `?${query.join('&')}` : ''}`
    return this.#framed(random, 'rest', {
      path: target,
      lines,
      body: verb === 'GET' && random.chance(0.8) ? null : body,
      verb,
    })
  }

  /** HTTP around a body: right most of the time, else wrong in one of the ways in which clients are. */
  #framed(
    random: Random,
    target: Shot['target'],
    request: { path: string; lines: string[]; body: Buffer | null; verb?: string },
  ): Shot {
    const { path, lines, body } = request
    const verb = request.verb ?? (random.chance(0.9) ? random.pick(['GET', 'POST']) : random.pick(methods))
    const framing = random.chance(0.65) ? random.pick(['length', 'chunked'] as const) : random.pick(wrongFramings)
    const isExpecting = random.chance(0.1)
    const head = [`${verb} ${path} HTTP/1.1`, 'Host: x', 'Connection: close', ...lines]
    if (isExpecting) head.push(`Expect: ${random.pick(['100-continue', 'tea'])}`)
    const bytes = body ?? Buffer.alloc(0)
    const length = (count: number): string => `Content-Length: ${count}`
    const shot = (more: string[], pieces: Buffer[], isEnded: boolean, mustAnswer: boolean): Shot => {
      const text = `${[...head, ...more].join('\r\n')}\r\n\r\n`
      const label = `${target} ${verb} ${path} (${framing}, ${bytes.length} bytes)`
      return {
        target,
        label,
        pieces: [Buffer.from(text, 'latin1'), ...pieces],
        isEnded,
        mustAnswer: mustAnswer && !isTunnel,
      }
    }
    const half = bytes.subarray(0, bytes.length >> 1)
    // Node closes the connection of who asks for a tunnel.
    const isTunnel = verb === 'CONNECT'
    switch (framing) {
      case 'length':
        return shot(bytes.length > 0 || body !== null ? [length(bytes.length)] : [], [bytes], false, true)
      case 'chunked':
        return shot(['Transfer-Encoding: chunked'], chunks(bytes, random), false, true)
      case 'too long':
        return shot([length(bytes.length + 1 + random.below(100))], [bytes], random.chance(0.5), false)
      case 'too short':
        return shot([length(half.length)], [bytes], false, false)
      case 'no length':
        return shot([], [bytes], true, false)
      case 'both':
        return shot([length(bytes.length), 'Transfer-Encoding: chunked'], [bytes], true, false)
      case 'broken chunks':
        return shot(['Transfer-Encoding: chunked'], [Buffer.from('ffffffffffffffffff\r\n'), bytes], true, false)
      case 'half':
        return shot([length(bytes.length + 2)], [half], true, false)
      case 'cut head':
        return { ...shot([], [], true, false), pieces: [Buffer.from(head.join('\r\n')).subarray(0, random.below(400))] }
      case 'noise':
        return { ...shot([], [], true, false), pieces: [random.bytes(random.below(300))] }
    }
  }

  async #exchange({ target, pieces, isEnded }: Shot): Promise<Buffer> {
    const port = Number(new URL(this.#vxp.endpoint).port)
    const socket = target === 'vxp' ? connect(port, '127.0.0.1') : connect(this.#socketPath)
    const received: Buffer[] = []
    const { promise: closed, resolve, reject } = Promise.withResolvers<void>()
    const timer = setTimeout(() => reject(new Error('neither answered nor closed')), answerMs)
    socket.on('data', (piece) => received.push(piece))
    // A reset behind the answer is the server's right.
    socket.on('error', () => undefined)
    socket.on('close', () => resolve())
    for (const piece of pieces) socket.write(piece)
    if (isEnded) socket.end()
    try {
      await closed
      return Buffer.concat(received)
    } finally {
      clearTimeout(timer)
      socket.destroy()
    }
  }

  #packet(random: Random): Buffer {
    const packet = buildPacket({
      ...{ dialect: random.pick(['plain', 'prefixed'] as const), from: 'H02' },
      to: random.pick([['H01'], ['H02'], ['H01', 'H02'], ['H99']]),
      ...{ codeNumber: String(this.#number), codeNotation: 'UBND', subject: `Văn bản ${this.#number}` },
      attachments: random.chance(0.3) ? [{ name: 'a.pdf', bytes: random.bytes(random.below(200_000)) }] : [],
    })
    if (random.chance(0.5)) return packet
    const broken = Buffer.from(random.chance(0.3) ? packet.subarray(0, random.below(packet.length)) : packet)
    for (let flips = random.below(5); flips > 0 && broken.length > 0; flips--)
      broken[random.below(broken.length)] = random.below(256)
    return broken
  }

  #body(random: Random): Buffer {
    return random.bytes(random.chance(0.9) ? random.below(2000) : random.below(1_300_000))
  }

  #text(random: Random, name: string): string {
    if (random.chance(0.4)) return random.word()
    if (name === 'docId') return random.pick(this.#ids)
    return random.pick([
      '1',
      '2026/11/21',
      'status',
      'edoc',
      'done',
      'H02',
      '["H01"]',
      '[]',
      '[1]',
      '{}',
      '-1',
      '99999999999',
    ])
  }
}

const vxpOperations = [
  ...['sendEdoc', 'sendEdoc', 'sendEdoc', 'getReceivedEdocList', 'getSentEdocList', 'getEdoc', 'downloadEdoc'],
  ...['updateStatus', 'countReceiveEdoc', 'countReceiveStatus', 'getAgenciesList', 'getAgenciesListQD20'],
  ...['getSynchronizeUnit', 'registerAgency', 'deleteAgency', 'constructor', 'x'],
]
const vxpParameters = [
  ...['from', 'to', 'servicetype', 'messagetype', 'hash-file', 'docId', 'status', 'fromDate', 'toDate'],
  ...['pageSize', 'pageIndex', 'level', 'version', 'AgencyCode', 'filePath', '__proto__'],
]
const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'TRACE', 'CONNECT', 'get', 'M-SEARCH']
const wrongFramings = [
  ...(['too long', 'too short', 'no length', 'both', 'broken chunks', 'half', 'cut head', 'noise'] as const),
]

/** Every route of the description, one entry a method. */
async function routesOf(): Promise<{ method: string; path: string }[]> {
  const { paths } = (await describeRestApi()) as { paths: Record<string, object> }
  return Object.entries(paths).flatMap(([path, methodsOf]) =>
    Object.keys(methodsOf).map((method) => ({ method: method.toUpperCase(), path })),
  )
}

function chunks(bytes: Buffer, random: Random): Buffer[] {
  const pieces: Buffer[] = []
  for (let at = 0; at < bytes.length; ) {
    const piece = bytes.subarray(at, at + 1 + random.below(20_000))
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'))
    at += piece.length
  }
  return [...pieces, Buffer.from('0\r\n\r\n')]
}

interface Answer {
  status: number
  type: string
  body: Buffer
}

/** The answers in what a connection gave, without 100-continue. @throws Error when it is no HTTP, or not whole */
function* answersIn(received: Buffer, isHead: boolean): Generator<Answer> {
  let isFirst = true
  for (let rest = received; rest.length > 0; ) {
    const end = rest.indexOf('\r\n\r\n')
    const head = rest.subarray(0, end).toString('latin1')
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1])
    if (end < 0 || !Number.isInteger(status)) throw new Error(`no HTTP: ${rest.subarray(0, 80).toString('latin1')}`)
    rest = rest.subarray(end + 4)
    if (status === 100) continue
    const header = (name: string): string => new RegExp(`^${name}: *(.*)$`, 'im').exec(head)?.[1]?.trim() ?? ''
    const length = header('content-length')
    const isChunked = /chunked/i.test(header('transfer-encoding'))
    // The answer to HEAD announces a body and has none, and what we sent behind it may have got an answer, too. But what was
    // too broken to be seen as HEAD gets an answer with its body.
    const isBodiless = isHead && isFirst && (rest.length === 0 || rest.subarray(0, 5).equals(Buffer.from('HTTP/')))
    isFirst = false
    const { body, after } = isBodiless
      ? sized(rest, 0)
      : isChunked
        ? unchunked(rest)
        : sized(rest, length === '' ? rest.length : Number(length))
    rest = after
    yield { status, type: header('content-type'), body }
  }
}

function sized(rest: Buffer, length: number): { body: Buffer; after: Buffer } {
  // The answer to HEAD announces a body and has none.
  const isWhole = rest.length >= length || rest.length === 0
  if (!isWhole) throw new Error(`an answer of ${length} bytes was cut at ${rest.length}`)
  return { body: rest.subarray(0, length), after: rest.subarray(length) }
}

function unchunked(rest: Buffer): { body: Buffer; after: Buffer } {
  const pieces: Buffer[] = []
  for (let at = 0; ; ) {
    const line = rest.indexOf('\r\n', at)
    const size = Number.parseInt(rest.subarray(at, line).toString('latin1'), 16)
    if (line < 0 || !Number.isInteger(size)) throw new Error('an answer in chunks was cut')
    pieces.push(rest.subarray(line + 2, line + 2 + size))
    at = line + 2 + size + 2
    if (size === 0) return { body: Buffer.concat(pieces), after: rest.subarray(at) }
  }
}

function assertWellFormed({ status, type, body }: Answer, { target, label }: Shot): void {
  const isBytes = /^application\/(octet-stream|x-tar|xml|zip)/.test(type)
  if (status === 200 && isBytes) return
  if (body.length === 0 && / HEAD /.test(label)) return
  const text = body.toString('utf8')
  const parsed: unknown = parseJson(text)
  if (typeof parsed !== 'object' || parsed === null)
    throw new Error(`${status} ${type}: no JSON: ${text.slice(0, 200)}`)
  const keys = target === 'vxp' ? ['status', 'ErrorCode', 'ErrorDesc'] : ['code', 'vi', 'en']
  const isJudged = target === 'vxp' || status >= 400
  const missing = keys.find((name) => !(name in parsed))
  // Node's own answer to what is no HTTP on the API's socket comes without a body.
  if (isJudged && missing !== undefined)
    throw new Error(`${status}: the answer lacks ${missing}: ${text.slice(0, 200)}`)
  if (/"(code|ErrorDesc)":"[^"]*INTERNAL/.test(text)) throw new Error(`an internal error: ${text.slice(0, 400)}`)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A value that cannot end its header line. */
const clean = (value: string): string => value.replace(/[\r\n\0]/g, '')

async function openDescriptors(): Promise<number> {
  return (await readdir('/proc/self/fd')).length
}

/** Mulberry32: small and seeded, so that a failure comes again. */
class Random {
  #state: number

  constructor(seed: number) {
    this.#state = seed | 0
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }

  chance(share: number): boolean {
    return this.next() < share
  }

  below(end: number): number {
    return Math.floor(this.next() * end)
  }

  pick<Item>(list: readonly Item[]): Item {
    const item = list[this.below(list.length)]
    if (item === undefined) throw new Error('there is nothing to pick')
    return item
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.allocUnsafe(length)
    for (let at = 0; at < length; at++) bytes[at] = this.below(256)
    return bytes
  }

  word(): string {
    const words = [
      '',
      '"',
      '{',
      '[',
      ';',
      'é',
      'ệ',
      '\t',
      ' ',
      '0',
      '%00',
      '../',
      '\u0000',
      'x'.repeat(300),
      'null',
      '𝒳',
      "'",
    ]
    return Array.from({ length: this.below(5) }, () => this.pick(words)).join('')
  }
}

async function* emptyTar(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(1024)
}
