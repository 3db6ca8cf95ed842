// Updates on a stick, with the real RAUC: the newest that is signed, once.
import { copyFile, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type StickUpdateDeps, updateFromStick } from '../../../../src/surface/box/stick-update.ts'
import { canInstall, RaucBox } from '../../../fixtures/rauc/rauc-box.ts'
import { never } from '../../../fixtures/store/temporary-store.ts'

describe.runIf(canInstall)('updates on a stick', () => {
  let box: RaucBox
  let stick: string
  let taken: string[]
  let deps: StickUpdateDeps
  beforeEach(async () => {
    box = await RaucBox.create()
    await box.records.setGood({ A: '0.1.0' })
    stick = join(box.folder, 'stick')
    await mkdir(stick)
    taken = []
    deps = {
      ...box.deps('0.1.0'),
      run: async () => '',
      rebootAt: async () => undefined,
      now: () => 0,
      wasTaken: async (digest) => taken.includes(digest),
      markTaken: async (digest) => void taken.push(digest),
      signal: never,
    }
  })
  afterEach(() => box?.destroy())
  const put = async (name: string, wish: Parameters<RaucBox['bundle']>[0]) => {
    const { file } = await box.bundle(wish)
    await copyFile(file, join(stick, name))
  }

  test('the newest one is installed, and not a second time while it stays plugged in', async () => {
    await put('a.raucb', { version: '0.2.0' })
    await put('b.raucb', { version: '0.10.0' })
    await put('other.raucb', { version: '0.11.0', compatible: 'another-box' })
    await put('c.raucb', { version: '0.3.0' })
    await writeFile(join(stick, 'd.raucb'), 'no bundle')
    const found = await updateFromStick(stick, deps)
    expect(found?.part, JSON.stringify(found?.part)).toMatchObject({ headline: { en: 'THE UPDATE WAS INSTALLED' } })
    expect(found?.due).toEqual({ installed: { version: '0.10.0', slot: 'B' }, minutes: 0 })
    expect(found?.part.lines.map(({ en }) => en)).toContainEqual(
      expect.stringMatching(/^d\.raucb: .*\(UPDATE_UNSIGNED\)$/),
    )
    // The box has fallen back, and starts with the stick in it.
    const again = await updateFromStick(stick, deps)
    expect([again?.part.headline.en, again?.due]).toEqual([expect.stringContaining('INSTALLED BEFORE'), undefined])
  })

  test('one that runs is said to, on trial or proven: the stick stayed plugged in over the restart', async () => {
    await put('update.raucb', { version: '0.2.0' })
    await put('old.raucb', { version: '0.1.5' })
    const running = { ...deps, version: '0.2.0' }
    const told = async () => {
      const found = await updateFromStick(stick, running)
      expect([found?.part.headline.en, found?.part.error, found?.due]).toEqual([
        'THIS UPDATE RUNS',
        undefined,
        undefined,
      ])
      return found?.part.lines.map(({ en }) => en)
    }
    const old = expect.stringMatching(/^old\.raucb: .*\(UPDATE_OLDER\)$/)
    expect(await told()).toEqual([old, expect.stringMatching(/^Version 0\.2\.0 runs on trial/)])
    await box.records.setGood({ A: '0.2.0' })
    expect(await told()).toEqual([old, 'Version 0.2.0 runs and has proven itself.'])
    // A newer one waits until what runs has proven itself.
    await box.records.setGood({ A: '0.1.0' })
    await put('newer.raucb', { version: '0.3.0' })
    expect((await updateFromStick(stick, running))?.part.error?.code).toBe('UPDATE_NOT_NOW')
  })

  test('one that is not newer, of another box or of another signer is not installed', async () => {
    expect(await updateFromStick(stick, deps)).toBe(undefined)
    await put('old.raucb', { version: '0.0.9' })
    expect((await updateFromStick(stick, deps))?.part).toMatchObject({
      headline: { en: 'NO NEWER UPDATE' },
      lines: [{ en: expect.stringMatching(/^old\.raucb: .*\(UPDATE_OLDER\)$/) }],
    })
    await put('other.raucb', { version: '0.2.0', compatible: 'another-box' })
    expect((await updateFromStick(stick, deps))?.part.error?.code).toBe('UPDATE_FOR_OTHER_BOX')
    // It may be tried again: nothing was done.
    expect([taken, await readdir(stick)]).toEqual([[], ['old.raucb', 'other.raucb']])
  })
})

test.skipIf(canInstall)('updates on a stick: NOT RUN (needs root)')
