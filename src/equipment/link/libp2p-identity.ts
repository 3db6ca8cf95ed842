// The station's libp2p identity: an Ed25519 key in a file (protobuf-marshalled, mode 0600), made when there is none.
// Neighbours: libp2p-link.ts proves it in every handshake, descriptors and the directory name it.
import { randomBytes } from 'node:crypto'
import { constants } from 'node:fs'
import { link, open, readFile, unlink } from 'node:fs/promises'
import { dirname } from 'node:path'
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from '@libp2p/crypto/keys'
import type { PrivateKey } from '@libp2p/interface'
import { peerIdFromPrivateKey, peerIdFromString } from '@libp2p/peer-id'
import { isSystemError } from '../../base/errors.ts'

/**
 * The private key in `path`, created when the file does not exist.
 * @throws Error when the file is not such a key, or the system's error when it cannot be read or written
 */
export async function privateKeyFromFile(path: string): Promise<PrivateKey> {
  try {
    return await readKey(path)
  } catch (error) {
    if (!isSystemError(error, 'ENOENT')) throw error
  }
  const key = await generateKeyPair('Ed25519')
  await writeOnce(path, privateKeyToProtobuf(key))
  // Another process may have been first: what lies there now is the identity.
  return await readKey(path)
}

/** The peer id (base58 text) of the key in `path`, which is created when absent. Throws as `privateKeyFromFile`. */
export async function peerIdFromKeyFile(path: string): Promise<string> {
  return peerIdFromPrivateKey(await privateKeyFromFile(path)).toString()
}

/** The raw public key (32 bytes) that a peer id stands for. @param peerId of an Ed25519 key, base58 */
export function publicKeyOfPeerId(peerId: string): Uint8Array {
  const { publicKey } = peerIdFromString(peerId)
  if (publicKey?.type !== 'Ed25519') throw new Error(`${peerId} is not of an Ed25519 key`)
  return publicKey.raw
}

async function readKey(path: string): Promise<PrivateKey> {
  const key = privateKeyFromProtobuf(await readFile(path))
  if (key.type !== 'Ed25519') throw new Error(`${path} holds a key of type ${key.type}, not Ed25519`)
  return key
}

/** Writes `bytes` to `path` durably, whole or not at all, unless a file is there. */
async function writeOnce(path: string, bytes: Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.new`
  const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600)
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
  try {
    // link, not rename: a rename would replace the identity of a process that was faster.
    await link(temporary, path)
  } catch (error) {
    if (!isSystemError(error, 'EEXIST')) throw error
  } finally {
    await unlink(temporary)
  }
  const folder = await open(dirname(path), constants.O_RDONLY)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
