// image/boot/boot.cmd under a real U-Boot in an emulator, on a card with the real partitions, and fw_setenv as RAUC calls it: which slot
// starts, what is written down, and what a power cut in the midst of writing leaves.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { copyBytes, UBootCard } from '../fixtures/box/u-boot-card.ts'

const boots = 300_000
/** Where the counter of a copy is, after four bytes of CRC. */
const counterAt = 4

describe('the boot script', () => {
  let folder: string
  let card: UBootCard

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-boot-'))
    card = await UBootCard.create(folder)
  }, boots)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  const nothing = Buffer.alloc(copyBytes)
  beforeEach(async () => {
    await card.overwrite(1, nothing)
    await card.overwrite(2, nothing)
  })

  /** Both copies valid, the first the older. */
  async function committed(order: string, left: Record<'A' | 'B', string>): Promise<void> {
    // Without a valid copy, U-Boot makes the first one.
    await card.boot()
    await card.set({ BOOT_ORDER: order, BOOT_A_LEFT: left.A, BOOT_B_LEFT: left.B })
  }

  it('makes a state where there is none, and tells Linux that it was lost', { timeout: boots }, async () => {
    const { lines, slot } = await card.boot()
    expect(slot).toBe('A')
    expect(lines.join('\n')).toContain('tram.ab_env=lost')
    expect(await card.variables()).toEqual({ BOOT_ORDER: 'A B', BOOT_A_LEFT: '2', BOOT_B_LEFT: '3' })
  })

  it('starts what fw_setenv has chosen, counts it down in the older copy, and falls back', {
    timeout: boots,
  }, async () => {
    await committed('B A', { A: '3', B: '1' })
    const chosen = await card.copy(2)
    const first = await card.boot()
    expect(first.slot).toBe('B')
    expect(first.lines.join('\n')).not.toContain('lost')
    expect(await card.variables()).toEqual({ BOOT_ORDER: 'B A', BOOT_A_LEFT: '3', BOOT_B_LEFT: '0' })
    // A cut while the first was written would have found the second as it was.
    expect((await card.copy(2)).equals(chosen)).toBe(true)
    expect((await card.boot()).slot).toBe('A')
    expect(await card.variables()).toMatchObject({ BOOT_A_LEFT: '2', BOOT_B_LEFT: '0' })
  })

  it('a cut while a copy is written leaves the choice in the other', { timeout: boots }, async () => {
    await committed('B A', { A: '3', B: '3' })
    await card.boot()
    // The newer copy is the first now. Half a sector of it is of the next write.
    await card.overwrite(1, Buffer.alloc(40, 0xff), 8)
    expect(await card.variables()).toMatchObject({ BOOT_ORDER: 'B A', BOOT_B_LEFT: '3' })
    const { lines, slot } = await card.boot()
    expect(slot).toBe('B')
    expect(lines).toContain('AB: copy 1 is not valid')
    expect(await card.variables()).toMatchObject({ BOOT_ORDER: 'B A', BOOT_B_LEFT: '2' })
  })

  it('knows as fw_printenv does that 0 comes after 255', { timeout: boots }, async () => {
    await committed('B A', { A: '3', B: '3' })
    // The CRC does not cover the counter.
    await card.overwrite(1, Buffer.from([0xfe]), counterAt)
    await card.overwrite(2, Buffer.from([0xff]), counterAt)
    expect((await card.boot()).slot).toBe('B')
    expect((await card.copy(1))[counterAt]).toBe(0)
    expect(await card.variables()).toMatchObject({ BOOT_B_LEFT: '2' })
    expect((await card.boot()).slot).toBe('B')
    expect((await card.copy(2))[counterAt]).toBe(1)
    expect(await card.variables()).toMatchObject({ BOOT_B_LEFT: '1' })
  })

  it('never stands still: without attempts both slots get three again, in their order', {
    timeout: boots,
  }, async () => {
    await committed('B', { A: '0', B: '0' })
    const { lines, slot } = await card.boot()
    expect(slot).toBeUndefined()
    expect(lines.join('\n')).toContain('no attempts left')
    expect(await card.variables()).toEqual({ BOOT_ORDER: 'B A', BOOT_A_LEFT: '3', BOOT_B_LEFT: '3' })
  })
})
