// The public half of the station's key, for its fingerprint: read without libp2p, which the small programs that only show it do not need.
// libp2p-identity.ts makes the file.
import { open } from 'node:fs/promises'

/** libp2p's protobuf of an Ed25519 private key: type, and 64 bytes of which the last 32 are the public key. */
const head = Buffer.from([0x08, 0x01, 0x12, 0x40])
const keyBytes = 64
const publicKeyBytes = 32

/**
 * The raw public key (32 bytes) of the key in `path`.
 * @throws Error when the file is not such a key; the system's error when it cannot be read
 */
export async function publicKeyFromFile(path: string): Promise<Uint8Array> {
  await using file = await open(path)
  // One more than there is to be.
  const { buffer, bytesRead } = await file.read(Buffer.alloc(head.length + keyBytes + 1), 0, null, 0)
  if (bytesRead !== head.length + keyBytes || !buffer.subarray(0, head.length).equals(head))
    throw new Error(`${path} holds no Ed25519 key`)
  return buffer.subarray(bytesRead - publicKeyBytes, bytesRead)
}
