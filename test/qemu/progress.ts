// Named steps with their times: which have passed on these inputs is remembered, so that a run that was stopped goes on where it was.
import { readFileSync, writeFileSync } from 'node:fs'

export interface Step<Bench> {
  /** `^[a-z-]+$`, for the command line. */
  name: string
  /** What is true when it has passed. */
  claim: string
  /** @returns what was seen, for the line that it prints */
  run(bench: Bench): Promise<string>
}

/** A step that has passed. */
export interface PassedStep {
  seconds: number
  seen: string
}

/** What is known about a run: the hash of what it was made from, and the steps that have passed. */
export class Progress {
  readonly #file: string
  readonly #inputs: string
  readonly #passed: Map<string, PassedStep>

  /** Reads the file; what other inputs have passed counts for nothing. */
  constructor(file: string, inputs: string) {
    this.#file = file
    this.#inputs = inputs
    const found = readJson(file)
    this.#passed = new Map(found?.inputs === inputs ? Object.entries(found.passed) : [])
  }

  get(name: string): PassedStep | undefined {
    return this.#passed.get(name)
  }

  set(name: string, passed: PassedStep): void {
    this.#passed.set(name, passed)
    this.#write()
  }

  forget(names: readonly string[]): void {
    for (const name of names) this.#passed.delete(name)
    this.#write()
  }

  #write(): void {
    const text = JSON.stringify({ inputs: this.#inputs, passed: Object.fromEntries(this.#passed) }, null, 2)
    writeFileSync(this.#file, `${text}\n`)
  }
}

function readJson(file: string): { inputs: string; passed: { [name: string]: PassedStep } } | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    // None yet, or cut off while it was written: every step runs again.
    return undefined
  }
}
