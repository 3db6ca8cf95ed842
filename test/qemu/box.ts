// A box of the bench with its office: the machine, its disk's saved states, and the document management software before it.
import { execFile } from 'node:child_process'
import { copyFile, mkdir, rename, truncate } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { letter } from '../fixtures/edxml/letter.ts'
import { type KitStatus, VxpKit } from '../fixtures/vxp-kit/vxp-kit.ts'
import { type BoxOffice, vxpPort } from './ground.ts'
import { Machine } from './machine.ts'
import { HungBoot } from './machine-lines.ts'

const run = promisify(execFile)

/** The image is smaller, and grows to the card at its first boot. */
const cardBytes = 8e9
/** The list of everything that has come, as a backend asks for it. */
const wholeList = { serviceType: 'eDoc', messageType: 'edoc', pageSize: 100_000, pageIndex: 1 }

export class Box {
  readonly office: BoxOffice
  readonly machine: Machine
  readonly #folder: string
  readonly #onHungBoot: (text: string) => void
  readonly #fetched = new Map<string, Buffer>()

  /** @param onHungBoot told of a boot that hung and is tried once more */
  constructor(
    folder: string,
    office: BoxOffice,
    wire: { tap: string; mac: string },
    onHungBoot: (text: string) => void,
  ) {
    this.office = office
    this.#folder = folder
    this.#onHungBoot = onHungBoot
    this.machine = new Machine({ folder, disk: join(folder, 'disk.img'), ...wire })
  }

  /** Puts another disk in: a copy of this image, its holes kept, on a card of 8 GB. */
  async insertDisk(image: string): Promise<void> {
    const disk = this.machine.options.disk
    await mkdir(this.#folder, { recursive: true })
    await run('cp', ['--sparse=always', image, `${disk}.new`])
    await truncate(`${disk}.new`, cardBytes)
    await rename(`${disk}.new`, disk)
    this.#fetched.clear()
  }

  /** Keeps the disk as it is now, for a run that begins with `step`. */
  async saveDisk(step: string): Promise<void> {
    await this.machine.standingStill(async () => {
      await run('cp', ['--sparse=always', this.machine.options.disk, join(this.#folder, `${step}.img.new`)])
    })
    await rename(join(this.#folder, `${step}.img.new`), this.savedDisk(step))
  }

  savedDisk(step: string): string {
    return join(this.#folder, `${step}.img`)
  }

  /** Switches it on and waits until it has booted; a boot that hangs is cut and tried again, once, and told. */
  async start(): Promise<void> {
    try {
      await this.machine.powerOn()
      await this.machine.booted()
    } catch (error) {
      if (!(error instanceof HungBoot)) throw error
      this.#onHungBoot(`${this.office.id}: ${error.message}`)
      await copyFile(join(this.#folder, 'serial.log'), join(this.#folder, `hung-${Date.now()}.log`))
      await this.machine.cutPower()
      await this.machine.powerOn()
      await this.machine.booted()
    }
  }

  /** Waits until the station serves its backends. */
  async serving(withinMs?: number): Promise<void> {
    await this.machine.until('systemctl is-active --quiet tram.service', withinMs)
  }

  kit(): VxpKit {
    const { address, secret, id } = this.office
    const endpoint = `http://${address}:${vxpPort}/XrdAdapter/RestService/forward/tram`
    return new VxpKit({ endpoint, systemid: `qlvb-${id}`, secret })
  }

  /** Every document that has come for the office, by its number in its list; each is fetched once. */
  async received(): Promise<ReadonlyMap<string, Buffer>> {
    const kit = this.kit()
    try {
      for (const { docId = '' } of (await kit.getReceivedEdocList(wholeList)).data)
        if (!this.#fetched.has(docId)) this.#fetched.set(docId, await kit.downloadEdoc(docId))
      return this.#fetched
    } finally {
      kit.close()
    }
  }
}

/** A backend that hands in one document after the other and tries each again until it is taken, whatever happens to the box. */
export class Sending {
  /** What the station has acknowledged, by number. */
  readonly accepted = new Map<number, Buffer>()
  readonly from: Box
  readonly #to: Box
  readonly #pauseMs: number
  readonly #stop = new AbortController()
  readonly #running: Promise<void>
  #last: string = 'nothing tried'

  /**
   * @param nextNumber a number that no other document of the office has
   * @param pauseMs after each document that was taken
   */
  constructor(from: Box, to: Box, nextNumber: () => number, pauseMs: number) {
    this.from = from
    this.#to = to
    this.#pauseMs = pauseMs
    this.#running = this.#run(nextNumber)
  }

  /** Waits until `count` more are acknowledged. */
  async more(count: number, withinMs = 240_000): Promise<void> {
    const wanted = this.accepted.size + count
    const untilMs = performance.now() + withinMs
    while (this.accepted.size < wanted) {
      if (performance.now() > untilMs) throw new Error(`documents are not taken: ${this.#last}`)
      await pause(200)
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Numbers of acknowledged documents that the other office does not have. @throws when it has one twice or altered */
  async missingAt(to: Box): Promise<number[]> {
    const arrived = [...(await to.received()).values()]
    return [...this.accepted].flatMap(([number, packet]) => {
      const marked = arrived.filter((bytes) => bytes.includes(subjectOf(number)))
      if (marked.length > 1) throw new Error(`document ${number} has arrived ${marked.length} times`)
      const [bytes] = marked
      if (bytes !== undefined && !bytes.equals(packet))
        throw new Error(`document ${number} has arrived with other bytes`)
      return bytes === undefined ? [number] : []
    })
  }

  async #run(nextNumber: () => number): Promise<void> {
    const kit = this.from.kit()
    while (!this.#stop.signal.aborted) {
      const number = nextNumber()
      const packet = numberedLetter(this.from.office, this.#to.office, number)
      while (!this.accepted.has(number) && !this.#stop.signal.aborted) {
        const answer = await kit
          .sendEdoc(packet, { from: this.from.office.agencyCode, serviceType: 'eDoc', messageType: 'edoc' })
          .catch((error: unknown): KitStatus => ({ status: 'FAIL', ErrorCode: '', ErrorDesc: String(error) }))
        this.#last = `${answer.ErrorCode} ${answer.ErrorDesc}`
        // One that it took before the answer was lost is taken again as what it is: the same document.
        if (answer.status === 'OK') this.accepted.set(number, packet)
        else await pause(500)
      }
      await pause(this.#pauseMs)
    }
    kit.close()
  }
}

const subjectOf = (number: number): string => `Văn bản số [${number}]`

function numberedLetter(from: BoxOffice, to: BoxOffice, number: number): Buffer {
  return letter({
    from: { organId: from.agencyCode, organName: from.name },
    to: [{ organId: to.agencyCode, organName: to.name }],
    codeNumber: String(number),
    subject: subjectOf(number),
    attachments: [{ name: 'noi-dung.pdf', bytes: Buffer.alloc(20_000, `${number} `) }],
  })
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
