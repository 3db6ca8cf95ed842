// Targets that are wrong on purpose, one way each: the fuzzer must say so.
import { FuzzComplaint, type OpenTarget } from '../fuzz-target.ts'

const seeds = [Buffer.from('signed: nội dung')]

/** Takes whatever it gets, though only its seed is right. */
export const credulous: OpenTarget = {
  seeds,
  mutators: [],
  check(input) {
    if (!seeds.some((seed) => seed.equals(input))) throw new FuzzComplaint('other bytes were taken')
  },
}

/** Trips over an odd byte, like code that forgot a case. */
export const tripping: OpenTarget = {
  seeds,
  mutators: [],
  check(input) {
    const names: Record<string, string> = {}
    if (input[0] !== 0x73) names[String(input[0])]?.trim().length.toFixed()
    if (input[1] === 0xff) (undefined as unknown as string).trim()
  },
}

const kept: Buffer[] = []

/** Keeps something of every input. */
export const hoarding: OpenTarget = {
  seeds,
  mutators: [],
  check() {
    kept.push(Buffer.alloc(64 * 1024, 1))
  },
}
