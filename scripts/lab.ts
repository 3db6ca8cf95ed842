// The program scripts/lab: arguments, signals and exit codes. The lab itself is in lab-run.ts, its end in lab-down.ts.
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const fewestStations = 3
const defaultFolder = join(import.meta.dirname, '../.lab')

interface Arguments {
  isDown: boolean
  once: boolean
  stations: number
  folder: string
}

function readArguments(argv: readonly string[]): Arguments {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      once: { type: 'boolean', default: false },
      stations: { type: 'string', default: String(fewestStations) },
      folder: { type: 'string', default: defaultFolder },
    },
  })
  const stations = Number(values.stations)
  if (!Number.isSafeInteger(stations) || stations < fewestStations) {
    throw new TypeError(`--stations: ít nhất ${fewestStations} · at least ${fewestStations}`)
  }
  if (positionals.length > 1 || (positionals.length === 1 && positionals[0] !== 'down')) {
    throw new TypeError(`không hiểu · not understood: ${positionals.join(' ')}`)
  }
  return { isDown: positionals.length === 1, once: values.once, stations, folder: resolve(values.folder) }
}

async function main(): Promise<number> {
  let given: Arguments
  try {
    given = readArguments(process.argv.slice(2))
  } catch (error) {
    const help = readFileSync(join(import.meta.dirname, 'lab-help.txt'), 'utf8')
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    return 2
  }
  // Loaded when needed: a lab brings half of the project along.
  if (given.isDown) return await (await import('./lab-down.ts')).takeDown(given.folder)
  const { Lab } = await import('./lab-run.ts')
  const stopping = new AbortController()
  const lab = new Lab(given, stopping.signal)
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      // The second time somebody is in a hurry: the stations are told, and nobody waits for them.
      if (stopping.signal.aborted) process.exit(130)
      stopping.abort(new Error(`stopped by ${name}`))
    })
  }
  // Whatever ends this process in an orderly way, an error of ours too, the stations are told.
  process.on('exit', () => lab.terminate())
  return await lab.run()
}

process.exitCode = await main()
