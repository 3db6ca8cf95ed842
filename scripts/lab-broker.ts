// The lab's MQTT broker, to which its stations report their health: mosquitto on loopback, for everybody on this machine. Started and
// stopped with the lab by its process id.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { userInfo } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { brokerConfigOf } from './lab-folder.ts'

const host = '127.0.0.1'
const readyWithinMs = 20_000
const stopWithinMs = 10_000

export class LabBroker {
  #child: ChildProcess | undefined
  #port = 0

  /** For the stations, and for `tram fleet`. */
  get url(): string {
    return `mqtt://${host}:${this.#port}`
  }

  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Starts it in the folder of a lab, at a port that is free. Rejects when it does not come up. */
  async start(folder: string): Promise<void> {
    this.#port = await freePort()
    const configFile = brokerConfigOf(folder)
    await mkdir(dirname(configFile), { recursive: true })
    // Started by root it would become a user that cannot read the folder. What it keeps of silent stations may be forgotten.
    const lines = [`user ${userInfo().username}`, `listener ${this.#port} ${host}`, 'allow_anonymous true']
    await writeFile(configFile, `${[...lines, 'persistence false', 'max_queued_messages 10000'].join('\n')}\n`)
    const log = await open(`${dirname(configFile)}/log`, 'a', 0o600)
    // A session of its own: Ctrl-C is for the lab.
    const child = spawn('mosquitto', ['-c', configFile], {
      env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    })
    this.#child = child
    let trouble: string | undefined
    child.once('error', (error) => {
      trouble = error.message
    })
    child.once('exit', (code) => {
      trouble ??= `exit code ${code}`
    })
    await log.close()
    const deadline = performance.now() + readyWithinMs
    while (!(await answers(this.#port))) {
      if (trouble !== undefined || performance.now() > deadline)
        throw new Error(`mosquitto: ${trouble ?? 'does not answer'}; ${dirname(configFile)}/log`)
      await delay(20)
    }
  }

  /** SIGTERM, and SIGKILL when that does not help. Resolves when it is gone. */
  async stop(): Promise<void> {
    const child = this.#child
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(timer)
  }

  /** For when there is no time left to wait for anything. */
  terminate(): void {
    this.#child?.kill('SIGTERM')
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen({ host, port: 0 })
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

async function answers(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>()
  const socket = connect({ host, port })
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
  const isThere = await promise
  socket.destroy()
  return isThere
}
