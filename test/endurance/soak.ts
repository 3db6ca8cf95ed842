// The command `npm run soak -- --minutes 60 [--seed 1] [--json]`: three stations under steady traffic and faults, and a broker that
// comes and goes. It ends well when the queues are empty, every acknowledged packet is listed once and receipted, every condition that was
// raised was told, and neither memory nor open files have grown. With root also full disks.
import { createReadStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { memoryOf } from '../../scripts/lab-memory.ts'
import { type LabNetwork, makeLabNetwork } from '../../scripts/lab-network.ts'
import { dataPaths } from '../../src/base/paths.ts'
import { loadConfig } from '../../src/config.ts'
import { LinkProxy } from '../fixtures/network/link-proxy.ts'
import { drawOne, randomFrom } from '../fixtures/random.ts'
import { bundledSigner } from '../fixtures/station/bundle.ts'
import { agency, importDirectory, setOption, troubleToken, writeDirectory } from '../fixtures/station/lab-changes.ts'
import { Office } from '../fixtures/station/office.ts'
import { OfficeDisk } from '../fixtures/station/office-disk.ts'
import { rootCommand } from '../fixtures/store/loop-disk.ts'
import { Books } from './books.ts'
import { RestlessBackends } from './restless-backends.ts'
import { queueLength, settle, verifySomeEvidence } from './settle.ts'
import { SoakBroker } from './soak-broker.ts'
import { explainedCodes, type SoakFault, type SoakScene, type SoakStation, soakFaults } from './soak-faults.ts'
import { quarters, type SoakSample, soakFailures } from './soak-verdict.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    json: { type: 'boolean', default: false },
  },
})
const minutes = Number(values.minutes)
const seed = Number(values.seed)
if (!(minutes >= 1) || !Number.isInteger(seed))
  throw new Error('usage: npm run soak -- --minutes <at least 1> [--seed <whole number>] [--json]')

const packetsPerSecond = 6
const sampleMs = 5000
const mebibyte = 1024 * 1024
const wishes = [
  { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] },
  { id: 'h41', name: 'UBND tỉnh Nghệ An', agencyCodes: ['H41', 'H41.1'] },
  { id: 'h25', name: 'UBND tỉnh Hà Tĩnh', agencyCodes: ['H25'] },
]
const say = (text: string): void => void process.stderr.write(`${new Date().toISOString()} ${text}\n`)

const folder = await mkdtemp(join(tmpdir(), 'tram-soak-'))
const random = randomFrom(seed)
const network = await makeLabNetwork(folder, wishes, { signerCommand: bundledSigner })
let version = 2
const broker = await SoakBroker.open()
const stations: SoakStation[] = []
for (const [at, station] of network.stations.entries()) {
  const proxy = new LinkProxy({ host: station.host, port: station.linkPort })
  const port = await proxy.start(station.host)
  await setOption(station, 'link', 'announce', [`/ip4/${station.host}/tcp/${port}`])
  await broker.expect(station)
  const token = await troubleToken(station, {})
  const office = new Office(station)
  const disk =
    rootCommand === undefined
      ? undefined
      : await OfficeDisk.make(office, { folder, diskBytes: 3072 * mebibyte, watermarkBytes: 64 * mebibyte })
  stations.push({ office, proxy, token, disk, isSteady: at === 0 })
}
const offices = stations.map(({ office }) => office)
const books = new Books()
const traffic = new RestlessBackends(offices, books, { seed, clients: 2, packetsPerSecond })
const samples: SoakSample[] = []
const faults = new Map<SoakFault, number>()
const firstDirectory = await nextDirectory(network)
let isOver = false
try {
  await Promise.all(offices.map((office) => office.process.start()))
  for (const office of offices) await importDirectory(office, firstDirectory)
  traffic.start()
  const sampling = sample()
  await disturb(performance.now() + minutes * 60_000)
  say('no more faults; what is under way arrives')
  const unreceipted = await settle(offices, books, traffic)
  isOver = true
  await sampling
  const facts = {
    books: books.verdict(unreceipted),
    conditions: await Promise.all(offices.map((office) => broker.settle(office))),
    interruptions: (faults.get('a station is killed') ?? 0) + (faults.get('a disk is full') ?? 0),
    queued: await byStation(queueLength),
    incoming: await byStation(async ({ station }) => {
      const config = await loadConfig(station.configFile)
      return (await readdir(dataPaths(config.station.data_folder).incoming)).length
    }),
    samples,
    unexpectedErrors: (await Promise.all(offices.map(unexpectedErrors))).flat(),
  }
  const failures = soakFailures(facts)
  if (failures.length === 0) await verifySomeEvidence(offices, books, folder, random, 3)
  const [pssBefore, pssAfter] = quarters(samples, ({ pssMb }) => pssMb)
  const summary = {
    minutes,
    acknowledged: facts.books.acknowledged,
    lost: facts.books.lost.length,
    doubled: facts.books.doubled.length,
    unreceipted: unreceipted.length,
    faults: Object.fromEntries(faults),
    conditions: facts.conditions.map(({ station, told, dropped, repeated }) => {
      return { station, told: Object.fromEntries(told), dropped, repeated }
    }),
    pssMb: { secondQuarter: pssBefore, lastQuarter: pssAfter, highest: Math.max(...samples.map(({ pssMb }) => pssMb)) },
    failures,
  }
  process.stdout.write(values.json ? `${JSON.stringify(summary)}\n` : `${textOf(summary)}\n`)
  if (failures.length > 0) process.exitCode = 1
} catch (error) {
  process.exitCode = 1
  throw error
} finally {
  isOver = true
  await Promise.all(offices.map((office) => office.process.stop()))
  for (const { proxy, disk } of stations) {
    await proxy.stop()
    await disk?.unmount()
  }
  await broker.close()
  if (process.exitCode === 1) say(`everything is kept in ${folder}`)
  else await rm(folder, { recursive: true, force: true })
}

