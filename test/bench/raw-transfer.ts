// The baseline of a large packet: one process sends a file over mutual TLS, another takes it with the two hashes and the syncs
// that a packet gets, and nothing else. Two processes, started by figures/large-packet.ts. Plain erasable TypeScript.
//   raw-transfer.ts receive <pki folder> <file>   prints its port, then ends after one file
//   raw-transfer.ts send <pki folder> <file> <port>   prints the seconds until the receiver has said that all is on disk
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { connect, createServer, type TLSSocket } from 'node:tls'

const chunkBytes = 1024 * 1024
/** Chunks that may wait for the disk while the next ones come: as a station's credit does, this overlaps line and disk. */
const maxWaiting = 4

async function credentials(folder: string) {
  const read = (name: string) => readFile(join(folder, name))
  const [key, cert, ca] = await Promise.all([read('key.pem'), read('certificate.pem'), read('ca.pem')])
  return { key, cert, ca, rejectUnauthorized: true, allowHalfOpen: true }
}

async function receive(folder: string, file: string): Promise<void> {
  const server = createServer({ ...(await credentials(folder)), requestCert: true })
  server.on('secureConnection', (socket) => {
    server.close()
    take(socket, file).catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`)
      process.exitCode = 1
      socket.destroy()
    })
  })
  server.listen(0, '127.0.0.1', () => process.stdout.write(`${(server.address() as AddressInfo).port}\n`))
}

async function take(socket: TLSSocket, file: string): Promise<void> {
  const handle = await open(file, 'w')
  const whole = createHash('sha256')
  const waiting: Promise<void>[] = []
  const keep = async (previous: Promise<void> | undefined, pieces: Buffer[]) => {
    await previous
    await handle.writev(pieces)
    await handle.datasync()
  }
  let pieces: Buffer[] = []
  let held = 0
  const flush = async () => {
    const chunk = createHash('sha256')
    for (const piece of pieces) {
      whole.update(piece)
      chunk.update(piece)
    }
    chunk.digest()
    waiting.push(keep(waiting.at(-1), pieces))
    pieces = []
    held = 0
    if (waiting.length > maxWaiting) await waiting.shift()
  }
  for await (const bytes of socket as AsyncIterable<Buffer>) {
    pieces.push(bytes)
    held += bytes.length
    if (held >= chunkBytes) await flush()
  }
  if (held > 0) await flush()
  await Promise.all(waiting)
  await handle.sync()
  await handle.close()
  socket.end(whole.digest())
}

async function send(folder: string, file: string, port: number): Promise<void> {
  const socket = connect({
    ...(await credentials(folder)),
    host: '127.0.0.1',
    port,
    checkServerIdentity: () => undefined,
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('secureConnect', resolve)
    socket.once('error', reject)
  })
  const start = performance.now()
  createReadStream(file, { highWaterMark: chunkBytes }).pipe(socket)
  let answerBytes = 0
  for await (const bytes of socket as AsyncIterable<Buffer>) answerBytes += bytes.length
  if (answerBytes !== 32) throw new Error(`the receiver answered ${answerBytes} bytes`)
  process.stdout.write(`${(performance.now() - start) / 1000}\n`)
}

const [, , role, folder = '', file = '', port = ''] = process.argv
if (role === 'receive') await receive(folder, file)
else await send(folder, file, Number(port))
