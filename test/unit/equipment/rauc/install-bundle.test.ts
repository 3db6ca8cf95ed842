// Updates against the real RAUC: what is installed, what is refused before anything is written, and the way back.
import { mkdir, open, rename, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { goBack, installBundle, slotStatus } from '../../../../src/equipment/rauc/install-bundle.ts'
import { canInstall, RaucBox } from '../../../fixtures/rauc/rauc-box.ts'
import { never } from '../../../fixtures/store/temporary-store.ts'

describe.runIf(canInstall)('an update', () => {
  let box: RaucBox
  beforeEach(async () => {
    box = await RaucBox.create()
    await box.records.setGood({ A: '0.1.0' })
  })
  afterEach(() => box?.destroy())

  /** Nothing was written, and the next boot is as it was. */
  async function expectUntouched(): Promise<void> {
    expect(await box.slot('b', 1000)).toEqual(Buffer.alloc(1000))
    expect(await box.primary()).toBe('A')
    expect(await box.trial()).toBeUndefined()
    expect(await box.records.last()).toBeUndefined()
  }

  test('fills the other slot, byte for byte, tells how far it is, and is on trial', async () => {
    await box.records.setGood({ A: '0.1.0', B: '0.0.9' })
    const { file, image } = await box.bundle()
    const told: string[] = []
    expect(await box.install(file, '0.1.0', (line) => told.push(line))).toEqual({ version: '0.2.0', slot: 'B' })
    expect(await box.slot('b', image.length)).toEqual(image)
    expect(await box.primary()).toBe('B')
    expect(await box.trial()).toBe('rauc.slot=B\n')
    // What was there has proven itself, and is no more.
    expect(await box.records.good()).toEqual({ A: '0.1.0' })
    expect(await box.records.last()).toEqual({ version: '0.2.0', slot: 'B', boot: 'boot-1', failure: '' })
    expect(told.length).toBeGreaterThan(5)
    expect(told.at(-1)).toBe('100% Installing done.')
    expect(await slotStatus(box.deps('0.1.0'), never)).toMatchObject([
      { slot: 'A', version: '0.1.0', state: 'booted', isNext: false, isCommitted: true },
      { slot: 'B', version: '0.2.0', state: 'inactive', isNext: true, isCommitted: false },
    ])
  })

  test('is refused when nobody whom the box believes has signed it', async () => {
    const { file } = await box.bundle({ signer: 'stranger' })
    await expect(box.install(file)).rejects.toMatchObject({ code: 'UPDATE_UNSIGNED' })
    await expectUntouched()
  })

  test.each([
    ['altered in the middle', async (file: string) => writeAt(file, 2000, Buffer.from('x'))],
    ['cut short', async (file: string) => truncate(file, 3000)],
    ['empty', async (file: string) => truncate(file, 0)],
  ])('is refused when it is %s', async (_, spoil) => {
    const { file } = await box.bundle()
    await spoil(file)
    await expect(box.install(file)).rejects.toMatchObject({ code: 'UPDATE_UNSIGNED' })
    await expectUntouched()
  })

  test('is refused as a link, a device, a folder, or when it is not there', async () => {
    const { file } = await box.bundle()
    const link = join(box.folder, 'link.raucb')
    await symlink(file, link)
    for (const path of [link, '/dev/zero', box.folder, join(box.folder, 'none.raucb')])
      await expect(box.install(path), path).rejects.toMatchObject({ code: 'UPDATE_UNSIGNED' })
    await expectUntouched()
  })

  test.each(['0.1.0', '0.0.9', '0.1.0-rc.1', '0.1.0+later', 'newest', ''])(
    'is refused with the version "%s" while 0.1.0 runs',
    async (version) => {
      const { file } = await box.bundle({ version })
      await expect(box.install(file)).rejects.toMatchObject({ code: 'UPDATE_OLDER' })
      await expectUntouched()
    },
  )

  test('is refused for another kind of box, and when the slot is too small for it', async () => {
    const other = await box.bundle({ compatible: 'other-box' })
    await expect(box.install(other.file)).rejects.toMatchObject({ code: 'UPDATE_FOR_OTHER_BOX' })
    const large = await box.bundle({ imageBytes: 3 * 1024 * 1024 })
    await expect(box.install(large.file)).rejects.toMatchObject({ code: 'UPDATE_TOO_LARGE' })
    await expectUntouched()
  })

  test('is measured against the partition that the kernel has under the name of the slot', async () => {
    const { file } = await box.bundle()
    const block = join(box.folder, 'sys/class/block/mmcblk0p3')
    await mkdir(block, { recursive: true })
    await writeFile(join(block, 'uevent'), 'DEVNAME=mmcblk0p3\nPARTN=3\nPARTNAME=b.img\n')
    await writeFile(join(block, 'size'), '500\n')
    await rename(join(box.folder, 'b.img'), join(box.folder, 'elsewhere.img'))
    await expect(box.install(file)).rejects.toMatchObject({ code: 'UPDATE_TOO_LARGE', data: { maxBytes: 256_000 } })
    await rename(join(box.folder, 'elsewhere.img'), join(box.folder, 'b.img'))
    await expectUntouched()
  })

  test('waits until what runs has proven itself: the other slot is the only way back', async () => {
    const { file } = await box.bundle()
    for (const good of [{}, { B: '0.1.0' }, { A: '0.0.9' }] as Record<string, string>[]) {
      await box.records.setGood(good)
      await expect(box.install(file)).rejects.toMatchObject({ code: 'UPDATE_NOT_NOW' })
    }
    await writeFile(join(box.folder, 'records/good.json'), '{"A":"0.1')
    await expect(box.install(file)).rejects.toMatchObject({ code: 'UPDATE_NOT_NOW' })
    await expectUntouched()
  })

  test('that fails leaves the running slot as the next one, and says why', async () => {
    const { file } = await box.bundle()
    const program = await box.raucThat(`rm ${box.folder}/b.img`)
    const failing = installBundle(file, box.deps('0.1.0', program), () => undefined, never)
    await expect(failing).rejects.toMatchObject({ code: 'UPDATE_FAILED', data: { version: '0.2.0' } })
    expect(await box.primary()).toBe('A')
    expect(await box.trial()).toBeUndefined()
    expect(await box.records.last()).toMatchObject({
      version: '0.2.0',
      slot: '',
      failure: expect.stringContaining('b.img'),
    })
  })

  test('that was changed for an older one after it was looked at is not the one of the next boot', async () => {
    const newer = await box.bundle()
    const older = await box.bundle({ version: '0.0.1' })
    const program = await box.raucThat(`cp ${older.file} ${newer.file}`)
    const failing = installBundle(newer.file, box.deps('0.1.0', program), () => undefined, never)
    await expect(failing).rejects.toMatchObject({ code: 'UPDATE_FAILED' })
    expect(await box.slot('b', older.image.length)).toEqual(older.image)
    expect(await box.primary()).toBe('A')
    expect(await box.trial()).toBeUndefined()
  })

  test('is gone back from to what has proven itself, and to nothing else', async () => {
    await expect(goBack(box.deps('0.1.0'), never)).rejects.toMatchObject({ code: 'UPDATE_NOT_NOW' })
    expect(await box.primary()).toBe('A')
    await box.records.setGood({ A: '0.1.0', B: '0.0.9' })
    expect(await goBack(box.deps('0.1.0'), never)).toEqual({ version: '0.0.9', slot: 'B' })
    expect(await box.primary()).toBe('B')
    expect(await box.records.last()).toMatchObject({ version: '0.0.9', slot: 'B', failure: '' })
    // It has proven itself before: no trial, no way back that it would take by itself.
    expect(await box.trial()).toBeUndefined()
  })
})

test.skipIf(canInstall)('an update: NOT RUN (needs root)')

async function writeAt(file: string, position: number, bytes: Buffer): Promise<void> {
  await using handle = await open(file, 'r+')
  await handle.write(bytes, 0, bytes.length, position)
}
