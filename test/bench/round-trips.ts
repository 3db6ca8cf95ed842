// One document after the other, each timed from handing in to the receipt on the sender's disk; and documents that are only
// handed in. For the figures about latency and about the intake.
import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import { Agent, request } from 'node:http'
import { buildPacket } from '../fixtures/edxml/build-packet.ts'
import type { Office } from '../fixtures/station/office.ts'
import { apiSocketOf } from './station-pair.ts'

/** A small packet; `number` makes it another document. Priority 3 is hỏa tốc, 0 thường. */
export function numberedPacket(from: Office, to: Office, number: number, priority = 0): Buffer {
  return buildPacket({
    dialect: 'plain',
    from: from.code,
    to: [to.code],
    codeNumber: String(number),
    codeNotation: 'CV-VP',
    subject: 'Về việc đo tốc độ',
    content: 'x'.repeat(1500),
    priority,
  })
}

/** Hands packets in over the station's Unix socket, on connections that are kept. */
export class Intake {
  readonly #socketPath: string
  readonly #agent: Agent

  constructor(office: Office, connections = 64) {
    this.#socketPath = apiSocketOf(office)
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections })
  }

  /** Resolves with the DocId when the packet (bytes, or the name of its file) is acknowledged. */
  async handIn(packet: Buffer | string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    const sizeBytes = typeof packet === 'string' ? (await stat(packet)).size : packet.byteLength
    const headers = { 'content-type': 'application/xml', 'content-length': sizeBytes }
    const options = { socketPath: this.#socketPath, method: 'POST', path: '/v1/documents', headers, agent: this.#agent }
    const outgoing = request(options, (incoming) => {
      let text = ''
      incoming.setEncoding('utf8').on('data', (piece: string) => {
        text += piece
      })
      incoming.on('error', reject)
      incoming.on('end', () => {
        if (incoming.statusCode === 201) resolve((JSON.parse(text) as { docId: string }).docId)
        else reject(new Error(`${incoming.statusCode}: ${text}`))
      })
    })
    outgoing.on('error', reject)
    if (typeof packet === 'string') createReadStream(packet).on('error', reject).pipe(outgoing)
    else outgoing.end(packet)
    return promise
  }

  close(): void {
    this.#agent.destroy()
  }
}

/** Times documents of one office. Make it after the station has started. */
export class RoundTrips {
  readonly #intake: Intake
  /** Settled with the time of the receipt, by performance.now(). */
  readonly #receipts = new Map<string, PromiseWithResolvers<number>>()

  constructor(sender: Office) {
    this.#intake = new Intake(sender)
    // Never found: every line of the station passes by here until it ends.
    sender.process
      .next((line) => {
        // The sender logs `closed` when a receipt is on its disk, and only then.
        if (line.step === 'closed') this.#receipt(String(line.document)).resolve(performance.now())
        return false
      })
      .catch((error: unknown) => {
        for (const { reject } of this.#receipts.values()) reject(error)
      })
  }

  /** From handing in to the receipt on the sender's disk, ms. */
  async time(packet: Buffer | string): Promise<number> {
    const start = performance.now()
    const docId = await this.#intake.handIn(packet)
    return (await this.#receipt(docId).promise) - start
  }

  close(): void {
    this.#intake.close()
  }

  #receipt(docId: string): PromiseWithResolvers<number> {
    const known = this.#receipts.get(docId)
    if (known !== undefined) return known
    const receipt = Promise.withResolvers<number>()
    // Whoever waits sees it; a station that is stopped at the end is no news for those that nobody waits for.
    receipt.promise.catch(() => undefined)
    this.#receipts.set(docId, receipt)
    return receipt
  }
}