/** One fault after the other until the time is over. */
async function disturb(untilMs: number): Promise<void> {
  const names = Object.keys(soakFaults) as SoakFault[]
  const scene: SoakScene = {
    stations,
    traffic,
    broker,
    random,
    newDirectory: async () => {
      await importDirectory(drawOne(random, offices), await nextDirectory(network))
    },
  }
  while (performance.now() < untilMs) {
    await delay(2000 + random() * 6000)
    const name = drawOne(random, names)
    faults.set(name, (faults.get(name) ?? 0) + 1)
    await soakFaults[name](scene)
  }
}

/** The next version of the directory: the same stations and agencies, a newer statement. */
async function nextDirectory(lab: LabNetwork): Promise<string> {
  const agencies = wishes.flatMap(({ id, agencyCodes }) => agencyCodes.map((code) => agency(code, id)))
  const file = `soak-${version}.tramdir`
  return await writeDirectory(lab, { version: version++, agencies, file })
}

async function sample(): Promise<void> {
  const steady = stations.find(({ isSteady }) => isSteady)?.office
  let sayAtMs = 0
  while (!isOver) {
    const pid = steady?.process.pid ?? 0
    const pssMb = (await memoryOf(pid)) / 1e6
    const descriptors = (await readdir(`/proc/${pid}/fd`)).length
    const atMs = performance.now()
    samples.push({ atMs, pssMb, descriptors })
    if (atMs >= sayAtMs) {
      say(
        `${books.size} acknowledged, ${books.missing().length} under way, ${pssMb.toFixed(0)} MB, ${descriptors} files`,
      )
      sayAtMs = atMs + 60_000
    }
    await delay(sampleMs)
  }
}

async function byStation(count: (office: Office) => Promise<number>): Promise<Map<string, number>> {
  const counts = new Map<string, number>()
  for (const office of offices) counts.set(office.station.id, await count(office))
  return counts
}

/** Lines of error or worse that no fault explains, one for each code and text. */
async function unexpectedErrors(office: Office): Promise<string[]> {
  const found = new Map<string, number>()
  for await (const text of createInterface({ input: createReadStream(`${office.station.folder}/log`) })) {
    const line = parsed(text)
    if (line.level < 50 || explainedCodes.has(line.code)) continue
    const what = `${office.station.id}: ${line.code} ${line.msg}`.slice(0, 300)
    found.set(what, (found.get(what) ?? 0) + 1)
  }
  return [...found].map(([what, times]) => `${what} (${times} times)`)
}

/** A line of a log. What is no JSON was written by something that broke. */
function parsed(text: string): { level: number; code: string; msg: string } {
  try {
    const { level, code, msg } = JSON.parse(text) as Record<string, unknown>
    return { level: Number(level), code: String(code ?? ''), msg: String(msg ?? '') }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return { level: 60, code: '', msg: text }
  }
}

function textOf(summary: Record<string, unknown>): string {
  return Object.entries(summary)
    .map(([name, value]) => `${name}: ${JSON.stringify(value)}`)
    .join('\n')
}
