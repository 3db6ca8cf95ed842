// The one API of the station: HTTP and JSON on a Unix socket in the data folder. Command line, doctor and console are its clients.
// Made by station.ts with what the exchange offers; the routes are in rest-routes-*.ts.
import { chmod, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { asTramError, isSystemError, TramError } from '../../base/errors.ts'
import type { Service } from '../../base/lifecycle.ts'
import { logFields } from '../../base/logger.ts'
import { defaultMinBytesPerSecond, type PaceLimits } from '../../base/upload-pace.ts'
import type { Backend } from '../../exchange/desk.ts'
import { createRestApp } from './rest-app.ts'
import type { RestApp, RestDeps } from './rest-deps.ts'

export interface RestOptions {
  /** At most 107 bytes long, as the system allows. */
  socketPath: string
  dataFolder: string
  /** Whose documents callers may send and see. */
  backends: readonly Backend[]
  /** stop() cuts what still runs after this; less than the deadline of base/lifecycle.ts. Default: 8 s. */
  stopGraceMs?: number
  /** How slow a body may come. Default: as the VXP interface has it. */
  bodyPace?: PaceLimits
}

/** The owner and the group may call; the data folder around it keeps everybody else out as well. */
const socketMode = 0o660
const maxConnections = 128
const defaultStopGraceMs = 8_000
const defaultBodyPace: PaceLimits = { idleMs: 60_000, minBytesPerSecond: defaultMinBytesPerSecond }

export class RestServer implements Service {
  readonly name = 'api'
  readonly #options: RestOptions
  readonly #deps: RestDeps
  readonly #stopping = new AbortController()
  #app: RestApp | undefined

  constructor(options: RestOptions, deps: RestDeps) {
    this.#options = options
    this.#deps = deps
  }

  /** @throws TramError STORE_LOCKED when another station answers on the socket, STORE_FAILED when it cannot be made */
  async start(signal: AbortSignal): Promise<void> {
    const { socketPath, dataFolder, backends, bodyPace = defaultBodyPace } = this.#options
    if (await answers(socketPath, signal)) throw new TramError('STORE_LOCKED', { folder: dataFolder })
    const site = { ...this.#deps, backends, bodyPace, stopping: this.#stopping.signal }
    const app = await createRestApp(() => site)
    try {
      // Left behind by a killed process: nobody listens on it.
      await rm(socketPath, { force: true })
      await app.listen({ path: socketPath })
      await chmod(socketPath, socketMode)
    } catch (error) {
      await app.close()
      const detail = `${socketPath}: ${error instanceof Error ? error.message : String(error)}`
      throw new TramError('STORE_FAILED', { detail }, { cause: error })
    }
    app.server.maxConnections = maxConnections
    app.server.on('error', (error) => this.#deps.logger.error(logFields(asTramError(error)), 'api server error'))
    this.#app = app
    this.#deps.logger.info({ socket: socketPath }, 'api listens')
  }

  /** Takes no further request, finishes those that run and cuts what is left after a while. */
  async stop(): Promise<void> {
    const app = this.#app
    if (app === undefined) return
    this.#app = undefined
    const timer = setTimeout(() => {
      this.#stopping.abort(new TramError('INTAKE_CLOSED', { detail: 'trạm đang dừng' }))
      app.server.closeAllConnections()
    }, this.#options.stopGraceMs ?? defaultStopGraceMs)
    await app.close()
    clearTimeout(timer)
    // Whatever still waits for a peer of ours (the signer) waits no longer.
    this.#stopping.abort(new TramError('INTAKE_CLOSED', { detail: 'trạm đang dừng' }))
    await rm(this.#options.socketPath, { force: true })
  }
}

/** Whether somebody listens on the socket. @throws the signal's reason */
async function answers(socketPath: string, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<boolean>()
  const socket = connect(socketPath)
  socket.once('connect', () => resolve(true))
  socket.once('error', (error) => {
    const isNobody = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].some((code) => isSystemError(error, code))
    if (isNobody) resolve(false)
    else reject(new TramError('STORE_FAILED', { detail: `${socketPath}: ${error.message}` }, { cause: error }))
  })
  try {
    return await promise
  } finally {
    socket.destroy()
  }
}
