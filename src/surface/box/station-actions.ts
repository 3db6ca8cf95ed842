// Actions on the station's own services.
import type { RunProgram } from '../../equipment/box/system-program.ts'
import type { BoxAction } from './box-action.ts'

/** The signer starts again with it: it reads the same file. */
export const restartStation = (run: RunProgram): BoxAction => ({
  async run(input) {
    input.end()
    await run(['systemctl', 'restart', 'tram-signer.service', 'tram.service'], { timeoutMs: 240_000 })
    return {}
  },
})
