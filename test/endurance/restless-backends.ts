// Backends that never rest: each sends documents and statuses to the others and fetches what arrives, over VXP like any vendor's
// software, whatever happens to the stations meanwhile. Writes the books (books.ts).
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { digestOf } from '../fixtures/digest-of.ts'
import { buildPacket, buildStatusPacket } from '../fixtures/edxml/build-packet.ts'
import { drawOne, randomFrom } from '../fixtures/random.ts'
import { isConnectionLost, type Office } from '../fixtures/station/office.ts'
import { VxpKit, VxpKitFailure } from '../fixtures/vxp-kit/vxp-kit.ts'
import type { Books, PacketSort } from './books.ts'

export interface RestlessBackendsOptions {
  seed: number
  /** Clients of each office that send, each its next packet when the last one is acknowledged. */
  clients: number
  /** Packets that the backends hand in each second at most, all together; default no limit. */
  packetsPerSecond?: number
}

/** What a backend remembers of a document, to answer it. */
interface SentDocument {
  from: string
  code: string
}

interface Draft {
  sort: PacketSort
  bytes: Buffer
  items: Map<string, number>
  document?: SentDocument
}

/** A station that is down, full, recovering or overloaded: the backend tries again (VXP: 20, 21). */
const temporaryCodes = new Set(['20', '21'])
const againMs = 100
const queries = {
  document: { serviceType: 'eDoc', messageType: 'edoc' },
  status: { serviceType: 'status', messageType: 'status' },
} as const
const documentDate = '2026/03/16'

export class RestlessBackends {
  readonly #offices: readonly Office[]
  readonly #books: Books
  readonly #options: RestlessBackendsOptions
  readonly #random: () => number
  readonly #documents = new Map<string, SentDocument>()
  /** Documents that an office has received and not answered yet, by station; the latest ones. */
  readonly #unanswered = new Map<string, SentDocument[]>()
  readonly #stopFetching = new AbortController()
  readonly #stopSending = new AbortController()
  readonly #resting = new Set<Office>()
  #senders: Promise<unknown> = Promise.resolve()
  #fetchers: Promise<unknown> = Promise.resolve()
  #number = 0
  #nextAtMs = 0

  constructor(offices: readonly Office[], books: Books, options: RestlessBackendsOptions) {
    this.#offices = offices
    this.#books = books
    this.#options = options
    this.#random = randomFrom(options.seed)
  }

  start(): void {
    const senders = this.#offices.flatMap((office) =>
      Array.from({ length: this.#options.clients }, () => this.#sends(office)),
    )
    this.#senders = Promise.all(senders)
    this.#fetchers = Promise.all(this.#offices.map((office) => this.#fetches(office)))
    // Both are awaited at the end; until then a failure must not pass for unhandled.
    this.#senders.catch(() => undefined)
    this.#fetchers.catch(() => undefined)
  }

  /** This office's backend fetches nothing for a while. */
  rest(office: Office, resting: boolean): void {
    if (resting) this.#resting.add(office)
    else this.#resting.delete(office)
  }

  /** No new packets; resolves when all that were handed in are acknowledged. All stations must run, or come up. */
  async stopSending(): Promise<void> {
    this.#stopSending.abort()
    await this.#senders
  }

  async stopFetching(): Promise<void> {
    this.#resting.clear()
    this.#stopFetching.abort()
    await this.#fetchers
  }

  async #sends(office: Office): Promise<void> {
    const kit = new VxpKit({ endpoint: office.endpoint, ...office.station.backend })
    const stop = this.#stopSending.signal
    try {
      while (!stop.aborted) {
        await this.#turn()
        await this.#send(office, kit, this.#draft(office))
      }
    } finally {
      kit.close()
    }
  }

  /** Waits until the next packet may be handed in. */
  async #turn(): Promise<void> {
    const { packetsPerSecond } = this.#options
    if (packetsPerSecond === undefined) return
    const now = performance.now()
    this.#nextAtMs = Math.max(now, this.#nextAtMs) + 1000 / packetsPerSecond
    await delay(this.#nextAtMs - now, undefined, { signal: this.#stopSending.signal }).catch(() => undefined)
  }

