// What an idle station costs that carries the directory of the country, reports to a broker and feeds a watchdog: processor time of
// station, signer and the programs they run now and then, over ten minutes; and what it writes to its disk meanwhile.
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { makeLabNetwork } from '../../../scripts/lab-network.ts'
import { Mosquitto } from '../../fixtures/mqtt/mosquitto.ts'
import { bundledSigner, bundledStation, nodeEnv } from '../../fixtures/station/bundle.ts'
import { importDirectory, setOption } from '../../fixtures/station/lab-changes.ts'
import { Office } from '../../fixtures/station/office.ts'
import { StationProcess } from '../../fixtures/station/station-process.ts'
import { NotifyListener } from '../../fixtures/systemd/notify-listener.ts'
import type { Figure } from '../figure.ts'
import { writeNationalDirectory } from '../national-directory.ts'
import { cpuSecondsWithEnded } from '../station-pair.ts'

const targetPercent = 1
const watchdogMs = 60_000
const dayMs = 86_400_000

export const figure: Figure = {
  id: 'idle-cpu',
  title:
    'Processor time of an idle station with its signer and the programs it runs, of one core: directory of 174 stations and 125,000 units, a broker told every 60 s, a watchdog of 60 s',
  target: `≤ ${targetPercent} %`,
  timeoutMs: 1_200_000,
  async run({ folder, isQuick, say }) {
    const wish = { id: 'g22', name: 'Văn phòng Chính phủ', agencyCodes: ['G22'] }
    const network = await makeLabNetwork(join(folder, 'lab'), [wish], { signerCommand: bundledSigner })
    const [station] = network.stations
    if (station === undefined) throw new Error('one station was asked for')
    const counts = isQuick ? { stations: 4, units: 200 } : { stations: 174, units: 125_000 }
    const file = await writeNationalDirectory(network, counts)
    const office = new Office(station)
    await office.process.start()
    try {
      const { status, answer } = await importDirectory(office, file)
      if (status >= 300) throw new Error(JSON.stringify(answer))
    } finally {
      await office.process.stop()
    }
    const mosquitto = await Mosquitto.open()
    const systemd = await NotifyListener.start(join(folder, 'notify'))
    await setOption(station, 'mqtt', 'url', mosquitto.url)
    await setOption(station, 'mqtt', 'site', 'bench')
    const watched = new StationProcess({
      configFile: station.configFile,
      env: {
        ...nodeEnv,
        ...station.token.env,
        NOTIFY_SOCKET: systemd.socketPath,
        WATCHDOG_USEC: String(watchdogMs * 1000),
      },
      command: bundledStation,
    })
    const [settleMs, idleMs] = isQuick ? [1000, 5000] : [60_000, 600_000]
    try {
      await watched.start()
      const pid = watched.pid ?? 0
      const signerPid = Number((await watched.seen((line) => line.signerPid !== undefined)).signerPid)
      // What a start leaves behind is not idleness: compiling, the first look at everything.
      await delay(settleMs)
      say('idle from now on')
      const look = async () => ({
        atMs: performance.now(),
        station: await cpuSecondsWithEnded(pid),
        signer: await cpuSecondsWithEnded(signerPid),
        written: await writtenBytes(pid),
        beats: systemd.beats,
      })
      const before = await look()
      await delay(idleMs)
      const after = await look()
      const tookMs = after.atMs - before.atMs
      const percent = (name: string, seconds: number) => ({ name, value: (seconds * 1e5) / tookMs, unit: '%' })
      const own = after.station.own - before.station.own
      const programs = after.station.ended - before.station.ended
      const signing = after.signer.own + after.signer.ended - before.signer.own - before.signer.ended
      const all = percent('station, signer and programs', own + programs + signing)
      if (!isQuick && after.beats - before.beats < 10) throw new Error('the watchdog was not fed')
      return {
        values: [
          all,
          percent('the station itself', own),
          percent('programs that it runs now and then (systemd-notify, chronyc)', programs),
          percent('signer', signing),
          {
            name: 'written to files a day at this pace, without the journal of the file system',
            value: ((after.written - before.written) * dayMs) / tookMs / 1e6,
            unit: 'MB',
          },
        ],
        met: all.value <= targetPercent,
        bounds: `Measured from ${settleMs / 1000} s after the start for ${idleMs / 1000} s. Nobody asks the API or scrapes the metrics; no serial lines.`,
      }
    } finally {
      await watched.stop()
      await systemd.stop()
      await mosquitto.remove()
    }
  },
}

/** Bytes that a process has made the kernel write, by /proc/<pid>/io. */
async function writtenBytes(pid: number): Promise<number> {
  return Number(/^write_bytes: (\d+)$/m.exec(await readFile(`/proc/${pid}/io`, 'utf8'))?.[1])
}
