// scripts/lab with as many stations as the axis has offices: what one machine holds, and how long a circular to all of them takes.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { memoryOf } from '../../../scripts/lab-memory.ts'
import { projectRoot } from '../../fixtures/station/station-process.ts'
import { type Figure, secondsOf } from '../figure.ts'

const stations = 94

export const figure: Figure = {
  id: 'lab',
  title: `A lab of ${stations} stations on one machine: a circular from one to all`,
  target: 'reported',
  isOptional: true,
  timeoutMs: 3_600_000,
  async run({ folder, isQuick, say }) {
    const count = isQuick ? 3 : stations
    const labFolder = join(folder, 'lab')
    const lab = spawn(
      join(projectRoot, 'scripts/lab'),
      ['--stations', String(count), '--once', '--folder', labFolder],
      { cwd: projectRoot, stdio: ['ignore', 'pipe', 'inherit'] },
    )
    process.once('SIGTERM', () => lab.kill('SIGTERM'))
    let delivered: RegExpExecArray | null = null
    let readyAt = 0
    let memory = Promise.resolve(0)
    let text = ''
    const start = performance.now()
    lab.stdout.setEncoding('utf8').on('data', (piece: string) => {
      text += piece
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        if (readyAt === 0 && /stations are ready/.test(line)) {
          readyAt = performance.now()
          memory = memoryOfLab(labFolder)
        }
        delivered = /^delivered (\d+) of (\d+)/.exec(line) ?? delivered
        if (/stations|stopped/.test(line)) say(line.trim())
      }
    })
    const seconds = await secondsOf(async () => void (await once(lab, 'close')))
    const [, arrived, wanted] = delivered ?? []
    if (arrived === undefined || readyAt === 0) throw new Error('the lab did not say what was delivered')
    const readySeconds = (readyAt - start) / 1000
    return {
      values: [
        { name: 'stations that the circular has reached', value: Number(arrived), unit: `of ${wanted}` },
        { name: 'keys, directory and start of all stations', value: readySeconds, unit: 's' },
        { name: 'from then on to all receipts and the end of all stations', value: seconds - readySeconds, unit: 's' },
        { name: 'PSS of all stations and signers when ready', value: (await memory) / 1e6, unit: 'MB' },
      ],
      met: 'reported',
    }
  },
}

/** PSS of the stations that lab.json lists, bytes. */
async function memoryOfLab(folder: string): Promise<number> {
  const { stations: running } = JSON.parse(await readFile(join(folder, 'lab.json'), 'utf8')) as {
    stations: { pid: number }[]
  }
  let bytes = 0
  for (const { pid } of running) bytes += await memoryOf(pid)
  return bytes
}
