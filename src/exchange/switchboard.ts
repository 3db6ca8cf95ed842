// Joins links to stations: who a peer is, which messages are the courier's, reception's or the directory's, and the loop by
// which a station delivers to itself. The network calls it; courier and reception are called by it.
// Long because: who is who, and whose each message is, are one table.
import { asTramError, TramError } from '../base/errors.ts'
import { type Logger, logFields } from '../base/logger.ts'
import type {
  ControlMessage,
  DataLane,
  LinkHandler,
  LinkPolicy,
  Network,
  PeerLink,
} from '../equipment/link/peer-link.ts'
import type { Hello } from '../equipment/link/schema/messages.ts'
import type { Directory } from './directory/directory.ts'
import type { DirectoryExchange } from './directory/directory-exchange.ts'
import type { Reception } from './receive/reception.ts'
import type { MissingQuestions } from './recovery/missing-questions.ts'
import type { Courier } from './send/courier.ts'
import { type TimeExchange, TimeTalk } from './time/time-talk.ts'

/** Version of the protocol between stations that this software speaks. */
export const linkProtocol = 1

/** Stations that are met in one round. */
const maxMeetings = 3
export interface SwitchboardOptions {
  station: string
  generation: number
  /** Makes the loop to ourselves: both ends report our own peer id and call the handler. */
  createLoopback: (peerId: string, handler: LinkHandler, hello: () => Hello) => PeerLink
}

export class Switchboard implements LinkHandler, LinkPolicy {
  readonly #options: SwitchboardOptions
  readonly #directory: Directory
  readonly #logger: Logger
  readonly #timeTalk: TimeTalk
  readonly #stations = new Map<PeerLink, string>()
  readonly #links = new Map<string, PeerLink>()
  /** Settles when a link was joined, or not. */
  readonly #joining = new WeakMap<PeerLink, Promise<void>>()
  #network: Network | undefined
  #isMeeting = false
  #courier: Courier | undefined
  #reception: Reception | undefined
  #directories: DirectoryExchange | undefined
  #questions: MissingQuestions | undefined
  /** Our end of the loop: offers leave on it; answers to them arrive on it. */
  #loop: PeerLink | undefined

  constructor(options: SwitchboardOptions, deps: { directory: Directory; time: TimeExchange; logger: Logger }) {
    this.#options = options
    this.#directory = deps.directory
    this.#timeTalk = new TimeTalk(deps)
    this.#logger = deps.logger
  }

  /** The parts that stand above and below; the switchboard is made before any of them. */
  join(parts: {
    network: Network
    courier: Courier
    reception: Reception
    directories: DirectoryExchange
    questions?: MissingQuestions
  }): void {
    this.#network = parts.network
    this.#courier = parts.courier
    this.#reception = parts.reception
    this.#directories = parts.directories
    this.#questions = parts.questions
  }

