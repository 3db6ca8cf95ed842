// A scrub of a store that is reopened under it: it goes on in the new one where it was.
import { join } from 'node:path'
import { expect, it } from 'vitest'
import type { TramError } from '../../../../src/base/errors.ts'
import { type Level, openLevel } from '../../../../src/equipment/store/level-open.ts'
import { scrubLevel } from '../../../../src/equipment/store/level-reading.ts'
import { encodeRecord } from '../../../../src/equipment/store/record-codec.ts'
import { never, temporaryFolder } from '../../../fixtures/store/temporary-store.ts'

it('goes on in a store that was closed and opened again between two pieces', async () => {
  const folder = await temporaryFolder()
  const filled = async (name: string): Promise<Level> => {
    const { db } = await openLevel(join(folder.path, name), join(folder.path, 'quarantine'), 0, true, never)
    const keys = Array.from({ length: 900 }, (_, at) => `cms:${String(at).padStart(4, '0')}`)
    await db.batch(keys.map((key) => ({ type: 'put', key, value: encodeRecord(key, Buffer.from(key)) })))
    await db.put('cms:0000', Buffer.from('decayed'))
    return db
  }
  // Two of the same content: what is opened again is the same store.
  const before = await filled('before')
  const after = await filled('after')
  let current = before
  let closing: Promise<void> | undefined
  const damaged: string[] = []
  // Found in the first piece, and not a second time.
  const onDamaged = (error: TramError) => {
    damaged.push(error.code)
    current = after
    closing ??= before.close()
  }
  const stored = (await after.keys().all()).length
  expect(await scrubLevel(() => current, onDamaged, never)).toBe(stored)
  expect(damaged).toEqual(['STORE_DAMAGED'])
  await Promise.all([closing, after.close()])
  await folder.remove()
})
