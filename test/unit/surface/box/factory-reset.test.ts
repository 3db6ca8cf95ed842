// What a stick may ask of a box with factory-reset.txt: only this box, only meant, and never more documents than were named.
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest'
import { mediumIn } from '../../../../src/box-medium.ts'
import { openDeliveries } from '../../../../src/box-stick.ts'
import { factoryReset, parseReset, resetName } from '../../../../src/surface/box/factory-reset.ts'

describe('factory-reset.txt', () => {
  let folder: string
  let erased: number
  let failure: Error | undefined
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-reset-'))
    erased = 0
    failure = undefined
  })
  afterEach(() => rm(folder, { recursive: true }))

  async function reset(text: string, openDocuments: number | undefined = 0, fingerprint: string | null = own) {
    await writeFile(join(folder, resetName), text)
    return await ask(openDocuments, fingerprint)
  }
  const own = 'ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23-4567'
  const ask = (openDocuments: number | undefined, fingerprint: string | null) =>
    factoryReset(mediumIn(folder), {
      fingerprint: async () => fingerprint,
      openDocuments: async () => openDocuments,
      async erase() {
        erased += 1
        if (failure !== undefined) throw failure
      },
    })

  it('that is not there asks for nothing', async () => {
    expect(await ask(0, own)).toBe(undefined)
  })

  it.each(['ABCD-EFGH', '\uFEFFabcd-efgh\r\n\r\n', ' ABCD-EFGH \nand-lose-0-documents\n'])(
    'resets the box that it names: %j',
    async (text) => {
      const outcome = await reset(text)
      expect([outcome?.isReset, erased]).toEqual([true, 1])
      // The stick is the only record that stays.
      expect(outcome?.part.lines[0]?.en).toContain(own)
    },
  )

  it.each([
    ['ABCD-EFGI', own],
    ['ABCD', own],
    ['', own],
    [own, own],
    ['ABCD-EFGH\nplease', own],
    ['ABCD-EFGH\nand-lose-0-documents\nand-lose-3-documents', own],
    ['ABCD-EFGH', null],
  ])('does not reset for %j a box with %s', async (text, fingerprint) => {
    const outcome = await reset(text, 0, fingerprint)
    expect(outcome).toMatchObject({ isReset: false, part: { error: { code: 'RESET_NOT_MEANT' } } })
    expect(erased).toBe(0)
  })

  it.each([
    [3, 'ABCD-EFGH'],
    [3, 'ABCD-EFGH\nand-lose-2-documents'],
    [3, 'ABCD-EFGH\nand-lose-4-documents'],
    [3, 'ABCD-EFGH\nand-lose-unknown-documents'],
    [undefined, 'ABCD-EFGH'],
    [undefined, 'ABCD-EFGH\nand-lose-0-documents'],
  ])('does not lose %s documents for %j', async (count, text) => {
    const outcome = await factoryResetWith(text, count)
    expect(outcome).toMatchObject({ isReset: false, part: { error: { code: 'RESET_LOSES_DOCUMENTS' } } })
    expect(outcome?.part.error?.condition.todoEn).toContain(`and-lose-${count ?? 'unknown'}-documents`)
    expect(erased).toBe(0)
  })
  async function factoryResetWith(text: string, count: number | undefined) {
    await writeFile(join(folder, resetName), text)
    return await ask(count, own)
  }

  it('loses those that it names by their number, and when nobody can count them, those', async () => {
    expect((await factoryResetWith('ABCD-EFGH\nand-lose-3-documents', 3))?.isReset).toBe(true)
    expect((await factoryResetWith('ABCD-EFGH\nand-lose-unknown-documents', undefined))?.isReset).toBe(true)
  })

  it('is refused when it is a link or too long', async () => {
    await symlink('/etc/hostname', join(folder, resetName))
    expect((await ask(0, own))?.part.error?.code).toBe('FILE_UNUSABLE')
    await rm(join(folder, resetName))
    expect((await reset(`ABCD-EFGH${'\n'.repeat(5000)}`))?.part.error?.code).toBe('FILE_UNUSABLE')
    expect(erased).toBe(0)
  })

  it('does not say that the box is as it was when it stopped half-way', async () => {
    failure = new Error('the card is read-only')
    const outcome = await reset('ABCD-EFGH')
    expect([outcome?.isReset, outcome?.part.headline.en]).toEqual([false, 'RESET IN PART: plug this in again to go on'])
  })

  it('takes small letters, and no letters of another alphabet', () => {
    expect(parseReset('abcd-efgh\nand-lose-12-documents')).toEqual({ fingerprint: 'ABCD-EFGH', losing: '12' })
    expect(() => parseReset('ABC1-EFGH')).toThrow('ABCD-EFGH')
  })
})

test('documents are counted only by a report that knows them', () => {
  const queues = [{ depth: 2 }, { depth: 5 }]
  expect(openDeliveries({ store: { state: 'ok' }, queues, sealing: { waybills: 1 } })).toBe(8)
  expect(openDeliveries({ store: { state: 'ok' }, queues: [], sealing: { waybills: 0 } })).toBe(0)
  expect(openDeliveries({ store: { state: 'failed' }, queues: [], sealing: { waybills: 0 } })).toBe(undefined)
  expect(openDeliveries({ store: { state: 'ok' }, sealing: { waybills: 0 } })).toBe(undefined)
  expect(openDeliveries({ store: { state: 'ok' }, queues: [{}], sealing: { waybills: 0 } })).toBe(undefined)
  expect(openDeliveries({ store: { state: 'ok' }, queues })).toBe(undefined)
})
