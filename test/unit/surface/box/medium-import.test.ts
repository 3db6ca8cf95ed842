// A configuration on a medium is taken whole or not at all, once, and its result says which.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { mediumIn } from '../../../../src/box-medium.ts'
import { FileChanges } from '../../../../src/equipment/box/file-changes.ts'
import { importMedium, type MediumDeps } from '../../../../src/surface/box/medium-import.ts'

describe('the configuration on a medium', () => {
  let folder: string
  let stick: string
  let taken: string[]
  let done: string[]
  let deps: MediumDeps
  const box = (name: string) => join(folder, 'box', name)
  const read = (file: string) => readFile(file, 'utf8').catch(() => undefined)

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tram-medium-'))
    stick = await mkdtemp(join(folder, 'stick-'))
    taken = []
    done = []
    const changes = new FileChanges()
    deps = {
      configFolder: box(''),
      plan: async (text) => ({
        ...{ text, stationId: 'g1', pin: /pin = "(\d+)"/.exec(text)?.[1], others: [] },
        files: [{ key: 'backend.secret_file', kind: 'secret', path: box('qlvb.secret') }],
      }),
      isOnBox: async () => false,
      wasTaken: async (digest) => taken.includes(digest),
      markTaken: async (digest) => void taken.push(digest),
      install: (file, bytes) => changes.write(file.path, bytes, { mode: 0o600 }),
      keepPin: (pin) => changes.write(box('pin'), pin, { mode: 0o600 }),
      prepareToken: async () => true,
      apply: async ({ text }) => changes.write(box('tram.toml'), text, { mode: 0o600 }),
      async takeBack() {
        done.push('back')
        await changes.takeBack()
      },
      async keep() {
        done.push('kept')
        await changes.keep()
      },
      tell: async () => void done.push('told'),
    }
    await writeFile(join(stick, 'tram.toml'), '[first_boot]\npin = "12"\n')
    await writeFile(join(stick, 'qlvb.secret'), 'new')
  })
  afterEach(() => rm(folder, { recursive: true }))
  const take = () => importMedium(mediumIn(stick), deps)

  it('is taken; its secrets go from the medium, and it is not taken again', async () => {
    expect(await take()).toMatchObject({ outcome: 'taken', part: { error: undefined } })
    expect(done).toEqual(['kept', 'told'])
    expect(await read(box('qlvb.secret'))).toBe('new')
    expect(await read(join(stick, 'qlvb.secret'))).toBe(undefined)
    expect(await read(join(stick, 'tram.toml'))).toBe('[first_boot]\n')
    // Once the box has them, they need not be on the medium.
    deps.isOnBox = async () => true
    const again = await take()
    expect([again.outcome, again.part?.headline.en]).toEqual(['again', expect.stringContaining('TAKEN BEFORE')])
    expect(done).toEqual(['kept', 'told'])
  })

  it('is all taken back when a step fails, and stays on the medium', async () => {
    await take()
    await writeFile(join(stick, 'qlvb.secret'), 'newer')
    await writeFile(join(stick, 'tram.toml'), 'x = 1\n[first_boot]\npin = "34"\n')
    const { apply } = deps
    deps.apply = async (plan) => {
      await apply(plan)
      throw new Error('the station does not start')
    }
    const { outcome, part } = await take()
    expect([outcome, part?.headline.en]).toEqual(['refused', 'REFUSED: the box is as it was'])
    expect(part?.error?.message).toContain('the station does not start')
    expect(await Promise.all(['qlvb.secret', 'pin', 'tram.toml'].map((name) => read(box(name))))).toEqual([
      ...['new', '12', '[first_boot]\npin = "12"\n'],
    ])
    expect(await read(join(stick, 'qlvb.secret'))).toBe('newer')
    // It may work the next time.
    deps.apply = apply
    expect((await take()).outcome).toBe('taken')
  })

  it('does not say that the box is as it was when it is not', async () => {
    deps.apply = () => Promise.reject(new Error('the station does not start'))
    deps.takeBack = () => Promise.reject(new Error('the card is read-only'))
    expect((await take()).part?.headline.en).toContain('COULD NOT BE PUT BACK')
  })

  it('is taken once when the stick is pulled out before its secrets have gone', async () => {
    const gone = () => Promise.reject(new Error('no medium'))
    const pulled = { ...mediumIn(stick), write: gone, wipe: gone }
    const { outcome, part } = await importMedium(pulled, deps)
    expect([outcome, part?.lines[0]?.en]).toEqual(['taken', expect.stringContaining('COULD NOT BE REMOVED')])
    expect((await take()).outcome).toBe('again')
  })
})
