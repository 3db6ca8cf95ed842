// dataPaths: every name lies in the data folder, no two are the same, sockets are short enough for the kernel.
import { dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { dataPaths } from '../../../src/base/paths.ts'

describe('dataPaths', () => {
  const paths = Object.values(dataPaths('/var/lib/tram'))

  it('stays in the folder', () => {
    for (const path of paths) expect(dirname(path)).toBe('/var/lib/tram')
  })

  it('names everything once', () => {
    expect(new Set(paths).size).toBe(paths.length)
  })

  it('leaves room for a long folder in a socket address (108 bytes, unix(7))', () => {
    const { apiSocket, signerSocket, signerAlive } = dataPaths('')
    for (const socket of [apiSocket, signerSocket, signerAlive]) expect(socket.length).toBeLessThan(20)
  })
})
