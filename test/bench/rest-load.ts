// A backend that hands in small documents as fast as they are delivered, over the station's Unix socket, at the cost of a few
// hundredths of a millisecond each: it shares the cores with what it measures. station-pair.ts starts the stations.
import { connect, type Socket } from 'node:net'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import type { Office } from '../fixtures/station/office.ts'

/** The number in the packet: fixed width, so that all packets have one size. */
const numberDigits = 9
const numberMark = '0'.repeat(numberDigits)

/** Makes packets of `bytes` bytes that differ in their number. */
export function smallPackets(from: string, to: string, bytes: number): (number: number) => Buffer {
  const packet = (filling: number) =>
    buildPacket({
      dialect: 'plain',
      from,
      to: [to],
      codeNumber: numberMark,
      codeNotation: 'CV-VP',
      subject: 'Về việc đo tốc độ',
      content: 'x'.repeat(filling),
    })
  const empty = packet(1).byteLength - 1
  if (bytes <= empty) throw new RangeError(`a packet has at least ${empty + 1} bytes`)
  const template = packet(bytes - empty)
  const places: number[] = []
  for (let at = template.indexOf(numberMark); at !== -1; at = template.indexOf(numberMark, at + 1)) places.push(at)
  return (number) => {
    const made = Buffer.from(template)
    const digits = String(number).padStart(numberDigits, '0')
    for (const at of places) made.write(digits, at, 'latin1')
    return made
  }
}

export interface RestLoadOptions {
  socketPath: string
  connections: number
  /** Documents handed in or being handed in whose receipt the sender does not have yet. */
  inFlight: number
  packet: (number: number) => Buffer
}

/** Hands documents in and waits for their receipts, `inFlight` at a time. */
export class RestLoad {
  readonly #options: RestLoadOptions
  readonly #sender: Office
  readonly #idle: Client[] = []
  readonly #clients: Client[] = []
  /** DocIds that wait for the receipt; and those whose receipt was told before the answer was read. */
  readonly #open = new Set<string>()
  readonly #early = new Set<string>()
  #submitting = 0
  #number = 0
  #closed = 0
  #goal = 0
  #inFlight = 0
  #done: PromiseWithResolvers<void> = Promise.withResolvers()

  constructor(sender: Office, options: RestLoadOptions) {
    this.#sender = sender
    this.#options = options
  }

  /** DocIds that were accepted so far, the latest ones. */
  readonly accepted: string[] = []

  async open(): Promise<void> {
    for (let at = 0; at < this.#options.connections; at++) {
      const client = new Client(this.#options.socketPath)
      await client.open()
      this.#clients.push(client)
      this.#idle.push(client)
    }
    this.#listen()
  }

  close(): void {
    for (const client of this.#clients) client.close()
  }

  /** Resolves when `count` more documents are delivered, `inFlight` at a time, and none is under way. */
  async deliver(count: number, inFlight: number = this.#options.inFlight): Promise<void> {
    this.#inFlight = inFlight
    this.#goal = this.#number + count
    this.#done = Promise.withResolvers()
    this.#fill()
    await this.#done.promise
  }

  /** The sender logs `closed` when a receipt is on its disk, and only then. */
  #listen(): void {
    void this.#sender.process
      .next((line) => {
        if (line.step === 'closed') this.#receipted(String(line.document), line.refused === true)
        return false
      })
      // The station has ended: by our doing at the end, else every connection has broken too.
      .catch((error: unknown) => this.#done.reject(error))
  }

  #receipted(docId: string, refused: boolean): void {
    if (refused) this.#done.reject(new Error(`${docId} was refused`))
    if (!this.#open.delete(docId)) this.#early.add(docId)
    else this.#settled()
  }

  #settled(): void {
    this.#closed += 1
    if (this.#closed === this.#goal) this.#done.resolve()
    else this.#fill()
  }

  #fill(): void {
    while (this.#number < this.#goal && this.#open.size + this.#submitting < this.#inFlight) {
      const client = this.#idle.pop()
      if (client === undefined) return
      this.#submitting += 1
      client.submit(this.#options.packet(this.#number++)).then(
        (docId) => {
          this.#submitting -= 1
          this.#idle.push(client)
          this.accepted.push(docId)
          if (this.#early.delete(docId)) this.#settled()
          else {
            this.#open.add(docId)
            this.#fill()
          }
        },
        (error: unknown) => this.#done.reject(error),
      )
    }
  }
}

/** One keep-alive connection: a request, its answer, the next. */
class Client {
  readonly #socket: Socket
  #waiting: PromiseWithResolvers<string> | undefined
  #text = ''

  constructor(socketPath: string) {
    this.#socket = connect(socketPath)
  }

  open(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#socket.once('connect', resolve)
    this.#socket.on('error', (error) => {
      reject(error)
      this.#waiting?.reject(error)
    })
    this.#socket.on('close', () => this.#waiting?.reject(new Error('the station closed the connection')))
    this.#socket.setEncoding('latin1').on('data', (text: string) => this.#read(text))
    return promise
  }

  submit(packet: Buffer): Promise<string> {
    this.#waiting = Promise.withResolvers()
    const head = `POST /v1/documents HTTP/1.1\r\nhost: tram\r\ncontent-type: application/xml\r\ncontent-length: ${packet.byteLength}\r\n\r\n`
    this.#socket.cork()
    this.#socket.write(head, 'latin1')
    this.#socket.write(packet)
    this.#socket.uncork()
    return this.#waiting.promise
  }

  close(): void {
    this.#socket.destroy()
  }

  #read(text: string): void {
    this.#text += text
    const headEnd = this.#text.indexOf('\r\n\r\n')
    const length = Number(/content-length: (\d+)/i.exec(this.#text.slice(0, headEnd))?.[1] ?? Number.NaN)
    if (headEnd === -1 || this.#text.length < headEnd + 4 + length) return
    const body = this.#text.slice(headEnd + 4)
    const isAccepted = this.#text.startsWith('HTTP/1.1 201')
    this.#text = ''
    if (isAccepted) this.#waiting?.resolve((JSON.parse(body) as { docId: string }).docId)
    else this.#waiting?.reject(new Error(body))
  }
}
