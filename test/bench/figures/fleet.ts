// `tram fleet` with as many stations as the country may have one day: what it costs while each reports once a minute, and how long a
// report takes from the station to the row on the screen. Real payloads through a real mosquitto.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { connectAsync, type MqttClient } from 'mqtt'
import { memoryOf } from '../../../scripts/lab-memory.ts'
import { metricNames } from '../../../src/exchange/health/metrics.ts'
import { freePort, Mosquitto } from '../../fixtures/mqtt/mosquitto.ts'
import { bundledStation, nodeEnv } from '../../fixtures/station/bundle.ts'
import { type Figure, percentile } from '../figure.ts'

const targetMegabytes = 150
const targetShare = 0.1
/** Ticks of a process's time in /proc a second; the same on every Linux that Node runs on. */
const ticksPerSecond = 100

export const figure: Figure = {
  id: 'fleet',
  title: '`tram fleet` on a terminal, 4,000 stations with a report a minute each: share of a core',
  target: `≤ ${targetShare}, and ≤ ${targetMegabytes} MB (PSS)`,
  async run({ folder, isQuick, say }) {
    const [stations, seconds] = isQuick ? [40, 3] : [4000, 60]
    const port = await freePort()
    const configuration = `listener ${port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 10000\n`
    const mosquitto = await Mosquitto.run(port, configuration)
    const client = await connectAsync(mosquitto.url, { protocolVersion: 5 })
    const running: ChildProcess[] = []
    try {
      for (let from = 0; from < stations; from += 200)
        await Promise.all(Array.from({ length: Math.min(200, stations - from) }, (_, at) => appear(client, from + at)))
      say(`${stations} stations are there`)
      // A Node of its own: PSS divides what processes share, and the bench runs the same file.
      const node = join(folder, 'node')
      copyFileSync(process.execPath, node)
      const command = [node, ...bundledStation.slice(1), 'fleet', '--broker', mosquitto.url]
      const screen = startOnTerminal(command)
      running.push(screen.child)
      await screen.shows(`${stations} `)
      const pid = screenPid(screen.child)
      const started = cpuSeconds(pid)
      await publish(client, stations, seconds, 1_000_000)
      const share = (cpuSeconds(pid) - started) / seconds
      const megabytes = (await memoryOf(pid)) / 1e6
      await stop(screen.child, 'q')
      say('the screen is measured')
      const lines = startLines([...command, '--json'], stations)
      running.push(lines.child)
      await lines.settled
      const waits = await lines.waitsOf(publish(client, stations, isQuick ? 3 : 20, 2_000_000))
      lines.child.kill('SIGTERM')
      await once(lines.child, 'exit')
      return {
        values: [
          { name: 'processor time of a second', value: share * 1000, unit: 'ms' },
          { name: 'PSS', value: megabytes, unit: 'MB' },
          { name: 'reports a second', value: stations / 60, unit: '/s' },
          { name: 'a report from the station to its row, p50', value: percentile(waits, 0.5), unit: 'ms' },
          { name: 'a report from the station to its row, p95', value: percentile(waits, 0.95), unit: 'ms' },
        ],
        met: share <= targetShare && megabytes <= targetMegabytes,
        bounds:
          'Rows are looked at twice a second, so that the way to the screen takes a quarter of a second on average whatever the load; it was measured on the lines of --json.',
      }
    } finally {
      for (const child of running) child.kill('SIGKILL')
      await client.endAsync(true)
      await mosquitto.remove()
    }
  },
}

const idOf = (number: number): string => `s-${String(number).padStart(5, '0')}`

/** As a station's: every metric, of which most have digits behind the point. */
function stateOf(queueDepth: number): string {
  const values = metricNames.map((name, at): [string, number] => [name, name.includes('_ratio') ? 0.123456 : 1000 + at])
  const state = { ...Object.fromEntries(values), status: 0, conditions_critical: 0, conditions_error: 0 }
  return JSON.stringify({ ts: Date.now(), seq: 7, ...state, conditions_warning: 0, queue_depth: queueDepth })
}

async function appear(client: MqttClient, number: number): Promise<void> {
  const topic = `tram/v1/site-${number % 63}/${idOf(number)}`
  const info = { name: `Sở Thông tin số ${number}`, station: idOf(number), version: '0.1.0', peer_id: 'x'.repeat(52) }
  const kept = { qos: 1, retain: true } as const
  await client.publishAsync(`${topic}/availability`, 'online', kept)
  await client.publishAsync(`${topic}/info`, JSON.stringify(info), kept)
  await report(client, number, 0)
}

const report = (client: MqttClient, number: number, queueDepth: number) =>
  client.publishAsync(`tram/v1/site-${number % 63}/${idOf(number)}/state`, stateOf(queueDepth), {
    ...{ qos: 1, retain: true, properties: { messageExpiryInterval: 600 } },
  })

/** Each station once a minute, evenly. Returns when each was published, by its number that the queue is set to. */
async function publish(
  client: MqttClient,
  stations: number,
  seconds: number,
  first: number,
): Promise<Map<number, number>> {
  const published = new Map<number, number>()
  const start = performance.now()
  const perMs = stations / 60_000
  for (let sent = 0; performance.now() - start < seconds * 1000; await delay(20)) {
    for (; sent < (performance.now() - start) * perMs; sent++) {
      published.set(first + sent, performance.now())
      await report(client, sent % stations, first + sent)
    }
  }
  return published
}

/** `command` on a terminal of script(1); what it shows is read and forgotten. */
function startOnTerminal(command: readonly string[]) {
  const quoted = command.map((word) => `'${word}'`).join(' ')
  const child = spawn('script', ['-qfec', `stty cols 160 rows 50; exec ${quoted}`, '/dev/null'], {
    env: { ...process.env, ...nodeEnv },
  })
  let tail = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-20_000)
  })
  const shows = async (text: string): Promise<void> => {
    while (!tail.includes(text)) {
      if (child.exitCode !== null) throw new Error(tail)
      await delay(50)
    }
  }
  return { child, shows }
}

/** script(1) runs a shell, which the command has taken the place of. */
function screenPid({ pid = 0 }: ChildProcess): number {
  const [child = ''] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ')
  return Number(child)
}

function cpuSeconds(pid: number): number {
  // `pid (name) state ppid …`; the name may hold anything. Fields 14 and 15 are user and system time.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

async function stop(child: ChildProcess, key: string): Promise<void> {
  child.stdin?.write(key)
  await once(child, 'exit')
}

/** `command` as a program reads it: rows, by the queue that they show. `settled`: there was one of every station. */
function startLines([program = '', ...argv]: readonly string[], stations: number) {
  const child = spawn(program, argv, { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, ...nodeEnv } })
  const seen = new Map<number, number>()
  const { promise: settled, resolve } = Promise.withResolvers<void>()
  let rest = ''
  let rows = 0
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    rows += lines.length
    for (const line of lines) {
      const queue = Number(/"queueDepth":(\d+)/.exec(line)?.[1] ?? 0)
      if (!seen.has(queue)) seen.set(queue, performance.now())
    }
    // One more tells of the connection.
    if (rows > stations) resolve()
  })
  const waitsOf = async (publishing: Promise<Map<number, number>>): Promise<number[]> => {
    const published = await publishing
    await delay(2000)
    return [...published].flatMap(([queue, atMs]) => {
      const seenMs = seen.get(queue)
      return seenMs === undefined ? [] : [seenMs - atMs]
    })
  }
  return { child, settled, waitsOf }
}
