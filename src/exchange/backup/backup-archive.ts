// A backup as a whole: members, a list of their digests behind them, sealed as an age file, in parts on a stick, and read back before
// anybody is told that it is there. Read again by restore-staging.ts. The members come from src/backup.ts.
import { createHash } from 'node:crypto'
import { TramError } from '../../base/errors.ts'
import { type AgeRecipients, ageSealer, openAge } from './age-stream.ts'
import { dropParts, finishParts, readBack, type WrittenParts, writeParts } from './backup-parts.ts'
import { packetDigestOf } from './store-members.ts'
import { type BackupMember, memberOf, readTar, wholeMember, writeTar } from './tar-stream.ts'

/** In the form of `sha256sum`; of packets, whose names are their digests, only those that are not what their name says. */
const sumsName = 'manifest.sha256'
/** A hundred bytes for each MiB of records. */
const maxSumsBytes = 64 * 1024 * 1024

export interface ArchiveWish {
  folder: string
  /** `backupName`. */
  name: string
  recipients: AgeRecipients
  nowMs: number
  partBytes?: number
}

/**
 * Writes the members to parts and reads them back: opened, listed and compared. No part is left when anything fails.
 * @throws TramError BACKUP_UNWRITABLE (also when what is read back is something else), BACKUP_INVALID; what `members` throws
 */
export async function writeArchive(wish: ArchiveWish, members: AsyncIterable<BackupMember>): Promise<WrittenParts> {
  const { folder, name, recipients, nowMs, partBytes } = wish
  const { seal, identity } = await ageSealer(recipients)
  const written = await writeParts(folder, name, seal(writeTar(withSums(members), nowMs)), partBytes)
  try {
    const hash = createHash('sha256')
    for await (const member of verifiedMembers(openAge(hashed(readBack(written), hash), identity)))
      for await (const _ of member.body);
    if (hash.digest('hex') !== written.sha256)
      throw new TramError('BACKUP_INVALID', { file: name, detail: 'it differs' })
    await finishParts(folder, written)
    return written
  } catch (error) {
    await dropParts(written.files)
    if (!(error instanceof TramError) || error.code !== 'BACKUP_INVALID') throw error
    const detail = 'what was read back is not what was written'
    throw new TramError('BACKUP_UNWRITABLE', { folder, detail }, { cause: error })
  }
}

/**
 * The members of a backup's tar (attacker-controlled), without the list of digests; each to be read to its end. The last one is
 * followed by an error unless all of them were what the list says.
 * @throws TramError BACKUP_INVALID; what `tar` throws
 */
export async function* verifiedMembers(tar: AsyncIterable<Uint8Array>): AsyncGenerator<BackupMember> {
  const sums = new Sums()
  let isEnded = false
  for await (const member of readTar(tar)) {
    if (isEnded)
      throw new TramError('BACKUP_INVALID', { file: member.name, detail: 'it stands behind the list of digests' })
    if (member.name !== sumsName) yield sums.noting(member)
    else if (!(await wholeMember(member, maxSumsBytes)).equals(sums.text()))
      throw new TramError('BACKUP_INVALID', { file: sumsName, detail: 'a file is not what the list says' })
    else isEnded = true
  }
  if (!isEnded) throw new TramError('BACKUP_INVALID', { file: sumsName, detail: 'it is missing' })
}

async function* withSums(members: AsyncIterable<BackupMember>): AsyncGenerator<BackupMember> {
  const sums = new Sums()
  for await (const member of members) yield sums.noting(member)
  yield memberOf(sumsName, sums.text())
}

/** The list, made in passing. */
class Sums {
  readonly #lines: string[] = []
  #bytes = 0

  /** The same member; its line is there when it has been read. */
  noting({ name, sizeBytes, body }: BackupMember): BackupMember {
    const hash = createHash('sha256')
    const done = (): void => {
      const digest = hash.digest('hex')
      if (packetDigestOf(name) === digest) return
      const line = `${digest}  ${name}\n`
      this.#bytes += line.length
      if (this.#bytes > maxSumsBytes)
        throw new TramError('BACKUP_INVALID', { file: sumsName, detail: 'too many files' })
      this.#lines.push(line)
    }
    return { name, sizeBytes, body: hashed(body, hash, done) }
  }

  text(): Buffer {
    return Buffer.from(this.#lines.join(''))
  }
}

async function* hashed(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  hash: ReturnType<typeof createHash>,
  done: () => void = () => undefined,
): AsyncGenerator<Uint8Array> {
  for await (const piece of pieces) {
    hash.update(piece)
    yield piece
  }
  done()
}
