// What the lab prints: its progress, the way of the circular as it happens, and what to try next. Vietnamese first, English beside.
import { readFileSync } from 'node:fs'
import type { Circular } from './lab-documents.ts'
import { currentCode } from './lab-documents.ts'
import { endpointOf, labFileOf, shown } from './lab-folder.ts'
import type { LabStation } from './lab-keys.ts'
import { type RecipientWay, type RoundResult, type WayStep, waySteps } from './lab-round.ts'

/** With more recipients than this, a line each when it is through; not one for each of its steps. */
const maxDetailed = 8
const headings: Record<WayStep, string> = {
  accepted: 'accepted',
  sealed: 'sealed',
  offered: 'offered',
  stored: 'stored',
  receipt: 'receipt',
  fetched: 'fetched',
  answered: '03',
}
const stepTexts: Record<WayStep, string> = {
  accepted: 'trạm gửi đã nhận và ghi vào đĩa · accepted, on disk at the sender',
  sealed: 'token đã niêm phong · sealed by the token',
  offered: 'đã đề nghị với trạm nhận · offered to the recipient station',
  stored: 'trạm nhận đã lưu · stored by the recipient station',
  receipt: 'có biên nhận đã niêm phong · sealed receipt verified',
  fetched: 'phần mềm nơi nhận đã lấy, khớp từng byte · fetched by the backend, byte for byte',
  answered: 'trạng thái 03 đã về nơi gửi · status 03 is back at the sender',
}

export class LabShow {
  readonly #startedMs = performance.now()
  #hasSharedSteps = new Set<WayStep>()
  #isDetailed = true
  #isBroken = false

  constructor() {
    // A reader that leaves (`scripts/lab | head`) must not leave stations behind: the lab goes on in silence.
    process.stdout.on('error', () => {
      this.#isBroken = true
    })
  }

