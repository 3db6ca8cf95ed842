// What is read of a key file without libp2p is what libp2p reads of it.
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  peerIdFromKeyFile,
  privateKeyFromFile,
  publicKeyOfPeerId,
} from '../../../../src/equipment/link/libp2p-identity.ts'
import { publicKeyFromFile } from '../../../../src/equipment/link/peer-key-file.ts'

describe('the public key', () => {
  let folder: string
  let file: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-key-'))
    file = join(folder, 'peer.key')
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is that of the identity, and that of the peer id', async () => {
    const { publicKey } = await privateKeyFromFile(file)
    expect(Buffer.from(await publicKeyFromFile(file)).equals(publicKey.raw)).toBe(true)
    expect(Buffer.from(publicKeyOfPeerId(await peerIdFromKeyFile(file))).equals(publicKey.raw)).toBe(true)
  })

  it.each([0, 67, 69, 5000])('is not found in %i bytes of something else', async (length) => {
    await writeFile(file, Buffer.alloc(length, 1))
    await expect(publicKeyFromFile(file)).rejects.toThrow('holds no Ed25519 key')
  })

  it('is not found in a key of another type', async () => {
    await writeFile(file, Buffer.concat([Buffer.from([8, 0, 18, 64]), Buffer.alloc(64)]))
    await expect(publicKeyFromFile(file)).rejects.toThrow('holds no Ed25519 key')
    await expect(publicKeyFromFile(join(folder, 'none'))).rejects.toMatchObject({ code: 'ENOENT' })
  })
})
