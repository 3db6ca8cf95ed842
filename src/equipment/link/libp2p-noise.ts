// noise at the price of its ciphers: what it does besides costs as much again. Neighbours: libp2p-node.ts sets it into the node.
//
// Measured (noise 17.0.3, utils 7.4.1, tcp 11.0.28), each a few hundredths of what a large packet costs a station:
// - a message leaves as its length, its pieces and its tag, each with a write of its own: a data frame was four system calls, and
//   an answer of a few bytes two;
// - Node takes a key of bytes seven times slower than a KeyObject (it finds out by exceptions), for each message anew;
// - its decoder ends each read by an exception, and copies each message that came in two reads for an output nobody writes.
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto'
import type { MessageStream, SecuredConnection } from '@libp2p/interface'
import { type ICryptoInterface, type NoiseExtensions, noise } from '@libp2p/noise'
import { defaultCrypto } from '@libp2p/noise/crypto'
import { Uint8ArrayList } from 'uint8arraylist'

type Bytes = Uint8Array | Uint8ArrayList

const algorithm = 'chacha20-poly1305'
const tagBytes = 16
/** Below it noise's own WebAssembly is faster than a cipher of Node. */
const ownCipherBytes = 1200

/** As `noise()`. */
export function wholeNoise(): ReturnType<typeof noise> {
  return (components) => {
    const encrypter = noise({ crypto: nativeCrypto })(components)
    const { secureInbound, secureOutbound } = encrypter
    encrypter.secureInbound = async (connection, options) =>
      readingWhole(await secureInbound.call(encrypter, joining(connection), options))
    encrypter.secureOutbound = async (connection, options) =>
      readingWhole(await secureOutbound.call(encrypter, joining(connection), options))
    return encrypter
  }
}

/** Has `connection` send the pieces of a message as one. */
function joining<Stream extends MessageStream>(connection: Stream): Stream {
  const send = connection.send.bind(connection)
  connection.send = (bytes) => send(bytes.subarray())
  return connection
}

// The key of each direction of a connection, for as long as noise holds its bytes.
const keyObjects = new WeakMap<Uint8Array, KeyObject>()

function keyObjectOf(key: Uint8Array): KeyObject {
  const known = keyObjects.get(key)
  if (known !== undefined) return known
  const made = createSecretKey(key)
  keyObjects.set(key, made)
  return made
}

/** noise's ciphers for large messages, with keys that are prepared once. */
const nativeCrypto: ICryptoInterface = {
  ...defaultCrypto,
  chaCha20Poly1305Encrypt(plaintext, nonce, ad, key) {
    if (plaintext.byteLength < ownCipherBytes) return defaultCrypto.chaCha20Poly1305Encrypt(plaintext, nonce, ad, key)
    const cipher = createCipheriv(algorithm, keyObjectOf(key), nonce, { authTagLength: tagBytes })
    cipher.setAAD(ad, { plaintextLength: plaintext.byteLength })
    const output = new Uint8ArrayList()
    for (const piece of piecesOf(plaintext)) output.append(cipher.update(piece))
    cipher.final()
    output.append(cipher.getAuthTag())
    return output
  },
  chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, target) {
    if (ciphertext.byteLength < ownCipherBytes)
      return defaultCrypto.chaCha20Poly1305Decrypt(ciphertext, nonce, ad, key, target)
    const textBytes = ciphertext.byteLength - tagBytes
    const decipher = createDecipheriv(algorithm, keyObjectOf(key), nonce, { authTagLength: tagBytes })
    decipher.setAAD(ad, { plaintextLength: textBytes })
    decipher.setAuthTag(ciphertext.subarray(textBytes))
    const text = decipher.update(ciphertext.subarray(0, textBytes))
    // Throws when the tag is not that of the text.
    decipher.final()
    return text
  },
}

const piecesOf = (bytes: Bytes): Iterable<Uint8Array> => (bytes instanceof Uint8Array ? [bytes] : bytes)

/** Gives what noise has secured a decoder of ours, with the message that its own has begun. */
function readingWhole(secured: SecuredConnection<NoiseExtensions>): SecuredConnection<NoiseExtensions> {
  const stream = secured.connection as MessageStream & { decoder?: { buffer?: Uint8ArrayList } }
  const begun = stream.decoder?.buffer
  if (!(begun instanceof Uint8ArrayList)) throw new Error('noise keeps what it has read elsewhere')
  const decoder = new NoiseDecoder()
  if (decoder.decode(begun).length > 0) throw new Error('noise has left a whole message')
  return Object.assign(secured, { connection: Object.assign(stream, { decoder }) })
}

/** Messages out of reads of any size: each is its length, two bytes big-endian, and that many bytes. Holds one at most. */
export class NoiseDecoder {
  #lengthHigh: number | undefined
  /** One that came in several reads. */
  #message: Uint8Array | undefined
  #filled = 0

  /** The messages that end in `read`, without a copy of those that begin there as well. Empty ones are passed over. */
  decode(read: Bytes): Uint8Array[] {
    const messages: Uint8Array[] = []
    for (const piece of piecesOf(read)) {
      for (let at = 0; at < piece.byteLength; ) {
        if (this.#message !== undefined) {
          const here = piece.subarray(at, at + this.#message.byteLength - this.#filled)
          this.#message.set(here, this.#filled)
          this.#filled += here.byteLength
          at += here.byteLength
          if (this.#filled < this.#message.byteLength) continue
          messages.push(this.#message)
          this.#message = undefined
          continue
        }
        const byte = piece[at++] ?? 0
        if (this.#lengthHigh === undefined) {
          this.#lengthHigh = byte
          continue
        }
        const bytes = this.#lengthHigh * 256 + byte
        this.#lengthHigh = undefined
        if (bytes === 0) continue
        if (piece.byteLength - at < bytes) {
          this.#message = Buffer.allocUnsafe(bytes)
          this.#filled = 0
          continue
        }
        messages.push(piece.subarray(at, at + bytes))
        at += bytes
      }
    }
    return messages
  }
}
