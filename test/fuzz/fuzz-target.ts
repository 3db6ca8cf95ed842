// What the fuzzer runs: a part of the station that reads bytes from outside, with bytes that it takes and a judge of what it
// does with others. One file a target in targets/; fuzz-run.ts runs them, fuzz.ts is the command.
import { TramError } from '../../src/base/errors.ts'
import type { Mutator } from './byte-mutators.ts'

export interface FuzzTarget {
  readonly name: string
  /** How often the test runs it: some runs cost a hundred times others. */
  readonly runsInTest: number
  open(): Promise<OpenTarget>
}

export interface OpenTarget {
  /** Valid inputs, the same in every run of the program. */
  readonly seeds: readonly Uint8Array[]
  /** Besides those of bytes: what this format invites to. */
  readonly mutators: readonly Mutator[]
  /**
   * Gives the input to the code. Throws what the code threw, or an Error of its own when the code took what it must not.
   * A TramError other than INTERNAL is a refusal, and right.
   * @param random for what is not in the input: where a stream is cut, say
   */
  check(input: Uint8Array, random: () => number): void | Promise<void>
  close?(): Promise<void>
}

/** The error with which a judge says what it found. */
export class FuzzComplaint extends Error {}

/** The code of a refusal, or undefined when `error` is none: a crash, or the complaint of a judge. */
export function refusalCode(error: unknown): string | undefined {
  return error instanceof TramError && error.code !== 'INTERNAL' ? error.code : undefined
}

/** `bytes` cut at random places, also into single bytes. */
export function cutAnywhere(bytes: Uint8Array, random: () => number): Uint8Array[] {
  const pieces: Uint8Array[] = []
  const longest = random() < 0.2 ? 3 : 1 + Math.floor(random() * Math.max(1, bytes.length))
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + Math.floor(random() * longest)
    // Copies, of which some readers wipe what they have taken.
    pieces.push(Uint8Array.from(bytes.subarray(at, at + length)))
    at += length
  }
  return pieces
}

/** What `run` did, as text to compare: its value, or the code of its refusal. @throws what is no refusal */
export async function outcomeOf(run: () => unknown): Promise<string> {
  try {
    return asText(await run())
  } catch (error) {
    const code = refusalCode(error)
    if (code === undefined) throw error
    return `refused: ${code}`
  }
}

/** A value as text in which bytes, big numbers and maps can be compared. */
export function asText(value: unknown): string {
  const replaced = function (this: Record<string, unknown>, key: string, inner: unknown): unknown {
    // `inner` is what toJSON made of it already.
    const before = this[key]
    if (before instanceof Uint8Array) return Buffer.from(before).toString('hex')
    if (typeof before === 'bigint') return `${before}n`
    return before instanceof Map || before instanceof Set ? [...before] : inner
  }
  return JSON.stringify(value, replaced) ?? 'nothing'
}
