// What an action of the root program is, and how it reads its hostile input. box-main.ts has the closed list of them.
import { TramError } from '../../base/errors.ts'
import type { BoxRequest, BoxResult } from '../../equipment/box/box-protocol.ts'

/** What an action works with. */
export interface BoxJob {
  /** One line for people, while it lasts. */
  progress(text: string): void
  /** Aborts when the system wants the program to end; not when the client leaves. */
  signal: AbortSignal
}

export interface BoxAction {
  /** Only reads: others may act meanwhile. */
  isReading?: boolean
  /** @throws TramError, which is told to the client */
  run(input: BoxInput, job: BoxJob): Promise<BoxResult>
}

export type BoxActions = Readonly<Record<string, BoxAction>>

/** The keys of a request, each taken once; `end` refuses what nobody took. */
export class BoxInput {
  readonly #left: Map<string, unknown>

  constructor({ action: _, ...keys }: BoxRequest) {
    this.#left = new Map(Object.entries(keys))
  }

  /** @throws TramError REQUEST_INVALID: no text that matches `pattern` as a whole */
  text(key: string, pattern: RegExp): string {
    const value = this.#take(key)
    if (typeof value !== 'string' || pattern.exec(value)?.[0] !== value)
      throw refuse(key, `must match ${pattern.source}`)
    return value
  }

  /** The same, or undefined when the key is not there. */
  optionalText(key: string, pattern: RegExp): string | undefined {
    return this.#left.has(key) ? this.text(key, pattern) : undefined
  }

  /** A text of any letters. @throws TramError REQUEST_INVALID: none, or longer than `maxLength` UTF-16 units */
  longText(key: string, maxLength: number): string {
    const value = this.#take(key)
    if (typeof value !== 'string' || value.length > maxLength)
      throw refuse(key, `a text of at most ${maxLength} letters`)
    return value
  }

  /** False when the key is not there. @throws TramError REQUEST_INVALID: not a boolean */
  flag(key: string): boolean {
    const value = this.#left.has(key) ? this.#take(key) : false
    if (typeof value !== 'boolean') throw refuse(key, 'true or false')
    return value
  }

  /** To be called before anything is done. @throws TramError REQUEST_INVALID: there are keys that the action does not know */
  end(): void {
    const [key] = this.#left.keys()
    if (key !== undefined) throw refuse(key.slice(0, 50), 'is not a known key')
  }

  #take(key: string): unknown {
    const value = this.#left.get(key)
    this.#left.delete(key)
    return value
  }
}

const refuse = (field: string, detail: string): TramError => new TramError('REQUEST_INVALID', { field, detail })
