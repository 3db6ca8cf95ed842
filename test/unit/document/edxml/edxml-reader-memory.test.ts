// A large packet must not be gathered: 200 MB go through the reader in a process of their own, whose memory is looked at.
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const program = fileURLToPath(new URL('./large-packet-program.ts', import.meta.url))
const mebibyte = 1024 * 1024

/** Peak of the resident set, bytes, of a process that reads a packet of one attachment. */
async function readInChild(form: string, packetBytes: number): Promise<{ decodedBytes: number; peakBytes: number }> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, form, String(packetBytes)])
  return JSON.parse(stdout)
}

it.each(['one-line', 'lines', 'cdata', 'references'])(
  'a packet of 200 MB (%s) is read in flat memory',
  async (form) => {
    const small = await readInChild(form, 2 * mebibyte)
    const large = await readInChild(form, 200 * mebibyte)
    expect(large.decodedBytes).toBeGreaterThan(130 * mebibyte)
    expect(small.decodedBytes).toBeLessThan(2 * mebibyte)
    expect(large.peakBytes).toBeLessThan(200 * mebibyte)
  },
)
