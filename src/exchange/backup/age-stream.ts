// A stream sealed in the format of age (age-encryption.org/v1), and opened again: anybody's `age` opens what this seals. The npm
// package is by age's author; it streams with back pressure. Loaded when a backup is made or read.
import { ReadableStream } from 'node:stream/web'
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { asTramError, TramError } from '../../base/errors.ts'
import { ByteReader } from './byte-reader.ts'

/** 2^15 with r = 8 takes 32 MiB of memory, what a small box can spare. A passphrase that we make has 120 bits anyway. */
const workFactor = 15
/** The package reads a header to its end before it judges it (measured: 315 MB for one without end); an honest one has some hundred bytes. */
const maxHeaderBytes = 16 * 1024
const pieceBytes = 64 * 1024

/** For whom a stream is sealed: `age1…` keys, or a passphrase, which stands alone. */
export type AgeRecipients = { passphrase: string } | { publicKeys: readonly string[] }

/** With what it is opened; a key is `AGE-SECRET-KEY-1…`. */
export type AgeIdentity = { passphrase: string } | { secretKey: string }

/**
 * Seals for recipients, and gives who may read it back at once: of recipients' keys we know only the public half, so one more,
 * which is forgotten with the process, is added to them.
 * @throws TramError REQUEST_INVALID for what is no key
 */
export async function ageSealer(recipients: AgeRecipients): Promise<{
  seal: (plain: AsyncIterable<Uint8Array>) => AsyncGenerator<Uint8Array>
  identity: AgeIdentity
}> {
  const encrypter = new Encrypter()
  let identity: AgeIdentity
  try {
    if ('passphrase' in recipients) {
      encrypter.setScryptWorkFactor(workFactor)
      encrypter.setPassphrase(recipients.passphrase.normalize('NFC'))
      identity = recipients
    } else {
      identity = { secretKey: await generateX25519Identity() }
      for (const key of [...recipients.publicKeys, await identityToRecipient(identity.secretKey)])
        encrypter.addRecipient(key)
    }
  } catch (error) {
    throw new TramError(
      'REQUEST_INVALID',
      { field: '--recipient', detail: asTramError(error).message },
      { cause: error },
    )
  }
  return { seal: (plain) => flow(plain, (source) => encrypter.encrypt(source)), identity }
}

/**
 * What is sealed in `sealed` (attacker-controlled). Every piece is authentic when it is yielded; only the end of the stream says
 * that nothing is missing.
 * @throws TramError BACKUP_KEY_WRONG, BACKUP_INVALID, REQUEST_INVALID for what is no key; what `sealed` throws
 */
export async function* openAge(sealed: AsyncIterable<Uint8Array>, identity: AgeIdentity): AsyncGenerator<Uint8Array> {
  const decrypter = new Decrypter()
  try {
    if ('passphrase' in identity) decrypter.addPassphrase(identity.passphrase.normalize('NFC'))
    else decrypter.addIdentity(identity.secretKey)
  } catch (error) {
    throw new TramError(
      'REQUEST_INVALID',
      { field: '--identity', detail: asTramError(error).message },
      { cause: error },
    )
  }
  const reader = new ByteReader(sealed)
  try {
    const start = await reader.take(maxHeaderBytes)
    if (!start.toString('latin1').startsWith('age-encryption.org/v1\n') || start.indexOf('\n--- ') < 0)
      throw invalid('it is no age file')
    yield* flow(chain(start, reader), (source) => decrypter.decrypt(source), refusalOf)
  } finally {
    await reader.close()
  }
}

/** `plain` through a transformation of web streams. What the source itself throws comes out as it is. */
async function* flow(
  pieces: AsyncIterable<Uint8Array>,
  transform: (source: ReadableStream<Uint8Array<ArrayBuffer>>) => Promise<AsyncIterable<Uint8Array>>,
  explain: (error: unknown) => unknown = (error) => error,
): AsyncGenerator<Uint8Array> {
  let broken: { error: unknown } | undefined
  const watched = async function* () {
    try {
      for await (const piece of pieces) yield new Uint8Array(piece)
    } catch (error) {
      broken = { error }
      throw error
    }
  }
  try {
    yield* await transform(ReadableStream.from(watched()))
  } catch (error) {
    throw broken === undefined ? explain(error) : broken.error
  }
}

async function* chain(first: Uint8Array, reader: ByteReader): AsyncGenerator<Uint8Array> {
  yield first
  for (let piece = await reader.some(pieceBytes); piece !== undefined; piece = await reader.some(pieceBytes))
    yield piece
}

function refusalOf(error: unknown): TramError {
  const { message } = asTramError(error)
  // The package's words; any other fault is damage.
  if (/no identity matched|incorrect passphrase/i.test(message))
    return new TramError('BACKUP_KEY_WRONG', {}, { cause: error })
  return invalid(`it is damaged or cut off (${message})`, error)
}

const invalid = (detail: string, cause?: unknown): TramError =>
  new TramError('BACKUP_INVALID', { file: 'age', detail }, { cause })
