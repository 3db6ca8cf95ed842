// Passing the directory on: a peer with an older one is offered ours, a newer one is fetched piece by piece. Whoever it comes
// from, only the authority's signature decides (directory.ts).
import { asTramError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { type Logger, logFields } from '../../base/logger.ts'
import type { PeerLog } from '../../base/peer-log.ts'
import { maxDirectoryBytes } from '../../document/directory-file.ts'
import type { ControlMessage, PeerLink } from '../../equipment/link/peer-link.ts'
import type { Directory } from './directory.ts'

const pieceBytes = 48 * 1024
const pieceTimeoutMs = 30_000
/** Peers whose directory was compared with ours. */
const maxCompared = 1024

/** One fetch under way: pieces are asked for one at a time, so nothing piles up. */
interface Fetch {
  link: PeerLink
  version: number
  offset: number
  arrived: (bytes: Uint8Array) => void
  failed: (error: unknown) => void
}

export class DirectoryExchange implements Service {
  readonly name = 'directory-exchange'
  readonly #directory: Directory
  readonly #logger: Logger
  readonly #peerLog: PeerLog
  readonly #links = new Set<PeerLink>()
  #fetch: Fetch | undefined
  /** What peers offered last, the oldest first: whoever stops answering must not keep a true one away. */
  readonly #offers = new Map<PeerLink, { version: number; size: number }>()
  /** Links that were asked for the beginning of their file, to compare it: two of one version are a fork. */
  readonly #comparing = new Map<PeerLink, number>()
  /** The version that was compared last, by peer: once is enough, however often it reconnects. */
  readonly #compared = new Map<string, number>()
  /** Links that are being answered: a fetch asks for one piece at a time. */
  readonly #answering = new Set<PeerLink>()
  #running: Promise<void> | undefined
  #isStopping = false
  #unsubscribe: () => void = () => undefined

  constructor(deps: { directory: Directory; logger: Logger; peerLog: PeerLog }) {
    this.#directory = deps.directory
    this.#logger = deps.logger
    this.#peerLog = deps.peerLog
  }

  async start(): Promise<void> {
    this.#unsubscribe = this.#directory.onChange(() => {
      for (const link of this.#links) this.#offer(link)
    })
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    this.#unsubscribe()
    this.#fetch?.failed(new TramError('LINK_CLOSED', { peer: 'all', detail: 'the station stops' }))
    await this.#running
  }

  linkOpened(link: PeerLink): void {
    this.#links.add(link)
    const { directoryVersion } = link.remote
    if (directoryVersion < this.#directory.version) this.#offer(link)
    else if (directoryVersion === this.#directory.version) this.#askHead(link, directoryVersion)
  }

  linkClosed(link: PeerLink): void {
    this.#links.delete(link)
    this.#offers.delete(link)
    this.#comparing.delete(link)
    if (this.#fetch?.link === link) {
      this.#fetch.failed(new TramError('LINK_CLOSED', { peer: link.peerId, detail: 'while the directory was fetched' }))
    }
  }

  /** A directory message (attacker-controlled). */
  message(link: PeerLink, message: ControlMessage): void {
    if (message.directoryOffer != null) this.#offered(link, message.directoryOffer.version, message.directoryOffer.size)
    if (message.directoryWant != null)
      void this.#answer(link, message.directoryWant.version, message.directoryWant.offset)
    if (message.directoryPiece != null) {
      const { version, offset, bytes } = message.directoryPiece
      if (offset === 0 && this.#comparing.get(link) === version) this.#compare(link, version, bytes)
      const fetch = this.#fetch
      // A piece that nobody asked for is late or forged; the file's own digest guards the rest.
      if (fetch?.link !== link || fetch.version !== version || fetch.offset !== offset) return
      fetch.arrived(bytes)
    }
  }

  #offer(link: PeerLink): void {
    try {
      link.send({ directoryOffer: { version: this.#directory.version, size: this.#directory.fileBytes } })
    } catch (error) {
      this.#logger.debug(logFields(asTramError(error)), 'the directory could not be offered')
    }
  }

  #askHead(link: PeerLink, version: number): void {
    if (version === 0 || this.#compared.get(link.peerId) === version) return
    this.#comparing.set(link, version)
    try {
      link.send({ directoryWant: { version, offset: 0 } })
    } catch (error) {
      this.#logger.debug(logFields(asTramError(error)), 'the directory could not be compared')
    }
  }

  #compare(link: PeerLink, version: number, bytes: Uint8Array): void {
    const { peerId } = link
    this.#comparing.delete(link)
    if (this.#compared.size >= maxCompared) this.#compared.clear()
    this.#compared.set(peerId, version)
    try {
      this.#directory.compareHead(bytes)
    } catch (error) {
      this.#peerLog.write('error', peerId, { ...logFields(asTramError(error)), version }, 'a directory that differs')
    }
  }

  #offered(link: PeerLink, version: number, size: number): void {
    if (version <= this.#directory.version || !(size > 0 && size <= maxDirectoryBytes)) return
    this.#offers.delete(link)
    this.#offers.set(link, { version, size })
    this.#running ??= this.#runAll().finally(() => {
      this.#running = undefined
    })
  }

  /** Fetches what was offered, one after the other; an offer is tried once. */
  async #runAll(): Promise<void> {
    for (;;) {
      const [next] = this.#offers
      if (next === undefined || this.#isStopping) return
      const [link, { version, size }] = next
      this.#offers.delete(link)
      if (version > this.#directory.version && !link.closed.aborted) await this.#run(link, version, size)
    }
  }

  async #run(link: PeerLink, version: number, size: number): Promise<void> {
    try {
      await this.#directory.import(this.#pieces(link, version, size), () => this.#giveWay(link, version, size))
    } catch (error) {
      const trouble = asTramError(error)
      const level = trouble.code === 'LINK_CLOSED' || trouble.code === 'DIRECTORY_OLDER' ? 'info' : 'error'
      const fields = { ...logFields(trouble), version }
      this.#peerLog.write(level, link.peerId, fields, 'a directory offered by a peer was not taken')
    } finally {
      this.#fetch = undefined
    }
  }

  /** Somebody else has one to import, and may have waited long enough for a peer that sends slowly; its turn comes again. */
  #giveWay(link: PeerLink, version: number, size: number): void {
    if (this.#fetch?.link !== link) return
    this.#fetch.failed(new TramError('OVERLOADED', { detail: 'another import is waiting' }))
    if (!this.#offers.has(link)) this.#offers.set(link, { version, size })
  }

  async *#pieces(link: PeerLink, version: number, size: number): AsyncGenerator<Uint8Array> {
    let offset = 0
    while (offset < size) {
      const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>()
      this.#fetch = { link, version, offset, arrived: resolve, failed: reject }
      const timer = setTimeout(() => {
        reject(new TramError('PEER_UNREACHABLE', { station: link.peerId, detail: 'no directory piece in time' }))
      }, pieceTimeoutMs)
      try {
        link.send({ directoryWant: { version, offset } })
        const bytes = await promise
        // Byte by byte it could hold every other import up for years.
        const dueBytes = Math.min(pieceBytes, size - offset)
        if (bytes.byteLength !== dueBytes)
          throw new TramError('DIRECTORY_INVALID', { detail: `a piece of ${bytes.byteLength} bytes, not ${dueBytes}` })
        offset += bytes.byteLength
        yield bytes
      } finally {
        clearTimeout(timer)
      }
    }
  }

  async #answer(link: PeerLink, version: number, offset: number): Promise<void> {
    if (this.#answering.has(link)) return
    this.#answering.add(link)
    try {
      if (!Number.isSafeInteger(offset) || offset < 0 || offset >= this.#directory.fileBytes) return
      const bytes = await this.#directory.readFile(version, offset, pieceBytes)
      link.send({ directoryPiece: { version, offset, bytes: Buffer.from(bytes) } })
    } catch (error) {
      this.#logger.debug({ ...logFields(asTramError(error)), peer: link.peerId }, 'a directory piece was not sent')
    } finally {
      this.#answering.delete(link)
    }
  }
}