  async #send(office: Office, kit: VxpKit, draft: Draft): Promise<void> {
    const { sort, bytes, items, document } = draft
    const digest = digestOf(bytes)
    this.#books.handsIn(digest)
    if (document !== undefined) this.#documents.set(digest, document)
    for (;;) {
      const answer = await unlessDown(() => kit.sendEdoc(bytes, { from: office.code, ...queries[sort] }))
      if (answer?.status === 'OK') {
        this.#books.acknowledge({ docId: answer.DocId, sort, digest, station: office.station.id, items })
        return
      }
      if (answer !== undefined && !temporaryCodes.has(answer.ErrorCode))
        throw new Error(`${office.station.id} refused a packet: ${JSON.stringify(answer)}`)
      await delay(againMs)
    }
  }

  async #fetches(office: Office): Promise<void> {
    const kit = new VxpKit({ endpoint: office.endpoint, ...office.station.backend })
    const stop = this.#stopFetching.signal
    try {
      while (!stop.aborted) {
        let fetched = 0
        if (!this.#resting.has(office)) {
          for (const sort of ['document', 'status'] as const)
            fetched += (await unlessDown(() => this.#fetchOnce(office, kit, sort))) ?? 0
        }
        if (fetched === 0) await delay(againMs, undefined, { signal: stop }).catch(() => undefined)
      }
    } finally {
      kit.close()
    }
  }

  /** Fetches a page of what is listed. Returns how many items were new. */
  async #fetchOnce(office: Office, kit: VxpKit, sort: PacketSort): Promise<number> {
    const { id } = office.station
    const list = await kit.getReceivedEdocList({ ...queries[sort], pageSize: 50, pageIndex: 1 })
    let fetched = 0
    for (const { docId = '' } of list.data ?? []) {
      if (this.#books.listed(id, docId)) continue
      const digest = digestOf(await kit.downloadEdoc(docId))
      this.#books.arrived(id, docId, digest)
      const document = this.#documents.get(digest)
      if (document !== undefined) {
        const waiting = this.#unanswered.get(id) ?? []
        this.#unanswered.set(id, [...waiting.slice(-20), document])
      }
      const { status } = await kit.updateStatus(docId, 'done')
      if (status !== 'OK') return fetched
      this.#books.done(id, docId)
      fetched += 1
    }
    return fetched
  }

  #draft(office: Office): Draft {
    this.#number += 1
    const waiting = this.#unanswered.get(office.station.id) ?? []
    const answered = this.#random() < 0.15 ? waiting.shift() : undefined
    return answered === undefined ? this.#document(office) : this.#status(office, answered)
  }

  #document(office: Office): Draft {
    const others = this.#offices.filter((other) => other !== office)
    // Now and then a circular, to all agencies of all others.
    const recipients = this.#random() < 0.2 ? others : [drawOne(this.#random, others)]
    const codes = recipients.flatMap(({ station }) => station.agencyCodes)
    const codeNumber = String(this.#number)
    const bytes = buildPacket({
      dialect: drawOne(this.#random, ['plain', 'prefixed'] as const),
      from: office.code,
      to: codes,
      codeNumber,
      codeNotation: 'CV-VP',
      promulgationDate: documentDate,
      subject: `Văn bản số ${codeNumber}`,
      priority: this.#random() < 0.1 ? 3 : 0,
      attachments: [{ name: 'van-ban.pdf', bytes: randomBytes(this.#size()) }],
    })
    return {
      sort: 'document',
      bytes,
      items: new Map(recipients.map(({ station }) => [station.id, station.agencyCodes.length])),
      document: { from: office.code, code: `${codeNumber}/CV-VP` },
    }
  }

  /** Mostly values in LevelDB, some files, now and then one of several chunks. */
  #size(): number {
    const drawn = this.#random()
    if (drawn < 0.9) return 200 + Math.floor(this.#random() * 20_000)
    return drawn < 0.98
      ? 80_000 + Math.floor(this.#random() * 200_000)
      : 1_200_000 + Math.floor(this.#random() * 800_000)
  }

  #status(office: Office, { from, code }: SentDocument): Draft {
    const bytes = buildStatusPacket({
      dialect: 'plain',
      from: office.code,
      responseFor: { organId: from, code, promulgationDate: documentDate },
      statusCode: '03',
      description: `Đã tiếp nhận ${this.#number}`,
    })
    const sender = this.#offices.find(({ station }) => station.agencyCodes.includes(from))
    return { sort: 'status', bytes, items: new Map([[sender?.station.id ?? '', 1]]) }
  }
}

/** What a call gives, undefined when the station is down just now. @throws any other failure */
async function unlessDown<Value>(call: () => Promise<Value>): Promise<Value | undefined> {
  try {
    return await call()
  } catch (error) {
    if (isConnectionLost(error)) return undefined
    if (error instanceof VxpKitFailure && temporaryCodes.has(error.answer.ErrorCode)) return undefined
    throw error
  }
}