  async admitPeer(peerId: string): Promise<boolean> {
    return (await this.#directory.stationOfPeer(peerId)) !== undefined
  }

  hello(): Hello {
    const { generation } = this.#options
    const directoryVersion = this.#directory.version
    return { protocol: linkProtocol, generation, directoryVersion, clockMs: this.#timeTalk.systemMs }
  }

  /** Closes the links to peers that the directory no longer names. Called after each import. */
  async dropStrangers(): Promise<void> {
    for (const link of [...this.#stations.keys()]) {
      if (!(await this.admitPeer(link.peerId))) await link.close('the directory no longer names this peer')
    }
  }

  /**
   * Meets a few other stations, so that whoever has a newer directory offers it: a station that has nothing to send dials
   * nobody. One round at a time; who does not answer is no news.
   */
  async meetOthers(signal: AbortSignal): Promise<void> {
    if (this.#isMeeting) return
    this.#isMeeting = true
    try {
      for (const id of await this.#someOthers()) {
        await this.connect(id, signal).catch((error: unknown) => {
          this.#logger.debug(logFields(asTramError(error)), 'a station that was to be met did not answer')
        })
      }
    } finally {
      this.#isMeeting = false
    }
  }

  /** Asks every connected station for its time. */
  askTimes(): void {
    for (const [link] of this.#stations) this.#timeTalk.ask(link)
  }

  /** A few stations of the directory, drawn at random, so that not everybody asks the same ones. */
  async #someOthers(): Promise<string[]> {
    const drawn: { id: string; lot: number }[] = []
    for await (const { id } of this.#directory.stations()) {
      if (id === this.#options.station) continue
      drawn.push({ id, lot: Math.random() })
      drawn.sort((one, other) => one.lot - other.lot)
      drawn.length = Math.min(drawn.length, maxMeetings)
    }
    return drawn.map(({ id }) => id)
  }

  /** Peers with a live link, by station. */
  connected(): ReadonlyMap<string, PeerLink> {
    return this.#links
  }

  /**
   * The live link to a station, dialled if need be.
   * @throws TramError PEER_UNREACHABLE, PEER_NOT_ADMITTED
   */
  async connect(stationId: string, signal: AbortSignal): Promise<PeerLink> {
    const network = this.#network
    if (network === undefined) throw new TramError('INTERNAL', { detail: 'the switchboard was not joined' })
    if (stationId === this.#options.station) {
      if (this.#loop === undefined || this.#loop.closed.aborted) {
        this.#loop = this.#options.createLoopback(network.peerId, this, () => this.hello())
      }
      return this.#loop
    }
    const station = await this.#directory.station(stationId)
    if (station === undefined) {
      throw new TramError('PEER_UNREACHABLE', { station: stationId, detail: 'the directory does not name it' })
    }
    let failure: unknown = new TramError('PEER_UNREACHABLE', {
      station: stationId,
      detail: 'it has no peer key in force',
    })
    for (const { peerId } of station.peerKeys) {
      if ((await this.#directory.stationOfPeer(peerId)) === undefined) continue
      try {
        return await network.connect(peerId, station.addresses, signal)
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  /** The link on which to answer a station, if it is up. */
  answerLink(stationId: string): PeerLink | undefined {
    return this.#links.get(stationId)
  }

  onOpen(link: PeerLink): void {
    const failed = (error: unknown): Promise<void> => {
      this.#logger.error({ ...logFields(asTramError(error)), peer: link.peerId }, 'a link could not be joined')
      return link.close('the directory could not be read')
    }
    this.#joining.set(link, this.#opened(link).catch(failed))
  }

  onMessage(link: PeerLink, message: ControlMessage): void {
    const answerTo = this.#stations.get(link)
    if (message.offer != null || message.end != null || message.cancel != null || message.ack != null) {
      this.#reception?.message(link, message)
    } else if (message.directoryOffer != null || message.directoryWant != null || message.directoryPiece != null) {
      this.#directories?.message(link, message)
    } else if (message.clock != null) {
      this.#timeTalk.said(link, answerTo, message.clock)
    } else if (message.missing != null || message.missingDone != null) {
      this.#lost(link, message)
    } else if (link === this.#loop) {
      this.#courier?.message(this.#options.station, link, message)
    } else if (answerTo === undefined || !this.#courier?.message(answerTo, link, message)) {
      // An honest peer answers only what it was offered, and nothing is offered before the link is joined.
      throw new TramError('LINK_PROTOCOL_VIOLATION', { peer: link.peerId, detail: 'an unexpected message' })
    }
  }

  /** What a station asks for after a loss, and the answer to our own question. Who joined faster than we asks once: it is kept. */
  #lost(link: PeerLink, { missing, missingDone }: ControlMessage): void {
    const station = link.peerId === this.#network?.peerId ? this.#options.station : this.#stations.get(link)
    if (station === undefined) {
      const joined = () => (this.#stations.has(link) ? this.#lost(link, { missing, missingDone }) : undefined)
      void this.#joining
        .get(link)
        ?.then(joined)
        .catch((error: unknown) => link.close(asTramError(error).message))
      return
    }
    if (missing != null) this.#courier?.missing(station, missing)
    if (missingDone != null) this.#questions?.answered(station, missingDone)
  }

  onData(
    link: PeerLink,
    _lane: DataLane,
    transfer: number,
    offset: number,
    bytes: Uint8Array,
    release: () => void,
  ): void {
    if (this.#reception === undefined) release()
    else this.#reception.data(link, transfer, offset, bytes, release)
  }

  onClose(link: PeerLink): void {
    this.#reception?.linkClosed(link)
    this.#directories?.linkClosed(link)
    if (this.#links.get(this.#options.station) === link) this.#links.delete(this.#options.station)
    const station = this.#stations.get(link)
    if (station === undefined) return
    this.#stations.delete(link)
    if (this.#links.get(station) !== link) return
    this.#links.delete(station)
    this.#courier?.linkClosed(station, link)
    this.#logger.info({ code: 'LINK_CLOSED', peer: station }, 'link is down')
  }

  async #opened(link: PeerLink): Promise<void> {
    if (link.peerId === this.#network?.peerId) {
      // The loop opens its receiving end first: that is where reception answers. The other one is handed out by connect.
      if (!this.#links.has(this.#options.station)) this.#links.set(this.#options.station, link)
      return
    }
    const station = await this.#directory.stationOfPeer(link.peerId)
    if (link.closed.aborted) return
    if (station === undefined) {
      await link.close('the directory does not name this peer')
      return
    }
    this.#stations.set(link, station.id)
    this.#links.set(station.id, link)
    this.#logger.info({ peer: station.id }, 'link is up')
    this.#timeTalk.greeted(link, station.id)
    this.#courier?.linkOpened(station.id, link)
    this.#directories?.linkOpened(link)
    this.#questions?.linkOpened(station.id, link)
  }
}
