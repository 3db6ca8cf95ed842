// The run in QEMU takes an hour, so it is not part of every run: what it was about last is compared with what there is now.
import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inputsHash, lastFullPassFile, lineToRun } from '../qemu/inputs.ts'
import { steps } from '../qemu/steps.ts'

describe('the appliance was tried in QEMU', () => {
  const none = { inputs: 'never', seconds: {} }
  const pass = existsSync(lastFullPassFile) ? JSON.parse(readFileSync(lastFullPassFile, 'utf8')) : none

  test('as it is now', () => {
    expect(pass.inputs, `image, units, boards, store or updates have changed since. Run as root: ${lineToRun}`).toBe(
      inputsHash(),
    )
  })

  test('by every step that there is', () => {
    expect(Object.keys(pass.seconds), `Run as root: ${lineToRun}`).toEqual(steps.map(({ name }) => name))
  })
})
