// Asks the root program of an appliance over its socket (box-protocol.ts). Command line and service console use it; on a plain
// Debian machine there is no such socket, and its callers do without.
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { asTramError, TramError } from '../../base/errors.ts'
import { type BoxRequest, type BoxResult, linesOf, maxLineBytes, parseAnswer } from './box-protocol.ts'

export class BoxClient {
  readonly #socketPath: string

  constructor(options: { socketPath: string }) {
    this.#socketPath = options.socketPath
  }

  /**
   * Has an action done. What has begun goes on when `signal` aborts: then only nobody hears how it ends.
   * @throws TramError BOX_AGENT_UNREACHABLE, REQUEST_INVALID: too long, or what the action failed with; the signal's reason
   */
  async ask(request: BoxRequest, signal: AbortSignal, onProgress?: (text: string) => void): Promise<BoxResult> {
    const line = JSON.stringify(request)
    if (Buffer.byteLength(line) > maxLineBytes)
      throw new TramError('REQUEST_INVALID', { field: request.action, detail: `longer than ${maxLineBytes} bytes` })
    const socket = await this.#open(signal)
    try {
      socket.write(`${line}\n`)
      for await (const told of linesOf(socket)) {
        const answer = parseAnswer(told)
        if ('progress' in answer) onProgress?.(answer.progress)
        else if (answer.done) return answer.result
        else throw answer.error
      }
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof TramError) throw error
      throw this.#unreachable(error)
    } finally {
      socket.destroy()
    }
    signal.throwIfAborted()
    throw this.#unreachable(new Error('it ended without an answer'))
  }

  /** The actions that it offers; none on a machine without it, or for a user who may not ask. Never throws but for `signal`. */
  async offers(signal: AbortSignal): Promise<readonly string[]> {
    try {
      const { actions } = await this.ask({ action: 'offers' }, signal)
      return Array.isArray(actions) ? actions.filter((name) => typeof name === 'string') : []
    } catch (error) {
      signal.throwIfAborted()
      if (asTramError(error).code === 'BOX_AGENT_UNREACHABLE') return []
      throw error
    }
  }

  async #open(signal: AbortSignal): Promise<Socket> {
    signal.throwIfAborted()
    const socket = connect({ path: this.#socketPath, signal })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      signal.throwIfAborted()
      throw this.#unreachable(error)
    }
  }

  #unreachable(cause: unknown): TramError {
    const detail = cause instanceof Error ? cause.message : String(cause)
    return new TramError('BOX_AGENT_UNREACHABLE', { socket: this.#socketPath, detail }, { cause })
  }
}