  line(text = ''): void {
    if (!this.#isBroken) process.stdout.write(`${text}\n`)
  }

  /** A line with the seconds since the lab's start. */
  progress(text: string): void {
    const seconds = (performance.now() - this.#startedMs) / 1000
    this.line(`[${seconds.toFixed(1).padStart(6)} s] ${text}`)
  }

  stations(stations: readonly { station: LabStation; pid: number; bytes: number }[]): void {
    for (const { station, pid, bytes } of stations) {
      this.line(
        `    ${currentCode(station).padEnd(4)} ${station.name.padEnd(28)} pid ${String(pid).padEnd(7)} ${mib(bytes)} MiB`,
      )
    }
    const total = stations.reduce((sum, { bytes }) => sum + bytes, 0)
    this.line(`    bộ nhớ (PSS, trạm và bộ ký) · memory (PSS, stations with signers): ${mib(total)} MiB`)
  }

  sending(sender: LabStation, circular: Circular, recipients: number): void {
    this.#isDetailed = recipients <= maxDetailed
    this.#hasSharedSteps = new Set()
    this.line()
    this.line(
      `Công văn ${circular.code}, ${sender.name} → ${recipients} nơi nhận · one circular to ${recipients} recipients`,
    )
    this.line(`    ${circular.subject}`)
    for (const { name, bytes } of circular.attachments) this.line(`    + ${name} (${bytes} byte)`)
    this.line(`    edXML: ${circular.packet.byteLength} byte`)
    this.line()
    if (!this.#isDetailed) this.line(tableHead())
  }

  step(way: RecipientWay, step: WayStep): void {
    if (!this.#isDetailed) return
    // These two are one event for all recipients.
    const isShared = step === 'accepted' || step === 'sealed'
    if (isShared && this.#hasSharedSteps.has(step)) return
    this.#hasSharedSteps.add(step)
    const who = isShared ? '→ *' : `→ ${currentCode(way.station)}`
    this.line(`  ${ms(way.times[step])}  ${who.padEnd(6)} ${headings[step].padEnd(9)} ${stepTexts[step]}`)
  }

  complete(way: RecipientWay): void {
    if (!this.#isDetailed) this.line(tableRow(way))
  }

  result(result: RoundResult, logFolder: string): void {
    if (this.#isDetailed) {
      this.line()
      this.line(tableHead())
      for (const way of result.ways) this.line(tableRow(way))
    }
    this.line()
    this.line(`    DocId ${result.docId}, ${result.elapsedMs} ms`)
    const missing = result.ways.filter((way) => way.times.answered === undefined)
    for (const way of missing.slice(0, 20)) {
      const last = waySteps.findLast((step) => way.times[step] !== undefined)
      this.line(
        `    ✗ ${currentCode(way.station)} ${way.station.name}: ${last ?? 'nothing'}; ${way.trouble || 'no answer yet'}`,
      )
    }
    if (missing.length > 20) this.line(`    … ${missing.length - 20} nơi nữa · more`)
    if (missing.length > 0) this.line(`    nhật ký · logs: ${logFolder}`)
  }

  /** What a newcomer may do while the lab runs. */
  whatNext(
    folder: string,
    stations: readonly { station: LabStation; pid: number }[],
    docId: string,
    mqttUrl: string,
  ): void {
    const [sender, recipient] = stations
    if (sender === undefined || recipient === undefined) return
    const config = (one: { station: LabStation }): string => shown(one.station.configFile)
    const down = folder.endsWith('/.lab') ? 'scripts/lab down' : `scripts/lab down --folder ${shown(folder)}`
    const token = shown(recipient.station.token.env.SOFTHSM2_CONF.replace(/softhsm2\.conf$/, 'tokens'))
    this.line()
    this.line('Mạng đang chạy; Ctrl-C để dừng. · The network is running; Ctrl-C stops it. Try, in another terminal:')
    this.line()
    if (ownsTerminal()) this.line('  Enter ở đây: gửi thêm một công văn · Enter, here: one more circular')
    this.line('  # đường đi của văn bản, hàng đợi, tình trạng trạm · the way of a document, the queues, health')
    this.line(`  scripts/tram trace ${docId} --config ${config(sender)}`)
    this.line(`  scripts/tram queue --config ${config(sender)}`)
    this.line(`  scripts/tram health --config ${config(recipient)}`)
    this.line('  # mọi trạm trên một màn hình, qua MQTT · all stations on one screen, over MQTT')
    this.line(`  scripts/tram fleet --broker ${mqttUrl}`)
    this.line('  # gọi như phần mềm QLVB (có ký HMAC) · call it as a backend does, with its HMAC')
    this.line(`  ${shown(vxpScriptOf(sender.station))} getAgenciesList`)
    this.line(`  ${shown(vxpScriptOf(sender.station))} getSentEdocList docId=${docId}`)
    this.line(`  curl -s ${endpointOf(sender.station)}/getAgenciesList    # không ký: bị từ chối · unsigned: refused`)
    this.line('  # giết một trạm, xem nó trở lại · kill a station, see it come back')
    this.line(`  kill -9 ${recipient.pid}`)
    this.line('  # rút token rồi cắm lại · pull a token, and put it back')
    this.line(`  mv ${token} ${token}.out && pkill -P ${recipient.pid}`)
    this.line(`  mv ${token}.out ${token}`)
    this.line('  # nhật ký · logs')
    this.line(`  tail -f ${shown(recipient.station.folder)}/log/station.log`)
    this.line('  # dừng và xóa tất cả · stop and delete everything')
    this.line(`  ${down}`)
    this.line()
    this.line(`  ${shown(labFileOf(folder))}: trạm, cổng, mã truy cập cho chương trình khác · for other programs`)
    this.line()
  }
}

/** A shell script that signs and sends one VXP call for a station's backend. */
export const vxpScriptOf = (station: LabStation): string => `${station.folder}/vxp`

/** Whether Enter reaches us: a job in the background that reads the terminal is stopped by the system. */
export function ownsTerminal(): boolean {
  if (!process.stdin.isTTY) return false
  // `pid (name) state ppid pgrp session tty tpgid …`; the name may hold anything.
  const fields = readFileSync('/proc/self/stat', 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return fields[2] === fields[5]
}

const mib = (bytes: number): number => Math.round(bytes / 1024 / 1024)
const ms = (value: number | undefined): string => (value === undefined ? '–' : `${value} ms`).padStart(9)

function tableHead(): string {
  return `  ${''.padEnd(30)}${waySteps.map((step) => headings[step].padStart(9)).join('')}`
}

function tableRow(way: RecipientWay): string {
  const who = `${currentCode(way.station)} ${way.station.name}`
  const name = who.length > 30 ? `${who.slice(0, 29)}…` : who.padEnd(30)
  return `  ${name}${waySteps.map((step) => String(way.times[step] ?? '–').padStart(9)).join('')}`
}
