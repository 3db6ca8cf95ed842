// What an idle station costs that carries the directory of the country: memory of station and signer, sixty seconds after its start.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { memoryOf } from '../../../scripts/lab-memory.ts'
import { makeLabNetwork } from '../../../scripts/lab-network.ts'
import { bundledSigner, bundledStation, nodeEnv } from '../../fixtures/station/bundle.ts'
import { importDirectory } from '../../fixtures/station/lab-changes.ts'
import { Office } from '../../fixtures/station/office.ts'
import { StationProcess } from '../../fixtures/station/station-process.ts'
import { type Figure, secondsOf } from '../figure.ts'
import { writeNationalDirectory } from '../national-directory.ts'

const targetMegabytes = 150

export const figure: Figure = {
  id: 'idle-memory',
  title: 'Memory (PSS) of station and signer, idle for 60 s, with a directory of 174 stations and 125,000 units',
  target: `≤ ${targetMegabytes} MB`,
  async run({ folder, isQuick, say }) {
    const wish = { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }
    const network = await makeLabNetwork(join(folder, 'lab'), [wish], { signerCommand: bundledSigner })
    const [station] = network.stations
    if (station === undefined) throw new Error('one station was asked for')
    const counts = isQuick ? { stations: 4, units: 200 } : { stations: 174, units: 125_000 }
    const file = await writeNationalDirectory(network, counts)
    const office = new Office(station)
    await office.process.start()
    let importSeconds: number
    let importedBytes: number
    try {
      importSeconds = await secondsOf(async () => {
        const { status, answer } = await importDirectory(office, file)
        if (status >= 300) throw new Error(JSON.stringify(answer))
      })
      importedBytes = await memoryOf(office.process.pid ?? 0)
    } finally {
      await office.process.stop()
    }
    say(`the directory was imported in ${importSeconds.toFixed(1)} s`)
    // A Node of its own: PSS divides what processes share, and the bench runs the same file.
    const node = join(folder, 'node')
    await copyFile(process.execPath, node)
    const [, ...flags] = bundledStation
    const alone = new StationProcess({
      configFile: station.configFile,
      env: { ...nodeEnv, ...station.token.env },
      command: [node, ...flags],
    })
    const bare = await bareMegabytes(node)
    const idleMs = isQuick ? 1000 : 60_000
    try {
      await alone.start()
      const startedBytes = await memoryOf(alone.pid ?? 0)
      await delay(idleMs)
      const megabytes = (await memoryOf(alone.pid ?? 0)) / 1e6
      return {
        values: [
          { name: `PSS of station and signer after ${idleMs / 1000} s`, value: megabytes, unit: 'MB' },
          { name: 'the same when ready', value: startedBytes / 1e6, unit: 'MB' },
          { name: 'the same when the directory has just been imported', value: importedBytes / 1e6, unit: 'MB' },
          { name: 'import of the directory', value: importSeconds, unit: 's' },
        ],
        baseline: { name: 'two of Node that do nothing', value: bare, unit: 'MB' },
        met: megabytes <= targetMegabytes,
        bounds:
          'Station and signer run on a copy of Node that no other process shares, so that nothing of it is counted elsewhere.',
      }
    } finally {
      await alone.stop()
    }
  },
}

/** PSS of two processes of this Node that have loaded nothing, MB. */
async function bareMegabytes(node: string): Promise<number> {
  const idle = Array.from({ length: 2 }, () =>
    spawn(node, ['-e', 'process.stdin.resume(); process.stdout.write(".")'], { stdio: ['pipe', 'pipe', 'inherit'] }),
  )
  try {
    let bytes = 0
    await Promise.all(idle.map(({ stdout }) => once(stdout, 'data')))
    for (const { pid } of idle) bytes += await memoryOf(pid ?? 0)
    return bytes / 1e6
  } finally {
    for (const child of idle) {
      child.kill()
      await once(child, 'close')
    }
  }
}
