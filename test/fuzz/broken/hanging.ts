// A target that never comes back from one kind of input: watched-run.ts must see it from outside.
import type { FuzzTarget } from '../fuzz-target.ts'

export const target: FuzzTarget = {
  name: 'hanging',
  runsInTest: 0,
  open: async () => ({
    seeds: [Buffer.from('seed')],
    mutators: [],
    check(input) {
      for (let turns = 0; input[0] !== 0x73; turns++) if (turns < 0) throw new Error('it did come back')
    },
  }),
}
