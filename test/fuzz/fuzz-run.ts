// Runs one target many times. Run `i` of a seed is always the same input, whatever ran before: a finding comes again by
// itself. Watches for what must not be taken or thrown, and for memory that stays; hangs are seen from outside (fuzz-worker.ts).

import { setImmediate as nextTurn } from 'node:timers/promises'
import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { drawOne, randomFrom } from '../fixtures/random.ts'
import { byteMutators } from './byte-mutators.ts'
import { FuzzComplaint, type OpenTarget, refusalCode } from './fuzz-target.ts'

export interface Finding {
  kind: 'crash' | 'complaint' | 'growth' | 'hang'
  /** Number of the run in its seed. */
  run: number
  detail: string
  input: Uint8Array
}

export interface FuzzResult {
  runs: number
  findings: Finding[]
  /** How many inputs were taken, and refused with each code: a fuzzer whose inputs are all refused at the door is blind. */
  outcomes: Record<string, number>
  slowestMs: number
  slowestRun: number
}

export interface FuzzLimits {
  seed: number
  firstRun?: number
  /** At most so many. */
  runs: number
  /** And no run begins later than so many milliseconds after the first. */
  forMs?: number
  signal: AbortSignal
  /** Told before each run. */
  onRun?(run: number): void
  /** Told at once: a later run may never end. */
  onFinding?(finding: Finding): void
  /** More memory than this above what was in use after the first `warmUpRuns` is a finding. */
  maxGrowthBytes?: number
}

const warmUpRuns = 200
const runsBetweenLooks = 2000
const maxFindings = 20

/** The input of one run. */
export function inputOf(target: OpenTarget, seed: number, run: number): { input: Buffer; random: () => number } {
  const random = randomFrom(Math.imul(seed, 0x9e3779b1) ^ Math.imul(run + 1, 0x85ebca6b))
  const take = (): Buffer => Buffer.from(drawOne(random, target.seeds))
  let input = take()
  // Now and then nothing is changed: what is right must still be taken.
  for (let steps = drawOne(random, [0, 1, 1, 1, 1, 2, 2, 3, 5, 8]); steps > 0 && input.length > 0; steps--) {
    const mutators = target.mutators.length > 0 && random() < 0.6 ? target.mutators : byteMutators
    input = Buffer.from(drawOne(random, mutators)(input, random, take()))
  }
  return { input, random }
}

/** Runs a target. Stops at the limits, or after twenty findings. */
export async function fuzzTarget(target: OpenTarget, limits: FuzzLimits): Promise<FuzzResult> {
  const { seed, firstRun = 0, runs, forMs = Number.POSITIVE_INFINITY, signal } = limits
  const result: FuzzResult = { runs: 0, findings: [], outcomes: {}, slowestMs: 0, slowestRun: 0 }
  const growth = new GrowthWatch(limits.maxGrowthBytes ?? 48 * 1024 * 1024)
  const startMs = performance.now()
  while (result.runs < runs && !signal.aborted && performance.now() - startMs < forMs) {
    const run = firstRun + result.runs
    limits.onRun?.(run)
    const { input, random } = inputOf(target, seed, run)
    const found = (kind: Finding['kind'], detail: string): void => {
      const finding = { kind, run, detail, input }
      result.findings.push(finding)
      limits.onFinding?.(finding)
    }
    const beganMs = performance.now()
    const outcome = await judge(target, input, random, found)
    const tookMs = performance.now() - beganMs
    if (tookMs > result.slowestMs) Object.assign(result, { slowestMs: tookMs, slowestRun: run })
    result.outcomes[outcome] = (result.outcomes[outcome] ?? 0) + 1
    result.runs += 1
    // After the first runs, every so often, and after the last.
    const isLast = result.runs === runs && runs > warmUpRuns
    if (result.runs === warmUpRuns || result.runs % runsBetweenLooks === 0 || isLast) await growth.look(found)
    if (result.findings.length >= maxFindings) break
  }
  return result
}

async function judge(
  target: OpenTarget,
  input: Uint8Array,
  random: () => number,
  found: (kind: Finding['kind'], detail: string) => void,
): Promise<string> {
  try {
    await target.check(input, random)
    return 'taken'
  } catch (error) {
    const code = refusalCode(error)
    if (code !== undefined) return code
    found(error instanceof FuzzComplaint ? 'complaint' : 'crash', describe(error))
    return 'finding'
  }
}

/** An error with its causes: INTERNAL hides the one that matters. */
function describe(error: unknown): string {
  const texts: string[] = []
  for (
    let inner = error;
    inner !== undefined && texts.length < 5;
    inner = inner instanceof Error ? inner.cause : undefined
  )
    texts.push(inner instanceof Error ? (inner.stack ?? inner.message) : String(inner))
  return texts.join('\ncaused by ').slice(0, 4000)
}

/** Memory in use after garbage collection, against what it was after the first runs. */
class GrowthWatch {
  readonly #maxBytes: number
  #baseBytes: number | undefined

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  async look(found: (kind: 'growth', detail: string) => void): Promise<void> {
    let bytes = liveBytes()
    // Memory outside of the heap is given back in later turns of the event loop: what stays is in use in all of them.
    for (let looks = 0; looks < 5; looks++) {
      await nextTurn()
      bytes = Math.min(bytes, liveBytes())
    }
    if (this.#baseBytes === undefined) {
      this.#baseBytes = bytes
      return
    }
    const grownBytes = bytes - this.#baseBytes
    if (grownBytes <= this.#maxBytes) return
    found('growth', `${grownBytes} bytes more are in use after garbage collection than at first`)
    this.#baseBytes = bytes
  }
}

function liveBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect: unknown = runInNewContext('gc')
  if (typeof collect !== 'function') throw new Error('this Node does not hand out its garbage collector')
  collect()
  const { used_heap_size, external_memory } = getHeapStatistics()
  return used_heap_size + external_memory
}
