// The desk of this station: puts the port together from intake, inbox, sent register and directory.
import type { AgencyChange } from '../document/agency-change.ts'
import type { AgencyEntry } from '../document/schema/directory.ts'
import type {
  AgencyChangeOutcome,
  Backend,
  Desk,
  InboxItem,
  ItemMark,
  ListQuery,
  PacketKindName,
  SentItem,
  Submission,
  SubmissionResult,
} from './desk.ts'
import type { Directory } from './directory/directory.ts'
import type { DirectoryRequests } from './directory/directory-requests.ts'
import type { Inbox } from './receive/inbox.ts'
import type { Intake } from './send/intake.ts'
import type { SentRegister } from './send/sent-register.ts'

export class OfficeDesk implements Desk {
  readonly #intake: Intake
  readonly #inbox: Inbox
  readonly #sent: SentRegister
  readonly #directory: Directory
  readonly #requests: DirectoryRequests

  constructor(deps: {
    intake: Intake
    inbox: Inbox
    sent: SentRegister
    directory: Directory
    requests: DirectoryRequests
  }) {
    this.#intake = deps.intake
    this.#inbox = deps.inbox
    this.#sent = deps.sent
    this.#directory = deps.directory
    this.#requests = deps.requests
  }

  submit(submission: Submission, signal: AbortSignal): Promise<SubmissionResult> {
    return this.#intake.submit(submission, signal)
  }

  listReceived(query: ListQuery): Promise<InboxItem[]> {
    return this.#inbox.list(query)
  }

  listSent(query: ListQuery & { docId: string | null }): Promise<SentItem[]> {
    return this.#sent.list(query)
  }

  countReceived(backend: Backend, kind: PacketKindName): Promise<number> {
    return this.#inbox.count(backend, kind)
  }

  openItem(backend: Backend, itemId: string): Promise<{ item: InboxItem; bytes: AsyncIterable<Uint8Array> }> {
    return this.#inbox.openItem(backend, itemId)
  }

  markItem(backend: Backend, itemId: string, mark: Exclude<ItemMark, 'initial'>): Promise<void> {
    return this.#inbox.mark(backend, itemId, mark)
  }

  agencies(): AsyncIterable<AgencyEntry> {
    return this.#directory.agencies()
  }

  changeAgency(backend: Backend, change: AgencyChange): Promise<AgencyChangeOutcome> {
    return this.#requests.request(backend, change)
  }

  directoryVersion(): number {
    return this.#directory.version
  }
}
