// Reads a packet as its bytes come in, in flat memory, and says at its end what is in it. Used by intake and by
// reception, which must take the same packets; stands before secrecy and the store on a document's way.
import { asTramError, type TramError } from '../../base/errors.ts'
import { EdxmlScanner, type ScanLimits } from './edxml-scanner.ts'
import { summarize } from './edxml-summary.ts'
import { PacketTree, type TreeLimits } from './edxml-tree.ts'
import type { PacketSummary } from './packet-summary.ts'

/** Every bound on what a packet may hold besides the bytes of its attachments. See ScanLimits and TreeLimits. */
export interface PacketLimits extends ScanLimits, TreeLimits {}

export const defaultPacketLimits: Readonly<PacketLimits> = {
  // The deepest thing in real packets is a Signature: about 12.
  maxDepth: 32,
  // 4096 recipients of nine elements, 1000 attachments of five and as many references, with room.
  maxElements: 100_000,
  maxTagBytes: 64 * 1024,
  maxAttributes: 64,
  maxAttributeBytes: 16 * 1024,
  maxCommentBytes: 64 * 1024,
  maxTextBytes: 256 * 1024,
  maxTotalTextBytes: 8 * 1024 * 1024,
  maxAttachments: 1000,
  maxRecipients: 4096,
  maxResponseFor: 256,
  maxReplacements: 256,
  maxWarnings: 200,
}

/** One packet. Not to be used again after `end` or a throw. */
export class PacketReader {
  readonly #tree: PacketTree
  readonly #scanner: EdxmlScanner
  #failure: TramError | undefined

  constructor(limits: Partial<PacketLimits> = {}) {
    const all = { ...defaultPacketLimits, ...limits }
    this.#tree = new PacketTree(all)
    this.#scanner = new EdxmlScanner(all, this.#tree)
  }

  /**
   * Takes the next bytes, cut anywhere; they may be overwritten afterwards.
   * @throws TramError PACKET_MALFORMED, PACKET_FORBIDDEN_CONSTRUCT, PACKET_LIMIT_EXCEEDED, PACKET_FIELD_INVALID or
   * PACKET_ATTACHMENT_INVALID at the first fault; the same one again on every later call
   */
  write(bytes: Uint8Array): void {
    this.#guard(() => this.#scanner.write(bytes))
  }

  /**
   * The packet is complete.
   * @throws TramError as `write`, and PACKET_FIELD_MISSING
   */
  end(): PacketSummary {
    return this.#guard(() => {
      this.#scanner.end()
      return summarize(this.#tree)
    })
  }

  /** Keeps the reader failed once it has failed. */
  #guard<Result>(run: () => Result): Result {
    if (this.#failure !== undefined) throw this.#failure
    try {
      return run()
    } catch (error) {
      this.#failure = asTramError(error)
      throw this.#failure
    }
  }
}
